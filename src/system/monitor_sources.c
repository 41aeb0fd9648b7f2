/*
 * What a monitor can look at.  Each source fills records that are there anyway;
 * a row says which section it is of, and how to find it after a sample.
 */
#include "system/monitor.h"

#include <errno.h>
#include <string.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/map.h"
#include "system/process_table.h"

/* The guide's. */
#define SAMPLES_DEFAULT 100

#define SECTIONS_DEFAULT (HK_SYSTEM_CPU | HK_SYSTEM_LOAD | HK_SYSTEM_MEMORY)

/* A section of the host: one record, or several that lie behind one another. */
typedef struct rows {
	const void *items;
	size_t count;
	bool named; /* each has a name that makes its key */
} rows;

static rows cpu(const hk_system *host)
{
	return (rows){ hk_system_get_cpu(host), 1, false };
}

static rows load(const hk_system *host)
{
	return (rows){ hk_system_get_load(host), 1, false };
}

static rows memory(const hk_system *host)
{
	return (rows){ hk_system_get_memory(host), 1, false };
}

static rows vmstat(const hk_system *host)
{
	return (rows){ hk_system_get_vmstat(host), 1, false };
}

static rows pressure(const hk_system *host)
{
	return (rows){ hk_system_get_pressure(host), 1, false };
}

static rows limits(const hk_system *host)
{
	return (rows){ hk_system_get_limits(host), 1, false };
}

static rows sockets(const hk_system *host)
{
	return (rows){ hk_system_get_sockets(host), 1, false };
}

static rows disks(const hk_system *host)
{
	rows found = { .named = true };

	found.items = hk_system_get_disks(host, &found.count);
	return found;
}

static rows networks(const hk_system *host)
{
	rows found = { .named = true };

	found.items = hk_system_get_networks(host, &found.count);
	return found;
}

static const struct section {
	uint32_t bit;
	const hk_record_type *type;
	rows (*get)(const hk_system *host);
} sections[] = {
	{ HK_SYSTEM_CPU, &hk_system_cpu_type, cpu },
	{ HK_SYSTEM_LOAD, &hk_system_load_type, load },
	{ HK_SYSTEM_MEMORY, &hk_system_memory_type, memory },
	{ HK_SYSTEM_VMSTAT, &hk_system_vmstat_type, vmstat },
	{ HK_SYSTEM_PRESSURE, &hk_system_pressure_type, pressure },
	{ HK_SYSTEM_LIMITS, &hk_system_limits_type, limits },
	{ HK_SYSTEM_SOCKETS, &hk_system_sockets_type, sockets },
	{ HK_SYSTEM_DISKS, &hk_system_disk_type, disks },
	{ HK_SYSTEM_NETWORKS, &hk_system_network_type, networks },
};

static const struct section *section_of(uint32_t bit)
{
	for (size_t i = 0; i < HKI_COUNT(sections); i++)
		if (sections[i].bit == bit)
			return &sections[i];
	return NULL;
}

uint64_t hk_system_history_key(const char *name)
{
	/* The same in every run: histories may be compared. */
	static const uint64_t key[2] = { UINT64_C(0x6b65792073746174),
		UINT64_C(0x796c696d61666e6f) };
	uint64_t hash = hki_siphash(key, name, strlen(name));

	return hash != 0 ? hash : 1; /* 0 is the key of a single record */
}

uint64_t hk_system_history_process_key(const hk_system_process *process)
{
	/* Inodes of pidfds are counted from 1 and stay far below; ids have 22 bits. */
	const uint64_t without_inode = UINT64_C(1) << 63;

	if (process->inode != 0)
		return process->inode;
	return without_inode | (uint64_t) (uint32_t) process->pid << 41 |
	       (process->start_ticks & ((UINT64_C(1) << 41) - 1));
}

/* ---- making ---- */

static int add_series(hk_system_monitor *monitor, uint32_t section,
    const hk_record_type *type, const hk_system_monitor_opts *opts)
{
	hki_monitor_series *series = &monitor->series[monitor->series_count];
	hk_system_history_opts history = HK_SYSTEM_HISTORY_OPTS_INIT;
	int r;

	history.type = type;
	history.age_max_ns = opts->age_max_ns;
	history.bytes_max = opts->bytes_max;
	history.samples_max = opts->samples_max;
	if (opts->age_max_ns == 0 && opts->bytes_max == 0 && opts->samples_max == 0) {
		history.samples_max = SAMPLES_DEFAULT;
		history.age_max_ns = UINT64_MAX;
	}
	r = hk_system_history_new(&series->history, &history);
	if (r < 0)
		return r;
	series->section = section;
	series->type = type;
	monitor->series_count++;
	return 0;
}

static int open_host(hk_system_monitor *monitor, const hk_system_monitor_opts *opts)
{
	uint32_t wanted = opts->sections != 0 ? opts->sections : SECTIONS_DEFAULT;
	int r = 0;

	monitor->sections = wanted;
	for (size_t i = 0; r == 0 && i < HKI_COUNT(sections); i++) {
		if ((wanted & sections[i].bit) == 0)
			continue;
		wanted &= ~sections[i].bit;
		r = add_series(monitor, sections[i].bit, sections[i].type, opts);
	}
	if (r == 0 && wanted != 0)
		return -EINVAL;
	return r < 0 ? r : hk_system_new(&monitor->host, NULL);
}

int hki_monitor_open(hk_system_monitor *monitor, const hk_system_monitor_opts *opts)
{
	int r;

	switch (opts->source) {
	case HK_SYSTEM_MONITOR_HOST:
		return open_host(monitor, opts);
	case HK_SYSTEM_MONITOR_PROCESS:
		if (opts->pid <= 0)
			return -EINVAL;
		r = add_series(monitor, 0, &hk_system_process_type, opts);
		return r < 0 ? r : hki_processes_open_one(&monitor->table, opts->pid);
	case HK_SYSTEM_MONITOR_SELF:
		return add_series(monitor, 0, &hk_system_self_type, opts);
	default:
		return -EINVAL;
	}
}

void hki_monitor_close(hk_system_monitor *monitor)
{
	for (size_t i = 0; i < monitor->series_count; i++)
		hk_system_history_free(monitor->series[i].history);
	hk_system_processes_close(monitor->table);
	hk_system_free(monitor->host);
}

/* ---- looking ---- */

/* Its row among those that live, or among those that have just ended. */
static int look_at_process(hk_system_monitor *monitor)
{
	int r = hk_system_processes_sample(monitor->table);

	if (r < 0)
		return r;
	monitor->row = hk_system_processes_find_exactly(
	    monitor->table, monitor->pid, monitor->start_ticks, monitor->inode);
	if (monitor->row != NULL) {
		monitor->start_ticks = monitor->row->start_ticks;
		return 0;
	}
	monitor->ended = true;
	for (size_t i = 0; i < hk_system_processes_exited_count(monitor->table); i++) {
		const hk_system_process *row =
		    hk_system_processes_exited(monitor->table, i);

		if (row->pid == monitor->pid && row->start_ticks == monitor->start_ticks)
			monitor->row = row;
	}
	return 0;
}

/* As a share of the time since the look before; the first has none. */
static int look_at_self(hk_system_monitor *monitor, uint64_t now_ns)
{
	int field = hk_record_find(&hk_system_self_type, "cpu_percent");
	hk_system_self_info *self = &monitor->self;
	double cpu_s;
	int r = hk_system_self(self);

	if (r < 0)
		return r;
	cpu_s = self->cpu_user_s + self->cpu_system_s;
	if (monitor->self_ns != 0 && now_ns > monitor->self_ns)
		self->cpu_percent = (cpu_s - monitor->self_cpu_s) * 100 *
				    (double) HKI_NS_PER_S /
				    (double) (now_ns - monitor->self_ns);
	else
		hk_record_clear(&self->record, (unsigned int) field);
	monitor->self_cpu_s = cpu_s;
	monitor->self_ns = now_ns;
	return 0;
}

int hki_monitor_look(hk_system_monitor *monitor, uint64_t now_ns)
{
	switch (monitor->source) {
	case HK_SYSTEM_MONITOR_HOST:
		return hk_system_sample(monitor->host, monitor->sections);
	case HK_SYSTEM_MONITOR_PROCESS:
		return look_at_process(monitor);
	default:
		return look_at_self(monitor, now_ns);
	}
}

const void *hki_monitor_record(const hk_system_monitor *monitor, uint32_t section)
{
	const struct section *of;

	switch (monitor->source) {
	case HK_SYSTEM_MONITOR_PROCESS:
		return section == 0 ? monitor->row : NULL;
	case HK_SYSTEM_MONITOR_SELF:
		return section == 0 ? &monitor->self : NULL;
	default:
		of = section_of(section);
		if (of == NULL || (monitor->sections & section) == 0 ||
		    of->get(monitor->host).named)
			return NULL;
		return of->get(monitor->host).items;
	}
}

/* ---- keeping ---- */

static const char *name_of(const hk_record_type *type, const void *record)
{
	int field = hk_record_find(type, "name");

	if (field < 0 || !hk_record_has(record, (unsigned int) field))
		return NULL;
	return *(const char *const *) hk_record_value(type, record, (unsigned int) field);
}

static int add_named(hki_monitor_series *series, const rows *found)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < found->count; i++) {
		const char *record =
		    (const char *) found->items + i * series->type->struct_size;
		const char *name = name_of(series->type, record);

		if (name != NULL)
			r = hk_system_history_add(
			    series->history, hk_system_history_key(name), 0, record);
	}
	return r;
}

static int add_rows(hk_system_monitor *monitor, hki_monitor_series *series)
{
	unsigned int flags = monitor->ended ? HK_SYSTEM_HISTORY_EXITED : 0;
	const void *record;

	if (monitor->source == HK_SYSTEM_MONITOR_HOST) {
		rows found = section_of(series->section)->get(monitor->host);

		if (found.named)
			return add_named(series, &found);
	}
	record = hki_monitor_record(monitor, series->section);
	return record != NULL ? hk_system_history_add(series->history, 0, flags, record)
			      : 0;
}

int hki_monitor_keep(hk_system_monitor *monitor, uint64_t now_ns)
{
	uint64_t real_ns = hki_clock_real_ns();
	int result = 0;

	for (size_t i = 0; i < monitor->series_count; i++) {
		hki_monitor_series *series = &monitor->series[i];
		int r = hk_system_history_begin(series->history, now_ns, real_ns);

		if (r == 0)
			r = add_rows(monitor, series);
		if (r == 0)
			r = hk_system_history_end(series->history);
		if (r < 0)
			result = r;
	}
	return result;
}
