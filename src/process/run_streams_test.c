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
#include "process/run_test.h"

/* Runs to completion: what goes in and what comes out. */

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_comes_apart),
		cmocka_unit_test(input_comes_from_memory),
		cmocka_unit_test(much_input_meets_much_output_without_deadlock),
		cmocka_unit_test(a_program_that_does_not_read_is_left_alone),
		cmocka_unit_test(an_empty_input_is_an_end_at_once),
		cmocka_unit_test(output_beyond_the_limit_is_counted_and_dropped),
		cmocka_unit_test(both_streams_are_read_at_once),
		cmocka_unit_test(a_child_that_closes_stdout_is_still_waited_for),
		cmocka_unit_test(output_without_pipes_is_not_captured),
		cmocka_unit_test(a_terminal_is_captured_to_its_end),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
