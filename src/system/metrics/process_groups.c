/*
 * Processes by group, as counters that never go back.
 *
 * The sum over those who live falls whenever one ends, so a group's counters are
 * not that: what each process used since the sample before is added to the group
 * it is in now, and stays there.
 *
 * Names come from outside, so only so many groups have series of their own; the
 * others are told together as the rest.  A group keeps its place while one of its
 * processes lives.  An empty one gives it up when another needs it, the one that is
 * empty for longest first, and what it used moves to the rest, so that the sum over
 * all groups stays true.
 */
#include "system/metrics/process_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <hostkit/system_process_details.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/utf8.h"
#include "system/metrics/busiest.h"

/* What a process or a group has used. */
typedef struct used {
	uint64_t user_ns;
	uint64_t system_ns;
	uint64_t read_bytes;
	uint64_t written_bytes;
} used;

/* A process as the sample before saw it. */
typedef struct seen {
	int32_t pid;
	uint64_t start_ticks;
	uint64_t inode;
	used used;
} seen;

typedef struct group {
	char *name;
	uint64_t processes;
	uint64_t threads;
	uint64_t rss_bytes;
	used used;
	bool has_io;      /* we may know, of some of its processes */
	bool told;        /* somebody was ever in it */
	uint64_t last_in; /* the sample that saw somebody in it */
} group;

struct hki_process_groups {
	uint32_t grouping;
	uint64_t samples;
	group *items; /* they never move; one without a name is free */
	size_t places_max;
	hki_name_map places;
	group rest;
	group unknown;
	seen *before; /* by pid */
	seen *now;
	size_t before_count;
	size_t before_capacity;
	size_t now_capacity;
	size_t *order; /* of the rows of a sample, the busiest first */
	size_t order_capacity;
	hki_buffer name; /* of the process that is looked at */
};

int hki_process_groups_new(hki_process_groups **out, uint32_t grouping, size_t most)
{
	hki_process_groups *groups = hki_zalloc(sizeof(*groups));

	if (groups == NULL)
		return -ENOMEM;
	groups->grouping = grouping;
	groups->places_max = most;
	groups->items = hki_zalloc_array(most, sizeof(*groups->items));
	if (groups->items == NULL) {
		hki_free(groups);
		return -ENOMEM;
	}
	*out = groups;
	return 0;
}

void hki_process_groups_free(hki_process_groups *groups)
{
	if (groups == NULL)
		return;
	for (size_t i = 0; i < groups->places_max; i++)
		hki_free(groups->items[i].name);
	hki_free(groups->items);
	hki_name_map_deinit(&groups->places);
	hki_free(groups->before);
	hki_free(groups->now);
	hki_free(groups->order);
	hki_buffer_deinit(&groups->name);
	hki_free(groups);
}

/* ---- names ---- */

/* Ill-formed bytes become U+FFFD here: two names that differ only in them would be one
 * series twice.  NULL: there is no memory. */
static const char *well_formed(hki_buffer *out, const char *name)
{
	size_t length = strlen(name);
	int r = 0;

	if (hki_utf8_valid(name, length))
		return name;
	hki_buffer_truncate(out, 0);
	for (size_t at = 0; r == 0 && at < length;) {
		char bytes[HKI_UTF8_MAX];
		uint32_t character;

		at += hki_utf8_decode(&character, name + at, length - at);
		r = hki_buffer_append(out, bytes, hki_utf8_encode(bytes, character));
	}
	return r == 0 ? out->data : NULL;
}

/* The name of the group of @row, "" if it is not known.  NULL: there is no memory. */
static const char *name_of(hki_process_groups *groups, const hk_system_process *row,
    char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX])
{
	const char *name;

	if (groups->grouping == HK_SYSTEM_GROUPING_NAME && row->kernel)
		return HKI_GROUP_KERNEL;
	name = hk_system_process_group(row, groups->grouping, text);
	return name == NULL ? "" : well_formed(&groups->name, name);
}

/* ---- places ---- */

static void add_used(used *to, const used *more)
{
	to->user_ns += more->user_ns;
	to->system_ns += more->system_ns;
	to->read_bytes += more->read_bytes;
	to->written_bytes += more->written_bytes;
}

/* What it used goes to the rest, and its place is free. */
static void give_up(hki_process_groups *groups, group *one)
{
	add_used(&groups->rest.used, &one->used);
	groups->rest.told = true;
	groups->rest.has_io |= one->has_io;
	(void) hki_name_map_remove(&groups->places, one->name);
	hki_free(one->name);
	*one = (group){ .name = NULL };
}

/* A free place; for those who live also that of the group that is empty for longest. */
static group *find_place(hki_process_groups *groups, bool lives)
{
	group *oldest = NULL;

	for (size_t i = 0; i < groups->places_max; i++) {
		group *one = &groups->items[i];

		if (one->name == NULL)
			return one;
		if (one->last_in < groups->samples &&
		    (oldest == NULL || one->last_in < oldest->last_in))
			oldest = one;
	}
	if (!lives || oldest == NULL)
		return NULL;
	give_up(groups, oldest);
	return oldest;
}

static group *make_group(hki_process_groups *groups, const char *name, bool lives)
{
	hki_cleanup(hki_freep) char *copy = hki_strdup(name);
	group *place = copy != NULL ? find_place(groups, lives) : NULL;

	if (place == NULL || hki_name_map_put(&groups->places, name, place) < 0)
		return &groups->rest;
	place->name = hki_take(copy);
	return place;
}

/* NULL, a name that there is no memory for, means the rest. */
static group *group_called(hki_process_groups *groups, const char *name, bool lives)
{
	group *found;

	if (name == NULL || strcmp(name, HKI_GROUP_REST) == 0)
		return &groups->rest;
	if (*name == '\0' || strcmp(name, HKI_GROUP_UNKNOWN) == 0)
		return &groups->unknown;
	found = hki_name_map_get(&groups->places, name);
	return found != NULL ? found : make_group(groups, name, lives);
}

/* ---- what was used since ---- */

static int compare_pid(const void *key, const void *one)
{
	int32_t pid = *(const int32_t *) key;
	int32_t other = ((const seen *) one)->pid;

	return (pid > other) - (pid < other);
}

static const seen *seen_before(
    const hki_process_groups *groups, const hk_system_process *row)
{
	const seen *found = groups->before_count == 0
				? NULL
				: bsearch(&row->pid, groups->before, groups->before_count,
				      sizeof(*groups->before), compare_pid);

	if (found == NULL || found->start_ticks != row->start_ticks ||
	    (found->inode != 0 && row->inode != 0 && found->inode != row->inode))
		return NULL;
	return found;
}

/* Whole nanoseconds, so that a year of sums loses nothing. */
static uint64_t nanoseconds(double seconds)
{
	return seconds > 0 ? (uint64_t) (seconds * (double) HKI_NS_PER_S + 0.5) : 0;
}

static used used_by(const hk_system_process *row)
{
	used all = { nanoseconds(row->cpu_user_s), nanoseconds(row->cpu_system_s), 0, 0 };

	if (hk_record_has(&row->record, HK_SYSTEM_PROCESS_READ_BYTES))
		all.read_bytes = row->read_bytes;
	if (hk_record_has(&row->record, HK_SYSTEM_PROCESS_WRITTEN_BYTES))
		all.written_bytes = row->written_bytes;
	return all;
}

static uint64_t more(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static uint64_t most(uint64_t one, uint64_t other)
{
	return one > other ? one : other;
}

/* Give @to what @row has used since @before, which becomes what it has used by now.
 * A figure that went back, or that we may not see any more, stands still until it
 * has caught up. */
static void charge(group *to, used *before, const hk_system_process *row)
{
	const used now = used_by(row);
	const used since = {
		more(now.user_ns, before->user_ns),
		more(now.system_ns, before->system_ns),
		more(now.read_bytes, before->read_bytes),
		more(now.written_bytes, before->written_bytes),
	};

	add_used(&to->used, &since);
	*before = (used){
		most(now.user_ns, before->user_ns),
		most(now.system_ns, before->system_ns),
		most(now.read_bytes, before->read_bytes),
		most(now.written_bytes, before->written_bytes),
	};
	to->has_io |= hk_record_has(&row->record, HK_SYSTEM_PROCESS_READ_BYTES);
	to->told = true;
}

/* ---- a sample ---- */

static int grow(void **items, size_t *capacity, size_t count, size_t bytes)
{
	void *grown;

	if (count <= *capacity)
		return 0;
	grown = hki_realloc_array(*items, count + count / 2, bytes);
	if (grown == NULL)
		return -ENOMEM;
	*items = grown;
	*capacity = count + count / 2;
	return 0;
}

static int make_room(hki_process_groups *groups, size_t count)
{
	int r = grow(
	    (void **) &groups->now, &groups->now_capacity, count, sizeof(*groups->now));

	if (r == 0)
		r = grow((void **) &groups->order, &groups->order_capacity, count,
		    sizeof(*groups->order));
	return r;
}

static void empty(group *one)
{
	one->processes = 0;
	one->threads = 0;
	one->rss_bytes = 0;
}

/* Who is where already keeps the place of his group. */
static void begin(
    hki_process_groups *groups, const hk_system_process *const *rows, size_t count)
{
	char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX];

	groups->samples++;
	empty(&groups->rest);
	empty(&groups->unknown);
	for (size_t i = 0; i < groups->places_max; i++)
		empty(&groups->items[i]);
	for (size_t i = 0; i < count; i++) {
		const char *name = name_of(groups, rows[i], text);
		group *found =
		    name != NULL ? hki_name_map_get(&groups->places, name) : NULL;

		if (found != NULL)
			found->last_in = groups->samples;
	}
}

/* Whose it is may be told a moment later (a helper reads it): what was used until then is
 * not charged to anybody before the second look. */
static void take_row(hki_process_groups *groups, const hk_system_process *row, seen *now)
{
	char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX];
	const seen *before = seen_before(groups, row);
	group *in = group_called(groups, name_of(groups, row, text), true);

	*now = (seen){
		.pid = row->pid, .start_ticks = row->start_ticks, .inode = row->inode
	};
	if (before != NULL)
		now->used = before->used;
	in->last_in = groups->samples;
	in->told = true;
	in->processes++;
	in->threads += row->threads;
	in->rss_bytes += row->rss_bytes;
	if (before != NULL || in != &groups->unknown)
		charge(in, &now->used, row);
}

static int compare_row(const void *key, const void *one)
{
	int32_t pid = *(const int32_t *) key;
	int32_t other = (*(const hk_system_process *const *) one)->pid;

	return (pid > other) - (pid < other);
}

/* The name of the group of the process @pid, "" if it is not there. */
static const char *name_of_parent(hki_process_groups *groups,
    const hk_system_process *const *rows, size_t count, int32_t pid,
    char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX])
{
	const hk_system_process *const *parent =
	    count == 0 ? NULL : bsearch(&pid, rows, count, sizeof(*rows), compare_row);

	return parent != NULL ? name_of(groups, *parent, text) : "";
}

/* One that no sample saw belonged, as far as anybody knows, to the group of its parent. */
static void take_end(hki_process_groups *groups, const hk_system_process *const *rows,
    size_t count, const hk_system_process *row)
{
	char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX];
	const seen *before = seen_before(groups, row);
	const char *name = name_of(groups, row, text);
	used until = { 0 };

	if (name != NULL && *name == '\0')
		name = name_of_parent(groups, rows, count, row->ppid, text);
	if (before != NULL)
		until = before->used;
	charge(group_called(groups, name, false), &until, row);
}

static void keep_seen(hki_process_groups *groups, size_t count)
{
	seen *before = groups->before;
	size_t capacity = groups->before_capacity;

	groups->before = groups->now;
	groups->before_capacity = groups->now_capacity;
	groups->before_count = count;
	groups->now = before;
	groups->now_capacity = capacity;
}

int hki_process_groups_take(hki_process_groups *groups,
    const hk_system_process *const *rows, size_t count,
    const hk_system_process *const *ended, size_t ended_count)
{
	int r = make_room(groups, count);

	if (r < 0)
		return r;
	begin(groups, rows, count);
	/* Where there are more groups than places, the busiest get them. */
	hki_busiest_first(groups->order, rows, count);
	for (size_t i = 0; i < count; i++) {
		size_t index = groups->order[i];

		take_row(groups, rows[index], &groups->now[index]);
	}
	for (size_t i = 0; i < ended_count; i++)
		take_end(groups, rows, count, ended[i]);
	keep_seen(groups, count);
	return 0;
}

/* ---- telling ---- */

typedef void (*tell_fn)(
    hk_metrics_writer *writer, const group *one, const hk_metrics_label *label);

static void tell_processes(
    hk_metrics_writer *writer, const group *one, const hk_metrics_label *label)
{
	hk_metrics_sample_uint64(writer, one->processes, label, 1);
}

static void tell_threads(
    hk_metrics_writer *writer, const group *one, const hk_metrics_label *label)
{
	hk_metrics_sample_uint64(writer, one->threads, label, 1);
}

static void tell_resident(
    hk_metrics_writer *writer, const group *one, const hk_metrics_label *label)
{
	hk_metrics_sample_uint64(writer, one->rss_bytes, label, 1);
}

static double seconds(uint64_t ns)
{
	return (double) ns / (double) HKI_NS_PER_S;
}

static void tell_cpu(
    hk_metrics_writer *writer, const group *one, const hk_metrics_label *label)
{
	const hk_metrics_label user[] = { *label, { "mode", "user" } };
	const hk_metrics_label system[] = { *label, { "mode", "system" } };

	hk_metrics_sample(writer, seconds(one->used.user_ns), user, HKI_COUNT(user));
	hk_metrics_sample(
	    writer, seconds(one->used.system_ns), system, HKI_COUNT(system));
}

static void tell_read(
    hk_metrics_writer *writer, const group *one, const hk_metrics_label *label)
{
	if (one->has_io)
		hk_metrics_sample_uint64(writer, one->used.read_bytes, label, 1);
}

static void tell_written(
    hk_metrics_writer *writer, const group *one, const hk_metrics_label *label)
{
	if (one->has_io)
		hk_metrics_sample_uint64(writer, one->used.written_bytes, label, 1);
}

static const struct family {
	hk_metrics_family head;
	tell_fn tell;
} families[] = {
	{ { .name = "hostkit_process_group_processes",
	      .help = "Processes of the group.",
	      .kind = HK_METRICS_GAUGE },
	    tell_processes },
	{ { .name = "hostkit_process_group_threads",
	      .help = "Threads of the group.",
	      .kind = HK_METRICS_GAUGE },
	    tell_threads },
	{ { .name = "hostkit_process_group_resident_bytes",
	      .unit = "bytes",
	      .help = "Resident memory of the group; pages that processes share are "
		      "counted for each.",
	      .kind = HK_METRICS_GAUGE },
	    tell_resident },
	{ { .name = "hostkit_process_group_cpu_seconds",
	      .unit = "seconds",
	      .help = "Processor time that the group has used, its processes that have "
		      "ended included.",
	      .kind = HK_METRICS_COUNTER },
	    tell_cpu },
	{ { .name = "hostkit_process_group_read_bytes",
	      .unit = "bytes",
	      .help = "Bytes that the group has fetched from storage.",
	      .kind = HK_METRICS_COUNTER },
	    tell_read },
	{ { .name = "hostkit_process_group_written_bytes",
	      .unit = "bytes",
	      .help = "Bytes that the group has sent to storage.",
	      .kind = HK_METRICS_COUNTER },
	    tell_written },
};

static void tell_group(hk_metrics_writer *writer, const struct family *family,
    const group *one, const char *name)
{
	const hk_metrics_label label = { "group", name };

	if (name != NULL && one->told)
		family->tell(writer, one, &label);
}

void hki_process_groups_write(hk_metrics_writer *writer, const hki_process_groups *groups)
{
	for (size_t i = 0; i < HKI_COUNT(families); i++) {
		hk_metrics_begin(writer, &families[i].head);
		for (size_t j = 0; j < groups->places_max; j++)
			tell_group(writer, &families[i], &groups->items[j],
			    groups->items[j].name);
		tell_group(writer, &families[i], &groups->rest, HKI_GROUP_REST);
		tell_group(writer, &families[i], &groups->unknown, HKI_GROUP_UNKNOWN);
	}
}
