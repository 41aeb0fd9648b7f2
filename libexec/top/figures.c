/*
 * One moment of the machine, as small as a screen needs it.  A record of its own,
 * and not those of the host, because some 900 of them are kept.
 */
#include "figures.h"

#include <stddef.h>
#include <string.h>
#include "base/clock.h"

#define FIGURE(index, member, kind_, unit_)                                              \
	[index] = { .name = #member,                                                     \
		.help = "",                                                              \
		.kind = HK_RECORD_##kind_,                                               \
		.unit = HK_UNIT_##unit_,                                                 \
		.decimals = HK_RECORD_##kind_ == HK_RECORD_DOUBLE ? 1 : 0,               \
		.offset = offsetof(top_figures, member) }

/* clang-format off */
static const hk_record_field processor_fields[TOP_PROCESSOR_COUNT] = {
	[TOP_PROCESSOR_NUMBER] = { .name = "number", .help = "", .kind = HK_RECORD_UINT64,
	    .unit = HK_UNIT_IDENTIFIER, .offset = offsetof(top_processor, number) },
	[TOP_PROCESSOR_USER] = { .name = "user_percent", .help = "", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_PERCENT, .decimals = 1, .offset = offsetof(top_processor, user_percent) },
	[TOP_PROCESSOR_SYSTEM] = { .name = "system_percent", .help = "", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_PERCENT, .decimals = 1, .offset = offsetof(top_processor, system_percent) },
	[TOP_PROCESSOR_OTHER] = { .name = "other_percent", .help = "", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_PERCENT, .decimals = 1, .offset = offsetof(top_processor, other_percent) },
	[TOP_PROCESSOR_USED] = { .name = "used_percent", .help = "", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_PERCENT, .decimals = 1, .offset = offsetof(top_processor, used_percent) },
};
/* clang-format on */

const hk_record_type top_processor_type = {
	.name = "processor",
	.fields = processor_fields,
	.field_count = TOP_PROCESSOR_COUNT,
	.struct_size = sizeof(top_processor),
};

static const hk_record_field figure_fields[TOP_FIGURE_COUNT] = {
	FIGURE(TOP_FIGURE_CPU, cpu_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_USER, user_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_SYSTEM, system_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_IOWAIT, iowait_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_STEAL, steal_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_LOAD_1, load_1, DOUBLE, NONE),
	FIGURE(TOP_FIGURE_LOAD_5, load_5, DOUBLE, NONE),
	FIGURE(TOP_FIGURE_LOAD_15, load_15, DOUBLE, NONE),
	FIGURE(TOP_FIGURE_RUNNING, running, UINT64, NONE),
	FIGURE(TOP_FIGURE_THREADS, threads, UINT64, NONE),
	FIGURE(TOP_FIGURE_MEMORY_TOTAL, memory_total_bytes, UINT64, BYTES),
	FIGURE(TOP_FIGURE_MEMORY_USED, memory_used_bytes, UINT64, BYTES),
	FIGURE(TOP_FIGURE_MEMORY, memory_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_SWAP_TOTAL, swap_total_bytes, UINT64, BYTES),
	FIGURE(TOP_FIGURE_SWAP_USED, swap_used_bytes, UINT64, BYTES),
	FIGURE(TOP_FIGURE_PRESSURE_CPU, pressure_cpu_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_PRESSURE_MEMORY, pressure_memory_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_PRESSURE_IO, pressure_io_percent, DOUBLE, PERCENT),
	FIGURE(TOP_FIGURE_RECEIVE, receive_bytes_per_s, DOUBLE, BYTES),
	FIGURE(TOP_FIGURE_TRANSMIT, transmit_bytes_per_s, DOUBLE, BYTES),
	FIGURE(TOP_FIGURE_READ, read_bytes_per_s, DOUBLE, BYTES),
	FIGURE(TOP_FIGURE_WRITTEN, written_bytes_per_s, DOUBLE, BYTES),
	FIGURE(TOP_FIGURE_UPTIME, uptime_s, DOUBLE, SECONDS),
	[TOP_FIGURE_PROCESSORS] = { .name = "processors",
	    .help = "",
	    .kind = HK_RECORD_LIST,
	    .offset = offsetof(top_figures, processors),
	    .element = &top_processor_type },
};

const hk_record_type top_figures_type = {
	.name = "figures",
	.fields = figure_fields,
	.field_count = TOP_FIGURE_COUNT,
	.struct_size = sizeof(top_figures),
};

/* Does @member of @record, of the host's record type @type, hold a value? */
#define HAS(type, record_, member)                                                       \
	hk_record_has_at(                                                                \
	    &hk_system_##type##_type, record_, offsetof(hk_system_##type, member))

/* Take @value for figure @index if @there. */
#define TAKE(index, member, there, value)                                                \
	do {                                                                             \
		if (there) {                                                             \
			out->member = (value);                                           \
			hk_record_set(&out->record, index);                              \
		}                                                                        \
	} while (0)

static void take_shares(top_figures *out, const hk_system_cpu *cpu)
{
	const hk_system_cpu_shares *shares = &cpu->shares_percent;
	bool there = HAS(cpu, cpu, shares_percent);

	TAKE(TOP_FIGURE_CPU, cpu_percent, HAS(cpu, cpu, used_percent), cpu->used_percent);
	TAKE(TOP_FIGURE_USER, user_percent, there && HAS(cpu_shares, shares, user),
	    shares->user + shares->nice + shares->guest);
	TAKE(TOP_FIGURE_SYSTEM, system_percent, there && HAS(cpu_shares, shares, system),
	    shares->system + shares->irq + shares->softirq);
	TAKE(TOP_FIGURE_IOWAIT, iowait_percent, there && HAS(cpu_shares, shares, iowait),
	    shares->iowait);
	TAKE(TOP_FIGURE_STEAL, steal_percent, there && HAS(cpu_shares, shares, steal),
	    shares->steal);
	TAKE(TOP_FIGURE_RUNNING, running, HAS(cpu, cpu, running), cpu->running);
}

static bool take_processor(top_processor *out, const hk_system_core *core)
{
	const hk_system_cpu_shares *shares = &core->shares_percent;

	memset(out, 0, sizeof(*out));
	if (HAS(core, core, online) && !core->online)
		return false;
	out->number = core->number;
	hk_record_set(&out->record, TOP_PROCESSOR_NUMBER);
	if (!HAS(core, core, used_percent))
		return true;
	out->user_percent = shares->user + shares->nice + shares->guest;
	out->system_percent = shares->system + shares->irq + shares->softirq;
	out->other_percent = shares->iowait + shares->steal;
	out->used_percent = core->used_percent;
	for (unsigned int i = TOP_PROCESSOR_USER; i < TOP_PROCESSOR_COUNT; i++)
		hk_record_set(&out->record, i);
	return true;
}

static void take_processors(top_figures *out, const hk_system_cpu *cpu,
    top_processor *processors, size_t capacity)
{
	const hk_system_core *cores = cpu->cpus.items;
	size_t count = 0;

	for (size_t i = 0; i < cpu->cpus.count && count < capacity; i++)
		count += take_processor(&processors[count], &cores[i]);
	out->processors = (hk_record_list){ .items = processors, .count = count };
	hk_record_set(&out->record, TOP_FIGURE_PROCESSORS);
}

static void take_memory(top_figures *out, const hk_system_memory *memory)
{
	TAKE(TOP_FIGURE_MEMORY_TOTAL, memory_total_bytes,
	    HAS(memory, memory, total_bytes), memory->total_bytes);
	TAKE(TOP_FIGURE_MEMORY_USED, memory_used_bytes, HAS(memory, memory, used_bytes),
	    memory->used_bytes);
	TAKE(TOP_FIGURE_MEMORY, memory_percent, HAS(memory, memory, used_percent),
	    memory->used_percent);
	TAKE(TOP_FIGURE_SWAP_TOTAL, swap_total_bytes,
	    HAS(memory, memory, swap_total_bytes), memory->swap_total_bytes);
	TAKE(TOP_FIGURE_SWAP_USED, swap_used_bytes, HAS(memory, memory, swap_used_bytes),
	    memory->swap_used_bytes);
}

/* What the kernel averages over ten seconds, which is steadier to look at. */
static bool some_percent(double *out, const hk_system_stalls *stalls)
{
	if (!HAS(stalls, stalls, some) || !HAS(stall, &stalls->some, average_10s_percent))
		return false;
	*out = stalls->some.average_10s_percent;
	return true;
}

static void take_pressure(top_figures *out, const hk_system_pressure *pressure)
{
	double percent = 0;

	TAKE(TOP_FIGURE_PRESSURE_CPU, pressure_cpu_percent,
	    HAS(pressure, pressure, cpu) && some_percent(&percent, &pressure->cpu),
	    percent);
	TAKE(TOP_FIGURE_PRESSURE_MEMORY, pressure_memory_percent,
	    HAS(pressure, pressure, memory) && some_percent(&percent, &pressure->memory),
	    percent);
	TAKE(TOP_FIGURE_PRESSURE_IO, pressure_io_percent,
	    HAS(pressure, pressure, io) && some_percent(&percent, &pressure->io),
	    percent);
}

/* Sums over interfaces that lead elsewhere, and over whole disks. */
static void take_traffic(top_figures *out, const hk_system *system)
{
	size_t count;
	const hk_system_network *networks = hk_system_get_networks(system, &count);
	const hk_system_disk *disks;
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (networks[i].internal ||
		    !HAS(network, &networks[i], receive_bytes_per_s))
			continue;
		out->receive_bytes_per_s += networks[i].receive_bytes_per_s;
		out->transmit_bytes_per_s += networks[i].transmit_bytes_per_s;
		any = true;
	}
	TAKE(TOP_FIGURE_RECEIVE, receive_bytes_per_s, any, out->receive_bytes_per_s);
	TAKE(TOP_FIGURE_TRANSMIT, transmit_bytes_per_s, any, out->transmit_bytes_per_s);
	any = false;
	disks = hk_system_get_disks(system, &count);
	for (size_t i = 0; i < count; i++) {
		if (disks[i].kind != HK_SYSTEM_DISK_WHOLE ||
		    !HAS(disk, &disks[i], read_bytes_per_s))
			continue;
		out->read_bytes_per_s += disks[i].read_bytes_per_s;
		out->written_bytes_per_s += disks[i].written_bytes_per_s;
		any = true;
	}
	TAKE(TOP_FIGURE_READ, read_bytes_per_s, any, out->read_bytes_per_s);
	TAKE(TOP_FIGURE_WRITTEN, written_bytes_per_s, any, out->written_bytes_per_s);
}

void top_figures_take(
    top_figures *out, const hk_system *system, top_processor *processors, size_t capacity)
{
	const hk_system_load *load = hk_system_get_load(system);

	memset(out, 0, sizeof(*out));
	take_shares(out, hk_system_get_cpu(system));
	take_processors(out, hk_system_get_cpu(system), processors, capacity);
	take_memory(out, hk_system_get_memory(system));
	take_pressure(out, hk_system_get_pressure(system));
	take_traffic(out, system);
	TAKE(TOP_FIGURE_LOAD_1, load_1, HAS(load, load, load_1), load->load_1);
	TAKE(TOP_FIGURE_LOAD_5, load_5, HAS(load, load, load_5), load->load_5);
	TAKE(TOP_FIGURE_LOAD_15, load_15, HAS(load, load, load_15), load->load_15);
	TAKE(TOP_FIGURE_THREADS, threads, HAS(load, load, tasks), load->tasks);
	TAKE(TOP_FIGURE_UPTIME, uptime_s, true,
	    (double) hki_clock_boot_ns() / (double) HKI_NS_PER_S);
}
