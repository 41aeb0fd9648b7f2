#ifndef HKI_SYSTEM_CPU_H
#define HKI_SYSTEM_CPU_H

#include "system/system_internal.h"

/* The columns of a processor's line in /proc/stat, in its order. */
enum {
	HKI_CPU_USER,
	HKI_CPU_NICE,
	HKI_CPU_SYSTEM,
	HKI_CPU_IDLE,
	HKI_CPU_IOWAIT,
	HKI_CPU_IRQ,
	HKI_CPU_SOFTIRQ,
	HKI_CPU_STEAL,
	HKI_CPU_GUEST,
	HKI_CPU_GUEST_NICE,
	HKI_CPU_COLUMNS
};

typedef struct hki_cpu_ticks {
	uint64_t ticks[HKI_CPU_COLUMNS];
	unsigned int count; /* columns there are: old kernels have fewer */
} hki_cpu_ticks;

typedef struct hki_cpu_line {
	uint64_t number;
	hki_cpu_ticks ticks;
} hki_cpu_line;

/* /proc/stat.  Zeroed: empty and ready. */
typedef struct hki_cpu_stat {
	hki_cpu_ticks total;
	hki_cpu_line *cpus;
	size_t count;
	size_t capacity;
	uint64_t values[7]; /* HKI_STAT_… */
	uint32_t present;   /* bits of those */
} hki_cpu_stat;

enum {
	HKI_STAT_CONTEXT_SWITCHES,
	HKI_STAT_INTERRUPTS,
	HKI_STAT_SOFT_INTERRUPTS,
	HKI_STAT_FORKS,
	HKI_STAT_RUNNING,
	HKI_STAT_BLOCKED,
	HKI_STAT_BOOT_TIME
};

/* Into @out, whose memory is used again.  0, HK_EPARSE, -ENOMEM. */
int hki_cpu_stat_parse(hki_cpu_stat *out, hki_scan text);
void hki_cpu_stat_deinit(hki_cpu_stat *stat);

/*
 * Make @now follow @before: a column that went back a little (idle and iowait do)
 * keeps its old value.  False when it went back too far for that: the counters were
 * reset, and there is no interval.
 */
bool hki_cpu_follow(
    hki_cpu_ticks *now, const hki_cpu_ticks *before, uint64_t ticks_per_s);

/* What the interval went into.  False when no time has passed. */
bool hki_cpu_share(hk_system_cpu_shares *out, double *out_used_percent,
    const hki_cpu_ticks *now, const hki_cpu_ticks *before);

/* ---- cpu_topology.c ---- */

typedef struct hki_cpu_place {
	uint64_t number;
	int64_t core; /* -1: unknown */
	int64_t socket;
	int64_t node;
} hki_cpu_place;

typedef struct hki_cpu_cache {
	uint64_t level;
	uint64_t size_bytes;
	uint64_t count;
	char type[16];
	uint64_t seen_by; /* number of the last processor whose siblings were counted */
} hki_cpu_cache;

/* Zeroed: empty. */
typedef struct hki_cpu_topology {
	hki_cpu_place
	    *places; /* every processor there is, also those offline, by number */
	size_t count;
	size_t capacity;
	hki_cpu_cache *caches;
	size_t cache_count;
	size_t cache_capacity;
	uint64_t possible; /* 0: unknown */
	uint64_t cores;
	uint64_t sockets;
	char model[128];
	char vendor[64];
} hki_cpu_topology;

/* Read all of it; @lines are processors that run, for hosts whose /sys does not tell. */
int hki_cpu_topology_read(
    hki_cpu_topology *topology, hk_system *system, const hki_cpu_stat *stat);
void hki_cpu_topology_deinit(hki_cpu_topology *topology);

/* A list as the kernel writes it, "0-3,8,10-11".  Calls @visit for each number, in order,
 * until it returns other than 0, which is returned; HK_EPARSE for anything else. */
int hki_cpu_list_each(
    hki_scan list, int (*visit)(uint64_t number, void *user), void *user);

/* Model and vendor from /proc/cpuinfo. */
void hki_cpuinfo_parse(hki_cpu_topology *topology, hki_scan text);

/* ---- cpu.c ---- */

typedef struct hki_cpu_state {
	hk_system_cpu record;
	hki_host_file stat;
	hki_cpu_stat now;
	hki_cpu_stat before;
	hki_cpu_topology topology;
	hk_system_core *cores;
	size_t core_count;
	size_t core_capacity;
	hk_system_cache *caches;
	size_t cache_capacity;
	hk_system_budget budget;        /* of the same moment … */
	unsigned int budget_generation; /* … and of those cgroups */
} hki_cpu_state;

#endif /* HKI_SYSTEM_CPU_H */
