/* Processes that cannot be mistaken, and what is known about their end. */
#include "os/pidref.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "os/syscall.h"

#define PATIENCE_NS (60 * HKI_NS_PER_S)

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			(void) pause();
	assert_true(pid > 0);
	return pid;
}

static pid_t start_exiting(int code)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(code);
	assert_true(pid > 0);
	return pid;
}

static void wait_end(const hki_pidref *ref)
{
	assert_true(hki_pidref_wait_end(ref, hki_clock_monotonic_ns() + PATIENCE_NS));
}

static void a_reference_knows_start_and_inode(void **state)
{
	hki_pidref ref, again;
	pid_t pid = start_child();
	hki_wait_result how;

	(void) state;
	assert_int_equal(0, hki_pidref_open(&ref, pid));
	assert_int_equal(pid, ref.pid);
	assert_true(ref.start_ticks > 0);
	assert_int_equal(
	    0, hki_pidref_open_exactly(&again, pid, ref.start_ticks, ref.inode));
	assert_int_equal(ref.inode, again.inode);
	hki_pidref_close(&again);
	assert_int_equal(
	    -ESRCH, hki_pidref_open_exactly(&again, pid, ref.start_ticks + 1, ref.inode));
	assert_int_equal(
	    -ESRCH, hki_pidref_open_exactly(&again, pid, ref.start_ticks, ref.inode + 1));
	assert_int_equal(0, hki_pidref_open_exactly(&again, pid, 0, 0));
	hki_pidref_close(&again);

	assert_int_equal(0, hki_pidref_wait(&ref, &how));
	assert_int_equal(0, hki_pidref_signal(&ref, SIGKILL));
	wait_end(&ref);
	assert_int_equal(1, hki_pidref_wait(&ref, &how));
	assert_int_equal(SIGKILL, how.signal);
	assert_int_equal(-ESRCH, hki_pidref_signal(&ref, 0));
	hki_pidref_close(&ref);
	assert_int_equal(-1, ref.fd);
	assert_int_equal(-ESRCH, hki_pidref_signal(&ref, 0));
	assert_int_equal(-ESRCH, hki_pidref_open(&ref, pid));
}

static void impossible_ids_are_refused(void **state)
{
	hki_pidref ref = HKI_PIDREF_NULL;

	(void) state;
	assert_int_equal(-EINVAL, hki_pidref_open(&ref, 0));
	assert_int_equal(-EINVAL, hki_pidref_open(&ref, -5));
	assert_int_equal(-ESRCH, hki_pidref_open(&ref, 0x7ffffff0));
	assert_int_equal(-1, ref.fd);
	hki_pidref_close(&ref);
	hki_pidref_close(NULL);
}

static void an_exit_code_comes_with_usage(void **state)
{
	hki_wait_result how;
	hki_pidref ref;

	(void) state;
	assert_int_equal(0, hki_pidref_open(&ref, start_exiting(42)));
	wait_end(&ref);
	assert_int_equal(1, hki_pidref_wait(&ref, &how));
	assert_true(how.known);
	assert_true(how.usage_known);
	assert_int_equal(42, how.code);
	assert_int_equal(0, how.signal);
	assert_true(how.usage.ru_maxrss > 0);
	hki_pidref_close(&ref);
}

static void a_stopped_process_has_not_ended(void **state)
{
	hki_wait_result how;
	hki_pidref ref;

	(void) state;
	assert_int_equal(0, hki_pidref_open(&ref, start_child()));
	assert_int_equal(0, hki_pidref_signal(&ref, SIGSTOP));
	assert_int_equal(ref.pid, waitpid(ref.pid, NULL, WUNTRACED));
	assert_int_equal(0, hki_pidref_wait(&ref, &how));
	assert_false(hki_pidref_has_ended(&ref));
	assert_int_equal(0, hki_pidref_signal(&ref, SIGKILL));
	wait_end(&ref);
	assert_int_equal(1, hki_pidref_wait(&ref, &how));
	hki_pidref_close(&ref);
}

/* Somebody collected our child before us, as a library in the host may. */
static void a_stolen_status_is_asked_for_or_unknown(void **state)
{
	hki_pidfd_info probe = { .mask = HKI_PIDFD_INFO_EXIT };
	hki_wait_result how = { .known = true };
	hki_pidref ref;
	pid_t pid = start_exiting(9);

	(void) state;
	assert_int_equal(0, hki_pidref_open(&ref, pid));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	assert_int_equal(1, hki_pidref_wait(&ref, &how));
	if (hki_pidfd_get_info(ref.fd, &probe) == 0 &&
	    (probe.mask & HKI_PIDFD_INFO_EXIT) != 0) {
		assert_true(how.known);
		assert_int_equal(9, how.code);
	} else {
		assert_false(how.known);
	}
	assert_false(how.usage_known);
	hki_pidref_close(&ref);
}

/* Forks a grandchild; both obey by pipe.  Returns the grandchild. */
static pid_t start_grandchild(pid_t *child, int *release_parent, int code)
{
	int told[2], go[2];
	pid_t grandchild;

	assert_int_equal(0, pipe(told));
	assert_int_equal(0, pipe(go));
	*child = fork();
	if (*child == 0) {
		char byte;

		grandchild = fork();
		if (grandchild == 0)
			_exit(code);
		(void) !write(told[1], &grandchild, sizeof(grandchild));
		(void) close(go[1]);
		(void) !read(go[0], &byte, 1);
		(void) waitpid(grandchild, NULL, 0);
		_exit(0);
	}
	(void) close(told[1]);
	(void) close(go[0]);
	assert_int_equal(
	    sizeof(grandchild), read(told[0], &grandchild, sizeof(grandchild)));
	(void) close(told[0]);
	*release_parent = go[1];
	return grandchild;
}

/* Not our child: its zombie shows the status, and after that the kernel may know. */
static void a_strangers_status_is_read_from_its_zombie(void **state)
{
	hki_wait_result how;
	hki_pidref ref;
	pid_t child;
	int release;

	(void) state;
	assert_int_equal(0, hki_pidref_open(&ref, start_grandchild(&child, &release, 5)));
	wait_end(&ref);
	assert_int_equal(1, hki_pidref_wait(&ref, &how));
	assert_true(how.known);
	assert_int_equal(5, how.code);
	assert_false(how.usage_known);
	(void) close(release);
	assert_int_equal(child, waitpid(child, NULL, 0));
	hki_pidref_close(&ref);
}

static void a_running_stranger_has_not_ended(void **state)
{
	hki_wait_result how;
	hki_pidref ref;

	(void) state;
	assert_int_equal(0, hki_pidref_open(&ref, getppid()));
	assert_int_equal(0, hki_pidref_wait(&ref, &how));
	hki_pidref_close(&ref);
}

static void waiting_ends_when_time_is_up(void **state)
{
	uint64_t before_ns = hki_clock_monotonic_ns();
	hki_wait_result how;
	hki_pidref ref;

	(void) state;
	assert_int_equal(0, hki_pidref_open(&ref, start_child()));
	assert_false(hki_pidref_wait_end(&ref, before_ns + 5 * HKI_NS_PER_MS));
	assert_true(hki_clock_monotonic_ns() >= before_ns + 5 * HKI_NS_PER_MS);
	assert_int_equal(0, hki_pidref_signal(&ref, SIGKILL));
	wait_end(&ref);
	assert_int_equal(1, hki_pidref_wait(&ref, &how));
	hki_pidref_close(&ref);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reference_knows_start_and_inode),
		cmocka_unit_test(impossible_ids_are_refused),
		cmocka_unit_test(an_exit_code_comes_with_usage),
		cmocka_unit_test(a_stopped_process_has_not_ended),
		cmocka_unit_test(a_stolen_status_is_asked_for_or_unknown),
		cmocka_unit_test(a_strangers_status_is_read_from_its_zombie),
		cmocka_unit_test(a_running_stranger_has_not_ended),
		cmocka_unit_test(waiting_ends_when_time_is_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
