/*
 * Fair share, after Linux's CFS (Molnar 2007): as stride, but slices shrink with
 * the number of jobs so that everybody has a turn within `latency` (though never
 * below one quantum), and who comes back from waiting may be up to half a latency
 * behind the others and takes the CPU if that makes a quantum of difference: an
 * interactive job is answered at once, and cannot save up more than that.
 */
#include "sched/virtual_time.h"

/* How far behind the others a job may return. */
static hki_sched_key credit(const hki_by_key *state)
{
	return state->opts.latency / 2 * (HKI_VIRTUAL_TICK / HK_SCHED_TICKETS_DEFAULT);
}

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	hki_by_key *by_key = state;

	(void) now;
	hki_virtual_ready(
	    by_key, job, reason, reason == HK_SCHED_IO_DONE ? credit(by_key) : 0);
}

static bool outranks(
    void *state, const hk_sched_job *ready_job, const hk_sched_job *running, int64_t now)
{
	const hki_by_key *by_key = state;
	hki_sched_key margin = hki_virtual_of(ready_job, by_key->opts.quantum);

	/* Which of two that run is to make room: whoever is further ahead. */
	if ((ready_job->own.level & HKI_VIRTUAL_RUNS) != 0)
		margin = 0;
	/* In line it is asked only at the moment it comes; later the slice decides. */
	else if ((ready_job->own.level & HKI_VIRTUAL_CAME) == 0 ||
		 ready_job->ready_since != now)
		return false;
	return hki_virtual_get(ready_job) + margin < hki_virtual_get(running);
}

static int64_t quantum(void *state, const hk_sched_job *job, int64_t now)
{
	const hki_by_key *by_key = state;
	hki_sched_key share = (hki_sched_key) by_key->opts.latency * job->own.place /
			      (hki_sched_key) by_key->clock.tickets;

	(void) now;
	return share > by_key->opts.quantum ? (int64_t) share : by_key->opts.quantum;
}

const hk_sched_policy hki_sched_fair = {
	.size = sizeof(hk_sched_policy),
	.name = "fair",
	.title = "fair share",
	.help = "who had least for its tickets, in slices that suit the crowd",
	.uses = HK_SCHED_USES_QUANTUM | HK_SCHED_USES_TICKETS,
	.create = hki_by_key_create,
	.destroy = hki_by_key_destroy,
	.reserve = hki_by_key_reserve,
	.ready = ready,
	.pick = hki_virtual_pick,
	.peek = hki_by_key_peek,
	.outranks = outranks,
	.quantum = quantum,
	.charge = hki_virtual_charge,
	.blocked = hki_virtual_leave,
	.ended = hki_virtual_leave,
	.remove = hki_virtual_remove,
};
