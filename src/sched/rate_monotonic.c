/*
 * Rate-monotonic (Liu and Layland, 1973): fixed priorities, the shorter the period
 * the more urgent, preemptive.  Tasks without a period run in what is left.
 * Whether all deadlines will be kept can be known beforehand: see admission.c.
 */
#include "sched/by_key.h"

/* Kept in own.value, so that the task need not be looked at again. */
static int64_t period_of(const hk_sched_task *task)
{
	return task->period == 0 ? HK_SCHED_NEVER : task->period;
}

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	(void) now;
	if (reason == HK_SCHED_ARRIVED)
		job->own.value = period_of(job->task);
	hki_by_key_add(state, job->own.value, job);
}

static bool outranks(
    void *state, const hk_sched_job *ready_job, const hk_sched_job *running, int64_t now)
{
	(void) state;
	(void) now;
	return ready_job->own.value < running->own.value;
}

const hk_sched_policy hki_sched_rate_monotonic = {
	.size = sizeof(hk_sched_policy),
	.name = "rm",
	.title = "rate-monotonic",
	.help = "the shortest period first, preemptive",
	.uses = HK_SCHED_USES_PERIOD,
	.create = hki_by_key_create,
	.destroy = hki_by_key_destroy,
	.reserve = hki_by_key_reserve,
	.ready = ready,
	.pick = hki_by_key_pick,
	.peek = hki_by_key_peek,
	.outranks = outranks,
	.remove = hki_by_key_remove,
};
