/*
 * A real run in the form of a simulated one, so that tables, charts and JSON need not
 * know which they show.  A wait in it is all that is neither CPU time nor holding: also
 * the time others took from the slot.
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "sched/executor_internal.h"
#include "sched/result.h"

#define ABSENT UINT32_MAX

static void result_freep(hk_sched_result **result)
{
	hk_sched_result_free(*result);
}

static void fill_jobs(
    hk_sched_result *result, const hki_task *const *tasks, int64_t origin_ns)
{
	for (size_t i = 0; i < result->count; i++)
		result->jobs[i] = (hki_sched_outcome){
			.arrival = tasks[i]->arrival_ns - origin_ns,
			.start = tasks[i]->start_ns - origin_ns,
			.end = tasks[i]->end_ns - origin_ns,
			.ran = (int64_t) tasks[i]->cpu_ns,
			.held = tasks[i]->held_ns,
			.slices = tasks[i]->slices,
			.task = (uint32_t) i,
			.cpu = tasks[i]->slot,
			.outcome = (uint32_t) tasks[i]->outcome,
		};
}

/* @rows: by place, the row of a task or ABSENT. */
static int fill_slices(hk_sched_result *result, const hk_sched_executor *executor,
    const uint32_t *rows, int64_t origin_ns)
{
	int r = 0;

	for (size_t i = 0; i < executor->kept_count && r == 0; i++) {
		const hk_sched_slice *slice = &executor->kept[i];

		if (rows[slice->job] != ABSENT)
			r = hki_sched_result_slice(result, rows[slice->job], slice->cpu,
			    slice->start - origin_ns, slice->end - origin_ns);
	}
	return r;
}

int hki_measured_new(hk_sched_result **out, const hk_sched_executor *executor,
    const hk_sched_workload *workload, const hki_task *const *tasks, size_t count,
    int64_t origin_ns)
{
	hki_cleanup(result_freep) hk_sched_result *result = hki_zalloc(sizeof(*result));
	hki_cleanup(hki_freep) uint32_t *rows =
	    hki_alloc_array(executor->added, sizeof(*rows));
	int r;

	if (result == NULL || rows == NULL)
		return -ENOMEM;
	result->workload = workload;
	result->cpus = executor->slot_count;
	result->jobs = hki_zalloc_array(count, sizeof(*result->jobs));
	if (result->jobs == NULL)
		return -ENOMEM;
	result->count = count;
	result->switches = executor->preemptions;
	result->preemptions = executor->preemptions;
	result->decisions = executor->slices;
	fill_jobs(result, tasks, origin_ns);
	for (size_t i = 0; i < executor->added; i++)
		rows[i] = ABSENT;
	for (size_t i = 0; i < count; i++)
		rows[tasks[i]->place] = (uint32_t) i;
	r = fill_slices(result, executor, rows, origin_ns);
	if (r == 0)
		r = hki_sched_result_finish(result);
	if (r < 0)
		return r;
	*out = hki_take(result);
	return 0;
}
