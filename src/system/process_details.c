/*
 * One process, closely.  A process is held three times over while it is read:
 * by its pidfd, so that its id is its own; by its directory in /proc, which
 * answers ESRCH when it is gone and never for a successor; and by the start in
 * its stat, compared before and looked for again after.
 */
#include "system/process_details.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"
#include "os/procfs.h"

#define DEADLINE_DEFAULT_NS HKI_NS_PER_S

enum {
	PID,
	START_TICKS,
	INODE,
	THREADS,
	FILES,
	CONNECTIONS,
	MEMORY,
	MAPS,
	ENVIRONMENT,
	LIMITS,
	CREDENTIALS,
	NAMESPACES,
	CGROUPS,
	OWNER,
	CHILDREN,
	WAITS_IN,
	STALE,
	LEFT_OUT,
	SOCKETS_FROM,
	FIELDS
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_details, member)
#define LIST_OF(type) .kind = HK_RECORD_LIST, .element = &type
#define RECORD_OF(type) .kind = HK_RECORD_RECORD, .element = &type

static const hk_record_field fields[FIELDS] = {
	[PID] = { .name = "pid", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process id", AT(pid) },
	[START_TICKS] = { .name = "start_ticks", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "start, in clock ticks since boot", AT(start_ticks) },
	[INODE] = { .name = "inode", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "inode of its pidfd: never given twice between boots", AT(inode) },
	[THREADS] = { .name = "threads", LIST_OF(hk_system_thread_type), .help = "its threads", AT(threads) },
	[FILES] = { .name = "files", LIST_OF(hk_system_file_type), .help = "open descriptors", AT(files) },
	[CONNECTIONS] = { .name = "connections", LIST_OF(hk_system_connection_type),
	    .help = "open sockets", AT(connections) },
	[MEMORY] = { .name = "memory", RECORD_OF(hk_system_memory_use_type),
	    .help = "whose its resident memory is", AT(memory) },
	[MAPS] = { .name = "maps", LIST_OF(hk_system_map_type), .help = "what it has mapped", AT(maps) },
	[ENVIRONMENT] = { .name = "environment", .kind = HK_RECORD_STRINGS,
	    .help = "variables it was started with", AT(environment) },
	[LIMITS] = { .name = "limits", LIST_OF(hk_system_limit_type), .help = "resource limits", AT(limits) },
	[CREDENTIALS] = { .name = "credentials", RECORD_OF(hk_system_credentials_type),
	    .help = "what it may do", AT(credentials) },
	[NAMESPACES] = { .name = "namespaces", LIST_OF(hk_system_namespace_type),
	    .help = "the namespaces it lives in", AT(namespaces) },
	[CGROUPS] = { .name = "cgroups", LIST_OF(hk_system_cgroup_type),
	    .help = "its cgroup in each hierarchy", AT(cgroups) },
	[OWNER] = { .name = "owner", RECORD_OF(hk_system_cgroup_owner_type),
	    .help = "container, unit and session, read from the cgroup", AT(owner) },
	[CHILDREN] = { .name = "children", LIST_OF(hk_system_child_type), .help = "its children", AT(children) },
	[WAITS_IN] = { .name = "waits_in", .kind = HK_RECORD_STRING,
	    .help = "function of the kernel it sleeps in", AT(waits_in) },
	[STALE] = { .name = "stale", .kind = HK_RECORD_STRINGS,
	    .help = "sections that could not be read in time", AT(stale) },
	[LEFT_OUT] = { .name = "left_out", .kind = HK_RECORD_UINT64,
	    .help = "entries beyond what a list holds", AT(left_out) },
	[SOCKETS_FROM] = { .name = "sockets_from", .kind = HK_RECORD_STRING,
	    .help = "where sockets were looked up", AT(sockets_from) },
};
/* clang-format on */

const hk_record_type hk_system_details_type = {
	.name = "details",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(hk_system_details),
};

/* What each bit reads, in this order: connections need no files, but are quicker after
 * them. */
static const struct section {
	uint32_t bit;
	unsigned int field;
	int (*read)(hki_details_reading *reading);
} sections[] = {
	{ HK_SYSTEM_DETAILS_THREADS, THREADS, hki_details_read_threads },
	{ HK_SYSTEM_DETAILS_FILES, FILES, hki_details_read_files },
	{ HK_SYSTEM_DETAILS_CONNECTIONS, CONNECTIONS, hki_details_read_connections },
	{ HK_SYSTEM_DETAILS_MEMORY, MEMORY, hki_details_read_memory },
	{ HK_SYSTEM_DETAILS_MAPS, MAPS, hki_details_read_maps },
	{ HK_SYSTEM_DETAILS_ENVIRONMENT, ENVIRONMENT, hki_details_read_environment },
	{ HK_SYSTEM_DETAILS_LIMITS, LIMITS, hki_details_read_limits },
	{ HK_SYSTEM_DETAILS_CREDENTIALS, CREDENTIALS, hki_details_read_credentials },
	{ HK_SYSTEM_DETAILS_NAMESPACES, NAMESPACES, hki_details_read_namespaces },
	{ HK_SYSTEM_DETAILS_CGROUPS, CGROUPS, hki_details_read_cgroups },
	{ HK_SYSTEM_DETAILS_CHILDREN, CHILDREN, hki_details_read_children },
};

/* ---- lists and texts of the result ---- */

int hki_details_add(
    hki_details_reading *reading, hki_details_list *list, const void *row, size_t bytes)
{
	int r;

	if (list->count == HK_SYSTEM_DETAILS_ENTRIES_MAX) {
		reading->result->details.left_out++;
		return 0;
	}
	r = hki_buffer_append(&list->rows, row, bytes);
	if (r == 0)
		list->count++;
	return r;
}

int hki_details_end(
    hk_record_list *out, hki_details_reading *reading, const hki_details_list *list)
{
	void *items = NULL;

	if (list->count > 0) {
		items = hki_arena_copy(
		    &reading->result->arena, list->rows.data, list->rows.length);
		if (items == NULL)
			return -ENOMEM;
	}
	*out = (hk_record_list){ items, list->count };
	return 0;
}

const char *hki_details_text(hki_details_reading *reading, const char *text)
{
	return hki_arena_string(&reading->result->arena, text);
}

/* ---- who it is ---- */

static int open_directory(int *out, pid_t pid)
{
	char path[32];
	int fd;

	(void) snprintf(path, sizeof(path), "/proc/%d", (int) pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	*out = fd;
	return 0;
}

/* Does the directory still answer, and for the process of the pidfd? */
static int confirm(const hki_details_reading *reading)
{
	char text[1024];
	hki_details_stat stat;
	int r = hki_read_file(reading->directory, "stat", text, sizeof(text), NULL);

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	r = hki_details_stat_parse(&stat, text);
	if (r < 0)
		return r;
	return stat.start_ticks == reading->ref.start_ticks ? 0 : -ESRCH;
}

static int hold(hki_details_reading *reading, const hk_system_details_opts *opts)
{
	int r = hki_pidref_open_exactly(
	    &reading->ref, opts->pid, opts->start_ticks, opts->inode);

	if (r == -EINVAL) /* a thread that is not the main one */
		return -ESRCH;
	if (r < 0)
		return r;
	r = open_directory(&reading->directory, opts->pid);
	/* It lives, and /proc does not show it to us (hidepid). */
	if (r == -ESRCH && !hki_pidref_has_ended(&reading->ref))
		return -EACCES;
	return r < 0 ? r : confirm(reading);
}

static void let_go(hki_details_reading *reading)
{
	hki_details_guard_free(reading->guard);
	hki_pidref_close(&reading->ref);
	if (reading->directory >= 0)
		(void) close(reading->directory);
}

/* ---- reading ---- */

static bool ends_reading(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -ECHILD;
}

static int read_sections(hki_details_reading *reading)
{
	hk_record *record = &reading->result->details.record;

	for (size_t i = 0; i < HKI_COUNT(sections); i++) {
		int r;

		if ((reading->sections & sections[i].bit) == 0)
			continue;
		r = sections[i].read(reading);
		if (ends_reading(r))
			return r;
		if (r == 0)
			hk_record_set(record, sections[i].field);
		else if (r == -EACCES || r == -EPERM)
			hk_record_deny(record, sections[i].field);
	}
	return 0;
}

static int name_stale(hki_details_reading *reading)
{
	hk_system_details *details = &reading->result->details;
	hki_texts names = { .items = NULL };

	if (reading->stale == 0)
		return 0;
	for (size_t i = 0; i < HKI_COUNT(sections); i++)
		if ((reading->stale & sections[i].bit) != 0 &&
		    !hki_texts_add(
			&names, &reading->result->arena, fields[sections[i].field].name))
			return -ENOMEM;
	details->stale = (hk_record_strings){ names.items, names.count };
	hk_record_set(&details->record, STALE);
	return 0;
}

static void describe(hki_details_reading *reading)
{
	hk_system_details *details = &reading->result->details;
	hk_record *record = &details->record;

	details->pid = reading->ref.pid;
	details->start_ticks = reading->ref.start_ticks;
	details->inode = reading->ref.inode;
	hk_record_set(record, PID);
	hk_record_set(record, START_TICKS);
	if (details->inode != 0)
		hk_record_set(record, INODE);
	if (details->left_out > 0)
		hk_record_set(record, LEFT_OUT);
	if (hk_record_has(record, CGROUPS))
		hk_record_set(record, OWNER);
	if (hk_record_has(record, CONNECTIONS))
		hk_record_set(record, SOCKETS_FROM);
	if (details->waits_in != NULL)
		hk_record_set(record, WAITS_IN);
}

static int read_all(hki_details_reading *reading, const hk_system_details_opts *opts)
{
	int r = hold(reading, opts);

	if (r == 0)
		r = read_sections(reading);
	if (r == 0)
		r = confirm(reading);
	if (r == 0)
		r = name_stale(reading);
	if (r == 0)
		describe(reading);
	return r;
}

static void result_freep(hk_system_details_result **result)
{
	hk_system_details_free(*result);
}

int hk_system_details_read(
    hk_system_details_result **out, const hk_system_details_opts *opts)
{
	hki_cleanup(result_freep) hk_system_details_result *result = NULL;
	hk_system_details_opts own;
	hki_details_reading reading = { .ref = HKI_PIDREF_NULL, .directory = -1 };
	int r = hki_opts_copy(&own, sizeof(own), opts, opts->size,
	    offsetof(hk_system_details_opts, pid) + sizeof(own.pid));

	if (r < 0)
		return r;
	if (own.pid <= 0 || (own.sections & ~(uint32_t) HK_SYSTEM_DETAILS_ALL) != 0)
		return -EINVAL;
	result = hki_zalloc(sizeof(*result));
	if (result == NULL)
		return -ENOMEM;
	reading.result = result;
	reading.sections = own.sections != 0 ? own.sections : HK_SYSTEM_DETAILS_GENTLE;
	reading.deadline_ns =
	    hki_clock_monotonic_ns() +
	    (own.deadline_ns != 0 ? own.deadline_ns : DEADLINE_DEFAULT_NS);
	r = read_all(&reading, &own);
	let_go(&reading);
	if (r < 0)
		return r;
	*out = hki_take(result);
	return 0;
}

const hk_system_details *hk_system_details_get(const hk_system_details_result *result)
{
	return &result->details;
}

void hk_system_details_free(hk_system_details_result *result)
{
	if (result == NULL)
		return;
	hki_arena_deinit(&result->arena);
	hki_free(result);
}
