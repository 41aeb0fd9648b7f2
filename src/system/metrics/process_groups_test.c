#include "system/metrics/process_groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/system_process_details.h>
#include "base/torture.h"

/* A process called @name that has used @cpu_s; its pid tells it from others. */
static hk_system_process process(int32_t pid, const char *name, double cpu_s)
{
	hk_system_process row = { .pid = pid,
		.ppid = 1,
		.start_ticks = 1000,
		.inode = (uint64_t) pid + 100000,
		.name = name,
		.threads = 2,
		.cpu_s = cpu_s,
		.cpu_user_s = cpu_s * 3 / 4,
		.cpu_system_s = cpu_s / 4,
		.rss_bytes = 4096 };

	for (unsigned int i = 0; i <= HK_SYSTEM_PROCESS_VIRTUAL; i++)
		hk_record_set(&row.record, i);
	return row;
}

static void set_io(hk_system_process *row, uint64_t read, uint64_t written)
{
	row->read_bytes = read;
	row->written_bytes = written;
	hk_record_set(&row->record, HK_SYSTEM_PROCESS_READ_BYTES);
	hk_record_set(&row->record, HK_SYSTEM_PROCESS_WRITTEN_BYTES);
}

static void set_user(hk_system_process *row, const char *user)
{
	row->user = user;
	hk_record_set(&row->record, HK_SYSTEM_PROCESS_USER);
}

enum { ROWS_MAX = 16 };

/* @rows are those that live, then those that have ended. */
static int take_some(
    hki_process_groups *groups, const hk_system_process *rows, size_t count, size_t ended)
{
	const hk_system_process *pointers[ROWS_MAX];

	assert_true(count + ended <= ROWS_MAX);
	for (size_t i = 0; i < count + ended; i++)
		pointers[i] = &rows[i];
	return hki_process_groups_take(groups, pointers, count, pointers + count, ended);
}

static void take(
    hki_process_groups *groups, const hk_system_process *rows, size_t count, size_t ended)
{
	assert_int_equal(0, take_some(groups, rows, count, ended));
}

static hki_process_groups *make(uint32_t grouping, size_t most)
{
	hki_process_groups *groups = NULL;

	assert_int_equal(0, hki_process_groups_new(&groups, grouping, most));
	return groups;
}

/* The value of a series, whose name stands at the beginning of a line; -1: it is not there. */
static double value(const hki_process_groups *groups, const char *family,
    const char *group, const char *more)
{
	char series[256], line[300];
	hk_metrics_writer *writer = NULL;
	const char *text, *at;
	double number = -1;

	(void) snprintf(
	    series, sizeof(series), "%s{group=\"%s\"%s} ", family, group, more);
	(void) snprintf(line, sizeof(line), "\n%s", series);
	assert_int_equal(0, hk_metrics_writer_new(&writer, HK_METRICS_PROMETHEUS));
	hki_process_groups_write(writer, groups);
	assert_int_equal(0, hk_metrics_finish(writer, &text, NULL));
	at = strstr(text, line);
	if (at != NULL)
		assert_int_equal(1, sscanf(at + strlen(line), "%lf", &number));
	hk_metrics_writer_free(writer);
	return number;
}

static double cpu(const hki_process_groups *groups, const char *group)
{
	return value(groups, "hostkit_process_group_cpu_seconds_total", group,
		   ",mode=\"user\"") +
	       value(groups, "hostkit_process_group_cpu_seconds_total", group,
		   ",mode=\"system\"");
}

static double members(const hki_process_groups *groups, const char *group)
{
	return value(groups, "hostkit_process_group_processes", group, "");
}

static void is(double expected, double seen)
{
	if (seen < expected - 1e-9 || seen > expected + 1e-9)
		fail_msg("expected %.9f, saw %.9f", expected, seen);
}

static void what_a_process_used_stays_when_it_has_ended(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 10);
	hk_system_process rows[] = { process(10, "web", 100), process(11, "web", 50),
		process(12, "shell", 1) };

	(void) state;
	take(groups, rows, 3, 0);
	is(150, cpu(groups, "web"));
	is(2, members(groups, "web"));
	is(8192, value(groups, "hostkit_process_group_resident_bytes", "web", ""));
	is(4, value(groups, "hostkit_process_group_threads", "web", ""));
	rows[1] = process(12, "shell", 2);
	rows[2] = process(11, "web", 51);
	take(groups, rows, 2, 1);
	is(151, cpu(groups, "web"));
	is(1, members(groups, "web"));
	is(2, cpu(groups, "shell"));
	rows[0] = process(12, "shell", 2);
	rows[1] = process(10, "web", 100);
	take(groups, rows, 1, 1);
	is(151, cpu(groups, "web"));
	is(0, members(groups, "web"));
	hki_process_groups_free(groups);
}

/* One id, two processes: what the second one used is not held against the first. */
static void an_id_that_is_given_again_is_another_process(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 10);
	hk_system_process rows[2] = { process(10, "web", 100) };

	(void) state;
	take(groups, rows, 1, 0);
	rows[1] = rows[0];
	rows[0] = process(10, "web", 5);
	rows[0].inode++;
	take(groups, rows, 1, 1);
	is(105, cpu(groups, "web"));
	hki_process_groups_free(groups);
}

static void figures_that_go_back_stand_still(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 10);
	hk_system_process row = process(10, "web", 100);

	(void) state;
	set_io(&row, 1000, 10);
	take(groups, &row, 1, 0);
	is(1000, value(groups, "hostkit_process_group_read_bytes_total", "web", ""));
	row = process(10, "web", 90); /* and its I/O may not be seen any more */
	take(groups, &row, 1, 0);
	is(100, cpu(groups, "web"));
	is(1000, value(groups, "hostkit_process_group_read_bytes_total", "web", ""));
	row = process(10, "web", 101);
	set_io(&row, 1500, 10);
	take(groups, &row, 1, 0);
	is(101, cpu(groups, "web"));
	is(1500, value(groups, "hostkit_process_group_read_bytes_total", "web", ""));
	is(10, value(groups, "hostkit_process_group_written_bytes_total", "web", ""));
	hki_process_groups_free(groups);
}

static void what_may_not_be_seen_is_absent(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 10);
	hk_system_process row = process(10, "web", 100);

	(void) state;
	take(groups, &row, 1, 0);
	is(-1, value(groups, "hostkit_process_group_read_bytes_total", "web", ""));
	is(-1, members(groups, HKI_GROUP_REST));
	is(-1, members(groups, HKI_GROUP_UNKNOWN));
	hki_process_groups_free(groups);
}

/* A program that executes another keeps what it used with the name it had then. */
static void who_changes_the_group_takes_nothing_along(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 10);
	hk_system_process row = process(10, "sh", 7);

	(void) state;
	take(groups, &row, 1, 0);
	row = process(10, "make", 9);
	take(groups, &row, 1, 0);
	is(7, cpu(groups, "sh"));
	is(0, members(groups, "sh"));
	is(2, cpu(groups, "make"));
	hki_process_groups_free(groups);
}

static void beyond_the_limit_the_busiest_have_series(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 2);
	hk_system_process rows[] = { process(1, "a", 1), process(2, "b", 20),
		process(3, "c", 2), process(4, "d", 30) };

	(void) state;
	take(groups, rows, 4, 0);
	is(20, cpu(groups, "b"));
	is(30, cpu(groups, "d"));
	is(3, cpu(groups, HKI_GROUP_REST));
	is(2, members(groups, HKI_GROUP_REST));
	is(-1, members(groups, "a"));
	/* "a" works now, but nobody loses a place he is in. */
	rows[0] = process(1, "a", 1000);
	take(groups, rows, 4, 0);
	is(1002, cpu(groups, HKI_GROUP_REST));
	is(20, cpu(groups, "b"));
	hki_process_groups_free(groups);
}

static void an_empty_place_is_given_up_and_the_sum_stays(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 2);
	hk_system_process rows[] = { process(1, "a", 10), process(2, "b", 20),
		process(3, "c", 1) };

	(void) state;
	take(groups, rows, 2, 0);
	take(groups, rows + 1, 1, 0); /* a has ended */
	is(10, cpu(groups, "a"));
	take(groups, rows + 1, 2, 0); /* c comes */
	is(-1, members(groups, "a"));
	is(1, cpu(groups, "c"));
	is(20, cpu(groups, "b"));
	is(10, cpu(groups, HKI_GROUP_REST));
	hki_process_groups_free(groups);
}

static void those_who_have_ended_drive_nobody_out(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 2);
	hk_system_process rows[] = { process(1, "a", 10), process(2, "b", 20),
		process(3, "true", 1) };

	(void) state;
	take(groups, rows, 2, 0);
	rows[0] = rows[1];
	rows[1] = rows[2];
	take(groups, rows, 1, 1);
	is(1, cpu(groups, HKI_GROUP_REST));
	is(10, cpu(groups, "a"));
	hki_process_groups_free(groups);
}

/* A helper reads names of users; what came before it was there is charged right. */
static void a_name_that_comes_late_is_waited_for_once(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_USER, 10);
	hk_system_process row = process(10, "web", 100);

	(void) state;
	take(groups, &row, 1, 0);
	is(1, members(groups, HKI_GROUP_UNKNOWN));
	is(0, cpu(groups, HKI_GROUP_UNKNOWN));
	set_user(&row, "www");
	take(groups, &row, 1, 0);
	is(100, cpu(groups, "www"));
	is(0, members(groups, HKI_GROUP_UNKNOWN));
	hki_process_groups_free(groups);
}

static void one_that_no_sample_saw_counts_to_its_parent(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_USER, 10);
	hk_system_process rows[] = { process(1, "init", 1), process(20, "true", 3) };

	(void) state;
	set_user(&rows[0], "root");
	take(groups, rows, 1, 1);
	is(4, cpu(groups, "root"));
	is(1, members(groups, "root"));
	rows[1].ppid = 77;
	take(groups, rows, 1, 1);
	is(3, cpu(groups, HKI_GROUP_UNKNOWN));
	hki_process_groups_free(groups);
}

/* hk_metrics_finish() in value() would refuse one series twice. */
static void names_that_look_alike_are_one_series(void **state)
{
	hki_process_groups *groups = make(HK_SYSTEM_GROUPING_NAME, 10);
	hk_system_process rows[] = { process(1, "a\xff", 1), process(2, "a\xfe", 2),
		process(3, "a\"\\\n", 4), process(4, HKI_GROUP_REST, 8),
		process(5, "kworker/0:1", 16), process(6, "kworker/1:0", 32) };

	(void) state;
	rows[4].kernel = rows[5].kernel = true;
	take(groups, rows, 6, 0);
	is(3, cpu(groups, "a\xef\xbf\xbd"));
	is(4, cpu(groups, "a\\\"\\\\\\n"));
	is(8, cpu(groups, HKI_GROUP_REST));
	is(48, cpu(groups, HKI_GROUP_KERNEL));
	hki_process_groups_free(groups);
}

static int work(void *user)
{
	const hk_system_process rows[] = { process(1, "a\xff", 1), process(2, "b", 2),
		process(3, "c", 2) };
	hki_process_groups *groups = NULL;
	int r = hki_process_groups_new(&groups, HK_SYSTEM_GROUPING_NAME, 2);

	(void) user;
	if (r == 0)
		r = take_some(groups, rows, 2, 1);
	if (r == 0)
		r = take_some(groups, rows + 1, 2, 0);
	hki_process_groups_free(groups);
	return r;
}

static void without_memory_nothing_leaks(void **state)
{
	(void) state;
	hki_torture(work, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_process_used_stays_when_it_has_ended),
		cmocka_unit_test(an_id_that_is_given_again_is_another_process),
		cmocka_unit_test(figures_that_go_back_stand_still),
		cmocka_unit_test(what_may_not_be_seen_is_absent),
		cmocka_unit_test(who_changes_the_group_takes_nothing_along),
		cmocka_unit_test(beyond_the_limit_the_busiest_have_series),
		cmocka_unit_test(an_empty_place_is_given_up_and_the_sum_stays),
		cmocka_unit_test(those_who_have_ended_drive_nobody_out),
		cmocka_unit_test(a_name_that_comes_late_is_waited_for_once),
		cmocka_unit_test(one_that_no_sample_saw_counts_to_its_parent),
		cmocka_unit_test(names_that_look_alike_are_one_series),
		cmocka_unit_test(without_memory_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
