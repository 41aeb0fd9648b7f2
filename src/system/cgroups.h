#ifndef HKI_SYSTEM_CGROUPS_H
#define HKI_SYSTEM_CGROUPS_H

#include "base/arena.h"
#include "system/system_internal.h"

/*
 * The cgroups that bind us: for each controller our own directory and all its
 * ancestors as far as they can be seen, from the inside out.
 */
typedef struct hki_cgroup_chain {
	hki_texts directories;
	bool v2; /* names of files differ */
} hki_cgroup_chain;

/* A file of a cgroup that is kept open: reading it anew is a third of opening it anew. */
typedef struct hki_cgroup_file {
	const char *directory; /* by address: it is one of a chain */
	const char *name;      /* by address too */
	hki_host_file file;
} hki_cgroup_file;

typedef struct hki_cgroups {
	hki_host_file self; /* /proc/self/cgroup */
	hki_buffer known;   /* its text when the chains were made */
	bool made;
	hki_arena arena;
	hki_cgroup_chain cpu;
	hki_cgroup_chain memory;
	hki_cgroup_chain pids;
	hk_system_cgroups kind;
	hki_cgroup_file *files;
	size_t file_count;
	size_t file_capacity;
	unsigned int generation; /* counts up when the chains are made anew */
	const char
	    *own; /* our directory of v2, else of the v1 memory controller, or NULL */
} hki_cgroups;

/* Bring the chains up to date.  Allocates only when we have been moved. */
int hki_cgroups_refresh(hki_cgroups *cgroups, hk_system *system);
void hki_cgroups_deinit(hki_cgroups *cgroups);

/* The smallest quota in processors, and who sets it.  -ENOENT: there is none. */
int hki_cgroups_quota(const hki_cgroups *cgroups, hk_system *system, double *out_cpus,
    const char **out_directory);

/* "max 100000" or "150000 100000" of cpu.max: processors, or -ENOENT for no limit. */
int hki_cpu_max_parse(double *out_cpus, hki_scan text);

/* A file of one of the directories of the chains.  *out is valid until the next read. */
int hki_cgroup_read(
    hk_system *system, const char *directory, const char *name, hki_scan *out);

/* A number in such a file; "max", -1 and v1's idea of infinity are -ENOENT. */
int hki_cgroup_number(
    hk_system *system, const char *directory, const char *name, uint64_t *out);

/* The number behind @key in a file of "key number" lines. */
bool hki_cgroup_find(uint64_t *out, hki_scan text, const char *key);

/* ---- cpu_budget.c ---- */

/* The least of affinity, quota and @online (0: unknown).  Uses the observer's cgroups. */
int hki_budget_read(hk_system_budget *out, hk_system *system, uint64_t online);

/* ---- memory_limit.c: the state of the section that owns the cgroups ---- */

hki_cgroups *hki_system_cgroups(const hk_system *system);

#endif /* HKI_SYSTEM_CGROUPS_H */
