#ifndef HKI_SCHED_BY_KEY_H
#define HKI_SCHED_BY_KEY_H

#include "sched/policy.h"
#include "sched/ready_heap.h"

/* Virtual time: see virtual_time.h. */
typedef struct hki_virtual_clock {
	hki_sched_key time;
	hki_sched_key rest;    /* what a division left over */
	hki_sched_key service; /* CPU time that is not in it yet */
	uint64_t tickets;      /* of all who are ready or run */
} hki_virtual_clock;

/*
 * What policies have in common that always run the job with the smallest key:
 * their state, and every function but ready(), which chooses the key.
 */
typedef struct hki_by_key {
	hk_sched_policy_opts opts;
	hki_ready_heap heap;
	uint64_t sequence; /* how many jobs were made ready, for those who go by that */
	hki_virtual_clock clock; /* of policies that share by virtual time */
} hki_by_key;

int hki_by_key_create(void **out, const hk_sched_policy_opts *opts);
void hki_by_key_destroy(void *state);
int hki_by_key_reserve(void *state, size_t jobs);
hk_sched_job *hki_by_key_pick(void *state, int64_t now);
hk_sched_job *hki_by_key_peek(void *state, int64_t now);
void hki_by_key_remove(void *state, hk_sched_job *job, int64_t now);
/* Always the quantum of the options. */
int64_t hki_by_key_quantum(void *state, const hk_sched_job *job, int64_t now);

/* First come, first served among those of one key. */
void hki_by_key_add(hki_by_key *state, hki_sched_key key, hk_sched_job *job);
/* Who was made ready first is served first among those of one key. */
void hki_by_key_line_up(hki_by_key *state, hki_sched_key key, hk_sched_job *job);

#endif /* HKI_SCHED_BY_KEY_H */
