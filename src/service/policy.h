#ifndef HKI_SERVICE_POLICY_H
#define HKI_SERVICE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/service.h>
#include "base/random.h"

/* A limit larger than this is cut to it: one time stamp is kept for each restart. */
#define HKI_POLICY_LIMIT_MAX 1000

/* When to start an instance again.  No zero means a default here any more. */
typedef struct hki_policy {
	hk_service_restart restart;
	bool give_up;              /* at the limit */
	uint32_t max_retries;      /* 0: no end */
	const int *success_codes;  /* Borrowed */
	size_t success_code_count; /* 0: zero alone is good */
	uint64_t initial_ns;
	uint64_t max_ns;
	double factor;
	uint64_t reset_after_ns;
	uint32_t limit_count; /* 0: no limit */
	uint64_t limit_window_ns;
	uint64_t slow_retry_ns;
} hki_policy;

/* Fill in from the options, with the defaults of service.h. */
void hki_policy_from_opts(hki_policy *out, const hk_service_opts *opts);

/* What one instance remembers about its restarts. */
typedef struct hki_policy_memory {
	uint64_t *restart_times; /* ring of limit_count, Owned */
	uint32_t capacity;
	uint32_t count;
	uint32_t newest;
	uint32_t retries; /* in a row, since it last ran well for reset_after */
	bool slow;        /* the limit was hit; stays until it ran well again */
	hki_random random;
} hki_policy_memory;

int hki_policy_memory_init(
    hki_policy_memory *memory, const hki_policy *policy, uint64_t seed);
void hki_policy_memory_deinit(hki_policy_memory *memory);
/* A person started it: count from nothing again. */
void hki_policy_memory_reset(hki_policy_memory *memory);

typedef enum hki_policy_verdict {
	HKI_POLICY_DONE,   /* a good end, and that is it */
	HKI_POLICY_FAILED, /* a bad end, and that is it */
	HKI_POLICY_RETRY
} hki_policy_verdict;

typedef struct hki_policy_answer {
	hki_policy_verdict verdict;
	uint64_t delay_ns; /* HKI_POLICY_RETRY */
	bool limited;      /* this end made it hit the limit */
} hki_policy_answer;

/* An end is good if it is one of the success codes and nobody made it end for being sick. */
bool hki_policy_is_success(
    const hki_policy *policy, const hk_process_exit *how, bool recycled);

/*
 * It ended, @success or not, after @healthy_ns of running well; it is @now_ns.
 * Remembers the restart it orders.
 */
hki_policy_answer hki_policy_ended(const hki_policy *policy, hki_policy_memory *memory,
    bool success, bool recycled, uint64_t healthy_ns, uint64_t now_ns);

#endif /* HKI_SERVICE_POLICY_H */
