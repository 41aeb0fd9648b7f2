#ifndef HKI_SCHED_RELEASES_H
#define HKI_SCHED_RELEASES_H

#include "sched/result.h"

/*
 * From tasks to jobs: the jobs of @workload into result->jobs, by arrival, then as
 * listed; periodic tasks are released before @until (0: see hk_sched_opts.until).
 * 0, HK_ELIMIT, -ERANGE if all the work is beyond HK_SCHED_TIME_MAX, or -ENOMEM;
 * the first two are told.
 */
int hki_sched_releases_make(
    hk_sched_result *result, int64_t until, hk_error_list *errors);

#endif /* HKI_SCHED_RELEASES_H */
