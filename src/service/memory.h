#ifndef HKI_SERVICE_MEMORY_H
#define HKI_SERVICE_MEMORY_H

#include <stdint.h>
#include <hostkit/process.h>
#include "loop/offload.h"

/* Looks at the memory of one running tree every so often, off the loop's thread. */
typedef struct hki_memory hki_memory;

/* May free the memory. */
typedef void (*hki_memory_fn)(uint64_t bytes, void *user);

/* @process is Borrowed until hki_memory_free().  0 or -ENOMEM. */
int hki_memory_start(hki_memory **out, hk_loop *loop, hki_offload *offload,
    const hk_process *process, uint64_t interval_ns, hki_memory_fn fn, void *user);
void hki_memory_free(hki_memory *memory);

/*
 * What @pid and everything below it use now; with @cgroup (may be NULL), what
 * is in there, less the file cache that the kernel would give back at once.
 * Without: the sum of proportional set sizes, or of resident sizes where those
 * are not to be read.  May take milliseconds.  0 or a negative errno.
 */
int hki_memory_read(uint64_t *out, pid_t pid, const char *cgroup);

#endif /* HKI_SERVICE_MEMORY_H */
