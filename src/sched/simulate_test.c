/*
 * What a simulation has to survive: nothing, too much, all at once, and options that
 * cannot be.
 */
#include "sched/simulate_fixture.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void bursts_of_nothing_end_when_their_turn_comes(void **state)
{
	const hk_sched_policy *policy;
	hk_sched_workload *workload = new_workload();

	(void) state;
	add(workload, 0, 5);
	add(workload, 0, 0);
	add(workload, 9, 0);
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++) {
		hk_sched_result *result = simulate(workload, policy->name, NULL);
		hk_sched_row second = row_of(result, 1);
		hk_sched_row third = row_of(result, 2);

		assert_int_equal(second.start, second.end);
		assert_true(second.end == 0 || second.end == 5);
		assert_int_equal(9, third.end);
		assert_int_equal(0, third.turnaround);
		hk_sched_result_free(result);
	}
	hk_sched_workload_free(workload);
}

static void only_bursts_of_nothing_have_no_span_to_divide_by(void **state)
{
	hk_sched_workload *workload = new_workload();
	hk_sched_result *result;
	const hk_sched_statistics *of;
	int field = hk_record_find(&hk_sched_statistics_type, "throughput");

	(void) state;
	add(workload, 3, 0);
	add(workload, 3, 0);
	result = simulate(workload, "rr", NULL);
	of = hk_sched_result_statistics(result);
	assert_int_equal(0, of->makespan);
	assert_false(hk_record_has(&of->record, (unsigned int) field));
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void an_empty_workload_is_over_at_once(void **state)
{
	const hk_sched_policy *policy;
	hk_sched_workload *workload = new_workload();

	(void) state;
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++) {
		hk_sched_result *result = simulate(workload, policy->name, NULL);

		assert_int_equal(0, hk_sched_result_count(result));
		hk_sched_result_free(result);
	}
	hk_sched_workload_free(workload);
}

static void huge_bursts_are_exact_and_too_huge_ones_refused(void **state)
{
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	const int64_t half = HK_SCHED_TIME_MAX / 2;
	const hk_sched_policy *policy;
	hk_sched_workload *workload = new_workload();
	hk_sched_result *result;

	(void) state;
	policy_opts.quantum = half / 7;
	policy_opts.aging = half / 3;
	policy_opts.boost = half / 5;
	policy_opts.flags = HK_SCHED_PREEMPTIVE;
	opts.policy = &policy_opts;
	add(workload, 0, half);
	add(workload, 0, half - 10);
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++) {
		int64_t first;
		int64_t second;

		result = simulate(workload, policy->name, &opts);
		first = row_of(result, 0).end;
		second = row_of(result, 1).end;
		assert_true((first > second ? first : second) == 2 * half - 10);
		hk_sched_result_free(result);
	}
	add(workload, 0, half);
	result = NULL;
	assert_int_equal(-ERANGE, hk_sched_simulate(&result, workload,
				      hk_sched_policy_find("rr"), &opts, NULL));
	assert_null(result);
	hk_sched_workload_free(workload);
}

static void slices_too_many_to_count_are_given_up(void **state)
{
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload = new_workload();
	hk_sched_result *result = NULL;
	hk_error_list *errors;

	(void) state;
	opts.decisions_max = 100000;
	assert_int_equal(0, hk_error_list_new(&errors));
	add(workload, 0, HK_SCHED_TIME_MAX / 2);
	add(workload, 0, HK_SCHED_TIME_MAX / 4);
	assert_int_equal(HK_ELIMIT, hk_sched_simulate(&result, workload,
					hk_sched_policy_find("rr"), &opts, errors));
	assert_non_null(strstr(hk_error_list_get(errors, 0)->text, "100000 decisions"));
	hk_error_list_free(errors);
	hk_sched_workload_free(workload);
}

static void switches_that_pass_the_end_of_time_are_refused(void **state)
{
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload = new_workload();
	hk_sched_result *result = NULL;

	(void) state;
	policy_opts.quantum = 1;
	opts.policy = &policy_opts;
	opts.switch_cost = HK_SCHED_TIME_MAX;
	add(workload, 0, 5);
	add(workload, 0, 5);
	assert_int_equal(-ERANGE, hk_sched_simulate(&result, workload,
				      hk_sched_policy_find("rr"), &opts, NULL));
	hk_sched_workload_free(workload);
}

static void equals_are_served_as_they_are_listed(void **state)
{
	static const char *const whole[] = { "fcfs", "sjf", "srtf", "hrrn", "priority",
		"edf", "rm" };
	hk_sched_workload *workload = new_workload();

	(void) state;
	for (int i = 0; i < 1000; i++)
		add(workload, 5, 3);
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		hk_sched_result *result = simulate(workload, whole[i], NULL);

		for (size_t k = 0; k < 1000; k++)
			assert_int_equal(
			    5 + 3 * ((int64_t) k + 1), row_of(result, k).end);
		hk_sched_result_free(result);
	}
	hk_sched_workload_free(workload);
}

static void a_million_may_arrive_at_once(void **state)
{
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload = new_workload();

	(void) state;
	policy_opts.quantum = 1;
	opts.policy = &policy_opts;
	for (int i = 0; i < 1000000; i++)
		add(workload, 0, 1);
	for (int i = 0; i < 2; i++) {
		hk_sched_result *result =
		    simulate(workload, i == 0 ? "rr" : "hrrn", &opts);

		assert_int_equal(1000000, hk_sched_result_statistics(result)->makespan);
		assert_int_equal(
		    500000, hk_sched_result_statistics(result)->wait_p50 + 1);
		hk_sched_result_free(result);
	}
	hk_sched_workload_free(workload);
}

static void a_chain_as_long_as_the_workload_is_followed(void **state)
{
	enum { LENGTH = 100000 };
	hk_sched_workload *workload = new_workload();
	hk_sched_result *result;
	char before[16] = "";

	(void) state;
	for (int i = 0; i < LENGTH; i++) {
		hk_sched_task task = HK_SCHED_TASK_INIT;
		hk_sched_dependency on = { .id = before };
		char id[16];

		snprintf(id, sizeof(id), "c%d", i);
		task.id = id;
		task.burst = 1;
		task.depends_on = &on;
		task.depends_on_count = i > 0;
		/* The second never runs, and so none behind it. */
		on.condition = i == 1 ? HK_SCHED_AFTER_NOT_OK : HK_SCHED_AFTER_OK;
		assert_true(hk_sched_workload_add(workload, &task) >= 0);
		memcpy(before, id, sizeof(id));
	}
	result = simulate(workload, "fcfs", NULL);
	assert_int_equal(1, hk_sched_result_statistics(result)->done);
	assert_int_equal(HK_SCHED_DEPENDENCY_FAILED, row_of(result, LENGTH - 1).outcome);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void waiting_for_who_is_held_is_no_waiting(void **state)
{
	hk_sched_workload *workload = new_workload();
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_dependency on = { .id = "first" };
	hk_sched_result *result;

	(void) state;
	task.id = "first";
	task.burst = 10;
	task.start_after = 5;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	task.id = "second";
	task.start_after = 0;
	task.depends_on = &on;
	task.depends_on_count = 1;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	result = simulate(workload, "fcfs", NULL);
	assert_int_equal(5, row_of(result, 0).start);
	assert_int_equal(0, row_of(result, 0).wait);
	assert_int_equal(15, row_of(result, 1).held);
	assert_int_equal(0, row_of(result, 1).wait);
	assert_int_equal(25, row_of(result, 1).end);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void too_many_releases_are_refused_and_until_bounds_them(void **state)
{
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload = new_workload();
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_result *result = NULL;

	(void) state;
	/* Periods without a common multiple within reach. */
	task.burst = 1;
	for (int i = 0; i < 3; i++) {
		task.period = (INT64_C(1) << 40) + 1 + 2 * i;
		assert_true(hk_sched_workload_add(workload, &task) >= 0);
	}
	assert_int_equal(-ERANGE, hk_sched_simulate(&result, workload,
				      hk_sched_policy_find("edf"), NULL, NULL));
	opts.until = INT64_C(1) << 42;
	result = simulate(workload, "edf", &opts);
	assert_int_equal(12, hk_sched_result_count(result));
	hk_sched_result_free(result);
	task.period = 1;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	assert_int_equal(HK_ELIMIT, hk_sched_simulate(&result, workload,
					hk_sched_policy_find("edf"), &opts, NULL));
	hk_sched_workload_free(workload);
}

static void a_periodic_task_cannot_be_waited_for(void **state)
{
	hk_sched_workload *workload = new_workload();
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_dependency on = { .id = "often" };
	hk_sched_result *result = NULL;

	(void) state;
	task.id = "often";
	task.burst = 1;
	task.period = 5;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	task.id = "once";
	task.period = 0;
	task.depends_on = &on;
	task.depends_on_count = 1;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	assert_int_equal(-EINVAL,
	    hk_sched_simulate(&result, workload, hk_sched_policy_find("rr"), NULL, NULL));
	hk_sched_workload_free(workload);
}

static void options_that_cannot_be_are_refused(void **state)
{
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_workload *workload = new_workload();
	hk_sched_result *result = NULL;
	hk_sched_opts wrong[5] = { HK_SCHED_OPTS_INIT, HK_SCHED_OPTS_INIT,
		HK_SCHED_OPTS_INIT, HK_SCHED_OPTS_INIT, HK_SCHED_OPTS_INIT };

	(void) state;
	wrong[0].cpus = HK_SCHED_CPUS_MAX + 1;
	wrong[1].switch_cost = -1;
	wrong[2].tie = (hk_sched_tie) 7;
	wrong[3].until = -1;
	wrong[4].policy = &policy_opts;
	policy_opts.quantum = -5;
	add(workload, 0, 1);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(
		    -EINVAL, hk_sched_simulate(&result, workload,
				 hk_sched_policy_find("rr"), &wrong[i], NULL));
	assert_int_equal(-EINVAL, hk_sched_simulate(&result, workload, NULL, NULL, NULL));
	wrong[0] = (hk_sched_opts) HK_SCHED_OPTS_INIT;
	wrong[0].size = sizeof(hk_sched_opts) + 8;
	hk_sched_workload_free(workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bursts_of_nothing_end_when_their_turn_comes),
		cmocka_unit_test(only_bursts_of_nothing_have_no_span_to_divide_by),
		cmocka_unit_test(an_empty_workload_is_over_at_once),
		cmocka_unit_test(huge_bursts_are_exact_and_too_huge_ones_refused),
		cmocka_unit_test(slices_too_many_to_count_are_given_up),
		cmocka_unit_test(switches_that_pass_the_end_of_time_are_refused),
		cmocka_unit_test(equals_are_served_as_they_are_listed),
		cmocka_unit_test(a_million_may_arrive_at_once),
		cmocka_unit_test(a_chain_as_long_as_the_workload_is_followed),
		cmocka_unit_test(waiting_for_who_is_held_is_no_waiting),
		cmocka_unit_test(too_many_releases_are_refused_and_until_bounds_them),
		cmocka_unit_test(a_periodic_task_cannot_be_waited_for),
		cmocka_unit_test(options_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
