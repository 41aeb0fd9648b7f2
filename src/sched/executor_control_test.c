/* The executor's tasks while they wait, run or stand still: time, pausing, cancelling. */
#include "sched/executor_fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"

static int count_calls(void *user)
{
	++*(int *) user;
	return 0;
}

static void add_named(fixture *f, const char *id, hk_sched_step_fn step, void *user)
{
	hk_sched_task task = fixture_task(id, 0, 10);

	fixture_add_step(f, &task, step, user);
}

static void add_after(fixture *f, const char *id, const char *on,
    hk_sched_condition condition, hk_sched_step_fn step, void *user)
{
	hk_sched_dependency dependency = { .id = on, .condition = condition };
	hk_sched_task task = fixture_task(id, 0, 10);

	task.depends_on = &dependency;
	task.depends_on_count = 1;
	fixture_add_step(f, &task, step, user);
}

/* ---- time ---- */

static void note_start(fixture *f, hk_sched_event event, const char *id)
{
	if (event == HK_SCHED_EVENT_STARTED && strcmp(id, "arriving") == 0)
		*(uint64_t *) f->own = hki_clock_monotonic_ns();
}

static void a_task_is_not_started_before_its_time(void **state)
{
	fixture *f = *state;
	uint64_t added_ns;
	uint64_t started_ns = 0;
	hk_sched_task later = fixture_task("later", 0, 10);
	hk_sched_task arriving = fixture_task("arriving", 0, 10);
	hk_sched_info info;
	int calls = 0;

	fixture_open(f, "fcfs", 100);
	later.start_after = 30000000;
	arriving.arrival = 15000000;
	f->on_event = note_start;
	f->own = &started_ns;
	/* All that is added in a turn of the loop is added at its time. */
	added_ns = hk_loop_now_ns(f->loop);
	fixture_add_step(f, &later, count_calls, &calls);
	fixture_add_step(f, &arriving, count_calls, &calls);
	add_named(f, "now", count_calls, &calls);
	fixture_run(f);
	assert_string_equal("now arriving later", fixture_ends(f));
	info = fixture_info(f, "later");
	assert_true(info.held_ms >= 29 && info.turnaround_ms >= 29);
	/* What was held is no waiting. */
	assert_true(info.wait_ms < info.turnaround_ms - 25);
	info = fixture_info(f, "arriving");
	/* It counts from the arrival, not from the call; and who is late is late for us. */
	if (info.response_ms > (double) (started_ns - added_ns) / 1e6 - 14)
		fail_msg("%f ms from arrival to start, %f from call to start",
		    info.response_ms, (double) (started_ns - added_ns) / 1e6);
}

static int burn_long(void *user)
{
	(void) user;
	burn_ms(150);
	return 0;
}

static void who_runs_after_a_long_step_has_all_of_its_time(void **state)
{
	fixture *f = *state;
	const char *const words[] = { "/proc/self/exe", "sleep", "1000000", NULL };
	hk_sched_command command = { .argv = words, .run_timeout_ns = 100000000 };
	hk_sched_task limited = fixture_task("limited", 0, 10);
	hk_sched_info info;

	fixture_open(f, "fcfs", 100);
	add_named(f, "long", burn_long, NULL);
	fixture_add_command(f, &limited, &command);
	fixture_run(f);
	info = fixture_info(f, "limited");
	assert_int_equal(HK_SCHED_TIMED_OUT, info.outcome);
	if (info.turnaround_ms - info.response_ms < 100)
		fail_msg("ended after %f ms", info.turnaround_ms - info.response_ms);
}

static void who_queues_too_long_is_given_up(void **state)
{
	fixture *f = *state;
	hk_sched_command command = { .queue_timeout_ns = 5000000 };
	hk_sched_task impatient = fixture_task("impatient", 0, 10);
	int left = 20, calls = 0;

	fixture_open(f, "fcfs", 100);
	add_named(f, "long", burn_step, &left);
	impatient.command = &command;
	fixture_add_step(f, &impatient, count_calls, &calls);
	fixture_run(f);
	assert_int_equal(0, calls);
	assert_int_equal(HK_SCHED_TIMED_OUT, fixture_info(f, "impatient").outcome);
	assert_int_equal(0, fixture_info(f, "impatient").tries);
	assert_string_equal("was not started within its queue_timeout, 5.0ms",
	    fixture_info(f, "impatient").error);
}

/* ---- pausing, cancelling, changing ---- */

static bool a_started(fixture *f)
{
	return fixture_saw(f, "A:started");
}

static void a_paused_task_lets_others_by(void **state)
{
	fixture *f = *state;
	int a = 20, b = 2;

	fixture_open(f, "fcfs", 1);
	add_named(f, "A", burn_step, &a);
	add_named(f, "B", burn_step, &b);
	fixture_run_until(f, a_started);
	assert_int_equal(0, hk_sched_executor_pause(f->executor, "A"));
	assert_int_equal(0, hk_sched_executor_pause(f->executor, "A"));
	assert_int_equal(HK_SCHED_PAUSED, fixture_info(f, "A").state);
	while (f->ends == 0)
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	assert_string_equal("B", fixture_ends(f));
	assert_int_equal(0, hk_sched_executor_resume(f->executor, "A"));
	fixture_run(f);
	assert_string_equal("B A", fixture_ends(f));
	assert_true(fixture_info(f, "A").held_ms >= 2);
	assert_int_equal(-ESRCH, hk_sched_executor_pause(f->executor, "A"));
	assert_int_equal(-ENOENT, hk_sched_executor_pause(f->executor, "nobody"));
}

static void a_task_paused_before_it_runs_stays_where_it_is(void **state)
{
	fixture *f = *state;
	int calls = 0;

	fixture_open(f, "fcfs", 1);
	add_named(f, "A", count_calls, &calls);
	add_after(f, "B", "A", HK_SCHED_AFTER_OK, count_calls, &calls);
	assert_int_equal(0, hk_sched_executor_pause(f->executor, "B"));
	while (f->ends == 0)
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	assert_true(hk_loop_run_once(f->loop, 0) >= 0);
	assert_int_equal(1, calls);
	assert_int_equal(HK_SCHED_PAUSED, fixture_info(f, "B").state);
	assert_int_equal(0, hk_sched_executor_resume(f->executor, "B"));
	fixture_run(f);
	assert_int_equal(2, calls);
}

static void functions_are_cancelled_in_every_state(void **state)
{
	fixture *f = *state;
	hk_sched_task waiting = fixture_task("waiting", 0, 10);
	int left = 1000, calls = 0;

	fixture_open(f, "fcfs", 1);
	waiting.start_after = 3600000000000;
	add_named(f, "A", burn_step, &left);
	add_named(f, "ready", count_calls, &calls);
	fixture_add_step(f, &waiting, count_calls, &calls);
	add_named(f, "paused", count_calls, &calls);
	add_after(f, "after", "ready", HK_SCHED_AFTER_OK, count_calls, &calls);
	assert_int_equal(0, hk_sched_executor_pause(f->executor, "paused"));
	fixture_run_until(f, a_started);
	assert_int_equal(HK_SCHED_READY, fixture_info(f, "ready").state);
	assert_int_equal(HK_SCHED_RUNNING, fixture_info(f, "A").state);
	assert_int_equal(HK_SCHED_PAUSED, fixture_info(f, "paused").state);
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "ready"));
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "waiting"));
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "paused"));
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "A"));
	assert_int_equal(-ESRCH, hk_sched_executor_cancel(f->executor, "A"));
	/* Nobody is told before the loop turns. */
	assert_int_equal(0, f->ends);
	fixture_run(f);
	assert_int_equal(5, f->ends);
	assert_int_equal(0, calls);
	assert_int_equal(HK_SCHED_CANCELLED, fixture_info(f, "A").outcome);
	assert_int_equal(HK_SCHED_DEPENDENCY_FAILED, fixture_info(f, "after").outcome);
}

static int cancel_itself(void *user)
{
	fixture *f = user;

	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "A"));
	return 1;
}

static void a_step_may_cancel_its_own_task(void **state)
{
	fixture *f = *state;

	fixture_open(f, "rr", 1);
	add_named(f, "A", cancel_itself, f);
	fixture_run(f);
	assert_int_equal(HK_SCHED_CANCELLED, fixture_info(f, "A").outcome);
	assert_int_equal(1, f->ends);
}

static int pause_itself(void *user)
{
	fixture *f = user;

	if (f->own != NULL)
		return 0;
	f->own = f;
	assert_int_equal(0, hk_sched_executor_pause(f->executor, "A"));
	return 1;
}

static void resume_when_paused(fixture *f, hk_sched_event event, const char *id)
{
	if (event == HK_SCHED_EVENT_PAUSED)
		assert_int_equal(0, hk_sched_executor_resume(f->executor, id));
}

static void a_step_may_pause_its_own_task(void **state)
{
	fixture *f = *state;

	fixture_open(f, "rr", 1);
	f->on_event = resume_when_paused;
	add_named(f, "A", pause_itself, f);
	fixture_run(f);
	assert_string_equal("A:started A:paused A:resumed A:continued A:ended ", f->log);
}

static int free_executor(void *user)
{
	fixture *f = user;

	hk_sched_executor_free(f->executor);
	f->executor = NULL;
	return 1;
}

static void a_step_may_free_the_executor(void **state)
{
	fixture *f = *state;
	int calls = 0;

	fixture_open(f, "rr", 1);
	add_named(f, "A", free_executor, f);
	add_named(f, "B", count_calls, &calls);
	fixture_run(f);
	assert_int_equal(0, f->ends);
	assert_int_equal(0, calls);
}

static void free_at_end(fixture *f, hk_sched_event event, const char *id)
{
	(void) id;
	if (event == HK_SCHED_EVENT_ENDED)
		(void) free_executor(f);
}

static void an_event_may_free_the_executor(void **state)
{
	fixture *f = *state;
	int calls = 0;

	fixture_open(f, "rr", 1);
	f->on_event = free_at_end;
	add_named(f, "A", count_calls, &calls);
	add_named(f, "B", count_calls, &calls);
	fixture_run(f);
	assert_int_equal(1, f->ends);
}

static void add_more(fixture *f, hk_sched_event event, const char *id)
{
	(void) id;
	if (event != HK_SCHED_EVENT_ENDED)
		return;
	if (f->ends < 100)
		add_named(f, NULL, count_calls, f->own);
	/* What has ended may be forgotten while it is told. */
	assert_int_equal(0, hk_sched_executor_forget(f->executor, id));
}

static void events_may_add_and_forget(void **state)
{
	fixture *f = *state;
	hk_sched_totals totals;
	int calls = 0;

	fixture_open(f, "rr", 1);
	f->on_event = add_more;
	f->own = &calls;
	add_named(f, NULL, count_calls, &calls);
	fixture_run(f);
	assert_int_equal(100, calls);
	assert_int_equal(0, hk_sched_executor_count(f->executor));
	hk_sched_executor_totals(&totals, f->executor);
	assert_int_equal(100, totals.tasks);
	assert_int_equal(100, totals.done);
}

static void a_new_priority_takes_effect(void **state)
{
	fixture *f = *state;
	hk_sched_task low = fixture_task("low", 1, 10);
	hk_sched_task high = fixture_task("high", 2, 10);
	int a = 5, calls = 0;

	f->policy_opts.flags = HK_SCHED_PREEMPTIVE;
	fixture_open(f, "priority", 100);
	add_named(f, "A", burn_step, &a);
	fixture_add_step(f, &low, count_calls, &calls);
	fixture_add_step(f, &high, count_calls, &calls);
	assert_int_equal(0, hk_sched_executor_set_priority(f->executor, "low", 3));
	assert_int_equal(0, hk_sched_executor_set_priority(f->executor, "A", 4));
	fixture_run_until(f, a_started);
	assert_int_equal(0, hk_sched_executor_set_priority(f->executor, "A", -1));
	fixture_run(f);
	assert_string_equal("low high A", fixture_ends(f));
	assert_int_equal(3, fixture_info(f, "low").priority);
}

#define WITH(test)                                                                       \
	cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH(a_task_is_not_started_before_its_time),
		WITH(who_runs_after_a_long_step_has_all_of_its_time),
		WITH(who_queues_too_long_is_given_up),
		WITH(a_paused_task_lets_others_by),
		WITH(a_task_paused_before_it_runs_stays_where_it_is),
		WITH(functions_are_cancelled_in_every_state),
		WITH(a_step_may_cancel_its_own_task),
		WITH(a_step_may_pause_its_own_task),
		WITH(a_step_may_free_the_executor),
		WITH(an_event_may_free_the_executor),
		WITH(events_may_add_and_forget),
		WITH(a_new_priority_takes_effect),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/executor_control", tests, NULL, NULL);
}
