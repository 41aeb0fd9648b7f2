/*
 * The processes of the machine as metrics: a table that is sampled with the rest,
 * counts of what its rows are doing, and groups of them.  Never one series a
 * process: collectors keep every series they have ever met.
 */
#include "system/metrics/processes.h"

#include <errno.h>
#include <hostkit/system_process_details.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "system/metrics/process_groups.h"

struct hki_metrics_processes {
	hk_system_processes *table;
	hki_process_groups *groups; /* or NULL */
	const hk_system_process **rows;
	size_t capacity;
};

static void want(hk_system_processes_opts *out, const hk_system_exporter_opts *opts)
{
	out->exits = opts->process_exits;
	out->root = opts->root;
	if (opts->process_grouping == HK_SYSTEM_GROUPING_NONE)
		return;
	hk_system_process_fields_add(&out->fields, HK_SYSTEM_PROCESS_READ_BYTES);
	hk_system_process_fields_add(&out->fields, HK_SYSTEM_PROCESS_WRITTEN_BYTES);
	if (opts->process_grouping == HK_SYSTEM_GROUPING_USER)
		hk_system_process_fields_add(&out->fields, HK_SYSTEM_PROCESS_USER);
	else if (opts->process_grouping != HK_SYSTEM_GROUPING_NAME)
		hk_system_process_fields_add(&out->fields, HK_SYSTEM_PROCESS_CGROUP);
}

static void freep(hki_metrics_processes **processes)
{
	hki_metrics_processes_free(*processes);
}

int hki_metrics_processes_new(
    hki_metrics_processes **out, const hk_system_exporter_opts *opts)
{
	hki_cleanup(freep) hki_metrics_processes *processes = NULL;
	hk_system_processes_opts table = HK_SYSTEM_PROCESSES_OPTS_INIT;
	size_t most =
	    opts->process_groups_max != 0 ? opts->process_groups_max : HKI_GROUPS_DEFAULT;
	int r = 0;

	if (opts->process_grouping > HK_SYSTEM_GROUPING_NAME ||
	    most > HK_SYSTEM_EXPORTER_GROUPS_MAX)
		return -EINVAL;
	processes = hki_zalloc(sizeof(*processes));
	if (processes == NULL)
		return -ENOMEM;
	want(&table, opts);
	if (opts->process_grouping != HK_SYSTEM_GROUPING_NONE)
		r = hki_process_groups_new(
		    &processes->groups, opts->process_grouping, most);
	if (r == 0)
		r = hk_system_processes_open(&processes->table, &table);
	if (r < 0)
		return r;
	*out = hki_take(processes);
	return 0;
}

void hki_metrics_processes_free(hki_metrics_processes *processes)
{
	if (processes == NULL)
		return;
	hki_process_groups_free(processes->groups);
	hk_system_processes_close(processes->table);
	hki_free(processes->rows);
	hki_free(processes);
}

hk_system_processes *hki_metrics_processes_table(hki_metrics_processes *processes)
{
	return processes->table;
}

/* Those that are there, and behind them those that have ended. */
static int collect(hki_metrics_processes *processes, size_t count, size_t ended)
{
	const hk_system_process **grown;

	if (count + ended > processes->capacity) {
		size_t wanted = (count + ended) * 2;

		grown = hki_realloc_array(processes->rows, wanted, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		processes->rows = grown;
		processes->capacity = wanted;
	}
	for (size_t i = 0; i < count; i++)
		processes->rows[i] = hk_system_processes_get(processes->table, i);
	for (size_t i = 0; i < ended; i++)
		processes->rows[count + i] =
		    hk_system_processes_exited(processes->table, i);
	return 0;
}

int hki_metrics_processes_sample(hki_metrics_processes *processes)
{
	int r = hk_system_processes_sample(processes->table);
	size_t count = hk_system_processes_count(processes->table);
	size_t ended = hk_system_processes_exited_count(processes->table);

	if (r < 0 || processes->groups == NULL)
		return r < 0 ? r : 0;
	r = collect(processes, count, ended);
	if (r < 0)
		return r;
	return hki_process_groups_take(
	    processes->groups, processes->rows, count, processes->rows + count, ended);
}

/* ---- telling ---- */

static void write_states(hk_metrics_writer *writer, const hk_system_processes *table)
{
	static const hk_metrics_family family = {
		.name = "hostkit_processes",
		.help = "Processes, by what they are doing.",
		.kind = HK_METRICS_GAUGE,
	};
	const hk_record_field *field =
	    &hk_system_process_type.fields[HK_SYSTEM_PROCESS_STATE];
	uint64_t counts[HK_SYSTEM_STATE_PARKED + 1] = { 0 };

	for (size_t i = 0; i < hk_system_processes_count(table); i++)
		counts[hk_system_processes_get(table, i)->state]++;
	hk_metrics_begin(writer, &family);
	for (size_t i = 0; i <= HK_SYSTEM_STATE_PARKED; i++) {
		const hk_metrics_label label = { "state", field->names[i] };

		hk_metrics_sample_uint64(writer, counts[i], &label, 1);
	}
}

static void write_threads(hk_metrics_writer *writer, const hk_system_processes *table)
{
	static const hk_metrics_family family = {
		.name = "hostkit_process_threads",
		.help = "Threads of all processes.",
		.kind = HK_METRICS_GAUGE,
	};
	uint64_t threads = 0;

	for (size_t i = 0; i < hk_system_processes_count(table); i++)
		threads += hk_system_processes_get(table, i)->threads;
	hk_metrics_begin(writer, &family);
	hk_metrics_sample_uint64(writer, threads, NULL, 0);
}

/* What happened to those that no sample saw: without the kernel's word for each end
 * the last moments of a process are in nobody's figures. */
static void write_exits(hk_metrics_writer *writer, const hk_system_processes *table)
{
	static const hk_metrics_family listening = {
		.name = "hostkit_process_exits_listening",
		.help = "Whether the kernel tells of every process that ends, so that "
			"short ones are in the figures of their groups.",
		.kind = HK_METRICS_GAUGE,
	};
	static const hk_metrics_family lost = {
		.name = "hostkit_process_exits_lost",
		.help = "Times that ends were lost because they came too fast.",
		.kind = HK_METRICS_COUNTER,
	};
	bool listens = hk_system_processes_exit_fd(table) >= 0;
	hk_system_processes_info info;

	hk_metrics_begin(writer, &listening);
	hk_metrics_sample(writer, listens ? 1 : 0, NULL, 0);
	if (!listens)
		return;
	hk_system_processes_describe(&info, table);
	hk_metrics_begin(writer, &lost);
	hk_metrics_sample_uint64(writer, info.exits_lost, NULL, 0);
}

void hki_metrics_processes_write(
    hk_metrics_writer *writer, const hki_metrics_processes *processes)
{
	write_states(writer, processes->table);
	write_threads(writer, processes->table);
	write_exits(writer, processes->table);
	if (processes->groups != NULL)
		hki_process_groups_write(writer, processes->groups);
}
