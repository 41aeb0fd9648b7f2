/*
 * A process in a container sees the machine's memory in /proc/meminfo and is
 * killed at its own limit.  The limit in force is the least of the cgroup and all
 * its ancestors; what an ancestor has left is shared with our neighbours there.
 *
 * What a cgroup uses includes caches of files.  Those not used lately go at once
 * when memory is wanted, so the working set leaves them out.
 */
#include "system/memory_limit.h"

#include <errno.h>
#include <string.h>

typedef struct memory_names {
	const char *limit;
	const char *used;
	const char *inactive_file; /* in memory.stat */
} memory_names;

static const memory_names names_v1 = { "memory.limit_in_bytes", "memory.usage_in_bytes",
	"total_inactive_file" };
static const memory_names names_v2 = { "memory.max", "memory.current", "inactive_file" };

static const memory_names *names_of(const hki_cgroups *cgroups)
{
	return cgroups->memory.v2 ? &names_v2 : &names_v1;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

typedef struct memory_usage {
	uint64_t used;
	uint64_t working; /* the part of it that cannot go at once */
	uint64_t
	    hierarchical; /* v1: the limit in force, as the kernel sees it; 0: unknown */
} memory_usage;

static int read_usage(memory_usage *out, hk_system *system, const memory_names *names,
    const char *directory)
{
	hki_scan text;
	uint64_t inactive;
	int r = hki_cgroup_number(system, directory, names->used, &out->used);

	if (r < 0)
		return r;
	out->working = out->used;
	out->hierarchical = 0;
	if (hki_cgroup_read(system, directory, "memory.stat", &text) < 0)
		return 0;
	if (hki_cgroup_find(&inactive, text, names->inactive_file))
		out->working = less(out->used, inactive);
	(void) hki_cgroup_find(&out->hierarchical, text, "hierarchical_memory_limit");
	return 0;
}

/*
 * The old kernel answers for all ancestors, also those we cannot see; who sets the
 * limit is out of sight then.
 */
static void take_hierarchical(hk_system_limits *out, uint64_t limit)
{
	const uint64_t infinity = INT64_MAX - (UINT64_C(1) << 20);

	if (limit == 0 || limit >= infinity ||
	    (HKI_HAS(limits, out, memory_limit_bytes) &&
		out->memory_limit_bytes <= limit))
		return;
	HKI_PUT(limits, out, memory_limit_bytes, limit);
	hk_record_clear(&out->record, limits_memory_limit_cgroup);
}

static void keep_least(uint64_t *least, bool *have, uint64_t value)
{
	if (!*have || value < *least)
		*least = value;
	*have = true;
}

/* Each directory's limit, and what is left below it. */
static void read_limits(hk_system_limits *out, const hki_cgroups *cgroups,
    hk_system *system, uint64_t *left, bool *have_left)
{
	const hki_texts *directories = &cgroups->memory.directories;
	const memory_names *names = names_of(cgroups);

	for (size_t i = 0; i < directories->count; i++) {
		const char *directory = directories->items[i];
		uint64_t limit;
		memory_usage usage;

		if (hki_cgroup_number(system, directory, names->limit, &limit) < 0)
			continue;
		if (!HKI_HAS(limits, out, memory_limit_bytes) ||
		    limit < out->memory_limit_bytes) {
			HKI_PUT(limits, out, memory_limit_bytes, limit);
			HKI_PUT(limits, out, memory_limit_cgroup, directory);
		}
		if (read_usage(&usage, system, names, directory) == 0)
			keep_least(left, have_left, less(limit, usage.working));
	}
}

static void read_least(hk_system_limits *out, const hki_cgroups *cgroups,
    hk_system *system, const char *name, uint64_t *to, unsigned int field)
{
	const hki_texts *directories = &cgroups->memory.directories;

	for (size_t i = 0; i < directories->count; i++) {
		uint64_t value;

		if (hki_cgroup_number(system, directories->items[i], name, &value) < 0 ||
		    (hk_record_has(&out->record, field) && value >= *to))
			continue;
		*to = value;
		hk_record_set(&out->record, field);
	}
}

/* v1 limits memory and swap together. */
static void read_swap_v1(
    hk_system_limits *out, const hki_cgroups *cgroups, hk_system *system)
{
	const hki_texts *directories = &cgroups->memory.directories;

	for (size_t i = 0; i < directories->count; i++) {
		uint64_t both, memory;

		if (hki_cgroup_number(system, directories->items[i],
			"memory.memsw.limit_in_bytes", &both) < 0 ||
		    hki_cgroup_number(
			system, directories->items[i], names_v1.limit, &memory) < 0)
			continue;
		both = less(both, memory);
		if (!HKI_HAS(limits, out, swap_limit_bytes) ||
		    both < out->swap_limit_bytes)
			HKI_PUT(limits, out, swap_limit_bytes, both);
	}
}

static void read_events_v2(hk_system_limits *out, hk_system *system, const char *own)
{
	hki_scan text;
	uint64_t count;

	if (hki_cgroup_read(system, own, "memory.events", &text) < 0)
		return;
	if (hki_cgroup_find(&count, text, "oom_kill"))
		HKI_PUT(limits, out, memory_oom_kills, count);
	if (hki_cgroup_find(&count, text, "max"))
		HKI_PUT(limits, out, memory_limit_hits, count);
	if (hki_cgroup_find(&count, text, "high"))
		HKI_PUT(limits, out, memory_high_hits, count);
}

static void read_events_v1(hk_system_limits *out, hk_system *system, const char *own)
{
	hki_scan text;
	uint64_t count;

	if (hki_cgroup_read(system, own, "memory.oom_control", &text) == 0 &&
	    hki_cgroup_find(&count, text, "oom_kill"))
		HKI_PUT(limits, out, memory_oom_kills, count);
	if (hki_cgroup_number(system, own, "memory.failcnt", &count) == 0)
		HKI_PUT(limits, out, memory_limit_hits, count);
}

static void read_effective(
    hk_system_limits *out, const hk_system_memory *machine, uint64_t left, bool have_left)
{
	uint64_t all = 0;
	bool have_all = false;

	if (HKI_HAS(memory, machine, total_bytes))
		keep_least(&all, &have_all, machine->total_bytes);
	if (HKI_HAS(limits, out, memory_limit_bytes))
		keep_least(&all, &have_all, out->memory_limit_bytes);
	if (have_all)
		HKI_PUT(limits, out, memory_effective_bytes, all);
	if (HKI_HAS(memory, machine, available_bytes))
		keep_least(&left, &have_left, machine->available_bytes);
	if (have_left)
		HKI_PUT(limits, out, memory_effective_available_bytes, left);
}

void hki_memory_limit_read(hk_system_limits *out, const hki_cgroups *cgroups,
    hk_system *system, const hk_system_memory *machine)
{
	const hki_texts *directories = &cgroups->memory.directories;
	uint64_t left = 0;
	bool have_left = false;

	if (directories->count > 0) {
		const char *own = directories->items[0];
		memory_usage usage;
		int r = read_usage(&usage, system, names_of(cgroups), own);

		if (r == 0) {
			HKI_PUT(limits, out, memory_used_bytes, usage.used);
			HKI_PUT(limits, out, memory_working_set_bytes, usage.working);
		}
		read_limits(out, cgroups, system, &left, &have_left);
		if (cgroups->memory.v2) {
			read_least(out, cgroups, system, "memory.high",
			    &out->memory_high_bytes, limits_memory_high_bytes);
			read_least(out, cgroups, system, "memory.swap.max",
			    &out->swap_limit_bytes, limits_swap_limit_bytes);
			read_events_v2(out, system, own);
		} else {
			if (r == 0)
				take_hierarchical(out, usage.hierarchical);
			read_swap_v1(out, cgroups, system);
			read_events_v1(out, system, own);
		}
	}
	read_effective(out, machine, left, have_left);
}
