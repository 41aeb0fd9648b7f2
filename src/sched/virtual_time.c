/*
 * The clock of all advances by CPU time over tickets.  The division waits until
 * somebody wants to know the time or the tickets change, and what it leaves over is
 * kept for the next: so nothing is lost, and a decision costs an addition.
 */
#include "sched/virtual_time.h"

static void set(hk_sched_job *job, hki_sched_key time)
{
	job->own.high = (uint64_t) ((hki_uint128) time >> 64);
	job->own.low = (uint64_t) (hki_uint128) time;
}

/* What a tick costs is worked out once. */
static void begin(hk_sched_job *job)
{
	job->own.place = hki_sched_tickets(job);
	job->own.value = (int64_t) (HKI_VIRTUAL_TICK / job->own.place);
	set(job, 0);
}

/* Bring the clock of all up to date. */
static void advance(hki_virtual_clock *clock)
{
	hki_sched_key sum = clock->rest + clock->service * HKI_VIRTUAL_TICK;

	if (clock->tickets == 0 || clock->service == 0)
		return;
	clock->time += sum / (hki_sched_key) clock->tickets;
	clock->rest = sum % (hki_sched_key) clock->tickets;
	clock->service = 0;
}

/* It was away: it joins, with a clock that is not behind the one of all. */
static void join(hki_virtual_clock *clock, hk_sched_job *job, hki_sched_key credit)
{
	advance(clock);
	clock->tickets += job->own.place;
	if (hki_virtual_get(job) < clock->time - credit)
		set(job, clock->time - credit);
}

void hki_virtual_ready(
    hki_by_key *state, hk_sched_job *job, hk_sched_reason reason, hki_sched_key credit)
{
	bool away = reason != HK_SCHED_PREEMPTED && reason != HK_SCHED_QUANTUM_END;

	if (reason == HK_SCHED_ARRIVED)
		begin(job);
	if (away)
		join(&state->clock, job, credit);
	job->own.level = away ? HKI_VIRTUAL_CAME : 0;
	hki_by_key_line_up(state, hki_virtual_get(job), job);
}

hk_sched_job *hki_virtual_pick(void *state, int64_t now)
{
	hk_sched_job *job = hki_by_key_pick(state, now);

	if (job != NULL)
		job->own.level = HKI_VIRTUAL_RUNS;
	return job;
}

void hki_virtual_charge(void *state, hk_sched_job *job, int64_t ran, int64_t now)
{
	hki_by_key *by_key = state;

	(void) now;
	by_key->clock.service += ran;
	set(job, hki_virtual_get(job) + hki_virtual_of(job, ran));
}

void hki_virtual_leave(void *state, hk_sched_job *job, int64_t now)
{
	hki_by_key *by_key = state;

	(void) now;
	advance(&by_key->clock);
	by_key->clock.tickets -= job->own.place;
}

void hki_virtual_remove(void *state, hk_sched_job *job, int64_t now)
{
	hki_by_key_remove(state, job, now);
	hki_virtual_leave(state, job, now);
}
