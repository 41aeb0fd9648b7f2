/* What a scrape says of covered file systems, of units, and of processes that ended. */
#include "system/metrics/exporter.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/system_metrics.h>
#include "system/metrics/record_metrics.h"

static bool label_mount(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	const hk_system_filesystem *all = items;

	if (hki_filesystem_is_covered(all, count, index))
		return false;
	hki_metrics_label(out, "mount", all[index].mount);
	return true;
}

static void is(hk_metrics_writer *writer, const char *expected)
{
	const char *text;

	assert_int_equal(0, hk_metrics_finish(writer, &text, NULL));
	assert_string_equal(expected, text);
	hk_metrics_writer_free(writer);
}

/* mount --bind /a /a: two with one name, which a scrape must not tell twice. */
static void a_file_system_mounted_over_another_is_told_alone(void **state)
{
	const hk_system_filesystem all[] = {
		{ .mount = "/a", .state = HK_SYSTEM_FILESYSTEM_OK },
		{ .mount = "/b", .state = HK_SYSTEM_FILESYSTEM_STALE },
		{ .mount = "/a", .state = HK_SYSTEM_FILESYSTEM_ERROR },
	};
	const hk_metrics_family family = { .name = "failing", .help = "Failing." };
	hk_metrics_writer *writer;

	(void) state;
	assert_int_equal(0, hk_metrics_writer_new(&writer, HK_METRICS_PROMETHEUS));
	hki_filesystem_errors_write(writer, &family, all, 3, label_mount);
	is(writer, "# HELP failing Failing.\n# TYPE failing gauge\n"
		   "failing{mount=\"/b\"} 1\nfailing{mount=\"/a\"} 1\n");
}

static void names_and_units_come_from_the_record(void **state)
{
	static const char *const counters[] = { "read_time_s", NULL };
	static const char *const left_out[] = { "reads", NULL };
	const hki_record_metrics metrics = { .type = &hk_system_disk_type,
		.prefix = "x_disk",
		.counters = counters,
		.left_out = left_out };
	hk_system_disk disk = { .size_bytes = UINT64_MAX,
		.read_time_s = 1.5,
		.reads = 7,
		.busy_percent = 50 };
	const char *const fields[] = { "size_bytes", "read_time_s", "reads",
		"busy_percent" };
	hk_metrics_writer *writer;
	const char *text;

	(void) state;
	for (size_t i = 0; i < 4; i++)
		hk_record_set(&disk.record,
		    (unsigned int) hk_record_find(&hk_system_disk_type, fields[i]));
	assert_int_equal(0, hk_metrics_writer_new(&writer, HK_METRICS_PROMETHEUS));
	hki_record_metrics_write(writer, &metrics, &disk, 1);
	assert_int_equal(0, hk_metrics_finish(writer, &text, NULL));
	assert_non_null(strstr(text, "\nx_disk_size_bytes 18446744073709551615\n"));
	assert_non_null(strstr(text, "\nx_disk_read_time_seconds_total 1.5\n"));
	assert_null(strstr(text, "percent"));
	assert_null(strstr(text, "x_disk_reads"));
	hk_metrics_writer_free(writer);
}

/* ---- processes that have ended ---- */

static void ends_are_readable_and_taken_over_by_a_drain(void **state)
{
	hk_system_exporter_opts opts = HK_SYSTEM_EXPORTER_OPTS_INIT;
	hk_system_exporter *exporter = NULL;
	struct pollfd ends = { .events = POLLIN };
	pid_t child;

	(void) state;
	opts.processes = true;
	opts.process_exits = true;
	assert_int_equal(0, hk_system_exporter_new(&exporter, &opts));
	ends.fd = hk_system_exporter_exit_fd(exporter);
	if (ends.fd < 0) {
		hk_system_exporter_free(exporter);
		skip();
	}
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(0);
	assert_int_equal(child, waitpid(child, NULL, 0));
	assert_int_equal(1, poll(&ends, 1, 30000));
	assert_true(hk_system_exporter_drain(exporter) >= 1);
	hk_system_exporter_free(exporter);
}

static void without_processes_there_are_no_ends(void **state)
{
	hk_system_exporter *exporter = NULL;

	(void) state;
	assert_int_equal(0, hk_system_exporter_new(&exporter, NULL));
	assert_int_equal(-1, hk_system_exporter_exit_fd(exporter));
	assert_int_equal(0, hk_system_exporter_drain(exporter));
	hk_system_exporter_free(exporter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_system_mounted_over_another_is_told_alone),
		cmocka_unit_test(names_and_units_come_from_the_record),
		cmocka_unit_test(ends_are_readable_and_taken_over_by_a_drain),
		cmocka_unit_test(without_processes_there_are_no_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
