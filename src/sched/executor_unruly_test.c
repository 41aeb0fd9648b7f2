/*
 * Whatever programs get up to: forking away, ignoring signals, stopping themselves,
 * dying at the wrong moment, sleeping through their turn.
 */
#include "sched/executor_ways.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* Two turns apart, the escaped child must not have gone on in between. */
static void run_escape(fixture *f, hk_sched_preemption way)
{
	const char *word = mark();
	hk_sched_task task = fixture_task("runaway", 0, 30);
	hk_sched_task other = fixture_task("other", 0, 60);

	open_with(f, way, "rr", 5);
	fixture_add_program(f, &task, WORDS("escape", "30", word));
	fixture_add_program(f, &other, WORDS("burn", "60"));
	fixture_run(f);
	assert_int_equal(HK_SCHED_DONE, fixture_info(f, "runaway").outcome);
	if (way == HK_SCHED_PREEMPT_CGROUP) {
		assert_true(fixture_info(f, "runaway").leftovers >= 1);
		assert_no_processes(word);
	}
}

static void who_forks_away_ends_with_its_task(void **state)
{
	fixture *f = *state;

	if (has_cgroups())
		run_escape(f, HK_SCHED_PREEMPT_CGROUP);
}

static void who_forks_away_is_charged_and_frozen(void **state)
{
	fixture *f = *state;
	const char *word = mark();
	hk_sched_task task = fixture_task("A", 0, 1000);
	double before, after;

	if (!has_cgroups())
		skip();
	open_with(f, HK_SCHED_PREEMPT_CGROUP, "rr", 5);
	fixture_add_program(f, &task, WORDS("escape", "10000", word));
	while (fixture_info(f, "A").cpu_ms < 20)
		assert_true(hk_loop_run_once(f->loop, 5) >= 0);
	assert_int_equal(0, hk_sched_executor_pause(f->executor, "A"));
	before = fixture_info(f, "A").cpu_ms;
	(void) poll(NULL, 0, 50);
	after = fixture_info(f, "A").cpu_ms;
	if (after - before > 0.1)
		fail_msg("%f ms were used while frozen", after - before);
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "A"));
	fixture_run(f);
	assert_no_processes(word);
}

static void run_stubborn(fixture *f, hk_sched_preemption way)
{
	static const hk_stop_step steps[] = { { SIGTERM, 0, 20000000 } };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_sched_work work = HK_SCHED_WORK_INIT;
	hk_sched_task task = fixture_task("A", 0, 10);
	const char *word = mark();

	open_with(f, way, "rr", 5);
	process.argv = WORDS("/proc/self/exe", "stubborn", word);
	process.stop_steps = steps;
	process.stop_step_count = 1;
	work.process = &process;
	work.task = &task;
	assert_int_equal(0, hk_sched_executor_add(f->executor, &work, NULL));
	while (!fixture_saw(f, "A:started"))
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "A"));
	assert_int_equal(HK_SCHED_STOPPING, fixture_info(f, "A").state);
	assert_int_equal(-ESRCH, hk_sched_executor_pause(f->executor, "A"));
	fixture_run(f);
	assert_int_equal(HK_SCHED_CANCELLED, fixture_info(f, "A").outcome);
	assert_no_processes(word);
}

static void who_ignores_sigterm_is_killed(void **state)
{
	at_each_way(*state, run_stubborn);
}

static void run_stopped(fixture *f, hk_sched_preemption way)
{
	open_with(f, way, "rr", 3);
	add_plain(f, "A", WORDS("stop-itself"));
	add_plain(f, "B", WORDS("burn", "20"));
	while (f->ends == 0)
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	/* It held nobody up, and is still stopped after all its turns. */
	assert_string_equal("B", fixture_ends(f));
	assert_true(fixture_info(f, "A").slices >= 2);
	for (int i = 0; i < 10; i++)
		assert_true(hk_loop_run_once(f->loop, 5) >= 0);
	assert_int_equal(1, f->ends);
	assert_int_equal(0, kill((pid_t) fixture_info(f, "A").pid, SIGCONT));
	fixture_run(f);
	assert_int_equal(HK_SCHED_DONE, fixture_info(f, "A").outcome);
}

static void who_stops_itself_holds_nobody_up(void **state)
{
	at_each_way(*state, run_stopped);
}

static bool a_is_frozen(fixture *f)
{
	return fixture_saw(f, "A:preempted") &&
	       fixture_info(f, "A").state == HK_SCHED_READY;
}

static void run_killed_frozen(fixture *f, hk_sched_preemption way)
{
	hk_sched_info info;

	open_with(f, way, "rr", 5);
	add_plain(f, "A", WORDS("burn", "10000"));
	add_plain(f, "B", WORDS("burn", "40"));
	fixture_run_until(f, a_is_frozen);
	info = fixture_info(f, "A");
	assert_int_equal(0, kill((pid_t) info.pid, SIGKILL));
	fixture_run(f);
	info = fixture_info(f, "A");
	assert_int_equal(HK_SCHED_FAILED, info.outcome);
	assert_string_equal("SIGKILL", info.signal);
	assert_int_equal(HK_SCHED_DONE, fixture_info(f, "B").outcome);
	assert_int_equal(2, f->ends);
}

static void who_dies_while_frozen_has_ended(void **state)
{
	at_each_way(*state, run_killed_frozen);
}

static void run_cancel_frozen(fixture *f, hk_sched_preemption way)
{
	const char *word = mark();

	open_with(f, way, "rr", 5);
	add_plain(f, "A", WORDS("burn", "10000", word));
	add_plain(f, "B", WORDS("burn", "10000", word));
	add_plain(f, "C", WORDS("burn", "10000", word));
	fixture_run_until(f, a_is_frozen);
	assert_int_equal(0, hk_sched_executor_pause(f->executor, "C"));
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "A"));
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "B"));
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "C"));
	fixture_run(f);
	assert_int_equal(3, f->ends);
	assert_int_equal(HK_SCHED_CANCELLED, fixture_info(f, "A").outcome);
	assert_no_processes(word);
}

static void programs_are_cancelled_in_every_state(void **state)
{
	at_each_way(*state, run_cancel_frozen);
}

static void who_runs_too_long_is_ended(void **state)
{
	fixture *f = *state;
	hk_sched_command command = { .run_timeout_ns = 30000000, .retries = 3 };
	hk_sched_task task = fixture_task("A", 0, 10);
	const char *word = mark();

	fixture_open(f, "rr", 5);
	task.command = &command;
	fixture_add_program(f, &task, WORDS("burn", "100000", word));
	fixture_run(f);
	assert_int_equal(HK_SCHED_TIMED_OUT, fixture_info(f, "A").outcome);
	assert_int_equal(1, fixture_info(f, "A").tries);
	assert_string_equal(
	    "ran longer than its run_timeout, 30ms", fixture_info(f, "A").error);
	assert_no_processes(word);
}

static void who_sleeps_gives_its_turn_away(void **state)
{
	fixture *f = *state;

	fixture_open(f, "rr", 5);
	add_plain(f, "A", WORDS("sleep", "1000000"));
	add_plain(f, "B", WORDS("burn", "30"));
	while (f->ends == 0)
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	assert_string_equal("B", fixture_ends(f));
	cancel_all(f);
	fixture_run(f);
	assert_string_equal("B A", fixture_ends(f));
}

static void freeing_leaves_nothing(void **state)
{
	fixture *f = *state;
	const char *word = mark();

	fixture_open(f, "rr", 2);
	for (int i = 0; i < 4; i++)
		add_plain(f, NULL, WORDS("burn", "10000", word));
	while (!fixture_saw(f, "T4:preempted"))
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	assert_int_equal(4, count_processes(word));
	close_executor(f);
	assert_no_processes(word);
}

static void two_hundred_programs_leave_nothing(void **state)
{
	fixture *f = *state;
	hk_sched_command command = { .argv = WORDS("true") };
	hk_sched_task task = fixture_task(NULL, 0, 1);
	hk_sched_totals totals;

	f->opts.slots = 2;
	fixture_open(f, "fcfs", 100);
	for (int i = 0; i < 200; i++)
		fixture_add_command(f, &task, &command);
	fixture_run(f);
	hk_sched_executor_totals(&totals, f->executor);
	assert_int_equal(200, totals.done);
	assert_int_equal(200, f->ends);
}

#define WITH(test)                                                                       \
	cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH(who_forks_away_ends_with_its_task),
		WITH(who_forks_away_is_charged_and_frozen),
		WITH(who_ignores_sigterm_is_killed),
		WITH(who_stops_itself_holds_nobody_up),
		WITH(who_dies_while_frozen_has_ended),
		WITH(programs_are_cancelled_in_every_state),
		WITH(who_runs_too_long_is_ended),
		WITH(who_sleeps_gives_its_turn_away),
		WITH(freeing_leaves_nothing),
		WITH(two_hundred_programs_leave_nothing),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/executor_unruly", tests, NULL, NULL);
}
