/*
 * The simulator against a naive one: thousands of small random workloads have to come
 * out the same under every policy, switch by switch.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "sched/naive.h"

#define CASES 1500

/* ---- random cases ---- */

static int64_t below(hki_random *random, uint64_t bound)
{
	return (int64_t) hki_random_below(random, bound);
}

static void make_task(naive *n, int index, hki_random *random)
{
	task *t = &n->tasks[index];
	int64_t after = 0;

	*t = (task){ .needs = NOBODY, .start = -1, .end = -1 };
	if (index > 0)
		t->arrival = n->tasks[index - 1].arrival + below(random, 4);
	t->burst = below(random, 10);
	t->priority = (int) below(random, 4);
	t->tickets = 1 + (int) below(random, 5);
	t->queue = (int) below(random, 4);
	t->deadline = below(random, 2) ? 1 + below(random, 30) : 0;
	if (below(random, 5) == 0)
		t->start_after = below(random, 15);
	if (index > 0 && below(random, 6) == 0) {
		t->needs = (int) below(random, (uint64_t) index);
		t->condition = (hk_sched_condition) below(random, 3);
	}
	for (int i = 0; i < 2 && below(random, 3) == 0; i++) {
		after += 1 + below(random, 4);
		if (after >= t->burst)
			break;
		t->io[t->io_count++] = (hk_sched_io){ after, below(random, 5) };
	}
}

static void make_case(naive *n, const char *policy, uint64_t seed)
{
	hki_random random;

	hki_random_seed(&random, seed);
	memset(n, 0, sizeof(*n));
	n->policy = policy;
	n->opts = (hk_sched_policy_opts) HK_SCHED_POLICY_OPTS_INIT;
	n->opts.quantum = 1 + below(&random, 4);
	n->opts.seed = seed;
	n->cpus = below(&random, 2) ? 1 : 1 + (int) below(&random, CPUS);
	n->cost = below(&random, 3) == 0 ? 1 + below(&random, 2) : 0;
	n->newcomer = below(&random, 2) == 0;
	n->low = below(&random, 2) == 0;
	if (below(&random, 2) == 0)
		n->opts.aging = 1 + below(&random, 5);
	if (below(&random, 2) == 0)
		n->opts.boost = 3 + below(&random, 12);
	if (below(&random, 2) == 0)
		n->opts.levels = 1 + (uint32_t) below(&random, 4);
	n->opts.allotment = (uint32_t) below(&random, 3);
	n->opts.flags = (uint32_t) below(&random, 8);
	for (int i = 0; i < 3; i++)
		n->quanta[i] = 1 + below(&random, 5);
	if (is(n, "multilevel") && below(&random, 3) == 0)
		n->quanta[2] = 0;
	if (below(&random, 2) == 0) {
		n->opts.quanta = n->quanta;
		n->opts.quanta_count = 3;
	}
	n->opts.latency = 1 + below(&random, 20);
	n->latency = n->opts.latency;
	n->count = 1 + (int) below(&random, TASKS);
	for (int i = 0; i < n->count; i++)
		make_task(n, i, &random);
}

static hk_sched_workload *workload_of(const naive *n)
{
	hk_sched_workload *workload;
	char ids[TASKS][16];

	assert_int_equal(0, hk_sched_workload_new(&workload));
	for (int i = 0; i < n->count; i++) {
		const task *t = &n->tasks[i];
		hk_sched_task description = HK_SCHED_TASK_INIT;
		hk_sched_dependency needs = { .condition = t->condition };

		snprintf(ids[i], sizeof(ids[i]), "t%d", i);
		description.id = ids[i];
		description.arrival = t->arrival;
		description.start_after = t->start_after;
		description.burst = t->burst;
		description.priority = t->priority;
		description.tickets = (uint32_t) t->tickets;
		description.queue = (uint32_t) t->queue;
		description.deadline = t->deadline;
		description.io = t->io;
		description.io_count = (size_t) t->io_count;
		if (t->needs != NOBODY) {
			needs.id = ids[t->needs];
			description.depends_on = &needs;
			description.depends_on_count = 1;
		}
		assert_int_equal(i, hk_sched_workload_add(workload, &description));
	}
	return workload;
}

static void differ(const naive *n, uint64_t seed, int index, const char *what,
    int64_t expected, int64_t found)
{
	if (expected == found)
		return;
	for (int i = 0; i < n->count; i++)
		print_error(
		    "  t%d arrival %lld burst %lld priority %d: start %lld end %lld\n", i,
		    (long long) n->tasks[i].arrival, (long long) n->tasks[i].burst,
		    n->tasks[i].priority, (long long) n->tasks[i].start,
		    (long long) n->tasks[i].end);
	fail_msg("%s, case %llu: t%d: %s: expected %lld, found %lld", n->policy,
	    (unsigned long long) seed, index, what, (long long) expected,
	    (long long) found);
}

static void compare(const naive *n, uint64_t seed, const hk_sched_result *result)
{
	const hk_sched_statistics *statistics = hk_sched_result_statistics(result);

	for (int i = 0; i < n->count; i++) {
		const task *t = &n->tasks[i];
		hk_sched_row row;

		assert_int_equal(0, hk_sched_result_row(&row, result, (size_t) i));
		differ(n, seed, i, "outcome",
		    t->place == ENDED ? HK_SCHED_DONE : HK_SCHED_DEPENDENCY_FAILED,
		    row.outcome);
		if (t->place != ENDED)
			continue;
		differ(n, seed, i, "start", t->start, row.start);
		differ(n, seed, i, "end", t->end, row.end);
		differ(n, seed, i, "slices", t->slices, (int64_t) row.slices);
		differ(n, seed, i, "held", t->held, row.held);
		differ(n, seed, i, "wait",
		    t->end - t->arrival - t->burst - t->waited_io - t->held, row.wait);
	}
	differ(n, seed, 0, "switches", n->switches, (int64_t) statistics->switches);
	differ(
	    n, seed, 0, "preemptions", n->preemptions, (int64_t) statistics->preemptions);
}

static void run_case(const char *policy, uint64_t seed)
{
	static naive n;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload;
	hk_sched_result *result;

	make_case(&n, policy, seed);
	workload = workload_of(&n);
	opts.policy = &n.opts;
	opts.cpus = (uint32_t) n.cpus;
	opts.switch_cost = n.cost;
	opts.tie = n.newcomer ? HK_SCHED_TIE_NEWCOMER : HK_SCHED_TIE_PREEMPTED;
	opts.low_first = n.low;
	opts.slices = 1;
	assert_int_equal(0, hk_sched_simulate(&result, workload,
				hk_sched_policy_find(policy), &opts, NULL));
	run_naive(&n);
	compare(&n, seed, result);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void a_policy_does_what_the_naive_one_does(void **state)
{
	for (uint64_t seed = 1; seed <= CASES; seed++)
		run_case(*state, seed);
}

#define POLICY(name)                                                                     \
	{                                                                                \
		name " is as the naive simulation has it",                               \
		    a_policy_does_what_the_naive_one_does, NULL, NULL, (void *) name     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY("fcfs"),
		POLICY("sjf"),
		POLICY("srtf"),
		POLICY("hrrn"),
		POLICY("rr"),
		POLICY("priority"),
		POLICY("priority-rr"),
		POLICY("multilevel"),
		POLICY("feedback"),
		POLICY("mlfq"),
		POLICY("lottery"),
		POLICY("stride"),
		POLICY("fair"),
		POLICY("edf"),
		POLICY("rm"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
