/*
 * x86-64: number in rax, arguments in rdi rsi rdx r10 r8 r9, result in rax; the
 * kernel overwrites rcx and r11 (System V ABI, A.2.1).  After clone3 both
 * processes come back here with equal registers but for rax and rsp, so the
 * function and its argument wait in r8 and r9.  The child never touches the
 * parent's stack, hence not its red zone; a shadow stack is shared under
 * CLONE_VFORK and each side continues from its own pointer into it.
 */
#include "os/arch/arch.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

HKI_RAW long hki_arch_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

HKI_RAW long hki_arch_clone3(
    struct clone_args *args, size_t size, int (*run)(void *user), void *user)
{
	register int (*r8)(void *) __asm__("r8") = run;
	register void *r9 __asm__("r9") = user;
	long result;

	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t" /* where a debugger's backtrace ends */
			 "movq %%r9, %%rdi\n\t"
			 "callq *%%r8\n\t"
			 "movl %%eax, %%edi\n\t"
			 "movl %[exit_group], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "a"((long) SYS_clone3), "D"(args), "S"(size), "r"(r8),
			 "r"(r9), [exit_group] "i"(SYS_exit_group)
			 : "rcx", "r11", "memory");
	return result;
}

HKI_RAW long hki_arch_vfork(void *stack_top, int (*run)(void *user), void *user)
{
	register int (*r8)(void *) __asm__("r8") = run;
	register void *r9 __asm__("r9") = user;
	long result;

	/* The child leaves our stack before it writes to any. */
	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "movq %%rdx, %%rsp\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "movq %%r9, %%rdi\n\t"
			 "callq *%%r8\n\t"
			 "movl %%eax, %%edi\n\t"
			 "movl %[exit_group], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "a"((long) SYS_vfork), "d"(stack_top), "r"(r8),
			 "r"(r9), [exit_group] "i"(SYS_exit_group)
			 : "rcx", "r11", "rdi", "memory");
	return result;
}

/* Intel and AMD leave this bit to hypervisors, and they agreed on the leaf. */
#define HYPERVISOR_BIT  (1U << 31)
#define HYPERVISOR_LEAF 0x40000000U

int hki_arch_hypervisor(char out[HKI_ARCH_HYPERVISOR_MAX])
{
	unsigned int a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d) == 0)
		return -ENOTSUP;
	if ((c & HYPERVISOR_BIT) == 0)
		return 0;
	__cpuid(HYPERVISOR_LEAF, a, b, c, d);
	memcpy(out, &b, sizeof(b));
	memcpy(out + 4, &c, sizeof(c));
	memcpy(out + 8, &d, sizeof(d));
	out[12] = '\0';
	return 1;
}
