/*
 * Reaching everybody in a cgroup.  cgroup.kill does it in one step that no fork
 * can slip through.  Other signals, and SIGKILL before Linux 5.14, go to one
 * process after the other while the cgroup is frozen: nobody forks then, nobody
 * ends, so the list is complete and its numbers mean who they say.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "os/cgroup/cgroup_internal.h"
#include "os/pidref.h"
#include "os/procfs.h"
#include "os/syscall.h"

/* A program that nests cgroups deeper than this is still killed by cgroup.kill. */
#define DEPTH_MAX 16

/* ---- everybody in it and below ---- */

typedef struct walk {
	int (*visit)(pid_t pid, void *user);
	void *user;
} walk;

static int each_in_directory(int directory, const walk *to, unsigned int depth);

static int each_below(int directory, const walk *to, unsigned int depth)
{
	_Alignas(struct dirent64) char entries[2048];
	ssize_t length;

	while ((length = getdents64(directory, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *) (entries + at);
			hki_cleanup(hki_closep) int fd = -1;
			int r;

			at += entry->d_reclen;
			if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
				continue;
			fd = openat(directory, entry->d_name,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
			if (fd < 0)
				continue;
			r = each_in_directory(fd, to, depth + 1);
			if (r != 0)
				return r;
		}
	}
	return length < 0 ? -errno : 0;
}

/* @directory is read to its end. */
static int each_in_directory(int directory, const walk *to, unsigned int depth)
{
	hki_cleanup(hki_closep) int fd =
	    openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = hki_each_number_read(fd, to->visit, to->user);
	/* A threaded cgroup lists its processes in the domain above. */
	if (r != 0 && r != -EOPNOTSUPP && r != -ENODEV)
		return r;
	return depth < DEPTH_MAX ? each_below(directory, to, depth) : 0;
}

int hki_cgroup_each(hki_cgroup *cgroup, int (*visit)(pid_t pid, void *user), void *user)
{
	/* A descriptor of its own, as listing a directory moves its position. */
	hki_cleanup(hki_closep) int fd =
	    openat(cgroup->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	walk to = { visit, user };

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	return each_in_directory(fd, &to, 0);
}

/* ---- signals ---- */

typedef struct sending {
	int signal;
	int sent;
	int refused;
} sending;

static int send_one(pid_t pid, void *user)
{
	sending *count = user;
	hki_cleanup(hki_closep) int fd = hki_pidfd_open(pid);
	int r = fd < 0 ? fd : hki_pidfd_send_signal(fd, count->signal);

	if (r == 0)
		count->sent++;
	else if (r != -ESRCH)
		count->refused = r;
	return 0;
}

int hki_cgroup_signal(hki_cgroup *cgroup, int signal)
{
	sending count = { signal, 0, 0 };
	bool was_frozen = cgroup->frozen;
	int r;

	if (signal < 0 || signal > SIGRTMAX)
		return -EINVAL;
	/* Before Linux 5.2 nothing can be frozen; then it goes without. */
	if (signal != 0 && !was_frozen && hki_cgroup_freeze(cgroup, true) == 0)
		hki_cgroup_wait_frozen(cgroup);
	r = hki_cgroup_each(cgroup, send_one, &count);
	if (!was_frozen && cgroup->frozen)
		(void) hki_cgroup_freeze(cgroup, false);
	if (r < 0)
		return r;
	return count.sent == 0 && count.refused != 0 ? count.refused : count.sent;
}

int hki_cgroup_kill(hki_cgroup *cgroup)
{
	int r = hki_write_file(cgroup->fd, "cgroup.kill", "1");

	if (r == -ENODEV)
		return 0;
	if (r != -ENOENT)
		return r;
	r = hki_cgroup_signal(cgroup, SIGKILL);
	return r < 0 ? r : 0;
}
