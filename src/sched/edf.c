/*
 * Earliest deadline first: preemptive, by absolute deadlines; jobs without one
 * come last.  On one CPU it keeps every deadline that any policy can keep.
 */
#include "sched/by_key.h"

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	(void) reason;
	(void) now;
	hki_by_key_add(state, job->deadline, job);
}

static bool outranks(
    void *state, const hk_sched_job *ready_job, const hk_sched_job *running, int64_t now)
{
	(void) state;
	(void) now;
	return ready_job->deadline < running->deadline;
}

static void changed(void *state, hk_sched_job *job, bool is_ready, int64_t now)
{
	if (!is_ready)
		return;
	hki_by_key_remove(state, job, now);
	hki_by_key_add(state, job->deadline, job);
}

const hk_sched_policy hki_sched_edf = {
	.size = sizeof(hk_sched_policy),
	.name = "edf",
	.title = "earliest deadline first",
	.help = "the nearest deadline first, preemptive",
	.uses = HK_SCHED_USES_DEADLINE | HK_SCHED_USES_PERIOD,
	.create = hki_by_key_create,
	.destroy = hki_by_key_destroy,
	.reserve = hki_by_key_reserve,
	.ready = ready,
	.pick = hki_by_key_pick,
	.peek = hki_by_key_peek,
	.outranks = outranks,
	.remove = hki_by_key_remove,
	.changed = changed,
};
