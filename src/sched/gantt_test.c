/*
 * Charts: what they look like, that they fit, that nothing is lost in them, and that
 * names cannot break out of them.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/allocator.h>
#include <hostkit/sched.h>

static hk_sched_workload *tasks(size_t count, const char *const *ids, int64_t burst)
{
	hk_sched_workload *workload;

	assert_int_equal(0, hk_sched_workload_new(&workload));
	for (size_t i = 0; i < count; i++) {
		hk_sched_task task = HK_SCHED_TASK_INIT;

		task.id = ids == NULL ? NULL : ids[i];
		task.burst = burst;
		assert_true(hk_sched_workload_add(workload, &task) >= 0);
	}
	return workload;
}

static hk_sched_result *simulate(const hk_sched_workload *workload, int64_t quantum)
{
	hk_sched_policy_opts policy = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_result *result;

	policy.quantum = quantum;
	opts.policy = &policy;
	opts.slices = 1;
	assert_int_equal(0, hk_sched_simulate(&result, workload,
				hk_sched_policy_find("rr"), &opts, NULL));
	return result;
}

static void boxes_are_as_wide_as_their_time_where_that_fits(void **state)
{
	static const char *const ids[] = { "A", "B" };
	hk_sched_workload *workload = tasks(2, ids, 10);
	hk_sched_result *result = simulate(workload, 10);
	char *chart;

	(void) state;
	assert_int_equal(0, hk_sched_gantt_text(&chart, result, 42));
	assert_string_equal("|         A         |         B         |\n"
			    "0                   10                  20\n",
	    chart);
	hk_free(chart);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

/* Columns of a line of plain text. */
static void check_width(const char *chart, size_t width)
{
	while (*chart != '\0') {
		size_t length = strcspn(chart, "\n");

		if (length > width)
			fail_msg("%zu columns are more than %zu: %.*s", length, width,
			    (int) length, chart);
		chart += length + 1;
	}
}

static void lines_break_between_boxes_and_every_beginning_is_there(void **state)
{
	hk_sched_workload *workload = tasks(20, NULL, 1000003);
	hk_sched_result *result = simulate(workload, 100000);
	size_t count;
	const hk_sched_slice *slices = hk_sched_result_slices(result, &count);
	char *chart;

	(void) state;
	assert_int_equal(0, hk_sched_gantt_text(&chart, result, 80));
	check_width(chart, 80);
	for (size_t i = 0; i < count; i++) {
		char time[32];

		snprintf(time, sizeof(time), "%lld", (long long) slices[i].start);
		assert_non_null(strstr(chart, time));
	}
	hk_free(chart);
	assert_int_equal(-EINVAL, hk_sched_gantt_text(&chart, result, 19));
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void names_cannot_break_out(void **state)
{
	static const char *const ids[] = { "<script>&\"", "\x1b[31mred\n", "\xff\xfe",
		"a very long name that goes on and on and on" };
	hk_sched_workload *workload = tasks(4, ids, 500);
	hk_sched_result *result = simulate(workload, 1000);
	char *chart;

	(void) state;
	assert_int_equal(0, hk_sched_gantt_text(&chart, result, 80));
	assert_null(strchr(chart, '\x1b'));
	assert_non_null(strstr(chart, "\\x1b[31mred"));
	assert_null(strstr(chart, "goes on"));
	hk_free(chart);
	assert_int_equal(0, hk_sched_gantt_svg(&chart, result, "a < b & c"));
	assert_null(strstr(chart, "<script>"));
	assert_non_null(strstr(chart, "&lt;script&gt;&amp;"));
	assert_non_null(strstr(chart, "a &lt; b &amp; c"));
	assert_null(strchr(chart, '\x1b'));
	assert_null(strchr(chart, '\xff'));
	hk_free(chart);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void a_chart_of_nothing_is_empty(void **state)
{
	hk_sched_workload *workload = tasks(1, NULL, 0);
	hk_sched_result *result = simulate(workload, 5);
	char *chart;

	(void) state;
	assert_int_equal(0, hk_sched_gantt_text(&chart, result, 80));
	assert_string_equal("", chart);
	hk_free(chart);
	assert_int_equal(0, hk_sched_gantt_svg(&chart, result, NULL));
	assert_non_null(strstr(chart, "</svg>"));
	hk_free(chart);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void a_picture_has_a_box_for_every_slice(void **state)
{
	hk_sched_workload *workload = tasks(5, NULL, 30);
	hk_sched_result *result = simulate(workload, 7);
	size_t count;
	size_t boxes = 0;
	char *chart;

	(void) state;
	(void) hk_sched_result_slices(result, &count);
	assert_int_equal(0, hk_sched_gantt_svg(&chart, result, "five"));
	for (const char *at = chart; (at = strstr(at, "<title>")) != NULL; at++)
		boxes++;
	assert_int_equal(count, boxes);
	assert_non_null(strstr(chart, "<title>T1: 0 - 7</title>"));
	hk_free(chart);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void what_goes_on_is_one_box_also_beside_other_cpus(void **state)
{
	hk_sched_workload *workload = tasks(2, NULL, 100);
	hk_sched_policy_opts policy = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_result *result;
	size_t count;

	(void) state;
	policy.quantum = 3;
	opts.policy = &policy;
	opts.cpus = 2;
	opts.slices = 1;
	assert_int_equal(0, hk_sched_simulate(&result, workload,
				hk_sched_policy_find("rr"), &opts, NULL));
	(void) hk_sched_result_slices(result, &count);
	assert_int_equal(2, count);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boxes_are_as_wide_as_their_time_where_that_fits),
		cmocka_unit_test(lines_break_between_boxes_and_every_beginning_is_there),
		cmocka_unit_test(names_cannot_break_out),
		cmocka_unit_test(a_chart_of_nothing_is_empty),
		cmocka_unit_test(a_picture_has_a_box_for_every_slice),
		cmocka_unit_test(what_goes_on_is_one_box_also_beside_other_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
