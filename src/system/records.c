/*
 * The public tables of the host's records, made from the rows of record_fields.h.
 */
#include <hostkit/system_records.h>

#include <stddef.h>
#include "base/array.h"
#include "system/record_fields.h"

static const char *const hki_cgroups_names[] = { "none", "v1", "v2", "hybrid", NULL };
static const char *const hki_filesystem_state_names[] = { "ok", "stale", "error", NULL };
static const char *const hki_disk_kind_names[] = { "whole", "partition", "virtual",
	NULL };
static const char *const hki_family_names[] = { "ipv4", "ipv6", NULL };
static const char *const hki_sensor_kind_names[] = { "temperature", "fan", "voltage",
	"current", "power", NULL };

/* clang-format off */
#define FIELD_ROW(type, member, kind_, unit_, decimals_, priority_, title_, help_) \
	{ .name = #member, .title = title_, .help = help_, .kind = HK_RECORD_##kind_, \
	  .unit = HK_UNIT_##unit_, .priority = priority_, .decimals = decimals_, \
	  .offset = offsetof(hk_system_##type, member) },
#define LINKED_ROW(type, member, kind_, unit_, decimals_, priority_, title_, help_, link) \
	{ .name = #member, .title = title_, .help = help_, .kind = HK_RECORD_##kind_, \
	  .unit = HK_UNIT_##unit_, .priority = priority_, .decimals = decimals_, \
	  .offset = offsetof(hk_system_##type, member), link },
#define RECORD_TYPE(type) \
	const hk_record_type hk_system_##type##_type = { .name = #type, \
		.fields = type##_fields, .field_count = HKI_COUNT(type##_fields), \
		.struct_size = sizeof(hk_system_##type) }

static const hk_record_field user_fields[] = { HKI_USER_FIELDS(FIELD_ROW) };
static const hk_record_field host_fields[] = { HKI_HOST_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field cpu_times_fields[] = { HKI_CPU_TIMES_FIELDS(FIELD_ROW) };
static const hk_record_field cpu_shares_fields[] = { HKI_CPU_SHARES_FIELDS(FIELD_ROW) };
static const hk_record_field core_fields[] = { HKI_CORE_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field cache_fields[] = { HKI_CACHE_FIELDS(FIELD_ROW) };
static const hk_record_field cpu_fields[] = { HKI_CPU_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field load_fields[] = { HKI_LOAD_FIELDS(FIELD_ROW) };
static const hk_record_field budget_fields[] = { HKI_BUDGET_FIELDS(FIELD_ROW) };
static const hk_record_field memory_fields[] = { HKI_MEMORY_FIELDS(FIELD_ROW) };
static const hk_record_field vmstat_fields[] = { HKI_VMSTAT_FIELDS(FIELD_ROW) };
static const hk_record_field stall_fields[] = { HKI_STALL_FIELDS(FIELD_ROW) };
static const hk_record_field stalls_fields[] = { HKI_STALLS_FIELDS(LINKED_ROW) };
static const hk_record_field pressure_fields[] = { HKI_PRESSURE_FIELDS(LINKED_ROW) };
static const hk_record_field limits_fields[] = { HKI_LIMITS_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field filesystem_fields[] = { HKI_FILESYSTEM_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field disk_fields[] = { HKI_DISK_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field address_fields[] = { HKI_ADDRESS_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field network_fields[] = { HKI_NETWORK_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field sockets_fields[] = { HKI_SOCKETS_FIELDS(FIELD_ROW) };
static const hk_record_field sensor_fields[] = { HKI_SENSOR_FIELDS(FIELD_ROW, LINKED_ROW) };
static const hk_record_field battery_fields[] = { HKI_BATTERY_FIELDS(FIELD_ROW) };
static const hk_record_field sensors_fields[] = { HKI_SENSORS_FIELDS(LINKED_ROW) };
static const hk_record_field session_fields[] = { HKI_SESSION_FIELDS(FIELD_ROW) };
/* clang-format on */

RECORD_TYPE(user);
RECORD_TYPE(host);
RECORD_TYPE(cpu_times);
RECORD_TYPE(cpu_shares);
RECORD_TYPE(core);
RECORD_TYPE(cache);
RECORD_TYPE(cpu);
RECORD_TYPE(load);
RECORD_TYPE(budget);
RECORD_TYPE(memory);
RECORD_TYPE(vmstat);
RECORD_TYPE(stall);
RECORD_TYPE(stalls);
RECORD_TYPE(pressure);
RECORD_TYPE(limits);
RECORD_TYPE(filesystem);
RECORD_TYPE(disk);
RECORD_TYPE(address);
RECORD_TYPE(network);
RECORD_TYPE(sockets);
RECORD_TYPE(sensor);
RECORD_TYPE(battery);
RECORD_TYPE(sensors);
RECORD_TYPE(session);
