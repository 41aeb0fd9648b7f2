/* A reader that has gone is an error of this write, and nobody's signal. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "os/quiet_write.h"

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
	(void) signal;
	signals++;
}

static void handle_broken_pipes(void)
{
	struct sigaction action = { .sa_handler = count_signal };

	signals = 0;
	assert_int_equal(0, sigaction(SIGPIPE, &action, NULL));
}

static ssize_t write_without_reader(void)
{
	struct iovec piece = { .iov_base = (char[]){ "lost" }, .iov_len = 4 };
	ssize_t written;
	int ends[2];

	assert_int_equal(0, pipe(ends));
	assert_int_equal(0, close(ends[0]));
	written = hki_write_quietly(ends[1], &piece, 1);
	assert_int_equal(0, close(ends[1]));
	return written;
}

static void pieces_arrive_in_order(void **state)
{
	struct iovec pieces[] = {
		{ .iov_base = (char[]){ "one " }, .iov_len = 4 },
		{ .iov_base = (char[]){ "two" }, .iov_len = 3 },
	};
	char came[8] = "";
	int ends[2];

	(void) state;
	assert_int_equal(0, pipe(ends));
	assert_int_equal(7, hki_write_quietly(ends[1], pieces, 2));
	assert_int_equal(7, read(ends[0], came, sizeof(came)));
	assert_memory_equal("one two", came, 7);
	assert_int_equal(0, close(ends[0]));
	assert_int_equal(0, close(ends[1]));
}

static void a_reader_that_has_gone_raises_no_signal(void **state)
{
	(void) state;
	handle_broken_pipes();
	assert_int_equal(-EPIPE, write_without_reader());
	assert_int_equal(0, signals);
}

static void the_mask_of_the_thread_stays(void **state)
{
	sigset_t mask;

	(void) state;
	handle_broken_pipes();
	assert_int_equal(-EPIPE, write_without_reader());
	assert_int_equal(0, pthread_sigmask(SIG_SETMASK, NULL, &mask));
	assert_int_equal(0, sigismember(&mask, SIGPIPE));
	assert_int_equal(0, raise(SIGPIPE));
	assert_int_equal(1, signals);
}

static void a_signal_that_was_pending_before_is_not_taken(void **state)
{
	sigset_t broken_pipe;

	(void) state;
	handle_broken_pipes();
	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	assert_int_equal(0, pthread_sigmask(SIG_BLOCK, &broken_pipe, NULL));
	assert_int_equal(0, raise(SIGPIPE));
	assert_int_equal(-EPIPE, write_without_reader());
	assert_int_equal(0, signals);
	assert_int_equal(0, pthread_sigmask(SIG_UNBLOCK, &broken_pipe, NULL));
	assert_int_equal(1, signals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_arrive_in_order),
		cmocka_unit_test(a_reader_that_has_gone_raises_no_signal),
		cmocka_unit_test(the_mask_of_the_thread_stays),
		cmocka_unit_test(a_signal_that_was_pending_before_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
