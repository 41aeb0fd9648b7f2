/*
 * What does a scheduling decision cost, and how does it grow?
 *
 * Round robin over 10^6 tasks of ten slices each is 10^7 decisions; beside it the same
 * model in SimPy (sched/simpy_rr.py), both over 2 * 10^4 tasks, because what a slice
 * costs there grows with the tasks.
 *
 * Then every policy decides among 10^3 and among 10^6 tasks that are ready all the
 * time: with a row, a heap or a tree the one costs little more than the other; with a
 * list that is searched it would be a thousand times as much.  Tasks come back ten
 * times, because their slice is used up or, where slices have no end, from an I/O of
 * no length.
 *
 * Figures are processor time of the whole hk_sched_simulate(), setting up and
 * statistics included, over its decisions.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <hostkit/sched.h>
#include "harness.h"

enum {
	MANY = 1000000,
	SOME = 20000,
	FEW = 1000,
	SLICES = 10,
	SLICES_GROWTH = 10,
	QUANTUM = 10
};

/* What is simulated, so often that it can be timed. */
typedef struct model {
	const hk_sched_policy *policy;
	hk_sched_workload *workload;
	unsigned int repeats;
} model;

static uint64_t draw(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* All arrive at 0; what policies look at differs from task to task. */
static int64_t add_task(
    hk_sched_workload *workload, uint64_t *random, int64_t slices, bool waits)
{
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_io io[SLICES];
	uint64_t drawn = draw(random);

	task.burst = slices * QUANTUM - (int64_t) (drawn % QUANTUM);
	task.priority = (int32_t) (drawn >> 8 & 0x3ff);
	task.tickets = 1 + (drawn >> 20 & 0xff);
	task.queue = drawn >> 30 & 3;
	task.deadline = 1 + (int64_t) (drawn >> 32 & 0xffffff);
	for (int64_t i = 0; waits && i < slices - 1; i++)
		io[task.io_count++] = (hk_sched_io){ (i + 1) * QUANTUM, 0 };
	task.io = io;
	return hk_sched_workload_add(workload, &task);
}

static hk_sched_workload *make_workload(size_t count, int64_t slices, bool waits)
{
	hk_sched_workload *workload;
	uint64_t random = 88172645463325252U;

	if (hk_sched_workload_new(&workload) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (add_task(workload, &random, slices, waits) < 0) {
			hk_sched_workload_free(workload);
			return NULL;
		}
	}
	return workload;
}

/* Nanoseconds a decision. */
static double decide(void *user)
{
	const model *of = user;
	hk_sched_policy_opts policy = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	uint64_t before = bench_thread_ns();
	uint64_t decisions = 0;

	policy.quantum = QUANTUM;
	/* fair: everybody's share of it is one quantum, however many there are. */
	policy.latency = 1;
	opts.policy = &policy;
	for (unsigned int i = 0; i < of->repeats; i++) {
		hk_sched_result *result;

		if (hk_sched_simulate(&result, of->workload, of->policy, &opts, NULL) < 0)
			return NAN;
		decisions += hk_sched_result_statistics(result)->decisions;
		hk_sched_result_free(result);
	}
	return (double) (bench_thread_ns() - before) / (double) decisions;
}

static double million_a_second(void *user)
{
	return 1000 / decide(user);
}

static void print_memory(const char *what)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		fprintf(stderr, "sched: peak memory after %s: %ld MiB\n", what,
		    usage.ru_maxrss / 1024);
}

/* ---- round robin, beside SimPy ---- */

static double simpy(void *user)
{
	FILE *peer = popen(user, "r");
	double rate = NAN;

	if (peer == NULL)
		return NAN;
	if (fscanf(peer, "%lf", &rate) != 1)
		rate = NAN;
	if (pclose(peer) != 0)
		return NAN;
	return rate;
}

static const char simpy_model[] =
    "/usr/bin/python3 " BENCH_FOLDER "/sched/simpy_rr.py 20000";
static const char simpy_there[] = "/usr/bin/python3 -c 'import SimPy' 2>/dev/null";

static void ask_million(void)
{
	model million = { hk_sched_policy_find("rr"), NULL, 1 };
	const bench_side side = { "hostkit", million_a_second, &million };
	const bench_question question = {
		.bench = "sched",
		.name = "round robin, 10^6 tasks, 10^7 slices",
		.unit = "million decisions/s",
		.rounds = 3,
		.kind = BENCH_AT_LEAST,
		.goal = 5,
	};

	million.workload = make_workload(MANY, SLICES, false);
	if (million.workload == NULL)
		return;
	bench_ask(&question, &side, 1);
	hk_sched_workload_free(million.workload);
	print_memory("10^6 tasks under round robin");
}

static void ask_simpy(void)
{
	model some = { hk_sched_policy_find("rr"), NULL, 10 };
	bool has_peer = system(simpy_there) == 0;
	const bench_side sides[] = {
		{ "hostkit", million_a_second, &some },
		{ "simpy", has_peer ? simpy : NULL, (void *) simpy_model },
	};
	const bench_question question = {
		.bench = "sched",
		.name = "round robin beside SimPy",
		.unit = "million decisions/s",
		.rounds = 3,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_LEAST,
		.goal = 100,
	};

	some.workload = make_workload(SOME, SLICES, false);
	if (some.workload == NULL)
		return;
	bench_ask(&question, sides, 2);
	hk_sched_workload_free(some.workload);
}

/* ---- every policy, among few and among many ---- */

static void ask_growth(const hk_sched_policy *policy)
{
	bool waits = policy->quantum == NULL;
	model few = { policy, make_workload(FEW, SLICES_GROWTH, waits), 20 };
	model many = { policy, make_workload(MANY, SLICES_GROWTH, waits), 1 };
	const bench_side sides[] = {
		{ "among 10^6", decide, &many },
		{ "among 10^3", decide, &few },
	};
	const bench_question question = {
		.bench = "sched",
		.name = policy->name,
		.unit = "ns a decision",
		.rounds = 1,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = 3,
	};

	if (few.workload != NULL && many.workload != NULL)
		bench_ask(&question, sides, 2);
	hk_sched_workload_free(few.workload);
	hk_sched_workload_free(many.workload);
}

int main(int argc, char **argv)
{
	const hk_sched_policy *policy;

	if (bench_wanted(argc, argv, "million"))
		ask_million();
	if (bench_wanted(argc, argv, "simpy"))
		ask_simpy();
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++)
		if (bench_wanted(argc, argv, policy->name))
			ask_growth(policy);
	print_memory("all policies");
	return bench_status();
}
