/*
 * /proc/meminfo.  Used is what is not available: free memory says little on a
 * machine whose caches use what nobody else does, and the kernel's own estimate
 * of what can be had is better than any sum of ours.
 */
#include "system/parsers.h"

#include <string.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "system/system_internal.h"

typedef struct memory_row {
	const char *key;
	size_t key_length;
	unsigned int field;
	size_t offset;
} memory_row;

/* clang-format off */
#define ROW(key, member) { key, sizeof(key) - 1, memory_##member, offsetof(hk_system_memory, member) }
static const memory_row rows[] = {
	ROW("MemTotal", total_bytes),
	ROW("MemFree", free_bytes),
	ROW("MemAvailable", available_bytes),
	ROW("Buffers", buffers_bytes),
	ROW("Cached", cached_bytes),
	ROW("SwapCached", swap_cached_bytes),
	ROW("Active", active_bytes),
	ROW("Inactive", inactive_bytes),
	ROW("Unevictable", unevictable_bytes),
	ROW("Mlocked", locked_bytes),
	ROW("SwapTotal", swap_total_bytes),
	ROW("SwapFree", swap_free_bytes),
	ROW("Zswap", zswap_bytes),
	ROW("Zswapped", zswapped_bytes),
	ROW("Dirty", dirty_bytes),
	ROW("Writeback", writeback_bytes),
	ROW("AnonPages", anonymous_bytes),
	ROW("Mapped", mapped_bytes),
	ROW("Shmem", shared_bytes),
	ROW("Slab", slab_bytes),
	ROW("SReclaimable", reclaimable_bytes),
	ROW("KernelStack", kernel_stack_bytes),
	ROW("PageTables", page_tables_bytes),
	ROW("CommitLimit", commit_limit_bytes),
	ROW("Committed_AS", committed_bytes),
	ROW("Percpu", per_cpu_bytes),
	ROW("HardwareCorrupted", corrupted_bytes),
	ROW("AnonHugePages", anonymous_huge_bytes),
	ROW("HugePages_Total", huge_pages_total),
	ROW("HugePages_Free", huge_pages_free),
	ROW("Hugepagesize", huge_page_bytes),
};
#undef ROW
/* clang-format on */

typedef struct memory_state {
	hk_system_memory record;
	hki_host_file meminfo;
} memory_state;

/* The row of @key.  The file has the order of the table, with others in between, so the
 * search goes on where the last one ended. */
static const memory_row *find_row(hki_scan key, size_t *hint)
{
	for (size_t i = 0; i < HKI_COUNT(rows); i++) {
		size_t at = (*hint + i) % HKI_COUNT(rows);

		if (hki_scan_length(key) == rows[at].key_length &&
		    memcmp(key.at, rows[at].key, rows[at].key_length) == 0) {
			*hint = at + 1;
			return &rows[at];
		}
	}
	return NULL;
}

/* "MemTotal:       16384 kB"; the space may be missing, counts have no unit. */
static void parse_line(hk_system_memory *memory, hki_scan line, size_t *hint)
{
	const memory_row *row;
	hki_scan key;
	uint64_t value;

	if (!hki_scan_until(&key, &line, ':'))
		return;
	row = find_row(key, hint);
	if (row == NULL || !hki_scan_number(&value, &line))
		return;
	hki_scan_spaces(&line);
	if (hki_scan_skip(&line, "kB") &&
	    __builtin_mul_overflow(value, UINT64_C(1024), &value))
		value = UINT64_MAX;
	*(uint64_t *) (void *) ((char *) memory + row->offset) = value;
	hk_record_set(&memory->record, row->field);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What follows from the others. */
static void derive(hk_system_memory *memory)
{
	if (HKI_HAS(memory, memory, total_bytes) &&
	    HKI_HAS(memory, memory, available_bytes)) {
		HKI_PUT(memory, memory, used_bytes,
		    less(memory->total_bytes, memory->available_bytes));
		if (memory->total_bytes > 0)
			HKI_PUT(memory, memory, used_percent,
			    100.0 * (double) memory->used_bytes /
				(double) memory->total_bytes);
	}
	if (HKI_HAS(memory, memory, swap_total_bytes) &&
	    HKI_HAS(memory, memory, swap_free_bytes)) {
		HKI_PUT(memory, memory, swap_used_bytes,
		    less(memory->swap_total_bytes, memory->swap_free_bytes));
		if (memory->swap_total_bytes > 0)
			HKI_PUT(memory, memory, swap_used_percent,
			    100.0 * (double) memory->swap_used_bytes /
				(double) memory->swap_total_bytes);
	}
}

int hki_memory_parse(hk_system_memory *out, hki_scan text)
{
	hk_system_memory memory = { .total_bytes = 0 };
	size_t hint = 0;
	hki_scan line;

	while (hki_scan_line(&line, &text))
		parse_line(&memory, line, &hint);
	if (!HKI_HAS(memory, &memory, total_bytes))
		return HK_EPARSE;
	derive(&memory);
	*out = memory;
	return 0;
}

static int sample_memory(hk_system *system, void *state)
{
	memory_state *memory = state;
	hki_scan text;
	int r = hki_host_file_read(system, &memory->meminfo, "/proc/meminfo", &text);

	return r < 0 ? r : hki_memory_parse(&memory->record, text);
}

static void clear_memory(void *state)
{
	memory_state *memory = state;

	memory->record = (hk_system_memory){ .total_bytes = 0 };
}

static void deinit_memory(void *state)
{
	memory_state *memory = state;

	hki_host_file_close(&memory->meminfo);
}

const hki_section hki_section_memory = {
	.state_bytes = sizeof(memory_state),
	.sample = sample_memory,
	.clear = clear_memory,
	.deinit = deinit_memory,
};

const hk_system_memory *hk_system_get_memory(const hk_system *system)
{
	const memory_state *state = hki_system_state(system, HKI_SECTION_MEMORY);

	return &state->record;
}
