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
 * The clock of all runs as the clocks of the others would if everybody ran at once,
 * each at its share (Waldspurger's global pass): who comes new, or back from waiting,
 * starts there, and so can neither claim time it did not use, nor be held up by
 * others who have just come.
 *
 * Neither depends on the pieces into which CPU time is cut before it is charged.
 *
 * Of a job's own fields `high` and `low` are its clock, `value` what a tick costs
 * it, `place` its tickets, `level` the flags below.
 */
#define HKI_VIRTUAL_TICK ((hki_sched_key) 1 << 40)

enum {
	HKI_VIRTUAL_RUNS = 1 << 0, /* it was picked */
	HKI_VIRTUAL_CAME = 1 << 1  /* it arrived, or is back from waiting, just now */
};

static inline hki_sched_key hki_virtual_get(const hk_sched_job *job)
{
	return (hki_sched_key) ((hki_uint128) job->own.high << 64 | job->own.low);
}

/* What @ran ticks are on the clock of @job. */
static inline hki_sched_key hki_virtual_of(const hk_sched_job *job, int64_t ran)
{
	return (hki_sched_key) ran * job->own.value;
}

/*
 * A job is ready: bring its clock, if it was away, up to the others', less @credit,
 * and line it up.
 */
void hki_virtual_ready(
    hki_by_key *state, hk_sched_job *job, hk_sched_reason reason, hki_sched_key credit);

/* As the functions of a policy. */
hk_sched_job *hki_virtual_pick(void *state, int64_t now);
void hki_virtual_charge(void *state, hk_sched_job *job, int64_t ran, int64_t now);
/* It is neither ready nor running any more. */
void hki_virtual_leave(void *state, hk_sched_job *job, int64_t now);
void hki_virtual_remove(void *state, hk_sched_job *job, int64_t now);

#endif /* HKI_SCHED_VIRTUAL_TIME_H */
