/*
 * Shortest job first: the least remaining CPU time, chosen when the CPU is free
 * and not before.  No other order of whole jobs that are all there has a smaller
 * average wait.
 */
#include "sched/by_key.h"

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	(void) reason;
	(void) now;
	hki_by_key_add(state, job->remaining, job);
}

const hk_sched_policy hki_sched_sjf = {
	.size = sizeof(hk_sched_policy),
	.name = "sjf",
	.title = "shortest job first",
	.help = "the shortest of those that wait, until it ends or waits",
	.uses = HK_SCHED_USES_BURST,
	.create = hki_by_key_create,
	.destroy = hki_by_key_destroy,
	.reserve = hki_by_key_reserve,
	.ready = ready,
	.pick = hki_by_key_pick,
	.peek = hki_by_key_peek,
	.remove = hki_by_key_remove,
};
