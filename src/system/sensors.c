/*
 * Temperatures, fans, voltages, currents and powers of hwmon, and the thermal
 * zones that hwmon does not repeat.  A chip is a directory of files such as
 * temp1_input, in thousandths; which there are differs from chip to chip, so the
 * directory is walked at each sample.
 */
#include "system/sensors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/array.h"

typedef struct sensor {
	hk_system_sensor record;
	char chip[32];
	char label[48];
	uint64_t chip_number;
	unsigned int index;
} sensor;

typedef struct sensors_state {
	hk_system_sensors record;
	sensor *items;
	size_t count;
	size_t capacity;
	hk_system_sensor *records;
	size_t record_capacity;
	hki_batteries batteries;
} sensors_state;

typedef struct sort {
	const char *prefix;
	hk_system_sensor_kind kind;
	double unit; /* what the files count */
	unsigned int field;
	size_t offset;
} sort;

static const sort kinds[] = {
	{ "temp", HK_SYSTEM_SENSOR_TEMPERATURE, 1e-3, sensor_celsius,
	    offsetof(hk_system_sensor, celsius) },
	{ "fan", HK_SYSTEM_SENSOR_FAN, 1, sensor_turns_per_minute,
	    offsetof(hk_system_sensor, turns_per_minute) },
	{ "in", HK_SYSTEM_SENSOR_VOLTAGE, 1e-3, sensor_volts,
	    offsetof(hk_system_sensor, volts) },
	{ "curr", HK_SYSTEM_SENSOR_CURRENT, 1e-3, sensor_amperes,
	    offsetof(hk_system_sensor, amperes) },
	{ "power", HK_SYSTEM_SENSOR_POWER, 1e-6, sensor_watts,
	    offsetof(hk_system_sensor, watts) },
};

typedef struct chip_walk {
	hk_system *system;
	sensors_state *sensors;
	uint64_t number;
	char path[96];
	char name[32];
} chip_walk;

static bool read_signed(const hk_system *system, const char *path, int64_t *out)
{
	char text[64];
	hki_scan line;

	if (hki_file_line(system, path, text, sizeof(text)) < 0)
		return false;
	line = hki_scan_text(text);
	return hki_scan_signed(out, &line);
}

/* One of the files of a sensor, in the unit of its kind. */
static bool read_part(double *out, const chip_walk *walk, const sort *kind,
    unsigned int index, const char *part)
{
	char path[160];
	int64_t value;

	if (hki_path(path, sizeof(path), "%s/%s%u_%s", walk->path, kind->prefix, index,
		part) < 0 ||
	    !read_signed(walk->system, path, &value))
		return false;
	*out = (double) value * kind->unit;
	return true;
}

static void read_label(
    sensor *out, const chip_walk *walk, const sort *kind, unsigned int index)
{
	char path[160];

	if (hki_path(path, sizeof(path), "%s/%s%u_label", walk->path, kind->prefix,
		index) < 0 ||
	    hki_file_line(walk->system, path, out->label, sizeof(out->label)) < 0 ||
	    out->label[0] == '\0')
		(void) snprintf(
		    out->label, sizeof(out->label), "%s%u", kind->prefix, index);
}

/* In the order of chips, kinds and numbers, whatever the order of the directory. */
static bool comes_before(const sensor *a, const sensor *b)
{
	if (a->chip_number != b->chip_number)
		return a->chip_number < b->chip_number;
	if (a->record.kind != b->record.kind)
		return a->record.kind < b->record.kind;
	return a->index < b->index;
}

static int insert(sensors_state *sensors, const sensor *item)
{
	size_t at = sensors->count;
	int r = hki_grow((void **) &sensors->items, &sensors->capacity,
	    sensors->count + 1, sizeof(*sensors->items));

	if (r < 0)
		return r;
	while (at > 0 && comes_before(item, &sensors->items[at - 1])) {
		sensors->items[at] = sensors->items[at - 1];
		at--;
	}
	sensors->items[at] = *item;
	sensors->count++;
	return 0;
}

static int add_sensor(
    chip_walk *walk, const sort *kind, unsigned int index, const char *part)
{
	sensor item = { .chip_number = walk->number, .index = index };
	hk_system_sensor *record = &item.record;
	double value;

	/* A sensor may be there and have nothing to say: then it is absent. */
	if (!read_part(&value, walk, kind, index, part))
		return 0;
	memcpy(item.chip, walk->name, sizeof(item.chip));
	read_label(&item, walk, kind, index);
	HKI_PUT(sensor, record, kind, (int32_t) kind->kind);
	memcpy((char *) record + kind->offset, &value, sizeof(value));
	hk_record_set(&record->record, kind->field);
	if (read_part(&value, walk, kind, index, "min"))
		HKI_PUT(sensor, record, low, value);
	if (read_part(&value, walk, kind, index, "max"))
		HKI_PUT(sensor, record, high, value);
	if (read_part(&value, walk, kind, index, "crit"))
		HKI_PUT(sensor, record, critical, value);
	if (read_part(&value, walk, kind, index, "alarm"))
		HKI_PUT(sensor, record, alarm, value > 0);
	return insert(walk->sensors, &item);
}

/* "temp1_input".  A power that is only known as an average is read as that. */
static int visit_file(const char *name, void *user)
{
	chip_walk *walk = user;

	for (size_t i = 0; i < HKI_COUNT(kinds); i++) {
		hki_scan word = hki_scan_text(name);
		uint64_t index;

		if (!hki_scan_skip(&word, kinds[i].prefix) ||
		    !hki_scan_number(&index, &word) || index > 9999)
			continue;
		if (hki_scan_is(word, "_input"))
			return add_sensor(walk, &kinds[i], (unsigned int) index, "input");
		if (hki_scan_is(word, "_average") &&
		    kinds[i].kind == HK_SYSTEM_SENSOR_POWER)
			return add_sensor(
			    walk, &kinds[i], (unsigned int) index, "average");
		return 0;
	}
	return 0;
}

static int visit_chip(const char *name, void *user)
{
	chip_walk *walk = user;
	hki_scan word = hki_scan_text(name);
	char path[128];
	int r;

	if (!hki_scan_skip(&word, "hwmon") || !hki_scan_number(&walk->number, &word) ||
	    hki_path(walk->path, sizeof(walk->path), "/sys/class/hwmon/%s", name) < 0 ||
	    hki_path(path, sizeof(path), "%s/name", walk->path) < 0)
		return 0;
	if (hki_file_line(walk->system, path, walk->name, sizeof(walk->name)) < 0)
		(void) snprintf(walk->name, sizeof(walk->name), "%.31s", name);
	r = hki_file_each(walk->system, walk->path, visit_file, walk);
	return r == -ENOMEM ? r : 0; /* a chip that went away is no failure */
}

static bool has_chip(const sensors_state *sensors, const char *name)
{
	for (size_t i = 0; i < sensors->count; i++)
		if (strcmp(sensors->items[i].chip, name) == 0)
			return true;
	return false;
}

/* A zone of the same name as a chip is that chip again. */
static int visit_zone(const char *name, void *user)
{
	chip_walk *walk = user;
	hki_scan word = hki_scan_text(name);
	sensor item = { .index = 0 };
	char path[128];
	uint64_t number;
	int64_t value;

	if (!hki_scan_skip(&word, "thermal_zone") || !hki_scan_number(&number, &word) ||
	    hki_path(path, sizeof(path), "/sys/class/thermal/%s/type", name) < 0 ||
	    hki_file_line(walk->system, path, item.chip, sizeof(item.chip)) < 0 ||
	    has_chip(walk->sensors, item.chip) ||
	    hki_path(path, sizeof(path), "/sys/class/thermal/%s/temp", name) < 0 ||
	    !read_signed(walk->system, path, &value))
		return 0;
	item.chip_number = UINT64_C(1) << 32 | number; /* behind the chips */
	(void) snprintf(
	    item.label, sizeof(item.label), "zone%u", (unsigned int) (number & 0xffff));
	HKI_PUT(sensor, &item.record, kind, HK_SYSTEM_SENSOR_TEMPERATURE);
	HKI_PUT(sensor, &item.record, celsius, (double) value / 1e3);
	return insert(walk->sensors, &item);
}

static int fill_records(sensors_state *sensors)
{
	hk_system_sensors *record = &sensors->record;
	int r = hki_grow((void **) &sensors->records, &sensors->record_capacity,
	    sensors->count, sizeof(*sensors->records));

	if (r < 0)
		return r;
	for (size_t i = 0; i < sensors->count; i++) {
		hk_system_sensor *to = &sensors->records[i];

		*to = sensors->items[i].record;
		HKI_PUT(sensor, to, chip, sensors->items[i].chip);
		HKI_PUT(sensor, to, label, sensors->items[i].label);
	}
	record->sensors = (hk_record_list){ sensors->records, sensors->count };
	record->batteries =
	    (hk_record_list){ sensors->batteries.records, sensors->batteries.count };
	return 0;
}

static int sample_sensors(hk_system *system, void *state)
{
	sensors_state *sensors = state;
	chip_walk walk = { .system = system, .sensors = sensors };
	int chips, zones, batteries, r;

	sensors->count = 0;
	chips = hki_file_each(system, "/sys/class/hwmon", visit_chip, &walk);
	zones = hki_file_each(system, "/sys/class/thermal", visit_zone, &walk);
	batteries = hki_batteries_read(&sensors->batteries, system);
	if (chips == -ENOMEM || zones == -ENOMEM || batteries == -ENOMEM)
		return -ENOMEM;
	if ((r = fill_records(sensors)) < 0)
		return r;
	sensors->record.record = (hk_record){ { 0 }, { 0 } };
	if (chips == 0 || zones == 0)
		HKI_MARK(sensors, &sensors->record, sensors);
	if (batteries == 0)
		HKI_MARK(sensors, &sensors->record, batteries);
	return chips < 0 && zones < 0 && batteries < 0 ? chips : 0;
}

static void clear_sensors(void *state)
{
	sensors_state *sensors = state;

	sensors->record = (hk_system_sensors){ .record = { { 0 }, { 0 } } };
	sensors->count = 0;
}

static void deinit_sensors(void *state)
{
	sensors_state *sensors = state;

	hki_free(sensors->items);
	hki_free(sensors->records);
	hki_batteries_deinit(&sensors->batteries);
}

const hki_section hki_section_sensors = {
	.state_bytes = sizeof(sensors_state),
	.sample = sample_sensors,
	.clear = clear_sensors,
	.deinit = deinit_sensors,
};

const hk_system_sensors *hk_system_get_sensors(const hk_system *system)
{
	const sensors_state *state = hki_system_state(system, HKI_SECTION_SENSORS);

	return &state->record;
}
