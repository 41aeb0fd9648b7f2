/*
 * The sections as JSON.  A section that could not be read is left out here; the
 * document names it, with the reason, where it ends.
 */
#include <hostkit/system_process.h>
#include "info.h"

static void write_one(hk_json_writer *writer, const char *key, const hk_record_type *type,
    const void *record)
{
	hk_json_write_key(writer, key);
	hk_record_write(writer, type, record);
}

static void write_list(hk_json_writer *writer, const char *key,
    const hk_record_type *type, const void *records, size_t count)
{
	hk_json_write_key(writer, key);
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < count; i++)
		hk_record_write(
		    writer, type, (const char *) records + i * type->struct_size);
	hk_json_write_array_end(writer);
}

void info_write_host(hk_json_writer *writer, const hk_system *system)
{
	write_one(writer, "host", &hk_system_host_type, hk_system_get_host(system));
}

/* With the averages of load as the list that everybody knows them by. */
void info_write_cpu(hk_json_writer *writer, const hk_system *system)
{
	const hk_system_load *load = hk_system_get_load(system);

	hk_json_write_key(writer, "cpu");
	hk_json_write_object_begin(writer);
	if (INFO_HAS(load, load, load_15)) {
		hk_json_write_key(writer, "load");
		hk_json_write_array_begin(writer);
		hk_json_write_decimal(writer, load->load_1, 2);
		hk_json_write_decimal(writer, load->load_5, 2);
		hk_json_write_decimal(writer, load->load_15, 2);
		hk_json_write_array_end(writer);
	}
	if (INFO_HAS(load, load, tasks)) {
		hk_json_write_key(writer, "tasks");
		hk_json_write_uint64(writer, load->tasks);
	}
	hk_record_write_members(writer, &hk_system_cpu_type, hk_system_get_cpu(system));
	hk_json_write_object_end(writer);
}

void info_write_memory(hk_json_writer *writer, const hk_system *system)
{
	write_one(writer, "memory", &hk_system_memory_type, hk_system_get_memory(system));
}

void info_write_vmstat(hk_json_writer *writer, const hk_system *system)
{
	write_one(writer, "vmstat", &hk_system_vmstat_type, hk_system_get_vmstat(system));
}

void info_write_pressure(hk_json_writer *writer, const hk_system *system)
{
	write_one(
	    writer, "pressure", &hk_system_pressure_type, hk_system_get_pressure(system));
}

void info_write_limits(hk_json_writer *writer, const hk_system *system)
{
	write_one(writer, "limits", &hk_system_limits_type, hk_system_get_limits(system));
}

void info_write_filesystems(hk_json_writer *writer, const hk_system *system)
{
	size_t count;
	const void *records = hk_system_get_filesystems(system, &count);

	write_list(writer, "filesystems", &hk_system_filesystem_type, records, count);
}

void info_write_disks(hk_json_writer *writer, const hk_system *system)
{
	size_t count;
	const void *records = hk_system_get_disks(system, &count);

	write_list(writer, "disks", &hk_system_disk_type, records, count);
}

void info_write_networks(hk_json_writer *writer, const hk_system *system)
{
	size_t count;
	const void *records = hk_system_get_networks(system, &count);

	write_list(writer, "networks", &hk_system_network_type, records, count);
}

void info_write_sockets(hk_json_writer *writer, const hk_system *system)
{
	write_one(
	    writer, "sockets", &hk_system_sockets_type, hk_system_get_sockets(system));
}

void info_write_sensors(hk_json_writer *writer, const hk_system *system)
{
	write_one(
	    writer, "sensors", &hk_system_sensors_type, hk_system_get_sensors(system));
}

void info_write_sessions(hk_json_writer *writer, const hk_system *system)
{
	size_t count;
	const void *records = hk_system_get_sessions(system, &count);

	write_list(writer, "sessions", &hk_system_session_type, records, count);
}

void info_write_self(hk_json_writer *writer, const hk_system *system)
{
	hk_system_self_info self;

	(void) system;
	if (hk_system_self(&self) == 0)
		write_one(writer, "self", &hk_system_self_type, &self);
}
