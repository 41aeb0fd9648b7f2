/*
 * Workloads made in C, and generated.
 */
#include "sched/workload_fixture.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* ---- in C ---- */

static void a_task_is_copied_with_all_it_points_to(void **state)
{
	char id[] = "build";
	char word[] = "cc";
	const char *argv[] = { word, "-c", NULL };
	hk_sched_io io[] = { { 1, 2 } };
	hk_sched_dependency on[] = { { .id = "x" } };
	hk_sched_command command = { .argv = argv, .retries = 3 };
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_workload *workload;
	const hk_sched_task *kept;

	(void) state;
	task.id = id;
	task.io = io;
	task.io_count = 1;
	task.depends_on = on;
	task.depends_on_count = 1;
	task.command = &command;
	assert_int_equal(0, hk_sched_workload_new(&workload));
	assert_int_equal(0, hk_sched_workload_add(workload, &task));
	memset(id, 'z', sizeof(id) - 1);
	memset(word, 'z', sizeof(word) - 1);
	memset(io, 0, sizeof(io));
	memset(&command, 0, sizeof(command));
	kept = hk_sched_workload_task(workload, 0);
	assert_string_equal("build", kept->id);
	assert_int_equal(HK_SCHED_BURST_DEFAULT, kept->burst);
	assert_int_equal(2, kept->io[0].duration);
	assert_string_equal("x", kept->depends_on[0].id);
	assert_string_equal("cc", kept->command->argv[0]);
	assert_string_equal("-c", kept->command->argv[1]);
	assert_null(kept->command->argv[2]);
	assert_int_equal(3, kept->command->retries);
	assert_null(hk_sched_workload_task(workload, 1));
	hk_sched_workload_free(workload);
}

static void tasks_without_a_name_get_one_nobody_has(void **state)
{
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_workload *workload;

	(void) state;
	assert_int_equal(0, hk_sched_workload_new(&workload));
	task.id = "T2";
	assert_int_equal(0, hk_sched_workload_add(workload, &task));
	assert_int_equal(-EEXIST, hk_sched_workload_add(workload, &task));
	task.id = NULL;
	assert_int_equal(1, hk_sched_workload_add(workload, &task));
	assert_string_equal("T3", hk_sched_workload_task(workload, 1)->id);
	assert_int_equal(1, hk_sched_workload_find(workload, "T3"));
	assert_int_equal(-ENOENT, hk_sched_workload_find(workload, "T4"));
	hk_sched_workload_free(workload);
}

static void times_that_cannot_be_are_refused(void **state)
{
	hk_sched_task tasks[6];
	static const int codes[6] = { -EINVAL, -EINVAL, -ERANGE, -EINVAL, -EINVAL,
		-EINVAL };
	static const hk_sched_io late = { 10, 1 };
	static const hk_sched_io twice[] = { { 3, 1 }, { 3, 1 } };
	hk_sched_workload *workload;

	(void) state;
	for (int i = 0; i < 6; i++) {
		tasks[i] = (hk_sched_task) HK_SCHED_TASK_INIT;
		tasks[i].burst = 10;
	}
	tasks[0].burst = -1;
	tasks[1].arrival = -1;
	tasks[2].deadline = HK_SCHED_TIME_MAX + 1;
	tasks[3].io = &late;
	tasks[3].io_count = 1;
	tasks[4].io = twice;
	tasks[4].io_count = 2;
	tasks[5].size = 3;
	assert_int_equal(0, hk_sched_workload_new(&workload));
	for (int i = 0; i < 6; i++)
		assert_int_equal(codes[i], hk_sched_workload_add(workload, &tasks[i]));
	assert_int_equal(0, hk_sched_workload_count(workload));
	hk_sched_workload_free(workload);
}

static void every_circle_is_told_with_all_in_it(void **state)
{
	static const char *const waits[][2] = { { "a", "b" }, { "b", "c" }, { "c", "a" },
		{ "d", "a" }, { "e", "f" }, { "f", "e" }, { "g", "g" }, { "h", "nobody" },
		{ "i", NULL } };
	hk_sched_workload *workload;
	hk_error_list *errors;
	char all[1024] = "";

	(void) state;
	assert_int_equal(0, hk_sched_workload_new(&workload));
	assert_int_equal(0, hk_error_list_new(&errors));
	for (size_t i = 0; i < 9; i++) {
		hk_sched_task task = HK_SCHED_TASK_INIT;
		hk_sched_dependency on = { .id = waits[i][1] };

		task.id = waits[i][0];
		task.depends_on = &on;
		task.depends_on_count = waits[i][1] != NULL;
		assert_true(hk_sched_workload_add(workload, &task) >= 0);
	}
	assert_int_equal(-ELOOP, hk_sched_workload_check(workload, errors));
	assert_int_equal(4, hk_error_list_count(errors));
	for (size_t i = 0; i < 4; i++) {
		strcat(all, hk_error_list_get(errors, i)->text);
		strcat(all, "\n");
	}
	assert_non_null(strstr(all, "'a' -> 'b' -> 'c' -> 'a'"));
	assert_non_null(strstr(all, "'e' -> 'f' -> 'e'"));
	assert_non_null(strstr(all, "'g' -> 'g'"));
	assert_non_null(strstr(all, "'h' waits for 'nobody'"));
	hk_error_list_free(errors);
	hk_sched_workload_free(workload);
}

/* ---- generating ---- */

static void distributions_have_the_mean_they_were_asked_for(void **state)
{
	(void) state;
	for (unsigned int i = 0; i < HK_SCHED_DISTRIBUTION_COUNT; i++) {
		hk_sched_generate_opts opts = HK_SCHED_GENERATE_OPTS_INIT;
		hk_sched_workload *workload;
		double sum = 0;

		opts.count = 50000;
		opts.burst = (hk_sched_distribution) i;
		opts.burst_mean = 1000;
		opts.interarrival = (hk_sched_distribution) i;
		opts.interarrival_mean = 100;
		opts.seed = 3;
		assert_int_equal(0, hk_sched_workload_generate(&workload, &opts));
		for (size_t k = 0; k < opts.count; k++)
			sum += (double) hk_sched_workload_task(workload, k)->burst;
		sum /= (double) opts.count;
		/* A heavy tail, cut, comes near its mean slowly and from below. */
		if (sum < (i == HK_SCHED_PARETO ? 850 : 970) || sum > 1050)
			fail_msg(
			    "%s: the mean is %g", hk_sched_distribution_name(i), sum);
		hk_sched_workload_free(workload);
	}
	assert_null(hk_sched_distribution_name(HK_SCHED_DISTRIBUTION_COUNT));
}

/* The same everywhere and for ever: these are the first figures of seed 42. */
static void a_seed_gives_the_same_workload_for_ever(void **state)
{
	static const int64_t bursts[] = { 88, 476, 1140, 2586, 4804, 1469 };
	hk_sched_generate_opts opts = HK_SCHED_GENERATE_OPTS_INIT;
	hk_sched_workload *workload;

	(void) state;
	opts.seed = 42;
	opts.burst = HK_SCHED_EXPONENTIAL;
	opts.burst_mean = 1000;
	assert_int_equal(0, hk_sched_workload_generate(&workload, &opts));
	for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++)
		assert_int_equal(bursts[i], hk_sched_workload_task(workload, i)->burst);
	hk_sched_workload_free(workload);
}

static void what_cannot_be_generated_is_refused(void **state)
{
	hk_sched_generate_opts opts = HK_SCHED_GENERATE_OPTS_INIT;
	hk_sched_workload *workload = NULL;

	(void) state;
	opts.io_percent = 101;
	assert_int_equal(-EINVAL, hk_sched_workload_generate(&workload, &opts));
	opts.io_percent = 0;
	opts.burst = HK_SCHED_DISTRIBUTION_COUNT;
	assert_int_equal(-EINVAL, hk_sched_workload_generate(&workload, &opts));
	opts.burst = HK_SCHED_UNIFORM;
	opts.burst_mean = HK_SCHED_TIME_MAX;
	assert_int_equal(-ERANGE, hk_sched_workload_generate(&workload, &opts));
	opts.burst_mean = 1;
	opts.interarrival_mean = HK_SCHED_TIME_MAX / 1024;
	opts.count = 100000;
	assert_int_equal(-ERANGE, hk_sched_workload_generate(&workload, &opts));
	assert_null(workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_is_copied_with_all_it_points_to),
		cmocka_unit_test(tasks_without_a_name_get_one_nobody_has),
		cmocka_unit_test(times_that_cannot_be_are_refused),
		cmocka_unit_test(every_circle_is_told_with_all_in_it),
		cmocka_unit_test(distributions_have_the_mean_they_were_asked_for),
		cmocka_unit_test(a_seed_gives_the_same_workload_for_ever),
		cmocka_unit_test(what_cannot_be_generated_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
