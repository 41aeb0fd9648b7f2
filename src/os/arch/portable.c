/*
 * Any other 64-bit processor: libc makes the system call, and the child starts
 * through clone(), since clone3 needs assembly that we do not have.  syscall()
 * writes errno, which the child shares with its sleeping parent: harmless.
 */
#include "os/arch/arch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

HKI_RAW long hki_arch_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(number, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
}

HKI_RAW long hki_arch_clone3(
    struct clone_args *args, size_t size, int (*run)(void *user), void *user)
{
	(void) args;
	(void) size;
	(void) run;
	(void) user;
	return -ENOSYS;
}

/* Newer processors have no call named vfork: it is this clone. */
HKI_RAW long hki_arch_vfork(void *stack_top, int (*run)(void *user), void *user)
{
	int pid = clone(run, stack_top, CLONE_VM | CLONE_VFORK | SIGCHLD, user);

	return pid < 0 ? -errno : pid;
}

int hki_arch_hypervisor(char out[HKI_ARCH_HYPERVISOR_MAX])
{
	(void) out;
	return -ENOTSUP;
}
