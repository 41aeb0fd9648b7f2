#ifndef HKI_SYSTEM_BPF_LOAD_H
#define HKI_SYSTEM_BPF_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include "system/bpf/tasks.h"

/*
 * The walk over all tasks, loaded into the kernel (bpf/tasks.bpf.c).
 */
typedef struct hki_bpf_tasks {
	int map;
	int program;                       /* the walk */
	int link;                          /* the walk, bound to the list of tasks */
	struct hki_tasks_control *control; /* the map as memory */
} hki_bpf_tasks;

/* clang-format off */
#define HKI_BPF_TASKS_NULL { -1, -1, -1, NULL }
/* clang-format on */

/*
 * Load it.  Returns 0, -EPERM without CAP_BPF and CAP_PERFMON, -EOPNOTSUPP where
 * the kernel is too old, has no BTF or refuses the program, -ENOMEM,
 * -EMFILE/-ENFILE.  On failure @why gets the step that failed, as words; on success
 * it is left alone.
 */
int hki_bpf_tasks_open(hki_bpf_tasks *out, const char **why);
void hki_bpf_tasks_close(hki_bpf_tasks *tasks);

/* Begin a walk that writes the parts named in @wanted (HKI_TASKS_…).  Returns a
 * descriptor to read(2) the records from, or a negative errno. */
int hki_bpf_tasks_walk(hki_bpf_tasks *tasks, uint32_t wanted);

#endif /* HKI_SYSTEM_BPF_LOAD_H */
