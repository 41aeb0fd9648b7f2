#ifndef HKI_SCHED_VIRTUAL_TIME_H
#define HKI_SCHED_VIRTUAL_TIME_H

#include "base/uint128.h"
#include "sched/by_key.h"

/*
 * Virtual time: a job's own clock, which runs the slower the more tickets it has.
 * Whoever's clock is the furthest behind runs, so that all clocks stay together
 * and CPU time is shared as the tickets are.  One tick of a job with one ticket is
 * 2^40, so that the division by the tickets loses less than a millionth.
 *
 * A tick always costs the same, so it does not matter into how many pieces CPU
 * time is cut before it is charged.
 */
#define HKI_VIRTUAL_TICK ((hki_sched_key) 1 << 40)

static inline hki_sched_key hki_virtual_get(const hk_sched_job *job)
{
	return (hki_sched_key) ((hki_uint128) job->own.high << 64 | job->own.low);
}

static inline void hki_virtual_set(hk_sched_job *job, hki_sched_key time)
{
	job->own.high = (uint64_t) ((hki_uint128) time >> 64);
	job->own.low = (uint64_t) (hki_uint128) time;
}

/* The first time a job is seen: what a tick costs it is worked out once and kept with
 * it (own.value), and so are its tickets (own.place). */
static inline void hki_virtual_begin(hk_sched_job *job)
{
	job->own.place = hki_sched_tickets(job);
	job->own.value = (int64_t) (HKI_VIRTUAL_TICK / job->own.place);
}

/* What @ran ticks are on the clock of @job. */
static inline hki_sched_key hki_virtual_of(const hk_sched_job *job, int64_t ran)
{
	return (hki_sched_key) ran * job->own.value;
}

/* As the functions of a policy. */
void hki_virtual_charge(void *state, hk_sched_job *job, int64_t ran, int64_t now);
hk_sched_job *hki_virtual_pick(void *state, int64_t now);

#endif /* HKI_SCHED_VIRTUAL_TIME_H */
