/*
 * What must hold of every schedule, and what a simulation has to survive.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/allocator.h>
#include <hostkit/sched.h>
#include "base/random.h"
#include "base/torture.h"

static hk_sched_workload *new_workload(void)
{
	hk_sched_workload *workload;

	assert_int_equal(0, hk_sched_workload_new(&workload));
	return workload;
}

static void add(hk_sched_workload *workload, int64_t arrival, int64_t burst)
{
	hk_sched_task task = HK_SCHED_TASK_INIT;

	task.arrival = arrival;
	task.burst = burst;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
}

static hk_sched_result *simulate(
    const hk_sched_workload *workload, const char *policy, const hk_sched_opts *opts)
{
	hk_sched_result *result = NULL;
	int r = hk_sched_simulate(
	    &result, workload, hk_sched_policy_find(policy), opts, NULL);

	if (r < 0)
		fail_msg("%s: %s", policy, hk_error_name(r));
	return result;
}

static hk_sched_row row_of(const hk_sched_result *result, size_t index)
{
	hk_sched_row row;

	assert_int_equal(0, hk_sched_result_row(&row, result, index));
	return row;
}

static hk_sched_workload *generate(uint64_t seed, size_t count, int64_t mean, uint32_t io)
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

/* ---- properties ---- */

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

/* ---- what must be survived ---- */

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

/* ---- a policy of the user's own ---- */

typedef struct last_first {
	hk_sched_job *jobs[16];
	size_t count;
	bool keeps; /* gives nothing back */
} last_first;

static bool own_keeps;

static int own_create(void **out, const hk_sched_policy_opts *opts)
{
	last_first *own = calloc(1, sizeof(*own));

	(void) opts;
	assert_non_null(own);
	own->keeps = own_keeps;
	*out = own;
	return 0;
}

static int own_reserve(void *state, size_t jobs)
{
	(void) state;
	return jobs <= 16 ? 0 : -ENOMEM;
}

static void own_ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	last_first *own = state;

	(void) reason;
	(void) now;
	own->jobs[own->count++] = job;
}

static hk_sched_job *own_pick(void *state, int64_t now)
{
	last_first *own = state;

	(void) now;
	return own->count == 0 || own->keeps ? NULL : own->jobs[--own->count];
}

static void own_remove(void *state, hk_sched_job *job, int64_t now)
{
	(void) state;
	(void) job;
	(void) now;
}

static const hk_sched_policy own_policy = {
	.size = sizeof(hk_sched_policy),
	.name = "last-first",
	.title = "last come, first served",
	.help = "a stack",
	.create = own_create,
	.destroy = free,
	.reserve = own_reserve,
	.ready = own_ready,
	.pick = own_pick,
	.remove = own_remove,
};

static void users_bring_policies_of_their_own(void **state)
{
	hk_sched_workload *workload = new_workload();
	hk_sched_result *result;
	hk_error_list *errors;

	(void) state;
	add(workload, 0, 10);
	add(workload, 1, 10);
	add(workload, 2, 10);
	own_keeps = false;
	assert_int_equal(
	    0, hk_sched_simulate(&result, workload, &own_policy, NULL, NULL));
	assert_int_equal(10, row_of(result, 0).end);
	assert_int_equal(30, row_of(result, 1).end);
	assert_int_equal(20, row_of(result, 2).end);
	hk_sched_result_free(result);

	/* One that never gives a job back does not hang us. */
	own_keeps = true;
	assert_int_equal(0, hk_error_list_new(&errors));
	assert_int_equal(
	    -EPROTO, hk_sched_simulate(&result, workload, &own_policy, NULL, errors));
	assert_non_null(strstr(hk_error_list_get(errors, 0)->text, "last-first"));
	hk_error_list_free(errors);
	hk_sched_workload_free(workload);
}

/* ---- no memory ---- */

static int simulate_everything(void *user)
{
	const hk_sched_workload *workload = user;
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	static const int64_t quanta[] = { 1, 2 };
	const hk_sched_policy *policy;

	policy_opts.quanta = quanta;
	policy_opts.quanta_count = 2;
	opts.policy = &policy_opts;
	opts.cpus = 2;
	opts.slices = 1;
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++) {
		hk_sched_result *result;
		char *text;
		int r = hk_sched_simulate(&result, workload, policy, &opts, NULL);

		if (r < 0)
			return r;
		r = hk_sched_gantt_text(&text, result, 80);
		if (r == 0) {
			hk_free(text);
			r = hk_sched_gantt_svg(&text, result, "torture");
		}
		hk_sched_result_free(result);
		if (r < 0)
			return r;
		hk_free(text);
	}
	return 0;
}

static void every_allocation_may_fail(void **state)
{
	hk_sched_workload *workload = new_workload();
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_io io = { 2, 3 };
	hk_sched_dependency on = { .id = "T1" };

	(void) state;
	task.burst = 5;
	task.io = &io;
	task.io_count = 1;
	for (int i = 0; i < 4; i++)
		assert_true(hk_sched_workload_add(workload, &task) >= 0);
	task.depends_on = &on;
	task.depends_on_count = 1;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	assert_true(hki_torture(simulate_everything, workload) > 15);
	hk_sched_workload_free(workload);
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
		cmocka_unit_test(users_bring_policies_of_their_own),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
