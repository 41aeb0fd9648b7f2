/*
 * Stride scheduling (Waldspurger, Weihl 1995): a lottery without luck.  Each job's
 * pass advances by its stride, the inverse of its tickets, for the time it ran;
 * the smallest pass runs next.  So over any stretch each job is within one quantum
 * of its share.
 */
#include "sched/virtual_time.h"

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	(void) now;
	hki_virtual_ready(state, job, reason, 0);
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
	.blocked = hki_virtual_leave,
	.ended = hki_virtual_leave,
	.remove = hki_virtual_remove,
};
