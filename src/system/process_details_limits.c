/*
 * Resource limits, namespaces and the place in the cgroups: small files that
 * anybody may read, or links that only few may.
 */
#include "system/process_details.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"

#define FILE_MAX_BYTES (1U << 20)

enum { NAME, SOFT, SOFT_UNLIMITED, HARD, HARD_UNLIMITED, UNIT, FIELDS };

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_limit, member)
static const hk_record_field fields[FIELDS] = {
	[NAME] = { .name = "name", .kind = HK_RECORD_STRING, .help = "what is limited", AT(name) },
	[SOFT] = { .name = "soft", .kind = HK_RECORD_UINT64, .help = "what is in force", AT(soft) },
	[SOFT_UNLIMITED] = { .name = "soft_unlimited", .kind = HK_RECORD_BOOL,
	    .help = "there is none", .priority = 1, AT(soft_unlimited) },
	[HARD] = { .name = "hard", .kind = HK_RECORD_UINT64, .help = "up to where it may raise it", AT(hard) },
	[HARD_UNLIMITED] = { .name = "hard_unlimited", .kind = HK_RECORD_BOOL,
	    .help = "there is none", .priority = 1, AT(hard_unlimited) },
	[UNIT] = { .name = "unit", .kind = HK_RECORD_STRING, .help = "what is counted", AT(unit) },
};
#undef AT

enum { SPACE_NAME, SPACE_INODE, SPACE_SHARED, SPACE_FIELDS };
#define AT(member) .offset = offsetof(hk_system_namespace, member)
static const hk_record_field space_fields[SPACE_FIELDS] = {
	[SPACE_NAME] = { .name = "name", .kind = HK_RECORD_STRING, .help = "which kind", AT(name) },
	[SPACE_INODE] = { .name = "inode", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "which one", AT(inode) },
	[SPACE_SHARED] = { .name = "shared", .kind = HK_RECORD_BOOL, .help = "with us", AT(shared) },
};
#undef AT

enum { CGROUP_HIERARCHY, CGROUP_CONTROLLERS, CGROUP_PATH, CGROUP_FIELDS };
#define AT(member) .offset = offsetof(hk_system_cgroup, member)
static const hk_record_field cgroup_fields[CGROUP_FIELDS] = {
	[CGROUP_HIERARCHY] = { .name = "hierarchy", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "its number; 0 is the unified one", AT(hierarchy) },
	[CGROUP_CONTROLLERS] = { .name = "controllers", .kind = HK_RECORD_STRING,
	    .help = "of a hierarchy of version 1", AT(controllers) },
	[CGROUP_PATH] = { .name = "path", .kind = HK_RECORD_STRING, .help = "below the hierarchy's root", AT(path) },
};
/* clang-format on */

const hk_record_type hk_system_limit_type = {
	.name = "limit",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(hk_system_limit),
};

const hk_record_type hk_system_namespace_type = {
	.name = "namespace",
	.fields = space_fields,
	.field_count = SPACE_FIELDS,
	.struct_size = sizeof(hk_system_namespace),
};

const hk_record_type hk_system_cgroup_type = {
	.name = "cgroup",
	.fields = cgroup_fields,
	.field_count = CGROUP_FIELDS,
	.struct_size = sizeof(hk_system_cgroup),
};

/* ---- limits ---- */

/* Columns as fs/proc/base.c prints them: "%-25s %-20s %-20s %-10s". */
#define NAME_COLUMNS  26
#define VALUE_COLUMNS 21

/* "Max open files" is open_files. */
static const char *limit_name(hki_details_reading *reading, const char *line)
{
	size_t length = NAME_COLUMNS;
	char *name;

	while (length > 0 && line[length - 1] == ' ')
		length--;
	if (length > 4 && memcmp(line, "Max ", 4) == 0) {
		line += 4;
		length -= 4;
	}
	name = hki_arena_text(&reading->result->arena, line, length);
	for (char *c = name; c != NULL && *c != '\0'; c++)
		*c = *c == ' ' ? '_' : (char) tolower((unsigned char) *c);
	return name;
}

static void limit_value(hk_system_limit *limit, const char *at, uint64_t *value,
    unsigned int number, bool *unlimited, unsigned int none)
{
	if (strncmp(at, "unlimited", 9) == 0) {
		*unlimited = true;
		hk_record_set(&limit->record, none);
	} else if (hki_details_number(value, at, 10)) {
		hk_record_set(&limit->record, number);
	}
}

static int limit_line(
    hk_system_limit *limit, hki_details_reading *reading, const char *line, size_t length)
{
	const char *unit;
	size_t unit_length;

	limit->name = limit_name(reading, line);
	if (limit->name == NULL)
		return -ENOMEM;
	hk_record_set(&limit->record, NAME);
	limit_value(limit, line + NAME_COLUMNS, &limit->soft, SOFT,
	    &limit->soft_unlimited, SOFT_UNLIMITED);
	limit_value(limit, line + NAME_COLUMNS + VALUE_COLUMNS, &limit->hard, HARD,
	    &limit->hard_unlimited, HARD_UNLIMITED);
	if (length <= NAME_COLUMNS + 2 * VALUE_COLUMNS)
		return 0;
	unit = line + NAME_COLUMNS + 2 * VALUE_COLUMNS;
	unit_length = strcspn(unit, " \n");
	if (unit_length == 0)
		return 0;
	limit->unit = hki_arena_text(&reading->result->arena, unit, unit_length);
	hk_record_set(&limit->record, UNIT);
	return limit->unit != NULL ? 0 : -ENOMEM;
}

int hki_details_limits_parse(
    hk_record_list *out, hki_details_reading *reading, const char *text)
{
	hki_cleanup(hki_details_list_deinitp)
	    hki_details_list list = { .rows = HKI_BUFFER_INIT };

	/* The first line is a heading. */
	for (const char *line = strchr(text, '\n'); line != NULL && line[1] != '\0';
	     line = strchr(line, '\n')) {
		size_t length = strcspn(++line, "\n");
		hk_system_limit limit = { .name = NULL };
		int r;

		if (length < NAME_COLUMNS + VALUE_COLUMNS)
			continue;
		r = limit_line(&limit, reading, line, length);
		if (r == 0)
			r = hki_details_add(reading, &list, &limit, sizeof(limit));
		if (r < 0)
			return r;
	}
	return hki_details_end(out, reading, &list);
}

/* Read the file and hand its text to a parser of lists. */
static int parse_file(hki_details_reading *reading, const char *name, hk_record_list *out,
    int (*parse)(hk_record_list *, hki_details_reading *, const char *))
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r = hki_details_file(&text, reading->directory, name, FILE_MAX_BYTES);

	if (r < 0)
		return r;
	return parse(out, reading, text.data != NULL ? text.data : "");
}

int hki_details_read_limits(hki_details_reading *reading)
{
	return parse_file(reading, "limits", &reading->result->details.limits,
	    hki_details_limits_parse);
}

/* ---- namespaces ---- */

struct walk {
	hki_details_reading *reading;
	hki_details_list list;
	int directory; /* ns */
	int denied;    /* the last refusal */
};

static bool is_ours(const char *name, const char *link)
{
	char path[64], own[64];

	(void) snprintf(path, sizeof(path), "/proc/self/ns/%.40s", name);
	return hki_details_link(own, sizeof(own), AT_FDCWD, path) > 0 &&
	       strcmp(own, link) == 0;
}

static int add_namespace(const char *name, void *user)
{
	struct walk *walk = user;
	hk_system_namespace space = { .name = NULL };
	char link[64];
	const char *number;
	int r = hki_details_link(link, sizeof(link), walk->directory, name);

	if (r < 0) {
		if (r == -EACCES || r == -EPERM)
			walk->denied = r;
		return 0;
	}
	number = strchr(link, '[');
	if (number == NULL || !hki_details_number(&space.inode, number + 1, 10))
		return 0;
	space.name = hki_details_text(walk->reading, name);
	space.shared = is_ours(name, link);
	if (space.name == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < SPACE_FIELDS; i++)
		hk_record_set(&space.record, i);
	return hki_details_add(walk->reading, &walk->list, &space, sizeof(space));
}

int hki_details_read_namespaces(hki_details_reading *reading)
{
	hki_cleanup(hki_closep) int directory =
	    openat(reading->directory, "ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk walk = { .reading = reading, .directory = directory };
	int r;

	if (directory < 0)
		return -errno;
	r = hki_details_each(directory, add_namespace, &walk);
	if (r == 0 && walk.list.count == 0 && walk.denied < 0)
		r = walk.denied;
	if (r == 0)
		r = hki_details_end(
		    &reading->result->details.namespaces, reading, &walk.list);
	hki_details_list_deinitp(&walk.list);
	return r;
}

/* ---- cgroups ---- */

/* "HIERARCHY:CONTROLLERS:PATH" */
static int cgroup_line(hk_system_cgroup *cgroup, hki_details_reading *reading,
    const char *line, size_t length)
{
	const char *end = line + length;
	const char *first = memchr(line, ':', length);
	const char *second =
	    first != NULL ? memchr(first + 1, ':', (size_t) (end - first - 1)) : NULL;
	hki_arena *arena = &reading->result->arena;
	uint64_t number;

	if (second == NULL || !hki_details_number(&number, line, 10))
		return HK_EPARSE;
	cgroup->hierarchy = (uint32_t) number;
	cgroup->path = hki_arena_text(arena, second + 1, (size_t) (end - second - 1));
	if (cgroup->path == NULL)
		return -ENOMEM;
	hk_record_set(&cgroup->record, CGROUP_HIERARCHY);
	hk_record_set(&cgroup->record, CGROUP_PATH);
	if (second == first + 1)
		return 0;
	cgroup->controllers =
	    hki_arena_text(arena, first + 1, (size_t) (second - first - 1));
	hk_record_set(&cgroup->record, CGROUP_CONTROLLERS);
	return cgroup->controllers != NULL ? 0 : -ENOMEM;
}

int hki_details_cgroups_parse(
    hk_record_list *out, hki_details_reading *reading, const char *text)
{
	hki_cleanup(hki_details_list_deinitp)
	    hki_details_list list = { .rows = HKI_BUFFER_INIT };

	for (const char *line = text; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		hk_system_cgroup cgroup = { .path = NULL };
		int r = cgroup_line(&cgroup, reading, line, length);

		if (r == 0)
			r = hki_details_add(reading, &list, &cgroup, sizeof(cgroup));
		if (r < 0 && r != HK_EPARSE)
			return r;
		line += length + (line[length] == '\n');
	}
	return hki_details_end(out, reading, &list);
}

/* Where systemd and engines put their names: the unified hierarchy, unless only a
 * named one or any other says more than its root. */
static const char *telling_path(const hk_record_list *cgroups)
{
	const hk_system_cgroup *items = cgroups->items;
	const char *path = NULL;

	for (size_t i = 0; i < cgroups->count; i++) {
		bool named = items[i].controllers != NULL &&
			     strcmp(items[i].controllers, "name=systemd") == 0;

		if (items[i].hierarchy == 0 && strcmp(items[i].path, "/") != 0)
			return items[i].path;
		if (named || path == NULL || strcmp(path, "/") == 0)
			path = items[i].path;
	}
	return path;
}

int hki_details_read_cgroups(hki_details_reading *reading)
{
	hk_system_details *details = &reading->result->details;
	char *text =
	    hki_arena_alloc(&reading->result->arena, HK_SYSTEM_CGROUP_OWNER_TEXT_MAX);
	const char *path;
	int r;

	if (text == NULL)
		return -ENOMEM;
	r = parse_file(reading, "cgroup", &details->cgroups, hki_details_cgroups_parse);
	if (r < 0)
		return r;
	path = telling_path(&details->cgroups);
	if (path != NULL)
		hk_system_cgroup_owner_read(&details->owner, text, path);
	return 0;
}
