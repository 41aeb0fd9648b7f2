/*
 * Processes summed up by whom they belong to.  A sum has a value if one of its
 * processes has: those that may not be looked at do not make the others vanish.
 */
#include <errno.h>
#include <hostkit/system_process_details.h>
#include <string.h>
#include "base/alloc.h"
#include "base/map.h"
#include "ps.h"

enum {
	GROUP,
	PROCESSES,
	THREADS,
	CPU_PERCENT,
	CPU,
	RSS,
	MEMORY_PERCENT,
	READ_RATE,
	WRITE_RATE,
	FIELDS
};

/* clang-format off */
#define AT(member) .offset = offsetof(ps_group_row, member)
static const hk_record_field fields[FIELDS] = {
	[GROUP] = { .name = "group", .kind = HK_RECORD_STRING, .help = "whose they are", AT(group) },
	[PROCESSES] = { .name = "processes", .kind = HK_RECORD_UINT64, .help = "how many", AT(processes) },
	[THREADS] = { .name = "threads", .kind = HK_RECORD_UINT64, .help = "of all of them", .priority = 3, AT(threads) },
	[CPU_PERCENT] = { .name = "cpu_percent", .title = "CPU%", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_PERCENT,
	    .decimals = 1, .help = "of one processor, since the sample before", AT(cpu_percent) },
	[CPU] = { .name = "cpu_s", .title = "TIME", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .help = "processor time", .priority = 2, AT(cpu_s) },
	[RSS] = { .name = "rss_bytes", .title = "RSS", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "resident memory; pages they share are counted for each", AT(rss_bytes) },
	[MEMORY_PERCENT] = { .name = "memory_percent", .title = "MEM%", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_PERCENT,
	    .decimals = 1, .help = "of the machine's memory", .priority = 4, AT(memory_percent) },
	[READ_RATE] = { .name = "read_bytes_per_s", .title = "READ/s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_BYTES,
	    .help = "fetched from storage, a second", .priority = 5, AT(read_bytes_per_s) },
	[WRITE_RATE] = { .name = "written_bytes_per_s", .title = "WRITE/s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_BYTES,
	    .help = "sent to storage, a second", .priority = 5, AT(written_bytes_per_s) },
};
/* clang-format on */

const hk_record_type ps_group_type = {
	.name = "group",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(ps_group_row),
};

#define NO_GROUP "-"

static int add_group(ps_groups *groups, const char *name)
{
	if (groups->count == groups->capacity) {
		size_t larger = groups->capacity == 0 ? 16 : groups->capacity * 2;
		ps_group_row *items =
		    hki_realloc_array(groups->items, larger, sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		groups->items = items;
		groups->capacity = larger;
	}
	groups->items[groups->count] = (ps_group_row){ .group = hki_strdup(name) };
	if (groups->items[groups->count].group == NULL)
		return -ENOMEM;
	hk_record_set(&groups->items[groups->count].record, GROUP);
	groups->count++;
	return 0;
}

static void sum_double(ps_group_row *to, unsigned int field, double *sum,
    const hk_system_process *row, unsigned int from, double value)
{
	if (!hk_record_has(&row->record, from))
		return;
	*sum += value;
	hk_record_set(&to->record, field);
}

static void sum(ps_group_row *to, const hk_system_process *row)
{
	to->processes++;
	hk_record_set(&to->record, PROCESSES);
	if (hk_record_has(&row->record, HK_SYSTEM_PROCESS_THREADS)) {
		to->threads += row->threads;
		hk_record_set(&to->record, THREADS);
	}
	if (hk_record_has(&row->record, HK_SYSTEM_PROCESS_RSS)) {
		to->rss_bytes += row->rss_bytes;
		hk_record_set(&to->record, RSS);
	}
	sum_double(to, CPU_PERCENT, &to->cpu_percent, row, HK_SYSTEM_PROCESS_CPU_PERCENT,
	    row->cpu_percent);
	sum_double(to, CPU, &to->cpu_s, row, HK_SYSTEM_PROCESS_CPU, row->cpu_s);
	sum_double(to, MEMORY_PERCENT, &to->memory_percent, row,
	    HK_SYSTEM_PROCESS_MEMORY_PERCENT, row->memory_percent);
	sum_double(to, READ_RATE, &to->read_bytes_per_s, row, HK_SYSTEM_PROCESS_READ_RATE,
	    row->read_bytes_per_s);
	sum_double(to, WRITE_RATE, &to->written_bytes_per_s, row,
	    HK_SYSTEM_PROCESS_WRITE_RATE, row->written_bytes_per_s);
}

static int add_row(ps_groups *groups, hki_name_map *places, const ps_request *request,
    const hk_system_process *row)
{
	char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX];
	const char *known = hk_system_process_group(row, request->group, text);
	const char *name = known != NULL ? known : NO_GROUP;
	size_t place = (size_t) hki_name_map_get(places, name);
	int r;

	if (place == 0) {
		r = add_group(groups, name);
		if (r == 0)
			r = hki_name_map_put(places, name, (void *) groups->count);
		if (r < 0)
			return r;
		place = groups->count;
	}
	sum(&groups->items[place - 1], row);
	return 0;
}

int ps_groups_make(ps_groups *out, const ps_request *request, const ps_rows *rows)
{
	hki_name_map places = { .slots = NULL };
	int r = 0;

	for (size_t i = 0; r == 0 && i < rows->count; i++)
		r = add_row(out, &places, request, &rows->items[i]);
	hki_name_map_deinit(&places);
	if (r < 0) {
		ps_groups_deinit(out);
		return r;
	}
	ps_sort(request, &ps_group_type, out->items, out->count);
	return 0;
}

void ps_groups_deinit(ps_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		hki_free((char *) groups->items[i].group);
	hki_free(groups->items);
	*groups = (ps_groups){ .items = NULL };
}
