/*
 * Bare system calls.  The C library we build with knows neither the functions
 * nor, in part, the numbers; those numbers are the same on every architecture
 * (calls added since 5.0 share them), so they are written here.
 */
#include "os/syscall.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define PIDFD_GET_INFO_REQUEST _IOWR(0xff, 11, hki_pidfd_info)

_Static_assert(sizeof(hki_pidfd_info) == 64, "the kernel's first version of pidfd_info");

int hki_pidfd_open(pid_t pid)
{
	long fd;

	if (pid <= 0)
		return -EINVAL;
	fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0)
		return (int) fd;
	/* A thread that leads no group: EINVAL, since 6.9 ENOENT. */
	return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
}

int hki_pidfd_send_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

int hki_waitid(idtype_t type, id_t id, siginfo_t *info, int options, struct rusage *usage)
{
	long r;

	info->si_pid = 0;
	do
		r = syscall(SYS_waitid, type, id, info, options, usage);
	while (r < 0 && errno == EINTR);
	return r == 0 ? 0 : -errno;
}

int hki_pidfd_get_info(int pidfd, hki_pidfd_info *out)
{
	return ioctl(pidfd, PIDFD_GET_INFO_REQUEST, out) == 0 ? 0 : -errno;
}
