/*
 * What the table has to say about itself: which engine runs and why, what it
 * costs, and what it could not see.  A fallback that nobody is told of is a bug.
 */
#include <stddef.h>
#include <string.h>
#include "base/array.h"
#include "base/clock.h"
#include "system/process_table.h"

enum {
	FIELD_ENGINE,
	FIELD_ENGINE_WHY,
	FIELD_EXITS,
	FIELD_EXITS_WHY,
	FIELD_SAMPLES,
	FIELD_PROCESSES,
	FIELD_READ_COUNT,
	FIELD_EXITS_LOST,
	FIELD_STALE_COUNT,
	FIELD_INTERVAL,
	FIELD_SAMPLE_CPU,
	FIELD_TOTAL_CPU,
	FIELD_MEMORY,
	FIELD_HIDDEN
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_processes_info, member)
static const hk_record_field fields[] = {
	[FIELD_ENGINE] = { .name = "engine", .kind = HK_RECORD_STRING,
	    .help = "how processes are read: bpf, adaptive or openat", .priority = 0, AT(engine) },
	[FIELD_ENGINE_WHY] = { .name = "engine_why", .kind = HK_RECORD_STRING,
	    .help = "why this engine", .priority = 1, AT(engine_why) },
	[FIELD_EXITS] = { .name = "exits", .kind = HK_RECORD_STRING,
	    .help = "whether ends of processes are told: listening or off", .priority = 2, AT(exits) },
	[FIELD_EXITS_WHY] = { .name = "exits_why", .kind = HK_RECORD_STRING,
	    .help = "why not, if they were asked for", .priority = 3, AT(exits_why) },
	[FIELD_SAMPLES] = { .name = "samples", .kind = HK_RECORD_UINT64,
	    .help = "samples taken", .priority = 4, AT(samples) },
	[FIELD_PROCESSES] = { .name = "processes", .kind = HK_RECORD_UINT64,
	    .help = "processes in the last sample", .priority = 0, AT(processes) },
	[FIELD_READ_COUNT] = { .name = "read_count", .kind = HK_RECORD_UINT64,
	    .help = "of these, read from files", .priority = 5, AT(read_count) },
	[FIELD_EXITS_LOST] = { .name = "exits_lost", .kind = HK_RECORD_UINT64,
	    .help = "times ends were lost because nobody came for them", .priority = 5, AT(exits_lost) },
	[FIELD_STALE_COUNT] = { .name = "stale_count", .kind = HK_RECORD_UINT64,
	    .help = "processes whose command could not be read in time", .priority = 5, AT(stale_count) },
	[FIELD_INTERVAL] = { .name = "interval_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .decimals = 3, .help = "between the last two samples", .priority = 4, AT(interval_s) },
	[FIELD_SAMPLE_CPU] = { .name = "sample_cpu_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .decimals = 6, .help = "processor time of the last sample", .priority = 3, AT(sample_cpu_s) },
	[FIELD_TOTAL_CPU] = { .name = "total_cpu_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .decimals = 6, .help = "processor time of all samples", .priority = 4, AT(total_cpu_s) },
	[FIELD_MEMORY] = { .name = "memory_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "memory of the rows", .priority = 4, AT(memory_bytes) },
	[FIELD_HIDDEN] = { .name = "hidden", .kind = HK_RECORD_BOOL,
	    .help = "processes of others are hidden from us", .priority = 2, AT(hidden) },
};
#undef AT
/* clang-format on */

const hk_record_type hk_system_processes_info_type = {
	.name = "processes",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_system_processes_info),
};

static uint64_t memory_of(const hk_system_processes *table)
{
	size_t pointers = table->rows.capacity + table->started.capacity +
			  table->exited.capacity + table->next.capacity +
			  table->born.capacity + table->retired.capacity;

	return sizeof(*table) + HKI_BUFFER_BYTES + table->row_count * sizeof(hki_row) +
	       pointers * sizeof(hki_row *) + table->pid_capacity * sizeof(int32_t);
}

static double seconds(uint64_t ns)
{
	return (double) ns / (double) HKI_NS_PER_S;
}

void hk_system_processes_describe(
    hk_system_processes_info *out, const hk_system_processes *table)
{
	memset(out, 0, sizeof(*out));
	out->engine = table->engine->name;
	out->engine_why = table->why;
	out->exits = table->exits == NULL ? "off" : "listening";
	out->exits_why = table->exits_why[0] == '\0' ? NULL : table->exits_why;
	out->samples = table->samples;
	out->processes = table->rows.count;
	out->read_count = table->read_count;
	out->exits_lost = hki_exits_lost(table);
	out->stale_count = table->stale_count;
	out->interval_s = seconds(table->interval_ns);
	out->sample_cpu_s = seconds(table->cpu_ns);
	out->total_cpu_s = seconds(table->total_cpu_ns);
	out->memory_bytes = memory_of(table);
	out->hidden = table->hidden;
	for (unsigned int i = 0; i < HKI_COUNT(fields); i++)
		hk_record_set(&out->record, i);
	if (table->samples < 2)
		hk_record_clear(&out->record, FIELD_INTERVAL);
}
