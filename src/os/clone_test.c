#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/arch/arch.h"
#include "os/clone.h"

/* The clone itself; built twice, with this processor's assembly and without any. */

typedef struct shared {
	int value;
	long pid;
	uint64_t blocked;
	uintptr_t stack;
} shared;

HKI_RAW static int child(void *user)
{
	shared *s = user;
	int local = 0;

	s->value++;
	s->pid = hki_arch_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
	s->stack = (uintptr_t) &local;
	hki_arch_syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long) &s->blocked, 8, 0, 0);
	return 42;
}

static int wait_for(int pidfd)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	assert_int_equal(0, waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED));
	assert_int_equal(CLD_EXITED, info.si_code);
	return info.si_status;
}

static void the_child_runs_in_our_memory_before_we_go_on(void **state)
{
	shared s = { .value = 1 };
	hki_clone_request request = { .run = child, .user = &s, .cgroup = -1 };
	pid_t pid = hki_clone(&request);

	(void) state;
	assert_true(pid > 0);
	assert_int_equal(2, s.value);
	assert_int_equal(pid, s.pid);
	assert_false(request.in_cgroup);
	assert_int_equal(FD_CLOEXEC, fcntl(request.pidfd, F_GETFD));
	assert_int_equal(42, wait_for(request.pidfd));
	close(request.pidfd);
}

static void every_signal_is_blocked_in_the_child_and_ours_are_as_before(void **state)
{
	shared s = { 0 };
	hki_clone_request request = { .run = child, .user = &s, .cgroup = -1 };
	const uint64_t never = 1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1);
	sigset_t mine;
	sigset_t after;

	(void) state;
	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR2);
	sigprocmask(SIG_SETMASK, &mine, NULL);
	assert_true(hki_clone(&request) > 0);
	sigprocmask(SIG_BLOCK, NULL, &after);
	assert_true(s.blocked == ~never);
	assert_true(request.signal_mask == 1ULL << (SIGUSR2 - 1));
	assert_true(sigismember(&after, SIGUSR2));
	assert_false(sigismember(&after, SIGUSR1));
	sigemptyset(&mine);
	sigprocmask(SIG_SETMASK, &mine, NULL);
	assert_int_equal(42, wait_for(request.pidfd));
	close(request.pidfd);
}

static void our_own_stack_is_left_alone(void **state)
{
	shared s = { 0 };
	hki_clone_request request = { .run = child, .user = &s, .cgroup = -1 };
	volatile unsigned char guard[4096];

	(void) state;
	memset((void *) guard, 0xa5, sizeof(guard));
	for (int i = 0; i < 50; i++) {
		assert_true(hki_clone(&request) > 0);
		assert_int_equal(42, wait_for(request.pidfd));
		close(request.pidfd);
	}
	for (size_t i = 0; i < sizeof(guard); i++)
		assert_int_equal(0xa5, guard[i]);
	assert_int_equal(50, s.value);
}

static void a_system_call_returns_the_negative_errno(void **state)
{
	(void) state;
	assert_int_equal(-EBADF, hki_arch_syscall(SYS_close, 1 << 20, 0, 0, 0, 0, 0));
	assert_int_equal(getpid(), hki_arch_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0));
}

static void vfork_works_by_itself(void **state)
{
	static char stack[16384] __attribute__((aligned(16)));
	shared s = { 0 };
	int status = 0;
	long pid = hki_arch_vfork(stack + sizeof(stack), child, &s);

	(void) state;
	assert_true(pid > 0);
	assert_int_equal(1, s.value);
	assert_int_equal(pid, s.pid);
	assert_int_equal(pid, waitpid((pid_t) pid, &status, 0));
	assert_int_equal(42, WEXITSTATUS(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_child_runs_in_our_memory_before_we_go_on),
		cmocka_unit_test(
		    every_signal_is_blocked_in_the_child_and_ours_are_as_before),
		cmocka_unit_test(our_own_stack_is_left_alone),
		cmocka_unit_test(a_system_call_returns_the_negative_errno),
		cmocka_unit_test(vfork_works_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
