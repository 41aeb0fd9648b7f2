/* The rows of the table on the live machine, with every engine that can run here. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "os/pidref.h"
#include "system/process_table.h"
#include "system/process_test_child.h"

/* ---- one row ---- */

static void our_own_row_is_right(void **state)
{
	static const char *const fields[] = { "pid", "group", "session", "uid", "gid",
		"voluntary_switches", NULL };
	hki_pidref self;

	(void) state;
	assert_int_equal(0, hki_pidref_open(&self, getpid()));
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], fields);
		const hk_system_process *row;

		if (table == NULL)
			continue;
		test_sample(table);
		row = test_row(table, getpid());
		assert_int_equal(getpid(), row->pid);
		assert_int_equal(getppid(), row->ppid);
		assert_int_equal(self.start_ticks, row->start_ticks);
		assert_int_equal(self.inode, row->inode);
		assert_int_equal(getpgrp(), row->group);
		assert_int_equal(getsid(0), row->session);
		assert_int_equal(getuid(), row->uid);
		assert_int_equal(getegid(), row->effective_gid);
		assert_int_equal(HK_SYSTEM_STATE_RUNNING, row->state);
		assert_int_equal(1, row->threads);
		assert_false(row->kernel);
		assert_true(
		    row->rss_bytes > 65536 && row->virtual_bytes > row->rss_bytes);
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES));
		hk_system_processes_close(table);
	}
	hki_pidref_close(&self);
}

static void live_with_name(void *name)
{
	(void) prctl(PR_SET_NAME, name, 0, 0, 0);
}

static void hostile_names_come_through_as_they_are(void **state)
{
	static const char *const names[] = { "a b", "x) R 1 2 3", "(((", ")",
		"two\nlines", "\xff\xfe\x80", "tab\there", "\x1b[31mred" };
	enum { NAMES = sizeof(names) / sizeof(names[0]) };
	pid_t children[NAMES];

	(void) state;
	for (size_t n = 0; n < NAMES; n++)
		children[n] = test_child(live_with_name, (void *) names[n]);
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);

		if (table == NULL)
			continue;
		test_sample(table);
		for (size_t n = 0; n < NAMES; n++) {
			const hk_system_process *row = test_row(table, children[n]);

			assert_string_equal(names[n], row->name);
			assert_int_equal(getpid(), row->ppid);
		}
		hk_system_processes_close(table);
	}
	for (size_t n = 0; n < NAMES; n++)
		test_child_end(children[n]);
}

static void wait_for_state(pid_t pid, int options)
{
	siginfo_t info;

	assert_int_equal(0, waitid(P_PID, (id_t) pid, &info, options | WNOWAIT));
}

static void states_are_told_apart(void **state)
{
	pid_t sleeper = test_child(NULL, NULL);
	pid_t stopped = test_child(NULL, NULL);
	pid_t zombie = test_child(NULL, NULL);

	(void) state;
	assert_int_equal(0, kill(stopped, SIGSTOP));
	wait_for_state(stopped, WSTOPPED);
	assert_int_equal(0, kill(zombie, SIGKILL));
	wait_for_state(zombie, WEXITED);
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);

		if (table == NULL)
			continue;
		test_sample(table);
		assert_int_equal(
		    HK_SYSTEM_STATE_SLEEPING, test_row(table, sleeper)->state);
		assert_int_equal(
		    HK_SYSTEM_STATE_STOPPED, test_row(table, stopped)->state);
		assert_int_equal(HK_SYSTEM_STATE_ZOMBIE, test_row(table, zombie)->state);
		assert_int_equal(0, test_row(table, zombie)->rss_bytes);
		hk_system_processes_close(table);
	}
	test_child_end(sleeper);
	test_child_end(stopped);
	test_child_end(zombie);
}

static void a_state_that_changes_is_noticed(void **state)
{
	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		pid_t child = table == NULL ? 0 : test_child(NULL, NULL);

		if (table == NULL)
			continue;
		test_sample(table);
		test_sample(table);
		assert_int_equal(0, kill(child, SIGSTOP));
		wait_for_state(child, WSTOPPED);
		test_sample(table);
		assert_int_equal(HK_SYSTEM_STATE_STOPPED, test_row(table, child)->state);
		assert_int_equal(0, kill(child, SIGKILL));
		wait_for_state(child, WEXITED);
		test_sample(table);
		assert_int_equal(HK_SYSTEM_STATE_ZOMBIE, test_row(table, child)->state);
		test_child_end(child);
		hk_system_processes_close(table);
	}
}

static void kernel_threads_are_marked(void **state)
{
	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);

		if (table == NULL)
			continue;
		test_sample(table);
		/* Process 2 starts them all; in a container there are none. */
		if (hk_system_processes_find(table, 2) != NULL &&
		    strcmp(test_row(table, 2)->name, "kthreadd") == 0)
			assert_true(test_row(table, 2)->kernel);
		assert_false(test_row(table, getpid())->kernel);
		hk_system_processes_close(table);
	}
}

/* ---- all rows ---- */

static size_t list_pids(int32_t *out, size_t capacity)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(proc);
	while ((entry = readdir(proc)) != NULL && count < capacity)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			out[count++] = atoi(entry->d_name);
	closedir(proc);
	return count;
}

static void everybody_who_was_there_all_the_time_is_seen(void **state)
{
	static int32_t before[65536];
	static int32_t after[65536];

	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		size_t before_count;
		size_t after_count;

		if (table == NULL)
			continue;
		before_count = list_pids(before, 65536);
		test_sample(table);
		after_count = list_pids(after, 65536);
		for (size_t b = 0, a = 0; b < before_count; b++) {
			while (a < after_count && after[a] < before[b])
				a++;
			if (a < after_count && after[a] == before[b] &&
			    hk_system_processes_find(table, before[b]) == NULL)
				fail_msg("process %d is missing", (int) before[b]);
		}
		for (size_t k = 1; k < hk_system_processes_count(table); k++)
			assert_true(hk_system_processes_get(table, k - 1)->pid <
				    hk_system_processes_get(table, k)->pid);
		assert_null(
		    hk_system_processes_get(table, hk_system_processes_count(table)));
		hk_system_processes_close(table);
	}
}

static const hk_system_process *find_in(const hk_system_processes *table, pid_t pid,
    size_t (*count)(const hk_system_processes *table),
    const hk_system_process *(*get)(const hk_system_processes *table, size_t index))
{
	for (size_t i = 0; i < count(table); i++)
		if (get(table, i)->pid == pid)
			return get(table, i);
	return NULL;
}

static const hk_system_process *started(const hk_system_processes *table, pid_t pid)
{
	return find_in(
	    table, pid, hk_system_processes_started_count, hk_system_processes_started);
}

static const hk_system_process *exited(const hk_system_processes *table, pid_t pid)
{
	return find_in(
	    table, pid, hk_system_processes_exited_count, hk_system_processes_exited);
}

static void starts_and_ends_are_told_once(void **state)
{
	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		const hk_system_process *row;
		pid_t child;

		if (table == NULL)
			continue;
		test_sample(table);
		assert_int_equal(hk_system_processes_count(table),
		    hk_system_processes_started_count(table));
		child = test_child(NULL, NULL);
		test_sample(table);
		row = test_row(table, child);
		assert_ptr_equal(row, started(table, child));
		test_sample(table);
		assert_null(started(table, child));
		assert_ptr_equal(row, test_row(table, child));
		test_child_end(child);
		test_sample(table);
		assert_null(hk_system_processes_find(table, child));
		assert_ptr_equal(row, exited(table, child));
		/* Nobody told how it ended. */
		assert_false(test_shows(row, HK_SYSTEM_PROCESS_EXIT_CODE));
		assert_false(test_shows(row, HK_SYSTEM_PROCESS_EXIT_SIGNAL));
		test_sample(table);
		assert_null(exited(table, child));
		hk_system_processes_close(table);
	}
}

static void start_and_end_many(void *user)
{
	(void) user;
	/* Bounded: whatever happens to the test, this comes to an end. */
	for (int i = 0; i < 1000000; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child > 0)
			(void) waitpid(child, NULL, 0);
	}
	_exit(0);
}

static void processes_may_vanish_at_any_moment(void **state)
{
	static const char *const fields[] = { "read_bytes", "uid", "shared_bytes",
		"command", "executable", "descriptors", NULL };

	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], fields);
		pid_t forker = table == NULL ? 0 : test_worker(start_and_end_many, NULL);
		uint64_t begin_ns;
		size_t met = 0;

		if (table == NULL)
			continue;
		begin_ns = hki_clock_monotonic_ns();
		/* Sixty times, or for three seconds where that takes longer; but until one
		 * was met. */
		for (int k = 0; k < 60 || met == 0; k++) {
			const uint64_t ns = hki_clock_monotonic_ns() - begin_ns;

			if (ns > (met == 0 ? 60 : 3) * HKI_NS_PER_S)
				break;
			test_sample(table);
			for (size_t n = 0; n < hk_system_processes_exited_count(table);
			     n++)
				met +=
				    hk_system_processes_exited(table, n)->ppid == forker;
		}
		assert_true(met > 0);
		test_child_end(forker);
		hk_system_processes_close(table);
	}
}

/* ---- contracts ---- */

static void wrong_options_are_refused(void **state)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	struct {
		hk_system_processes_opts opts;
		uint64_t later;
	} newer;

	(void) state;
	opts.engine = (hk_system_engine) 9;
	assert_int_equal(-EINVAL, hk_system_processes_open(&table, &opts));
	opts.engine = HK_SYSTEM_ENGINE_BPF;
	opts.root = "/nonexistent";
	assert_int_equal(-ENOENT, hk_system_processes_open(&table, &opts));
	memset(&newer, 0, sizeof(newer));
	newer.opts.size = sizeof(newer);
	assert_int_equal(0, hk_system_processes_open(&table, &newer.opts));
	hk_system_processes_close(table);
	table = NULL;
	newer.later = 1;
	assert_int_equal(-E2BIG, hk_system_processes_open(&table, &newer.opts));
	assert_null(table);
	hk_system_processes_close(NULL);
}

static int sample_in_child(void *user)
{
	return hk_system_processes_sample(user) == -ECHILD ? 0 : 1;
}

static void a_forked_child_is_refused(void **state)
{
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_AUTO, NULL);

	(void) state;
	test_sample(table);
	assert_int_equal(0, test_aside(sample_in_child, table));
	hk_system_processes_close(table);
}

static void find_exactly_knows_the_process(void **state)
{
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_ADAPTIVE, NULL);
	const hk_system_process *row;

	(void) state;
	test_sample(table);
	row = test_row(table, getpid());
	assert_ptr_equal(
	    row, hk_system_processes_find_exactly(table, row->pid, row->start_ticks, 0));
	assert_null(
	    hk_system_processes_find_exactly(table, row->pid, row->start_ticks + 1, 0));
	if (row->inode != 0)
		assert_null(
		    hk_system_processes_find_exactly(table, row->pid, 0, row->inode + 1));
	assert_null(hk_system_processes_find(table, 0x7ffffff0));
	hk_system_processes_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_row_is_right),
		cmocka_unit_test(hostile_names_come_through_as_they_are),
		cmocka_unit_test(states_are_told_apart),
		cmocka_unit_test(a_state_that_changes_is_noticed),
		cmocka_unit_test(kernel_threads_are_marked),
		cmocka_unit_test(everybody_who_was_there_all_the_time_is_seen),
		cmocka_unit_test(starts_and_ends_are_told_once),
		cmocka_unit_test(processes_may_vanish_at_any_moment),
		cmocka_unit_test(wrong_options_are_refused),
		cmocka_unit_test(a_forked_child_is_refused),
		cmocka_unit_test(find_exactly_knows_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
