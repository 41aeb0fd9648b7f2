/* The executor with programs: turns, output, and whatever programs get up to. */
#include "sched/executor_fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/torture.h"
#include "os/cgroup/cgroup.h"
#include "sched/cells.h"

/* A word that is in the command line of what a test starts, and nowhere else. */
static const char *mark(void)
{
	static char text[64];
	static unsigned int number;

	snprintf(text, sizeof(text), "mark-%d-%u", (int) getpid(), ++number);
	return text;
}

static bool has_cgroups(void)
{
	return hki_cgroup_probe() == 0;
}

/* Each way of preempting that can be had here. */
static const hk_sched_preemption ways[] = { HK_SCHED_PREEMPT_CGROUP,
	HK_SCHED_PREEMPT_SIGNAL };

static void open_with(fixture *f, hk_sched_preemption way, const char *policy, double ms)
{
	f->opts.preemption = way;
	fixture_open(f, policy, ms);
}

static void close_executor(fixture *f)
{
	hk_sched_executor_free(f->executor);
	f->executor = NULL;
	f->ends = 0;
	f->log_length = 0;
	f->log[0] = '\0';
}

static void at_each_way(fixture *f, void (*story)(fixture *f, hk_sched_preemption way))
{
	for (size_t i = 0; i < 2; i++) {
		if (ways[i] == HK_SCHED_PREEMPT_CGROUP && !has_cgroups()) {
			print_message("# no cgroups here\n");
			continue;
		}
		story(f, ways[i]);
		close_executor(f);
	}
}

static void add_plain(fixture *f, const char *id, const char *const *words)
{
	hk_sched_task task = fixture_task(id, 0, 10);

	fixture_add_program(f, &task, words);
}

/* ---- the ordinary ---- */

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

static void cancel_all(fixture *f)
{
	hk_sched_info info;

	for (size_t i = 0; hk_sched_executor_get(&info, f->executor, i) == 0; i++)
		if (info.state != HK_SCHED_ENDED)
			assert_int_equal(
			    0, hk_sched_executor_cancel(f->executor, info.id));
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

/* ---- what programs get up to ---- */

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

/* ---- the controller is killed ---- */

static bool line_of(int fd, const char *line)
{
	char text[64] = "";
	size_t length = 0;

	while (length < sizeof(text) - 1 && strchr(text, '\n') == NULL) {
		ssize_t more = read(fd, text + length, sizeof(text) - 1 - length);

		if (more <= 0)
			return false;
		length += (size_t) more;
	}
	return strcmp(text, line) == 0;
}

/* Start a controller whose programs need @ms each, wait until two of them stand still,
 * and kill it. */
static pid_t kill_controller(
    const char *orphans, const char *way, const char *word, const char *ms)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(0, pipe(ends));
	pid = fork();
	if (pid == 0) {
		(void) dup2(ends[1], STDOUT_FILENO);
		(void) close(ends[0]);
		(void) close(ends[1]);
		(void) execl("/proc/self/exe", "controller", "controller", orphans, way,
		    word, ms, NULL);
		_exit(127);
	}
	(void) close(ends[1]);
	assert_true(line_of(ends[0], "frozen\n"));
	(void) close(ends[0]);
	/* With itself.  A program that is just being executed has no command line yet. */
	for (int i = 0; i < 1000 && count_processes(word) < 4; i++)
		(void) poll(NULL, 0, 1);
	assert_int_equal(4, count_processes(word));
	assert_int_equal(0, kill(pid, SIGKILL));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	return pid;
}

static void assert_no_cgroups(pid_t pid)
{
	for (int i = 0; i < 1000 && count_cgroups(pid) > 0; i++)
		(void) poll(NULL, 0, 10);
	assert_int_equal(0, count_cgroups(pid));
}

static void nothing_stays_frozen_behind_a_killed_controller(void **state)
{
	static const char *const kinds[] = { "cgroup", "signal" };

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		const char *word = mark();
		/* For ever: only the guard can end them. */
		pid_t pid = kill_controller("kill", kinds[i], word, "100000000");

		assert_no_processes(word);
		assert_no_cgroups(pid);
	}
}

static void or_all_of_it_goes_on_if_asked(void **state)
{
	static const char *const kinds[] = { "cgroup", "signal" };

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		const char *word = mark();
		/* Those that stood still could never use as much. */
		pid_t pid = kill_controller("thaw", kinds[i], word, "500");

		assert_no_processes(word);
		assert_no_cgroups(pid);
	}
}

static void a_guard_that_is_killed_has_a_successor(void **state)
{
	fixture *f = *state;
	char path[64];
	pid_t guard = 0, next;

	if (!has_cgroups())
		skip();
	fixture_open(f, "fcfs", 100);
	snprintf(path, sizeof(path), HKI_CELLS_PREFIX "%d-", (int) getpid());
	add_plain(f, "A", WORDS("sleep", "1000000"));
	while (!fixture_saw(f, "A:started"))
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	/* Its command line names the directory above our cells. */
	for (int i = 0; i < 5000 && (guard = find_process(path)) == 0; i++)
		(void) poll(NULL, 0, 1);
	assert_true(guard > 0);
	/* One that dies at once is not replaced. */
	(void) poll(NULL, 0, 30);
	assert_int_equal(0, kill(guard, SIGKILL));
	next = guard;
	for (int i = 0; i < 2000 && (next == 0 || next == guard); i++) {
		assert_true(hk_loop_run_once(f->loop, 10) >= 0);
		next = find_process(path);
	}
	assert_true(next != 0 && next != guard);
	cancel_all(f);
	fixture_run(f);
	assert_no_processes(path);
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
		WITH(a_guard_that_is_killed_has_a_successor),
		cmocka_unit_test(memory_may_end_anywhere),
		WITH(nothing_stays_frozen_behind_a_killed_controller),
		WITH(or_all_of_it_goes_on_if_asked),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/executor_program", tests, NULL, NULL);
}
