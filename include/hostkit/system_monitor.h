#ifndef HOSTKIT_SYSTEM_MONITOR_H
#define HOSTKIT_SYSTEM_MONITOR_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/loop.h>
#include <hostkit/system_history.h>
#include <hostkit/system_process.h>

HK_BEGIN

/*
 * Monitors: samples at an interval, on a loop, with a history
 *
 * A monitor looks at the host, at one process or at the calling process again
 * and again, calls back after each look, and keeps what it saw in a history a
 * section.  It looks for the first time when it is started, so that the first
 * callback comes with figures over a whole interval.
 *
 * Threads: a monitor belongs to the thread of its loop.
 */
typedef struct hk_system_monitor hk_system_monitor;

typedef enum hk_system_monitor_source {
	/* records of <hostkit/system.h>: the sections asked for */
	HK_SYSTEM_MONITOR_HOST,
	/* hk_system_process rows of one process; looks at all of them, as a table does */
	HK_SYSTEM_MONITOR_PROCESS,
	/* hk_system_self_info: memory, heap and processor time of the caller; its
	 * cpu_percent is that of the interval */
	HK_SYSTEM_MONITOR_SELF
} hk_system_monitor_source;

typedef void (*hk_system_monitor_fn)(hk_system_monitor *monitor, void *user);

typedef struct hk_system_monitor_opts {
	size_t size;     /* set by HK_SYSTEM_MONITOR_OPTS_INIT */
	uint32_t source; /* hk_system_monitor_source */
	/* HOST: HK_SYSTEM_CPU, LOAD, MEMORY, VMSTAT, PRESSURE, LIMITS, SOCKETS, DISKS
	 * and NETWORKS, as bits; 0: CPU, LOAD and MEMORY */
	uint32_t sections;
	int32_t pid; /* PROCESS: required */
	/* 1: does not keep hk_loop_run() going */
	uint32_t background;
	/* PROCESS: which exactly, as rows have it; 0 matches anything */
	uint64_t start_ticks;
	uint64_t inode;
	uint64_t interval_ns; /* 0: 5 s */
	/* of each history, as hk_system_history_opts; all 0: 100 samples */
	uint64_t age_max_ns;
	uint64_t bytes_max;
	uint64_t samples_max;
	hk_system_monitor_fn on_sample; /* after each look; may be NULL */
	/* PROCESS: it has ended; the last samples are there.  Once.  May be NULL */
	hk_system_monitor_fn on_end;
	void *user;
} hk_system_monitor_opts;

/* clang-format off */
#define HK_SYSTEM_MONITOR_OPTS_INIT { .size = sizeof(hk_system_monitor_opts) }
/* clang-format on */

/*
 * Start.  Owned: release it with hk_system_monitor_free(), also inside a callback.
 * Returns 0, -EINVAL, -E2BIG, -ESRCH when the process is not there or is another,
 * -ENOMEM, -EMFILE/-ENFILE, HK_ECLOSED, -ECHILD, or the errno of the first look.
 */
HK_API HK_MUST_USE int hk_system_monitor_start(
    hk_system_monitor **out, hk_loop *loop, const hk_system_monitor_opts *opts);

/* Look no more; histories stay until the monitor is freed.  NULL is fine. */
HK_API void hk_system_monitor_stop(hk_system_monitor *monitor);

/* NULL is fine. */
HK_API void hk_system_monitor_free(hk_system_monitor *monitor);

/*
 * What was kept of @section (one bit; 0 for PROCESS and SELF), or NULL if it is
 * not watched.  Borrowed: until the monitor is freed.  The row of a single record
 * has the key 0, those of disks and networks hk_system_history_key() of their name.
 */
HK_API const hk_system_history *hk_system_monitor_history(
    const hk_system_monitor *monitor, uint32_t section);

/* The latest record of a section that is one record, or NULL.  Borrowed: until the next
 * look. */
HK_API const void *hk_system_monitor_latest(
    const hk_system_monitor *monitor, uint32_t section);

/* Looks that failed, and left no sample. */
HK_API uint64_t hk_system_monitor_missed(const hk_system_monitor *monitor);

/* The key of a row that is known by a name. */
HK_API uint64_t hk_system_history_key(const char *name);

/* The key of a process: the same as long as it lives, and no other's between boots. */
HK_API uint64_t hk_system_history_process_key(const hk_system_process *process);

HK_END

#endif /* HOSTKIT_SYSTEM_MONITOR_H */
