#ifndef HKI_SCHED_WORKLOAD_FIXTURE_H
#define HKI_SCHED_WORKLOAD_FIXTURE_H

#include <hostkit/sched.h>

/* What the tests of workloads share. */

/* Read @text, whose source is called "in". */
int read_text(
    hk_sched_workload **out, const char *text, hk_error_list *errors, uint32_t real);
/* The same where it cannot fail, or the test has. */
hk_sched_workload *read_good(const char *text);

#endif /* HKI_SCHED_WORKLOAD_FIXTURE_H */
