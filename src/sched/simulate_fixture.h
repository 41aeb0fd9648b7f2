#ifndef HKI_SCHED_SIMULATE_FIXTURE_H
#define HKI_SCHED_SIMULATE_FIXTURE_H

#include <hostkit/sched.h>

/* What the tests of the simulator share; whatever goes wrong fails the test. */
hk_sched_workload *new_workload(void);
/* A task of which nothing else matters. */
void add(hk_sched_workload *workload, int64_t arrival, int64_t burst);
hk_sched_result *simulate(
    const hk_sched_workload *workload, const char *policy, const hk_sched_opts *opts);
hk_sched_row row_of(const hk_sched_result *result, size_t index);
/* Bursts and times between arrivals of @mean, priorities, tickets; I/O in @io of 100. */
hk_sched_workload *generate(uint64_t seed, size_t count, int64_t mean, uint32_t io);

#endif /* HKI_SCHED_SIMULATE_FIXTURE_H */
