/*
 * Dependencies in virtual time.  Each job counts those it waits for; an end counts
 * down everybody behind it, and at nought a job may run, or never will.  Who never
 * will has ended too, so the news goes on: by a list, not by recursion, because a
 * chain may be as long as the workload.
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/error_list.h"
#include "sched/simulator.h"

void hki_sim_waits_deinit(hki_sim_waits *waits)
{
	hki_free(waits->first);
	hki_free(waits->to);
	hki_free(waits->conditions);
	hki_free(waits->work);
}

static size_t count_edges(const hk_sched_workload *workload)
{
	size_t count = 0;

	for (size_t i = 0; i < workload->count; i++)
		count += workload->tasks[i].depends_on_count;
	return count;
}

static int allocate(hki_sim_waits *waits, size_t jobs, size_t edges)
{
	waits->first = hki_zalloc_array(jobs + 2, sizeof(waits->first[0]));
	waits->to = hki_alloc_array(edges, sizeof(waits->to[0]));
	waits->conditions = hki_alloc_array(edges, sizeof(waits->conditions[0]));
	waits->work = hki_alloc_array(jobs, sizeof(waits->work[0]));
	return waits->first != NULL && waits->to != NULL && waits->conditions != NULL &&
		       waits->work != NULL
		   ? 0
		   : -ENOMEM;
}

/* The job of a task that others wait for, or that waits: it must be the only one. */
static int64_t job_of(const hki_sim *sim, const uint32_t *jobs, size_t task)
{
	const hk_sched_task *of = &sim->workload->tasks[task];

	if (of->period != 0)
		return hki_error_report_step(sim->errors, -EINVAL, "depends_on",
		    "task '%s' is periodic and has no one end to wait for", of->id);
	return jobs[task];
}

/* Call for every dependency: @waiting waits for @of. */
typedef void (*edge_fn)(
    hki_sim_waits *waits, uint32_t of, uint32_t waiting, uint32_t condition);

static void count_edge(
    hki_sim_waits *waits, uint32_t of, uint32_t waiting, uint32_t condition)
{
	(void) waiting;
	(void) condition;
	waits->first[of + 2]++;
}

static void place_edge(
    hki_sim_waits *waits, uint32_t of, uint32_t waiting, uint32_t condition)
{
	size_t at = waits->first[of + 1]++;

	waits->to[at] = waiting;
	waits->conditions[at] = condition;
}

static int each_edge(hki_sim *sim, const uint32_t *jobs, edge_fn fn)
{
	for (size_t i = 0; i < sim->workload->count; i++) {
		const hk_sched_task *task = &sim->workload->tasks[i];

		for (size_t k = 0; k < task->depends_on_count; k++) {
			const hk_sched_dependency *on = &task->depends_on[k];
			int64_t found = hk_sched_workload_find(sim->workload, on->id);
			int64_t waiting = job_of(sim, jobs, i);
			int64_t of = job_of(sim, jobs, (size_t) found);

			if (of < 0 || waiting < 0)
				return -EINVAL;
			fn(&sim->waits, (uint32_t) of, (uint32_t) waiting, on->condition);
		}
	}
	return 0;
}

static int begin(hki_sim *sim, const uint32_t *jobs)
{
	hki_sim_waits *waits = &sim->waits;
	int r = each_edge(sim, jobs, count_edge);

	if (r < 0)
		return r;
	for (size_t i = 2; i < sim->count + 2; i++)
		waits->first[i] += waits->first[i - 1];
	r = each_edge(sim, jobs, place_edge);
	for (size_t k = 0; r == 0 && k < waits->first[sim->count]; k++)
		sim->jobs[waits->to[k]].waits++;
	return r;
}

int hki_sim_waits_begin(hki_sim *sim)
{
	size_t edges = count_edges(sim->workload);
	uint32_t *jobs;
	int r;

	if (edges == 0)
		return 0;
	r = allocate(&sim->waits, sim->count, edges);
	jobs = hki_zalloc_array(sim->workload->count, sizeof(jobs[0]));
	if (r < 0 || jobs == NULL) {
		hki_free(jobs);
		return -ENOMEM;
	}
	for (size_t i = 0; i < sim->count; i++)
		jobs[sim->result->jobs[i].task] = (uint32_t) i;
	r = begin(sim, jobs);
	hki_free(jobs);
	return r;
}

/* Does an end, good or not, hold with @condition? */
static bool is_met(uint32_t condition, bool good)
{
	return condition == HK_SCHED_AFTER_ANY ||
	       (condition == HK_SCHED_AFTER_OK) == good;
}

/* It will never run. */
static void give_up(hki_sim *sim, uint32_t index)
{
	sim->result->jobs[index].outcome = HK_SCHED_DEPENDENCY_FAILED;
	sim->jobs[index].state = HKI_SIM_ENDED;
	sim->left--;
}

void hki_sim_waits_end(hki_sim *sim, uint32_t index)
{
	hki_sim_waits *waits = &sim->waits;
	size_t count = 0;

	waits->work[count++] = index;
	while (count > 0) {
		uint32_t ended = waits->work[--count];
		bool good = sim->result->jobs[ended].outcome == HK_SCHED_DONE;

		for (size_t k = waits->first[ended]; k < waits->first[ended + 1]; k++) {
			uint32_t waiting = waits->to[k];
			hki_sim_job *own = &sim->jobs[waiting];

			if (!is_met(waits->conditions[k], good))
				own->doomed = 1;
			if (--own->waits > 0)
				continue;
			if (own->doomed == 0) {
				hki_sim_let_go(sim, waiting);
			} else {
				give_up(sim, waiting);
				waits->work[count++] = waiting;
			}
		}
	}
}
