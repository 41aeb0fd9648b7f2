/*
 * The guard is told over a socket, not a pipe: writing to one whose reader is gone
 * would raise SIGPIPE in a host that did not ask for it.  It runs only while there are
 * tasks that have not ended, so that it never keeps a loop going by itself.
 */
#include "sched/guard.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "sched/guard_path.h"

#define LIFE_LEAST_NS (20 * HKI_NS_PER_MS)
#define PATIENCE_MS   100

int hki_guard_init(
    hki_guard *guard, hk_loop *loop, hk_sched_orphans orphans, const char *path)
{
	*guard = (hki_guard){ .loop = loop, .fd = -1, .orphans = orphans };
	if (path == NULL)
		return 0;
	guard->path = hki_strdup(path);
	return guard->path == NULL ? -ENOMEM : 0;
}

void hki_guard_deinit(hki_guard *guard)
{
	hki_free(guard->path);
	guard->path = NULL;
}

/* The installed program, or the one of a build that is not installed.  Owned. */
static char *find_program(const hki_guard *guard)
{
	const char *directory = secure_getenv("HOSTKIT_LIBEXEC");

	if (guard->path != NULL)
		return hki_strdup(guard->path);
	return hki_format("%s/guard", directory == NULL ? HKI_LIBEXEC_PATH : directory);
}

/* Killed first: the end of its stdin would have it act. */
static void stop(hki_guard *guard)
{
	if (guard->process != NULL)
		hk_process_free(hki_take(guard->process));
	hki_closep(&guard->fd);
	guard->fd = -1;
}

static void on_guard_end(hk_process *process, const hk_process_exit *how, void *user)
{
	hki_guard *guard = user;

	(void) process;
	(void) how;
	stop(guard);
	if (guard->on_lost != NULL)
		guard->on_lost(guard);
}

static int spawn(hki_guard *guard, const char *path, int stdin_fd)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	const char *argv[] = { path,
		guard->orphans == HK_SCHED_ORPHANS_THAW ? "thaw" : "kill",
		guard->cgroup != NULL ? guard->cgroup : "", NULL };

	opts.argv = argv;
	opts.tree = HK_TREE_NONE;
	/* Out of reach of a Ctrl-C that ends us. */
	opts.flags = HK_PROCESS_NEW_SESSION;
	opts.stdio[0] = (hk_stdio){ .kind = HK_STDIO_FD, .fd = stdin_fd };
	opts.stdio[1] = (hk_stdio){ .kind = HK_STDIO_NULL };
	opts.stdio[2] = (hk_stdio){ .kind = HK_STDIO_NULL };
	opts.cwd = "/";
	opts.on_exit = on_guard_end;
	opts.user_data = guard;
	return hk_process_spawn(&guard->process, guard->loop, &opts, NULL);
}

int hki_guard_start(hki_guard *guard)
{
	hki_cleanup(hki_freep) char *path = NULL;
	hki_cleanup(hki_closep) int theirs = -1;
	int ends[2];
	int r;

	if (guard->process != NULL)
		return 0;
	if (guard->missing)
		return -ENOENT;
	/* One that cannot live is not started over and over. */
	if (guard->started_ns != 0 &&
	    hki_clock_monotonic_ns() - guard->started_ns < LIFE_LEAST_NS)
		return -EAGAIN;
	path = find_program(guard);
	if (path == NULL)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	guard->fd = ends[0];
	theirs = ends[1];
	r = spawn(guard, path, theirs);
	if (r < 0) {
		hki_closep(&guard->fd);
		guard->fd = -1;
		guard->missing = r == -ENOENT || r == -EACCES;
		return r;
	}
	guard->started_ns = hki_clock_monotonic_ns();
	return 1;
}

/* A line, whole or not at all; a guard that was told a lot at once needs a moment. */
static bool send_line(int fd, const char *line, size_t length)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	for (int tries = 0; tries < 2; tries++) {
		if (send(fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT) ==
		    (ssize_t) length)
			return true;
		if (errno != EAGAIN || poll(&room, 1, PATIENCE_MS) != 1)
			return false;
	}
	return false;
}

/* One that does not read is as good as gone; another is started for the next task. */
static void tell(hki_guard *guard, char sign, const hk_process_id *id)
{
	char line[HK_PROCESS_ID_TEXT_MAX + 2];
	size_t length;

	if (guard->process == NULL || guard->cgroup != NULL)
		return;
	line[0] = sign;
	length = 1 + hk_process_id_format(line + 1, HK_PROCESS_ID_TEXT_MAX, id);
	line[length++] = '\n';
	if (!send_line(guard->fd, line, length))
		stop(guard);
}

void hki_guard_add(hki_guard *guard, const hk_process_id *id)
{
	tell(guard, '+', id);
}

void hki_guard_remove(hki_guard *guard, const hk_process_id *id)
{
	tell(guard, '-', id);
}

void hki_guard_stop(hki_guard *guard)
{
	stop(guard);
	guard->started_ns = 0;
}
