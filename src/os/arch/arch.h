#ifndef HKI_OS_ARCH_H
#define HKI_OS_ARCH_H

#include <stddef.h>
#include <linux/sched.h>

/*
 * What C cannot say: a system call that touches nothing but the
 * kernel, and a child that starts on another stack.  One file a processor
 * implements them; Meson picks it, and portable.c elsewhere.
 */

/* Runs between clone and exec, in the caller's memory: nothing that a sanitizer
 * adds may run there. */
#define HKI_RAW __attribute__((no_sanitize("address", "undefined", "thread"), noinline))

/* A system call, without errno, cancellation or symbol binding: the result or a
 * negative errno.  Unused arguments are 0. */
long hki_arch_syscall(long number, long a, long b, long c, long d, long e, long f);

/*
 * clone3(2) with a stack in @args: the child calls run(user) there and exits with
 * its result.  Returns the child's id or a negative errno; always -ENOSYS where
 * we have no assembly for it.
 */
long hki_arch_clone3(
    struct clone_args *args, size_t size, int (*run)(void *user), void *user);

/*
 * vfork(2), the child on the stack that ends at @stack_top (16-byte aligned): it
 * calls run(user) there and exits with its result.  The child's id or a negative
 * errno.
 */
long hki_arch_vfork(void *stack_top, int (*run)(void *user), void *user);

/*
 * The signature of the hypervisor this processor is simulated by.  1 with @out
 * filled, 0 when the processor says that it is a real one, -ENOTSUP when it cannot
 * be asked.
 */
#define HKI_ARCH_HYPERVISOR_MAX 13
int hki_arch_hypervisor(char out[HKI_ARCH_HYPERVISOR_MAX]);

#endif /* HKI_OS_ARCH_H */
