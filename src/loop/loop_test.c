#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/torture.h"
#include "loop/core.h"

/* The phases of a turn, the queues, and the life of a loop. */

typedef struct journal {
	hk_loop *loop;
	char text[256];
	hk_timer *timer;
	hk_watch *watch;
	hk_hook *hooks[3];
	int pipe[2];
	int count;
} journal;

static int setup(void **state)
{
	journal *book = test_calloc(1, sizeof(*book));

	assert_int_equal(0, hk_loop_new(&book->loop));
	assert_int_equal(0, pipe(book->pipe));
	*state = book;
	return 0;
}

static int teardown(void **state)
{
	journal *book = *state;

	hk_loop_free(book->loop);
	close(book->pipe[0]);
	close(book->pipe[1]);
	test_free(book);
	return 0;
}

static void note(journal *book, const char *word)
{
	size_t length = strlen(book->text);

	(void) snprintf(book->text + length, sizeof(book->text) - length, "%s ", word);
}

static void note_next(void *user)
{
	note(user, "next");
}

static void note_posted(void *user)
{
	note(user, "posted");
	assert_int_equal(0, hk_loop_next(((journal *) user)->loop, note_next, user));
}

static void note_immediate(void *user)
{
	note(user, "immediate");
}

static void note_close(void *user)
{
	note(user, "close");
}

static void note_timer(hk_timer *timer, void *user)
{
	(void) timer;
	note(user, "timer");
	assert_int_equal(0, hk_loop_next(((journal *) user)->loop, note_next, user));
}

static void note_watch(hk_watch *watch, unsigned int events, void *user)
{
	assert_int_equal(HK_READABLE, events);
	note(user, "poll");
	hk_watch_free(watch);
}

static void note_signal(hk_signal *signal, int number, void *user)
{
	(void) signal;
	(void) number;
	note(user, "signal");
}

static void note_hook(hk_hook *hook, void *user)
{
	static const char *const names[] = { "", "idle", "prepare", "check" };

	note(user, names[hook->kind]);
	hk_hook_free(hook);
}

static void a_turn_goes_through_the_phases_in_order(void **state)
{
	journal *book = *state;

	for (int kind = HK_HOOK_CHECK; kind >= HK_HOOK_IDLE; kind--)
		assert_int_equal(0, hk_hook_start(&book->hooks[kind - 1], book->loop,
					kind, note_hook, book));
	assert_int_equal(0, hk_loop_close(book->loop, note_close, book));
	assert_int_equal(0, hk_loop_immediate(book->loop, note_immediate, book));
	assert_int_equal(1, write(book->pipe[1], "x", 1));
	assert_int_equal(0, hk_watch_start(&book->watch, book->loop, book->pipe[0],
				HK_READABLE, note_watch, book));
	assert_int_equal(0, hk_loop_post(book->loop, note_posted, book));
	assert_int_equal(
	    0, hk_timer_after(&book->timer, book->loop, 0, note_timer, book));
	assert_int_equal(0, hk_loop_next(book->loop, note_next, book));

	assert_int_equal(0, hk_loop_run_once(book->loop, 0));

	assert_string_equal(
	    "next timer next posted next idle prepare poll check immediate close ",
	    book->text);
	hk_timer_free(book->timer);
}

static void again_next(void *user)
{
	journal *book = user;

	if (++book->count < 5)
		assert_int_equal(0, hk_loop_next(book->loop, again_next, book));
	note(book, "next");
}

static void next_drains_what_it_adds_before_anything_else(void **state)
{
	journal *book = *state;

	assert_int_equal(0, hk_loop_next(book->loop, again_next, book));
	assert_int_equal(0, hk_loop_post(book->loop, note_immediate, book));
	assert_int_equal(0, hk_loop_run_once(book->loop, 0));
	assert_string_equal("next next next next next immediate ", book->text);
}

static void again_immediate(void *user)
{
	journal *book = user;

	book->count++;
	assert_int_equal(0, hk_loop_immediate(book->loop, again_immediate, book));
}

static void again_posted(void *user)
{
	journal *book = user;

	book->count++;
	assert_int_equal(0, hk_loop_post(book->loop, again_posted, book));
}

static void again_close(void *user)
{
	journal *book = user;

	book->count++;
	assert_int_equal(0, hk_loop_close(book->loop, again_close, book));
}

static void what_a_phase_adds_to_itself_runs_in_the_next_turn(void **state)
{
	int (*const queue[])(hk_loop *, hk_loop_fn, void *) = { hk_loop_immediate,
		hk_loop_post, hk_loop_close };
	const hk_loop_fn fns[] = { again_immediate, again_posted, again_close };
	journal *book = *state;

	for (size_t i = 0; i < HKI_COUNT(fns); i++) {
		hk_loop *loop = book->loop;

		book->count = 0;
		assert_int_equal(0, queue[i](loop, fns[i], book));
		for (int turn = 1; turn <= 10; turn++) {
			assert_int_equal(1, hk_loop_run_once(loop, -1));
			assert_int_equal(turn, book->count);
		}
		hk_loop_free(loop);
		assert_int_equal(0, hk_loop_new(&book->loop));
	}
}

static void many_tasks_keep_their_order_across_growth(void **state)
{
	journal *book = *state;
	hki_task_queue queue = { NULL, 0, 0, 0 };
	size_t pushed = 0;
	size_t popped = 0;

	(void) book;
	while (pushed < 10000) {
		for (int i = 0; i < 7; i++)
			assert_int_equal(
			    0, hki_task_queue_push(&queue, note_next, (void *) pushed++));
		for (int i = 0; i < 5; i++)
			assert_int_equal(
			    popped++, (size_t) hki_task_queue_pop(&queue).user);
	}
	while (queue.count > 0)
		assert_int_equal(popped++, (size_t) hki_task_queue_pop(&queue).user);
	assert_int_equal(pushed, popped);
	hki_task_queue_deinit(&queue);
}

static void an_empty_loop_returns_at_once(void **state)
{
	journal *book = *state;

	assert_false(hk_loop_alive(book->loop));
	assert_int_equal(0, hk_loop_run(book->loop));
	assert_int_equal(0, hk_loop_run_once(book->loop, -1));
}

static void a_single_turn_does_not_wait_after_it_has_called(void **state)
{
	journal *book = *state;

	hki_loop_hold(book->loop);
	assert_int_equal(
	    0, hk_timer_after(&book->timer, book->loop, 0, note_timer, book));
	assert_int_equal(1, hk_loop_run_once(book->loop, -1));
	assert_int_equal(0, hk_loop_post(book->loop, note_posted, book));
	assert_int_equal(1, hk_loop_run_once(book->loop, -1));
	assert_int_equal(0, hk_loop_next(book->loop, note_next, book));
	assert_int_equal(1, hk_loop_run_once(book->loop, -1));
	assert_string_equal("timer next posted next next ", book->text);
	hki_loop_release(book->loop);
	hk_timer_free(book->timer);
}

static void stop_now(void *user)
{
	hk_loop_stop(((journal *) user)->loop, 7);
}

static void stop_gives_its_status_and_the_loop_can_run_again(void **state)
{
	journal *book = *state;

	assert_int_equal(0, hk_watch_start(&book->watch, book->loop, book->pipe[0],
				HK_READABLE, note_watch, book));
	assert_int_equal(0, hk_loop_post(book->loop, stop_now, book));
	assert_int_equal(7, hk_loop_run(book->loop));
	assert_true(hk_loop_alive(book->loop));
	assert_int_equal(0, hk_loop_post(book->loop, stop_now, book));
	assert_int_equal(7, hk_loop_run(book->loop));
	hk_watch_free(book->watch);
	assert_int_equal(0, hk_loop_run(book->loop));
}

static void run_inside(void *user)
{
	journal *book = user;

	assert_int_equal(-EBUSY, hk_loop_run(book->loop));
	assert_int_equal(-EBUSY, hk_loop_run_once(book->loop, 0));
	book->count++;
}

static void running_inside_a_callback_is_refused(void **state)
{
	journal *book = *state;

	assert_int_equal(0, hk_loop_next(book->loop, run_inside, book));
	assert_int_equal(0, hk_loop_run(book->loop));
	assert_int_equal(1, book->count);
}

static void missing_functions_are_refused(void **state)
{
	journal *book = *state;

	assert_int_equal(-EINVAL, hk_loop_next(book->loop, NULL, NULL));
	assert_int_equal(-EINVAL, hk_loop_immediate(book->loop, NULL, NULL));
	assert_int_equal(-EINVAL, hk_loop_close(book->loop, NULL, NULL));
	assert_int_equal(-EINVAL, hk_loop_post(book->loop, NULL, NULL));
	assert_int_equal(
	    -EINVAL, hk_hook_start(&book->hooks[0], book->loop, 0, note_hook, NULL));
	assert_int_equal(
	    -EINVAL, hk_hook_start(&book->hooks[0], book->loop, 4, note_hook, NULL));
	assert_int_equal(-EINVAL,
	    hk_hook_start(&book->hooks[0], book->loop, HK_HOOK_IDLE, NULL, NULL));
}

static void the_time_of_a_turn_stands_still(void **state)
{
	journal *book = *state;
	uint64_t before = hk_loop_now_ns(book->loop);
	uint64_t real = hki_clock_monotonic_ns();

	while (hki_clock_monotonic_ns() == real)
		continue;
	assert_int_equal(before, hk_loop_now_ns(book->loop));
	hk_loop_update_time(book->loop);
	assert_true(hk_loop_now_ns(book->loop) > real);
}

typedef struct member_probe {
	hki_loop_member member;
	hk_loop *loop;
	hk_watch *watch;
	int calls;
} member_probe;

static void member_sees_the_end(hki_loop_member *member)
{
	member_probe *probe = hki_list_entry(member, member_probe, member);

	probe->calls++;
	assert_int_equal(HK_ECLOSED, hk_loop_post(probe->loop, note_next, NULL));
	assert_int_equal(HK_ECLOSED, hk_loop_next(probe->loop, note_next, NULL));
	hk_watch_free(probe->watch);
}

static void members_are_told_before_the_loop_goes(void **state)
{
	journal *book = *state;
	member_probe told = { .member.on_loop_free = member_sees_the_end };
	member_probe left = { .member.on_loop_free = member_sees_the_end };

	assert_int_equal(0, hk_loop_new(&told.loop));
	assert_int_equal(0,
	    hk_watch_start(&told.watch, told.loop, book->pipe[0], 0, note_watch, NULL));
	hki_loop_join(told.loop, &told.member);
	hki_loop_join(told.loop, &left.member);
	hki_loop_leave(&left.member);
	hki_loop_leave(&left.member);
	hk_loop_free(told.loop);
	assert_int_equal(1, told.calls);
	assert_int_equal(0, left.calls);
}

typedef struct deferred_probe {
	hki_loop_deferred deferred;
	journal *book;
} deferred_probe;

static void run_deferred(hki_loop_deferred *deferred)
{
	note(hki_list_entry(deferred, deferred_probe, deferred)->book, "deferred");
}

static void defer_inside(void *user)
{
	static deferred_probe probe;
	journal *book = user;

	probe.book = book;
	probe.deferred.fn = run_deferred;
	hki_loop_defer(book->loop, &probe.deferred);
	note(book, "posted");
}

static void deferred_work_runs_at_the_end_of_the_turn_or_at_once(void **state)
{
	journal *book = *state;
	deferred_probe probe = { .deferred.fn = run_deferred, .book = book };

	assert_int_equal(0, hk_loop_post(book->loop, defer_inside, book));
	assert_int_equal(0, hk_loop_immediate(book->loop, note_immediate, book));
	assert_int_equal(0, hk_loop_run(book->loop));
	hki_loop_defer(book->loop, &probe.deferred);
	hki_loop_defer(NULL, &probe.deferred);
	assert_string_equal("posted immediate deferred deferred deferred ", book->text);
}

static void a_hold_keeps_the_loop_alive(void **state)
{
	journal *book = *state;

	hki_loop_hold(book->loop);
	assert_true(hk_loop_alive(book->loop));
	hki_loop_release(book->loop);
	assert_false(hk_loop_alive(book->loop));
}

static void note_timer_due(hk_timer *timer, void *user)
{
	(void) timer;
	note(user, "timer");
}

static void note_pipe(hk_watch *watch, unsigned int events, void *user)
{
	char byte;

	(void) events;
	assert_int_equal(1, read(hk_watch_fd(watch), &byte, 1));
	note(user, "pipe");
}

static void staying_awake_misses_nothing_and_ends(void **state)
{
	journal *book = *state;
	uint64_t begin_ns = hki_clock_monotonic_ns();

	/* Longer than any test: what is due ends it. */
	hki_loop_stay_awake(book->loop, 3600 * HKI_NS_PER_S);
	assert_int_equal(
	    0, hk_timer_after(&book->timer, book->loop, 2, note_timer_due, book));
	assert_int_equal(1, hk_loop_run_once(book->loop, -1));
	assert_int_equal(0, hk_loop_run(book->loop));
	assert_string_equal("timer ", book->text);

	hki_loop_stay_awake(book->loop, 3600 * HKI_NS_PER_S);
	assert_int_equal(0, hk_watch_start(&book->watch, book->loop, book->pipe[0],
				HK_READABLE, note_pipe, book));
	assert_int_equal(1, write(book->pipe[1], "x", 1));
	assert_int_equal(1, hk_loop_run_once(book->loop, -1));
	assert_string_equal("timer pipe ", book->text);

	/* The time of the caller counts as well, and so does its own. */
	hki_loop_stay_awake(book->loop, 3600 * HKI_NS_PER_S);
	assert_int_equal(1, hk_loop_run_once(book->loop, 1));
	hki_loop_stay_awake(book->loop, HKI_NS_PER_MS);
	assert_int_equal(1, hk_loop_run_once(book->loop, 2));
	assert_int_equal(0, book->loop->awake_ns);
	assert_true(hki_clock_monotonic_ns() - begin_ns < 60 * HKI_NS_PER_S);
	hk_watch_free(book->watch);
	hk_timer_free(book->timer);
}

static void an_idle_hook_keeps_the_wait_from_sleeping(void **state)
{
	journal *book = *state;

	assert_int_equal(
	    0, hk_hook_start(&book->hooks[0], book->loop, HK_HOOK_IDLE, note_hook, book));
	assert_int_equal(0, hk_loop_timeout(book->loop));
	assert_true(hk_loop_alive(book->loop));
	assert_int_equal(0, hk_loop_run(book->loop));
	assert_string_equal("idle ", book->text);
	assert_int_equal(-1, hk_loop_timeout(book->loop));
}

static int use_everything(void *user)
{
	hk_loop *loop = NULL;
	hk_timer *timer = NULL;
	hk_watch *watch = NULL;
	hk_signal *signal = NULL;
	hk_hook *hook = NULL;
	int fd = *(int *) user;
	int r;

	if ((r = hk_loop_new(&loop)) < 0)
		return r;
	if ((r = hk_timer_after(&timer, loop, 0, note_timer, NULL)) < 0 ||
	    (r = hk_watch_start(&watch, loop, fd, HK_READABLE, note_watch, NULL)) < 0 ||
	    (r = hk_signal_start(&signal, loop, SIGUSR2, note_signal, NULL)) < 0 ||
	    (r = hk_hook_start(&hook, loop, HK_HOOK_CHECK, note_hook, NULL)) < 0 ||
	    (r = hk_loop_next(loop, note_next, NULL)) < 0 ||
	    (r = hk_loop_immediate(loop, note_next, NULL)) < 0 ||
	    (r = hk_loop_close(loop, note_next, NULL)) < 0)
		goto out;
	for (unsigned int i = 0; r == 0 && i <= HKI_POST_SEGMENT_SLOTS; i++)
		r = hk_loop_post(loop, note_next, NULL);
out:
	hk_loop_free(loop);
	hk_hook_free(hook);
	hk_signal_free(signal);
	hk_watch_free(watch);
	hk_timer_free(timer);
	return r;
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
	journal *book = *state;

	assert_true(hki_torture(use_everything, book->pipe) >= 10);
}

static void a_loop_without_descriptors_is_refused_and_leaks_none(void **state)
{
	journal *book = *state;
	struct rlimit saved;
	struct rlimit tight;
	hk_loop *loop = NULL;
	int next_fd = dup(0);

	assert_true(next_fd >= 0);
	close(next_fd);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &saved));
	for (rlim_t room = 0; room < 2; room++) {
		tight = saved;
		tight.rlim_cur = (rlim_t) next_fd + room;
		assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &tight));
		assert_int_equal(-EMFILE, hk_loop_new(&loop));
		assert_null(loop);
		assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &saved));
		int again = dup(0);
		assert_int_equal(next_fd, again);
		close(again);
	}
	(void) book;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_turn_goes_through_the_phases_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    next_drains_what_it_adds_before_anything_else, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_a_phase_adds_to_itself_runs_in_the_next_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    many_tasks_keep_their_order_across_growth, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_single_turn_does_not_wait_after_it_has_called, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    an_empty_loop_returns_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    stop_gives_its_status_and_the_loop_can_run_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    running_inside_a_callback_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    missing_functions_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    the_time_of_a_turn_stands_still, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    members_are_told_before_the_loop_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    deferred_work_runs_at_the_end_of_the_turn_or_at_once, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_hold_keeps_the_loop_alive, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    staying_awake_misses_nothing_and_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    an_idle_hook_keeps_the_wait_from_sleeping, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    every_failing_allocation_is_reported_and_leaks_nothing, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_loop_without_descriptors_is_refused_and_leaks_none, setup,
		    teardown),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
