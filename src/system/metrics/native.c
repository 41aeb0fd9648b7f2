/*
 * The machine under our own names: those of the records, and so those of the
 * command's JSON, with the units and endings that Prometheus wants.  `hostkit
 * metrics | promtool check metrics` has nothing to say about them.
 */
#include <stdio.h>
#include <string.h>
#include "base/array.h"
#include "system/metrics/exporter.h"
#include "system/metrics/record_metrics.h"

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- labels ---- */

static bool label_core(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	const hk_system_core *core = (const hk_system_core *) items + index;

	(void) count;
	(void) snprintf(out->scratch, sizeof(out->scratch), "%llu",
	    (unsigned long long) core->number);
	hki_metrics_label(out, "cpu", out->scratch);
	return true;
}

static bool label_filesystem(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	const hk_system_filesystem *all = items, *one = &all[index];

	if (hki_filesystem_is_covered(all, count, index))
		return false;
	hki_metrics_label(out, "device", one->device);
	hki_metrics_label(out, "mount", one->mount);
	hki_metrics_label(out, "type", one->type);
	return true;
}

static bool label_disk(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	(void) count;
	hki_metrics_label(out, "disk", ((const hk_system_disk *) items)[index].name);
	return true;
}

static bool label_network(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	(void) count;
	hki_metrics_label(
	    out, "network", ((const hk_system_network *) items)[index].name);
	return true;
}

static bool label_battery(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	(void) count;
	hki_metrics_label(out, "supply", ((const hk_system_battery *) items)[index].name);
	return true;
}

static bool is_same(const char *one, const char *other)
{
	return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

/* Two chips of a kind call their sensors the same: the later ones get a number. */
static bool label_sensor(
    hki_metrics_labels *out, const void *items, size_t count, size_t index)
{
	const hk_system_sensor *all = items, *one = &all[index];
	unsigned int number = 1;

	(void) count;
	for (size_t i = 0; i < index; i++)
		number += all[i].kind == one->kind && is_same(all[i].chip, one->chip) &&
			  is_same(all[i].label, one->label);
	hki_metrics_label(out, "chip", one->chip);
	hki_metrics_label(out, "sensor", one->label);
	if (number > 1) {
		(void) snprintf(out->scratch, sizeof(out->scratch), "%u", number);
		hki_metrics_label(out, "number", out->scratch);
	}
	return true;
}

/* ---- sections that are one record ---- */

static void write_host(hk_metrics_writer *writer, const hk_system_host *host)
{
	static const hk_metrics_family info = {
		.name = "hostkit_host",
		.help = "What this machine is.",
		.kind = HK_METRICS_INFO,
	};
	const hk_metrics_label labels[] = {
		{ "hostname", host->hostname },
		{ "arch", host->arch },
		{ "kernel", host->kernel },
		{ "distribution", host->distribution_id },
		{ "distribution_version", host->distribution_version },
		{ "virtualisation", host->virtualisation },
		{ "container", host->container },
		{ "boot_id", host->boot_id },
	};
	const hki_record_metrics numbers = {
		.type = &hk_system_host_type,
		.prefix = "hostkit",
	};

	hk_metrics_begin(writer, &info);
	hk_metrics_sample(writer, 1, labels, HKI_COUNT(labels));
	hki_record_metrics_write(writer, &numbers, host, 1);
}

/* One counter for every processor and mode, of which the first eight are all its time. */
static void write_cpu_times(hk_metrics_writer *writer, const hk_system_core *cores,
    size_t count, const hk_metrics_family *family, size_t first, size_t end)
{
	const hk_record_type *type = &hk_system_cpu_times_type;

	hk_metrics_begin(writer, family);
	for (size_t i = 0; i < count; i++) {
		hki_metrics_labels labels = { .count = 0 };

		(void) label_core(&labels, cores, count, i);
		for (size_t mode = first; mode < end && mode < type->field_count;
		     mode++) {
			double seconds;

			if (!hki_record_number(
				&seconds, type, &cores[i].times_s, (unsigned int) mode))
				continue;
			labels.count = 1;
			hki_metrics_label(&labels, "mode", type->fields[mode].name);
			hk_metrics_sample(writer, seconds, labels.labels, labels.count);
		}
	}
}

static void write_cpu(hk_metrics_writer *writer, const hk_system_cpu *cpu)
{
	static const hk_metrics_family times = {
		.name = "hostkit_cpu_seconds",
		.unit = "seconds",
		.help = "Time the processor spent in each mode, that of guests in user "
			"and nice.",
		.kind = HK_METRICS_COUNTER,
	};
	static const hk_metrics_family guests = {
		.name = "hostkit_cpu_guest_seconds",
		.unit = "seconds",
		.help =
		    "Time the processor spent in guests, counted in user and nice too.",
		.kind = HK_METRICS_COUNTER,
	};
	enum { GUEST = 8, MODES = 10 };
	const hki_record_metrics numbers = {
		.type = &hk_system_cpu_type,
		.prefix = "hostkit_cpu",
		.counters =
		    NAMES("context_switches", "interrupts", "soft_interrupts", "forks"),
		.left_out =
		    NAMES("frequency_hz", "frequency_minimum_hz", "frequency_maximum_hz"),
	};
	const hki_record_metrics each = {
		.type = &hk_system_core_type,
		.prefix = "hostkit_cpu",
		.left_out = NAMES("number", "online", "core", "socket", "node"),
		.label = label_core,
	};
	const hk_system_core *cores = cpu->cpus.items;

	hki_record_metrics_write(writer, &numbers, cpu, 1);
	hki_record_metrics_write(writer, &each, cores, cpu->cpus.count);
	write_cpu_times(writer, cores, cpu->cpus.count, &times, 0, GUEST);
	write_cpu_times(writer, cores, cpu->cpus.count, &guests, GUEST, MODES);
}

static void write_pressure(hk_metrics_writer *writer, const hk_system_pressure *pressure)
{
	static const hk_metrics_family stalled = {
		.name = "hostkit_pressure_stalled_seconds",
		.unit = "seconds",
		.help =
		    "Time in which some, or all (full), tasks waited for the resource.",
		.kind = HK_METRICS_COUNTER,
	};
	const hk_record_type *resources = &hk_system_pressure_type;
	const hk_record_type *kinds = &hk_system_stalls_type;
	int field = hk_record_find(&hk_system_stall_type, "stalled_s");

	hk_metrics_begin(writer, &stalled);
	for (unsigned int i = 0; field >= 0 && i < resources->field_count; i++) {
		const void *stalls = hk_record_value(resources, pressure, i);

		for (unsigned int j = 0; j < kinds->field_count; j++) {
			const hk_metrics_label labels[] = {
				{ "resource", resources->fields[i].name },
				{ "kind", kinds->fields[j].name },
			};
			double seconds;

			if (hk_record_has(&pressure->record, i) &&
			    hk_record_has(stalls, j) &&
			    hki_record_number(&seconds, &hk_system_stall_type,
				hk_record_value(kinds, stalls, j), (unsigned int) field))
				hk_metrics_sample(
				    writer, seconds, labels, HKI_COUNT(labels));
		}
	}
}

static void write_limits(hk_metrics_writer *writer, const hk_system_limits *limits)
{
	const hki_record_metrics numbers = {
		.type = &hk_system_limits_type,
		.prefix = "hostkit_limits",
		.counters = NAMES("cpu_used_s", "cpu_periods", "cpu_throttled_periods",
		    "cpu_throttled_s", "memory_oom_kills", "memory_limit_hits",
		    "memory_high_hits"),
		.left_out = NAMES("entropy_bits"), /* always 256 by now */
	};
	const hki_record_metrics budget = {
		.type = &hk_system_budget_type,
		.prefix = "hostkit_limits_cpu",
	};

	hki_record_metrics_write(writer, &numbers, limits, 1);
	hki_record_metrics_write(writer, &budget, &limits->cpu, 1);
}

static void write_sockets(hk_metrics_writer *writer, const hk_system_sockets *sockets)
{
	const hki_record_metrics numbers = {
		.type = &hk_system_sockets_type,
		.prefix = "hostkit_sockets",
		.counters = NAMES("tcp_opened", "tcp_accepted", "tcp_failed", "tcp_reset",
		    "tcp_segments_received", "tcp_segments_sent",
		    "tcp_segments_retransmitted", "tcp_errors", "listen_overflows",
		    "listen_drops", "udp_received", "udp_sent", "udp_no_port",
		    "udp_errors", "udp_receive_buffer_errors", "ip_received", "ip_sent",
		    "ip_forwarded", "ip_discarded"),
	};

	hki_record_metrics_write(writer, &numbers, sockets, 1);
}

static void write_memory(
    hk_metrics_writer *writer, const hk_system *system, uint32_t wanted)
{
	const hki_record_metrics memory = {
		.type = &hk_system_memory_type,
		.prefix = "hostkit_memory",
	};
	const hki_record_metrics vmstat = {
		.type = &hk_system_vmstat_type,
		.prefix = "hostkit_vmstat",
		.counters = NAMES("page_faults", "major_page_faults", "paged_in_bytes",
		    "paged_out_bytes", "swapped_in_bytes", "swapped_out_bytes",
		    "oom_kills", "pages_scanned", "pages_reclaimed", "allocation_stalls",
		    "refaults"),
		.left_out = NAMES("new_oom_kills"),
	};

	if (wanted & HK_SYSTEM_MEMORY)
		hki_record_metrics_write(
		    writer, &memory, hk_system_get_memory(system), 1);
	if (wanted & HK_SYSTEM_VMSTAT)
		hki_record_metrics_write(
		    writer, &vmstat, hk_system_get_vmstat(system), 1);
}

/* ---- sections that are lists ---- */

static void write_filesystems(hk_metrics_writer *writer, const hk_system *system)
{
	static const hk_metrics_family failing = {
		.name = "hostkit_filesystem_device_error",
		.help = "Whether the file system does not answer, or with an error.",
		.kind = HK_METRICS_GAUGE,
	};
	const hki_record_metrics numbers = {
		.type = &hk_system_filesystem_type,
		.prefix = "hostkit_filesystem",
		.left_out = NAMES("age_s"),
		.label = label_filesystem,
	};
	size_t count;
	const hk_system_filesystem *all = hk_system_get_filesystems(system, &count);

	hki_record_metrics_write(writer, &numbers, all, count);
	hki_filesystem_errors_write(writer, &failing, all, count, label_filesystem);
}

static void write_disks(hk_metrics_writer *writer, const hk_system *system)
{
	const hki_record_metrics numbers = {
		.type = &hk_system_disk_type,
		.prefix = "hostkit_disk",
		.counters = NAMES("reads", "read_bytes", "reads_merged", "read_time_s",
		    "writes", "written_bytes", "writes_merged", "write_time_s",
		    "busy_time_s", "weighted_time_s", "discards", "discards_merged",
		    "discarded_bytes", "discard_time_s", "flushes", "flush_time_s"),
		.left_out = NAMES("read_wait_s", "write_wait_s", "queue_depth"),
		.label = label_disk,
	};
	size_t count;
	const hk_system_disk *all = hk_system_get_disks(system, &count);

	hki_record_metrics_write(writer, &numbers, all, count);
}

static void write_networks(hk_metrics_writer *writer, const hk_system *system)
{
	const hki_record_metrics numbers = {
		.type = &hk_system_network_type,
		.prefix = "hostkit_network",
		.counters = NAMES("carrier_changes", "receive_bytes", "receive_packets",
		    "receive_errors", "receive_dropped", "receive_missed",
		    "receive_multicast", "transmit_bytes", "transmit_packets",
		    "transmit_errors", "transmit_dropped", "collisions"),
		.label = label_network,
	};
	size_t count;
	const hk_system_network *all = hk_system_get_networks(system, &count);

	hki_record_metrics_write(writer, &numbers, all, count);
}

static void write_sensors(hk_metrics_writer *writer, const hk_system_sensors *sensors)
{
	const hki_record_metrics chips = {
		.type = &hk_system_sensor_type,
		.prefix = "hostkit_sensor",
		.left_out = NAMES("low", "high", "critical"), /* in one unit or another */
		.label = label_sensor,
	};
	const hki_record_metrics supplies = {
		.type = &hk_system_battery_type,
		.prefix = "hostkit_power_supply",
		.counters = NAMES("cycles"),
		.label = label_battery,
	};

	hki_record_metrics_write(
	    writer, &chips, sensors->sensors.items, sensors->sensors.count);
	hki_record_metrics_write(
	    writer, &supplies, sensors->batteries.items, sensors->batteries.count);
}

static void write_lists(
    hk_metrics_writer *writer, const hk_system *system, uint32_t wanted)
{
	if (wanted & HK_SYSTEM_FILESYSTEMS)
		write_filesystems(writer, system);
	if (wanted & HK_SYSTEM_DISKS)
		write_disks(writer, system);
	if (wanted & HK_SYSTEM_NETWORKS)
		write_networks(writer, system);
	if (wanted & HK_SYSTEM_SENSORS)
		write_sensors(writer, hk_system_get_sensors(system));
}

void hki_native_write(hk_metrics_writer *writer, const hk_system *system, uint32_t wanted)
{
	const hki_record_metrics load = {
		.type = &hk_system_load_type,
		.prefix = "hostkit",
		.left_out = NAMES("last_pid"),
	};

	if (wanted & HK_SYSTEM_HOST)
		write_host(writer, hk_system_get_host(system));
	if (wanted & HK_SYSTEM_CPU)
		write_cpu(writer, hk_system_get_cpu(system));
	if (wanted & HK_SYSTEM_LOAD)
		hki_record_metrics_write(writer, &load, hk_system_get_load(system), 1);
	write_memory(writer, system, wanted);
	if (wanted & HK_SYSTEM_PRESSURE)
		write_pressure(writer, hk_system_get_pressure(system));
	if (wanted & HK_SYSTEM_LIMITS)
		write_limits(writer, hk_system_get_limits(system));
	if (wanted & HK_SYSTEM_SOCKETS)
		write_sockets(writer, hk_system_get_sockets(system));
	write_lists(writer, system, wanted);
}
