#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>
#include "base/array.h"
#include "loop/core.h"

/* Signals arrive as calls, and the mask is as it was when nobody watches any more. */

typedef struct scene {
	hk_loop *loop;
	hk_signal *first;
	hk_signal *second;
	sigset_t mask;
	int calls;
	int number;
} scene;

static int setup(void **state)
{
	scene *now = test_calloc(1, sizeof(*now));

	assert_int_equal(0, hk_loop_new(&now->loop));
	pthread_sigmask(SIG_SETMASK, NULL, &now->mask);
	*state = now;
	return 0;
}

static int teardown(void **state)
{
	scene *now = *state;
	sigset_t mask;

	hk_signal_free(now->first);
	hk_signal_free(now->second);
	hk_loop_free(now->loop);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int number = 1; number <= SIGRTMAX; number++)
		assert_int_equal(
		    sigismember(&now->mask, number), sigismember(&mask, number));
	test_free(now);
	return 0;
}

static void count(hk_signal *signal, int number, void *user)
{
	scene *now = user;

	(void) signal;
	now->calls++;
	now->number = number;
}

static void turn(scene *now)
{
	assert_true(hk_loop_run_once(now->loop, 0) >= 0);
}

static void a_signal_calls_every_watcher_of_its_number(void **state)
{
	scene *now = *state;

	assert_int_equal(0, hk_signal_start(&now->first, now->loop, SIGUSR1, count, now));
	assert_int_equal(
	    0, hk_signal_start(&now->second, now->loop, SIGUSR1, count, now));
	raise(SIGUSR1);
	turn(now);
	assert_int_equal(2, now->calls);
	assert_int_equal(SIGUSR1, now->number);
	hk_signal_free(now->first);
	now->first = NULL;
	raise(SIGUSR1);
	turn(now);
	assert_int_equal(3, now->calls);
}

static void numbers_are_told_apart(void **state)
{
	scene *now = *state;

	assert_int_equal(0, hk_signal_start(&now->first, now->loop, SIGHUP, count, now));
	assert_int_equal(
	    0, hk_signal_start(&now->second, now->loop, SIGRTMIN + 3, count, now));
	raise(SIGRTMIN + 3);
	turn(now);
	assert_int_equal(1, now->calls);
	assert_int_equal(SIGRTMIN + 3, now->number);
	raise(SIGHUP);
	turn(now);
	assert_int_equal(SIGHUP, now->number);
}

static void signals_do_not_keep_the_loop_alive(void **state)
{
	scene *now = *state;

	assert_int_equal(0, hk_signal_start(&now->first, now->loop, SIGUSR1, count, now));
	assert_false(hk_loop_alive(now->loop));
	assert_int_equal(0, hk_loop_run(now->loop));
}

static void *send_to_process(void *user)
{
	(void) user;
	kill(getpid(), SIGUSR2);
	return NULL;
}

static void stop(hk_signal *signal, int number, void *user)
{
	count(signal, number, user);
	hk_loop_stop(((scene *) user)->loop, 3);
}

static void a_signal_wakes_a_waiting_loop(void **state)
{
	scene *now = *state;
	pthread_t thread;

	hki_loop_hold(now->loop);
	assert_int_equal(0, hk_signal_start(&now->first, now->loop, SIGUSR2, stop, now));
	assert_int_equal(0, pthread_create(&thread, NULL, send_to_process, NULL));
	assert_int_equal(3, hk_loop_run(now->loop));
	assert_int_equal(0, pthread_join(thread, NULL));
	hki_loop_release(now->loop);
}

static void free_all(hk_signal *signal, int number, void *user)
{
	scene *now = user;

	count(signal, number, user);
	hk_signal_free(now->first);
	hk_signal_free(now->second);
	now->first = NULL;
	now->second = NULL;
}

static void watchers_may_be_freed_in_a_callback(void **state)
{
	scene *now = *state;

	assert_int_equal(
	    0, hk_signal_start(&now->first, now->loop, SIGUSR1, free_all, now));
	assert_int_equal(
	    0, hk_signal_start(&now->second, now->loop, SIGUSR1, free_all, now));
	raise(SIGUSR1);
	turn(now);
	assert_int_equal(1, now->calls);
}

static void a_signal_that_was_blocked_stays_blocked(void **state)
{
	scene *now = *state;
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	assert_int_equal(0, hk_signal_start(&now->first, now->loop, SIGUSR1, count, now));
	hk_signal_free(now->first);
	now->first = NULL;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_true(sigismember(&mask, SIGUSR1));
	pthread_sigmask(SIG_SETMASK, &now->mask, NULL);
}

static void freeing_the_loop_restores_the_mask(void **state)
{
	scene *now = *state;
	sigset_t mask;

	assert_int_equal(0, hk_signal_start(&now->first, now->loop, SIGUSR1, count, now));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_true(sigismember(&mask, SIGUSR1));
	hk_loop_free(now->loop);
	now->loop = NULL;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGUSR1));
}

static void signals_that_cannot_be_watched_are_refused(void **state)
{
	scene *now = *state;
	const int refused[] = { 0, -1, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
		SIGTRAP, SIGSYS, 32, 33, 65, 1000 };

	for (size_t i = 0; i < HKI_COUNT(refused); i++)
		assert_int_equal(-EINVAL,
		    hk_signal_start(&now->first, now->loop, refused[i], count, now));
	assert_int_equal(
	    -EINVAL, hk_signal_start(&now->first, now->loop, SIGHUP, NULL, now));
	assert_null(now->first);
}

static void more_signals_than_one_read_takes_all_arrive(void **state)
{
	scene *now = *state;

	assert_int_equal(
	    0, hk_signal_start(&now->first, now->loop, SIGRTMIN + 1, count, now));
	for (int i = 0; i < 100; i++)
		raise(SIGRTMIN + 1);
	for (int turns = 0; turns < 100 && now->calls < 100; turns++)
		turn(now);
	assert_int_equal(100, now->calls);
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_LOOP(a_signal_calls_every_watcher_of_its_number),
		IN_LOOP(numbers_are_told_apart),
		IN_LOOP(signals_do_not_keep_the_loop_alive),
		IN_LOOP(a_signal_wakes_a_waiting_loop),
		IN_LOOP(watchers_may_be_freed_in_a_callback),
		IN_LOOP(a_signal_that_was_blocked_stays_blocked),
		IN_LOOP(freeing_the_loop_restores_the_mask),
		IN_LOOP(signals_that_cannot_be_watched_are_refused),
		IN_LOOP(more_signals_than_one_read_takes_all_arrive),
	};

	return cmocka_run_group_tests_name("signal", tests, NULL, NULL);
}
