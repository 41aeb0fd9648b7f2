/*
 * /proc/pressure: for how long tasks stood still for want of a processor, of
 * memory, of a disk.  Load and use say how much is going on; this says whether
 * anybody suffers.
 */
#include "system/parsers.h"

#include <errno.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "system/system_internal.h"

enum { RESOURCES = 4 };

static const struct {
	const char *path;
	size_t offset;
	unsigned int field;
} resources[RESOURCES] = {
	{ "/proc/pressure/cpu", offsetof(hk_system_pressure, cpu), pressure_cpu },
	{ "/proc/pressure/memory", offsetof(hk_system_pressure, memory),
	    pressure_memory },
	{ "/proc/pressure/io", offsetof(hk_system_pressure, io), pressure_io },
	{ "/proc/pressure/irq", offsetof(hk_system_pressure, irq), pressure_irq },
};

typedef struct pressure_state {
	hk_system_pressure record;
	hki_host_file files[RESOURCES];
} pressure_state;

static hk_system_stalls *stalls_of(hk_system_pressure *pressure, size_t i)
{
	return (void *) ((char *) pressure + resources[i].offset);
}

/* " avg10=0.00 avg60=0.33 avg300=0.55 total=89044235", the last in microseconds. */
static bool parse_stall(hk_system_stall *stall, hki_scan line)
{
	hki_scan word;
	uint64_t total_us;

	while (hki_scan_word(&word, &line)) {
		if (hki_scan_skip(&word, "avg10=") &&
		    hki_scan_decimal(&stall->average_10s_percent, &word))
			HKI_MARK(stall, stall, average_10s_percent);
		else if (hki_scan_skip(&word, "avg60=") &&
			 hki_scan_decimal(&stall->average_60s_percent, &word))
			HKI_MARK(stall, stall, average_60s_percent);
		else if (hki_scan_skip(&word, "avg300=") &&
			 hki_scan_decimal(&stall->average_300s_percent, &word))
			HKI_MARK(stall, stall, average_300s_percent);
		else if (hki_scan_skip(&word, "total=") &&
			 hki_scan_number(&total_us, &word))
			HKI_PUT(stall, stall, stalled_s, (double) total_us / 1e6);
	}
	return HKI_HAS(stall, stall, stalled_s);
}

int hki_pressure_parse(hk_system_stalls *out, hki_scan text)
{
	hk_system_stalls stalls = { .record = { { 0 }, { 0 } } };
	hki_scan line;

	while (hki_scan_line(&line, &text)) {
		if (hki_scan_skip(&line, "some ") && parse_stall(&stalls.some, line))
			HKI_MARK(stalls, &stalls, some);
		else if (hki_scan_skip(&line, "full ") && parse_stall(&stalls.full, line))
			HKI_MARK(stalls, &stalls, full);
	}
	if (!HKI_HAS(stalls, &stalls, some) && !HKI_HAS(stalls, &stalls, full))
		return HK_EPARSE;
	*out = stalls;
	return 0;
}

/* Of the interval.  The kernel brings its sums up to date every two seconds or when read;
 * what it adds then may be a little more than the interval. */
static void add_share(hk_system_stall *now, const hk_system_stall *before, double seconds)
{
	double share;

	if (!(seconds > 0) || !HKI_HAS(stall, now, stalled_s) ||
	    !HKI_HAS(stall, before, stalled_s) || now->stalled_s < before->stalled_s)
		return;
	share = 100 * (now->stalled_s - before->stalled_s) / seconds;
	HKI_PUT(stall, now, stalled_percent, share > 100 ? 100 : share);
}

static int sample_one(hk_system *system, pressure_state *pressure, size_t i)
{
	hk_system_stalls *record = stalls_of(&pressure->record, i);
	hk_system_stalls now;
	hki_scan text;
	int r = hki_host_file_read(system, &pressure->files[i], resources[i].path, &text);

	if (r < 0 || (r = hki_pressure_parse(&now, text)) < 0)
		return r;
	add_share(&now.some, &record->some, system->interval_s);
	add_share(&now.full, &record->full, system->interval_s);
	*record = now;
	return 0;
}

static int sample_pressure(hk_system *system, void *state)
{
	pressure_state *pressure = state;
	int first = 0;
	bool any = false;

	for (size_t i = 0; i < RESOURCES; i++) {
		int r = sample_one(system, pressure, i);

		if (r == 0)
			hk_record_set(&pressure->record.record, resources[i].field);
		else if (r == -EACCES || r == -EPERM)
			hk_record_deny(&pressure->record.record, resources[i].field);
		else
			hk_record_clear(&pressure->record.record, resources[i].field);
		if (r < 0)
			*stalls_of(&pressure->record, i) =
			    (hk_system_stalls){ .record = { { 0 }, { 0 } } };
		any |= r == 0;
		first = first == 0 ? r : first;
	}
	return any ? 0 : first;
}

static void clear_pressure(void *state)
{
	pressure_state *pressure = state;

	/* What is denied stays so: it is the reason. */
	for (size_t i = 0; i < RESOURCES; i++)
		if (hk_record_has(&pressure->record.record, resources[i].field))
			hk_record_clear(&pressure->record.record, resources[i].field);
}

static void deinit_pressure(void *state)
{
	pressure_state *pressure = state;

	for (size_t i = 0; i < RESOURCES; i++)
		hki_host_file_close(&pressure->files[i]);
}

const hki_section hki_section_pressure = {
	.state_bytes = sizeof(pressure_state),
	.sample = sample_pressure,
	.clear = clear_pressure,
	.deinit = deinit_pressure,
};

const hk_system_pressure *hk_system_get_pressure(const hk_system *system)
{
	const pressure_state *state = hki_system_state(system, HKI_SECTION_PRESSURE);

	return &state->record;
}
