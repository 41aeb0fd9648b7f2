/*
 * What does a scheduling decision cost, and how does it grow?
 *
 * Round robin over 10^6 tasks of ten slices each is 10^7 decisions: processor time of
 * the whole hk_sched_simulate(), setting up and statistics included.  The peer is the
 * same model in SimPy (sched/simpy_rr.py), which runs a smaller one, because what a
 * slice costs there grows with the tasks.
 *
 * Then every policy is driven as a driver does it, among 10^3 and among 10^6 jobs
 * that are ready all the time: pick one, let it run, make it ready again.  With a row,
 * a heap or a tree the one costs little more than the other; with a list that is
 * searched it would be a thousand times as much.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <hostkit/sched.h>
#include "harness.h"

enum { MANY = 1000000, FEW = 1000, SLICES = 10, QUANTUM = 10 };

typedef struct model {
	const hk_sched_policy *policy;
	void *state;
	size_t count;
	hk_sched_task *tasks;
	hk_sched_job *jobs;
	uint64_t random;
	int64_t now;
} model;

static uint64_t draw(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* All arrive at 0; what policies look at differs from task to task. */
static void make_task(hk_sched_task *task, uint64_t *random)
{
	uint64_t drawn = draw(random);

	*task = (hk_sched_task) HK_SCHED_TASK_INIT;
	task->burst = SLICES * QUANTUM - (int64_t) (drawn % QUANTUM);
	task->priority = (int32_t) (drawn >> 8 & 0x3ff);
	task->tickets = 1 + (drawn >> 20 & 0xff);
	task->queue = drawn >> 30 & 3;
	task->period = 1 + (int64_t) (drawn >> 32 & 0xffffff);
}

/* ---- round robin, the whole of it ---- */

static hk_sched_workload *make_workload(size_t count)
{
	hk_sched_workload *workload;
	uint64_t random = 88172645463325252U;

	if (hk_sched_workload_new(&workload) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		hk_sched_task task;

		make_task(&task, &random);
		task.period = 0;
		if (hk_sched_workload_add(workload, &task) < 0) {
			hk_sched_workload_free(workload);
			return NULL;
		}
	}
	return workload;
}

/* Millions of decisions a second. */
static double simulate(void *user)
{
	hk_sched_policy_opts policy = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_result *result;
	uint64_t decisions;
	uint64_t before = bench_thread_ns();

	policy.quantum = QUANTUM;
	opts.policy = &policy;
	if (hk_sched_simulate(&result, user, hk_sched_policy_find("rr"), &opts, NULL) < 0)
		return NAN;
	decisions = hk_sched_result_statistics(result)->decisions;
	hk_sched_result_free(result);
	return (double) decisions * 1000 / (double) (bench_thread_ns() - before);
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

static const char simpy_model[] = "/usr/bin/python3 " BENCH_FOLDER "/sched/simpy_rr.py";
static const char simpy_there[] = "/usr/bin/python3 -c 'import SimPy' 2>/dev/null";

static void ask_round_robin(void)
{
	hk_sched_workload *million = make_workload(MANY);
	const bench_question floor = {
		.bench = "sched",
		.name = "round robin, 10^6 tasks, 10^7 slices",
		.unit = "million decisions/s",
		.rounds = 3,
		.kind = BENCH_AT_LEAST,
		.goal = 5,
	};
	const bench_question beside = {
		.bench = "sched",
		.name = "round robin beside SimPy",
		.unit = "million decisions/s",
		.rounds = 3,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_LEAST,
		.goal = 100,
	};
	bool has_peer = system(simpy_there) == 0;
	const bench_side sides[] = {
		{ "hostkit", simulate, million },
		{ "simpy", has_peer ? simpy : NULL, (void *) simpy_model },
	};

	if (million == NULL)
		return;
	bench_ask(&floor, sides, 1);
	bench_ask(&beside, sides, 2);
	hk_sched_workload_free(million);
	print_memory("10^6 tasks under round robin");
}

/* ---- every policy, among few and among many ---- */

static void close_model(model *of)
{
	if (of->state != NULL)
		of->policy->destroy(of->state);
	free(of->tasks);
	free(of->jobs);
}

/* @count jobs, all of them ready. */
static bool open_model(model *out, const hk_sched_policy *policy, size_t count)
{
	hk_sched_policy_opts opts = HK_SCHED_POLICY_OPTS_INIT;

	*out = (model){ .policy = policy, .count = count, .random = 88172645463325252U };
	opts.quantum = QUANTUM;
	out->tasks = calloc(count, sizeof(out->tasks[0]));
	out->jobs = aligned_alloc(64, count * sizeof(out->jobs[0]));
	if (out->tasks == NULL || out->jobs == NULL ||
	    policy->create(&out->state, &opts) < 0 ||
	    policy->reserve(out->state, count) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		hk_sched_task *task = &out->tasks[i];

		make_task(task, &out->random);
		out->jobs[i] = (hk_sched_job){
			.task = task,
			.remaining = 1 + (int64_t) (draw(&out->random) & 0xffffff),
			.deadline = task->period,
			.priority = task->priority,
			.order = i,
			.index = (uint32_t) i,
		};
		policy->ready(out->state, &out->jobs[i], HK_SCHED_ARRIVED, 0);
	}
	return true;
}

/*
 * One decision, and what comes of it.  A job of a policy that knows no slices has
 * ended, and the next one arrives in its place; any other lines up again.
 */
static bool decide(model *of)
{
	const hk_sched_policy *policy = of->policy;
	bool sliced = policy->quantum != NULL;
	hk_sched_job *job = policy->pick(of->state, of->now);
	int64_t ran = QUANTUM;

	if (job == NULL)
		return false;
	if (sliced)
		ran = policy->quantum(of->state, job, of->now);
	if (ran > QUANTUM)
		ran = QUANTUM;
	of->now += ran;
	job->ran += ran;
	if (policy->charge != NULL)
		policy->charge(of->state, job, ran, of->now);
	if (!sliced) {
		job->remaining = 1 + (int64_t) (draw(&of->random) & 0xffffff);
		job->deadline = of->now + job->task->period;
	}
	job->ready_since = of->now;
	policy->ready(
	    of->state, job, sliced ? HK_SCHED_QUANTUM_END : HK_SCHED_RESUMED, of->now);
	return true;
}

/* Nanoseconds a decision, when all have been picked about as often as not. */
static double decide_often(void *user)
{
	uint64_t before = bench_thread_ns();

	for (size_t i = 0; i < MANY; i++)
		if (!decide(user))
			return NAN;
	return (double) (bench_thread_ns() - before) / MANY;
}

static void ask_growth(const hk_sched_policy *policy)
{
	model few;
	model many;
	const bench_side sides[] = {
		{ "among 10^6", decide_often, &many },
		{ "among 10^3", decide_often, &few },
	};
	const bench_question question = {
		.bench = "sched",
		.name = policy->name,
		.unit = "ns a decision",
		.rounds = 5,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = 3,
	};

	if (open_model(&few, policy, FEW) && open_model(&many, policy, MANY))
		bench_ask(&question, sides, 2);
	close_model(&few);
	close_model(&many);
}

int main(int argc, char **argv)
{
	const hk_sched_policy *policy;

	if (bench_wanted(argc, argv, "round robin"))
		ask_round_robin();
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++)
		if (bench_wanted(argc, argv, policy->name))
			ask_growth(policy);
	print_memory("all policies");
	return bench_status();
}
