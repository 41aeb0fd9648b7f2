/*
 * AArch64: number in x8, arguments in x0 to x5, result in x0; the kernel keeps
 * all other registers.  After clone3 both processes come back here with equal
 * registers but for x0 and sp, so the function and its argument wait in x10 and
 * x11.
 */
#include "os/arch/arch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

HKI_RAW long hki_arch_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
}

HKI_RAW long hki_arch_clone3(
    struct clone_args *args, size_t size, int (*run)(void *user), void *user)
{
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long) args;
	register long x1 __asm__("x1") = (long) size;
	register int (*x10)(void *) __asm__("x10") = run;
	register void *x11 __asm__("x11") = user;

	__asm__ volatile(
	    "svc #0\n\t"
	    "cbnz x0, 1f\n\t"
	    "mov x29, #0\n\t" /* where a debugger's backtrace ends */
	    "mov x30, #0\n\t"
	    "mov x0, x11\n\t"
	    "blr x10\n\t"
	    "mov x8, %[exit_group]\n\t"
	    "svc #0\n\t"
	    "brk #1\n"
	    "1:"
	    : "+r"(x0)
	    : "r"(x8), "r"(x1), "r"(x10), "r"(x11), [exit_group] "i"(SYS_exit_group)
	    : "memory", "cc");
	return x0;
}

/* The kernel has no call named vfork here: it is this clone. */
HKI_RAW long hki_arch_vfork(void *stack_top, int (*run)(void *user), void *user)
{
	register long x8 __asm__("x8") = SYS_clone;
	register long x0 __asm__("x0") = CLONE_VM | CLONE_VFORK | SIGCHLD;
	register void *x1 __asm__("x1") = stack_top;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;
	register int (*x10)(void *) __asm__("x10") = run;
	register void *x11 __asm__("x11") = user;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, #0\n\t"
			 "mov x30, #0\n\t"
			 "mov x0, x11\n\t"
			 "blr x10\n\t"
			 "mov x8, %[exit_group]\n\t"
			 "svc #0\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x10),
			 "r"(x11), [exit_group] "i"(SYS_exit_group)
			 : "memory", "cc");
	return x0;
}

int hki_arch_hypervisor(char out[HKI_ARCH_HYPERVISOR_MAX])
{
	(void) out;
	return -ENOTSUP;
}
