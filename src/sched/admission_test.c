/*
 * Admission against figures that were worked out by hand, and against the simulator:
 * what response-time analysis says is what the first releases do when all start at once.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <hostkit/sched.h>
#include "base/random.h"

static hk_sched_workload *tasks_of(const int64_t (*set)[2], size_t count)
{
	hk_sched_workload *workload;

	assert_int_equal(0, hk_sched_workload_new(&workload));
	for (size_t i = 0; i < count; i++) {
		hk_sched_task task = HK_SCHED_TASK_INIT;

		task.burst = set[i][0];
		task.period = set[i][1];
		assert_int_equal((int64_t) i, hk_sched_workload_add(workload, &task));
	}
	return workload;
}

typedef struct example {
	int64_t set[3][2];
	size_t count;
	int64_t responses[3]; /* HK_SCHED_NEVER: missed */
} example;

static void response_times_are_those_worked_out_by_hand(void **state)
{
	static const example examples[] = {
		{ { { 3, 7 }, { 3, 12 }, { 5, 20 } }, 3, { 3, 6, 20 } },
		{ { { 5, 20 }, { 10, 40 }, { 40, 80 } }, 3, { 5, 15, 80 } },
		{ { { 1, 4 }, { 2, 6 }, { 3, 10 } }, 3, { 1, 3, 10 } },
		{ { { 2, 5 }, { 4, 7 } }, 2, { 2, HK_SCHED_NEVER } },
		{ { { 10, 30 }, { 10, 40 }, { 12, 50 } }, 3, { 10, 20, HK_SCHED_NEVER } },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		hk_sched_workload *workload =
		    tasks_of(examples[i].set, examples[i].count);
		hk_sched_admission admission;
		int64_t found[3];
		bool all = true;

		assert_int_equal(0, hk_sched_admit(&admission, found, workload));
		for (size_t k = 0; k < examples[i].count; k++) {
			assert_int_equal(examples[i].responses[k], found[k]);
			all = all && found[k] != HK_SCHED_NEVER;
		}
		assert_int_equal(all, admission.rate_monotonic);
		hk_sched_workload_free(workload);
	}
}

static void the_bound_of_liu_and_layland_falls_towards_ln_2(void **state)
{
	static const double bounds[] = { 1.0, 0.8284, 0.7798, 0.7568, 0.7435 };
	int64_t set[5][2];

	(void) state;
	for (size_t n = 1; n <= 5; n++) {
		hk_sched_workload *workload;
		hk_sched_admission admission;

		set[n - 1][0] = 1;
		set[n - 1][1] = 100;
		workload = tasks_of((const int64_t(*)[2]) set, n);
		assert_int_equal(0, hk_sched_admit(&admission, NULL, workload));
		assert_true(fabs(admission.liu_layland_bound - bounds[n - 1]) < 0.00005);
		assert_true(admission.liu_layland && admission.hyperbolic);
		hk_sched_workload_free(workload);
	}
}

/* Bini and Buttazzo's point: a set that the bound does not admit and the product does. */
static void the_hyperbolic_bound_admits_more(void **state)
{
	static const int64_t set[][2] = { { 1, 2 }, { 1, 3 } };
	hk_sched_workload *workload = tasks_of(set, 2);
	hk_sched_admission admission;

	(void) state;
	assert_int_equal(0, hk_sched_admit(&admission, NULL, workload));
	assert_false(admission.liu_layland);
	assert_true(admission.hyperbolic);
	assert_true(admission.rate_monotonic);
	hk_sched_workload_free(workload);
}

static void full_use_is_enough_for_edf_and_more_is_not(void **state)
{
	static const int64_t full[][2] = { { 1, 3 }, { 1, 3 }, { 1, 3 } };
	static const int64_t over[][2] = { { 1, 3 }, { 1, 3 }, { 2, 5 } };
	hk_sched_workload *workload = tasks_of(full, 3);
	hk_sched_admission admission;

	(void) state;
	assert_int_equal(0, hk_sched_admit(&admission, NULL, workload));
	assert_true(admission.edf);
	hk_sched_workload_free(workload);
	workload = tasks_of(over, 3);
	assert_int_equal(0, hk_sched_admit(&admission, NULL, workload));
	assert_false(admission.edf);
	hk_sched_workload_free(workload);
}

static void analysis_says_what_the_simulator_does(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 5);
	for (int round = 0; round < 500; round++) {
		int64_t set[3][2];
		int64_t responses[3];
		hk_sched_workload *workload;
		hk_sched_admission admission;
		hk_sched_result *result;
		uint64_t late;

		for (int i = 0; i < 3; i++) {
			set[i][1] = 2 + (int64_t) hki_random_below(&random, 18);
			set[i][0] = 1 + (int64_t) hki_random_below(
					    &random, (uint64_t) set[i][1] / 2 + 1);
		}
		workload = tasks_of((const int64_t(*)[2]) set, 3);
		assert_int_equal(0, hk_sched_admit(&admission, responses, workload));
		assert_int_equal(0, hk_sched_simulate(&result, workload,
					hk_sched_policy_find("rm"), NULL, NULL));
		late = hk_sched_result_statistics(result)->late;
		assert_int_equal(late == 0, admission.rate_monotonic);
		for (size_t i = 0; i < 3 && late == 0; i++) {
			hk_sched_row row;

			assert_int_equal(0, hk_sched_result_row(&row, result, i));
			assert_int_equal(
			    responses[hk_sched_result_task(result, i)], row.turnaround);
		}
		/* What a bound admits, analysis does. */
		if (admission.liu_layland || admission.hyperbolic)
			assert_true(admission.rate_monotonic);
		hk_sched_result_free(result);
		hk_sched_workload_free(workload);
	}
}

static void without_periods_there_is_nothing_to_admit(void **state)
{
	static const int64_t set[][2] = { { 1, 0 } };
	hk_sched_workload *workload = tasks_of(set, 1);
	hk_sched_admission admission;

	(void) state;
	assert_int_equal(-ENOENT, hk_sched_admit(&admission, NULL, workload));
	hk_sched_workload_free(workload);
}

/* Response times that creep up to a far deadline, and use of exactly one. */
static void hostile_sets_end(void **state)
{
	static const int64_t full[][2] = { { 1, 1 }, { 1, HK_SCHED_TIME_MAX } };
	static const int64_t creeping[][2] = { { 999999, 1000000 },
		{ HK_SCHED_TIME_MAX / 2000000, HK_SCHED_TIME_MAX } };
	hk_sched_workload *workload = tasks_of(full, 2);
	hk_sched_admission admission;
	int64_t responses[2];
	int r;

	(void) state;
	assert_int_equal(0, hk_sched_admit(&admission, responses, workload));
	assert_int_equal(HK_SCHED_NEVER, responses[1]);
	hk_sched_workload_free(workload);
	workload = tasks_of(creeping, 2);
	r = hk_sched_admit(&admission, responses, workload);
	assert_true(r == 0 || r == HK_ELIMIT);
	hk_sched_workload_free(workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(response_times_are_those_worked_out_by_hand),
		cmocka_unit_test(the_bound_of_liu_and_layland_falls_towards_ln_2),
		cmocka_unit_test(the_hyperbolic_bound_admits_more),
		cmocka_unit_test(full_use_is_enough_for_edf_and_more_is_not),
		cmocka_unit_test(analysis_says_what_the_simulator_does),
		cmocka_unit_test(without_periods_there_is_nothing_to_admit),
		cmocka_unit_test(hostile_sets_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
