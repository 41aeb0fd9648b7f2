/*
 * keeper CONTROL_FD FLAGS FILE ARGV0 [ARG…]
 *
 * A program may double-fork and change its session, and its parent then knows
 * nothing of what it started.  The kernel does: it hands every orphan to the
 * nearest subreaper above.  A library must not make its host one, so this small
 * process is put between the two.  Whatever the program starts stays below it, and
 * ends with it: on request, or when the host is gone and the control socket closed.
 *
 * One thread, no heap beyond the list of who is to be killed, no files: nothing
 * that could fail when it is needed.  src/process/keeper_protocol.h is the
 * conversation; hki_keeper_…() in src/process/keeper.c is the other side.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "os/procfs.h"
#include "os/syscall.h"
#include "process/keeper_protocol.h"
#include "process/members.h"

/* Who is in uninterruptible sleep for longer is left behind. */
#define FAREWELL_NS (10 * HKI_NS_PER_S)

enum { EXIT_USAGE = 2, EXIT_FAILED = 125 };

typedef struct keeper {
	int control;
	int signals; /* signalfd for SIGCHLD */
	int news; /* where the program's end is told; the reading end went to the host */
	unsigned int flags;
	sigset_t
	    program_mask; /* and whether it is to ignore SIGCHLD: as we were started */
	bool ignores_children;
	pid_t program; /* 0 once it was collected */
	bool detached;
	bool childless;
} keeper;

/* ---- starting the program ---- */

/* In the vfork child: only system calls, and the parent's memory is shared. */
static int execute_in_path(const char *file, char *const *argv)
{
	const char *path = getenv("PATH");
	char candidate[PATH_MAX];
	int error = ENOENT;

	if (strchr(file, '/') != NULL) {
		execve(file, argv, environ);
		return errno;
	}
	if (path == NULL)
		path = "/bin:/usr/bin";
	while (path != NULL) {
		const char *end = strchrnul(path, ':');
		int length = snprintf(candidate, sizeof(candidate), "%.*s%s%s",
		    (int) (end - path), path, end == path ? "" : "/", file);

		if (length < (int) sizeof(candidate)) {
			execve(candidate, argv, environ);
			if (errno == EACCES)
				error = EACCES;
			else if (errno != ENOENT && errno != ENOTDIR)
				return errno;
		}
		path = *end == '\0' ? NULL : end + 1;
	}
	return error;
}

static void become_program(
    const keeper *self, const char *file, char *const *argv, volatile int *error)
{
	if ((self->flags & HKI_KEEPER_NEW_SESSION) != 0)
		(void) setsid();
	else if ((self->flags & HKI_KEEPER_NEW_GROUP) != 0)
		(void) setpgid(0, 0);
	/* Who kills the keeper kills at least the program with it. */
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (self->ignores_children)
		(void) signal(SIGCHLD, SIG_IGN);
	(void) sigprocmask(SIG_SETMASK, &self->program_mask, NULL);
	*error = execute_in_path(file, argv);
	_exit(127);
}

/* The program's id, or the negative errno of executing it. */
static pid_t start_program(const keeper *self, const char *file, char *const *argv)
{
	volatile int error = 0;
	pid_t pid = vfork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become_program(self, file, argv, &error);
	if (error == 0)
		return pid;
	(void) waitpid(pid, NULL, 0);
	return -error;
}

/* Close every descriptor above the standard ones but @kept, which is in order. */
static void close_all_but(const int *kept, size_t count)
{
	unsigned int next = STDERR_FILENO + 1;

	for (size_t i = 0; i < count; i++) {
		unsigned int fd = (unsigned int) kept[i];

		if (fd > next)
			(void) close_range(next, fd - 1, 0);
		if (fd >= next)
			next = fd + 1;
	}
	(void) close_range(next, ~0U, 0);
}

static int compare_ints(const void *left, const void *right)
{
	return *(const int *) left - *(const int *) right;
}

/* Hold on to nothing of the program's: pipes must end when it closes them. */
static void let_go_of_everything(const keeper *self)
{
	int kept[] = { self->control, self->signals, self->news };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
		if (fd != self->control && fd != self->signals && fd != self->news)
			(void) dup2(null, fd);
	qsort(kept, HKI_COUNT(kept), sizeof(kept[0]), compare_ints);
	close_all_but(kept, HKI_COUNT(kept));
	(void) !chdir("/");
}

/* ---- messages ---- */

static void tell(const keeper *self, const hki_keeper_message *message)
{
	(void) send(self->control, message, sizeof(*message), MSG_NOSIGNAL);
}

/* @news_end, for the host, is closed here. */
static void tell_started(const keeper *self, int news_end)
{
	hki_keeper_message message = { .kind = HKI_KEEPER_STARTED, .pid = self->program };
	hki_cleanup(hki_closep) int pidfd = hki_pidfd_open(self->program);
	hki_cleanup(hki_closep) int news = news_end;
	int attached[HKI_KEEPER_FDS] = { pidfd, news };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(attached))];
	} control = { .bytes = { 0 } };
	struct iovec data = { &message, sizeof(message) };
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *part = CMSG_FIRSTHDR(&header);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(attached));
	memcpy(CMSG_DATA(part), attached, sizeof(attached));
	(void) sendmsg(self->control, &header, MSG_NOSIGNAL);
}

static void tell_exited(
    const keeper *self, const siginfo_t *info, const struct rusage *usage)
{
	hki_keeper_message message = {
		.kind = HKI_KEEPER_EXITED,
		.pid = info->si_pid,
		.wait_code = info->si_code,
		.wait_status = info->si_status,
		.user_us = usage->ru_utime.tv_sec * 1000000LL + usage->ru_utime.tv_usec,
		.system_us = usage->ru_stime.tv_sec * 1000000LL + usage->ru_stime.tv_usec,
		.max_rss_kib = usage->ru_maxrss,
		.minor_faults = usage->ru_minflt,
		.major_faults = usage->ru_majflt,
		.voluntary_switches = usage->ru_nvcsw,
		.involuntary_switches = usage->ru_nivcsw,
	};

	/* Less than PIPE_BUF into an empty pipe: whole and at once. */
	(void) !write(self->news, &message, sizeof(message));
}

/* ---- whoever is below us ---- */

/*
 * Orphans can come faster than they are collected, and a request to end them must
 * still be heard: a portion, then true if there may be more.
 */
#define COLLECT_MAX 256

static bool collect(keeper *self)
{
	for (int i = 0; i < COLLECT_MAX; i++) {
		struct rusage usage;
		siginfo_t info;
		int r = hki_waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL, &usage);

		self->childless = r == -ECHILD;
		if (r < 0 || info.si_pid == 0)
			return false;
		if (info.si_pid == self->program) {
			tell_exited(self, &info, &usage);
			self->program = 0;
		}
	}
	return true;
}

static int add_child(pid_t child, void *user)
{
	int r = hki_members_add(user, child, getpid(), 0);

	return r < 0 ? r : 0;
}

static int find_children(hki_members *members, void *user)
{
	int r = hki_proc_children(getpid(), add_child, members);

	(void) user;
	return r == -ENOTSUP ? hki_proc_children_by_parent(getpid(), add_child, members)
			     : r;
}

static int count_left(const keeper *self)
{
	hki_cleanup(hki_members_deinit) hki_members members = HKI_MEMBERS_INIT;
	int r = hki_members_walk(&members, find_children, NULL);
	int count = 0;

	for (size_t i = 0; i < members.count; i++)
		if (members.items[i].pid != self->program)
			count++;
	return r < 0 ? r : count;
}

/* One round: how many were alive when it began. */
static int kill_everybody(uint64_t wait_ns)
{
	hki_cleanup(hki_members_deinit) hki_members members = HKI_MEMBERS_INIT;
	int r;

	members.hold = true;
	r = hki_members_walk(&members, find_children, NULL);
	(void) hki_members_signal(&members, SIGKILL);
	if (wait_ns > 0)
		(void) hki_members_wait(&members, wait_ns);
	return r < 0 ? r : (int) members.count;
}

static int signal_everybody(int signal)
{
	hki_cleanup(hki_members_deinit) hki_members members = HKI_MEMBERS_INIT;
	int r;

	members.hold = hki_members_hold_for(signal);
	r = hki_members_walk(&members, find_children, NULL);
	if (r < 0 && members.count == 0)
		return r;
	r = hki_members_signal(&members, signal);
	if (signal != SIGKILL)
		hki_members_release(&members);
	return r;
}

static void say_farewell(keeper *self)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + FAREWELL_NS;
	uint64_t now_ns;

	while ((now_ns = hki_clock_monotonic_ns()) < deadline_ns) {
		int left = kill_everybody(deadline_ns - now_ns);

		(void) collect(self);
		if (left == 0)
			return;
	}
}

/* ---- the conversation ---- */

/* 0 at the end of it. */
static int serve_request(keeper *self)
{
	hki_keeper_message message;
	ssize_t length = recv(self->control, &message, sizeof(message), MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (length != (ssize_t) sizeof(message))
		return 0;
	switch (message.kind) {
	case HKI_KEEPER_COUNT:
		message.count = count_left(self);
		break;
	case HKI_KEEPER_SIGNAL:
		message.count = signal_everybody(message.signal);
		break;
	case HKI_KEEPER_KILL:
		message.count = kill_everybody(0);
		break;
	case HKI_KEEPER_DETACH:
		self->detached = true;
		message.count = count_left(self);
		break;
	default:
		message.count = -EINVAL;
		break;
	}
	message.kind =
	    message.kind == HKI_KEEPER_SIGNAL ? HKI_KEEPER_SIGNALLED : HKI_KEEPER_LEFT;
	tell(self, &message);
	return 1;
}

static void drain_signals(const keeper *self)
{
	struct signalfd_siginfo ignored[8];

	while (read(self->signals, ignored, sizeof(ignored)) > 0)
		;
}

static void serve(keeper *self)
{
	bool talking = true;

	for (;;) {
		struct pollfd ready[] = {
			{ .fd = self->signals, .events = POLLIN },
			{ .fd = talking ? self->control : -1, .events = POLLIN },
		};
		bool more;

		/* First the signals, so that none is lost between the two. */
		drain_signals(self);
		more = collect(self);
		/* Left alone, it stays as long as there is somebody to collect. */
		if (!talking && self->childless)
			return;
		if (poll(ready, HKI_COUNT(ready), more ? 0 : -1) < 0)
			continue;
		if (ready[1].revents != 0 && serve_request(self) == 0) {
			talking = false;
			if (!self->detached)
				return;
		}
	}
}

/* ---- the beginning ---- */

/* A descriptor number or flags; -1 if it is neither. */
static int parse_number(const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' || value < 0 || value > INT_MAX
		   ? -1
		   : (int) value;
}

static int prepare(keeper *self)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	struct sigaction before;
	sigset_t all, child;

	if (fcntl(self->control, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	/* Signals meant for the program's group or terminal must not end us. */
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &self->program_mask) < 0)
		return -errno;
	/* Ignored, it would make the kernel throw away what children tell. */
	if (sigaction(SIGCHLD, &plain, &before) < 0)
		return -errno;
	self->ignores_children = before.sa_handler == SIG_IGN;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	self->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (self->signals < 0)
		return -errno;
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int fail(const keeper *self, int error)
{
	hki_keeper_message message = { .kind = HKI_KEEPER_FAILED, .error = -error };

	tell(self, &message);
	return EXIT_FAILED;
}

static int keep(int argc, char **argv)
{
	keeper self = { .control = -1, .signals = -1, .news = -1 };
	int news[2];
	int flags;
	pid_t pid;
	int r;

	if (argc < 5 || (self.control = parse_number(argv[1])) < 0 ||
	    (flags = parse_number(argv[2])) < 0) {
		static const char usage[] =
		    "usage: keeper CONTROL_FD FLAGS FILE ARGV0 [ARG...]; libhostkit "
		    "starts it for a process with the tree level 'keeper'\n";

		(void) !write(STDERR_FILENO, usage, sizeof(usage) - 1);
		return EXIT_USAGE;
	}
	self.flags = (unsigned int) flags;
	r = prepare(&self);
	if (r < 0)
		return fail(&self, r);
	if (pipe2(news, O_CLOEXEC) < 0)
		return fail(&self, -errno);
	self.news = news[1];
	pid = start_program(&self, argv[3], argv + 4);
	if (pid < 0)
		return fail(&self, (int) pid);
	self.program = pid;
	tell_started(&self, news[0]);
	let_go_of_everything(&self);
	serve(&self);
	if (!self.detached)
		say_farewell(&self);
	return 0;
}

/*
 * Nothing has to be flushed.  And what a leak sanitizer does at a return, stopping
 * us by ptrace, does not go with the SIGCONT that our host sends to be sure.
 */
int main(int argc, char **argv)
{
	_exit(keep(argc, argv));
}
