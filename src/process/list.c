/*
 * The registry as records: a copy taken at one moment, so that it can be kept,
 * shown and written while processes come and go.
 */
#include "process/process_internal.h"

#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"

enum {
	FIELD_PID,
	FIELD_IDENTITY,
	FIELD_NAME,
	FIELD_COMMAND,
	FIELD_TYPE,
	FIELD_STATE,
	FIELD_START_TIME,
	FIELD_END_TIME,
	FIELD_EXIT_CODE,
	FIELD_SIGNAL,
	FIELD_ERROR
};

static const char *const type_names[] = { "spawned", "run", "adopted", "forked", NULL };
static const char *const state_names[] = { "starting", "running", "stopping", "exited",
	"failed", NULL };

/* clang-format off */
#define AT(member) .offset = offsetof(hk_process_info, member)
static const hk_record_field fields[] = {
	[FIELD_PID] = { .name = "pid", .kind = HK_RECORD_INT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process id", .priority = 0, AT(pid) },
	[FIELD_IDENTITY] = { .name = "identity", .kind = HK_RECORD_STRING,
	    .help = "id, start and inode: never given twice", .priority = 6, AT(identity) },
	[FIELD_NAME] = { .name = "name", .kind = HK_RECORD_STRING,
	    .help = "name given at the start, or the program's", .priority = 0, AT(name) },
	[FIELD_COMMAND] = { .name = "command", .kind = HK_RECORD_STRINGS,
	    .help = "program and arguments", .priority = 5, AT(command) },
	[FIELD_TYPE] = { .name = "type", .kind = HK_RECORD_ENUM, .names = type_names,
	    .help = "how it came to be known: spawned, run, adopted or forked", .priority = 4, AT(type) },
	[FIELD_STATE] = { .name = "state", .kind = HK_RECORD_ENUM, .names = state_names,
	    .help = "starting, running, stopping, exited or failed", .priority = 0, AT(state) },
	[FIELD_START_TIME] = { .name = "start_time_s", .title = "START", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_TIMESTAMP, .decimals = 3,
	    .help = "when it was started", .priority = 2, AT(start_time_s) },
	[FIELD_END_TIME] = { .name = "end_time_s", .title = "END", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_TIMESTAMP, .decimals = 3,
	    .help = "when it ended", .priority = 3, AT(end_time_s) },
	[FIELD_EXIT_CODE] = { .name = "exit_code", .title = "CODE", .kind = HK_RECORD_INT32,
	    .unit = HK_UNIT_IDENTIFIER, .help = "exit code, if it exited", .priority = 1, AT(exit_code) },
	[FIELD_SIGNAL] = { .name = "signal", .kind = HK_RECORD_STRING,
	    .help = "the signal that ended it", .priority = 1, AT(signal) },
	[FIELD_ERROR] = { .name = "error", .kind = HK_RECORD_STRING,
	    .help = "why it could not be started", .priority = 1, AT(error) },
};
#undef AT
/* clang-format on */

const hk_record_type hk_process_info_type = {
	.name = "process",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_process_info),
};

/* What a row owns besides the record. */
typedef struct row {
	char **command; /* one block, with the name behind the arguments */
	char identity[HK_PROCESS_ID_TEXT_MAX];
	char error[128];
} row;

struct hk_process_list {
	size_t count;
	hk_process_info *infos;
	row *rows;
};

static double seconds(uint64_t ns)
{
	return (double) ns / (double) HKI_NS_PER_S;
}

static int set_command(
    hk_process_info *info, row *own, char *const *argv, const char *name)
{
	size_t count = hki_strings_count((const char *const *) argv);
	hki_cleanup(hki_freep) const char **strings =
	    hki_alloc_array(count + 1, sizeof(*strings));

	if (strings == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		strings[i] = argv[i];
	strings[count] = name;
	own->command = hki_strings_copy(strings, count + 1);
	if (own->command == NULL)
		return -ENOMEM;
	info->name = own->command[count];
	hk_record_set(&info->record, FIELD_NAME);
	if (count > 0) {
		info->command.items = (const char *const *) own->command;
		info->command.count = count;
		hk_record_set(&info->record, FIELD_COMMAND);
	}
	return 0;
}

static void set_kind(hk_process_info *info, hk_process_type type, hk_process_state state)
{
	info->type = (int32_t) type;
	info->state = (int32_t) state;
	hk_record_set(&info->record, FIELD_TYPE);
	hk_record_set(&info->record, FIELD_STATE);
}

static void set_end(hk_process_info *info, const hk_process *process)
{
	const hk_process_exit *how = hk_process_get_exit(process);

	if (how == NULL)
		return;
	info->end_time_s = seconds(process->ended_real_ns);
	hk_record_set(&info->record, FIELD_END_TIME);
	if (how->end == HK_END_CODE) {
		info->exit_code = how->code;
		hk_record_set(&info->record, FIELD_EXIT_CODE);
	} else if (how->end == HK_END_SIGNAL) {
		info->signal = hk_signal_name(how->signal);
		if (info->signal != NULL)
			hk_record_set(&info->record, FIELD_SIGNAL);
	}
}

static int fill(hk_process_info *info, row *own, const hk_process *process)
{
	set_kind(info, process->type, process->state);
	if (process->state != HK_PROCESS_STARTING) {
		info->pid = process->id.pid;
		hk_record_set(&info->record, FIELD_PID);
		(void) hk_process_id_format(
		    own->identity, sizeof(own->identity), &process->id);
		info->identity = own->identity;
		hk_record_set(&info->record, FIELD_IDENTITY);
		info->start_time_s = seconds(process->started_real_ns);
		hk_record_set(&info->record, FIELD_START_TIME);
	}
	set_end(info, process);
	return set_command(info, own, process->argv, process->name);
}

static int fill_failed(hk_process_info *info, row *own, const hki_failed_start *start)
{
	set_kind(info, start->type, HK_PROCESS_FAILED);
	info->start_time_s = info->end_time_s = seconds(start->time_ns);
	hk_record_set(&info->record, FIELD_START_TIME);
	hk_record_set(&info->record, FIELD_END_TIME);
	(void) snprintf(own->error, sizeof(own->error), "%s: %s", start->step,
	    hk_error_text(start->code));
	info->error = own->error;
	hk_record_set(&info->record, FIELD_ERROR);
	return set_command(info, own, start->argv, start->name);
}

static size_t room_for(const hki_registry *registry)
{
	size_t count = registry->failed_total < HKI_FAILED_STARTS_MAX
			   ? registry->failed_total
			   : HKI_FAILED_STARTS_MAX;

	for (const hki_list *node = registry->processes.next;
	     node != &registry->processes; node = node->next)
		count++;
	return count;
}

static int fill_all(hk_process_list *list, const hki_registry *registry)
{
	size_t first = registry->failed_total > HKI_FAILED_STARTS_MAX
			   ? registry->failed_total - HKI_FAILED_STARTS_MAX
			   : 0;
	int r = 0;

	for (hki_list *node = registry->processes.next;
	     node != &registry->processes && r == 0; node = node->next) {
		const hk_process *process = hki_list_entry(node, hk_process, node);

		if (process->state == HK_PROCESS_FAILED)
			continue; /* among the failed starts */
		r = fill(&list->infos[list->count], &list->rows[list->count], process);
		list->count++;
	}
	for (size_t i = first; i < registry->failed_total && r == 0; i++) {
		r = fill_failed(&list->infos[list->count], &list->rows[list->count],
		    &registry->failed[i % HKI_FAILED_STARTS_MAX]);
		list->count++;
	}
	return r;
}

static void list_freep(hk_process_list **list)
{
	hk_process_list_free(*list);
}

int hk_process_list_new(hk_process_list **out, const hk_loop *loop)
{
	hki_cleanup(list_freep) hk_process_list *list = hki_zalloc(sizeof(*list));
	const hki_registry *registry;
	int r = hki_loop_check(loop);

	if (r < 0)
		return r;
	if (list == NULL)
		return -ENOMEM;
	registry = hki_loop_get_slot(loop, HKI_LOOP_PROCESS);
	if (registry != NULL) {
		size_t room = room_for(registry);

		list->infos = hki_zalloc_array(room, sizeof(*list->infos));
		list->rows = hki_zalloc_array(room, sizeof(*list->rows));
		if (list->infos == NULL || list->rows == NULL)
			return -ENOMEM;
		r = fill_all(list, registry);
		if (r < 0)
			return r;
	}
	*out = hki_take(list);
	return 0;
}

size_t hk_process_list_count(const hk_process_list *list)
{
	return list->count;
}

const hk_process_info *hk_process_list_get(const hk_process_list *list, size_t index)
{
	return index < list->count ? &list->infos[index] : NULL;
}

void hk_process_list_free(hk_process_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		hki_free(list->rows[i].command);
	hki_free(list->rows);
	hki_free(list->infos);
	hki_free(list);
}
