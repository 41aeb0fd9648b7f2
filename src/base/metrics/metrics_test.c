#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/metrics.h>
#include "base/metrics/metrics_name.h"
#include "base/torture.h"

static const hk_metrics_family seconds = {
	.name = "app_cpu_seconds",
	.unit = "seconds",
	.help = "Time used.",
	.kind = HK_METRICS_COUNTER,
};

static const hk_metrics_family jobs = {
	.name = "app_jobs",
	.help = "Jobs\nthat \"wait\" in \\queue.",
	.kind = HK_METRICS_GAUGE,
};

static hk_metrics_writer *begun(hk_metrics_format format)
{
	hk_metrics_writer *writer;

	assert_int_equal(0, hk_metrics_writer_new(&writer, format));
	return writer;
}

static void is(hk_metrics_writer *writer, const char *expected)
{
	const char *text;
	size_t length;

	assert_int_equal(0, hk_metrics_finish(writer, &text, &length));
	assert_string_equal(expected, text);
	assert_int_equal(strlen(expected), length);
}

static void fails_with(int error, const char *at, hk_metrics_writer *writer)
{
	const char *text;

	assert_int_equal(error, hk_metrics_finish(writer, &text, NULL));
	assert_string_equal(at, hk_metrics_problem(writer));
	hk_metrics_writer_free(writer);
}

static void write_both(hk_metrics_writer *writer)
{
	const hk_metrics_label user[] = { { "cpu", "0" }, { "mode", "user" } };
	const hk_metrics_label idle[] = { { "cpu", "0" }, { "mode", "idle" } };

	hk_metrics_begin(writer, &seconds);
	hk_metrics_sample(writer, 12.25, user, 2);
	hk_metrics_sample(writer, 0, idle, 2);
	hk_metrics_begin(writer, &jobs);
	hk_metrics_sample_uint64(writer, UINT64_MAX, NULL, 0);
}

static void the_text_format_names_samples_in_its_comments(void **state)
{
	hk_metrics_writer *writer = begun(HK_METRICS_PROMETHEUS);

	(void) state;
	write_both(writer);
	is(writer, "# HELP app_cpu_seconds_total Time used.\n"
		   "# TYPE app_cpu_seconds_total counter\n"
		   "app_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 12.25\n"
		   "app_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 0\n"
		   "# HELP app_jobs Jobs\\nthat \"wait\" in \\\\queue.\n"
		   "# TYPE app_jobs gauge\n"
		   "app_jobs 18446744073709551615\n");
	hk_metrics_writer_free(writer);
}

static void openmetrics_names_families_and_units_and_ends(void **state)
{
	hk_metrics_writer *writer = begun(HK_METRICS_OPENMETRICS);

	(void) state;
	write_both(writer);
	is(writer, "# HELP app_cpu_seconds Time used.\n"
		   "# TYPE app_cpu_seconds counter\n"
		   "# UNIT app_cpu_seconds seconds\n"
		   "app_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 12.25\n"
		   "app_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 0\n"
		   "# HELP app_jobs Jobs\\nthat \\\"wait\\\" in \\\\queue.\n"
		   "# TYPE app_jobs gauge\n"
		   "app_jobs 18446744073709551615\n"
		   "# EOF\n");
	hk_metrics_writer_free(writer);
}

static void information_is_a_kind_of_its_own_in_openmetrics(void **state)
{
	const hk_metrics_family family = {
		.name = "app_build", .help = "What runs.", .kind = HK_METRICS_INFO
	};
	const hk_metrics_label version = { "version", "1.0" };
	hk_metrics_writer *writer = begun(HK_METRICS_OPENMETRICS);

	(void) state;
	hk_metrics_begin(writer, &family);
	hk_metrics_sample(writer, 1, &version, 1);
	is(writer, "# HELP app_build What runs.\n# TYPE app_build info\n"
		   "app_build_info{version=\"1.0\"} 1\n# EOF\n");
	hk_metrics_writer_reset(writer, HK_METRICS_PROMETHEUS);
	hk_metrics_begin(writer, &family);
	hk_metrics_sample(writer, 1, &version, 1);
	is(writer, "# HELP app_build_info What runs.\n# TYPE app_build_info gauge\n"
		   "app_build_info{version=\"1.0\"} 1\n");
	hk_metrics_writer_free(writer);
}

static void families_without_samples_leave_no_trace(void **state)
{
	hk_metrics_writer *writer = begun(HK_METRICS_PROMETHEUS);

	(void) state;
	hk_metrics_begin(writer, &seconds);
	hk_metrics_begin(writer, &jobs);
	is(writer, "");
	hk_metrics_writer_free(writer);
}

static void label_values_are_escaped_and_made_utf8(void **state)
{
	const hk_metrics_label labels[] = { { "path", "/a\\b\"c\nd" },
		{ "left_out", NULL }, { "name", "gr\xc3\xbc\xff\xc3" } };
	hk_metrics_writer *writer = begun(HK_METRICS_PROMETHEUS);

	(void) state;
	hk_metrics_begin(writer, &jobs);
	hk_metrics_sample(writer, 1.5e300, labels, 3);
	is(writer, "# HELP app_jobs Jobs\\nthat \"wait\" in \\\\queue.\n"
		   "# TYPE app_jobs gauge\n"
		   "app_jobs{path=\"/a\\\\b\\\"c\\nd\",name=\"gr\xc3\xbc\xef\xbf\xbd"
		   "\xef\xbf\xbd\"} 1.5e300\n");
	hk_metrics_writer_free(writer);
}

static void gauges_may_be_anything_that_prometheus_has_a_word_for(void **state)
{
	const hk_metrics_label labels[] = { { "of", "a" }, { "of", "b" }, { "of", "c" } };
	hk_metrics_writer *writer = begun(HK_METRICS_PROMETHEUS);
	const char *text;

	(void) state;
	hk_metrics_begin(writer, &jobs);
	hk_metrics_sample(writer, (double) INFINITY, &labels[0], 1);
	hk_metrics_sample(writer, -(double) INFINITY, &labels[1], 1);
	hk_metrics_sample(writer, (double) NAN, &labels[2], 1);
	assert_int_equal(0, hk_metrics_finish(writer, &text, NULL));
	assert_non_null(strstr(text, "{of=\"a\"} +Inf\n"));
	assert_non_null(strstr(text, "{of=\"b\"} -Inf\n"));
	assert_non_null(strstr(text, "{of=\"c\"} NaN\n"));
	hk_metrics_writer_free(writer);
}

static void what_collectors_refuse_is_refused_first(void **state)
{
	const hk_metrics_label cpu = { "cpu", "0" }, bad = { "__cpu", "0" };
	hk_metrics_writer *writer;

	(void) state;
	writer = begun(HK_METRICS_PROMETHEUS);
	hk_metrics_begin(writer, &jobs);
	hk_metrics_begin(writer, &seconds);
	hk_metrics_begin(writer, &jobs);
	fails_with(-EEXIST, "app_jobs", writer);

	writer = begun(HK_METRICS_PROMETHEUS);
	hk_metrics_begin(writer, &jobs);
	hk_metrics_sample(writer, 1, &cpu, 1);
	hk_metrics_sample(writer, 2, &cpu, 1);
	hk_metrics_begin(writer, &seconds); /* the first failure stays */
	fails_with(-EEXIST, "app_jobs", writer);

	writer = begun(HK_METRICS_PROMETHEUS);
	hk_metrics_begin(writer, &jobs);
	hk_metrics_sample(writer, 1, &bad, 1);
	fails_with(-EINVAL, "app_jobs", writer);

	writer = begun(HK_METRICS_PROMETHEUS);
	hk_metrics_begin(writer, &seconds);
	hk_metrics_sample(writer, -1, NULL, 0);
	fails_with(-EINVAL, "app_cpu_seconds", writer);

	writer = begun(HK_METRICS_PROMETHEUS);
	hk_metrics_sample(writer, 1, NULL, 0);
	fails_with(-EINVAL, "(no name)", writer);
}

static void names_are_held_to_the_rules(void **state)
{
	hk_metrics_family family = { .name = "a_bytes", .unit = "bytes", .help = "" };

	(void) state;
	assert_true(hki_metrics_is_family(&family));
	family.unit = "seconds";
	assert_false(hki_metrics_is_family(&family));
	family.unit = NULL;
	family.name = "a_total";
	assert_false(hki_metrics_is_family(&family));
	family.name = "1a";
	assert_false(hki_metrics_is_family(&family));
	family.name = "a-b";
	assert_false(hki_metrics_is_family(&family));
	family.name = "a:b9";
	assert_true(hki_metrics_is_family(&family));
	family.help = NULL;
	assert_false(hki_metrics_is_family(&family));
	assert_false(hki_metrics_is_label("a:b"));
	assert_false(hki_metrics_is_label(""));
	assert_true(hki_metrics_is_label("_a"));
}

static void a_writer_can_be_used_again(void **state)
{
	hk_metrics_writer *writer = begun(HK_METRICS_OPENMETRICS);
	const char *text;

	(void) state;
	hk_metrics_sample(writer, 1, NULL, 0);
	assert_int_equal(-EINVAL, hk_metrics_finish(writer, &text, NULL));
	hk_metrics_writer_reset(writer, HK_METRICS_PROMETHEUS);
	assert_string_equal("", hk_metrics_problem(writer));
	write_both(writer);
	assert_int_equal(0, hk_metrics_finish(writer, &text, NULL));
	hk_metrics_writer_reset(writer, HK_METRICS_OPENMETRICS);
	is(writer, "# EOF\n");
	hk_metrics_writer_free(writer);
	hk_metrics_writer_free(NULL);
}

static int write_in_little_memory(void *user)
{
	hk_metrics_writer *writer;
	const char *text;
	int r;

	(void) user;
	r = hk_metrics_writer_new(&writer, HK_METRICS_OPENMETRICS);
	if (r < 0)
		return r;
	write_both(writer);
	r = hk_metrics_finish(writer, &text, NULL);
	hk_metrics_writer_free(writer);
	return r;
}

static void lack_of_memory_is_told_and_leaks_nothing(void **state)
{
	(void) state;
	hki_torture(write_in_little_memory, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_format_names_samples_in_its_comments),
		cmocka_unit_test(openmetrics_names_families_and_units_and_ends),
		cmocka_unit_test(information_is_a_kind_of_its_own_in_openmetrics),
		cmocka_unit_test(families_without_samples_leave_no_trace),
		cmocka_unit_test(label_values_are_escaped_and_made_utf8),
		cmocka_unit_test(gauges_may_be_anything_that_prometheus_has_a_word_for),
		cmocka_unit_test(what_collectors_refuse_is_refused_first),
		cmocka_unit_test(names_are_held_to_the_rules),
		cmocka_unit_test(a_writer_can_be_used_again),
		cmocka_unit_test(lack_of_memory_is_told_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
