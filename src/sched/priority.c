/*
 * Priority: the most urgent first, equals as they came.  With HK_SCHED_PREEMPTIVE
 * an urgent newcomer takes the CPU; without, it waits for it.  Alone, the policy
 * starves whoever is never the most urgent; aging (aging.h) mends that.
 */
#include "sched/aging.h"

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	(void) reason;
	(void) now;
	job->own.level = 0;
	hki_by_key_add(state, hki_aging_key(state, job), job);
}

static void changed(void *state, hk_sched_job *job, bool is_ready, int64_t now)
{
	job->own.value = job->priority;
	if (!is_ready)
		return;
	hki_by_key_remove(state, job, now);
	ready(state, job, HK_SCHED_RESUMED, now);
}

const hk_sched_policy hki_sched_priority = {
	.size = sizeof(hk_sched_policy),
	.name = "priority",
	.title = "priority",
	.help = "the most urgent first, equals as they came; preemptive on request",
	.uses = HK_SCHED_USES_PRIORITY,
	.create = hki_by_key_create,
	.destroy = hki_by_key_destroy,
	.reserve = hki_by_key_reserve,
	.ready = ready,
	.pick = hki_aging_pick,
	.peek = hki_by_key_peek,
	.outranks = hki_aging_outranks,
	.overtakes = hki_aging_overtakes,
	.remove = hki_by_key_remove,
	.changed = changed,
};
