/*
 * /proc/vmstat: some hundred and fifty counters since boot, of which a few tell
 * whether the machine is short of memory.  Several lines of the kernel make one
 * figure of ours, and their names have changed over time: what was one counter is
 * two in a newer kernel, so they are added up.
 */
#include "system/parsers.h"

#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "system/system_internal.h"

typedef enum vmstat_unit { COUNT, PAGES, KIBIBYTES } vmstat_unit;

typedef struct vmstat_row {
	const char *key;
	size_t key_length;
	unsigned int field;
	size_t offset;
	vmstat_unit unit;
} vmstat_row;

/* clang-format off */
#define ROW(key, member, unit) { key, sizeof(key) - 1, vmstat_##member, offsetof(hk_system_vmstat, member), unit }
static const vmstat_row rows[] = {
	ROW("workingset_refault_anon", refaults, COUNT),
	ROW("workingset_refault_file", refaults, COUNT),
	ROW("workingset_refault", refaults, COUNT),
	ROW("pgpgin", paged_in_bytes, KIBIBYTES),
	ROW("pgpgout", paged_out_bytes, KIBIBYTES),
	ROW("pswpin", swapped_in_bytes, PAGES),
	ROW("pswpout", swapped_out_bytes, PAGES),
	ROW("allocstall_dma", allocation_stalls, COUNT),
	ROW("allocstall_dma32", allocation_stalls, COUNT),
	ROW("allocstall_normal", allocation_stalls, COUNT),
	ROW("allocstall_movable", allocation_stalls, COUNT),
	ROW("allocstall_device", allocation_stalls, COUNT),
	ROW("allocstall", allocation_stalls, COUNT),
	ROW("pgfault", page_faults, COUNT),
	ROW("pgmajfault", major_page_faults, COUNT),
	ROW("pgsteal_kswapd", pages_reclaimed, COUNT),
	ROW("pgsteal_direct", pages_reclaimed, COUNT),
	ROW("pgsteal_khugepaged", pages_reclaimed, COUNT),
	ROW("pgsteal_proactive", pages_reclaimed, COUNT),
	ROW("pgscan_kswapd", pages_scanned, COUNT),
	ROW("pgscan_direct", pages_scanned, COUNT),
	ROW("pgscan_khugepaged", pages_scanned, COUNT),
	ROW("pgscan_proactive", pages_scanned, COUNT),
	ROW("oom_kill", oom_kills, COUNT),
};
#undef ROW

/* Which rate follows from which counter. */
static const struct {
	size_t counter;
	unsigned int counter_field;
	size_t rate;
	unsigned int rate_field;
} rates[] = {
#define RATE(member) { offsetof(hk_system_vmstat, member), vmstat_##member, \
	offsetof(hk_system_vmstat, member##_per_s), vmstat_##member##_per_s }
	RATE(page_faults), RATE(major_page_faults), RATE(paged_in_bytes),
	RATE(paged_out_bytes), RATE(swapped_in_bytes), RATE(swapped_out_bytes),
	RATE(pages_scanned), RATE(pages_reclaimed), RATE(allocation_stalls), RATE(refaults),
#undef RATE
};
/* clang-format on */

typedef struct vmstat_state {
	hk_system_vmstat record;
	hki_host_file vmstat;
} vmstat_state;

static const vmstat_row *find_row(hki_scan key, size_t *hint)
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

static uint64_t in_unit(uint64_t value, vmstat_unit unit, uint64_t page_bytes)
{
	uint64_t factor = unit == PAGES ? page_bytes : unit == KIBIBYTES ? 1024 : 1;

	return __builtin_mul_overflow(value, factor, &value) ? UINT64_MAX : value;
}

int hki_vmstat_parse(hk_system_vmstat *out, hki_scan text, uint64_t page_bytes)
{
	hk_system_vmstat vmstat = { .page_faults = 0 };
	size_t hint = 0;
	hki_scan line, key;
	bool any = false;

	while (hki_scan_line(&line, &text)) {
		const vmstat_row *row;
		uint64_t *to;
		uint64_t value;

		if (!hki_scan_word(&key, &line) || (row = find_row(key, &hint)) == NULL ||
		    !hki_scan_number(&value, &line))
			continue;
		to = (uint64_t *) (void *) ((char *) &vmstat + row->offset);
		if (__builtin_add_overflow(
			*to, in_unit(value, row->unit, page_bytes), to))
			*to = UINT64_MAX;
		hk_record_set(&vmstat.record, row->field);
		any = true;
	}
	if (!any)
		return HK_EPARSE;
	*out = vmstat;
	return 0;
}

static void add_rates(
    hk_system_vmstat *now, const hk_system_vmstat *before, double seconds)
{
	for (size_t i = 0; i < HKI_COUNT(rates); i++) {
		uint64_t new_value, old_value;
		double rate;

		if (!hk_record_has(&now->record, rates[i].counter_field) ||
		    !hk_record_has(&before->record, rates[i].counter_field))
			continue;
		memcpy(
		    &new_value, (const char *) now + rates[i].counter, sizeof(new_value));
		memcpy(&old_value, (const char *) before + rates[i].counter,
		    sizeof(old_value));
		if (!hki_rate(&rate, new_value, old_value, seconds))
			continue;
		memcpy((char *) now + rates[i].rate, &rate, sizeof(rate));
		hk_record_set(&now->record, rates[i].rate_field);
	}
	if (seconds > 0 && HKI_HAS(vmstat, now, oom_kills) &&
	    HKI_HAS(vmstat, before, oom_kills) && now->oom_kills >= before->oom_kills)
		HKI_PUT(vmstat, now, new_oom_kills, now->oom_kills - before->oom_kills);
}

static int sample_vmstat(hk_system *system, void *state)
{
	vmstat_state *vmstat = state;
	hk_system_vmstat now;
	hki_scan text;
	int r = hki_host_file_read(system, &vmstat->vmstat, "/proc/vmstat", &text);

	if (r < 0 ||
	    (r = hki_vmstat_parse(&now, text, (uint64_t) sysconf(_SC_PAGESIZE))) < 0)
		return r;
	add_rates(&now, &vmstat->record, system->interval_s);
	vmstat->record = now;
	return 0;
}

static void clear_vmstat(void *state)
{
	vmstat_state *vmstat = state;

	vmstat->record = (hk_system_vmstat){ .page_faults = 0 };
}

static void deinit_vmstat(void *state)
{
	vmstat_state *vmstat = state;

	hki_host_file_close(&vmstat->vmstat);
}

const hki_section hki_section_vmstat = {
	.state_bytes = sizeof(vmstat_state),
	.sample = sample_vmstat,
	.clear = clear_vmstat,
	.deinit = deinit_vmstat,
};

const hk_system_vmstat *hk_system_get_vmstat(const hk_system *system)
{
	const vmstat_state *state = hki_system_state(system, HKI_SECTION_VMSTAT);

	return &state->record;
}
