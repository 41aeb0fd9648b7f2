#ifndef HOSTKIT_SYSTEM_METRICS_H
#define HOSTKIT_SYSTEM_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/metrics.h>
#include <hostkit/system.h>
#include <hostkit/system_process_details.h>

HK_BEGIN

/*
 * The host as metrics
 *
 * An exporter samples the machine (hk_system of system.h) and writes what it saw
 * with an hk_metrics_writer, under names of ours that linters have nothing to say
 * about, or under those of node_exporter 1.5, for dashboards and alerts that
 * exist.  Nothing is an average or a rate: collectors make those themselves,
 * from counters that never run backwards.
 *
 * What this machine lacks is left out, and what could not be read is left out and
 * told by hostkit_scrape_section_success.
 *
 * Counters of a group of processes never go back: what a process used stays with the
 * group it was in then, also when it has ended.
 *
 * Threads: an exporter belongs to one thread at a time.
 */
typedef struct hk_system_exporter hk_system_exporter;

typedef enum hk_system_exporter_names {
	HK_SYSTEM_EXPORTER_NATIVE,       /* hostkit_memory_available_bytes … */
	HK_SYSTEM_EXPORTER_NODE_EXPORTER /* node_memory_MemAvailable_bytes … */
} hk_system_exporter_names;

/* More groups of processes no collector can be asked to keep. */
#define HK_SYSTEM_EXPORTER_GROUPS_MAX 10000

typedef struct hk_system_exporter_opts {
	size_t size;         /* set by HK_SYSTEM_EXPORTER_OPTS_INIT */
	uint32_t names;      /* hk_system_exporter_names */
	uint32_t sections;   /* HK_SYSTEM_… bits; 0: all but sessions */
	const char *root;    /* as in hk_system_opts */
	const char *version; /* for hostkit_build_info; Borrowed; NULL: left out */
	/* Processes too, by state; with a grouping also by group, under native names. */
	bool processes;
	/* Be told by the kernel of each process that ends, so that what short ones used
	 * is in their group's figures: as opts.exits of a table, and refused as quietly */
	bool process_exits;
	bool reserved_flags[2];
	uint32_t process_grouping; /* hk_system_grouping; NONE: no groups */
	/* Groups with series of their own, up to HK_SYSTEM_EXPORTER_GROUPS_MAX; 0: 100.
	 * The others are told together as "(rest)". */
	uint32_t process_groups_max;
	uint32_t reserved;
} hk_system_exporter_opts;

/* clang-format off */
#define HK_SYSTEM_EXPORTER_OPTS_INIT { .size = sizeof(hk_system_exporter_opts) }
/* clang-format on */

/*
 * Make an exporter.  @opts may be NULL.  Owned: hk_system_exporter_free().
 * Returns 0, -EINVAL for unknown names, sections or grouping, -E2BIG, -ENOMEM, or an
 * errno of opening the root or a table of processes.
 */
HK_API HK_MUST_USE int hk_system_exporter_new(
    hk_system_exporter **out, const hk_system_exporter_opts *opts);

/* NULL is fine. */
HK_API void hk_system_exporter_free(hk_system_exporter *exporter);

/*
 * Sample the machine and write all of it.  Families of the caller's own may come
 * before or after.  Failures of the writer stick to it, as always.
 * Returns 0, or what hk_system_sample() returned.
 */
HK_API HK_MUST_USE int hk_system_exporter_write(
    hk_system_exporter *exporter, hk_metrics_writer *writer);

/*
 * A descriptor that is readable when processes have ended, or -1 if they are not
 * listened to; Borrowed.  The kernel keeps some ten thousand ends: whoever writes
 * seldom on a busy machine calls hk_system_exporter_drain() when it is readable.
 * That returns as hk_system_processes_drain() does.
 */
HK_API int hk_system_exporter_exit_fd(const hk_system_exporter *exporter);
HK_API int hk_system_exporter_drain(hk_system_exporter *exporter);

HK_END

#endif /* HOSTKIT_SYSTEM_METRICS_H */
