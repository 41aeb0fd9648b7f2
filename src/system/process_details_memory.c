/*
 * Whose memory it is (smaps_rollup), what is mapped (maps) and the environment:
 * the files whose reader waits for the process's own memory, and so are read by
 * a thread with a deadline.
 */
#include "system/process_details.h"

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/map.h"

/* 65530 mappings, the kernel's own limit, with long names. */
#define MAPS_MAX        (64U << 20)
#define ENVIRONMENT_MAX (8U << 20)
#define ROLLUP_MAX      65536

enum {
	RSS,
	PSS,
	USS,
	PSS_ANONYMOUS,
	PSS_FILE,
	PSS_SHMEM,
	SHARED,
	REFERENCED,
	HUGE_PAGES,
	SWAP,
	SWAP_PSS,
	LOCKED,
	FIELDS
};

/* clang-format off */
#define BYTES(index, member, heading, sentence)                                          \
	[index] = { .name = #member, .title = heading, .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,    \
	    .help = sentence, .offset = offsetof(hk_system_memory_use, member) }
static const hk_record_field fields[FIELDS] = {
	BYTES(RSS, rss_bytes, "resident", "resident"),
	BYTES(PSS, pss_bytes, "proportional", "resident, each shared page counted in parts"),
	BYTES(USS, uss_bytes, "unique", "resident and nobody else's: what its end would free"),
	BYTES(PSS_ANONYMOUS, pss_anonymous_bytes, "proportional, anonymous", "its part without a file behind it"),
	BYTES(PSS_FILE, pss_file_bytes, "proportional, of files", "its part of files"),
	BYTES(PSS_SHMEM, pss_shmem_bytes, "proportional, shared memory", "its part of shared memory"),
	BYTES(SHARED, shared_bytes, "shared", "resident and somebody else's too"),
	BYTES(REFERENCED, referenced_bytes, "used lately", "used lately"),
	BYTES(HUGE_PAGES, huge_bytes, "huge pages", "in transparent huge pages"),
	BYTES(SWAP, swap_bytes, "swap", "in swap"),
	BYTES(SWAP_PSS, swap_pss_bytes, "swap, proportional", "in swap, shared pages counted in parts"),
	BYTES(LOCKED, locked_bytes, "locked", "locked in memory"),
};
#undef BYTES

enum { PATH, COUNT, SIZE, CODE, WRITABLE, SHARED_MAPS, MAP_FIELDS };

#define BYTES(index, member, sentence)                                                   \
	[index] = { .name = #member, .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,    \
	    .help = sentence, .offset = offsetof(hk_system_map, member) }
static const hk_record_field map_fields[MAP_FIELDS] = {
	[PATH] = { .name = "path", .kind = HK_RECORD_STRING,
	    .help = "file, or kind of memory", .offset = offsetof(hk_system_map, path) },
	[COUNT] = { .name = "count", .kind = HK_RECORD_UINT64,
	    .help = "mappings of it", .offset = offsetof(hk_system_map, count) },
	BYTES(SIZE, size_bytes, "address space"),
	BYTES(CODE, code_bytes, "of it executable"),
	BYTES(WRITABLE, writable_bytes, "of it private and writable"),
	BYTES(SHARED_MAPS, shared_bytes, "of it shared"),
};
/* clang-format on */

const hk_record_type hk_system_memory_use_type = {
	.name = "memory",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(hk_system_memory_use),
};

const hk_record_type hk_system_map_type = {
	.name = "map",
	.fields = map_fields,
	.field_count = MAP_FIELDS,
	.struct_size = sizeof(hk_system_map),
};

/* ---- smaps_rollup ---- */

static const struct line {
	const char *key;
	unsigned int field;
} lines[] = {
	{ "Rss:", RSS },
	{ "Pss:", PSS },
	{ "Pss_Anon:", PSS_ANONYMOUS },
	{ "Pss_File:", PSS_FILE },
	{ "Pss_Shmem:", PSS_SHMEM },
	{ "Shared_Clean:", SHARED },
	{ "Shared_Dirty:", SHARED },
	{ "Private_Clean:", USS },
	{ "Private_Dirty:", USS },
	{ "Private_Hugetlb:", USS },
	{ "Referenced:", REFERENCED },
	{ "AnonHugePages:", HUGE_PAGES },
	{ "Swap:", SWAP },
	{ "SwapPss:", SWAP_PSS },
	{ "Locked:", LOCKED },
};

int hki_details_memory_parse(hk_system_memory_use *out, const char *text)
{
	hk_system_memory_use use = { .rss_bytes = 0 };
	bool any = false;

	for (size_t i = 0; i < HKI_COUNT(lines); i++) {
		uint64_t kib, *value;

		if (!hki_details_number(&kib, hki_details_line(text, lines[i].key), 10) ||
		    kib > UINT64_MAX / 1024)
			continue;
		value =
		    (uint64_t *) (void *) ((char *) &use + fields[lines[i].field].offset);
		*value += kib * 1024;
		hk_record_set(&use.record, lines[i].field);
		any = true;
	}
	if (!any)
		return -ENODATA;
	*out = use;
	return 0;
}

int hki_details_read_memory(hki_details_reading *reading)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r = hki_details_guarded(
	    &text, reading, "smaps_rollup", ROLLUP_MAX, HK_SYSTEM_DETAILS_MEMORY);

	if (r < 0)
		return r;
	return text.data != NULL
		   ? hki_details_memory_parse(&reading->result->details.memory, text.data)
		   : -ENODATA;
}

/* ---- maps ---- */

typedef struct mapping {
	uint64_t bytes;
	bool code;
	bool writable;
	bool shared;
	const char *path; /* to the end of its line */
	size_t path_length;
} mapping;

/* "START-END PERMISSIONS OFFSET DEVICE INODE    PATH" */
static bool read_mapping(mapping *out, const char *line, size_t length)
{
	const char *end = line + length;
	const char *dash = memchr(line, '-', length);
	const char *at = memchr(line, ' ', length);
	uint64_t from, to;

	if (dash == NULL || at == NULL || dash > at || end - at < 6 ||
	    !hki_details_number(&from, line, 16) ||
	    !hki_details_number(&to, dash + 1, 16) || to < from)
		return false;
	*out = (mapping){
		.bytes = to - from,
		.writable = at[2] == 'w' && at[4] == 'p',
		.code = at[3] == 'x',
		.shared = at[4] == 's',
		.path = end,
	};
	/* Four more words, then the path after any number of spaces. */
	for (unsigned int word = 0; word < 4 && at < end; word++) {
		while (at < end && *at == ' ')
			at++;
		while (at < end && *at != ' ')
			at++;
	}
	while (at < end && *at == ' ')
		at++;
	out->path = at;
	out->path_length = (size_t) (end - at);
	return true;
}

struct summary {
	hki_details_reading *reading;
	hki_details_list list;
	hki_name_map by_path; /* to the place in the list, plus 1 */
	size_t last;          /* the place of the mapping before */
};

static hk_system_map *row_at(struct summary *summary, size_t place)
{
	return (hk_system_map *) (void *) summary->list.rows.data + place;
}

/* A file is mapped in several pieces, one behind the other. */
static bool is_last(struct summary *summary, const mapping *map)
{
	const char *path;

	if (map->path_length == 0 || summary->last >= summary->list.count)
		return false;
	path = row_at(summary, summary->last)->path;
	return strncmp(path, map->path, map->path_length) == 0 &&
	       path[map->path_length] == '\0';
}

/* The row of a path: 0 and its place, or -ENOMEM. */
static int row_of(size_t *out, struct summary *summary, const mapping *map)
{
	hk_system_map row = { .path = "[anonymous]" };
	size_t place;
	int r;

	if (is_last(summary, map)) {
		*out = summary->last;
		return 0;
	}
	if (map->path_length > 0)
		row.path = hki_arena_text(
		    &summary->reading->result->arena, map->path, map->path_length);
	if (row.path == NULL)
		return -ENOMEM;
	place = (size_t) hki_name_map_get(&summary->by_path, row.path);
	if (place > 0) {
		*out = place - 1;
		return 0;
	}
	for (unsigned int i = 0; i < MAP_FIELDS; i++)
		hk_record_set(&row.record, i);
	*out = summary->list.count;
	r = hki_details_add(summary->reading, &summary->list, &row, sizeof(row));
	if (r < 0 || *out == summary->list.count)
		return r < 0 ? r : -ENOSPC;
	return hki_name_map_put(&summary->by_path, row.path, (void *) (*out + 1));
}

static int add_mapping(struct summary *summary, const mapping *map)
{
	hk_system_map *row;
	size_t place;
	int r = row_of(&place, summary, map);

	if (r < 0)
		return r == -ENOSPC ? 0 : r;
	summary->last = place;
	row = row_at(summary, place);
	row->count++;
	row->size_bytes += map->bytes;
	row->code_bytes += map->code ? map->bytes : 0;
	row->writable_bytes += map->writable ? map->bytes : 0;
	row->shared_bytes += map->shared ? map->bytes : 0;
	return 0;
}

/* The largest first.  By D. L. Shell, in place: qsort(3) would use the heap. */
static void sort(hk_system_map *rows, size_t count)
{
	for (size_t gap = count / 2; gap > 0; gap /= 2) {
		for (size_t i = gap; i < count; i++) {
			hk_system_map row = rows[i];
			size_t j = i;

			for (; j >= gap && rows[j - gap].size_bytes < row.size_bytes;
			     j -= gap)
				rows[j] = rows[j - gap];
			rows[j] = row;
		}
	}
}

int hki_details_maps_parse(
    hk_record_list *out, hki_details_reading *reading, const char *text)
{
	struct summary all = { .reading = reading };
	int r = 0;

	for (const char *line = text; r == 0 && *line != '\0';) {
		size_t length = strcspn(line, "\n");
		mapping map;

		if (read_mapping(&map, line, length))
			r = add_mapping(&all, &map);
		line += length + (line[length] == '\n');
	}
	if (r == 0 && all.list.count > 0)
		sort(row_at(&all, 0), all.list.count);
	if (r == 0)
		r = hki_details_end(out, reading, &all.list);
	hki_details_list_deinitp(&all.list);
	hki_name_map_deinit(&all.by_path);
	return r;
}

int hki_details_read_maps(hki_details_reading *reading)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r =
	    hki_details_guarded(&text, reading, "maps", MAPS_MAX, HK_SYSTEM_DETAILS_MAPS);

	if (r < 0)
		return r;
	/* Kernel threads and zombies have none. */
	return hki_details_maps_parse(
	    &reading->result->details.maps, reading, text.data != NULL ? text.data : "");
}

/* ---- environment ---- */

int hki_details_read_environment(hki_details_reading *reading)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hki_texts entries = { .items = NULL };
	hki_arena *arena = &reading->result->arena;
	int r = hki_details_guarded(
	    &text, reading, "environ", ENVIRONMENT_MAX, HK_SYSTEM_DETAILS_ENVIRONMENT);

	if (r < 0)
		return r;
	for (size_t at = 0; at < text.length;) {
		size_t length = strnlen(text.data + at, text.length - at);
		const char *entry = hki_arena_text(arena, text.data + at, length);

		if (entry == NULL ||
		    (length > 0 && !hki_texts_add(&entries, arena, entry)))
			return -ENOMEM;
		at += length + 1;
	}
	reading->result->details.environment =
	    (hk_record_strings){ entries.items, entries.count };
	return 0;
}
