/*
 * What must hold of every schedule, whatever the workload: nothing is lost, nobody
 * starves where that is promised, and what is said to be least is least.
 */
#include "sched/simulate_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/random.h"

/* At every tick as many CPUs are busy as there are tasks that could use one. */
static void check_conserved(const hk_sched_result *result, const char *policy)
{
	size_t count;
	const hk_sched_slice *slices = hk_sched_result_slices(result, &count);
	enum { SPAN = 4096 };
	static int running[SPAN];
	static int present[SPAN];

	memset(running, 0, sizeof(running));
	memset(present, 0, sizeof(present));
	for (size_t i = 0; i < count; i++)
		for (int64_t at = slices[i].start; at < slices[i].end; at++)
			running[at]++;
	for (size_t i = 0; i < hk_sched_result_count(result); i++) {
		hk_sched_row row = row_of(result, i);

		assert_true(row.end < SPAN);
		for (int64_t at = row.arrival; at < row.end; at++)
			present[at]++;
	}
	for (int at = 0; at < SPAN; at++)
		if (running[at] != (present[at] < 2 ? present[at] : 2))
			fail_msg("%s: at %d %d of %d run on two CPUs", policy, at,
			    running[at], present[at]);
}

static void no_cpu_idles_while_somebody_is_ready(void **state)
{
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	const hk_sched_policy *policy;

	(void) state;
	policy_opts.quantum = 3;
	policy_opts.boost = 20;
	opts.policy = &policy_opts;
	opts.cpus = 2;
	opts.slices = 1;
	for (uint64_t seed = 0; seed < 20; seed++) {
		hk_sched_workload *workload = generate(seed, 60, 10, 0);

		for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++) {
			hk_sched_result *result = simulate(workload, policy->name, &opts);

			check_conserved(result, policy->name);
			hk_sched_result_free(result);
		}
		hk_sched_workload_free(workload);
	}
}

/* Every tick of every burst is run, once, and on one CPU at a time. */
static void all_of_a_burst_is_run_and_never_twice_at_once(void **state)
{
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload = generate(7, 200, 9, 40);
	const hk_sched_policy *policy;

	(void) state;
	opts.cpus = 3;
	opts.slices = 1;
	opts.switch_cost = 1;
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++) {
		hk_sched_result *result = simulate(workload, policy->name, &opts);
		int64_t had[200] = { 0 };
		int64_t until[200] = { 0 };
		int64_t cpu_until[3] = { 0 };
		size_t count;
		const hk_sched_slice *slices = hk_sched_result_slices(result, &count);

		for (size_t k = 0; k < count; k++) {
			assert_true(slices[k].start >= until[slices[k].job]);
			assert_true(slices[k].start >= cpu_until[slices[k].cpu]);
			until[slices[k].job] = slices[k].end;
			cpu_until[slices[k].cpu] = slices[k].end;
			had[slices[k].job] += slices[k].end - slices[k].start;
		}
		for (size_t k = 0; k < 200; k++)
			assert_int_equal(row_of(result, k).burst, had[k]);
		hk_sched_result_free(result);
	}
	hk_sched_workload_free(workload);
}

/*
 * A stream of urgent short tasks that would fill the CPU for ever, and one that they
 * may not starve.
 */
static int64_t wait_among_urgent(const char *policy, const hk_sched_policy_opts *how)
{
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload = new_workload();
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_result *result;
	int64_t wait;

	task.burst = 20;
	task.queue = 1;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	for (int i = 0; i < 2000; i++) {
		task.arrival = i * 2;
		task.burst = 2;
		task.priority = 5;
		task.queue = 0;
		assert_true(hk_sched_workload_add(workload, &task) >= 0);
	}
	opts.policy = how;
	result = simulate(workload, policy, &opts);
	wait = row_of(result, 0).wait;
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
	return wait;
}

static void nobody_starves_where_that_is_promised(void **state)
{
	hk_sched_policy_opts opts = HK_SCHED_POLICY_OPTS_INIT;
	static const int64_t quanta[] = { 2, 4, 8 };

	(void) state;
	opts.quantum = 2;
	assert_true(wait_among_urgent("rr", &opts) < 200);
	assert_true(wait_among_urgent("lottery", &opts) < 1000);
	assert_true(wait_among_urgent("stride", &opts) < 200);
	assert_true(wait_among_urgent("fair", &opts) < 400);
	/* Without a remedy it is last, … */
	assert_true(wait_among_urgent("priority", &opts) >= 3900);
	opts.aging = 10;
	/* … with one it is not. */
	assert_true(wait_among_urgent("priority", &opts) < 200);
	assert_true(wait_among_urgent("priority-rr", &opts) < 1000);
	opts.quanta = quanta;
	opts.quanta_count = 3;
	assert_true(wait_among_urgent("mlfq", &opts) >= 3900);
	opts.boost = 40;
	assert_true(wait_among_urgent("mlfq", &opts) < 1000);
}

/* The least sum of waits over every order in which whole jobs can be run. */
static int64_t least_wait(
    const int64_t *arrivals, const int64_t *bursts, unsigned int left, int64_t now, int n)
{
	int64_t least = INT64_MAX;

	if (left == 0)
		return 0;
	for (int i = 0; i < n; i++) {
		int64_t start;
		int64_t wait;

		if ((left >> i & 1) == 0)
			continue;
		start = now > arrivals[i] ? now : arrivals[i];
		wait =
		    start - arrivals[i] +
		    least_wait(arrivals, bursts, left & ~(1U << i), start + bursts[i], n);
		if (wait < least)
			least = wait;
	}
	return least;
}

static int64_t sum_of_waits(const hk_sched_result *result)
{
	int64_t sum = 0;

	for (size_t i = 0; i < hk_sched_result_count(result); i++)
		sum += row_of(result, i).wait;
	return sum;
}

static void no_order_of_whole_jobs_waits_less_than_sjf(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 11);
	for (int round = 0; round < 300; round++) {
		int n = 1 + (int) hki_random_below(&random, 6);
		int64_t arrivals[6] = { 0 };
		int64_t bursts[6];
		hk_sched_workload *workload = new_workload();
		hk_sched_result *result;

		for (int i = 0; i < n; i++) {
			bursts[i] = (int64_t) hki_random_below(&random, 20);
			add(workload, 0, bursts[i]);
		}
		result = simulate(workload, "sjf", NULL);
		assert_int_equal(least_wait(arrivals, bursts, (1U << n) - 1, 0, n),
		    sum_of_waits(result));
		hk_sched_result_free(result);
		hk_sched_workload_free(workload);
	}
}

/* With arrivals nobody may look ahead; but SRTF's average is the least there is, so
 * it is not above that of any order of whole jobs either. */
static void srtf_waits_no_more_than_any_order_of_whole_jobs(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 12);
	for (int round = 0; round < 300; round++) {
		int n = 1 + (int) hki_random_below(&random, 6);
		int64_t arrivals[6];
		int64_t bursts[6];
		hk_sched_workload *workload = new_workload();
		hk_sched_result *result;

		for (int i = 0; i < n; i++) {
			arrivals[i] = (int64_t) hki_random_below(&random, 20);
			bursts[i] = (int64_t) hki_random_below(&random, 20);
			add(workload, arrivals[i], bursts[i]);
		}
		result = simulate(workload, "srtf", NULL);
		assert_true(sum_of_waits(result) <=
			    least_wait(arrivals, bursts, (1U << n) - 1, 0, n));
		hk_sched_result_free(result);
		hk_sched_workload_free(workload);
	}
}

/* Two tasks with tickets 3 : 1 that never end within sight. */
static double share_of_first(const char *policy)
{
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload = new_workload();
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_result *result;
	double share;

	policy_opts.quantum = 10;
	opts.policy = &policy_opts;
	task.burst = 300000;
	task.tickets = 300;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	task.tickets = 100;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	result = simulate(workload, policy, &opts);
	/* Until the first ended, the other had the rest. */
	share = 300000 / (double) row_of(result, 0).end;
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
	return share;
}

static void cpu_time_is_shared_as_tickets_are(void **state)
{
	(void) state;
	assert_true(
	    share_of_first("stride") > 0.7499 && share_of_first("stride") < 0.7501);
	assert_true(share_of_first("fair") > 0.749 && share_of_first("fair") < 0.751);
	assert_true(share_of_first("lottery") > 0.74 && share_of_first("lottery") < 0.76);
}

static void one_seed_draws_one_schedule(void **state)
{
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload = generate(3, 50, 20, 20);
	hk_sched_result *results[3];
	size_t differences = 0;

	(void) state;
	opts.policy = &policy_opts;
	policy_opts.quantum = 5;
	for (uint64_t i = 0; i < 3; i++) {
		policy_opts.seed = i == 2 ? 99 : 1;
		results[i] = simulate(workload, "lottery", &opts);
	}
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(row_of(results[0], i).end, row_of(results[1], i).end);
		differences += row_of(results[0], i).end != row_of(results[2], i).end;
	}
	assert_true(differences > 0);
	for (int i = 0; i < 3; i++)
		hk_sched_result_free(results[i]);
	hk_sched_workload_free(workload);
}

static void edf_keeps_every_deadline_up_to_full_use(void **state)
{
	static const int64_t sets[][3][2] = {
		{ { 2, 4 }, { 2, 6 }, { 2, 12 } },
		{ { 5, 20 }, { 10, 40 }, { 40, 80 } },
		{ { 1, 2 }, { 1, 3 }, { 1, 6 } },
	};

	(void) state;
	for (size_t i = 0; i < 3; i++) {
		hk_sched_workload *workload = new_workload();
		hk_sched_result *result;

		for (size_t k = 0; k < 3; k++) {
			hk_sched_task task = HK_SCHED_TASK_INIT;

			task.burst = sets[i][k][0];
			task.period = sets[i][k][1];
			assert_true(hk_sched_workload_add(workload, &task) >= 0);
		}
		result = simulate(workload, "edf", NULL);
		assert_int_equal(0, hk_sched_result_statistics(result)->late);
		assert_int_equal(
		    100, (int) hk_sched_result_statistics(result)->utilisation_percent);
		hk_sched_result_free(result);
		hk_sched_workload_free(workload);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_cpu_idles_while_somebody_is_ready),
		cmocka_unit_test(all_of_a_burst_is_run_and_never_twice_at_once),
		cmocka_unit_test(nobody_starves_where_that_is_promised),
		cmocka_unit_test(no_order_of_whole_jobs_waits_less_than_sjf),
		cmocka_unit_test(srtf_waits_no_more_than_any_order_of_whole_jobs),
		cmocka_unit_test(cpu_time_is_shared_as_tickets_are),
		cmocka_unit_test(one_seed_draws_one_schedule),
		cmocka_unit_test(edf_keeps_every_deadline_up_to_full_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
