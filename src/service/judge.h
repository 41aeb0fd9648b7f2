#ifndef HKI_SERVICE_JUDGE_H
#define HKI_SERVICE_JUDGE_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/service.h>

/* What the results of checks mean.  Pure: the time is an argument. */
typedef struct hki_judge {
	const hk_service_health *rules; /* Borrowed */
	uint64_t began_ns;
	bool ready;
	bool condemned;
	uint32_t failures; /* in a row */
} hki_judge;

typedef enum hki_judgement {
	HKI_JUDGE_NOTHING,
	HKI_JUDGE_READY,    /* the first success */
	HKI_JUDGE_UNHEALTHY /* said once */
} hki_judgement;

void hki_judge_begin(hki_judge *judge, const hk_service_health *rules, uint64_t now_ns);

/* A check ended, well or not. */
hki_judgement hki_judge_result(hki_judge *judge, bool success, uint64_t now_ns);

/* The pause until the next check begins. */
uint64_t hki_judge_pause_ns(const hki_judge *judge);

/* When it is unhealthy unless it was ready before. */
uint64_t hki_judge_deadline_ns(const hki_judge *judge);

#endif /* HKI_SERVICE_JUDGE_H */
