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
#include "process/probe_test.h"

/* Runs to completion: output, input, time, and what is left. */

static hk_process_result *run_with(const hk_process_run_opts *opts)
{
	hk_process_result *result = NULL;
	int r = hk_process_run(&result, opts, NULL);

	if (r < 0)
		fail_msg("the run failed: %s", hk_error_name(r));
	return result;
}

static hk_process_run_opts run_opts(const hk_process_opts *process)
{
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;

	opts.process = process;
	return opts;
}

static void output_comes_apart(void **state)
{
	hk_process_opts process =
	    command_opts(COMMAND("sh", "-c", "echo out; echo err >&2"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result = run_with(&opts);

	(void) state;
	assert_string_equal("out\n", result->stdout_data);
	assert_int_equal(4, result->stdout_length);
	assert_string_equal("err\n", result->stderr_data);
	assert_int_equal(HK_END_CODE, result->exit.end);
	assert_int_equal(0, result->exit.code);
	assert_false(result->timed_out || result->cancelled || result->stdout_cut);
	assert_true(result->id.pid > 0 && result->id.start_ticks > 0);
	hk_process_result_free(result);
}

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

static void input_comes_from_memory(void **state)
{
	hk_process_opts process = command_opts(COMMAND("tr", "a-z", "A-Z"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;

	(void) state;
	opts.stdin_data = "shout";
	opts.stdin_length = 5;
	result = run_with(&opts);
	assert_string_equal("SHOUT", result->stdout_data);
	hk_process_result_free(result);
}

static void much_input_meets_much_output_without_deadlock(void **state)
{
	hk_process_opts process = command_opts(COMMAND("cat"));
	hk_process_run_opts opts = run_opts(&process);
	size_t length = 8 << 20;
	char *data = malloc(length);
	hk_process_result *result;

	(void) state;
	for (size_t i = 0; i < length; i++)
		data[i] = (char) (i * 7919 >> 8);
	opts.stdin_data = data;
	opts.stdin_length = length;
	opts.max_output_bytes = UINT64_MAX;
	result = run_with(&opts);
	assert_int_equal(length, result->stdout_length);
	assert_memory_equal(data, result->stdout_data, length);
	hk_process_result_free(result);
	free(data);
}

static void a_program_that_does_not_read_is_left_alone(void **state)
{
	hk_process_opts process =
	    command_opts(COMMAND("sh", "-c", "exec <&-; echo done"));
	hk_process_run_opts opts = run_opts(&process);
	size_t length = 1 << 20;
	char *data = calloc(1, length);
	struct sigaction before;
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t pending;
	hk_process_result *result;

	(void) state;
	/* SIGPIPE at its default would end this test. */
	sigaction(SIGPIPE, &action, &before);
	opts.stdin_data = data;
	opts.stdin_length = length;
	result = run_with(&opts);
	assert_string_equal("done\n", result->stdout_data);
	hk_process_result_free(result);
	process = command_opts(COMMAND("true"));
	result = run_with(&opts);
	assert_int_equal(0, result->exit.code);
	hk_process_result_free(result);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	sigaction(SIGPIPE, &before, NULL);
	free(data);
}

static void an_empty_input_is_an_end_at_once(void **state)
{
	hk_process_opts process = command_opts(COMMAND("cat"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;

	(void) state;
	opts.stdin_data = "";
	result = run_with(&opts);
	assert_int_equal(0, result->stdout_length);
	assert_non_null(result->stdout_data);
	hk_process_result_free(result);
	process.stdio[0].kind = HK_STDIO_PIPE;
	opts.stdin_data = NULL;
	result = run_with(&opts);
	assert_int_equal(0, result->stdout_length);
	hk_process_result_free(result);
}

static void output_beyond_the_limit_is_counted_and_dropped(void **state)
{
	hk_process_opts process =
	    command_opts(COMMAND("sh", "-c", "head -c 300000 /dev/zero; echo short >&2"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;

	(void) state;
	opts.max_output_bytes = 1000;
	result = run_with(&opts);
	assert_int_equal(0, result->exit.code); /* it was never held up */
	assert_true(result->stdout_cut);
	assert_int_equal(1000, result->stdout_length);
	assert_int_equal(300000, result->stdout_total);
	assert_int_equal(0, result->stdout_data[1000]);
	assert_false(result->stderr_cut);
	assert_string_equal("short\n", result->stderr_data);
	hk_process_result_free(result);
	opts.max_output_bytes = 300000; /* exactly as much is not cut */
	result = run_with(&opts);
	assert_false(result->stdout_cut);
	assert_int_equal(300000, result->stdout_length);
	hk_process_result_free(result);
}

static void both_streams_are_read_at_once(void **state)
{
	hk_process_opts process = probe_opts("both streams");
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result = run_with(&opts);

	(void) state;
	assert_int_equal(102400, result->stdout_length);
	assert_int_equal(102400, result->stderr_length);
	assert_int_equal('o', result->stdout_data[102300]);
	assert_int_equal('e', result->stderr_data[102300]);
	hk_process_result_free(result);
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
	hk_process_opts process = command_opts(
	    COMMAND("sh", "-c", "trap 'exit 5' TERM; echo up; kill -STOP $$; sleep 100"));
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

static void a_child_that_closes_stdout_is_still_waited_for(void **state)
{
	hk_process_opts process =
	    command_opts(COMMAND("sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result = run_with(&opts);

	(void) state;
	assert_int_equal(4, result->exit.code);
	assert_false(result->stdio_detached);
	hk_process_result_free(result);
}

static void output_without_pipes_is_not_captured(void **state)
{
	hk_process_opts process = command_opts(COMMAND("echo", "lost"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;

	(void) state;
	process.stdio[1].kind = HK_STDIO_NULL;
	process.stdio[2].kind = HK_STDIO_NULL;
	result = run_with(&opts);
	assert_string_equal("", result->stdout_data);
	assert_int_equal(0, result->stdout_total);
	hk_process_result_free(result);
}

static void a_terminal_is_captured_to_its_end(void **state)
{
	hk_process_opts process =
	    command_opts(COMMAND("sh", "-c", "test -t 1 && echo tty"));
	hk_process_run_opts opts = run_opts(&process);
	hk_process_result *result;

	(void) state;
	process.stdio[1].kind = HK_STDIO_PTY;
	process.stdio[2].kind = HK_STDIO_PTY;
	result = run_with(&opts);
	assert_string_equal("tty\r\n", result->stdout_data);
	assert_false(result->stdio_detached);
	hk_process_result_free(result);
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
		cmocka_unit_test(output_comes_apart),
		cmocka_unit_test(codes_and_signals_are_told_apart),
		cmocka_unit_test(what_it_used_is_counted),
		cmocka_unit_test(peak_memory_is_the_programs_own_or_called_a_bound),
		cmocka_unit_test(input_comes_from_memory),
		cmocka_unit_test(much_input_meets_much_output_without_deadlock),
		cmocka_unit_test(a_program_that_does_not_read_is_left_alone),
		cmocka_unit_test(an_empty_input_is_an_end_at_once),
		cmocka_unit_test(output_beyond_the_limit_is_counted_and_dropped),
		cmocka_unit_test(both_streams_are_read_at_once),
		cmocka_unit_test(a_timeout_stops_it_by_its_steps),
		cmocka_unit_test(a_timeout_kills_what_does_not_listen),
		cmocka_unit_test(a_stopped_program_can_still_be_timed_out),
		cmocka_unit_test(a_grandchild_cannot_hold_the_output),
		cmocka_unit_test(leftovers_are_killed_and_counted),
		cmocka_unit_test(leftovers_can_be_kept),
		cmocka_unit_test(a_child_that_closes_stdout_is_still_waited_for),
		cmocka_unit_test(output_without_pipes_is_not_captured),
		cmocka_unit_test(a_terminal_is_captured_to_its_end),
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
