/*
 * What has to be read for the fields that somebody wants.  Each field names its
 * source twice: among the files of /proc, and in the walk inside the kernel, which
 * gives most of them at no cost.  Nothing is opened for fields nobody asked for.
 */
#include "base/array.h"
#include "system/process_table.h"

typedef struct field_source {
	uint32_t files;
	uint32_t walk;
} field_source;

#define FILES(files)                                                                     \
	{                                                                                \
		(files), (files)                                                         \
	}
#define WALK(files, walk)                                                                \
	{                                                                                \
		(files), (walk)                                                          \
	}
#define ALWAYS                                                                           \
	{                                                                                \
		HKI_READ_STAT, 0                                                         \
	}

/* clang-format off */
static const field_source sources[HK_SYSTEM_PROCESS_FIELD_COUNT] = {
	[HK_SYSTEM_PROCESS_PID] = ALWAYS,
	[HK_SYSTEM_PROCESS_PPID] = ALWAYS,
	[HK_SYSTEM_PROCESS_START_TICKS] = ALWAYS,
	[HK_SYSTEM_PROCESS_INODE] = ALWAYS,
	[HK_SYSTEM_PROCESS_START_TIME] = ALWAYS,
	[HK_SYSTEM_PROCESS_NAME] = ALWAYS,
	[HK_SYSTEM_PROCESS_STATE] = ALWAYS,
	[HK_SYSTEM_PROCESS_KERNEL] = ALWAYS,
	[HK_SYSTEM_PROCESS_THREADS] = ALWAYS,
	[HK_SYSTEM_PROCESS_CPU_PERCENT] = ALWAYS,
	[HK_SYSTEM_PROCESS_CPU] = ALWAYS,
	[HK_SYSTEM_PROCESS_CPU_USER] = ALWAYS,
	[HK_SYSTEM_PROCESS_CPU_SYSTEM] = ALWAYS,
	[HK_SYSTEM_PROCESS_RSS] = ALWAYS,
	[HK_SYSTEM_PROCESS_MEMORY_PERCENT] = ALWAYS,
	[HK_SYSTEM_PROCESS_VIRTUAL] = ALWAYS,

	[HK_SYSTEM_PROCESS_GROUP] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_SESSION] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_TERMINAL] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_FOREGROUND_GROUP] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_NICE] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_PRIORITY] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_POLICY] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_REALTIME_PRIORITY] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_PROCESSOR] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_MINOR_FAULTS] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_MAJOR_FAULTS] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_CHILDREN_MINOR_FAULTS] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_CHILDREN_MAJOR_FAULTS] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_CHILDREN_CPU_USER] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_CHILDREN_CPU_SYSTEM] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_CPU_GUEST] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_CHILDREN_CPU_GUEST] = WALK(HKI_READ_STAT_ALL, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_IO_WAIT] = FILES(HKI_READ_STAT_ALL),
	[HK_SYSTEM_PROCESS_CPU_WAIT] = WALK(HKI_READ_SCHEDSTAT, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_SHARED] = WALK(HKI_READ_STATM, 0),
	[HK_SYSTEM_PROCESS_TEXT] = WALK(HKI_READ_STATM, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_DATA] = WALK(HKI_READ_STATM, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_READ_BYTES] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_WRITTEN_BYTES] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_CANCELLED_BYTES] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_READ_CALL_BYTES] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_WRITE_CALL_BYTES] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_READ_CALLS] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_WRITE_CALLS] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_READ_RATE] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_WRITE_RATE] = WALK(HKI_READ_IO, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_NAMESPACE_PID] = FILES(HKI_READ_STATUS),
	[HK_SYSTEM_PROCESS_AFFINITY] = FILES(HKI_READ_STATUS),
	[HK_SYSTEM_PROCESS_RSS_ANONYMOUS] = WALK(HKI_READ_STATUS, 0),
	[HK_SYSTEM_PROCESS_RSS_FILE] = WALK(HKI_READ_STATUS, 0),
	[HK_SYSTEM_PROCESS_RSS_SHMEM] = WALK(HKI_READ_STATUS, 0),
	[HK_SYSTEM_PROCESS_SWAP] = WALK(HKI_READ_STATUS, 0),
	[HK_SYSTEM_PROCESS_STACK] = WALK(HKI_READ_STATUS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_LOCKED] = WALK(HKI_READ_STATUS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_PAGE_TABLES] = WALK(HKI_READ_STATUS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_HUGETLB] = FILES(HKI_READ_STATUS),
	[HK_SYSTEM_PROCESS_PEAK_RSS] = WALK(HKI_READ_STATUS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_PEAK_VIRTUAL] = WALK(HKI_READ_STATUS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES] = WALK(HKI_READ_STATUS, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_INVOLUNTARY_SWITCHES] = WALK(HKI_READ_STATUS, HKI_READ_WALK_COUNTERS),
	[HK_SYSTEM_PROCESS_UID] = WALK(HKI_READ_IDS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_EFFECTIVE_UID] = WALK(HKI_READ_IDS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_SAVED_UID] = WALK(HKI_READ_IDS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_FILESYSTEM_UID] = WALK(HKI_READ_IDS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_GID] = WALK(HKI_READ_IDS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_EFFECTIVE_GID] = WALK(HKI_READ_IDS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_SAVED_GID] = WALK(HKI_READ_IDS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_FILESYSTEM_GID] = WALK(HKI_READ_IDS, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_IO_CLASS] = FILES(HKI_READ_IO_PRIORITY),
	[HK_SYSTEM_PROCESS_IO_LEVEL] = FILES(HKI_READ_IO_PRIORITY),
	[HK_SYSTEM_PROCESS_DESCRIPTORS] = FILES(HKI_READ_DESCRIPTORS),
	[HK_SYSTEM_PROCESS_OOM_SCORE] = FILES(HKI_READ_OOM_SCORE),
	[HK_SYSTEM_PROCESS_OOM_ADJUSTMENT] = WALK(HKI_READ_OOM_ADJUSTMENT, HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_USER] = WALK(HKI_READ_USER | HKI_READ_IDS, HKI_READ_USER | HKI_READ_WALK_MORE),
	[HK_SYSTEM_PROCESS_COMMAND] = FILES(HKI_READ_COMMAND),
	[HK_SYSTEM_PROCESS_EXECUTABLE] = FILES(HKI_READ_EXECUTABLE),
	[HK_SYSTEM_PROCESS_WORKING_DIRECTORY] = FILES(HKI_READ_DIRECTORY),
	[HK_SYSTEM_PROCESS_CGROUP] = FILES(HKI_READ_CGROUP),
	/* STALE and the fields of exits come by themselves. */
};
/* clang-format on */

static bool has(const hk_system_process_fields *fields, unsigned int index)
{
	return (fields->bits[index / 64] >> (index % 64) & 1) != 0;
}

static uint32_t sources_of(const hk_system_process_fields *fields, bool by_walk)
{
	uint32_t read = HKI_READ_STAT;

	for (unsigned int i = 0; i < HKI_COUNT(sources); i++)
		if (has(fields, i))
			read |= by_walk ? sources[i].walk : sources[i].files;
	return read;
}

static hk_system_process_fields range(
    hk_system_process_field first, hk_system_process_field last)
{
	hk_system_process_fields fields = { { 0 } };

	for (int i = (int) first; i <= (int) last; i++)
		hk_system_process_fields_add(&fields, (hk_system_process_field) i);
	return fields;
}

static void add(hk_system_process_fields *to, const hk_system_process_fields *fields)
{
	for (size_t i = 0; i < HKI_COUNT(to->bits); i++)
		to->bits[i] |= fields->bits[i];
}

static bool is_empty(const hk_system_process_fields *fields)
{
	for (size_t i = 0; i < HKI_COUNT(fields->bits); i++)
		if (fields->bits[i] != 0)
			return false;
	return true;
}

void hki_fields_apply(hk_system_processes *table)
{
	bool by_walk = table->engine == &hki_engine_bpf;
	const hk_system_process_fields always =
	    range(HK_SYSTEM_PROCESS_PID, HK_SYSTEM_PROCESS_VIRTUAL);
	const hk_system_process_fields ends =
	    range(HK_SYSTEM_PROCESS_EXIT_CODE, HK_SYSTEM_PROCESS_END_TIME);
	/* All of stat, but for the one field that nothing else tells. */
	const hk_system_process_fields usual =
	    range(HK_SYSTEM_PROCESS_PID, HK_SYSTEM_PROCESS_CHILDREN_CPU_GUEST);

	table->shown = table->fields;
	if (is_empty(&table->fields))
		add(&table->shown, &usual);
	add(&table->shown, &always);
	add(&table->shown, &ends);
	table->read = sources_of(&table->shown, by_walk);
	table->file_read = sources_of(&table->shown, false);
	table->memory_parts = has(&table->shown, HK_SYSTEM_PROCESS_SHARED);
	for (int i = HK_SYSTEM_PROCESS_RSS_ANONYMOUS; i <= HK_SYSTEM_PROCESS_SWAP; i++)
		table->memory_parts |= has(&table->shown, (unsigned int) i);
	if ((table->read & HKI_READ_TEXTS) != 0)
		hk_system_process_fields_add(&table->shown, HK_SYSTEM_PROCESS_STALE);
	for (size_t i = 0; i < table->rows.count; i++) {
		hk_record *record = &table->rows.items[i]->row.record;

		for (size_t word = 0; word < HKI_COUNT(table->shown.bits); word++) {
			record->present[word] &= table->shown.bits[word];
			record->denied[word] &= table->shown.bits[word];
		}
	}
	table->refill = true;
}
