/*
 * Published schedules.  test/fixtures/sched/textbook.json holds exercises with their
 * figures as printed, where they are, and what an independent simulator made of each;
 * every start, end, wait, every slice and every average has to be the same.
 */
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/json.h>
#include <hostkit/sched.h>
#include "base/buffer.h"

/* Some exercises have tenths; everything is ten times as long here. */
#define TENTHS 10

typedef struct book {
	hki_buffer text;
	hk_json_document *document;
} book;

static int open_book(void **state)
{
	static book own;
	FILE *file = fopen(HKI_FIXTURES "/textbook.json", "rb");
	char piece[4096];
	size_t got;

	assert_non_null(file);
	while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
		assert_int_equal(0, hki_buffer_append(&own.text, piece, got));
	fclose(file);
	assert_int_equal(0, hk_json_document_new(&own.document, NULL));
	assert_int_equal(0, hk_json_parse(own.document, own.text.data, own.text.length));
	*state = &own;
	return 0;
}

static int close_book(void **state)
{
	book *own = *state;

	hk_json_document_free(own->document);
	hki_buffer_deinit(&own->text);
	return 0;
}

static double number(const hk_json *value)
{
	double number = NAN;

	assert_int_equal(0, hk_json_get_double(&number, value));
	return number;
}

static int64_t ticks(const hk_json *value)
{
	return llround(number(value) * TENTHS);
}

static hk_sched_workload *read_exercise(const hk_json *exercise)
{
	hk_json_iterator each = hk_json_iterate(hk_json_member(exercise, "input"));
	hk_sched_workload *workload;
	const hk_json *row;

	assert_int_equal(0, hk_sched_workload_new(&workload));
	while ((row = hk_json_next(&each)) != NULL) {
		hk_sched_task task = HK_SCHED_TASK_INIT;
		int64_t priority = 0;

		task.id = hk_json_get_string(hk_json_element(row, 0), NULL);
		task.arrival = ticks(hk_json_element(row, 1));
		task.burst = ticks(hk_json_element(row, 2));
		if (hk_json_count(row) > 3)
			assert_int_equal(
			    0, hk_json_get_int64(&priority, hk_json_element(row, 3)));
		task.priority = (int32_t) priority;
		assert_true(hk_sched_workload_add(workload, &task) >= 0);
	}
	return workload;
}

/* The book's names of algorithms, and ours. */
static const char *const names[][2] = {
	{ "FCFS", "fcfs" },
	{ "SJF", "sjf" },
	{ "SRTF", "srtf" },
	{ "RR", "rr" },
	{ "PRIO", "priority" },
	{ "PPRIO", "priority" }, /* the same, preemptive */
	{ "PRR", "priority-rr" },
	{ "HRRN", "hrrn" },
	{ "FB1", "feedback" },
	{ "FB2", "feedback" },
};

static const hk_sched_policy *policy_of(const char *algorithm)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], algorithm) == 0)
			return hk_sched_policy_find(names[i][1]);
	return NULL;
}

/* Slices that double a level, as in Stallings' second feedback example. */
static const int64_t doubling[] = { 1 * TENTHS, 2 * TENTHS, 4 * TENTHS, 8 * TENTHS,
	16 * TENTHS };

static hk_sched_result *simulate(const hk_json *exercise, hk_sched_workload *workload)
{
	const char *algorithm =
	    hk_json_get_string(hk_json_member(exercise, "algo"), NULL);
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	const hk_json *quantum = hk_json_member(exercise, "quantum");
	bool low_first = false;
	hk_sched_result *result = NULL;

	if (hk_json_kind_of(quantum) == HK_JSON_NUMBER)
		policy_opts.quantum = ticks(quantum);
	if (strcmp(algorithm, "PPRIO") == 0)
		policy_opts.flags = HK_SCHED_PREEMPTIVE;
	if (strcmp(algorithm, "FB1") == 0)
		policy_opts.quantum = 1 * TENTHS;
	if (strcmp(algorithm, "FB2") == 0) {
		policy_opts.quanta = doubling;
		policy_opts.quanta_count = 5;
	}
	assert_int_equal(
	    0, hk_json_get_bool(&low_first, hk_json_member(exercise, "low_is_high")));
	opts.policy = &policy_opts;
	opts.low_first = low_first;
	opts.slices = 1;
	if (hk_json_is_string(hk_json_member(exercise, "tie"), "P"))
		opts.tie = HK_SCHED_TIE_PREEMPTED;
	assert_int_equal(
	    0, hk_sched_simulate(&result, workload, policy_of(algorithm), &opts, NULL));
	return result;
}

static size_t differences;

static void differ(const char *exercise, const char *what, double expected, double found)
{
	print_error("%s: %s: expected %g, found %g\n", exercise, what, expected, found);
	differences++;
}

static void compare_time(
    const char *exercise, const char *what, const hk_json *expected, int64_t found)
{
	if (ticks(expected) != found)
		differ(exercise, what, number(expected), (double) found / TENTHS);
}

static void compare_jobs(
    const char *exercise, const hk_json *jobs, const hk_sched_result *result)
{
	for (size_t i = 0; i < hk_sched_result_count(result); i++) {
		hk_json_iterator each = hk_json_iterate(jobs);
		const hk_json *job;
		hk_sched_row row;

		assert_int_equal(0, hk_sched_result_row(&row, result, i));
		while ((job = hk_json_next(&each)) != NULL &&
		       !hk_json_is_string(hk_json_member(job, "name"), row.id))
			;
		assert_non_null(job);
		compare_time(exercise, "start", hk_json_member(job, "start"), row.start);
		compare_time(exercise, "end", hk_json_member(job, "finish"), row.end);
		compare_time(exercise, "wait", hk_json_member(job, "wait"), row.wait);
		compare_time(
		    exercise, "response", hk_json_member(job, "response"), row.response);
		compare_time(exercise, "turnaround", hk_json_member(job, "turnaround"),
		    row.turnaround);
	}
}

static void compare_gantt(
    const char *exercise, const hk_json *gantt, const hk_sched_result *result)
{
	hk_json_iterator each = hk_json_iterate(gantt);
	size_t count;
	const hk_sched_slice *slices = hk_sched_result_slices(result, &count);
	const hk_json *expected;

	if (hk_json_count(gantt) != count) {
		differ(exercise, "slices", (double) hk_json_count(gantt), (double) count);
		return;
	}
	for (; (expected = hk_json_next(&each)) != NULL; slices++) {
		hk_sched_row row;

		assert_int_equal(0, hk_sched_result_row(&row, result, slices->job));
		if (!hk_json_is_string(hk_json_element(expected, 0), row.id))
			print_error("%s: slice at %g: expected %s, found %s\n", exercise,
			    number(hk_json_element(expected, 1)),
			    hk_json_get_string(hk_json_element(expected, 0), NULL),
			    row.id);
		compare_time(exercise, "begin of a slice", hk_json_element(expected, 1),
		    slices->start);
		compare_time(exercise, "end of a slice", hk_json_element(expected, 2),
		    slices->end);
	}
}

/* Averages are printed with four digits at most. */
static void compare_average(
    const char *exercise, const char *what, double expected, double found)
{
	if (fabs(expected - found / TENTHS) > 0.00006)
		differ(exercise, what, expected, found / TENTHS);
}

static double average_of(const hk_sched_result *result, const char *what)
{
	const hk_sched_statistics *of = hk_sched_result_statistics(result);

	if (strcmp(what, "wait") == 0)
		return of->wait_average;
	if (strcmp(what, "turnaround") == 0)
		return of->turnaround_average;
	return of->response_average;
}

/* In the order in which they end: "P2,P1,P3". */
static void compare_order(
    const char *exercise, const char *expected, const hk_sched_result *result)
{
	char found[256] = "";
	int64_t after = -1;

	for (size_t n = 0; n < hk_sched_result_count(result); n++) {
		hk_sched_row best = { .end = INT64_MAX };
		hk_sched_row row;

		for (size_t i = 0; hk_sched_result_row(&row, result, i) == 0; i++)
			if (row.end > after && row.end < best.end)
				best = row;
		if (n > 0)
			strcat(found, ",");
		strcat(found, best.id);
		after = best.end;
	}
	if (strcmp(expected, found) != 0) {
		print_error(
		    "%s: order: expected %s, found %s\n", exercise, expected, found);
		differences++;
	}
}

static void compare_published(
    const char *exercise, const hk_json *published, const hk_sched_result *result)
{
	const char *what = hk_json_get_string(hk_json_element(published, 0), NULL);
	const hk_json *value = hk_json_element(published, 1);

	if (what == NULL)
		return;
	if (strcmp(what, "order") == 0)
		compare_order(exercise, hk_json_get_string(value, NULL), result);
	else
		compare_average(exercise, what, number(value), average_of(result, what));
}

static void every_exercise_comes_out_as_in_the_book(void **state)
{
	const book *own = *state;
	hk_json_iterator each = hk_json_iterate(hk_json_root(own->document));
	const hk_json *exercise;
	size_t count = 0;

	differences = 0;
	while ((exercise = hk_json_next(&each)) != NULL) {
		const char *id = hk_json_get_string(hk_json_member(exercise, "id"), NULL);
		hk_sched_workload *workload = read_exercise(exercise);
		hk_sched_result *result = simulate(exercise, workload);

		compare_jobs(id, hk_json_member(exercise, "jobs"), result);
		compare_gantt(id, hk_json_member(exercise, "gantt"), result);
		compare_average(id, "wait", number(hk_json_member(exercise, "avg_wait")),
		    average_of(result, "wait"));
		compare_average(id, "turnaround",
		    number(hk_json_member(exercise, "avg_turnaround")),
		    average_of(result, "turnaround"));
		compare_average(id, "response",
		    number(hk_json_member(exercise, "avg_response")),
		    average_of(result, "response"));
		compare_published(
		    id, hk_json_member(exercise, "expect_published"), result);
		hk_sched_result_free(result);
		hk_sched_workload_free(workload);
		count++;
	}
	assert_int_equal(54, count);
	assert_int_equal(0, differences);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exercise_comes_out_as_in_the_book),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
