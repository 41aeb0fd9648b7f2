/*
 * A captured /proc: files of text under a folder of our own.  What the live machine
 * would not show on demand, such as a kernel of another time, and what it never
 * should, such as nonsense.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/system_process.h>
#include "base/clock.h"
#include "base/torture.h"

typedef struct tree {
	char root[64];
} tree;

static void make_folder(const tree *of, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", of->root, path);
	assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
}

static void make_file(const tree *of, int pid, const char *name, const char *text)
{
	char path[64];
	char full[256];
	FILE *file;

	snprintf(path, sizeof(path), "proc/%d", pid);
	make_folder(of, path);
	snprintf(full, sizeof(full), "%s/proc/%d/%s", of->root, pid, name);
	file = fopen(full, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(0, fclose(file));
}

static void make_stat(const tree *of, int pid, const char *name, char state,
    unsigned int ticks, unsigned int start)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "%d (%s) %c 1 %d %d 34817 %d 4194304 100 200 3 4 %u 5 6 7 25 5 2 0 %u "
	    "1048576 10 18446744073709551615 1 2 3 4 5 0 0 0 0 0 0 0 17 1 0 0 8 9 10\n",
	    pid, name, state, pid, pid, pid, ticks, start);
	make_file(of, pid, "stat", text);
}

static int set_up(void **state)
{
	static tree of;
	char full[256];
	FILE *file;

	strcpy(of.root, "/tmp/hostkit-proc-XXXXXX");
	assert_non_null(mkdtemp(of.root));
	make_folder(&of, "proc");
	make_folder(&of, "proc/tty");
	snprintf(full, sizeof(full), "%s/proc/tty/drivers", of.root);
	file = fopen(full, "w");
	assert_non_null(file);
	fputs("serial /dev/ttyS 4 64-111 serial\npty_slave /dev/pts 136 0-1048575 x\n",
	    file);
	fclose(file);
	*state = &of;
	return 0;
}

static int tear_down(void **state)
{
	const tree *of = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", of->root);
	return system(command);
}

static hk_system_processes *open_tree(const tree *of, const char *const *fields)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;

	opts.root = of->root;
	for (; fields != NULL && *fields != NULL; fields++)
		assert_int_equal(
		    0, hk_system_process_fields_add_name(&opts.fields, *fields));
	assert_int_equal(0, hk_system_processes_open(&table, &opts));
	return table;
}

static const hk_system_process *sample_row(hk_system_processes *table, int pid)
{
	const hk_system_process *row;

	assert_true(hk_system_processes_sample(table) >= 0);
	row = hk_system_processes_find(table, pid);
	assert_non_null(row);
	return row;
}

static bool shows(const hk_system_process *row, hk_system_process_field field)
{
	return hk_record_has(&row->record, field);
}

/* ---- rows ---- */

static void a_captured_row_is_read(void **state)
{
	hk_system_processes *table;
	hk_system_processes_info info;
	const hk_system_process *row;

	make_stat(*state, 42, "one) two", 'S', 250, 1000);
	table = open_tree(*state, NULL);
	row = sample_row(table, 42);
	assert_string_equal("one) two", row->name);
	assert_int_equal(1, row->ppid);
	assert_int_equal(1000, row->start_ticks);
	assert_true(row->cpu_user_s == 2.5 && row->cpu_system_s == 0.05);
	assert_int_equal(25, row->priority);
	assert_int_equal(5, row->nice);
	assert_int_equal(100, row->minor_faults);
	assert_int_equal(10 * (uint64_t) sysconf(_SC_PAGESIZE), row->rss_bytes);
	assert_string_equal("pts/1", row->terminal);
	/* There is no kernel behind it to ask. */
	assert_false(shows(row, HK_SYSTEM_PROCESS_INODE));
	assert_false(shows(row, HK_SYSTEM_PROCESS_MEMORY_PERCENT));
	hk_system_processes_describe(&info, table);
	assert_string_equal("openat", info.engine);
	assert_true(strlen(info.engine_why) > 0);
	hk_system_processes_close(table);
}

static void order_and_neighbours_do_not_matter(void **state)
{
	static const int pids[] = { 900, 7, 100000, 31, 8 };
	hk_system_processes *table = open_tree(*state, NULL);
	char name[16];

	for (size_t i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "p%d", pids[i]);
		make_stat(*state, pids[i], name, 'S', 1, 10);
	}
	make_folder(*state, "proc/self");
	make_folder(*state, "proc/123abc");
	make_folder(*state, "proc/99999999999");
	assert_true(hk_system_processes_sample(table) >= 5);
	for (size_t i = 1; i < hk_system_processes_count(table); i++)
		assert_true(hk_system_processes_get(table, i - 1)->pid <
			    hk_system_processes_get(table, i)->pid);
	for (size_t i = 0; i < 5; i++)
		assert_non_null(hk_system_processes_find(table, pids[i]));
	hk_system_processes_close(table);
}

static void nonsense_is_passed_over(void **state)
{
	hk_system_processes *table = open_tree(*state, NULL);

	make_stat(*state, 5000, "good", 'S', 1, 10);
	make_file(*state, 5001, "stat", "");
	make_file(*state, 5002, "stat", "5002 (cut) S 1 2");
	make_file(*state, 5003, "stat", "garbage");
	/* Somebody else's line. */
	make_stat(*state, 5004, "x", 'S', 1, 10);
	make_file(*state, 5005, "status", "no stat at all");
	assert_non_null(sample_row(table, 5000));
	assert_null(hk_system_processes_find(table, 5001));
	assert_null(hk_system_processes_find(table, 5002));
	assert_null(hk_system_processes_find(table, 5003));
	assert_null(hk_system_processes_find(table, 5005));
	hk_system_processes_close(table);
}

static void another_start_is_another_process(void **state)
{
	hk_system_processes *table = open_tree(*state, NULL);
	const hk_system_process *first;

	make_stat(*state, 60, "first", 'S', 100, 10);
	first = sample_row(table, 60);
	make_stat(*state, 60, "second", 'S', 1, 11);
	assert_string_equal("second", sample_row(table, 60)->name);
	assert_int_equal(1, hk_system_processes_exited_count(table));
	assert_ptr_equal(first, hk_system_processes_exited(table, 0));
	assert_string_equal("first", first->name);
	/* Its first look, so nothing to count from. */
	assert_false(
	    shows(hk_system_processes_find(table, 60), HK_SYSTEM_PROCESS_CPU_PERCENT));
	hk_system_processes_close(table);
}

static void counters_that_run_backwards_stand_still(void **state)
{
	static const char *const fields[] = { "read_bytes", "read_bytes_per_s", NULL };
	static const char more[] = "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\n"
				   "read_bytes: 8192\nwrite_bytes: 0\n"
				   "cancelled_write_bytes: 0\n";
	static const char less[] = "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\n"
				   "read_bytes: 4096\nwrite_bytes: 0\n"
				   "cancelled_write_bytes: 0\n";
	hk_system_processes *table = open_tree(*state, fields);
	const hk_system_process *row;

	make_stat(*state, 61, "back", 'S', 100, 10);
	make_file(*state, 61, "io", more);
	row = sample_row(table, 61);
	assert_false(shows(row, HK_SYSTEM_PROCESS_READ_RATE));
	make_stat(*state, 61, "back", 'S', 90, 10);
	make_file(*state, 61, "io", less);
	row = sample_row(table, 61);
	assert_true(shows(row, HK_SYSTEM_PROCESS_CPU_PERCENT));
	assert_true(row->cpu_percent == 0);
	assert_true(shows(row, HK_SYSTEM_PROCESS_READ_RATE));
	assert_true(row->read_bytes_per_s == 0);
	hk_system_processes_close(table);
}

static void rates_follow_from_two_looks(void **state)
{
	hk_system_processes *table = open_tree(*state, NULL);
	double ran_ns = 50.0 / (double) sysconf(_SC_CLK_TCK) * 1e9;
	uint64_t times[4];
	double percent;

	make_stat(*state, 62, "runs", 'R', 100, 10);
	times[0] = hki_clock_monotonic_ns();
	(void) sample_row(table, 62);
	times[1] = hki_clock_monotonic_ns();
	make_stat(*state, 62, "runs", 'R', 150, 10);
	times[2] = hki_clock_monotonic_ns();
	percent = sample_row(table, 62)->cpu_percent;
	times[3] = hki_clock_monotonic_ns();
	assert_true(percent >= 100 * ran_ns / (double) (times[3] - times[0]));
	assert_true(percent <= 100 * ran_ns / (double) (times[2] - times[1]));
	hk_system_processes_close(table);
}

static void status_of_another_time_leaves_holes(void **state)
{
	static const char *const fields[] = { "uid", "swap_bytes", "rss_file_bytes",
		"voluntary_switches", NULL };
	hk_system_processes *table = open_tree(*state, fields);
	const hk_system_process *row;

	make_stat(*state, 63, "old", 'S', 1, 10);
	make_file(*state, 63, "status",
	    "Name:\told\nUid:\t5\t6\t7\t8\nGid:\t1\t1\t1\t1\nVmSwap:\t0 kB\n");
	row = sample_row(table, 63);
	assert_int_equal(5, row->uid);
	assert_true(shows(row, HK_SYSTEM_PROCESS_SWAP));
	assert_int_equal(0, row->swap_bytes);
	assert_false(shows(row, HK_SYSTEM_PROCESS_RSS_FILE));
	assert_false(shows(row, HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES));
	hk_system_processes_close(table);
}

static void texts_of_a_captured_tree_are_read_too(void **state)
{
	static const char *const fields[] = { "command", "executable", "cgroup", NULL };
	const tree *of = *state;
	hk_system_processes *table = open_tree(of, fields);
	const hk_system_process *row;
	char path[256];

	make_stat(of, 64, "texts", 'S', 1, 10);
	make_file(of, 64, "cgroup", "1:name=systemd:/s\n0::/user.slice\n");
	make_file(of, 64, "cmdline", "a b");
	snprintf(path, sizeof(path), "%s/proc/64/exe", of->root);
	assert_int_equal(0, symlink("/usr/bin/texts (deleted)", path));
	row = sample_row(table, 64);
	assert_false(row->stale);
	assert_int_equal(1, row->command.count);
	assert_string_equal("a b", row->command.items[0]);
	assert_string_equal("/usr/bin/texts (deleted)", row->executable);
	assert_string_equal("/user.slice", row->cgroup);
	hk_system_processes_close(table);
}

static void words_that_are_not_there_yet_are_read_later(void **state)
{
	static const char *const fields[] = { "command", NULL };
	const tree *of = *state;
	hk_system_processes *table = open_tree(of, fields);
	const hk_system_process *row;

	make_stat(of, 65, "young", 'S', 1, 10);
	make_file(of, 65, "cmdline", "");
	row = sample_row(table, 65);
	assert_false(row->stale);
	assert_false(shows(row, HK_SYSTEM_PROCESS_COMMAND));
	make_file(of, 65, "cmdline", "young");
	row = sample_row(table, 65);
	assert_true(shows(row, HK_SYSTEM_PROCESS_COMMAND));
	assert_int_equal(1, row->command.count);
	assert_string_equal("young", row->command.items[0]);
	hk_system_processes_close(table);
}

static void that_a_program_has_no_words_is_believed_in_the_end(void **state)
{
	static const char *const fields[] = { "command", NULL };
	const tree *of = *state;
	hk_system_processes *table = open_tree(of, fields);
	const hk_system_process *row;

	make_stat(of, 66, "mute", 'S', 1, 10);
	make_file(of, 66, "cmdline", "");
	do
		row = sample_row(table, 66);
	while (!shows(row, HK_SYSTEM_PROCESS_COMMAND));
	assert_int_equal(0, row->command.count);
	assert_false(row->stale);
	/* And it is not asked for again. */
	make_file(of, 66, "cmdline", "speaks");
	row = sample_row(table, 66);
	assert_int_equal(0, row->command.count);
	hk_system_processes_close(table);
}

static void what_only_a_kernel_tells_is_refused(void **state)
{
	const tree *of = *state;
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	hk_system_processes_info info;

	opts.root = of->root;
	opts.engine = HK_SYSTEM_ENGINE_BPF;
	assert_int_equal(-EOPNOTSUPP, hk_system_processes_open(&table, &opts));
	opts.engine = HK_SYSTEM_ENGINE_ADAPTIVE;
	assert_int_equal(-EOPNOTSUPP, hk_system_processes_open(&table, &opts));
	opts.engine = HK_SYSTEM_ENGINE_OPENAT;
	opts.exits = true;
	assert_int_equal(0, hk_system_processes_open(&table, &opts));
	hk_system_processes_describe(&info, table);
	assert_string_equal("off", info.exits);
	assert_non_null(info.exits_why);
	hk_system_processes_close(table);
}

/* ---- memory runs out ---- */

static int use_table(void *user)
{
	const tree *of = user;
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	size_t before;
	int r;

	opts.root = of->root;
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_UID);
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_GROUP);
	r = hk_system_processes_open(&table, &opts);
	if (r < 0)
		return r;
	make_stat(of, 70, "stays", 'S', 1, 10);
	make_stat(of, 71, "changes", 'S', 1, 10);
	r = hk_system_processes_sample(table);
	if (r >= 0) {
		before = hk_system_processes_count(table);
		make_stat(of, 71, "changes", 'S', 1, 11);
		r = hk_system_processes_sample(table);
		/* A sample that fails leaves everybody where they were. */
		assert_int_equal(before, hk_system_processes_count(table));
		assert_non_null(hk_system_processes_find(table, 70));
	}
	hk_system_processes_close(table);
	return r < 0 ? r : 0;
}

static void running_out_of_memory_loses_no_row(void **state)
{
	assert_true(hki_torture(use_table, *state) >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_captured_row_is_read),
		cmocka_unit_test(order_and_neighbours_do_not_matter),
		cmocka_unit_test(nonsense_is_passed_over),
		cmocka_unit_test(another_start_is_another_process),
		cmocka_unit_test(counters_that_run_backwards_stand_still),
		cmocka_unit_test(rates_follow_from_two_looks),
		cmocka_unit_test(status_of_another_time_leaves_holes),
		cmocka_unit_test(texts_of_a_captured_tree_are_read_too),
		cmocka_unit_test(words_that_are_not_there_yet_are_read_later),
		cmocka_unit_test(that_a_program_has_no_words_is_believed_in_the_end),
		cmocka_unit_test(what_only_a_kernel_tells_is_refused),
		cmocka_unit_test(running_out_of_memory_loses_no_row),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
