/*
 * What this program may use: by its cgroups, by its own resource limits, and by
 * the limits of the machine that are reached before one thinks of them.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/clock.h"
#include "system/cpu.h"
#include "system/memory_limit.h"
#include "system/parsers.h"

#define SETTINGS_NS (30 * HKI_NS_PER_S)

typedef struct limits_state {
	hk_system_limits record;
	hki_cgroups cgroups; /* the cpu section uses them too */
	hki_host_file meminfo;
	hki_host_file file_nr;
	hki_host_file tracked;
	hk_system_limits machine; /* what an administrator sets */
	uint64_t machine_ns;
	char cgroup[PATH_MAX];
	char memory_limit_cgroup[PATH_MAX];
	char quota_cgroup[PATH_MAX];
} limits_state;

hki_cgroups *hki_system_cgroups(const hk_system *system)
{
	limits_state *state = hki_system_state(system, HKI_SECTION_LIMITS);

	return &state->cgroups;
}

/* ---- processor time ---- */

static void read_cpu_v2(hk_system_limits *out, hki_scan text)
{
	uint64_t value;

	if (hki_cgroup_find(&value, text, "usage_usec"))
		HKI_PUT(limits, out, cpu_used_s, (double) value / 1e6);
	if (hki_cgroup_find(&value, text, "throttled_usec"))
		HKI_PUT(limits, out, cpu_throttled_s, (double) value / 1e6);
}

static void read_cpu_v1(
    hk_system_limits *out, hk_system *system, const char *own, hki_scan text)
{
	uint64_t value;

	if (hki_cgroup_find(&value, text, "throttled_time"))
		HKI_PUT(limits, out, cpu_throttled_s, (double) value / 1e9);
	/* Usually mounted together with cpu. */
	if (hki_cgroup_number(system, own, "cpuacct.usage", &value) == 0)
		HKI_PUT(limits, out, cpu_used_s, (double) value / 1e9);
}

static void read_cpu(hk_system_limits *out, const hki_cgroups *cgroups, hk_system *system)
{
	const char *own;
	hki_scan text;
	uint64_t value;

	if (cgroups->cpu.directories.count == 0)
		return;
	own = cgroups->cpu.directories.items[0];
	if (hki_cgroup_read(system, own, "cpu.stat", &text) < 0)
		return;
	if (hki_cgroup_find(&value, text, "nr_periods"))
		HKI_PUT(limits, out, cpu_periods, value);
	if (hki_cgroup_find(&value, text, "nr_throttled"))
		HKI_PUT(limits, out, cpu_throttled_periods, value);
	if (cgroups->cpu.v2)
		read_cpu_v2(out, text);
	else
		read_cpu_v1(out, system, own, text);
}

/* ---- tasks ---- */

static void read_tasks(
    hk_system_limits *out, const hki_cgroups *cgroups, hk_system *system)
{
	const hki_texts *directories = &cgroups->pids.directories;

	for (size_t i = 0; i < directories->count; i++) {
		uint64_t value;

		if (i == 0 && hki_cgroup_number(system, directories->items[i],
				  "pids.current", &value) == 0)
			HKI_PUT(limits, out, tasks, value);
		if (hki_cgroup_number(
			system, directories->items[i], "pids.max", &value) == 0 &&
		    (!HKI_HAS(limits, out, tasks_limit) || value < out->tasks_limit))
			HKI_PUT(limits, out, tasks_limit, value);
	}
}

/* ---- the machine ---- */

/* "1088 0 9223372036854775807": open, unused, at most. */
static void read_file_nr(hk_system_limits *out, hki_scan text)
{
	uint64_t open, unused, most;

	if (!hki_scan_number(&open, &text) || !hki_scan_number(&unused, &text) ||
	    !hki_scan_number(&most, &text))
		return;
	HKI_PUT(limits, out, open_files, open > unused ? open - unused : 0);
	if (most < INT64_MAX)
		HKI_PUT(limits, out, open_files_limit, most);
}

/* What somebody sets by hand is looked at now and then. */
static void read_settings(limits_state *limits, const hk_system *system)
{
	uint64_t now_ns = hki_clock_monotonic_ns();
	hk_system_limits *out = &limits->machine;
	uint64_t value;

	if (limits->machine_ns != 0 && now_ns - limits->machine_ns < SETTINGS_NS)
		return;
	limits->machine_ns = now_ns;
	*out = (hk_system_limits){ .cgroups = 0 };
#define READ(path, member)                                                               \
	if (hki_file_number(system, path, &value) == 0)                                  \
	HKI_PUT(limits, out, member, value)
	READ("/proc/sys/kernel/pid_max", pids_maximum);
	READ("/proc/sys/kernel/threads-max", threads_maximum);
	READ("/proc/sys/net/netfilter/nf_conntrack_max", connections_tracked_limit);
	READ("/proc/sys/kernel/random/entropy_avail", entropy_bits);
#undef READ
}

static void read_machine(hk_system_limits *out, limits_state *limits, hk_system *system)
{
	hki_scan text;
	uint64_t value;

	if (hki_host_file_read(system, &limits->file_nr, "/proc/sys/fs/file-nr", &text) ==
	    0)
		read_file_nr(out, text);
	if (hki_host_file_read(system, &limits->tracked,
		"/proc/sys/net/netfilter/nf_conntrack_count", &text) == 0 &&
	    hki_scan_number(&value, &text))
		HKI_PUT(limits, out, connections_tracked, value);
}

static void read_own(hk_system_limits *out)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	if (files.rlim_cur != RLIM_INFINITY)
		HKI_PUT(limits, out, own_open_files_limit, files.rlim_cur);
	if (files.rlim_max != RLIM_INFINITY)
		HKI_PUT(limits, out, own_open_files_maximum, files.rlim_max);
}

/* What the cpu section has just found out needs no second look. */
static void read_budget(hk_system_limits *out, limits_state *limits, hk_system *system)
{
	const hki_cpu_state *cpu = hki_system_state(system, HKI_SECTION_CPU);
	long online = system->live ? sysconf(_SC_NPROCESSORS_ONLN) : 0;

	if (hki_system_is_fresh(system, HKI_SECTION_CPU) &&
	    cpu->budget_generation == limits->cgroups.generation)
		HKI_PUT(limits, out, cpu, cpu->budget);
	else if (hki_budget_read(&out->cpu, system, online > 0 ? (uint64_t) online : 0) ==
		 0)
		HKI_MARK(limits, out, cpu);
}

static const char *keep_path(char room[PATH_MAX], const char *path)
{
	if (path == NULL)
		return NULL;
	hki_scan_copy(room, PATH_MAX, hki_scan_text(path));
	return room;
}

static void read_groups(hk_system_limits *out, limits_state *limits, hk_system *system)
{
	hk_system_memory machine = { .total_bytes = 0 };
	hki_scan text;

	if (hki_system_is_fresh(system, HKI_SECTION_MEMORY))
		machine = *hk_system_get_memory(system);
	else if (hki_host_file_read(system, &limits->meminfo, "/proc/meminfo", &text) ==
		 0)
		(void) hki_memory_parse(&machine, text);
	if (hki_cgroups_refresh(&limits->cgroups, system) == 0) {
		HKI_PUT(limits, out, cgroups, (int32_t) limits->cgroups.kind);
		if (limits->cgroups.own != NULL)
			HKI_PUT(limits, out, cgroup, limits->cgroups.own);
		read_cpu(out, &limits->cgroups, system);
		read_tasks(out, &limits->cgroups, system);
		hki_memory_limit_read(out, &limits->cgroups, system, &machine);
	}
	read_budget(out, limits, system);
}

/* The record's paths are of chains that may be made anew before it is read. */
static void keep_paths(hk_system_limits *record, limits_state *limits)
{
	record->cgroup = keep_path(limits->cgroup, record->cgroup);
	record->memory_limit_cgroup =
	    keep_path(limits->memory_limit_cgroup, record->memory_limit_cgroup);
	record->cpu.quota_cgroup =
	    keep_path(limits->quota_cgroup, record->cpu.quota_cgroup);
}

static int sample_limits(hk_system *system, void *state)
{
	limits_state *limits = state;
	hk_system_limits now;

	read_settings(limits, system);
	now = limits->machine;
	read_groups(&now, limits, system);
	read_machine(&now, limits, system);
	if (system->live)
		read_own(&now);
	keep_paths(&now, limits);
	limits->record = now;
	return 0;
}

static void clear_limits(void *state)
{
	limits_state *limits = state;

	limits->record = (hk_system_limits){ .cgroups = 0 };
}

static void deinit_limits(void *state)
{
	limits_state *limits = state;

	hki_cgroups_deinit(&limits->cgroups);
	hki_host_file_close(&limits->meminfo);
	hki_host_file_close(&limits->file_nr);
	hki_host_file_close(&limits->tracked);
}

const hki_section hki_section_limits = {
	.state_bytes = sizeof(limits_state),
	.sample = sample_limits,
	.clear = clear_limits,
	.deinit = deinit_limits,
};

const hk_system_limits *hk_system_get_limits(const hk_system *system)
{
	const limits_state *state = hki_system_state(system, HKI_SECTION_LIMITS);

	return &state->record;
}
