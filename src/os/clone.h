#ifndef HKI_OS_CLONE_H
#define HKI_OS_CLONE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Start a child that shares our memory until it executes a program or exits; the
 * calling thread sleeps until then (CLONE_VM | CLONE_VFORK).  Nothing of the
 * parent is copied, so the cost does not depend on its size.
 */
typedef struct hki_clone_request {
	int (*run)(void *
		user); /* the child: HKI_RAW, system calls only.  Its result is the exit code */
	void *user;
	int cgroup; /* a cgroup directory to be born in, or -1 */

	/* Filled before the child runs: it is in the cgroup already. */
	bool in_cgroup;
	/* Filled before the child runs: the signals that were blocked before the call. */
	uint64_t signal_mask;
	/* Filled on success.  Owned, close-on-exec. */
	int pidfd;
} hki_clone_request;

/*
 * Every signal is blocked in the child, and in the calling thread meanwhile.
 *
 * Tried in turn, as the kernel or a seccomp filter refuses with ENOSYS, EPERM,
 * EINVAL or E2BIG: clone3 into the cgroup; clone3; clone; vfork and pidfd_open.
 *
 * Returns the child's id or a negative errno: -EAGAIN process limit, -ENOMEM,
 * -EMFILE, or why the cgroup cannot be entered.
 */
pid_t hki_clone(hki_clone_request *request);

#endif /* HKI_OS_CLONE_H */
