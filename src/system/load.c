/*
 * /proc/loadavg: "0.20 0.18 0.12 1/80 11206".
 */
#include "system/parsers.h"

#include <hostkit/error.h>
#include "system/system_internal.h"

typedef struct load_state {
	hk_system_load record;
	hki_host_file loadavg;
} load_state;

int hki_load_parse(hk_system_load *out, hki_scan text)
{
	hk_system_load load = { .load_1 = 0 };
	int64_t pid;

	if (!hki_scan_decimal(&load.load_1, &text) ||
	    !hki_scan_decimal(&load.load_5, &text) ||
	    !hki_scan_decimal(&load.load_15, &text))
		return HK_EPARSE;
	HKI_MARK(load, &load, load_1);
	HKI_MARK(load, &load, load_5);
	HKI_MARK(load, &load, load_15);
	if (hki_scan_number(&load.runnable, &text) && hki_scan_skip(&text, "/") &&
	    hki_scan_number(&load.tasks, &text)) {
		HKI_MARK(load, &load, runnable);
		HKI_MARK(load, &load, tasks);
		if (hki_scan_signed(&pid, &text))
			HKI_PUT(load, &load, last_pid, pid);
	}
	*out = load;
	return 0;
}

static int sample_load(hk_system *system, void *state)
{
	load_state *load = state;
	hki_scan text;
	int r = hki_host_file_read(system, &load->loadavg, "/proc/loadavg", &text);

	return r < 0 ? r : hki_load_parse(&load->record, text);
}

static void clear_load(void *state)
{
	load_state *load = state;

	load->record = (hk_system_load){ .load_1 = 0 };
}

static void deinit_load(void *state)
{
	load_state *load = state;

	hki_host_file_close(&load->loadavg);
}

const hki_section hki_section_load = {
	.state_bytes = sizeof(load_state),
	.sample = sample_load,
	.clear = clear_load,
	.deinit = deinit_load,
};

const hk_system_load *hk_system_get_load(const hk_system *system)
{
	const load_state *state = hki_system_state(system, HKI_SECTION_LOAD);

	return &state->record;
}
