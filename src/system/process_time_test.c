/* Processor time in the table, with every engine: none is lost, none is made up. */
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <cmocka.h>
#include "system/process_table.h"
#include "system/process_test_child.h"

static void burn(void *user)
{
	(void) user;
	for (;;)
		;
}

static uint64_t clock_of(pid_t pid)
{
	uint64_t ns = 0;

	assert_int_equal(0, hki_process_clock_ns(&ns, pid));
	return ns;
}

static void first_looks_give_no_rate_and_later_ones_do(void **state)
{
	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		pid_t idle = table == NULL ? 0 : test_child(NULL, NULL);

		if (table == NULL)
			continue;
		test_sample(table);
		assert_false(
		    test_shows(test_row(table, idle), HK_SYSTEM_PROCESS_CPU_PERCENT));
		test_sample(table);
		assert_true(
		    test_shows(test_row(table, idle), HK_SYSTEM_PROCESS_CPU_PERCENT));
		/* It is on its way to sleep. */
		while (test_row(table, idle)->cpu_percent != 0)
			test_sample(table);
		test_child_end(idle);
		hk_system_processes_close(table);
	}
}

static void processor_time_lies_between_the_clock_before_and_after(void **state)
{
	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		pid_t busy = table == NULL ? 0 : test_worker(burn, NULL);
		uint64_t first;
		uint64_t last;
		double highest = 0;
		double ran;

		if (table == NULL)
			continue;
		test_sample(table);
		/* Some ticks, so that every engine has noticed that it runs. */
		while (clock_of(busy) < 60000000 || highest == 0) {
			test_sample(table);
			highest = fmax(highest, test_row(table, busy)->cpu_percent);
		}
		first = clock_of(busy);
		test_sample(table);
		last = clock_of(busy);
		ran = test_row(table, busy)->cpu_s * 1e9;
		/* The kernel brings a running task's clock up to date at each tick. */
		if (ran < (double) first - 1e6 || ran > (double) last + 1e6)
			fail_msg("%.0f ns, but the clock went from %llu to %llu", ran,
			    (unsigned long long) first, (unsigned long long) last);
		test_child_end(busy);
		hk_system_processes_close(table);
	}
}

static void *burn_on(void *user)
{
	(void) prctl(PR_SET_NAME, "w) R 1 (", 0, 0, 0);
	burn(user);
	return NULL;
}

static void burn_with_threads(void *user)
{
	pthread_t thread;

	(void) user;
	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread, NULL, burn_on, NULL) != 0)
			_exit(1);
	for (;;)
		pause();
}

static size_t count_tasks(pid_t pid)
{
	char path[32];
	struct dirent *entry;
	size_t count = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int) pid);
	tasks = opendir(path);
	assert_non_null(tasks);
	while ((entry = readdir(tasks)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(tasks);
	return count;
}

static void the_time_of_all_threads_counts(void **state)
{
	pid_t child = test_worker(burn_with_threads, NULL);

	(void) state;
	while (clock_of(child) < 100000000)
		;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		uint64_t before = clock_of(child);
		const hk_system_process *row;

		if (table == NULL)
			continue;
		test_sample(table);
		row = test_row(table, child);
		/* A sanitizer may have added its own. */
		assert_true(row->threads >= 4);
		assert_int_equal(count_tasks(child), row->threads);
		/* Each of the two processors may be a tick behind. */
		if (row->cpu_s * 1e9 < (double) before - 40e6)
			fail_msg("%.0f ns, but the clock said %llu before",
			    row->cpu_s * 1e9, (unsigned long long) before);
		hk_system_processes_close(table);
	}
	test_child_end(child);
}

static void exact_time_follows_a_child_that_barely_runs(void **state)
{
	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		pid_t child = table == NULL ? 0 : test_child(NULL, NULL);

		if (table == NULL)
			continue;
		test_sample(table);
		/* Far less than a tick of 10 ms. */
		if (test_engines[i] != HK_SYSTEM_ENGINE_OPENAT)
			assert_true(test_row(table, child)->cpu_s > 0 &&
				    test_row(table, child)->cpu_s < 1);
		test_child_end(child);
		hk_system_processes_close(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_looks_give_no_rate_and_later_ones_do),
		cmocka_unit_test(processor_time_lies_between_the_clock_before_and_after),
		cmocka_unit_test(the_time_of_all_threads_counts),
		cmocka_unit_test(exact_time_follows_a_child_that_barely_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
