/*
 * /proc/diskstats.
 *
 * Sectors have 512 bytes whatever the disk's own are.  Milliseconds are kept in 32
 * bits by the kernel and run over after 49.7 days, so they are continued here.  A
 * device that was made anew under an old name has counters that went back; those
 * are a new beginning, not a rate of 2^64.
 *
 * Partitions and what is made of other disks (dm, md, loop) count the same bytes
 * again: the kind says who may be added up.
 */
#include "system/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/clock.h"

#define SECTOR_BYTES 512U
/* A disk may be enlarged while it is used: look again now and then. */
#define DESCRIBE_NS (30 * HKI_NS_PER_S)

/* Columns that the kernel keeps in 32 bits. */
#define COLUMNS_32                                                                       \
	(1U << HKI_DISK_READ_MS | 1U << HKI_DISK_WRITE_MS | 1U << HKI_DISK_BUSY_MS |     \
	    1U << HKI_DISK_WEIGHTED_MS | 1U << HKI_DISK_DISCARD_MS |                     \
	    1U << HKI_DISK_FLUSH_MS)

typedef struct entry {
	hki_disk_line line;
	char model[64];
	int32_t kind;
	uint64_t size_bytes;
	uint64_t described_ns;
	bool has_size;
	bool flags_known;
	bool rotates;
	bool read_only;
	bool removable;
} entry;

typedef struct disk_list {
	entry *items;
	size_t count;
	size_t capacity;
} disk_list;

typedef struct disks_state {
	hki_host_file diskstats;
	disk_list now;
	disk_list before;
	hk_system_disk *records;
	size_t record_count;
	size_t record_capacity;
} disks_state;

/* A partition had four columns of its own before Linux 2.6.25. */
static void parse_old_partition(hki_disk_line *out, const uint64_t values[4])
{
	out->columns[HKI_DISK_READS] = values[0];
	out->columns[HKI_DISK_READ_SECTORS] = values[1];
	out->columns[HKI_DISK_WRITES] = values[2];
	out->columns[HKI_DISK_WRITTEN_SECTORS] = values[3];
	out->present = 1U << HKI_DISK_READS | 1U << HKI_DISK_READ_SECTORS |
		       1U << HKI_DISK_WRITES | 1U << HKI_DISK_WRITTEN_SECTORS;
}

bool hki_disk_line_parse(hki_disk_line *out, hki_scan line)
{
	hki_disk_line disk = { .present = 0 };
	hki_scan name;
	unsigned int count = 0;

	if (!hki_scan_number(&disk.device_major, &line) ||
	    !hki_scan_number(&disk.device_minor, &line) || !hki_scan_word(&name, &line))
		return false;
	hki_scan_copy(disk.name, sizeof(disk.name), name);
	while (count < HKI_DISK_COLUMNS && hki_scan_number(&disk.columns[count], &line))
		disk.present |= 1U << count++;
	if (count == 4)
		parse_old_partition(
		    &disk, (const uint64_t[4]){ disk.columns[0], disk.columns[1],
			       disk.columns[2], disk.columns[3] });
	else if (count <= HKI_DISK_WEIGHTED_MS)
		return false;
	*out = disk;
	return true;
}

/* ---- what /sys says about a device ---- */

static void sys_path(char *out, size_t capacity, const entry *disk, const char *rest)
{
	char name[HKI_DISK_NAME_MAX];

	/* "cciss/c0d0" is a directory cciss!c0d0. */
	memcpy(name, disk->line.name, sizeof(name));
	for (char *c = name; *c != '\0'; c++)
		*c = *c == '/' ? '!' : *c;
	(void) snprintf(out, capacity, "/sys/class/block/%s%s", name, rest);
}

static bool read_flag(
    bool *out, const hk_system *system, const entry *disk, const char *rest)
{
	char path[128];
	uint64_t value;

	sys_path(path, sizeof(path), disk, rest);
	if (hki_file_number(system, path, &value) < 0)
		return false;
	*out = value != 0;
	return true;
}

/* "…/devices/virtual/block/loop0" has no hardware of its own. */
static bool is_virtual(const hk_system *system, const char *path)
{
	char target[512];
	ssize_t length = system->root < 0 ? readlink(path, target, sizeof(target) - 1)
					  : readlinkat(system->root, path + 1, target,
						sizeof(target) - 1);

	if (length <= 0)
		return false;
	target[length] = '\0';
	return strstr(target, "/virtual/") != NULL;
}

static void describe_hardware(entry *disk, const hk_system *system)
{
	char path[128];

	sys_path(path, sizeof(path), disk, "/device/model");
	if (hki_file_line(system, path, disk->model, sizeof(disk->model)) < 0)
		disk->model[0] = '\0';
	disk->flags_known =
	    read_flag(&disk->read_only, system, disk, "/ro") &&
	    read_flag(&disk->rotates, system, disk, "/queue/rotational") &&
	    read_flag(&disk->removable, system, disk, "/removable");
}

static void describe(entry *disk, const hk_system *system)
{
	char path[128];
	uint64_t sectors, partition;

	sys_path(path, sizeof(path), disk, "/size");
	disk->has_size = hki_file_number(system, path, &sectors) == 0 &&
			 sectors < UINT64_MAX / SECTOR_BYTES;
	if (disk->has_size)
		disk->size_bytes = sectors * SECTOR_BYTES;
	sys_path(path, sizeof(path), disk, "/partition");
	disk->kind = HK_SYSTEM_DISK_WHOLE;
	if (hki_file_number(system, path, &partition) == 0)
		disk->kind = HK_SYSTEM_DISK_PARTITION;
	sys_path(path, sizeof(path), disk, "");
	if (disk->kind == HK_SYSTEM_DISK_WHOLE && is_virtual(system, path))
		disk->kind = HK_SYSTEM_DISK_VIRTUAL;
	/* A dozen empty loop devices have nothing to say about hardware. */
	if (disk->kind == HK_SYSTEM_DISK_WHOLE)
		describe_hardware(disk, system);
}

/* ---- from reading to reading ---- */

static const entry *find_disk(
    const disk_list *list, const hki_disk_line *line, size_t hint)
{
	for (size_t i = 0; i < list->count; i++) {
		size_t at = (hint + i) % list->count;
		const hki_disk_line *known = &list->items[at].line;

		if (known->device_major == line->device_major &&
		    known->device_minor == line->device_minor &&
		    strcmp(known->name, line->name) == 0)
			return &list->items[at];
	}
	return NULL;
}

/* Did any counter go back?  Continues the short ones on the way. */
static bool follow(hki_disk_line *now, const hki_disk_line *before)
{
	bool same = true;

	for (unsigned int i = 0; i < HKI_DISK_COLUMNS; i++) {
		uint64_t continued = before->columns[i];

		if (i == HKI_DISK_IN_FLIGHT ||
		    (now->present & before->present & 1U << i) == 0)
			continue;
		if ((COLUMNS_32 & 1U << i) == 0) {
			same &= now->columns[i] >= before->columns[i];
			continue;
		}
		same &= hki_continue_32(&continued, now->columns[i]);
		now->columns[i] = continued;
	}
	return same;
}

static int read_disk(
    disks_state *disks, const hk_system *system, hki_scan line, uint64_t now_ns)
{
	disk_list *list = &disks->now;
	hki_disk_line parsed;
	const entry *before;
	entry *now;
	int r;

	if (!hki_disk_line_parse(&parsed, line))
		return 0;
	r = hki_grow((void **) &list->items, &list->capacity, list->count + 1,
	    sizeof(*list->items));
	if (r < 0)
		return r;
	before = find_disk(&disks->before, &parsed, list->count);
	now = &list->items[list->count++];
	*now = before != NULL ? *before : (entry){ .described_ns = 0 };
	now->line = parsed;
	if (now->described_ns == 0 || now_ns - now->described_ns > DESCRIBE_NS) {
		describe(now, system);
		now->described_ns = now_ns;
	}
	return 0;
}

/* ---- records ---- */

static bool has(const hki_disk_line *line, unsigned int column)
{
	return (line->present & 1U << column) != 0;
}

static void fill_counters(hk_system_disk *record, const hki_disk_line *line)
{
#define COUNT(member, column)                                                            \
	if (has(line, column))                                                           \
	HKI_PUT(disk, record, member, line->columns[column])
#define BYTES(member, column)                                                            \
	if (has(line, column))                                                           \
	HKI_PUT(disk, record, member, line->columns[column] * SECTOR_BYTES)
#define TIME(member, column)                                                             \
	if (has(line, column))                                                           \
	HKI_PUT(disk, record, member, (double) line->columns[column] / 1e3)
	COUNT(reads, HKI_DISK_READS);
	BYTES(read_bytes, HKI_DISK_READ_SECTORS);
	COUNT(reads_merged, HKI_DISK_READS_MERGED);
	TIME(read_time_s, HKI_DISK_READ_MS);
	COUNT(writes, HKI_DISK_WRITES);
	BYTES(written_bytes, HKI_DISK_WRITTEN_SECTORS);
	COUNT(writes_merged, HKI_DISK_WRITES_MERGED);
	TIME(write_time_s, HKI_DISK_WRITE_MS);
	COUNT(in_flight, HKI_DISK_IN_FLIGHT);
	TIME(busy_time_s, HKI_DISK_BUSY_MS);
	TIME(weighted_time_s, HKI_DISK_WEIGHTED_MS);
	COUNT(discards, HKI_DISK_DISCARDS);
	COUNT(discards_merged, HKI_DISK_DISCARDS_MERGED);
	BYTES(discarded_bytes, HKI_DISK_DISCARDED_SECTORS);
	TIME(discard_time_s, HKI_DISK_DISCARD_MS);
	COUNT(flushes, HKI_DISK_FLUSHES);
	TIME(flush_time_s, HKI_DISK_FLUSH_MS);
#undef COUNT
#undef BYTES
#undef TIME
}

static uint64_t grown(
    const hki_disk_line *now, const hki_disk_line *before, unsigned int column)
{
	return now->columns[column] - before->columns[column];
}

static void fill_rates(hk_system_disk *record, const hki_disk_line *now,
    const hki_disk_line *before, double seconds)
{
	const uint64_t reads = grown(now, before, HKI_DISK_READS);
	const uint64_t writes = grown(now, before, HKI_DISK_WRITES);
	double busy;

	HKI_PUT(disk, record, reads_per_s, (double) reads / seconds);
	HKI_PUT(disk, record, writes_per_s, (double) writes / seconds);
	HKI_PUT(disk, record, read_bytes_per_s,
	    (double) grown(now, before, HKI_DISK_READ_SECTORS) * SECTOR_BYTES / seconds);
	HKI_PUT(disk, record, written_bytes_per_s,
	    (double) grown(now, before, HKI_DISK_WRITTEN_SECTORS) * SECTOR_BYTES /
		seconds);
	if (!has(now, HKI_DISK_WEIGHTED_MS))
		return;
	if (reads > 0)
		HKI_PUT(disk, record, read_wait_s,
		    (double) grown(now, before, HKI_DISK_READ_MS) / 1e3 / (double) reads);
	if (writes > 0)
		HKI_PUT(disk, record, write_wait_s,
		    (double) grown(now, before, HKI_DISK_WRITE_MS) / 1e3 /
			(double) writes);
	busy = (double) grown(now, before, HKI_DISK_BUSY_MS) / 10 / seconds;
	HKI_PUT(disk, record, busy_percent, busy > 100 ? 100 : busy);
	HKI_PUT(disk, record, queue_depth,
	    (double) grown(now, before, HKI_DISK_WEIGHTED_MS) / 1e3 / seconds);
}

static void fill_description(hk_system_disk *record, const entry *disk)
{
	HKI_PUT(disk, record, name, disk->line.name);
	HKI_PUT(disk, record, device_major, (int64_t) disk->line.device_major);
	HKI_PUT(disk, record, device_minor, (int64_t) disk->line.device_minor);
	HKI_PUT(disk, record, kind, disk->kind);
	if (disk->model[0] != '\0')
		HKI_PUT(disk, record, model, disk->model);
	if (disk->has_size)
		HKI_PUT(disk, record, size_bytes, disk->size_bytes);
	if (!disk->flags_known)
		return;
	HKI_PUT(disk, record, rotates, disk->rotates);
	HKI_PUT(disk, record, read_only, disk->read_only);
	HKI_PUT(disk, record, removable, disk->removable);
}

static int fill_records(disks_state *disks, double seconds)
{
	int r = hki_grow((void **) &disks->records, &disks->record_capacity,
	    disks->now.count, sizeof(*disks->records));

	if (r < 0)
		return r;
	for (size_t i = 0; i < disks->now.count; i++) {
		entry *now = &disks->now.items[i];
		const entry *before = find_disk(&disks->before, &now->line, i);
		hk_system_disk *record = &disks->records[i];
		bool follows = before != NULL && follow(&now->line, &before->line);

		*record = (hk_system_disk){ .name = NULL };
		fill_description(record, now);
		fill_counters(record, &now->line);
		if (follows && seconds > 0)
			fill_rates(record, &now->line, &before->line, seconds);
	}
	disks->record_count = disks->now.count;
	return 0;
}

static int sample_disks(hk_system *system, void *state)
{
	disks_state *disks = state;
	disk_list swapped = disks->before;
	uint64_t now_ns = hki_clock_monotonic_ns();
	hki_scan text, line;
	int r = hki_host_file_read(system, &disks->diskstats, "/proc/diskstats", &text);

	if (r < 0)
		return r;
	disks->before = disks->now;
	disks->now = swapped;
	disks->now.count = 0;
	while (r == 0 && hki_scan_line(&line, &text))
		r = read_disk(disks, system, line, now_ns);
	return r < 0 ? r : fill_records(disks, system->interval_s);
}

static void clear_disks(void *state)
{
	disks_state *disks = state;

	disks->record_count = 0;
	disks->now.count = 0;
}

static void deinit_disks(void *state)
{
	disks_state *disks = state;

	hki_host_file_close(&disks->diskstats);
	hki_free(disks->now.items);
	hki_free(disks->before.items);
	hki_free(disks->records);
}

const hki_section hki_section_disks = {
	.state_bytes = sizeof(disks_state),
	.sample = sample_disks,
	.clear = clear_disks,
	.deinit = deinit_disks,
};

const hk_system_disk *hk_system_get_disks(const hk_system *system, size_t *out_count)
{
	const disks_state *state = hki_system_state(system, HKI_SECTION_DISKS);

	*out_count = state->record_count;
	return state->records;
}
