/*
 * What the child does between clone and exec.
 *
 * It runs in the parent's memory on a borrowed stack while its parent sleeps, so
 * the rules are those of a signal handler and stricter: system calls only, and
 * only our own raw ones; no libc, no errno, no locks, no sanitizer.  A step that
 * fails is written into the plan, which the parent reads when it wakes.
 *
 * Order matters.  What needs privilege comes before it is dropped; the
 * parent-death signal comes after, because changing ids clears it; the directory
 * is entered as the user who will run, so that nobody starts where he may not be;
 * signals are let in last, when every handler is gone.
 */
#include "process/spawn_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "os/arch/arch.h"

/* Signals of the kernel's interface are 1 to 64; libc hides some of them. */
#define SIGNALS 64
/* The size of the kernel's set of signals, which is not libc's. */
#define SIGNAL_SET_BYTES 8
/* linux/ioprio.h came to user space with Linux 5.15. */
#define IOPRIO_WHO_PROCESS 1
#define EXIT_NOT_STARTED   127

/* The kernel's struct sigaction, at its largest; libc's is another. */
struct kernel_sigaction {
	unsigned long handler;
	unsigned long flags;
	unsigned long restorer;
	uint64_t mask;
};

/* clang-format off */
#define CALL(number, ...) CALL_(number, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(number, a, b, c, d, e, f, ...) \
	hki_arch_syscall(number, (long) (a), (long) (b), (long) (c), (long) (d), (long) (e), (long) (f))
/* clang-format on */

HKI_RAW static bool fail(hki_plan *plan, hki_step step, long error)
{
	plan->failed_step = step;
	plan->error = (int) -error;
	return false;
}

/* The common step: one call, done if it did not fail. */
HKI_RAW static bool done(hki_plan *plan, hki_step step, long result)
{
	return result < 0 ? fail(plan, step, result) : true;
}

/* ---- trees, sessions, terminals ---- */

HKI_RAW static bool join_here(hki_plan *plan, int fd)
{
	return done(plan, HKI_STEP_CGROUP, CALL(SYS_write, fd, "0", 1));
}

HKI_RAW static bool join_cgroups(hki_plan *plan, bool in_cgroup)
{
	if (plan->cgroup >= 0 && !in_cgroup) {
		long fd = CALL(
		    SYS_openat, plan->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC, 0);

		if (fd < 0)
			return fail(plan, HKI_STEP_CGROUP, fd);
		if (!join_here(plan, (int) fd))
			return false;
	}
	for (const int *fd = plan->join; fd != NULL && *fd >= 0; fd++)
		if (!join_here(plan, *fd))
			return false;
	return true;
}

HKI_RAW static bool enter_session(hki_plan *plan)
{
	if ((plan->todo & HKI_TODO_SESSION) != 0) {
		if (!done(plan, HKI_STEP_SESSION, CALL(SYS_setsid, 0)))
			return false;
	} else if ((plan->todo & HKI_TODO_GROUP) != 0) {
		if (!done(plan, HKI_STEP_GROUP, CALL(SYS_setpgid, 0, 0)))
			return false;
	}
	if (plan->terminal < 0)
		return true;
	return done(
	    plan, HKI_STEP_TERMINAL, CALL(SYS_ioctl, plan->terminal, TIOCSCTTY, 0));
}

/* ---- descriptors ---- */

/* Before Linux 5.11: one by one, as /proc lists them. */
HKI_RAW static bool close_listed(void)
{
	long directory = CALL(
	    SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	char entries[1024] __attribute__((aligned(8)));
	long length;

	if (directory < 0)
		return false;
	while ((length = CALL(SYS_getdents64, directory, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < length;) {
			/* struct linux_dirent64: inode, offset, length at 16, name at 19 */
			const char *name = entries + at + 19;
			long fd = 0;

			for (; *name >= '0' && *name <= '9'; name++)
				fd = fd * 10 + (*name - '0');
			if (fd > 2)
				CALL(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
			at +=
			    *(const unsigned short *) (const void *) (entries + at + 16);
		}
	}
	CALL(SYS_close, directory);
	return length == 0;
}

/* Without /proc: every number there can be. */
HKI_RAW static void close_counted(void)
{
	uint64_t limit[2] = { 1024, 1024 };

	CALL(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, limit);
	for (uint64_t fd = 3; fd < limit[0]; fd++)
		CALL(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
}

/* Everything above stderr closes when the program starts; what it is to have is
 * duplicated afterwards, and a duplicate stays open. */
HKI_RAW static void close_others(void)
{
	if (CALL(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	if (!close_listed())
		close_counted();
}

HKI_RAW static bool place_fd(hki_plan *plan, const hki_plan_fd *fd)
{
	long result;

	if (fd->source != fd->target)
		result = CALL(SYS_dup3, fd->source, fd->target, 0);
	else
		result = CALL(SYS_fcntl, fd->target, F_SETFD, 0);
	return done(plan, fd->step, result);
}

HKI_RAW static bool place_fds(hki_plan *plan)
{
	for (size_t i = 0; i < plan->fd_count; i++) {
		hki_plan_fd *fd = &plan->fds[i];
		long moved;

		if (!fd->move)
			continue;
		moved = CALL(SYS_fcntl, fd->source, F_DUPFD_CLOEXEC, plan->fd_floor);
		if (moved < 0) {
			plan->failed_index = i;
			return fail(plan, fd->step, moved);
		}
		fd->source = (int) moved;
	}
	for (size_t i = 0; i < plan->fd_count; i++) {
		plan->failed_index = i;
		if (!place_fd(plan, &plan->fds[i]))
			return false;
	}
	return true;
}

/* ---- share of the machine ---- */

HKI_RAW static bool set_oom_score(hki_plan *plan)
{
	size_t length = 0;
	long fd = CALL(
	    SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return fail(plan, HKI_STEP_OOM_SCORE, fd);
	while (plan->oom_score[length] != '\0')
		length++;
	return done(
	    plan, HKI_STEP_OOM_SCORE, CALL(SYS_write, fd, plan->oom_score, length));
}

HKI_RAW static bool set_priorities(hki_plan *plan)
{
	uint32_t todo = plan->todo;

	if ((todo & HKI_TODO_OOM_SCORE) != 0 && !set_oom_score(plan))
		return false;
	if ((todo & HKI_TODO_NICE) != 0 &&
	    !done(
		plan, HKI_STEP_NICE, CALL(SYS_setpriority, PRIO_PROCESS, 0, plan->nice)))
		return false;
	if ((todo & HKI_TODO_IO_PRIORITY) != 0 &&
	    !done(plan, HKI_STEP_IO_PRIORITY,
		CALL(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, plan->io_priority)))
		return false;
	if (plan->cpus != NULL &&
	    !done(plan, HKI_STEP_CPUS,
		CALL(SYS_sched_setaffinity, 0, plan->cpu_bytes, plan->cpus)))
		return false;
	return true;
}

HKI_RAW static bool set_limits(hki_plan *plan)
{
	for (size_t i = 0; i < plan->limit_count; i++) {
		const hk_process_limit *limit = &plan->limits[i];
		/* UINT64_MAX is infinity to the kernel too */
		uint64_t values[2] = { limit->soft, limit->hard };

		plan->failed_index = i;
		if (!done(plan, HKI_STEP_LIMITS,
			CALL(SYS_prlimit64, 0, limit->resource, values, 0)))
			return false;
	}
	return true;
}

/* ---- who it is ---- */

/* The raw calls change this thread alone: the child is one thread, and libc's
 * wrappers would signal the parent's others. */
HKI_RAW static bool change_ids(hki_plan *plan)
{
	uint32_t todo = plan->todo;

	if ((todo & HKI_TODO_GROUPS) != 0 &&
	    !done(plan, HKI_STEP_GROUPS,
		CALL(SYS_setgroups, plan->group_count, plan->groups)))
		return false;
	if ((todo & HKI_TODO_GID) != 0 &&
	    !done(
		plan, HKI_STEP_GID, CALL(SYS_setresgid, plan->gid, plan->gid, plan->gid)))
		return false;
	if ((todo & HKI_TODO_UID) != 0 &&
	    !done(
		plan, HKI_STEP_UID, CALL(SYS_setresuid, plan->uid, plan->uid, plan->uid)))
		return false;
	if ((todo & HKI_TODO_NO_NEW_PRIVILEGES) != 0 &&
	    !done(plan, HKI_STEP_NO_NEW_PRIVILEGES,
		CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
		return false;
	return true;
}

HKI_RAW static bool follow_parent(hki_plan *plan)
{
	if (plan->parent_death_signal == 0)
		return true;
	if (!done(plan, HKI_STEP_PARENT_DEATH,
		CALL(SYS_prctl, PR_SET_PDEATHSIG, plan->parent_death_signal, 0, 0, 0)))
		return false;
	/* It may have died before it could be followed; then nobody reads this. */
	if (CALL(SYS_getppid, 0) != plan->parent)
		return fail(plan, HKI_STEP_PARENT_DEATH, -ESRCH);
	return true;
}

/* ---- the program ---- */

/* A handler of the parent must not run in the child, so all go before any signal
 * is let in.  Ignored ones survive exec, hence are reset unless they are wanted. */
HKI_RAW static void reset_signals(const hki_plan *plan)
{
	const bool keep_mask = (plan->todo & HKI_TODO_KEEP_SIGNALS) != 0;
	const bool keep = keep_mask || (plan->todo & HKI_TODO_KEEP_IGNORED) != 0;
	struct kernel_sigaction action;
	uint64_t mask = keep_mask ? plan->signal_mask : 0;

	for (int number = 1; number <= SIGNALS; number++) {
		if (number == SIGKILL || number == SIGSTOP)
			continue;
		if (keep) {
			CALL(SYS_rt_sigaction, number, 0, &action, SIGNAL_SET_BYTES);
			if (action.handler == (unsigned long) SIG_IGN)
				continue;
		}
		action.handler = 0;
		action.flags = 0;
		action.restorer = 0;
		action.mask = 0;
		CALL(SYS_rt_sigaction, number, &action, 0, SIGNAL_SET_BYTES);
	}
	CALL(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGNAL_SET_BYTES);
}

/* As execvp(3): go on where a path cannot be used, and remember that one was there
 * but not permitted.  A directory of PATH that we may not look into says nothing. */
HKI_RAW static void execute(hki_plan *plan)
{
	long kept = -ENOENT;

	for (char **path = plan->paths; *path != NULL; path++) {
		long error = CALL(SYS_execve, *path, plan->argv, plan->environment);

		switch (error) {
		case -EACCES:
			if (!plan->searched ||
			    CALL(SYS_faccessat, AT_FDCWD, *path, F_OK) == 0)
				kept = error;
			break;
		case -ENOENT:
		case -ENOTDIR:
		case -ENODEV:
		case -ESTALE:
		case -ETIMEDOUT:
			if (!plan->searched)
				kept = error;
			break;
		default:
			fail(plan, HKI_STEP_EXEC, error);
			return;
		}
	}
	fail(plan, HKI_STEP_EXEC, kept);
}

HKI_RAW static bool prepare(hki_plan *plan, bool in_cgroup)
{
	if (!join_cgroups(plan, in_cgroup) || !enter_session(plan))
		return false;
	close_others();
	if (!place_fds(plan) || !set_priorities(plan) || !set_limits(plan))
		return false;
	if ((plan->todo & HKI_TODO_UMASK) != 0)
		CALL(SYS_umask, plan->umask);
	if (!change_ids(plan) || !follow_parent(plan))
		return false;
	if (plan->cwd != NULL)
		return done(plan, HKI_STEP_CWD, CALL(SYS_chdir, plan->cwd));
	return true;
}

HKI_RAW int hki_child_run(void *user)
{
	const hki_child *child = user;

	if (prepare(child->plan, *child->in_cgroup)) {
		reset_signals(child->plan);
		execute(child->plan);
	}
	return EXIT_NOT_STARTED;
}
