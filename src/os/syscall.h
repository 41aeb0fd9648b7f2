#ifndef HKI_OS_SYSCALL_H
#define HKI_OS_SYSCALL_H

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

/*
 * System calls that the oldest supported C library (glibc 2.36) lacks or hides.
 * All return a descriptor or 0 on success and a negative errno on failure.
 */

/* pidfd_open(2), Linux 5.3; close-on-exec always.  -ESRCH also for a thread id. */
int hki_pidfd_open(pid_t pid);

/* pidfd_send_signal(2), Linux 5.1. */
int hki_pidfd_send_signal(int pidfd, int signal);

/* waitid(2) with the resource usage that only the raw call gives.  0 with
 * info->si_pid 0: nothing to collect.  @usage may be NULL. */
int hki_waitid(
    idtype_t type, id_t id, siginfo_t *info, int options, struct rusage *usage);

#define HKI_P_PIDFD ((idtype_t) 3) /* Linux 5.4 */

/* What ioctl(PIDFD_GET_INFO) tells (Linux 6.13); a field counts if its bit is in mask. */
typedef struct hki_pidfd_info {
	uint64_t mask; /* HKI_PIDFD_INFO_…: asked for, then granted */
	uint64_t cgroup_id;
	uint32_t pid;
	uint32_t thread_group;
	uint32_t parent;
	uint32_t ids[8];   /* ruid rgid euid egid suid sgid fsuid fsgid */
	int32_t exit_code; /* as waitpid(2) gives it */
} hki_pidfd_info;

enum {
	HKI_PIDFD_INFO_PID = 1 << 0,
	HKI_PIDFD_INFO_CREDENTIALS = 1 << 1,
	HKI_PIDFD_INFO_CGROUP = 1 << 2,
	HKI_PIDFD_INFO_EXIT = 1 << 3 /* once collected by its parent (Linux 6.15) */
};

/* Ask for what out->mask names.  -ENOTTY, -EINVAL or -ENOTSUP where the kernel has none. */
int hki_pidfd_get_info(int pidfd, hki_pidfd_info *out);

#endif /* HKI_OS_SYSCALL_H */
