#ifndef HKI_SCHED_ROW_H
#define HKI_SCHED_ROW_H

#include "sched/policy.h"
#include "sched/ready_queue.h"

/* What the two policies have in common that serve jobs in the order they line up. */
typedef struct hki_row {
	hk_sched_policy_opts opts;
	hki_ready_queue queue;
} hki_row;

int hki_row_create(void **out, const hk_sched_policy_opts *opts);
void hki_row_destroy(void *state);
int hki_row_reserve(void *state, size_t jobs);
void hki_row_ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now);
hk_sched_job *hki_row_pick(void *state, int64_t now);
hk_sched_job *hki_row_peek(void *state, int64_t now);
void hki_row_remove(void *state, hk_sched_job *job, int64_t now);

#endif /* HKI_SCHED_ROW_H */
