/*
 * How many processors we may keep busy.  A pool that starts a thread for each
 * processor of the machine, while its container may use two, is throttled for
 * most of the time; this is what it should ask.
 *
 * A quota of 1.5 is one processor: a second thread would use up what is left in
 * the first third of each period and then stop both.
 */
#include "system/cgroups.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "system/cpu.h"

/* Bits of an affinity mask: kernels are built for up to 8192 processors. */
#define MASK_BYTES 8192U

static int count_one(uint64_t number, void *user)
{
	(void) number;
	++*(uint64_t *) user;
	return 0;
}

/* Of a host that is only looked at: what its status file says. */
static uint64_t affinity_of_file(hk_system *system)
{
	hki_scan text, line;
	uint64_t count = 0;

	if (hki_file_read(system, "/proc/self/status", &text) < 0)
		return 0;
	while (hki_scan_line(&line, &text))
		if (hki_scan_skip(&line, "Cpus_allowed_list:"))
			return hki_cpu_list_each(line, count_one, &count) == 0 ? count
									       : 0;
	return 0;
}

static uint64_t affinity_of_caller(void)
{
	_Alignas(cpu_set_t) char mask[MASK_BYTES] = { 0 };
	int count;

	if (sched_getaffinity(0, sizeof(mask), (cpu_set_t *) (void *) mask) < 0)
		return 0;
	count = CPU_COUNT_S(sizeof(mask), (cpu_set_t *) (void *) mask);
	return count > 0 ? (uint64_t) count : 0;
}

static void lower(uint64_t *usable, uint64_t limit)
{
	if (limit > 0 && (*usable == 0 || limit < *usable))
		*usable = limit;
}

static void add_quota(hk_system_budget *budget, hk_system *system, uint64_t *usable)
{
	hki_cgroups *cgroups = hki_system_cgroups(system);
	double cpus;
	const char *directory;

	if (hki_cgroups_refresh(cgroups, system) < 0 ||
	    hki_cgroups_quota(cgroups, system, &cpus, &directory) < 0)
		return;
	HKI_PUT(budget, budget, quota_cpus, cpus);
	HKI_PUT(budget, budget, quota_cgroup, directory);
	lower(usable, cpus < 1 ? 1 : cpus < 1e9 ? (uint64_t) cpus : 0);
}

int hki_budget_read(hk_system_budget *out, hk_system *system, uint64_t online)
{
	hk_system_budget budget = { .usable = 0 };
	uint64_t affinity =
	    system->live ? affinity_of_caller() : affinity_of_file(system);
	uint64_t usable = 0;

	if (online > 0)
		HKI_PUT(budget, &budget, online, online);
	if (affinity > 0)
		HKI_PUT(budget, &budget, affinity, affinity);
	lower(&usable, online);
	lower(&usable, affinity);
	add_quota(&budget, system, &usable);
	HKI_PUT(budget, &budget, usable, usable > 0 ? usable : 1);
	*out = budget;
	return 0;
}

static void free_system(hk_system **system)
{
	hk_system_free(*system);
}

int hk_system_cpu_budget(hk_system_budget *out)
{
	hki_cleanup(free_system) hk_system *system = NULL;
	hk_system_budget budget;
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	int r = hk_system_new(&system, NULL);

	if (r < 0 || (r = hki_budget_read(
			  &budget, system, online > 0 ? (uint64_t) online : 0)) < 0)
		return r;
	hk_record_clear(&budget.record, budget_quota_cgroup);
	budget.quota_cgroup = NULL;
	if (out != NULL)
		*out = budget;
	return (int) budget.usable;
}
