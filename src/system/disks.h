#ifndef HKI_SYSTEM_DISKS_H
#define HKI_SYSTEM_DISKS_H

#include "system/system_internal.h"

/* The columns of /proc/diskstats behind the name. */
enum {
	HKI_DISK_READS,
	HKI_DISK_READS_MERGED,
	HKI_DISK_READ_SECTORS,
	HKI_DISK_READ_MS,
	HKI_DISK_WRITES,
	HKI_DISK_WRITES_MERGED,
	HKI_DISK_WRITTEN_SECTORS,
	HKI_DISK_WRITE_MS,
	HKI_DISK_IN_FLIGHT,
	HKI_DISK_BUSY_MS,
	HKI_DISK_WEIGHTED_MS,
	HKI_DISK_DISCARDS, /* Linux 4.18 */
	HKI_DISK_DISCARDS_MERGED,
	HKI_DISK_DISCARDED_SECTORS,
	HKI_DISK_DISCARD_MS,
	HKI_DISK_FLUSHES, /* Linux 5.5 */
	HKI_DISK_FLUSH_MS,
	HKI_DISK_COLUMNS
};

/* DISK_NAME_LEN of the kernel. */
#define HKI_DISK_NAME_MAX 32

typedef struct hki_disk_line {
	char name[HKI_DISK_NAME_MAX];
	uint64_t device_major;
	uint64_t device_minor;
	uint32_t present; /* bits of the columns */
	uint64_t columns[HKI_DISK_COLUMNS];
} hki_disk_line;

/* A line of /proc/diskstats.  False when it is none. */
bool hki_disk_line_parse(hki_disk_line *out, hki_scan line);

#endif /* HKI_SYSTEM_DISKS_H */
