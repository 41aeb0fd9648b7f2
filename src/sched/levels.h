#ifndef HKI_SCHED_LEVELS_H
#define HKI_SCHED_LEVELS_H

#include "sched/policy.h"
#include "sched/ready_queue.h"

/*
 * Rows one above the other: the first of the highest that is not empty runs.  One
 * word says which are occupied, so that the number of levels costs nothing.
 *
 * Of a job's own fields `level` is where it stands, `value` what it ran of its
 * slice, `place` how many slices it used up at this level, `low` the epoch (mlfq.c).
 */
typedef struct hki_levels {
	hk_sched_policy_opts opts;
	hki_ready_queue queues[HKI_SCHED_LEVELS_MAX];
	uint64_t occupied; /* bit i: queue i has somebody */
	uint64_t epoch;    /* boosts so far */
} hki_levels;

int hki_levels_create(void **out, const hk_sched_policy_opts *opts);
void hki_levels_destroy(void *state);
int hki_levels_reserve(void *state, size_t jobs);
hk_sched_job *hki_levels_pick(void *state, int64_t now);
hk_sched_job *hki_levels_peek(void *state, int64_t now);
void hki_levels_remove(void *state, hk_sched_job *job, int64_t now);
void hki_levels_charge(void *state, hk_sched_job *job, int64_t ran, int64_t now);
/* What is left of the slice of its level; a slice of 0 has no end. */
int64_t hki_levels_quantum(void *state, const hk_sched_job *job, int64_t now);

/* At its level, behind the others or before them. */
void hki_levels_append(hki_levels *levels, hk_sched_job *job);
void hki_levels_prepend(hki_levels *levels, hk_sched_job *job);

/* Is nothing left of its slice? */
bool hki_levels_used_up(const hki_levels *levels, const hk_sched_job *job);

#endif /* HKI_SCHED_LEVELS_H */
