#ifndef HKI_SYSTEM_ENGINE_BPF_H
#define HKI_SYSTEM_ENGINE_BPF_H

#include "system/bpf/tasks.h"
#include "system/process_table.h"

/*
 * What a walk inside the kernel says about one process: the parts of its main
 * thread's record, with those of its other threads added to `head` and `counters`.
 */
typedef struct hki_task {
	struct hki_task_head head;
	struct hki_task_base base;
	struct hki_task_counters counters; /* zero unless it was asked for */
	struct hki_task_more more;
	bool has_counters;
	bool has_more;
} hki_task;

/* Take a record apart.  Returns its length, 0 if @available bytes do not hold it
 * whole, or HK_EPARSE. */
int hki_task_parse(hki_task *out, const char *bytes, size_t available);

/* Add what another thread of the process did. */
void hki_task_add(hki_task *task, const hki_task *thread);

/* User and system time as /proc shows them: the exact runtime, divided as the ticks
 * were, never running backwards. */
void hki_task_times(uint64_t *user_ns, uint64_t *system_ns, const hki_task *task);

/* Bring the row up to date; it is merged in already. */
void hki_task_fill(hk_system_processes *table, hki_row *row, const hki_task *task);

#endif /* HKI_SYSTEM_ENGINE_BPF_H */
