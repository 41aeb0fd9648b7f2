/*
 * Fair share, after Linux's CFS (Molnar 2007): as stride, but slices shrink with
 * the number of jobs so that everybody has a turn within `latency` (though never
 * below one quantum), and who comes back from waiting may be up to half a latency
 * behind the others and takes the CPU if that makes a quantum of difference: an
 * interactive job is answered at once, and cannot save up more than that.
 */
#include "sched/virtual_time.h"

static bool was_away(hk_sched_reason reason)
{
	return reason != HK_SCHED_PREEMPTED && reason != HK_SCHED_QUANTUM_END;
}

/* How far behind the others a job may return. */
static hki_sched_key credit(const hki_by_key *state)
{
	return state->opts.latency / 2 * (HKI_VIRTUAL_TICK / HK_SCHED_TICKETS_DEFAULT);
}

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	hki_by_key *by_key = state;
	hki_sched_key time = hki_virtual_get(job);

	(void) now;
	if (reason == HK_SCHED_ARRIVED)
		hki_virtual_begin(job);
	if (was_away(reason)) {
		hki_sched_key floor = by_key->floor;

		if (reason == HK_SCHED_IO_DONE)
			floor -= credit(by_key);
		if (time < floor)
			time = floor;
		by_key->weight += job->own.place;
	}
	hki_virtual_set(job, time);
	hki_by_key_line_up(by_key, time, job);
}

static bool outranks(
    void *state, const hk_sched_job *ready_job, const hk_sched_job *running, int64_t now)
{
	const hki_by_key *by_key = state;

	(void) now;
	return hki_virtual_get(ready_job) +
		   hki_virtual_of(ready_job, by_key->opts.quantum) <
	       hki_virtual_get(running);
}

static int64_t quantum(void *state, const hk_sched_job *job, int64_t now)
{
	const hki_by_key *by_key = state;
	hki_sched_key share = (hki_sched_key) by_key->opts.latency * job->own.place /
			      (hki_sched_key) by_key->weight;

	(void) now;
	return share > by_key->opts.quantum ? (int64_t) share : by_key->opts.quantum;
}

static void leave(void *state, hk_sched_job *job, int64_t now)
{
	hki_by_key *by_key = state;

	(void) now;
	by_key->weight -= job->own.place;
}

static void take_out(void *state, hk_sched_job *job, int64_t now)
{
	hki_by_key_remove(state, job, now);
	leave(state, job, now);
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
	.blocked = leave,
	.ended = leave,
	.remove = take_out,
};
