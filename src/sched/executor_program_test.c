/*
 * The executor with programs: turns, output, and no memory for either.
 */
#include "sched/executor_ways.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/torture.h"

static void run_output(fixture *f, hk_sched_preemption way)
{
	hk_sched_command missing = { .argv = WORDS("/no/such/program") };
	hk_sched_task task = fixture_task("missing", 0, 10);
	hk_sched_info info;
	size_t length;

	f->opts.max_output_bytes = 1000;
	open_with(f, way, "rr", 100);
	add_plain(f, "print", WORDS("print", "5000"));
	add_plain(f, "seven", WORDS("exit", "7"));
	fixture_add_command(f, &task, &missing);
	fixture_run(f);
	info = fixture_info(f, "print");
	assert_int_equal(HK_SCHED_DONE, info.outcome);
	assert_int_equal(0, info.exit_code);
	assert_int_equal(5000, info.stdout_bytes);
	assert_true(info.stdout_cut);
	assert_false(info.stderr_cut);
	assert_string_equal(
	    "error", hk_sched_executor_output(f->executor, "print", 2, &length));
	assert_int_equal(5, length);
	(void) hk_sched_executor_output(f->executor, "print", 1, &length);
	assert_int_equal(1000, length);
	info = fixture_info(f, "seven");
	assert_int_equal(HK_SCHED_FAILED, info.outcome);
	assert_int_equal(7, info.exit_code);
	info = fixture_info(f, "missing");
	assert_int_equal(HK_SCHED_FAILED, info.outcome);
	assert_non_null(strstr(info.error, "/no/such/program"));
	assert_int_equal(3, f->ends);
}

static void output_and_codes_are_kept(void **state)
{
	at_each_way(*state, run_output);
}

static void run_turns(fixture *f, hk_sched_preemption way)
{
	hk_sched_task a = fixture_task("A", 0, 43), b = fixture_task("B", 0, 23),
		      c = fixture_task("C", 0, 33);
	const hk_sched_comparison_summary *sum;
	hk_sched_comparison *comparison;

	f->opts.flags |= HK_SCHED_OUTRANK;
	open_with(f, way, "rr", 5);
	fixture_add_program(f, &a, WORDS("burn", "43"));
	fixture_add_program(f, &b, WORDS("burn", "23"));
	fixture_add_program(f, &c, WORDS("burn", "33"));
	fixture_run(f);
	assert_string_equal("B C A", fixture_ends(f));
	assert_true(fixture_saw(f, "A:preempted B:started B:preempted C:started"));
	assert_in_range(fixture_info(f, "A").slices, 8, 10);
	assert_in_range(fixture_info(f, "B").slices, 4, 6);
	assert_int_equal(0, hk_sched_executor_compare(&comparison, f->executor, NULL));
	sum = hk_sched_comparison_get_summary(comparison);
	assert_true(sum->same_order);
	/* Bounds for a busy machine; the bench has those of a quiet one. */
	if (sum->worst_undisturbed_difference_percent > 60)
		fail_msg("%f %% off", sum->worst_undisturbed_difference_percent);
	hk_sched_comparison_free(comparison);
}

static void programs_take_turns_as_simulated(void **state)
{
	at_each_way(*state, run_turns);
}

static void an_urgent_program_takes_the_slot(void **state)
{
	fixture *f = *state;
	hk_sched_task slow = fixture_task("slow", 1, 60);
	hk_sched_task urgent = fixture_task("urgent", 2, 5);

	f->policy_opts.flags = HK_SCHED_PREEMPTIVE;
	fixture_open(f, "priority", 1000);
	urgent.arrival = 20000000;
	fixture_add_program(f, &slow, WORDS("burn", "60"));
	fixture_add_program(f, &urgent, WORDS("burn", "5"));
	fixture_run(f);
	assert_string_equal("slow:started slow:preempted urgent:started urgent:ended "
			    "slow:continued slow:ended ",
	    f->log);
}

static void slots_are_filled_side_by_side(void **state)
{
	fixture *f = *state;
	hk_sched_totals totals;
	char id[8];

	f->opts.slots = 4;
	fixture_open(f, "fcfs", 100);
	for (int i = 0; i < 6; i++) {
		snprintf(id, sizeof(id), "S%d", i);
		add_plain(f, id, WORDS("sleep", "1000000"));
	}
	while (!fixture_saw(f, "S3:started"))
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	hk_sched_executor_totals(&totals, f->executor);
	assert_int_equal(4, totals.running);
	assert_int_equal(2, totals.ready);
	assert_true(fixture_info(f, "S0").pid > 0);
	cancel_all(f);
	fixture_run(f);
	assert_int_equal(6, f->ends);
}

static void a_program_is_tried_again(void **state)
{
	fixture *f = *state;
	char path[64];
	hk_sched_command command = { .retries = 3, .backoff_ns = 1000000 };
	hk_sched_task task = fixture_task("A", 0, 10);

	snprintf(path, sizeof(path), "/tmp/hostkit-second-time-%d", (int) getpid());
	(void) unlink(path);
	fixture_open(f, "rr", 100);
	task.command = &command;
	fixture_add_program(f, &task, WORDS("second-time", path));
	fixture_run(f);
	(void) unlink(path);
	assert_string_equal("A:started A:retry A:started A:ended ", f->log);
	assert_int_equal(HK_SCHED_DONE, fixture_info(f, "A").outcome);
}

/* ---- memory ---- */

static int one_program(void *user)
{
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;
	hk_sched_work work = HK_SCHED_WORK_INIT;
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_sched_executor *executor;
	hk_sched_info info = { .state = -1 };
	hk_loop *loop;
	int r;

	opts.preemption = *(const hk_sched_preemption *) user;
	process.argv = WORDS("/bin/true");
	work.process = &process;
	r = hk_loop_new(&loop);
	if (r < 0)
		return r;
	r = hk_sched_executor_new(&executor, loop, &opts, NULL);
	if (r == 0) {
		r = hk_sched_executor_add(executor, &work, NULL);
		if (r == 0)
			r = hk_loop_run(loop);
		if (r == 0)
			r = hk_sched_executor_get(&info, executor, 0);
		/* A start without memory is a failed task, not a failed call. */
		if (r == 0 && info.outcome != HK_SCHED_DONE)
			r = -ENOMEM;
		hk_sched_executor_free(executor);
	}
	hk_loop_free(loop);
	return r;
}

static void memory_may_end_anywhere(void **state)
{
	(void) state;
	for (size_t i = 0; i < 2; i++)
		if (ways[i] == HK_SCHED_PREEMPT_SIGNAL || has_cgroups())
			assert_true(
			    hki_torture(one_program, (void *) (uintptr_t) &ways[i]) > 30);
}

#define WITH(test)                                                                       \
	cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH(output_and_codes_are_kept),
		WITH(programs_take_turns_as_simulated),
		WITH(an_urgent_program_takes_the_slot),
		WITH(slots_are_filled_side_by_side),
		WITH(a_program_is_tried_again),
		cmocka_unit_test(memory_may_end_anywhere),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/executor_program", tests, NULL, NULL);
}
