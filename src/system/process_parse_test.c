/* The files of /proc/PID as text: hostile names, odd numbers, cut lines. */
#include "system/process_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/random.h"
#include "system/process_terminal.h"
#include "system/process_text.h"

/* ---- stat ---- */

/* Every field has its own number as its value, except those with a meaning. */
static const char tail[] =
    ") S 4 5 6 34816 8 2097152 10 11 12 13 14 15 16 17 20 -5 20 21 1234567890123 23 24 "
    "18446744073709551615 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 3 42 43 44 45 "
    "46\n";

static size_t make_line(char *out, size_t capacity, const void *name, size_t name_length)
{
	size_t length = (size_t) snprintf(out, capacity, "4711 (");

	memcpy(out + length, name, name_length);
	length += name_length;
	memcpy(out + length, tail, sizeof(tail));
	return length + sizeof(tail) - 1;
}

static void assert_parsed(const void *name, size_t name_length)
{
	char line[1024];
	hki_stat stat;
	size_t length = make_line(line, sizeof(line), name, name_length);

	assert_int_equal(0, hki_stat_parse(&stat, line, length, HKI_STAT_ALL));
	assert_int_equal(4711, stat.pid);
	assert_int_equal(name_length, stat.name_length);
	assert_memory_equal(name, stat.name, name_length);
	assert_int_equal('S', stat.state);
	assert_int_equal(4, stat.ppid);
	assert_int_equal(44, stat.children_guest_ticks);
}

static void a_name_may_hold_anything(void **state)
{
	static const char *const names[] = { "", "sh", "a b", ")", "(", "()",
		") S 1 2 3 (", "x) R 9 9 9 9 9 9", "line\nend", " ", "))))))",
		"\xff\xfe\x01", ") Z 0 " };

	(void) state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_parsed(names[i], strlen(names[i]));
}

static void random_names_are_stepped_over(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 7);
	for (int i = 0; i < 20000; i++) {
		char name[64];
		size_t length = hki_random_below(&random, sizeof(name) + 1);

		for (size_t k = 0; k < length; k++)
			name[k] = "() SZ19\n"[hki_random_below(&random, 8)];
		assert_parsed(name, length);
	}
}

static void each_field_is_read_from_its_place(void **state)
{
	char line[1024];
	size_t length = make_line(line, sizeof(line), "x", 1);
	hki_stat stat;

	(void) state;
	assert_int_equal(0, hki_stat_parse(&stat, line, length, HKI_STAT_ALL));
	assert_int_equal(5, stat.group);
	assert_int_equal(6, stat.session);
	assert_int_equal(34816, stat.terminal);
	assert_int_equal(8, stat.foreground_group);
	assert_int_equal(2097152, stat.flags);
	assert_int_equal(10, stat.minor_faults);
	assert_int_equal(11, stat.children_minor_faults);
	assert_int_equal(12, stat.major_faults);
	assert_int_equal(13, stat.children_major_faults);
	assert_int_equal(14, stat.user_ticks);
	assert_int_equal(15, stat.system_ticks);
	assert_int_equal(16, stat.children_user_ticks);
	assert_int_equal(17, stat.children_system_ticks);
	assert_int_equal(20, stat.priority);
	assert_int_equal(-5, stat.nice);
	assert_int_equal(20, stat.threads);
	assert_int_equal(1234567890123, stat.start_ticks);
	assert_int_equal(23, stat.virtual_bytes);
	assert_int_equal(24, stat.rss_pages);
	assert_int_equal(26, stat.start_code);
	assert_int_equal(28, stat.start_stack);
	assert_int_equal(39, stat.processor);
	assert_int_equal(40, stat.realtime_priority);
	assert_int_equal(3, stat.policy);
	assert_int_equal(42, stat.io_wait_ticks);
	assert_int_equal(43, stat.guest_ticks);
}

static void a_shallow_look_reads_the_same_values(void **state)
{
	char line[1024];
	size_t length = make_line(line, sizeof(line), "a) b", 4);
	hki_stat all;
	hki_stat base;

	(void) state;
	assert_int_equal(0, hki_stat_parse(&all, line, length, HKI_STAT_ALL));
	assert_int_equal(0, hki_stat_parse(&base, line, length, HKI_STAT_BASE));
	assert_int_equal(all.ppid, base.ppid);
	assert_int_equal(all.flags, base.flags);
	assert_int_equal(all.user_ticks, base.user_ticks);
	assert_int_equal(all.system_ticks, base.system_ticks);
	assert_int_equal(all.threads, base.threads);
	assert_int_equal(all.start_ticks, base.start_ticks);
	assert_int_equal(all.virtual_bytes, base.virtual_bytes);
	assert_int_equal(all.rss_pages, base.rss_pages);
	assert_int_equal(0, base.processor);
}

static void fields_of_32_bits_and_below_zero_are_read(void **state)
{
	/* As 32-bit and very old kernels print: signs where 64-bit ones have none. */
	static const char line[] = "7 (x) X 0 -1 -1 0 -1 4294967295 0 0 0 0 5 6 -1 -1 "
				   "-100 -20 0 0 99 4294967295 -1 4294967295";
	hki_stat stat;

	(void) state;
	assert_int_equal(0, hki_stat_parse(&stat, line, sizeof(line) - 1, HKI_STAT_ALL));
	assert_int_equal(-1, stat.group);
	assert_int_equal(-1, stat.foreground_group);
	assert_int_equal(UINT32_MAX, stat.flags);
	assert_int_equal(0, stat.children_user_ticks);
	assert_int_equal(-100, stat.priority);
	assert_int_equal(UINT32_MAX, stat.virtual_bytes);
	assert_int_equal(0, stat.rss_pages);
	assert_int_equal(99, stat.start_ticks);
}

static void a_line_cut_anywhere_is_refused_and_leaves_the_result_alone(void **state)
{
	char line[1024];
	size_t length = make_line(line, sizeof(line), "a) b", 4);
	/* Resident pages are the last thing everybody needs. */
	size_t last = (size_t) (strstr(line, " 24 18446744073709551615") - line);

	(void) state;
	for (size_t cut = 0; cut <= last; cut++) {
		hki_stat stat = { .pid = -7 };

		assert_int_equal(
		    HK_EPARSE, hki_stat_parse(&stat, line, cut, HKI_STAT_ALL));
		assert_int_equal(-7, stat.pid);
	}
	for (size_t cut = last + 3; cut <= length; cut++) {
		hki_stat stat;

		assert_int_equal(0, hki_stat_parse(&stat, line, cut, HKI_STAT_ALL));
	}
}

static void numbers_that_do_not_fit_are_refused(void **state)
{
	static const char *const lines[] = {
		"99999999999 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0",
		"0 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0",
		"-1 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0",
		"1 (x) S 2147483648 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0",
		"1 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 18446744073709551616 0 0",
		"1 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 -5 0 0",
		"1 (x S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0",
		"1 x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0",
		"1 (x) SS 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0",
	};
	hki_stat stat;

	(void) state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(HK_EPARSE,
		    hki_stat_parse(&stat, lines[i], strlen(lines[i]), HKI_STAT_ALL));
}

/* ---- the smaller files ---- */

static const char status_text[] = "Name:\tx\\ny\nUmask:\t0022\nState:\tS (sleeping)\n"
				  "Tgid:\t9\nNSpid:\t900\t42\t1\nUid:\t1\t2\t3\t4\n"
				  "Gid:\t5\t6\t7\t4294967295\nVmPeak:\t    2048 kB\n"
				  "VmHWM:\t 12 kB\nRssAnon:\t 4 kB\nVmSwap:\t 0 kB\n"
				  "Cpus_allowed_list:\t0-3,8\n"
				  "voluntary_ctxt_switches:\t77\n"
				  "nonvoluntary_ctxt_switches:\t8\nNews:\t1\n";

static bool has(const hki_status *status, unsigned int line)
{
	return (status->present >> line & 1) != 0;
}

static void status_is_read_by_the_names_of_its_lines(void **state)
{
	hki_status status;

	(void) state;
	assert_int_equal(
	    0, hki_status_parse(&status, status_text, sizeof(status_text) - 1));
	assert_int_equal(2, status.uids[1]);
	assert_int_equal(UINT32_MAX, status.gids[3]);
	assert_int_equal(1, status.numbers[HKI_STATUS_NAMESPACE_PID]);
	assert_int_equal(2048 * 1024, status.numbers[HKI_STATUS_PEAK_VIRTUAL]);
	assert_int_equal(12 * 1024, status.numbers[HKI_STATUS_PEAK_RSS]);
	assert_int_equal(77, status.numbers[HKI_STATUS_VOLUNTARY]);
	assert_int_equal(5, status.affinity_length);
	assert_memory_equal("0-3,8", status.affinity, 5);
	assert_true(has(&status, HKI_STATUS_SWAP));
	assert_int_equal(0, status.numbers[HKI_STATUS_SWAP]);
	/* Absent is not zero. */
	assert_false(has(&status, HKI_STATUS_RSS_FILE));
	assert_false(has(&status, HKI_STATUS_HUGETLB));
}

static void a_status_of_something_else_is_refused(void **state)
{
	hki_status status;

	(void) state;
	assert_int_equal(HK_EPARSE, hki_status_parse(&status, "", 0));
	assert_int_equal(HK_EPARSE, hki_status_parse(&status, "Uid 1 2 3 4\n", 12));
	assert_int_equal(HK_EPARSE, hki_status_parse(&status, "Uid:\t1 2 3\n", 11));
	assert_int_equal(
	    HK_EPARSE, hki_status_parse(&status, "Uid:\t1 2 3 4294967296\n", 22));
}

static void io_needs_all_of_its_lines(void **state)
{
	static const char text[] = "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\n"
				   "read_bytes: 4096\nwrite_bytes: 8192\n"
				   "cancelled_write_bytes: 5\nmore: 1\n";
	hki_io io;

	(void) state;
	assert_int_equal(0, hki_io_parse(&io, text, sizeof(text) - 1));
	assert_int_equal(1, io.read_call_bytes);
	assert_int_equal(4, io.write_calls);
	assert_int_equal(4096, io.read_bytes);
	assert_int_equal(8192, io.written_bytes);
	assert_int_equal(5, io.cancelled_bytes);
	for (size_t cut = 0; cut < sizeof(text) - 11; cut++)
		assert_int_equal(HK_EPARSE, hki_io_parse(&io, text, cut));
}

static void statm_and_schedstat_are_columns(void **state)
{
	hki_schedstat schedstat;
	hki_statm statm;

	(void) state;
	assert_int_equal(0, hki_statm_parse(&statm, "9 8 7 6 0 5 0\n", 14));
	assert_int_equal(8, statm.resident);
	assert_int_equal(7, statm.shared);
	assert_int_equal(6, statm.text);
	assert_int_equal(5, statm.data);
	assert_int_equal(HK_EPARSE, hki_statm_parse(&statm, "9 8 7 6 0", 9));
	assert_int_equal(0, hki_schedstat_parse(&schedstat, "123 45 6\n", 9));
	assert_int_equal(123, schedstat.run_ns);
	assert_int_equal(45, schedstat.wait_ns);
	assert_int_equal(HK_EPARSE, hki_schedstat_parse(&schedstat, "123", 3));
}

static void assert_cgroup(const char *expected, const char *text)
{
	size_t length = 0;
	const char *path = hki_process_cgroup(&length, text, strlen(text));

	assert_non_null(path);
	assert_int_equal(strlen(expected), length);
	assert_memory_equal(expected, path, length);
}

static void the_cgroup_is_that_of_the_unified_hierarchy_first(void **state)
{
	size_t length;

	(void) state;
	assert_cgroup("/user.slice", "0::/user.slice\n");
	assert_cgroup("/v2", "12:memory:/m\n1:name=systemd:/s\n0::/v2\n");
	assert_cgroup("/s", "12:memory:/m\n1:name=systemd:/s\n");
	assert_cgroup("/m", "12:memory,cpu:/m\n11:pids:/p\n");
	/* A path may hold what separates its neighbours. */
	assert_cgroup("/a:b::c", "0::/a:b::c\n");
	assert_cgroup("", "0::\n");
	assert_null(hki_process_cgroup(&length, "nothing", 7));
	assert_null(hki_process_cgroup(&length, "", 0));
}

static void drivers_of_terminals_have_ranges(void **state)
{
	static const char pts[] =
	    "pty_slave            /dev/pts      136 0-1048575 pty:slave";
	static const char console[] =
	    "unknown              /dev/tty        4 1-63 console";
	hki_tty_driver driver;

	(void) state;
	assert_int_equal(0, hki_tty_driver_parse(&driver, pts, sizeof(pts) - 1));
	assert_string_equal("pts", driver.prefix);
	assert_int_equal(136, driver.major);
	assert_int_equal(1048575, driver.last);
	assert_int_equal(0, hki_tty_driver_parse(&driver, console, sizeof(console) - 1));
	assert_int_equal(1, driver.base);
	assert_int_equal(HK_EPARSE, hki_tty_driver_parse(&driver, "x y 1 2", 7));
	assert_int_equal(HK_EPARSE, hki_tty_driver_parse(&driver, "x /dev/y z", 10));
	assert_int_equal(HK_EPARSE, hki_tty_driver_parse(&driver, "x /dev/y 4 9-1", 14));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_may_hold_anything),
		cmocka_unit_test(random_names_are_stepped_over),
		cmocka_unit_test(each_field_is_read_from_its_place),
		cmocka_unit_test(a_shallow_look_reads_the_same_values),
		cmocka_unit_test(fields_of_32_bits_and_below_zero_are_read),
		cmocka_unit_test(
		    a_line_cut_anywhere_is_refused_and_leaves_the_result_alone),
		cmocka_unit_test(numbers_that_do_not_fit_are_refused),
		cmocka_unit_test(status_is_read_by_the_names_of_its_lines),
		cmocka_unit_test(a_status_of_something_else_is_refused),
		cmocka_unit_test(io_needs_all_of_its_lines),
		cmocka_unit_test(statm_and_schedstat_are_columns),
		cmocka_unit_test(the_cgroup_is_that_of_the_unified_hierarchy_first),
		cmocka_unit_test(drivers_of_terminals_have_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
