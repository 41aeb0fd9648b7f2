/*
 * The machine under the names of node_exporter 1.5, for dashboards and alerts that
 * exist.  node_names.c has what is a number of one record; what is put together
 * from several is here.
 *
 * Their names break the rules of Prometheus in places (MemTotal is camel case), so
 * promtool complains about this mode, as it does about node_exporter itself.
 */
#include <stdio.h>
#include <unistd.h>
#include "base/array.h"
#include "system/metrics/exporter.h"
#include "system/metrics/node_names.h"
#include "system/metrics/record_metrics.h"

/* ---- labels ---- */

static bool label_filesystem(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	const hk_system_filesystem *all = items, *one = &all[index];

	if (hki_filesystem_is_covered(all, count, index))
		return false;
	hki_metrics_label(out, "device", one->device);
	hki_metrics_label(out, "fstype", one->type);
	hki_metrics_label(out, "mountpoint", one->mount);
	return true;
}

static bool label_disk(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	(void) count;
	hki_metrics_label(out, "device", ((const hk_system_disk *) items)[index].name);
	return true;
}

static bool label_network(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	(void) count;
	hki_metrics_label(out, "device", ((const hk_system_network *) items)[index].name);
	return true;
}

/* ---- rows ---- */

/* Write the families of @rows over @count records of @type. */
static void write_rows(hk_metrics_writer *writer, const hki_node_row *rows,
    const hk_record_type *type, const void *items, size_t count,
    hki_metrics_label_fn label)
{
	for (; rows->name != NULL; rows++) {
		const hk_metrics_family family = {
			.name = rows->name, .help = rows->help, .kind = rows->kind
		};
		int field = hk_record_find(type, rows->field);

		if (field < 0)
			continue;
		hk_metrics_begin(writer, &family);
		for (size_t i = 0; i < count; i++) {
			const char *item = (const char *) items + i * type->struct_size;
			hki_metrics_labels labels = { .count = 0 };
			double value;

			if (!hki_record_number(
				&value, type, item, (unsigned int) field) ||
			    (label != NULL && !label(&labels, items, count, i)))
				continue;
			hk_metrics_sample(writer,
			    rows->factor == 0 ? value : value * rows->factor,
			    labels.labels, labels.count);
		}
	}
}

static void write_one(hk_metrics_writer *writer, const hki_node_row *rows,
    const hk_record_type *type, const void *record)
{
	write_rows(writer, rows, type, record, 1, NULL);
}

/* ---- what is put together ---- */

static void write_host(hk_metrics_writer *writer, const hk_system_host *host)
{
	static const hk_metrics_family uname = {
		.name = "node_uname",
		.help = "What uname(2) says.",
		.kind = HK_METRICS_INFO,
	};
	static const hk_metrics_family os = {
		.name = "node_os",
		.help = "What os-release says.",
		.kind = HK_METRICS_INFO,
	};
	const hk_metrics_label uname_labels[] = {
		{ "machine", host->arch },
		{ "nodename", host->hostname },
		{ "release", host->kernel },
		{ "sysname", "Linux" },
		{ "version", host->kernel_version },
	};
	const hk_metrics_label os_labels[] = {
		{ "id", host->distribution_id },
		{ "pretty_name", host->distribution },
		{ "version_id", host->distribution_version },
	};

	write_one(writer, hki_node_host, &hk_system_host_type, host);
	hk_metrics_begin(writer, &uname);
	hk_metrics_sample(writer, 1, uname_labels, HKI_COUNT(uname_labels));
	hk_metrics_begin(writer, &os);
	if (host->distribution_id != NULL)
		hk_metrics_sample(writer, 1, os_labels, HKI_COUNT(os_labels));
}

/* Modes of a processor, from @first to before @end of the fields of its times. */
static void write_modes(hk_metrics_writer *writer, const hk_system_core *core,
    unsigned int first, unsigned int end, const char *const *modes)
{
	const hk_record_type *type = &hk_system_cpu_times_type;
	char number[HKI_METRICS_SCRATCH];

	(void) snprintf(
	    number, sizeof(number), "%llu", (unsigned long long) core->number);
	for (unsigned int i = first; i < end && i < type->field_count; i++) {
		const hk_metrics_label labels[] = {
			{ "cpu", number },
			{ "mode",
			    modes == NULL ? type->fields[i].name : modes[i - first] },
		};
		double seconds;

		if (hki_record_number(&seconds, type, &core->times_s, i))
			hk_metrics_sample(writer, seconds, labels, HKI_COUNT(labels));
	}
}

static void write_cpu(hk_metrics_writer *writer, const hk_system_cpu *cpu)
{
	static const hk_metrics_family times = {
		.name = "node_cpu_seconds",
		.help = "Time the processor spent in each mode.",
		.kind = HK_METRICS_COUNTER,
	};
	static const hk_metrics_family guests = {
		.name = "node_cpu_guest_seconds",
		.help = "Time the processor spent in guests.",
		.kind = HK_METRICS_COUNTER,
	};
	static const char *const guest_modes[] = { "user", "nice" };
	enum { GUEST = 8, MODES = 10 };
	const hk_system_core *cores = cpu->cpus.items;

	write_one(writer, hki_node_cpu, &hk_system_cpu_type, cpu);
	hk_metrics_begin(writer, &times);
	for (size_t i = 0; i < cpu->cpus.count; i++)
		write_modes(writer, &cores[i], 0, GUEST, NULL);
	hk_metrics_begin(writer, &guests);
	for (size_t i = 0; i < cpu->cpus.count; i++)
		write_modes(writer, &cores[i], GUEST, MODES, guest_modes);
}

/* The kernel counts in pages here. */
static void write_vmstat(hk_metrics_writer *writer, const hk_system_vmstat *vmstat)
{
	const double pages = 1.0 / (double) sysconf(_SC_PAGESIZE);
	const hki_node_row swap[] = {
		{ "node_vmstat_pswpin", HK_METRICS_UNKNOWN, "swapped_in_bytes",
		    "Pages swapped in.", pages },
		{ "node_vmstat_pswpout", HK_METRICS_UNKNOWN, "swapped_out_bytes",
		    "Pages swapped out.", pages },
		{ .name = NULL },
	};

	write_one(writer, hki_node_vmstat, &hk_system_vmstat_type, vmstat);
	write_one(writer, swap, &hk_system_vmstat_type, vmstat);
}

static void write_stall(hk_metrics_writer *writer, const char *name, const char *help,
    const hk_system_stalls *stalls, const char *kind)
{
	const hk_metrics_family family = {
		.name = name, .help = help, .kind = HK_METRICS_COUNTER
	};
	int which = hk_record_find(&hk_system_stalls_type, kind);
	int field = hk_record_find(&hk_system_stall_type, "stalled_s");
	double seconds;

	hk_metrics_begin(writer, &family);
	if (which >= 0 && field >= 0 &&
	    hk_record_has(&stalls->record, (unsigned int) which) &&
	    hki_record_number(&seconds, &hk_system_stall_type,
		hk_record_value(&hk_system_stalls_type, stalls, (unsigned int) which),
		(unsigned int) field))
		hk_metrics_sample(writer, seconds, NULL, 0);
}

static void write_pressure(hk_metrics_writer *writer, const hk_system_pressure *pressure)
{
	write_stall(writer, "node_pressure_cpu_waiting_seconds",
	    "Time in which some tasks waited for a processor.", &pressure->cpu, "some");
	write_stall(writer, "node_pressure_io_waiting_seconds",
	    "Time in which some tasks waited for a disk.", &pressure->io, "some");
	write_stall(writer, "node_pressure_io_stalled_seconds",
	    "Time in which all tasks waited for a disk.", &pressure->io, "full");
	write_stall(writer, "node_pressure_memory_waiting_seconds",
	    "Time in which some tasks waited for memory.", &pressure->memory, "some");
	write_stall(writer, "node_pressure_memory_stalled_seconds",
	    "Time in which all tasks waited for memory.", &pressure->memory, "full");
	write_stall(writer, "node_pressure_irq_stalled_seconds",
	    "Time in which all tasks waited for interrupts.", &pressure->irq, "full");
}

static void write_filesystems(hk_metrics_writer *writer, const hk_system *system)
{
	static const hk_metrics_family failing = {
		.name = "node_filesystem_device_error",
		.help = "Whether the file system does not answer, or with an error.",
		.kind = HK_METRICS_GAUGE,
	};
	size_t count;
	const hk_system_filesystem *all = hk_system_get_filesystems(system, &count);

	write_rows(writer, hki_node_filesystems, &hk_system_filesystem_type, all, count,
	    label_filesystem);
	hki_filesystem_errors_write(writer, &failing, all, count, label_filesystem);
}

static void write_lists(
    hk_metrics_writer *writer, const hk_system *system, uint32_t wanted)
{
	size_t count;

	if (wanted & HK_SYSTEM_FILESYSTEMS)
		write_filesystems(writer, system);
	if (wanted & HK_SYSTEM_DISKS) {
		const hk_system_disk *disks = hk_system_get_disks(system, &count);

		write_rows(writer, hki_node_disks, &hk_system_disk_type, disks, count,
		    label_disk);
	}
	if (wanted & HK_SYSTEM_NETWORKS) {
		const hk_system_network *networks =
		    hk_system_get_networks(system, &count);

		write_rows(writer, hki_node_networks, &hk_system_network_type, networks,
		    count, label_network);
	}
}

void hki_node_exporter_write(
    hk_metrics_writer *writer, const hk_system *system, uint32_t wanted)
{
	if (wanted & HK_SYSTEM_HOST)
		write_host(writer, hk_system_get_host(system));
	if (wanted & HK_SYSTEM_CPU)
		write_cpu(writer, hk_system_get_cpu(system));
	if (wanted & HK_SYSTEM_LOAD)
		write_one(writer, hki_node_load, &hk_system_load_type,
		    hk_system_get_load(system));
	if (wanted & HK_SYSTEM_MEMORY)
		write_one(writer, hki_node_memory, &hk_system_memory_type,
		    hk_system_get_memory(system));
	if (wanted & HK_SYSTEM_VMSTAT)
		write_vmstat(writer, hk_system_get_vmstat(system));
	if (wanted & HK_SYSTEM_PRESSURE)
		write_pressure(writer, hk_system_get_pressure(system));
	if (wanted & HK_SYSTEM_LIMITS)
		write_one(writer, hki_node_limits, &hk_system_limits_type,
		    hk_system_get_limits(system));
	if (wanted & HK_SYSTEM_SOCKETS)
		write_one(writer, hki_node_sockets, &hk_system_sockets_type,
		    hk_system_get_sockets(system));
	write_lists(writer, system, wanted);
}
