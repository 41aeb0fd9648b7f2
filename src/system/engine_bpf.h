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

/* Is the row of that process, and has it not run since it was filled by a walk? */
bool hki_task_is_at_rest(const hk_system_processes *table, const hki_row *row,
    const struct hki_task_quiet *quiet);
/* Then there is little to bring up to date. */
void hki_task_rest(
    hk_system_processes *table, hki_row *row, const struct hki_task_quiet *quiet);

/* ---- processes that walks do not show (engine_bpf_hidden.c) ---- */

typedef struct hki_hidden {
	int32_t *pids; /* ascending; Owned: hki_free() */
	size_t count;
	size_t capacity;
	size_t at;             /* the next one in this walk */
	int64_t missed;        /* by the walk, when we looked last; 0: not yet */
	unsigned int unlooked; /* sweeps since */
} hki_hidden;

/* Read those below @before that have not been read yet, by files.  One of the id
 * @before itself is shown after all.  0 or a negative errno. */
int hki_hidden_read(hki_hidden *hidden, hk_system_processes *table, int32_t before);
/* Hold a finished walk against the list of /proc.  1 when it has to be repeated, 0,
 * or a negative errno. */
int hki_hidden_look(hki_hidden *hidden, hk_system_processes *table);

/* Room for one more of @size bytes.  0 or -ENOMEM. */
int hki_reserve_one(void **items, size_t count, size_t *capacity, size_t size);

#endif /* HKI_SYSTEM_ENGINE_BPF_H */
