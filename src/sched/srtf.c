/*
 * Shortest remaining time first (STCF): shortest job first that changes its mind.
 * A newcomer takes the CPU if it needs strictly less than what is left of the job
 * that runs.
 */
#include "sched/by_key.h"

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	(void) reason;
	(void) now;
	hki_by_key_add(state, job->remaining, job);
}

static bool outranks(
    void *state, const hk_sched_job *ready_job, const hk_sched_job *running, int64_t now)
{
	(void) state;
	(void) now;
	return ready_job->remaining < running->remaining;
}

const hk_sched_policy hki_sched_srtf = {
	.size = sizeof(hk_sched_policy),
	.name = "srtf",
	.title = "shortest remaining time first",
	.help = "the least remaining time, also against the one that runs",
	.uses = HK_SCHED_USES_BURST,
	.create = hki_by_key_create,
	.destroy = hki_by_key_destroy,
	.reserve = hki_by_key_reserve,
	.ready = ready,
	.pick = hki_by_key_pick,
	.peek = hki_by_key_peek,
	.outranks = outranks,
	.remove = hki_by_key_remove,
};
