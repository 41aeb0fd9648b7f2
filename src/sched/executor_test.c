/* The executor with functions as tasks: the list, the policy, the statistics. */
#include "sched/executor_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/array.h"
#include "base/torture.h"

static int count_calls(void *user)
{
	++*(int *) user;
	return 0;
}

static int fail_always(void *user)
{
	++*(int *) user;
	return -EIO;
}

static void add_named(fixture *f, const char *id, hk_sched_step_fn step, void *user)
{
	hk_sched_task task = fixture_task(id, 0, 10);

	fixture_add_step(f, &task, step, user);
}

/* ---- the guide's scheduler ---- */

static void what_is_to_be_executed_is_executed_once(void **state)
{
	fixture *f = *state;
	int calls = 0;

	fixture_open(f, "rr", 0);
	add_named(f, "A", count_calls, &calls);
	assert_int_equal(0, calls);
	fixture_run(f);
	assert_int_equal(1, calls);
	assert_string_equal("A:started A:ended ", f->log);
	assert_string_equal("done", fixture_outcome(f, "A"));
}

static void the_defaults_are_the_guides(void **state)
{
	fixture *f = *state;
	hk_sched_work work = HK_SCHED_WORK_INIT;
	hk_sched_info info;
	int calls = 0;

	assert_int_equal(0, hk_sched_executor_new(&f->executor, f->loop, NULL, NULL));
	work.step = count_calls;
	work.user = &calls;
	assert_int_equal(0, hk_sched_executor_add(f->executor, &work, NULL));
	info = fixture_info(f, "T1");
	assert_true(info.burst_ms == 1000.0);
	assert_true(info.remaining_ms == 1000.0);
	assert_int_equal(0, info.priority);
	fixture_run(f);
	assert_int_equal(1, calls);
}

static void round_robin_takes_turns(void **state)
{
	fixture *f = *state;
	int a = 6, b = 4, c = 2;

	fixture_open(f, "rr", 2);
	add_named(f, "A", burn_step, &a);
	add_named(f, "B", burn_step, &b);
	add_named(f, "C", burn_step, &c);
	fixture_run(f);
	assert_string_equal("C B A", fixture_ends(f));
	assert_true(fixture_info(f, "A").slices >= 3);
	assert_true(fixture_saw(f, "A:preempted B:started B:preempted C:started"));
}

static void first_come_is_first_served(void **state)
{
	fixture *f = *state;
	int a = 3, b = 1, c = 2;

	fixture_open(f, "fcfs", 1);
	add_named(f, "A", burn_step, &a);
	add_named(f, "B", burn_step, &b);
	add_named(f, "C", burn_step, &c);
	fixture_run(f);
	assert_string_equal("A B C", fixture_ends(f));
	assert_int_equal(1, fixture_info(f, "A").slices);
}

static void run_priorities(fixture *f, uint32_t low_first, const char *order)
{
	const hk_sched_task tasks[] = { fixture_task("low", 1, 10),
		fixture_task("high", 9, 10), fixture_task("middle", 5, 10) };
	int calls = 0;

	f->opts.low_first = low_first;
	fixture_open(f, "priority", 100);
	for (size_t i = 0; i < HKI_COUNT(tasks); i++)
		fixture_add_step(f, &tasks[i], count_calls, &calls);
	fixture_run(f);
	assert_string_equal(order, fixture_ends(f));
}

static void a_higher_number_goes_first(void **state)
{
	run_priorities(*state, 0, "high middle low");
}

static void or_a_lower_one_if_asked(void **state)
{
	run_priorities(*state, 1, "low middle high");
}

static void a_task_added_after_the_list_ran_dry_runs(void **state)
{
	fixture *f = *state;
	int calls = 0;

	fixture_open(f, "rr", 100);
	for (int i = 1; i <= 3; i++) {
		add_named(f, NULL, count_calls, &calls);
		fixture_run(f);
		assert_int_equal(i, calls);
	}
	assert_string_equal("T1 T2 T3", fixture_ends(f));
}

static void an_id_is_given_out_once(void **state)
{
	fixture *f = *state;
	hk_sched_task task = fixture_task("T2", 0, 10);
	hk_sched_work work = HK_SCHED_WORK_INIT;
	int calls = 0;

	fixture_open(f, "rr", 100);
	fixture_add_step(f, &task, count_calls, &calls);
	work.task = &task;
	work.step = count_calls;
	assert_int_equal(-EEXIST, hk_sched_executor_add(f->executor, &work, NULL));
	add_named(f, NULL, count_calls, &calls);
	add_named(f, NULL, count_calls, &calls);
	assert_int_equal(HK_SCHED_WAITING, fixture_info(f, "T1").state);
	assert_int_equal(HK_SCHED_WAITING, fixture_info(f, "T3").state);
	fixture_run(f);
	assert_int_equal(3, calls);
}

static void statistics_can_be_read_in_the_middle(void **state)
{
	fixture *f = *state;
	hk_sched_totals totals;
	hk_sched_task b = fixture_task("B", 0, 40);
	int a_left = 2, b_left = 30;

	fixture_open(f, "fcfs", 100);
	add_named(f, "A", burn_step, &a_left);
	fixture_add_step(f, &b, burn_step, &b_left);
	while (f->ends == 0)
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	hk_sched_executor_totals(&totals, f->executor);
	assert_int_equal(2, totals.tasks);
	assert_int_equal(1, totals.done);
	assert_int_equal(1, totals.ready + totals.running);
	assert_true(totals.remaining_ms > 0 && totals.remaining_ms <= 40);
	assert_true(totals.turnaround_average_ms >= 2);
	fixture_run(f);
	hk_sched_executor_totals(&totals, f->executor);
	assert_int_equal(2, totals.done);
	assert_true(totals.remaining_ms == 0);
	assert_true(totals.cpu_ms >= 32);
	assert_true(totals.wait_average_ms > 0);
}

/* ---- who waits for whom ---- */

static void add_after(fixture *f, const char *id, const char *on,
    hk_sched_condition condition, hk_sched_step_fn step, void *user)
{
	hk_sched_dependency dependency = { .id = on, .condition = condition };
	hk_sched_task task = fixture_task(id, 0, 10);

	task.depends_on = &dependency;
	task.depends_on_count = 1;
	fixture_add_step(f, &task, step, user);
}

static void dependencies_wait_for_the_end_they_name(void **state)
{
	fixture *f = *state;
	int good = 0, bad = 0;

	fixture_open(f, "rr", 100);
	add_named(f, "good", count_calls, &good);
	add_named(f, "bad", fail_always, &bad);
	add_after(f, "ok-good", "good", HK_SCHED_AFTER_OK, count_calls, &good);
	add_after(f, "any-good", "good", HK_SCHED_AFTER_ANY, count_calls, &good);
	add_after(f, "not-good", "good", HK_SCHED_AFTER_NOT_OK, count_calls, &bad);
	add_after(f, "ok-bad", "bad", HK_SCHED_AFTER_OK, count_calls, &bad);
	add_after(f, "any-bad", "bad", HK_SCHED_AFTER_ANY, count_calls, &good);
	add_after(f, "not-bad", "bad", HK_SCHED_AFTER_NOT_OK, count_calls, &good);
	fixture_run(f);
	assert_int_equal(5, good);
	assert_int_equal(1, bad);
	assert_string_equal("good", fixture_info(f, "not-good").dependency);
	assert_string_equal("bad", fixture_info(f, "ok-bad").dependency);
	assert_int_equal(HK_SCHED_DEPENDENCY_FAILED, fixture_info(f, "ok-bad").outcome);
	assert_int_equal(8, f->ends);
}

static void a_dependency_that_has_ended_counts(void **state)
{
	fixture *f = *state;
	int calls = 0;

	fixture_open(f, "rr", 100);
	add_named(f, "A", count_calls, &calls);
	fixture_run(f);
	add_after(f, "B", "A", HK_SCHED_AFTER_OK, count_calls, &calls);
	add_after(f, "C", "A", HK_SCHED_AFTER_NOT_OK, count_calls, &calls);
	assert_int_equal(1, f->ends);
	fixture_run(f);
	assert_int_equal(2, calls);
	assert_int_equal(HK_SCHED_DEPENDENCY_FAILED, fixture_info(f, "C").outcome);
}

static void a_long_chain_falls_at_once(void **state)
{
	enum { LENGTH = 2000 };
	fixture *f = *state;
	char before[32] = "first";
	int calls = 0;

	fixture_open(f, "fcfs", 100);
	add_named(f, "first", fail_always, &calls);
	for (int i = 0; i < LENGTH; i++) {
		char id[32];

		snprintf(id, sizeof(id), "n%d", i);
		add_after(f, id, before, HK_SCHED_AFTER_OK, count_calls, &calls);
		memcpy(before, id, sizeof(before));
	}
	fixture_run(f);
	assert_int_equal(1, calls);
	assert_int_equal(LENGTH + 1, f->ends);
	assert_string_equal("n1998", fixture_info(f, "n1999").dependency);
}

static void an_unknown_dependency_is_refused_by_name(void **state)
{
	fixture *f = *state;
	hk_sched_dependency dependency = { .id = "nobody" };
	hk_sched_task task = fixture_task("A", 0, 10);
	hk_sched_work work = HK_SCHED_WORK_INIT;
	hk_error_list *errors;
	int calls = 0;

	fixture_open(f, "rr", 100);
	assert_int_equal(0, hk_error_list_new(&errors));
	task.depends_on = &dependency;
	task.depends_on_count = 1;
	work.task = &task;
	work.step = count_calls;
	work.user = &calls;
	assert_int_equal(-ENOENT, hk_sched_executor_add(f->executor, &work, errors));
	assert_string_equal("\"A\" depends on \"nobody\", which is no task before it",
	    hk_error_list_get(errors, 0)->text);
	hk_error_list_free(errors);
	assert_int_equal(0, hk_sched_executor_count(f->executor));
	/* The id is free again. */
	add_named(f, "A", count_calls, &calls);
	fixture_run(f);
	assert_int_equal(1, calls);
}

/* ---- tries ---- */

static int succeed_third_time(void *user)
{
	int *tries = user;

	return ++*tries == 3 ? 0 : -EAGAIN;
}

static void a_failed_task_is_tried_again(void **state)
{
	fixture *f = *state;
	hk_sched_command command = { .retries = 5, .backoff_ns = 1000000 };
	hk_sched_task task = fixture_task("A", 0, 10);
	hk_sched_info info;
	int tries = 0;

	fixture_open(f, "rr", 100);
	task.command = &command;
	fixture_add_step(f, &task, succeed_third_time, &tries);
	fixture_run(f);
	info = fixture_info(f, "A");
	assert_int_equal(3, info.tries);
	assert_int_equal(HK_SCHED_DONE, info.outcome);
	/* One millisecond, then two. */
	assert_true(info.held_ms >= 3);
	assert_string_equal(
	    "A:started A:retry A:started A:retry A:started A:ended ", f->log);
}

static void tries_run_out(void **state)
{
	fixture *f = *state;
	hk_sched_command command = { .retries = 2, .backoff_ns = 1000 };
	hk_sched_task task = fixture_task("A", 0, 10);
	hk_sched_info info;
	int tries = 0;

	fixture_open(f, "rr", 100);
	task.command = &command;
	fixture_add_step(f, &task, fail_always, &tries);
	fixture_run(f);
	info = fixture_info(f, "A");
	assert_int_equal(3, tries);
	assert_int_equal(HK_SCHED_FAILED, info.outcome);
	assert_string_equal(hk_error_text(-EIO), info.error);
}

/* ---- whole lists ---- */

static int64_t add_line(hk_sched_workload *workload, const char *id, const char *after)
{
	static const char *const argv[] = { "/bin/true", NULL };
	hk_sched_command command = { .argv = argv };
	hk_sched_dependency dependency = { .id = after };
	hk_sched_task task = fixture_task(id, 0, 10);

	task.command = &command;
	task.depends_on = after == NULL ? NULL : &dependency;
	task.depends_on_count = after != NULL;
	return hk_sched_workload_add(workload, &task);
}

static void a_list_may_name_a_task_before_it_comes(void **state)
{
	fixture *f = *state;
	hk_sched_workload *workload;

	fixture_open(f, "fcfs", 100);
	assert_int_equal(0, hk_sched_workload_new(&workload));
	assert_int_equal(0, add_line(workload, "A", "B"));
	assert_int_equal(1, add_line(workload, "B", NULL));
	assert_int_equal(0, hk_sched_executor_add_workload(f->executor, workload, NULL));
	hk_sched_workload_free(workload);
	fixture_run(f);
	assert_string_equal("B A", fixture_ends(f));
}

static void of_a_list_all_are_added_or_none(void **state)
{
	fixture *f = *state;
	hk_sched_workload *circle;
	hk_sched_workload *doubled;
	int calls = 0;

	fixture_open(f, "fcfs", 100);
	add_named(f, "taken", count_calls, &calls);
	assert_int_equal(0, hk_sched_workload_new(&circle));
	assert_int_equal(0, add_line(circle, "A", "B"));
	assert_int_equal(1, add_line(circle, "B", "A"));
	assert_int_equal(
	    -ELOOP, hk_sched_executor_add_workload(f->executor, circle, NULL));
	assert_int_equal(0, hk_sched_workload_new(&doubled));
	assert_int_equal(0, add_line(doubled, "C", NULL));
	assert_int_equal(1, add_line(doubled, "taken", "C"));
	assert_int_equal(
	    -EEXIST, hk_sched_executor_add_workload(f->executor, doubled, NULL));
	hk_sched_workload_free(circle);
	hk_sched_workload_free(doubled);
	assert_int_equal(1, hk_sched_executor_count(f->executor));
	fixture_run(f);
	assert_int_equal(1, f->ends);
}

static void what_cannot_be_run_is_refused(void **state)
{
	fixture *f = *state;
	hk_sched_task periodic = fixture_task("P", 0, 10);
	hk_sched_task negative = fixture_task("N", 0, 10);
	hk_sched_work work = HK_SCHED_WORK_INIT;
	hk_process_opts process = HK_PROCESS_OPTS_INIT;

	fixture_open(f, "fcfs", 100);
	assert_int_equal(-EINVAL, hk_sched_executor_add(f->executor, &work, NULL));
	work.step = count_calls;
	work.process = &process;
	assert_int_equal(-EINVAL, hk_sched_executor_add(f->executor, &work, NULL));
	work.process = NULL;
	periodic.period = 1000;
	work.task = &periodic;
	assert_int_equal(-ENOTSUP, hk_sched_executor_add(f->executor, &work, NULL));
	negative.arrival = -1;
	work.task = &negative;
	assert_int_equal(-EINVAL, hk_sched_executor_add(f->executor, &work, NULL));
	assert_int_equal(0, hk_sched_executor_count(f->executor));
}

/* ---- slots ---- */

static bool a_started(fixture *f)
{
	return fixture_saw(f, "A:started");
}

static void there_is_one_slot_unless_more_are_asked_for(void **state)
{
	fixture *f = *state;
	hk_sched_totals totals;
	int a = 3, b = 3, c = 3;

	f->opts.slots = 2;
	fixture_open(f, "fcfs", 100);
	add_named(f, "A", burn_step, &a);
	add_named(f, "B", burn_step, &b);
	add_named(f, "C", burn_step, &c);
	fixture_run_until(f, a_started);
	hk_sched_executor_totals(&totals, f->executor);
	assert_int_equal(2, totals.running);
	assert_int_equal(1, totals.ready);
	fixture_run(f);
	assert_int_equal(3, f->ends);
}

/* ---- beside the simulator ---- */

/* Returns whether each turnaround was about as long as predicted. */
static bool measure_beside_prediction(fixture *f)
{
	bool as_predicted = true;
	const hk_sched_comparison_summary *sum;
	hk_sched_comparison *comparison;
	int a = 14, b = 7, c = 11;

	f->opts.flags |= HK_SCHED_KEEP_SLICES;
	fixture_open(f, "rr", 3);
	assert_int_equal(
	    -ENODATA, hk_sched_executor_compare(&comparison, f->executor, NULL));
	add_named(f, "A", burn_step, &a);
	add_named(f, "B", burn_step, &b);
	add_named(f, "C", burn_step, &c);
	fixture_run(f);
	assert_int_equal(0, hk_sched_executor_compare(&comparison, f->executor, NULL));
	sum = hk_sched_comparison_get_summary(comparison);
	assert_int_equal(3, sum->tasks);
	assert_true(sum->same_order);
	assert_true(sum->predicted_makespan_ms >= 32);
	assert_true(sum->measured_makespan_ms >= sum->predicted_makespan_ms);
	assert_int_equal(3, hk_sched_comparison_count(comparison));
	for (size_t i = 0; i < 3; i++) {
		const hk_sched_difference *row = hk_sched_comparison_get(comparison, i);

		assert_int_equal(row->predicted_place, row->measured_place);
		/* Steps are a millisecond long, and a turn ends between two. */
		if (row->undisturbed_turnaround_ms <
			row->predicted_turnaround_ms * 0.85 ||
		    row->undisturbed_turnaround_ms >
			row->predicted_turnaround_ms * 1.35) {
			print_message("%s: %f ms predicted, %f measured\n", row->id,
			    row->predicted_turnaround_ms, row->undisturbed_turnaround_ms);
			as_predicted = false;
		}
	}
	hk_sched_comparison_free(comparison);
	return as_predicted;
}

/* What others took is known roughly, so a busy machine may spoil one measurement or
 * another; whoever is wrong is wrong each time. */
static void what_was_measured_is_set_beside_the_prediction(void **state)
{
	bool as_predicted = measure_beside_prediction(*state);

	for (int i = 1; i < 50 && !as_predicted; i++) {
		assert_int_equal(0, fixture_tear_down(state));
		assert_int_equal(0, fixture_set_up(state));
		as_predicted = measure_beside_prediction(*state);
	}
	assert_true(as_predicted);
}

/* ---- memory ---- */

static int whole_life(void *user)
{
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;
	hk_sched_work work = HK_SCHED_WORK_INIT;
	hk_sched_dependency dependency = { .id = "A" };
	hk_sched_task a = fixture_task("A", 0, 10);
	hk_sched_task b = fixture_task("B", 0, 10);
	hk_sched_executor *executor;
	hk_sched_comparison *comparison;
	hk_loop *loop;
	int calls = 0;
	int r;

	(void) user;
	opts.flags = HK_SCHED_KEEP_SLICES;
	r = hk_loop_new(&loop);
	if (r < 0)
		return r;
	r = hk_sched_executor_new(&executor, loop, &opts, NULL);
	if (r < 0) {
		hk_loop_free(loop);
		return r;
	}
	work.step = count_calls;
	work.user = &calls;
	work.task = &a;
	b.depends_on = &dependency;
	b.depends_on_count = 1;
	r = hk_sched_executor_add(executor, &work, NULL);
	work.task = &b;
	if (r == 0)
		r = hk_sched_executor_add(executor, &work, NULL);
	if (r == 0)
		r = hk_loop_run(loop);
	if (r == 0)
		assert_int_equal(2, calls);
	if (r == 0)
		r = hk_sched_executor_compare(&comparison, executor, NULL);
	if (r == 0)
		hk_sched_comparison_free(comparison);
	hk_sched_executor_free(executor);
	hk_loop_free(loop);
	return r;
}

static void memory_may_end_anywhere(void **state)
{
	(void) state;
	assert_true(hki_torture(whole_life, NULL) > 20);
}

/* ---- the end of the loop, and children ---- */

static void after_its_loop_an_executor_is_inert(void **state)
{
	fixture *f = *state;
	hk_sched_work work = HK_SCHED_WORK_INIT;
	int calls = 0;

	fixture_open(f, "rr", 1);
	add_named(f, "A", count_calls, &calls);
	hk_loop_free(f->loop);
	f->loop = NULL;
	work.step = count_calls;
	assert_int_equal(HK_ECLOSED, hk_sched_executor_add(f->executor, &work, NULL));
	assert_int_equal(HK_ECLOSED, hk_sched_executor_cancel(f->executor, "A"));
	hk_sched_executor_free(f->executor);
	f->executor = NULL;
	assert_int_equal(0, calls);
}

#define WITH(test)                                                                       \
	cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH(what_is_to_be_executed_is_executed_once),
		WITH(the_defaults_are_the_guides),
		WITH(round_robin_takes_turns),
		WITH(first_come_is_first_served),
		WITH(a_higher_number_goes_first),
		WITH(or_a_lower_one_if_asked),
		WITH(a_task_added_after_the_list_ran_dry_runs),
		WITH(an_id_is_given_out_once),
		WITH(statistics_can_be_read_in_the_middle),
		WITH(dependencies_wait_for_the_end_they_name),
		WITH(a_dependency_that_has_ended_counts),
		WITH(a_long_chain_falls_at_once),
		WITH(an_unknown_dependency_is_refused_by_name),
		WITH(a_failed_task_is_tried_again),
		WITH(tries_run_out),
		WITH(a_list_may_name_a_task_before_it_comes),
		WITH(of_a_list_all_are_added_or_none),
		WITH(what_cannot_be_run_is_refused),
		WITH(there_is_one_slot_unless_more_are_asked_for),
		WITH(what_was_measured_is_set_beside_the_prediction),
		cmocka_unit_test(memory_may_end_anywhere),
		WITH(after_its_loop_an_executor_is_inert),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/executor", tests, NULL, NULL);
}
