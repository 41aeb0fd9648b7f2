/*
 * Setting a simulation up: options checked, jobs made of tasks, everything
 * allocated that the run will need, and all of it taken down again but the result.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/opts.h"
#include "sched/large_pages.h"
#include "sched/releases.h"
#include "sched/simulator.h"

/* Jobs fill whole cache lines, and share none with another. */
#define LINE 64

#define NS_PER_MS INT64_C(1000000)
_Static_assert(sizeof(hk_sched_job) % LINE == 0, "the policy's part fills whole lines");
_Static_assert(sizeof(hki_sim_job) % LINE == 0, "a job fills whole cache lines");

static void sim_deinit(hki_sim *sim)
{
	if (sim->state != NULL)
		sim->policy->destroy(sim->state);
	hki_ready_heap_deinit(&sim->held);
	hki_ready_heap_deinit(&sim->devices);
	hki_sim_waits_deinit(&sim->waits);
	hki_free(sim->jobs_block);
	hki_free(sim->cpus);
	hki_free(sim->expired);
	hk_sched_result_free(sim->result);
}

static int take_opts(hk_sched_opts *out, const hk_sched_opts *given)
{
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;

	if (given != NULL) {
		int r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
		    offsetof(hk_sched_opts, switch_cost));

		if (r < 0)
			return r;
	}
	if (opts.cpus == 0)
		opts.cpus = 1;
	if (opts.decisions_max == 0)
		opts.decisions_max = HK_SCHED_DECISIONS_DEFAULT;
	if (opts.cpus > HK_SCHED_CPUS_MAX || opts.tie > HK_SCHED_TIE_PREEMPTED ||
	    opts.switch_cost < 0 || opts.switch_cost > HK_SCHED_TIME_MAX ||
	    opts.slack < 0 || opts.until < 0 || opts.until > HK_SCHED_TIME_MAX)
		return -EINVAL;
	*out = opts;
	return 0;
}

/* A policy may be the user's: it has to have what it cannot do without. */
static bool is_whole(const hk_sched_policy *policy)
{
	return policy != NULL && policy->size == sizeof(*policy) &&
	       policy->create != NULL && policy->destroy != NULL &&
	       policy->reserve != NULL && policy->ready != NULL && policy->pick != NULL &&
	       (policy->event != NULL) == (policy->next_event != NULL);
}

static int allocate(hki_sim *sim)
{
	uintptr_t block;

	sim->jobs_block = hki_alloc_array(sim->count + 1, sizeof(sim->jobs[0]));
	sim->cpus = hki_zalloc_array(sim->opts.cpus, sizeof(sim->cpus[0]));
	sim->expired = hki_alloc_array(sim->opts.cpus, sizeof(sim->expired[0]));
	if (sim->jobs_block == NULL || sim->cpus == NULL || sim->expired == NULL)
		return -ENOMEM;
	hki_sched_prefer_large_pages(
	    sim->jobs_block, (sim->count + 1) * sizeof(sim->jobs[0]));
	block = ((uintptr_t) sim->jobs_block + LINE - 1) / LINE * LINE;
	sim->jobs = (hki_sim_job *) block;
	for (uint32_t i = 0; i < sim->opts.cpus; i++)
		sim->cpus[i].last = UINT32_MAX;
	return 0;
}

static void fill_jobs(hki_sim *sim)
{
	for (uint32_t i = 0; i < sim->count; i++) {
		const hki_sched_outcome *outcome = &sim->result->jobs[i];
		const hk_sched_task *task = &sim->workload->tasks[outcome->task];

		sim->jobs[i] = (hki_sim_job){
			.job.task = task,
			.job.remaining = task->burst,
			.job.arrival = outcome->arrival,
			.job.deadline = hki_sched_deadline(task, outcome->arrival),
			.job.priority = sim->opts.low_first != 0
					    ? -(int64_t) task->priority
					    : task->priority,
			.job.order = i,
			.job.index = i,
			.next_io = hki_sim_next_io(task->io, task->io_count),
			.start = HK_SCHED_NEVER,
			.io = task->io,
			.io_left = task->io_count,
			.slack = (task->flags & HK_SCHED_SLACK) != 0,
		};
	}
}

/* The heaps hold only who waits for a device, or is held back. */
static int reserve_heaps(hki_sim *sim)
{
	size_t devices = 0;
	size_t held = 0;
	int r;

	for (size_t i = 0; i < sim->count; i++) {
		const hk_sched_task *task = sim->jobs[i].job.task;

		devices += task->io_count > 0;
		held += task->start_after > 0 || task->depends_on_count > 0;
	}
	r = hki_ready_heap_reserve(&sim->devices, devices);
	/* At an instant at which somebody is let go, all who arrive may join him. */
	return r < 0 ? r : hki_ready_heap_reserve(&sim->held, held > 0 ? sim->count : 0);
}

static int tell_policy(hk_error_list *errors, int error, const char *name)
{
	return hki_error_report_step(
	    errors, error, "policy", "the options do not suit the policy '%s'", name);
}

/* The default quantum is a hundred milliseconds where ticks are nanoseconds. */
static int create_with_quantum(hki_sim *sim)
{
	hk_sched_policy_opts opts = HK_SCHED_POLICY_OPTS_INIT;
	const hk_sched_policy_opts *given = sim->opts.policy;
	int r = 0;

	if (given != NULL)
		r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
		    offsetof(hk_sched_policy_opts, quanta));
	if (r < 0)
		return r;
	if (opts.quantum == 0 && sim->workload->tick_ns == 1)
		opts.quantum = HK_SCHED_QUANTUM_DEFAULT * NS_PER_MS;
	opts.size = sizeof(opts);
	return sim->policy->create(&sim->state, &opts);
}

static int create_policy(hki_sim *sim)
{
	int r = create_with_quantum(sim);

	if (r == -EINVAL)
		return tell_policy(sim->errors, r, sim->policy->name);
	if (r < 0)
		return r;
	sim->event_at = sim->policy->next_event == NULL
			    ? HK_SCHED_NEVER
			    : sim->policy->next_event(sim->state, 0);
	return sim->policy->reserve(sim->state, sim->count);
}

static int set_up(hki_sim *sim)
{
	int r = hki_sched_releases_make(sim->result, sim->opts.until, sim->errors);

	if (r < 0)
		return r;
	sim->count = sim->result->count;
	sim->left = sim->count;
	sim->result->cpus = sim->opts.cpus;
	r = allocate(sim);
	if (r < 0)
		return r;
	fill_jobs(sim);
	if ((r = reserve_heaps(sim)) < 0 || (r = hki_sim_waits_begin(sim)) < 0)
		return r;
	return create_policy(sim);
}

int hk_sched_simulate(hk_sched_result **out, const hk_sched_workload *workload,
    const hk_sched_policy *policy, const hk_sched_opts *opts, hk_error_list *errors)
{
	hki_cleanup(sim_deinit) hki_sim sim = {
		.workload = workload,
		.policy = policy,
		.errors = errors,
	};
	int r = take_opts(&sim.opts, opts);

	if (r == 0 && !is_whole(policy))
		r = -EINVAL;
	if (r < 0)
		return hki_error_report_step(
		    errors, r, "simulate", "an option is out of its bounds");
	r = hk_sched_workload_check(workload, errors);
	if (r < 0)
		return r;
	sim.result = hki_zalloc(sizeof(*sim.result));
	if (sim.result == NULL)
		return -ENOMEM;
	sim.result->workload = workload;
	if ((r = set_up(&sim)) < 0 || (r = hki_sim_run(&sim)) < 0 ||
	    (r = hki_sched_result_finish(sim.result)) < 0)
		return r;
	*out = hki_take(sim.result);
	return 0;
}
