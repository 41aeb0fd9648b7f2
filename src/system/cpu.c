/*
 * The processors: their times, how the interval was spent, what else /proc/stat
 * counts.  What does not change (model, topology, caches) is read when the set of
 * processors that run has changed.
 */
#include "system/cpu.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "system/cgroups.h"

static uint64_t ticks_per_s(void)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return ticks > 0 ? (uint64_t) ticks : 100;
}

/* The line of @number in an earlier reading.  @hint is where it most likely is. */
static hki_cpu_line *find_line(const hki_cpu_stat *stat, uint64_t number, size_t hint)
{
	if (hint < stat->count && stat->cpus[hint].number == number)
		return &stat->cpus[hint];
	for (size_t i = 0; i < stat->count; i++)
		if (stat->cpus[i].number == number)
			return &stat->cpus[i];
	return NULL;
}

static bool same_processors(const hki_cpu_stat *a, const hki_cpu_stat *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->cpus[i].number != b->cpus[i].number)
			return false;
	return true;
}

static void fill_times(hk_system_cpu_times *times, const hki_cpu_ticks *ticks)
{
	double second = (double) ticks_per_s();

	*times = (hk_system_cpu_times){ .user = 0 };
#define TIME(member, column)                                                             \
	if (ticks->count > (column))                                                     \
	HKI_PUT(cpu_times, times, member, (double) ticks->ticks[column] / second)
	TIME(user, HKI_CPU_USER);
	TIME(nice, HKI_CPU_NICE);
	TIME(system, HKI_CPU_SYSTEM);
	TIME(idle, HKI_CPU_IDLE);
	TIME(iowait, HKI_CPU_IOWAIT);
	TIME(irq, HKI_CPU_IRQ);
	TIME(softirq, HKI_CPU_SOFTIRQ);
	TIME(steal, HKI_CPU_STEAL);
	TIME(guest, HKI_CPU_GUEST);
	TIME(guest_nice, HKI_CPU_GUEST_NICE);
#undef TIME
}

/* A processor that runs. */
static void fill_running(hki_cpu_state *cpu, hk_system_core *core, hki_cpu_line *line)
{
	const hki_cpu_line *before =
	    find_line(&cpu->before, line->number, (size_t) (line - cpu->now.cpus));

	if (before != NULL &&
	    hki_cpu_follow(&line->ticks, &before->ticks, ticks_per_s()) &&
	    hki_cpu_share(&core->shares_percent, &core->used_percent, &line->ticks,
		&before->ticks)) {
		HKI_MARK(core, core, shares_percent);
		HKI_MARK(core, core, used_percent);
	}
	fill_times(&core->times_s, &line->ticks);
	HKI_MARK(core, core, times_s);
}

static void fill_place(hk_system_core *core, const hki_cpu_place *place)
{
	if (place->core >= 0)
		HKI_PUT(core, core, core, (uint64_t) place->core);
	if (place->socket >= 0)
		HKI_PUT(core, core, socket, (uint64_t) place->socket);
	if (place->node >= 0)
		HKI_PUT(core, core, node, (uint64_t) place->node);
}

/* One record a processor there is, whether it runs or not. */
static int fill_cores(hki_cpu_state *cpu)
{
	size_t count = cpu->topology.count;
	int r = hki_grow(
	    (void **) &cpu->cores, &cpu->core_capacity, count, sizeof(*cpu->cores));
	size_t next = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		const hki_cpu_place *place = &cpu->topology.places[i];
		hk_system_core *core = &cpu->cores[i];
		hki_cpu_line *line = find_line(&cpu->now, place->number, next);

		*core = (hk_system_core){ .number = 0 };
		HKI_PUT(core, core, number, place->number);
		HKI_PUT(core, core, online, line != NULL);
		fill_place(core, place);
		if (line == NULL)
			continue;
		next = (size_t) (line - cpu->now.cpus) + 1;
		fill_running(cpu, core, line);
	}
	cpu->core_count = count;
	cpu->record.cpus = (hk_record_list){ cpu->cores, count };
	HKI_MARK(cpu, &cpu->record, cpus);
	return 0;
}

static int fill_caches(hki_cpu_state *cpu)
{
	const hki_cpu_topology *topology = &cpu->topology;
	int r = hki_grow((void **) &cpu->caches, &cpu->cache_capacity,
	    topology->cache_count, sizeof(*cpu->caches));

	if (r < 0 || topology->cache_count == 0)
		return r;
	for (size_t i = 0; i < topology->cache_count; i++) {
		const hki_cpu_cache *from = &topology->caches[i];
		hk_system_cache *cache = &cpu->caches[i];

		*cache = (hk_system_cache){ .level = 0 };
		HKI_PUT(cache, cache, level, from->level);
		HKI_PUT(cache, cache, type, from->type);
		if (from->size_bytes > 0)
			HKI_PUT(cache, cache, size_bytes, from->size_bytes);
		if (from->count > 0)
			HKI_PUT(cache, cache, count, from->count);
	}
	cpu->record.caches = (hk_record_list){ cpu->caches, topology->cache_count };
	HKI_MARK(cpu, &cpu->record, caches);
	return 0;
}

static void fill_constants(hki_cpu_state *cpu)
{
	const hki_cpu_topology *topology = &cpu->topology;
	hk_system_cpu *record = &cpu->record;

	HKI_PUT(cpu, record, online, cpu->now.count);
	if (topology->model[0] != '\0')
		HKI_PUT(cpu, record, model, topology->model);
	if (topology->vendor[0] != '\0')
		HKI_PUT(cpu, record, vendor, topology->vendor);
	if (topology->possible > 0)
		HKI_PUT(cpu, record, possible, topology->possible);
	if (topology->cores > 0)
		HKI_PUT(cpu, record, cores, topology->cores);
	if (topology->sockets > 0)
		HKI_PUT(cpu, record, sockets, topology->sockets);
}

static void fill_totals(hki_cpu_state *cpu)
{
	hk_system_cpu *record = &cpu->record;

	if (cpu->before.total.count > 0 &&
	    hki_cpu_follow(&cpu->now.total, &cpu->before.total,
		ticks_per_s() * (cpu->now.count > 0 ? cpu->now.count : 1)) &&
	    hki_cpu_share(&record->shares_percent, &record->used_percent, &cpu->now.total,
		&cpu->before.total)) {
		HKI_MARK(cpu, record, shares_percent);
		HKI_MARK(cpu, record, used_percent);
	}
	fill_times(&record->times_s, &cpu->now.total);
	HKI_MARK(cpu, record, times_s);
}

static bool has(const hki_cpu_stat *stat, unsigned int value)
{
	return (stat->present & UINT32_C(1) << value) != 0;
}

static void fill_counters(hki_cpu_state *cpu, double seconds)
{
	hk_system_cpu *record = &cpu->record;
	const hki_cpu_stat *now = &cpu->now;
	const hki_cpu_stat *before = &cpu->before;

#define COUNTER(member, value)                                                           \
	if (has(now, value)) {                                                           \
		HKI_PUT(cpu, record, member, now->values[value]);                        \
		if (has(before, value))                                                  \
			HKI_PUT_RATE(cpu, record, member##_per_s, now->values[value],    \
			    before->values[value], seconds);                             \
	}
	COUNTER(context_switches, HKI_STAT_CONTEXT_SWITCHES)
	COUNTER(interrupts, HKI_STAT_INTERRUPTS)
	COUNTER(soft_interrupts, HKI_STAT_SOFT_INTERRUPTS)
	COUNTER(forks, HKI_STAT_FORKS)
#undef COUNTER
	if (has(now, HKI_STAT_RUNNING))
		HKI_PUT(cpu, record, running, now->values[HKI_STAT_RUNNING]);
	if (has(now, HKI_STAT_BLOCKED))
		HKI_PUT(cpu, record, blocked, now->values[HKI_STAT_BLOCKED]);
}

static void fill_usable(hki_cpu_state *cpu, hk_system *system)
{
	if (hki_budget_read(&cpu->budget, system, cpu->now.count) == 0)
		HKI_PUT(cpu, &cpu->record, usable, cpu->budget.usable);
	cpu->budget_generation = hki_system_cgroups(system)->generation;
}

static int sample_cpu(hk_system *system, void *state)
{
	hki_cpu_state *cpu = state;
	hki_cpu_stat swapped = cpu->before;
	hki_scan text;
	int r = hki_host_file_read(system, &cpu->stat, "/proc/stat", &text);

	if (r < 0)
		return r;
	cpu->before = cpu->now;
	cpu->now = swapped;
	if ((r = hki_cpu_stat_parse(&cpu->now, text)) < 0)
		return r;
	/* A section that failed has forgotten: what was read before then is no baseline. */
	if (!(system->interval_s > 0)) {
		cpu->before.total.count = 0;
		cpu->before.count = 0;
		cpu->before.present = 0;
	}
	if (cpu->topology.count == 0 || !same_processors(&cpu->now, &cpu->before))
		if ((r = hki_cpu_topology_read(&cpu->topology, system, &cpu->now)) < 0)
			return r;
	cpu->record = (hk_system_cpu){ .model = NULL };
	fill_constants(cpu);
	fill_totals(cpu);
	fill_counters(cpu, system->interval_s);
	fill_usable(cpu, system);
	if ((r = fill_caches(cpu)) < 0)
		return r;
	return fill_cores(cpu);
}

static void clear_cpu(void *state)
{
	hki_cpu_state *cpu = state;

	cpu->record = (hk_system_cpu){ .model = NULL };
	cpu->core_count = 0;
}

static void deinit_cpu(void *state)
{
	hki_cpu_state *cpu = state;

	hki_host_file_close(&cpu->stat);
	hki_cpu_stat_deinit(&cpu->now);
	hki_cpu_stat_deinit(&cpu->before);
	hki_cpu_topology_deinit(&cpu->topology);
	hki_free(cpu->cores);
	hki_free(cpu->caches);
}

const hki_section hki_section_cpu = {
	.state_bytes = sizeof(hki_cpu_state),
	.sample = sample_cpu,
	.clear = clear_cpu,
	.deinit = deinit_cpu,
};

const hk_system_cpu *hk_system_get_cpu(const hk_system *system)
{
	const hki_cpu_state *state = hki_system_state(system, HKI_SECTION_CPU);

	return &state->record;
}
