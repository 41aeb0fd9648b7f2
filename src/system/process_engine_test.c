/* What the engines cost, that they agree, and how one follows another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/allocator.h>
#include "system/process_table.h"
#include "system/process_test_child.h"

/* ---- cost ---- */

static size_t allocations;

static void *counted_realloc(void *block, size_t bytes, void *user)
{
	(void) user;
	allocations++;
	return realloc(block, bytes);
}

static void counted_free(void *block, void *user)
{
	(void) user;
	free(block);
}

static size_t open_descriptors(void)
{
	hk_system_self_info self;

	assert_int_equal(0, hk_system_self(&self));
	return self.descriptors;
}

static void steady_samples_allocate_nothing_and_open_nothing(void **state)
{
	hk_allocator counting = HK_ALLOCATOR_INIT;

	(void) state;
	counting.reallocate = counted_realloc;
	counting.release = counted_free;
	assert_int_equal(0, hk_allocator_set(&counting));
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		size_t before;
		size_t grown = 0;

		if (table == NULL)
			continue;
		for (int k = 0; k < 20; k++)
			test_sample(table);
		before = open_descriptors();
		allocations = 0;
		for (int k = 0; k < 200; k++) {
			test_sample(table);
			grown += hk_system_processes_started_count(table);
		}
		/* Others may start meanwhile; blocks and lists grow by doubling. */
		if (allocations > 4 + grown)
			fail_msg(
			    "%zu allocations for %zu new processes", allocations, grown);
		/* The openat engine keeps files of those that stay. */
		assert_true(open_descriptors() <= before + grown);
		hk_system_processes_close(table);
	}
	assert_int_equal(0, hk_allocator_set(NULL));
}

static void files_that_stay_open_are_few_and_given_back(void **state)
{
	size_t before = open_descriptors();
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_OPENAT, NULL);

	(void) state;
	for (int i = 0; i < 5; i++)
		test_sample(table);
	assert_true(open_descriptors() > before);
	assert_true(open_descriptors() <= before + 1 + 192);
	hk_system_processes_close(table);
	assert_int_equal(before, open_descriptors());
}

/* ---- agreement ---- */

static void the_engines_agree(void **state)
{
	hk_system_selftest result;
	int r = 1;

	(void) state;
	/* Any process of the machine may change and change back between the two looks
	 * that enclose a third; not one or another of them each of a hundred times. */
	for (int i = 0; i < 100 && r == 1; i++)
		r = hk_system_process_selftest(&result);
	if (r != 0)
		fail_msg("%d: %s", r, result.first);
	assert_true(result.engines >= 2);
	assert_true(result.processes > 0 && result.values > 20 * result.processes);
}

static void auto_goes_from_adaptive_to_bpf_or_says_why_not(void **state)
{
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_AUTO, NULL);
	hk_system_processes *bpf = test_table(HK_SYSTEM_ENGINE_BPF, NULL);
	hk_system_processes_info info;

	(void) state;
	test_sample(table);
	hk_system_processes_describe(&info, table);
	assert_string_equal("adaptive", info.engine);
	assert_int_equal(1, info.samples);
	assert_int_equal(hk_system_processes_count(table), info.processes);
	for (int i = 0; i < 3; i++)
		test_sample(table);
	hk_system_processes_describe(&info, table);
	assert_string_equal(bpf != NULL ? "bpf" : "adaptive", info.engine);
	if (bpf == NULL)
		assert_memory_equal("not bpf: ", info.engine_why, 9);
	assert_true(info.sample_cpu_s > 0 && info.memory_bytes > 0);
	hk_system_processes_close(bpf);
	hk_system_processes_close(table);
}

static void rows_outlive_a_change_of_engine(void **state)
{
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_AUTO, NULL);
	pid_t child = test_child(NULL, NULL);
	const hk_system_process *row;

	(void) state;
	test_sample(table);
	row = test_row(table, child);
	for (int i = 0; i < 4; i++) {
		test_sample(table);
		assert_ptr_equal(row, test_row(table, child));
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_CPU_PERCENT));
	}
	test_child_end(child);
	hk_system_processes_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_samples_allocate_nothing_and_open_nothing),
		cmocka_unit_test(files_that_stay_open_are_few_and_given_back),
		cmocka_unit_test(the_engines_agree),
		cmocka_unit_test(auto_goes_from_adaptive_to_bpf_or_says_why_not),
		cmocka_unit_test(rows_outlive_a_change_of_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
