#ifndef HKI_SCHED_WORKLOAD_H
#define HKI_SCHED_WORKLOAD_H

#include <hostkit/sched.h>
#include "base/arena.h"
#include "base/map.h"

/* Tasks one behind the other; what they point to lies in the arena. */
struct hk_sched_workload {
	hk_sched_task *tasks;
	size_t count;
	size_t capacity;
	hki_name_map indexes; /* id to index + 1, as a pointer */
	hki_arena arena;
	int64_t tick_ns;
};

/* What is wrong with the times of @task: a sentence, with *@out_code and the key it is
 * about; or NULL. */
const char *hki_sched_task_fault(
    const hk_sched_task *task, int *out_code, const char **out_key);

/* What is wrong with a dependency: whose it is, and which of its depends_on. */
typedef void (*hki_sched_tell_fn)(
    void *user, size_t task, size_t dependency, const char *sentence);

/* As hk_sched_workload_check(), telling in the caller's way. */
int hki_sched_dependencies_check(
    const hk_sched_workload *workload, hki_sched_tell_fn tell, void *user);

/* A time of @workload for charts: "24", or in milliseconds "21.5ms".  As snprintf(). */
size_t hki_sched_time_format(
    char *out, size_t capacity, const hk_sched_workload *workload, int64_t at);

#endif /* HKI_SCHED_WORKLOAD_H */
