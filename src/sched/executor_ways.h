#ifndef HKI_SCHED_EXECUTOR_WAYS_H
#define HKI_SCHED_EXECUTOR_WAYS_H

#include "sched/executor_fixture.h"

/* A word that is in the command line of what a test starts, and nowhere else. */
const char *mark(void);
bool has_cgroups(void);
/* Both ways of preempting; the first needs cgroups. */
extern const hk_sched_preemption ways[2];
void open_with(fixture *f, hk_sched_preemption way, const char *policy, double ms);
void close_executor(fixture *f);
/* Tell the story once for each way that can be had here. */
void at_each_way(fixture *f, void (*story)(fixture *f, hk_sched_preemption way));
/* A task of which nothing else matters, with this program playing @words. */
void add_plain(fixture *f, const char *id, const char *const *words);
/* Cancel whoever has not ended. */
void cancel_all(fixture *f);

#endif /* HKI_SCHED_EXECUTOR_WAYS_H */
