/*
 * Sample, then write.
 *
 * The exporter keeps one observer of the machine for all its scrapes, so that what
 * is slow to find out (model, topology, mount table) is found out once.  How long
 * each section took and whether it could be read is written too: a monitor that
 * goes blind has to say so.
 */
#include <errno.h>
#include <hostkit/system_metrics.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/opts.h"
#include "system/metrics/exporter.h"
#include "system/metrics/processes.h"

struct hk_system_exporter {
	hk_system *system;
	hki_metrics_processes *processes; /* or NULL */
	uint32_t names;
	uint32_t sections;
	const char *version;
};

static const struct {
	const char *name;
	uint32_t bit;
} sections[] = {
	{ "host", HK_SYSTEM_HOST }, { "cpu", HK_SYSTEM_CPU | HK_SYSTEM_FREQUENCIES },
	{ "load", HK_SYSTEM_LOAD }, { "memory", HK_SYSTEM_MEMORY },
	{ "vmstat", HK_SYSTEM_VMSTAT }, { "pressure", HK_SYSTEM_PRESSURE },
	{ "limits", HK_SYSTEM_LIMITS }, { "filesystems", HK_SYSTEM_FILESYSTEMS },
	{ "disks", HK_SYSTEM_DISKS }, { "networks", HK_SYSTEM_NETWORKS },
	{ "sockets", HK_SYSTEM_SOCKETS }, { "sensors", HK_SYSTEM_SENSORS },
	{ "sessions", HK_SYSTEM_SESSIONS },
	{ "processes", 0 }, /* of a table of their own */
};

enum { PROCESSES = HKI_COUNT(sections) - 1 };

typedef struct section_report {
	double duration_s;
	bool sampled;
	bool success;
} section_report;

int hk_system_exporter_new(hk_system_exporter **out, const hk_system_exporter_opts *given)
{
	hk_system_opts system_opts = HK_SYSTEM_OPTS_INIT;
	hk_system_exporter_opts opts = HK_SYSTEM_EXPORTER_OPTS_INIT;
	hk_system_exporter *exporter;
	int r = 0;

	if (given != NULL)
		r = hki_opts_copy(
		    &opts, sizeof(opts), given, given->size, sizeof(given->size));
	if (r < 0)
		return r;
	if (opts.names > HK_SYSTEM_EXPORTER_NODE_EXPORTER ||
	    (opts.sections & ~(uint32_t) HK_SYSTEM_ALL) != 0)
		return -EINVAL;
	exporter = hki_zalloc(sizeof(*exporter));
	if (exporter == NULL)
		return -ENOMEM;
	exporter->names = opts.names;
	exporter->version = opts.version;
	exporter->sections =
	    opts.sections == 0 ? (uint32_t) HK_SYSTEM_ALL & ~(uint32_t) HK_SYSTEM_SESSIONS
			       : opts.sections;
	system_opts.root = opts.root;
	r = hk_system_new(&exporter->system, &system_opts);
	if (r == 0 && opts.processes)
		r = hki_metrics_processes_new(&exporter->processes, &opts);
	if (r < 0) {
		hk_system_exporter_free(exporter);
		return r;
	}
	*out = exporter;
	return 0;
}

void hk_system_exporter_free(hk_system_exporter *exporter)
{
	if (exporter == NULL)
		return;
	hki_metrics_processes_free(exporter->processes);
	hk_system_free(exporter->system);
	hki_free(exporter);
}

int hk_system_exporter_exit_fd(const hk_system_exporter *exporter)
{
	return exporter->processes == NULL
		   ? -1
		   : hk_system_processes_exit_fd(
			 hki_metrics_processes_table(exporter->processes));
}

int hk_system_exporter_drain(hk_system_exporter *exporter)
{
	return exporter->processes == NULL
		   ? 0
		   : hk_system_processes_drain(
			 hki_metrics_processes_table(exporter->processes));
}

static int sample_processes(hk_system_exporter *exporter, section_report *report)
{
	uint64_t before = hki_clock_monotonic_ns();
	int r;

	if (exporter->processes == NULL)
		return 0;
	r = hki_metrics_processes_sample(exporter->processes);
	report->sampled = true;
	report->success = r == 0;
	report->duration_s =
	    (double) (hki_clock_monotonic_ns() - before) / (double) HKI_NS_PER_S;
	return r == -ENOMEM ? r : 0;
}

/* Section by section, so that each has a time of its own. */
static int sample(hk_system_exporter *exporter, section_report *reports)
{
	int r = 0;

	for (size_t i = 0; i < HKI_COUNT(sections); i++) {
		uint32_t bits = sections[i].bit & exporter->sections;
		uint64_t before = hki_clock_monotonic_ns();
		int sampled;

		if (bits == 0)
			continue;
		sampled = hk_system_sample(exporter->system, bits);
		reports[i].sampled = true;
		reports[i].duration_s =
		    (double) (hki_clock_monotonic_ns() - before) / (double) HKI_NS_PER_S;
		/* The lowest bit is the section itself. */
		reports[i].success =
		    sampled == 0 && hk_system_error(exporter->system, bits & -bits) == 0;
		if (sampled < 0)
			r = sampled;
	}
	if (r == 0)
		r = sample_processes(exporter, &reports[PROCESSES]);
	return r;
}

static void write_reports(hk_metrics_writer *writer, const section_report *reports)
{
	static const hk_metrics_family duration = {
		.name = "hostkit_scrape_section_duration_seconds",
		.unit = "seconds",
		.help = "How long reading the section took.",
		.kind = HK_METRICS_GAUGE,
	};
	static const hk_metrics_family success = {
		.name = "hostkit_scrape_section_success",
		.help = "Whether the section could be read.",
		.kind = HK_METRICS_GAUGE,
	};

	hk_metrics_begin(writer, &duration);
	for (size_t i = 0; i < HKI_COUNT(sections); i++) {
		const hk_metrics_label label = { "section", sections[i].name };

		if (reports[i].sampled)
			hk_metrics_sample(writer, reports[i].duration_s, &label, 1);
	}
	hk_metrics_begin(writer, &success);
	for (size_t i = 0; i < HKI_COUNT(sections); i++) {
		const hk_metrics_label label = { "section", sections[i].name };

		if (reports[i].sampled)
			hk_metrics_sample(writer, reports[i].success ? 1 : 0, &label, 1);
	}
}

static void write_build(hk_metrics_writer *writer, const char *version)
{
	static const hk_metrics_family build = {
		.name = "hostkit_build",
		.help = "The hostkit that wrote this.",
		.kind = HK_METRICS_INFO,
	};
	const hk_metrics_label label = { "version", version };

	hk_metrics_begin(writer, &build);
	if (version != NULL)
		hk_metrics_sample(writer, 1, &label, 1);
}

int hk_system_exporter_write(hk_system_exporter *exporter, hk_metrics_writer *writer)
{
	section_report reports[HKI_COUNT(sections)] = { 0 };
	int r = sample(exporter, reports);

	if (exporter->names == HK_SYSTEM_EXPORTER_NODE_EXPORTER)
		hki_node_exporter_write(writer, exporter->system, exporter->sections);
	else
		hki_native_write(writer, exporter->system, exporter->sections);
	if (reports[PROCESSES].success)
		hki_metrics_processes_write(writer, exporter->processes);
	write_build(writer, exporter->version);
	write_reports(writer, reports);
	return r;
}
