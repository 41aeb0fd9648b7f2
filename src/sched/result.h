#ifndef HKI_SCHED_RESULT_H
#define HKI_SCHED_RESULT_H

#include <hostkit/sched.h>
#include "sched/workload.h"

/* One job as it is kept; rows (hk_sched_row) are made from it when asked for. */
typedef struct hki_sched_outcome {
	int64_t arrival;
	int64_t start; /* HK_SCHED_NEVER: it never ran */
	int64_t end;   /* HK_SCHED_NEVER: it never ended */
	int64_t ran;
	int64_t io;
	int64_t held;
	uint64_t slices;
	uint32_t task;    /* index in the workload */
	uint32_t release; /* from 1; 0: the task is not periodic */
	uint32_t cpu;
	uint32_t outcome; /* hk_sched_outcome */
} hki_sched_outcome;

/* What somebody ran, in virtual time or for real.  Zeroed but for workload and cpus
 * it is empty; fill jobs, slices and the counters, then finish. */
struct hk_sched_result {
	const hk_sched_workload *workload; /* Borrowed */
	hki_sched_outcome *jobs;
	size_t count;
	hk_sched_slice *slices;
	size_t slice_count;
	size_t slice_capacity;
	uint32_t cpus;
	uint64_t switches;
	uint64_t preemptions;
	uint64_t decisions;
	int64_t overhead; /* ticks spent switching, over all CPUs */
	hk_sched_statistics statistics;
};

/* Deadline of a job: absolute, HK_SCHED_NEVER without one. */
int64_t hki_sched_deadline(const hk_sched_task *task, int64_t arrival);

/* Note that @job had @cpu.  What continues the slice before it becomes one with it.
 * 0 or -ENOMEM. */
int hki_sched_result_slice(
    hk_sched_result *result, uint32_t job, uint32_t cpu, int64_t start, int64_t end);

/* Fill result->statistics.  0 or -ENOMEM. */
int hki_sched_statistics_make(hk_sched_result *result);

/* Put the slices in order and work out the statistics.  0 or -ENOMEM. */
int hki_sched_result_finish(hk_sched_result *result);

#endif /* HKI_SCHED_RESULT_H */
