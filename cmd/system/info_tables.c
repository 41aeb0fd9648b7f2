/*
 * Sections that are lists, as tables.  Addresses of an interface have no place in
 * a table of interfaces, so its rows here carry them as text.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "../exit.h"
#include "../output/fail.h"
#include "../output/table.h"
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "info.h"

static int print_table(const cmd_call *call, const char *columns,
    const hk_record_type *type, const void *records, size_t count)
{
	return cmd_table_print(&call->output, stdout,
	    &(cmd_table_opts){ .columns = columns }, type, records, count);
}

int info_table_filesystems(
    const cmd_call *call, const hk_system *system, const char *columns)
{
	size_t count;
	const hk_system_filesystem *records = hk_system_get_filesystems(system, &count);

	for (size_t i = 0; i < count; i++)
		if (records[i].state != HK_SYSTEM_FILESYSTEM_OK)
			columns = "mount,state,error,total_bytes,used_bytes,"
				  "available_bytes,used_percent,type,device";
	return print_table(call, columns, &hk_system_filesystem_type, records, count);
}

int info_print_filesystems(const cmd_call *call, const hk_system *system)
{
	return info_table_filesystems(call, system,
	    "mount,type,total_bytes,used_bytes,available_bytes,used_percent,"
	    "files_used_percent,device");
}

/* Loop devices that nothing was ever read from are only there to be there. */
static bool is_idle(const hk_system_disk *disk)
{
	return disk->kind == HK_SYSTEM_DISK_VIRTUAL && disk->reads == 0 &&
	       disk->writes == 0;
}

int info_table_disks(const cmd_call *call, const hk_system *system, const char *columns)
{
	size_t count;
	size_t shown = 0;
	const hk_system_disk *records = hk_system_get_disks(system, &count);
	hki_cleanup(hki_freep) hk_system_disk *busy =
	    hki_alloc_array(count + 1, sizeof(*busy));

	if (busy == NULL)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot put the table together");
	for (size_t i = 0; i < count; i++)
		if (!is_idle(&records[i]))
			busy[shown++] = records[i];
	return print_table(call, columns, &hk_system_disk_type, busy, shown);
}

int info_print_disks(const cmd_call *call, const hk_system *system)
{
	return info_table_disks(call, system,
	    "name,kind,size_bytes,read_bytes_per_s,written_bytes_per_s,reads_per_s,"
	    "writes_per_s,busy_percent,read_bytes,written_bytes");
}

/* ---- networks ---- */

typedef struct network_row {
	hk_record record;
	const char *name;
	const char *state;
	const char *mac;
	hk_record_strings addresses;
	double receive_bytes_per_s;
	double transmit_bytes_per_s;
	uint64_t receive_bytes;
	uint64_t transmit_bytes;
} network_row;

enum {
	ROW_NAME,
	ROW_STATE,
	ROW_ADDRESSES,
	ROW_RECEIVE_RATE,
	ROW_TRANSMIT_RATE,
	ROW_RECEIVED,
	ROW_TRANSMITTED,
	ROW_MAC
};

/* clang-format off */
#define AT(member) .offset = offsetof(network_row, member)
static const hk_record_field network_fields[] = {
	[ROW_NAME] = { .name = "name", .title = "NETWORK", .kind = HK_RECORD_STRING, AT(name) },
	[ROW_STATE] = { .name = "state", .kind = HK_RECORD_STRING, .priority = 3, AT(state) },
	[ROW_ADDRESSES] = { .name = "addresses", .kind = HK_RECORD_STRINGS, .priority = 2, AT(addresses) },
	[ROW_RECEIVE_RATE] = { .name = "receive_bytes_per_s", .title = "RECEIVED/S",
	    .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_BYTES, .priority = 1, AT(receive_bytes_per_s) },
	[ROW_TRANSMIT_RATE] = { .name = "transmit_bytes_per_s", .title = "SENT/S",
	    .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_BYTES, .priority = 1, AT(transmit_bytes_per_s) },
	[ROW_RECEIVED] = { .name = "receive_bytes", .title = "RECEIVED",
	    .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES, .priority = 4, AT(receive_bytes) },
	[ROW_TRANSMITTED] = { .name = "transmit_bytes", .title = "SENT",
	    .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES, .priority = 4, AT(transmit_bytes) },
	[ROW_MAC] = { .name = "mac", .kind = HK_RECORD_STRING, .priority = 5, AT(mac) },
};
#undef AT
/* clang-format on */

static const hk_record_type network_type = {
	.name = "network",
	.fields = network_fields,
	.field_count = HKI_COUNT(network_fields),
	.struct_size = sizeof(network_row),
};

/* "192.0.2.1/24 2001:db8::1/64"; @texts has room for all of them. */
static void fill_addresses(network_row *row, const hk_system_network *network,
    const char **texts, char (*room)[64])
{
	const hk_system_address *addresses = network->addresses.items;

	for (size_t i = 0; i < network->addresses.count; i++) {
		(void) snprintf(room[i], sizeof(room[i]), "%s/%llu", addresses[i].address,
		    (unsigned long long) addresses[i].prefix);
		texts[i] = room[i];
	}
	row->addresses = (hk_record_strings){ texts, network->addresses.count };
	hk_record_set(&row->record, ROW_ADDRESSES);
}

static void fill_network(network_row *row, const hk_system_network *network)
{
	*row = (network_row){ .name = network->name };
	hk_record_set(&row->record, ROW_NAME);
#define TAKE(index, member)                                                              \
	do {                                                                             \
		row->member = network->member;                                           \
		if (INFO_HAS(network, network, member))                                  \
			hk_record_set(&row->record, index);                              \
	} while (0)
	TAKE(ROW_STATE, state);
	TAKE(ROW_MAC, mac);
	TAKE(ROW_RECEIVE_RATE, receive_bytes_per_s);
	TAKE(ROW_TRANSMIT_RATE, transmit_bytes_per_s);
	TAKE(ROW_RECEIVED, receive_bytes);
	TAKE(ROW_TRANSMITTED, transmit_bytes);
#undef TAKE
}

int info_table_networks(
    const cmd_call *call, const hk_system *system, const char *columns)
{
	size_t count;
	size_t address_count = 0;
	const hk_system_network *networks = hk_system_get_networks(system, &count);
	hki_cleanup(hki_freep) network_row *rows =
	    hki_alloc_array(count + 1, sizeof(*rows));
	hki_cleanup(hki_freep) const char **texts = NULL;
	hki_cleanup(hki_freep) char(*room)[64] = NULL;

	for (size_t i = 0; i < count; i++)
		address_count += networks[i].addresses.count;
	texts = hki_alloc_array(address_count + 1, sizeof(*texts));
	room = hki_alloc_array(address_count + 1, sizeof(*room));
	if (rows == NULL || texts == NULL || room == NULL)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot put the table together");
	address_count = 0;
	for (size_t i = 0; i < count; i++) {
		fill_network(&rows[i], &networks[i]);
		fill_addresses(
		    &rows[i], &networks[i], texts + address_count, room + address_count);
		address_count += networks[i].addresses.count;
	}
	return print_table(call, columns, &network_type, rows, count);
}

int info_print_networks(const cmd_call *call, const hk_system *system)
{
	return info_table_networks(call, system, NULL);
}

/* ---- the others ---- */

int info_print_sensors(const cmd_call *call, const hk_system *system)
{
	const hk_system_sensors *sensors = hk_system_get_sensors(system);
	int r;

	if (sensors->sensors.count == 0 && sensors->batteries.count == 0) {
		printf("this machine tells of no sensors and no power supplies\n");
		return 0;
	}
	r = sensors->sensors.count == 0
		? 0
		: print_table(call,
		      "chip,label,celsius,turns_per_minute,volts,amperes,watts,high,"
		      "critical,alarm",
		      &hk_system_sensor_type, sensors->sensors.items,
		      sensors->sensors.count);
	if (r != 0 || sensors->batteries.count == 0)
		return r;
	if (sensors->sensors.count > 0)
		printf("\n");
	return print_table(call, NULL, &hk_system_battery_type, sensors->batteries.items,
	    sensors->batteries.count);
}

int info_print_sessions(const cmd_call *call, const hk_system *system)
{
	size_t count;
	const hk_system_session *sessions = hk_system_get_sessions(system, &count);

	if (count == 0) {
		printf("nobody is logged in\n");
		return 0;
	}
	return print_table(call, "user,terminal,host,login_time_s,type,state,pid,id",
	    &hk_system_session_type, sessions, count);
}
