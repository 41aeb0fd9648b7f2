#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/torture.h"
#include "process/run_test.h"

/* Runs to completion: how they end, what they used, time, and what is left. */

static void codes_and_signals_are_told_apart(void **state)
{
	hk_process_opts process = command_opts(COMMAND("sh", "-c", "exit 7"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result = run_with(&opts);

	(void) state;
	assert_int_equal(HK_END_CODE, result->exit.end);
	assert_int_equal(7, result->exit.code);
	hk_process_result_free(result);
	process = command_opts(COMMAND("sh", "-c", "kill -USR1 $$"));
	result = run_with(&opts);
	assert_int_equal(HK_END_SIGNAL, result->exit.end);
	assert_int_equal(SIGUSR1, result->exit.signal);
	hk_process_result_free(result);
}

static void what_it_used_is_counted(void **state)
{
	hk_process_opts process = command_opts(
	    COMMAND("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result = run_with(&opts);

	(void) state;
	assert_true(result->exit.usage_known);
	assert_true(result->exit.user_ns + result->exit.system_ns > 1000000);
	assert_true(result->exit.wall_ns > 1000000);
	assert_true(result->exit.minor_faults > 10);
	assert_true(result->exit.max_rss_bytes > 100000);
	hk_process_result_free(result);
}

static void peak_memory_is_the_programs_own_or_called_a_bound(void **state)
{
	hk_process_opts process = command_opts(COMMAND("true"));
	hk_process_run_opts opts = run_opts(&process);
	size_t large = 64 << 20;
	char *ours = malloc(large);
	hk_process_result *result;

	(void) state;
	memset(ours, 1, large);
	result = run_with(&opts);
	assert_true(result->exit.max_rss_is_bound);
	hk_process_result_free(result);
	process = command_opts(
	    COMMAND("dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"));
	result = run_with(&opts);
	assert_false(result->exit.max_rss_is_bound);
	assert_true(result->exit.max_rss_bytes > 200000000);
	hk_process_result_free(result);
	free(ours);
}

/* For a program that says "up" when its time may end: it grows until it was enough. */
static hk_process_result *run_out_of_time(hk_process_run_opts *opts)
{
	for (opts->timeout_ns = 50 * HKI_NS_PER_MS; opts->timeout_ns < 100 * HKI_NS_PER_S;
	     opts->timeout_ns *= 4) {
		hk_process_result *result = run_with(opts);

		assert_true(result->timed_out);
		if (strncmp(result->stdout_data, "up\n", 3) == 0)
			return result;
		hk_process_result_free(result);
	}
	fail_msg("it never said that it is up");
	return NULL;
}

static void a_timeout_stops_it_by_its_steps(void **state)
{
	hk_process_opts process = command_opts(COMMAND("sh", "-c",
	    "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result = run_out_of_time(&opts);

	(void) state;
	assert_int_equal(3, result->exit.code);
	assert_string_equal("up\nbye\n", result->stdout_data);
	hk_process_result_free(result);
}

static void a_timeout_kills_what_does_not_listen(void **state)
{
	const hk_stop_step steps[] = { { SIGTERM, 0, 50 * HKI_NS_PER_MS } };
	hk_process_opts process = command_opts(
	    COMMAND("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;

	(void) state;
	process.stop_steps = steps;
	process.stop_step_count = 1;
	result = run_out_of_time(&opts);
	assert_int_equal(HK_END_SIGNAL, result->exit.end);
	assert_int_equal(SIGKILL, result->exit.signal);
	hk_process_result_free(result);
}

static void a_stopped_program_can_still_be_timed_out(void **state)
{
	/* It is up when it has been stopped, which only another can say. */
	hk_process_opts process = command_opts(COMMAND("sh", "-c",
	    "trap 'exit 5' TERM; "
	    "(until grep -q '^State:.T' /proc/$$/status; do sleep 0.01; done; echo up) & "
	    "kill -STOP $$; sleep 100"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result = run_out_of_time(&opts);

	(void) state;
	assert_int_equal(5, result->exit.code);
	hk_process_result_free(result);
}

static void a_grandchild_cannot_hold_the_output(void **state)
{
	hk_process_opts process =
	    command_opts(COMMAND("sh", "-c", "sleep 100 & echo $!"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;
	uint64_t began = hki_clock_monotonic_ns();
	pid_t grandchild;

	(void) state;
	process.tree = HK_TREE_NONE;
	opts.settle_ns = 50 * HKI_NS_PER_MS;
	result = run_with(&opts);
	assert_true(hki_clock_monotonic_ns() - began < 60 * HKI_NS_PER_S);
	assert_true(result->stdio_detached);
	grandchild = (pid_t) atoi(result->stdout_data);
	hk_process_result_free(result);
	assert_true(is_running(grandchild));
	assert_int_equal(0, kill(grandchild, SIGKILL));
	assert_ends(grandchild);
}

static void leftovers_are_killed_and_counted(void **state)
{
	hk_process_opts process =
	    command_opts(COMMAND("sh", "-c", "sleep 100 & sleep 100 & echo done"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;

	(void) state;
	process.tree = HK_TREE_GROUP;
	result = run_with(&opts);
	assert_int_equal(2, result->leftovers);
	assert_int_equal(0, result->survivors);
	assert_false(result->stdio_detached);
	assert_int_equal(HK_TREE_GROUP, result->tree);
	hk_process_result_free(result);
}

static void leftovers_can_be_kept(void **state)
{
	hk_process_opts process =
	    command_opts(COMMAND("sh", "-c", "sleep 100 >/dev/null 2>&1 & echo $!"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;
	pid_t left;

	(void) state;
	process.tree = HK_TREE_GROUP;
	process.flags = HK_PROCESS_KEEP_LEFTOVERS;
	result = run_with(&opts);
	assert_int_equal(0, result->leftovers);
	left = (pid_t) atoi(result->stdout_data);
	hk_process_result_free(result);
	assert_true(is_running(left));
	assert_int_equal(0, kill(left, SIGKILL));
	assert_ends(left);
}

static void nothing_stays_open(void **state)
{
	hk_process_opts process = command_opts(COMMAND("cat"));
	hk_process_run_opts opts = run_opts(&process);
	size_t before = count_open_fds();

	(void) state;
	opts.stdin_data = "x";
	opts.stdin_length = 1;
	for (int i = 0; i < 20; i++)
		hk_process_result_free(run_with(&opts));
	assert_int_equal(before, count_open_fds());
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
	assert_int_equal(ECHILD, errno);
}

/* ---- on a loop ---- */

typedef struct seen {
	int calls;
	hk_process_result *result;
	hk_process *process_then;
	bool free_in_callback;
} seen;

static void done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	seen *s = user;

	s->calls++;
	s->result = result;
	s->process_then = hk_process_runner_process(runner);
	if (s->free_in_callback)
		hk_process_runner_free(runner);
}

static hk_process_runner *start_on(
    hk_loop *loop, const hk_process_opts *process, seen *s, uint64_t timeout_ns)
{
	hk_process_run_opts opts = run_opts(process);
	hk_process_runner *runner;

	opts.on_done = done;
	opts.user = s;
	opts.timeout_ns = timeout_ns;
	assert_int_equal(0, hk_process_run_start(&runner, loop, &opts, NULL));
	assert_int_equal(0, s->calls);
	return runner;
}

static void many_runs_share_a_loop(void **state)
{
	enum { COUNT = 50 };
	hk_process_opts process = command_opts(COMMAND("echo", "hello"));
	seen s[COUNT];
	hk_loop *loop;

	(void) state;
	memset(s, 0, sizeof(s));
	assert_int_equal(0, hk_loop_new(&loop));
	for (int i = 0; i < COUNT; i++) {
		s[i].free_in_callback = true;
		(void) start_on(loop, &process, &s[i], 0);
	}
	assert_int_equal(0, hk_loop_run(loop));
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(1, s[i].calls);
		assert_null(s[i].process_then);
		assert_string_equal("hello\n", s[i].result->stdout_data);
		hk_process_result_free(s[i].result);
	}
	hk_loop_free(loop);
}

static void cancel_stops_it_and_calls_back(void **state)
{
	hk_process_opts process = command_opts(COMMAND("sleep", "100"));
	hk_process_runner *runner;
	seen s = { 0 };
	hk_loop *loop;

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	runner = start_on(loop, &process, &s, 0);
	assert_non_null(hk_process_runner_process(runner));
	hk_process_runner_cancel(runner);
	assert_int_equal(0, s.calls);
	assert_int_equal(0, hk_loop_run(loop));
	assert_int_equal(1, s.calls);
	assert_true(s.result->cancelled);
	assert_int_equal(SIGTERM, s.result->exit.signal);
	hk_process_runner_cancel(runner); /* too late: nothing */
	hk_process_result_free(s.result);
	hk_process_runner_free(runner);
	hk_loop_free(loop);
}

static void freeing_it_is_silent_and_kills(void **state)
{
	hk_process_opts process = command_opts(COMMAND("sleep", "100"));
	hk_process_runner *runner;
	seen s = { 0 };
	hk_loop *loop;
	pid_t pid;

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	runner = start_on(loop, &process, &s, 0);
	pid = hk_process_pid(hk_process_runner_process(runner));
	hk_process_runner_free(runner);
	assert_int_equal(0, hk_loop_run(loop));
	assert_int_equal(0, s.calls);
	assert_ends(pid);
	hk_loop_free(loop);
}

static void a_loop_may_go_first(void **state)
{
	hk_process_opts process = command_opts(COMMAND("sleep", "100"));
	hk_process_runner *runner;
	seen s = { 0 };
	hk_loop *loop;
	pid_t pid;

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	runner = start_on(loop, &process, &s, 1000000000);
	pid = hk_process_pid(hk_process_runner_process(runner));
	hk_loop_free(loop);
	hk_process_runner_cancel(runner);
	hk_process_runner_free(runner);
	assert_int_equal(0, s.calls);
	assert_ends(pid);
	assert_int_equal(-1, waitpid(pid, NULL, WNOHANG)); /* collected too */
}

static int run_once(void *user)
{
	hk_process_opts process = command_opts(COMMAND("sh", "-c", "cat; echo x >&2"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;
	hk_error_list *errors = NULL;
	int r;

	(void) user;
	process.env = COMMAND("A=1", "B=2");
	process.env_unset = COMMAND("A");
	opts.stdin_data = "data";
	opts.stdin_length = 4;
	r = hk_error_list_new(&errors);
	if (r < 0)
		return r;
	r = hk_process_run(&result, &opts, errors);
	hk_error_list_free(errors);
	if (r < 0)
		return r;
	/* Memory for output may have been short: then it is said to be cut. */
	if (result->exit.code != 0 || (result->stdout_length != 4 && !result->stdout_cut))
		r = 1;
	hk_process_result_free(result);
	return r;
}

static void lack_of_memory_is_survived(void **state)
{
	size_t before = count_open_fds();

	(void) state;
	assert_true(hki_torture(run_once, NULL) > 10);
	assert_int_equal(before, count_open_fds());
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_and_signals_are_told_apart),
		cmocka_unit_test(what_it_used_is_counted),
		cmocka_unit_test(peak_memory_is_the_programs_own_or_called_a_bound),
		cmocka_unit_test(a_timeout_stops_it_by_its_steps),
		cmocka_unit_test(a_timeout_kills_what_does_not_listen),
		cmocka_unit_test(a_stopped_program_can_still_be_timed_out),
		cmocka_unit_test(a_grandchild_cannot_hold_the_output),
		cmocka_unit_test(leftovers_are_killed_and_counted),
		cmocka_unit_test(leftovers_can_be_kept),
		cmocka_unit_test(nothing_stays_open),
		cmocka_unit_test(many_runs_share_a_loop),
		cmocka_unit_test(cancel_stops_it_and_calls_back),
		cmocka_unit_test(freeing_it_is_silent_and_kills),
		cmocka_unit_test(a_loop_may_go_first),
		cmocka_unit_test(lack_of_memory_is_survived),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
