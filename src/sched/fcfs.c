/*
 * First come, first served: a row, and whoever has the CPU keeps it until it ends
 * or waits.  Back from waiting, a job joins the row at its end.
 */
#include "sched/policy.h"
#include "sched/row.h"

const hk_sched_policy hki_sched_fcfs = {
	.size = sizeof(hk_sched_policy),
	.name = "fcfs",
	.title = "first come, first served",
	.help = "who arrived first runs until it ends or waits",
	.create = hki_row_create,
	.destroy = hki_row_destroy,
	.reserve = hki_row_reserve,
	.ready = hki_row_ready,
	.pick = hki_row_pick,
	.peek = hki_row_peek,
	.remove = hki_row_remove,
};
