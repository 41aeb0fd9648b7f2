/*
 * Round robin: the same row as first come, first served, with a clock.  A job
 * whose quantum is used up goes to the end of the row, so that of n jobs each waits
 * at most n - 1 quanta for its next turn.
 *
 * If a task arrives at the very instant a quantum ends, two rules are in use; the
 * driver knows which (hk_sched_tie) and lines the two up accordingly.
 */
#include "sched/policy.h"
#include "sched/row.h"

static int64_t quantum(void *state, const hk_sched_job *job, int64_t now)
{
	const hki_row *row = state;

	(void) job;
	(void) now;
	return row->opts.quantum;
}

const hk_sched_policy hki_sched_round_robin = {
	.size = sizeof(hk_sched_policy),
	.name = "rr",
	.title = "round robin",
	.help = "everybody in turn, for one quantum each",
	.uses = HK_SCHED_USES_QUANTUM,
	.create = hki_row_create,
	.destroy = hki_row_destroy,
	.reserve = hki_row_reserve,
	.ready = hki_row_ready,
	.pick = hki_row_pick,
	.peek = hki_row_peek,
	.quantum = quantum,
	.remove = hki_row_remove,
};
