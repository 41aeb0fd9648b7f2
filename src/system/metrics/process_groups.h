#ifndef HKI_SYSTEM_METRICS_PROCESS_GROUPS_H
#define HKI_SYSTEM_METRICS_PROCESS_GROUPS_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/metrics.h>
#include <hostkit/system_process.h>

/* Where processes go whose group has no series of its own, or is not known. */
#define HKI_GROUP_REST    "(rest)"
#define HKI_GROUP_UNKNOWN "(unknown)"
/* Threads of the kernel have thousands of names. */
#define HKI_GROUP_KERNEL "[kernel]"

enum { HKI_GROUPS_DEFAULT = 100 };

/* Processes put together, and what each group has used since we look. */
typedef struct hki_process_groups hki_process_groups;

/*
 * Groups by @grouping (hk_system_grouping), at most @most of them; the processes come
 * from hki_process_groups_take().  Returns 0 or -ENOMEM.
 */
int hki_process_groups_new(hki_process_groups **out, uint32_t grouping, size_t most);
void hki_process_groups_free(hki_process_groups *groups);

/*
 * Take a sample: the @count processes there are, by ascending pid, and the
 * @ended_count that have ended since the sample before.  Returns 0, or -ENOMEM and
 * nothing is changed; where there is no memory for a name, the process goes to the
 * rest.
 */
int hki_process_groups_take(hki_process_groups *groups,
    const hk_system_process *const *rows, size_t count,
    const hk_system_process *const *ended, size_t ended_count);

/* Write every group. */
void hki_process_groups_write(
    hk_metrics_writer *writer, const hki_process_groups *groups);

#endif /* HKI_SYSTEM_METRICS_PROCESS_GROUPS_H */
