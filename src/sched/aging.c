/*
 * The arithmetic of aging.  Everything is multiplied by the aging time, so that
 * there is no division and nothing is rounded.  Without aging the factor is one
 * and the waiting time does not count.
 */
#include "sched/aging.h"

/* One step: what a priority more or less is. */
static hki_sched_key step(const hki_by_key *state)
{
	return state->opts.aging == 0 ? 1 : state->opts.aging;
}

hki_sched_key hki_aging_key(const hki_by_key *state, const hk_sched_job *job)
{
	hki_sched_key since = state->opts.aging == 0 ? 0 : job->ready_since;

	return since - job->priority * step(state);
}

/* From when on @ready is a whole step more urgent than @running. */
static hki_sched_key turn(
    const hki_by_key *state, const hk_sched_job *ready, const hk_sched_job *running)
{
	return hki_aging_key(state, ready) + (running->own.value + 1) * step(state);
}

hk_sched_job *hki_aging_pick(void *state, int64_t now)
{
	const hki_by_key *by_key = state;
	hk_sched_job *job = hki_by_key_pick(state, now);

	if (job == NULL)
		return NULL;
	job->own.level = 1;
	job->own.value = job->priority;
	if (by_key->opts.aging != 0)
		job->own.value += (now - job->ready_since) / by_key->opts.aging;
	return job;
}

bool hki_aging_outranks(
    void *state, const hk_sched_job *ready, const hk_sched_job *running, int64_t now)
{
	const hki_by_key *by_key = state;

	if ((by_key->opts.flags & HK_SCHED_PREEMPTIVE) == 0)
		return false;
	/* Of two that run, neither has been waiting. */
	if (ready->own.level == 1)
		return ready->own.value > running->own.value;
	if (by_key->opts.aging == 0)
		return ready->priority > running->own.value;
	return now >= turn(by_key, ready, running);
}

int64_t hki_aging_overtakes(void *state, const hk_sched_job *running, int64_t now)
{
	const hki_by_key *by_key = state;
	const hki_ready_entry *first = hki_ready_heap_first(&by_key->heap);
	hki_sched_key at;

	if (first == NULL || by_key->opts.aging == 0 ||
	    (by_key->opts.flags & HK_SCHED_PREEMPTIVE) == 0)
		return HK_SCHED_NEVER;
	at = turn(by_key, first->job, running);
	if (at <= now)
		return now + 1;
	return at < HK_SCHED_NEVER ? (int64_t) at : HK_SCHED_NEVER;
}
