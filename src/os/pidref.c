/*
 * A process id is a number that the kernel hands on as soon as its owner was
 * collected.  A pidfd is not: it keeps meaning the one process.  What is read
 * under the number in between (the start time) is trusted only if the pidfd
 * still reaches a process afterwards: as long as it does, the number was not
 * free for anybody else.
 */
#include "os/pidref.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "os/procfs.h"
#include "os/syscall.h"

#define PIDFS_MAGIC 0x50494446

uint64_t hki_pidfd_inode(int pidfd)
{
	struct statfs filesystem;
	struct stat status;

	if (fstatfs(pidfd, &filesystem) < 0 || filesystem.f_type != PIDFS_MAGIC)
		return 0;
	return fstat(pidfd, &status) == 0 ? (uint64_t) status.st_ino : 0;
}

/* Does the pidfd still reach a process, be it a zombie? */
static bool pidfd_exists(int pidfd)
{
	return hki_pidfd_send_signal(pidfd, 0) != -ESRCH;
}

int hki_pidref_from_fd(hki_pidref *out, pid_t pid, int pidfd)
{
	hki_pidref ref = { .pid = pid, .fd = pidfd };
	hki_proc_stat stat;
	int r = hki_proc_stat_read(&stat, pid);

	/* Without /proc, or hidden by it, the start stays unknown: 0. */
	if (r == 0)
		ref.start_ticks = stat.start_ticks;
	else if (r != -ESRCH && r != -EACCES && r != -EPERM)
		return r;
	if (!pidfd_exists(pidfd))
		ref.start_ticks = 0;
	ref.inode = hki_pidfd_inode(pidfd);
	*out = ref;
	return 0;
}

int hki_pidref_open(hki_pidref *out, pid_t pid)
{
	hki_cleanup(hki_closep) int fd = hki_pidfd_open(pid);
	hki_pidref ref;
	int r;

	if (fd < 0)
		return fd;
	r = hki_pidref_from_fd(&ref, pid, fd);
	if (r < 0)
		return r;
	if (!pidfd_exists(fd))
		return -ESRCH;
	(void) hki_take_fd(&fd);
	*out = ref;
	return 0;
}

int hki_pidref_open_exactly(
    hki_pidref *out, pid_t pid, uint64_t start_ticks, uint64_t inode)
{
	hki_pidref ref;
	int r = hki_pidref_open(&ref, pid);

	if (r < 0)
		return r;
	if ((start_ticks != 0 && ref.start_ticks != start_ticks) ||
	    (inode != 0 && ref.inode != inode)) {
		hki_pidref_close(&ref);
		return -ESRCH;
	}
	*out = ref;
	return 0;
}

int hki_pidref_signal(const hki_pidref *ref, int signal)
{
	if (ref->fd < 0)
		return -ESRCH;
	return hki_pidfd_send_signal(ref->fd, signal);
}

void hki_pidref_close(hki_pidref *ref)
{
	if (ref == NULL)
		return;
	if (ref->fd >= 0)
		(void) close(ref->fd);
	*ref = (hki_pidref) HKI_PIDREF_NULL;
}

/* ---- how it ended ---- */

/* From the status as waitpid(2) gives it. */
static void take_wait_status(hki_wait_result *out, int status)
{
	out->known = true;
	out->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	out->core_dumped = WIFSIGNALED(status) && WCOREDUMP(status);
}

static void take_siginfo(hki_wait_result *out, const siginfo_t *info)
{
	out->known = true;
	out->usage_known = true;
	if (info->si_code == CLD_EXITED)
		out->code = info->si_status;
	else
		out->signal = info->si_status;
	out->core_dumped = info->si_code == CLD_DUMPED;
}

bool hki_pidref_wait_end(const hki_pidref *ref, uint64_t deadline_ns)
{
	struct pollfd ready = { .fd = ref->fd, .events = POLLIN };

	if (ref->fd < 0)
		return true;
	for (;;) {
		uint64_t now_ns = hki_clock_monotonic_ns();
		uint64_t left_ns = now_ns < deadline_ns ? deadline_ns - now_ns : 0;
		struct timespec left = {
			.tv_sec = (time_t) (left_ns / HKI_NS_PER_S),
			.tv_nsec = (long) (left_ns % HKI_NS_PER_S),
		};
		int r = ppoll(&ready, 1, &left, NULL);

		if (r > 0)
			return true;
		if (r == 0 || errno != EINTR)
			return false;
	}
}

bool hki_pidref_has_ended(const hki_pidref *ref)
{
	return hki_pidref_wait_end(ref, 0);
}

/*
 * A zombie that its own parent has not collected yet shows its status in
 * /proc/PID/stat.  The kernel writes 0 there for those who may not look, so a
 * zero counts only if the process was ours.
 */
static bool ask_zombie(hki_wait_result *out, const hki_pidref *ref)
{
	char path[32];
	struct stat owner;
	int status;

	snprintf(path, sizeof(path), "/proc/%d", (int) ref->pid);
	if (hki_proc_exit_status(&status, ref->pid) < 0 || stat(path, &owner) < 0)
		return false;
	if (!pidfd_exists(ref->fd) || (status == 0 && owner.st_uid != geteuid()))
		return false;
	take_wait_status(out, status);
	return true;
}

/* It was not our child, or somebody else collected it. */
static int ask_around(hki_wait_result *out, const hki_pidref *ref)
{
	hki_pidfd_info info = { .mask = HKI_PIDFD_INFO_PID | HKI_PIDFD_INFO_EXIT };

	if (!hki_pidref_has_ended(ref))
		return 0;
	*out = (hki_wait_result){ .known = false };
	if (ask_zombie(out, ref))
		return 1;
	if (hki_pidfd_get_info(ref->fd, &info) == 0 &&
	    (info.mask & HKI_PIDFD_INFO_EXIT) != 0)
		take_wait_status(out, info.exit_code);
	return 1;
}

int hki_pidref_wait(const hki_pidref *ref, hki_wait_result *out)
{
	hki_wait_result result = { .known = false };
	siginfo_t info;
	int r;

	if (ref->fd < 0)
		return -ESRCH;
	/* __WALL: a child that was cloned with another signal than SIGCHLD counts too. */
	r = hki_waitid(HKI_P_PIDFD, (id_t) ref->fd, &info, WEXITED | WNOHANG | __WALL,
	    &result.usage);
	if (r == -ECHILD)
		return ask_around(out, ref);
	if (r < 0)
		return r;
	if (info.si_pid == 0)
		return 0;
	take_siginfo(&result, &info);
	*out = result;
	return 1;
}
