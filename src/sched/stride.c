/*
 * Stride scheduling (Waldspurger, Weihl 1995): a lottery without luck.  Each job's
 * pass advances by its stride, the inverse of its tickets, for the time it ran;
 * the smallest pass runs next.  So over any stretch each job is within one quantum
 * of its share.
 */
#include "sched/virtual_time.h"

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	hki_by_key *by_key = state;
	hki_sched_key pass = hki_virtual_get(job);

	(void) now;
	if (reason == HK_SCHED_ARRIVED)
		hki_virtual_begin(job);
	if (reason != HK_SCHED_PREEMPTED && reason != HK_SCHED_QUANTUM_END &&
	    pass < by_key->floor)
		pass = by_key->floor;
	hki_virtual_set(job, pass);
	hki_by_key_line_up(by_key, pass, job);
}

const hk_sched_policy hki_sched_stride = {
	.size = sizeof(hk_sched_policy),
	.name = "stride",
	.title = "stride",
	.help = "CPU time in proportion to tickets, exactly",
	.uses = HK_SCHED_USES_QUANTUM | HK_SCHED_USES_TICKETS,
	.create = hki_by_key_create,
	.destroy = hki_by_key_destroy,
	.reserve = hki_by_key_reserve,
	.ready = ready,
	.pick = hki_virtual_pick,
	.peek = hki_by_key_peek,
	.quantum = hki_by_key_quantum,
	.charge = hki_virtual_charge,
	.remove = hki_by_key_remove,
};
