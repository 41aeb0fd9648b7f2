/*
 * What this program may use: by its cgroups, by its own resource limits, and by
 * the limits of the machine that are reached before one thinks of them.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "system/memory_limit.h"
#include "system/parsers.h"

typedef struct limits_state {
	hk_system_limits record;
	hki_cgroups cgroups; /* the cpu section uses them too */
	hki_host_file meminfo;
	hki_host_file file_nr;
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
    hk_system_limits *out, const hk_system *system, const char *own, hki_scan text)
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
	char path[4096];
	const char *own;
	hki_scan text;
	uint64_t value;

	if (cgroups->cpu.directories.count == 0)
		return;
	own = cgroups->cpu.directories.items[0];
	if (hki_path(path, sizeof(path), "%s/cpu.stat", own) < 0 ||
	    hki_file_read(system, path, &text) < 0)
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
    hk_system_limits *out, const hki_cgroups *cgroups, const hk_system *system)
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

static void read_machine(hk_system_limits *out, const hk_system *system)
{
	uint64_t value;

#define READ(path, member)                                                               \
	if (hki_file_number(system, path, &value) == 0)                                  \
	HKI_PUT(limits, out, member, value)
	READ("/proc/sys/kernel/pid_max", pids_maximum);
	READ("/proc/sys/kernel/threads-max", threads_maximum);
	READ("/proc/sys/net/netfilter/nf_conntrack_count", connections_tracked);
	READ("/proc/sys/net/netfilter/nf_conntrack_max", connections_tracked_limit);
	READ("/proc/sys/kernel/random/entropy_avail", entropy_bits);
#undef READ
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

static void read_groups(hk_system_limits *out, limits_state *limits, hk_system *system)
{
	hk_system_memory machine = { .total_bytes = 0 };
	hki_scan text;
	long online = system->live ? sysconf(_SC_NPROCESSORS_ONLN) : 0;

	if (hki_host_file_read(system, &limits->meminfo, "/proc/meminfo", &text) == 0)
		(void) hki_memory_parse(&machine, text);
	if (hki_cgroups_refresh(&limits->cgroups, system) == 0) {
		HKI_PUT(limits, out, cgroups, (int32_t) limits->cgroups.kind);
		if (limits->cgroups.own != NULL)
			HKI_PUT(limits, out, cgroup, limits->cgroups.own);
		read_cpu(out, &limits->cgroups, system);
		read_tasks(out, &limits->cgroups, system);
		hki_memory_limit_read(out, &limits->cgroups, system, &machine);
	}
	if (hki_budget_read(&out->cpu, system, online > 0 ? (uint64_t) online : 0) == 0)
		HKI_MARK(limits, out, cpu);
}

static int sample_limits(hk_system *system, void *state)
{
	limits_state *limits = state;
	hk_system_limits now = { .cgroups = 0 };
	hki_scan text;

	read_groups(&now, limits, system);
	if (hki_host_file_read(system, &limits->file_nr, "/proc/sys/fs/file-nr", &text) ==
	    0)
		read_file_nr(&now, text);
	read_machine(&now, system);
	if (system->live)
		read_own(&now);
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
