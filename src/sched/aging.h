#ifndef HKI_SCHED_AGING_H
#define HKI_SCHED_AGING_H

#include "sched/by_key.h"

/*
 * Priorities that grow while a job waits, by one for every `aging` ticks,
 * fractions included.  The order of two waiting jobs then never changes:
 *
 *	p1 + (now - since1) / aging  >  p2 + (now - since2) / aging
 *	<=>  since1 - p1 * aging  <  since2 - p2 * aging
 *
 * so that a heap with that key is exact, and needs no look at anybody meanwhile.
 * While it runs a job keeps what it had gained (own.value); from then on it starts
 * from its own priority again.
 *
 * To take the CPU from a job that runs, a whole step is needed: fractions would have
 * equals change places at every tick.
 */
hki_sched_key hki_aging_key(const hki_by_key *state, const hk_sched_job *job);

/* As the functions of a policy.  A picked job has own.level 1, one in line 0. */
hk_sched_job *hki_aging_pick(void *state, int64_t now);
bool hki_aging_outranks(
    void *state, const hk_sched_job *ready, const hk_sched_job *running, int64_t now);
int64_t hki_aging_overtakes(void *state, const hk_sched_job *running, int64_t now);

#endif /* HKI_SCHED_AGING_H */
