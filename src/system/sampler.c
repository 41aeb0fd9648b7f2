/*
 * The observer: which sections there are, when each was read last, and what went
 * wrong.  Each section keeps its own time, because they need not be read together
 * and because reading takes time too.
 */
#include "system/system_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"

#define DEADLINE_NS (250 * HKI_NS_PER_MS)

/* In the order of the bits. */
static const hki_section *const sections[HKI_SECTIONS] = {
	[HKI_SECTION_HOST] = &hki_section_host,
	[HKI_SECTION_CPU] = &hki_section_cpu,
	[HKI_SECTION_FREQUENCIES] = &hki_section_frequencies,
	[HKI_SECTION_LOAD] = &hki_section_load,
	[HKI_SECTION_MEMORY] = &hki_section_memory,
	[HKI_SECTION_VMSTAT] = &hki_section_vmstat,
	[HKI_SECTION_PRESSURE] = &hki_section_pressure,
	[HKI_SECTION_LIMITS] = &hki_section_limits,
	[HKI_SECTION_FILESYSTEMS] = &hki_section_filesystems,
	[HKI_SECTION_DISKS] = &hki_section_disks,
	[HKI_SECTION_NETWORKS] = &hki_section_networks,
	[HKI_SECTION_SOCKETS] = &hki_section_sockets,
	[HKI_SECTION_SENSORS] = &hki_section_sensors,
	[HKI_SECTION_SESSIONS] = &hki_section_sessions,
};

void *hki_system_state(const hk_system *system, unsigned int section)
{
	return system->states[section];
}

bool hki_system_is_fresh(const hk_system *system, unsigned int section)
{
	return (system->fresh & UINT32_C(1) << section) != 0;
}

static int make_states(hk_system *system)
{
	for (unsigned int i = 0; i < HKI_SECTIONS; i++) {
		if (sections[i]->state_bytes == 0)
			continue;
		system->states[i] = hki_zalloc(sections[i]->state_bytes);
		if (system->states[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

void hk_system_free(hk_system *system)
{
	if (system == NULL)
		return;
	for (unsigned int i = 0; i < HKI_SECTIONS; i++) {
		if (system->states[i] != NULL && sections[i]->deinit != NULL)
			sections[i]->deinit(system->states[i]);
		hki_free(system->states[i]);
	}
	hki_buffer_deinit(&system->text);
	if (system->root >= 0)
		(void) close(system->root);
	hki_free(system);
}

static void free_system(hk_system **system)
{
	hk_system_free(*system);
}

static int open_root(hk_system *system, const char *root)
{
	if (root == NULL)
		return 0;
	system->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (system->root < 0)
		return -errno;
	system->live = false;
	return 0;
}

int hk_system_new(hk_system **out, const hk_system_opts *opts)
{
	hki_cleanup(free_system) hk_system *system = NULL;
	hk_system_opts own = HK_SYSTEM_OPTS_INIT;
	int r = 0;

	if (opts != NULL)
		r = hki_opts_copy(&own, sizeof(own), opts, opts->size,
		    offsetof(hk_system_opts, deadline_ns) + sizeof(own.deadline_ns));
	if (r < 0)
		return r;
	system = hki_zalloc(sizeof(*system));
	if (system == NULL)
		return -ENOMEM;
	system->root = -1;
	system->live = true;
	system->owner = getpid();
	system->deadline_ns = own.deadline_ns != 0 ? own.deadline_ns : DEADLINE_NS;
	if ((r = open_root(system, own.root)) < 0 || (r = make_states(system)) < 0)
		return r;
	*out = hki_take(system);
	return 0;
}

static int sample_section(hk_system *system, unsigned int i)
{
	uint64_t now_ns = hki_clock_monotonic_ns();
	uint64_t before_ns = system->taken_ns[i];
	int r;

	system->interval_ns[i] = before_ns != 0 ? now_ns - before_ns : 0;
	system->interval_s = (double) system->interval_ns[i] / HKI_NS_PER_S;
	r = sections[i]->sample(system, system->states[i]);
	system->errors[i] = r < 0 ? r : 0;
	system->taken_ns[i] = r < 0 ? 0 : now_ns;
	if (r == 0)
		system->fresh |= UINT32_C(1) << i;
	if (r < 0) {
		system->interval_ns[i] = 0;
		if (sections[i]->clear != NULL)
			sections[i]->clear(system->states[i]);
	}
	return r;
}

int hk_system_sample(hk_system *system, uint32_t wanted)
{
	int r = 0;

	if ((wanted & ~(uint32_t) HK_SYSTEM_ALL) != 0)
		return -EINVAL;
	if (getpid() != system->owner)
		return -ECHILD;
	system->fresh = 0;
	for (unsigned int i = 0; i < HKI_SECTIONS; i++)
		if ((wanted & UINT32_C(1) << i) != 0 &&
		    sample_section(system, i) == -ENOMEM)
			r = -ENOMEM;
	return r;
}

/* The number of a bit, or HKI_SECTIONS. */
static unsigned int number_of(uint32_t section)
{
	for (unsigned int i = 0; i < HKI_SECTIONS; i++)
		if (section == UINT32_C(1) << i)
			return i;
	return HKI_SECTIONS;
}

int hk_system_error(const hk_system *system, uint32_t section)
{
	unsigned int i = number_of(section);

	return i < HKI_SECTIONS ? system->errors[i] : -EINVAL;
}

uint64_t hk_system_interval_ns(const hk_system *system, uint32_t section)
{
	unsigned int i = number_of(section);

	return i < HKI_SECTIONS ? system->interval_ns[i] : 0;
}
