#ifndef HKI_SCHED_GUARD_H
#define HKI_SCHED_GUARD_H

#include <hostkit/loop.h>
#include <hostkit/process.h>
#include <hostkit/sched_executor.h>

/*
 * The other side of libexec/hostkit/guard: a process that does nothing but wait for us
 * to be gone.  It knows the cgroup above all tasks, or where there is none the
 * identity of each.
 */
typedef struct hki_guard {
	hk_loop *loop;
	hk_process *process; /* NULL: not running */
	int fd;              /* our end of its stdin; -1 */
	hk_sched_orphans orphans;
	char *path;         /* Owned; NULL: the usual one */
	const char *cgroup; /* Borrowed; NULL: tasks are named one by one */
	bool missing;       /* it could not be started; not tried again */
	uint64_t started_ns;
	/* It ended without being told to; it may be started again. */
	void (*on_lost)(struct hki_guard *guard);
} hki_guard;

/* @path is Copied; NULL: the usual program.  0 or -ENOMEM; release with _deinit. */
int hki_guard_init(
    hki_guard *guard, hk_loop *loop, hk_sched_orphans orphans, const char *path);
void hki_guard_deinit(hki_guard *guard);
/* See to it that it runs.  1 if it was started just now (and knows nobody yet), 0 if it
 * runs, -EAGAIN if the last one lived too short, or why it cannot. */
int hki_guard_start(hki_guard *guard);
/* A program that is not in the cgroup has come, or gone. */
void hki_guard_add(hki_guard *guard, const hk_process_id *id);
void hki_guard_remove(hki_guard *guard, const hk_process_id *id);
/* Nobody needs to be guarded any more. */
void hki_guard_stop(hki_guard *guard);

#endif /* HKI_SCHED_GUARD_H */
