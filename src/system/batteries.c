/*
 * Power supplies.  Some batteries count energy (µWh), others charge (µAh), which
 * is energy at their voltage; and hardly any says how long it lasts, which is
 * what people ask.
 */
#include "system/sensors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"

typedef struct supply_walk {
	const hk_system *system;
	hki_batteries *out;
} supply_walk;

void hki_batteries_deinit(hki_batteries *batteries)
{
	hki_free(batteries->items);
	hki_free(batteries->records);
	*batteries = (hki_batteries){ .items = NULL };
}

static int read_text(const hk_system *system, const hki_battery *battery,
    const char *file, char *out, size_t capacity)
{
	char path[160];
	int r = hki_path(
	    path, sizeof(path), "/sys/class/power_supply/%s/%s", battery->name, file);

	if (r < 0 || (r = hki_file_line(system, path, out, capacity)) < 0)
		return r;
	for (char *c = out; *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char) (*c + 32) : *c;
	return 0;
}

/* In units: the files count millionths. */
static bool read_micro(
    double *out, const hk_system *system, const hki_battery *battery, const char *file)
{
	char text[64];
	hki_scan line;
	int64_t value;

	if (read_text(system, battery, file, text, sizeof(text)) < 0)
		return false;
	line = hki_scan_text(text);
	if (!hki_scan_signed(&value, &line))
		return false;
	/* Some drivers give the current of discharging a sign. */
	*out = (double) (value < 0 ? -value : value) / 1e6;
	return true;
}

/* Watt hours, from energy_@what or from charge_@what. */
static bool read_energy(
    double *out, const hk_system *system, const hki_battery *battery, const char *what)
{
	char file[32];
	double volts;

	(void) snprintf(file, sizeof(file), "energy_%s", what);
	if (read_micro(out, system, battery, file))
		return true;
	(void) snprintf(file, sizeof(file), "charge_%s", what);
	if (!read_micro(out, system, battery, file) ||
	    (!read_micro(&volts, system, battery, "voltage_min_design") &&
		!read_micro(&volts, system, battery, "voltage_now")))
		return false;
	*out *= volts;
	return true;
}

static bool read_power(double *out, const hk_system *system, const hki_battery *battery)
{
	double volts, amperes;

	if (read_micro(out, system, battery, "power_now"))
		return true;
	if (!read_micro(&amperes, system, battery, "current_now") ||
	    !read_micro(&volts, system, battery, "voltage_now"))
		return false;
	*out = amperes * volts;
	return true;
}

static void derive_time(hk_system_battery *record, const char *status)
{
	double energy;

	if (!HKI_HAS(battery, record, power_watts) || !(record->power_watts > 0) ||
	    !HKI_HAS(battery, record, energy_watt_hours))
		return;
	if (strcmp(status, "discharging") == 0)
		energy = record->energy_watt_hours;
	else if (strcmp(status, "charging") == 0 &&
		 HKI_HAS(battery, record, energy_full_watt_hours))
		energy = record->energy_full_watt_hours - record->energy_watt_hours;
	else
		return;
	if (energy >= 0)
		HKI_PUT(
		    battery, record, time_left_s, energy / record->power_watts * 3600);
}

static void read_energies(
    hk_system_battery *record, const hk_system *system, const hki_battery *battery)
{
	double value;

	if (read_energy(&value, system, battery, "now"))
		HKI_PUT(battery, record, energy_watt_hours, value);
	if (read_energy(&value, system, battery, "full"))
		HKI_PUT(battery, record, energy_full_watt_hours, value);
	if (HKI_HAS(battery, record, energy_full_watt_hours) &&
	    read_energy(&value, system, battery, "full_design") && value > 0)
		HKI_PUT(battery, record, health_percent,
		    100 * record->energy_full_watt_hours / value);
	if (read_power(&value, system, battery))
		HKI_PUT(battery, record, power_watts, value);
	if (read_micro(&value, system, battery, "voltage_now"))
		HKI_PUT(battery, record, volts, value);
}

static void read_supply(hki_battery *battery, const hk_system *system)
{
	hk_system_battery *record = &battery->record;
	char text[64];
	hki_scan line;
	uint64_t value;

	if (read_text(system, battery, "online", text, sizeof(text)) == 0)
		HKI_PUT(battery, record, online, strcmp(text, "0") != 0);
	if (read_text(system, battery, "capacity", text, sizeof(text)) == 0) {
		line = hki_scan_text(text);
		if (hki_scan_number(&value, &line) && value <= 100)
			HKI_PUT(battery, record, charge_percent, (double) value);
	}
	if (read_text(system, battery, "cycle_count", text, sizeof(text)) == 0) {
		line = hki_scan_text(text);
		if (hki_scan_number(&value, &line) && value > 0)
			HKI_PUT(battery, record, cycles, value);
	}
	read_energies(record, system, battery);
	derive_time(record, battery->status);
}

static int visit_supply(const char *name, void *user)
{
	supply_walk *walk = user;
	hki_batteries *out = walk->out;
	hki_battery *battery;
	int r = hki_grow(
	    (void **) &out->items, &out->capacity, out->count + 1, sizeof(*out->items));

	if (r < 0)
		return r;
	if (strlen(name) >= HKI_BATTERY_NAME_MAX)
		return 0;
	battery = &out->items[out->count];
	*battery = (hki_battery){ .name = "" };
	memcpy(battery->name, name, strlen(name) + 1);
	if (read_text(
		walk->system, battery, "type", battery->type, sizeof(battery->type)) < 0)
		return 0; /* unplugged meanwhile */
	if (read_text(walk->system, battery, "status", battery->status,
		sizeof(battery->status)) < 0)
		battery->status[0] = '\0';
	read_supply(battery, walk->system);
	out->count++;
	return 0;
}

int hki_batteries_read(hki_batteries *out, const hk_system *system)
{
	supply_walk walk = { system, out };
	int r;

	out->count = 0;
	r = hki_file_each(system, "/sys/class/power_supply", visit_supply, &walk);
	if (r < 0)
		return r;
	r = hki_grow((void **) &out->records, &out->record_capacity, out->count,
	    sizeof(*out->records));
	if (r < 0)
		return r;
	for (size_t i = 0; i < out->count; i++) {
		hk_system_battery *record = &out->records[i];

		*record = out->items[i].record;
		HKI_PUT(battery, record, name, out->items[i].name);
		HKI_PUT(battery, record, type, out->items[i].type);
		if (out->items[i].status[0] != '\0')
			HKI_PUT(battery, record, status, out->items[i].status);
	}
	return 0;
}
