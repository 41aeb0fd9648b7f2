/*
 * Workloads read in three formats, with every mistake in its place.
 */
#include "sched/workload_fixture.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sched/reader.h"

static void check_three(hk_sched_workload *workload)
{
	const hk_sched_task *task = hk_sched_workload_task(workload, 1);

	assert_int_equal(2, hk_sched_workload_count(workload));
	assert_string_equal("A", hk_sched_workload_task(workload, 0)->id);
	assert_int_equal(24, hk_sched_workload_task(workload, 0)->burst);
	assert_string_equal("B, \"b\"", task->id);
	assert_int_equal(2, task->arrival);
	assert_int_equal(7, task->burst);
	assert_int_equal(-3, task->priority);
	assert_int_equal(5, task->tickets);
	assert_int_equal(2, task->io_count);
	assert_int_equal(3, task->io[0].after);
	assert_int_equal(5, task->io[0].duration);
	assert_int_equal(6, task->io[1].after);
	assert_int_equal(1, task->depends_on_count);
	assert_string_equal("A", task->depends_on[0].id);
	assert_int_equal(HK_SCHED_AFTER_ANY, task->depends_on[0].condition);
	assert_int_equal(0, hk_sched_workload_tick_ns(workload));
	hk_sched_workload_free(workload);
}

static void three_formats_say_the_same(void **state)
{
	(void) state;
	check_three(read_good(
	    "{\"tasks\": [{\"id\": \"A\", \"burst\": 24},\n"
	    " {\"id\": \"B, \\\"b\\\"\", \"arrival\": 2.0, \"burst\": 7e0, \"priority\": "
	    "-3,"
	    " \"tickets\": 5, \"io\": [{\"after\": 3, \"duration\": 5}, {\"duration\": 0,"
	    " \"after\": 6}], \"depends_on\": [{\"id\": \"A\", \"condition\": "
	    "\"any\"}]}]}"));
	check_three(read_good(
	    "[{\"id\": \"A\", \"burst\": 24},"
	    " {\"id\": \"B, \\\"b\\\"\", \"arrival\": 2, \"burst\": 7, \"priority\": -3,"
	    " \"tickets\": 5, \"io\": \"3:5 6:0\", \"depends_on\": \"A:any\"}]"));
	check_three(read_good(
	    "{\"id\": \"A\", \"burst\": 24}\n\n"
	    "{\"id\": \"B, \\\"b\\\"\", \"arrival\": 2, \"burst\": 7, \"priority\": -3,"
	    " \"tickets\": 5, \"io\": \"3:5 6:0\", \"depends_on\": \"A:any\"}\n"));
	check_three(
	    read_good("\xef\xbb\xbfid,arrival,burst,priority,tickets,io,depends_on\r\n"
		      "A,,24,,,,\r\n"
		      "\r\n"
		      "\"B, \"\"b\"\"\",2, 7 ,-3,5,3:5 6:0,A:any"));
}

static void a_unit_anywhere_makes_plain_numbers_milliseconds(void **state)
{
	hk_sched_workload *workload =
	    read_good("[{\"id\": \"A\", \"burst\": 24, \"arrival\": 0.4},"
		      " {\"id\": \"B\", \"burst\": \"1.5s\"}]");

	(void) state;
	assert_int_equal(1, hk_sched_workload_tick_ns(workload));
	assert_int_equal(24000000, hk_sched_workload_task(workload, 0)->burst);
	assert_int_equal(400000, hk_sched_workload_task(workload, 0)->arrival);
	assert_int_equal(1500000000, hk_sched_workload_task(workload, 1)->burst);
	hk_sched_workload_free(workload);
}

static void commands_are_read_with_all_their_keys(void **state)
{
	hk_sched_workload *workload = NULL;
	const hk_sched_task *task;
	const hk_sched_command *command;

	(void) state;
	assert_int_equal(
	    0, read_text(&workload,
		   "[{\"id\": \"A\", \"command\": [\"cc\", \"-c\", \"a b.c\"],"
		   " \"environment\": {\"LANG\": \"C\", \"E\": \"\"}, \"working_dir\": "
		   "\"/tmp\","
		   " \"queue_timeout\": \"1m\", \"run_timeout\": 20, \"retries\": 2,"
		   " \"backoff\": \"50ms\"},\n"
		   " {\"id\": \"B\", \"command\": \"make  -j2 all\"},\n"
		   " {\"id\": \"C\", \"command\": \"sh -c 'exit 3' a\\\\ b\"}]",
		   NULL, 1));
	task = hk_sched_workload_task(workload, 0);
	command = task->command;
	assert_int_equal(1000000000, task->burst);
	assert_string_equal("a b.c", command->argv[2]);
	assert_null(command->argv[3]);
	assert_string_equal("LANG=C", command->environment[0]);
	assert_string_equal("E=", command->environment[1]);
	assert_null(command->environment[2]);
	assert_string_equal("/tmp", command->working_dir);
	assert_int_equal(60000000000, command->queue_timeout_ns);
	assert_int_equal(20000000, command->run_timeout_ns);
	assert_int_equal(50000000, command->backoff_ns);
	assert_int_equal(2, command->retries);
	command = hk_sched_workload_task(workload, 1)->command;
	assert_string_equal("make", command->argv[0]);
	assert_string_equal("all", command->argv[2]);
	assert_null(command->argv[3]);
	command = hk_sched_workload_task(workload, 2)->command;
	assert_string_equal("exit 3", command->argv[2]);
	assert_string_equal("a b", command->argv[3]);
	assert_null(command->argv[4]);
	hk_sched_workload_free(workload);
}

typedef struct mistake {
	const char *text;
	int result;
	const char *told; /* the beginning of each line, one below the other */
} mistake;

static const mistake mistakes[] = {
	{ "id,command\nA,true\nB,sh -c 'exit 3\n", HK_EPARSE,
	    "in:3:9: command: the quote ' is not closed" },
	{ "{\"tasks\": [{\"id\": \"A\", \"burst\": -5}]}", HK_EPARSE,
	    "in:1:33: burst: a time is not negative\n" },
	{ "[{\"id\": \"A\"},\n {\"id\": \"A\", \"burst\": \"x\"}]", HK_EPARSE,
	    "in:1:2: burst: it is missing\n"
	    "in:2:23: burst: this is not a time\n"
	    "in:2:9: id: another task is called 'A' already\n" },
	{ "[{\"burst\": 1.5}, {\"burst\": 99999999999999999999}]", HK_EPARSE,
	    "in:1:12: burst: a number of ticks has no fraction\n"
	    "in:1:28: burst: the number is too large\n" },
	{ "[{\"burst\": 3000000000000000000}]", HK_EPARSE,
	    "in:1:12: burst: the time is too long\n" },
	{ "[{\"burst\": true, \"brust\": 1, \"priority\": 1e99, \"tickets\": 0}]",
	    HK_EPARSE,
	    "in:1:12: burst: it has to be a number, not true or false\n"
	    "in:1:18: task: unknown key 'brust'\n"
	    "in:1:42: priority: this is not a whole number\n"
	    "in:1:59: tickets: without a ticket\n" },
	{ "[{\"burst\": 5, \"io\": [{\"after\": 5, \"duration\": 1}, {\"after\": 1}, "
	  "7]}]",
	    HK_EPARSE,
	    "in:1:51: io: duration is missing\n"
	    "in:1:65: io: it has to be {\n"
	    "in:1:21: io: I/O comes before the burst is over\n" },
	{ "[{\"id\": \"A\", \"burst\": 1, \"depends_on\": [\"B\",\n\"C\"]},"
	  "{\"id\": \"B\", \"burst\": 1, \"depends_on\": [\"A\"]}]",
	    -ELOOP,
	    "in:2:1: depends_on: task 'A' waits for 'C', which is not\n"
	    "in:1:41: depends_on: tasks wait for each other in a circle: 'A' -> 'B' -> "
	    "'A'\n" },
	{ "[{\"id\": \"A\", \"burst\": 1, \"depends_on\": \"C\"}]", -ENOENT,
	    "in:1:40: depends_on: task 'A' waits for 'C'\n" },
	{ "[{\"burst\": 1, \"command\": []}, {\"burst\": 1, \"retries\": 3},"
	  " {\"command\": [3, \"a\\u0000b\"]}]",
	    HK_EPARSE,
	    "in:1:26: command: it is empty\n"
	    "in:1:55: retries: it has no meaning without a command\n"
	    "in:1:72: command: it has to be a text, not a number\n"
	    "in:1:75: command: the text has a NUL character in it\n"
	    "in:1:71: command: it is empty\n" },
	{ "{\"tasks\": 5, \"other\": 1}", HK_EPARSE,
	    "in:1:11: tasks: it has to be a list, not a number\n"
	    "in:1:14: workload: unknown key 'other'\n" },
	{ "{\"schema\": \"x\"\n}", HK_EPARSE,
	    "in:1:1: workload: there are no tasks in it\n" },
	{ "[{\"burst\": 1,}]", HK_EPARSE, "in:1:14: json: " },
	{ "", HK_EPARSE, "in:1:1: json: " },
	{ "{\"burst\": 1}\n{\"burst\": }\n{\"burst\": 0.5}\n", HK_EPARSE,
	    "in:2:11: json: \nin:3:11: burst: a number of ticks has no fraction\n" },
	{ "id,burst,color,burst\nA,1,2\n\"B,3\n", HK_EPARSE,
	    "in:1:10: csv: unknown column 'color'\n"
	    "in:1:16: csv: the column 'burst' is there twice\n"
	    "in:2:1: csv: the row has 3 fields, the first line 4\n"
	    "in:3:1: csv: the quote is not closed\n"
	    "in:3:1: csv: the row has 1 fields, the first line 4\n"
	    "in:3:1: burst: it is missing\n" },
	{ "id,burst,io,depends_on\nA,x,3-4,\nB,-1,,Z\n\"C\"d,1,,\n", HK_EPARSE,
	    "in:2:3: burst: this is not a time\n"
	    "in:2:5: io: I/O is written AFTER:DURATION\n"
	    "in:3:3: burst: a time is not negative\n"
	    "in:4:4: csv: there is something behind the closing quote\n"
	    "in:3:7: depends_on: task 'B' waits for 'Z'\n" },
};

/* Each line told has to begin as expected. */
static void compare_told(const mistake *of, const hk_error_list *errors)
{
	const char *expected = of->told;
	size_t count = 0;

	for (; *expected != '\0'; count++) {
		size_t length = strcspn(expected, "\n");
		char line[512] = "";

		if (hk_error_list_get(errors, count) != NULL)
			(void) hk_error_format(
			    line, sizeof(line), hk_error_list_get(errors, count));
		if (strncmp(expected, line, length) != 0)
			fail_msg("%s\n  expected %.*s\n  found    %s", of->text,
			    (int) length, expected, line);
		expected += length + (expected[length] == '\n');
	}
	if (hk_error_list_count(errors) != count)
		fail_msg("%s\n  expected %zu errors, found %zu", of->text, count,
		    hk_error_list_count(errors));
}

static void every_mistake_is_told_where_it_is(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		hk_sched_workload *workload = NULL;
		hk_error_list *errors;
		int r;

		assert_int_equal(0, hk_error_list_new(&errors));
		r = read_text(&workload, mistakes[i].text, errors, 0);
		compare_told(&mistakes[i], errors);
		if (r != mistakes[i].result)
			fail_msg("%s: expected %s, found %s", mistakes[i].text,
			    hk_error_name(mistakes[i].result), hk_error_name(r));
		assert_null(workload);
		/* The same without anybody to tell. */
		assert_int_equal(r, read_text(&workload, mistakes[i].text, NULL, 0));
		hk_error_list_free(errors);
	}
}

static void decimals_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		int scale;
		int result;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "-7", 0, 0, -7 },
		{ "0.4", 6, 0, 400000 },
		{ "1.0", 0, 0, 1 },
		{ "10e-1", 0, 0, 1 },
		{ "1E+3", 0, 0, 1000 },
		{ ".5", 1, 0, 5 },
		{ "0e99999999999", 0, 0, 0 },
		{ "9223372036854775807", 0, 0, INT64_MAX },
		{ "9223372036854775808", 0, -ERANGE, 0 },
		{ "1e400", 0, -ERANGE, 0 },
		{ "1e-400", 0, -EDOM, 0 },
		{ "0.0000001", 6, -EDOM, 0 },
		{ "123456789012345678901234567890123456789012", 0, -ERANGE, 0 },
		{ "", 0, -EINVAL, 0 },
		{ "-", 0, -EINVAL, 0 },
		{ "1e", 0, -EINVAL, 0 },
		{ "1x", 0, -EINVAL, 0 },
		{ ".", 0, -EINVAL, 0 },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = 0;
		int r = hki_sched_decimal(
		    &value, cases[i].text, strlen(cases[i].text), cases[i].scale);

		if (r != cases[i].result || (r == 0 && value != cases[i].value))
			fail_msg("'%s': expected %d and %lld, found %d and %lld",
			    cases[i].text, cases[i].result, (long long) cases[i].value, r,
			    (long long) value);
	}
}

static void a_byte_order_mark_is_passed_over(void **state)
{
	/* A mark is three bytes, in octal so that it ends where it ends. */
	static const char *const texts[] = { "\357\273\277[{\"burst\": 3}]",
		"\357\273\277{\"burst\": 3}\n", "\357\273\277burst\n3\n" };

	(void) state;
	for (size_t i = 0; i < 3; i++) {
		hk_sched_workload *workload = read_good(texts[i]);

		assert_int_equal(1, hk_sched_workload_count(workload));
		assert_int_equal(3, hk_sched_workload_task(workload, 0)->burst);
		hk_sched_workload_free(workload);
	}
}

/* The first mistake in @text, read to be run. */
static void assert_cannot_run(const char *text, const char *expected)
{
	hk_sched_read_opts opts = HK_SCHED_READ_OPTS_INIT;
	hk_sched_workload *workload = NULL;
	hk_error_list *errors;
	char line[256] = "";

	opts.source = "in";
	opts.real = 1;
	opts.to_run = 1;
	assert_int_equal(0, hk_error_list_new(&errors));
	assert_int_equal(HK_EPARSE,
	    hk_sched_workload_read(&workload, text, strlen(text), &opts, errors));
	assert_non_null(hk_error_list_get(errors, 0));
	(void) hk_error_format(line, sizeof(line), hk_error_list_get(errors, 0));
	assert_string_equal(expected, line);
	hk_error_list_free(errors);
}

static void what_cannot_be_run_is_told_where_it_is(void **state)
{
	(void) state;
	assert_cannot_run("[{\"id\": \"A\", \"command\": \"true\"},\n {\"id\": \"B\"}]",
	    "in:2:2: command: 'B' has none, so there is nothing to run "
	    "(a simulation needs none)");
	assert_cannot_run("burst\n5\n",
	    "in:2:1: command: the task has none, so there is nothing to run "
	    "(a simulation needs none)");
	assert_cannot_run("command,period\ntrue,20\n",
	    "in:2:6: period: a periodic task can be simulated and not run "
	    "(give each release a task of its own, with start_after)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_formats_say_the_same),
		cmocka_unit_test(a_unit_anywhere_makes_plain_numbers_milliseconds),
		cmocka_unit_test(commands_are_read_with_all_their_keys),
		cmocka_unit_test(every_mistake_is_told_where_it_is),
		cmocka_unit_test(decimals_are_read_exactly),
		cmocka_unit_test(a_byte_order_mark_is_passed_over),
		cmocka_unit_test(what_cannot_be_run_is_told_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
