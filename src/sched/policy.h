#ifndef HKI_SCHED_POLICY_H
#define HKI_SCHED_POLICY_H

#include <hostkit/sched.h>

/*
 * What the policies share.  Each is a file with one constant struct of
 * functions; policies.c lists them.
 */

/* Levels of a feedback or multilevel queue: one word says which are occupied. */
#define HKI_SCHED_LEVELS_MAX 64

/*
 * Copy @given (NULL: defaults) into *@out with the defaults filled in; release
 * with the other.  0, -EINVAL for a time or a level that cannot be, -E2BIG, -ENOMEM.
 */
int hki_sched_policy_opts_copy(
    hk_sched_policy_opts *out, const hk_sched_policy_opts *given);
void hki_sched_policy_opts_deinit(hk_sched_policy_opts *opts);

/* The slice at @level: the list's, whose last goes for all further ones, or quantum. */
int64_t hki_sched_quantum_at(const hk_sched_policy_opts *opts, uint32_t level);

static inline uint32_t hki_sched_tickets(const hk_sched_job *job)
{
	return job->task->tickets == 0 ? HK_SCHED_TICKETS_DEFAULT : job->task->tickets;
}

extern const hk_sched_policy hki_sched_fcfs;
extern const hk_sched_policy hki_sched_sjf;
extern const hk_sched_policy hki_sched_srtf;
extern const hk_sched_policy hki_sched_hrrn;
extern const hk_sched_policy hki_sched_round_robin;
extern const hk_sched_policy hki_sched_priority;
extern const hk_sched_policy hki_sched_priority_round_robin;
extern const hk_sched_policy hki_sched_multilevel;
extern const hk_sched_policy hki_sched_feedback;
extern const hk_sched_policy hki_sched_mlfq;
extern const hk_sched_policy hki_sched_lottery;
extern const hk_sched_policy hki_sched_stride;
extern const hk_sched_policy hki_sched_fair;
extern const hk_sched_policy hki_sched_edf;
extern const hk_sched_policy hki_sched_rate_monotonic;

#endif /* HKI_SCHED_POLICY_H */
