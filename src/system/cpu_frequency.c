/*
 * Frequencies, a section of their own: on some machines the driver measures for
 * milliseconds at every read of scaling_cur_freq, a processor each, so nobody gets
 * them without asking.  They go into the records of the processors.
 */
#include "system/cpu.h"

#include <errno.h>
#include <hostkit/error.h>

/* The files say kHz. */
static bool read_khz(
    double *out_hz, const hk_system *system, uint64_t number, const char *name)
{
	char path[128];
	uint64_t khz;

	if (hki_path(path, sizeof(path), "/sys/devices/system/cpu/cpu%llu/cpufreq/%s",
		(unsigned long long) number, name) < 0 ||
	    hki_file_number(system, path, &khz) < 0 || khz == 0)
		return false;
	*out_hz = (double) khz * 1000;
	return true;
}

static void read_core(hk_system_core *core, const hk_system *system)
{
	double hz;

	if (!core->online)
		return;
	if (read_khz(&hz, system, core->number, "scaling_cur_freq"))
		HKI_PUT(core, core, frequency_hz, hz);
	if (read_khz(&hz, system, core->number, "cpuinfo_min_freq"))
		HKI_PUT(core, core, frequency_minimum_hz, hz);
	if (read_khz(&hz, system, core->number, "cpuinfo_max_freq"))
		HKI_PUT(core, core, frequency_maximum_hz, hz);
}

static hk_system_core *core_of(hki_cpu_state *cpu, uint64_t number)
{
	for (size_t i = 0; i < cpu->core_count; i++)
		if (cpu->cores[i].number == number)
			return &cpu->cores[i];
	return NULL;
}

/* Where no driver scales, as in virtual machines, x86 still says how fast it is. */
static int read_cpuinfo(hki_cpu_state *cpu, hk_system *system)
{
	hk_system_core *core = NULL;
	hki_scan text, line, key;
	int r = hki_file_read(system, "/proc/cpuinfo", &text);

	while (r == 0 && hki_scan_line(&line, &text)) {
		uint64_t number;
		double mhz;

		if (!hki_scan_until(&key, &line, ':'))
			continue;
		key = hki_scan_trim(key);
		if (hki_scan_is(key, "processor") && hki_scan_number(&number, &line))
			core = core_of(cpu, number);
		else if (core != NULL && hki_scan_is(key, "cpu MHz") &&
			 hki_scan_decimal(&mhz, &line) && mhz > 0)
			HKI_PUT(core, core, frequency_hz, mhz * 1e6);
	}
	return r;
}

static void summarise(hki_cpu_state *cpu)
{
	hk_system_cpu *record = &cpu->record;
	double sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < cpu->core_count; i++) {
		const hk_system_core *core = &cpu->cores[i];

		if (HKI_HAS(core, core, frequency_hz)) {
			sum += core->frequency_hz;
			count++;
		}
		if (HKI_HAS(core, core, frequency_minimum_hz) &&
		    (!HKI_HAS(cpu, record, frequency_minimum_hz) ||
			core->frequency_minimum_hz < record->frequency_minimum_hz))
			HKI_PUT(cpu, record, frequency_minimum_hz,
			    core->frequency_minimum_hz);
		if (HKI_HAS(core, core, frequency_maximum_hz) &&
		    (!HKI_HAS(cpu, record, frequency_maximum_hz) ||
			core->frequency_maximum_hz > record->frequency_maximum_hz))
			HKI_PUT(cpu, record, frequency_maximum_hz,
			    core->frequency_maximum_hz);
	}
	if (count > 0)
		HKI_PUT(cpu, record, frequency_hz, sum / (double) count);
}

static int sample_frequencies(hk_system *system, void *state)
{
	hki_cpu_state *cpu = hki_system_state(system, HKI_SECTION_CPU);
	bool any = false;

	(void) state;
	for (size_t i = 0; i < cpu->core_count; i++) {
		read_core(&cpu->cores[i], system);
		any |= HKI_HAS(core, &cpu->cores[i], frequency_hz);
	}
	if (!any)
		(void) read_cpuinfo(cpu, system);
	summarise(cpu);
	return HKI_HAS(cpu, &cpu->record, frequency_hz) ? 0 : -ENOENT;
}

const hki_section hki_section_frequencies = {
	.sample = sample_frequencies,
};
