/*
 * Multilevel queue: each task belongs to a queue for good, and a queue is served
 * only while those above it are empty.  Every queue has a slice of its own; one of
 * 0 makes it first come, first served.  A task that is preempted by a higher queue
 * keeps its place at the head of its own, and what was left of its slice.
 */
#include "sched/levels.h"

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	hki_levels *levels = state;
	uint32_t lowest = levels->opts.levels - 1;

	(void) now;
	if (reason == HK_SCHED_ARRIVED)
		job->own.level = job->task->queue < lowest ? job->task->queue : lowest;
	if (reason == HK_SCHED_PREEMPTED && !hki_levels_used_up(levels, job)) {
		hki_levels_prepend(levels, job);
		return;
	}
	job->own.value = 0;
	hki_levels_append(levels, job);
}

static bool outranks(
    void *state, const hk_sched_job *ready_job, const hk_sched_job *running, int64_t now)
{
	(void) state;
	(void) now;
	return ready_job->own.level < running->own.level;
}

const hk_sched_policy hki_sched_multilevel = {
	.size = sizeof(hk_sched_policy),
	.name = "multilevel",
	.title = "multilevel queue",
	.help = "fixed queues, each with a slice of its own, the upper ones first",
	.uses = HK_SCHED_USES_QUANTUM | HK_SCHED_USES_QUEUE,
	.create = hki_levels_create,
	.destroy = hki_levels_destroy,
	.reserve = hki_levels_reserve,
	.ready = ready,
	.pick = hki_levels_pick,
	.peek = hki_levels_peek,
	.outranks = outranks,
	.quantum = hki_levels_quantum,
	.charge = hki_levels_charge,
	.remove = hki_levels_remove,
};
