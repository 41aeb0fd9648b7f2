#ifndef HKI_SYSTEM_SENSORS_H
#define HKI_SYSTEM_SENSORS_H

#include "system/system_internal.h"

/* ---- batteries.c ---- */

#define HKI_BATTERY_NAME_MAX 64

typedef struct hki_battery {
	hk_system_battery record;
	char name[HKI_BATTERY_NAME_MAX];
	char type[16];
	char status[16];
} hki_battery;

typedef struct hki_batteries {
	hki_battery *items;
	size_t count;
	size_t capacity;
	hk_system_battery *records;
	size_t record_capacity;
} hki_batteries;

/* Everything in /sys/class/power_supply. */
int hki_batteries_read(hki_batteries *out, const hk_system *system);
void hki_batteries_deinit(hki_batteries *batteries);

#endif /* HKI_SYSTEM_SENSORS_H */
