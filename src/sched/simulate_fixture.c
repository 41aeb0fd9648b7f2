/* Workloads and simulations as tests want them: there, or the test has failed. */
#include "sched/simulate_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

hk_sched_workload *new_workload(void)
{
	hk_sched_workload *workload;

	assert_int_equal(0, hk_sched_workload_new(&workload));
	return workload;
}

void add(hk_sched_workload *workload, int64_t arrival, int64_t burst)
{
	hk_sched_task task = HK_SCHED_TASK_INIT;

	task.arrival = arrival;
	task.burst = burst;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
}

hk_sched_result *simulate(
    const hk_sched_workload *workload, const char *policy, const hk_sched_opts *opts)
{
	hk_sched_result *result = NULL;
	int r = hk_sched_simulate(
	    &result, workload, hk_sched_policy_find(policy), opts, NULL);

	if (r < 0)
		fail_msg("%s: %s", policy, hk_error_name(r));
	return result;
}

hk_sched_row row_of(const hk_sched_result *result, size_t index)
{
	hk_sched_row row;

	assert_int_equal(0, hk_sched_result_row(&row, result, index));
	return row;
}

hk_sched_workload *generate(uint64_t seed, size_t count, int64_t mean, uint32_t io)
{
	hk_sched_generate_opts opts = HK_SCHED_GENERATE_OPTS_INIT;
	hk_sched_workload *workload;

	opts.seed = seed;
	opts.count = count;
	opts.burst_mean = mean;
	opts.interarrival_mean = mean;
	opts.priorities = 4;
	opts.tickets_max = 10;
	opts.io_percent = io;
	assert_int_equal(0, hk_sched_workload_generate(&workload, &opts));
	return workload;
}
