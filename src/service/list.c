#include "service/service_internal.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/arena.h"

/* Every instance as a record: a copy taken at one moment. */

enum {
	FIELD_SERVICE,
	FIELD_INSTANCE,
	FIELD_STATE,
	FIELD_PID,
	FIELD_IDENTITY,
	FIELD_RESTARTS,
	FIELD_EXIT_CODE,
	FIELD_SIGNAL,
	FIELD_ERROR,
	FIELD_START_TIME,
	FIELD_UPTIME,
	FIELD_MEMORY,
	FIELD_STATUS,
	FIELD_TREE
};

static const char *const state_names[] = { "stopped", "waiting", "starting", "running",
	"ready", "stopping", "restarting", "recycling", "backoff", "completed", "failed",
	NULL };
static const char *const tree_names[] = { "walk", "none", "group", "reaper", "keeper",
	"cgroup", "auto", NULL };

/* clang-format off */
#define AT(member) .offset = offsetof(hk_service_info, member)
static const hk_record_field fields[] = {
	[FIELD_SERVICE] = { .name = "service", .kind = HK_RECORD_STRING,
	    .help = "its name", AT(service) },
	[FIELD_INSTANCE] = { .name = "instance", .kind = HK_RECORD_UINT32,
	    .unit = HK_UNIT_IDENTIFIER, .priority = 1, .help = "which of them, from 1",
	    AT(instance) },
	[FIELD_STATE] = { .name = "state", .kind = HK_RECORD_ENUM, .names = state_names,
	    .help = "what it does now", AT(state) },
	[FIELD_PID] = { .name = "pid", .kind = HK_RECORD_INT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process id", AT(pid) },
	[FIELD_IDENTITY] = { .name = "identity", .kind = HK_RECORD_STRING, .priority = 7,
	    .help = "id, start and inode: never given twice", AT(identity) },
	[FIELD_RESTARTS] = { .name = "restarts", .kind = HK_RECORD_UINT32, .priority = 1,
	    .help = "restarts by the policy since it was asked to run", AT(restarts) },
	[FIELD_EXIT_CODE] = { .name = "exit_code", .title = "CODE", .kind = HK_RECORD_INT32,
	    .unit = HK_UNIT_IDENTIFIER, .priority = 3, .help = "exit code of the last end",
	    AT(exit_code) },
	[FIELD_SIGNAL] = { .name = "signal", .kind = HK_RECORD_STRING, .priority = 3,
	    .help = "the signal that ended it last", AT(signal) },
	[FIELD_ERROR] = { .name = "error", .kind = HK_RECORD_STRING, .priority = 2,
	    .help = "why it could not be started", AT(error) },
	[FIELD_START_TIME] = { .name = "start_time_s", .title = "START",
	    .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_TIMESTAMP, .decimals = 3, .priority = 5,
	    .help = "when its process was started", AT(start_time_s) },
	[FIELD_UPTIME] = { .name = "uptime_s", .title = "UPTIME", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_SECONDS, .decimals = 3, .priority = 1,
	    .help = "how long its process has been running", AT(uptime_s) },
	[FIELD_MEMORY] = { .name = "memory_bytes", .title = "MEMORY",
	    .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES, .priority = 4,
	    .help = "what its tree used when last seen", AT(memory_bytes) },
	[FIELD_STATUS] = { .name = "status", .kind = HK_RECORD_STRING, .priority = 6,
	    .help = "what it says about itself", AT(status) },
	[FIELD_TREE] = { .name = "tree", .kind = HK_RECORD_ENUM, .names = tree_names,
	    .priority = 8, .help = "how far its descendants are followed", AT(tree) },
};
#undef AT
/* clang-format on */

const hk_record_type hk_service_info_type = {
	.name = "service",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_service_info),
};

struct hk_service_list {
	hki_arena arena;
	size_t count;
	hk_service_info *infos;
};

static void set(hk_service_info *info, unsigned int field, bool known)
{
	if (known)
		hk_record_set(&info->record, field);
}

static void describe_process(
    hk_service_info *info, hki_arena *arena, const hki_instance *instance)
{
	char identity[HK_PROCESS_ID_TEXT_MAX];

	if (instance->process == NULL || instance->started_ns == 0)
		return;
	(void) hk_process_id_format(identity, sizeof(identity), &instance->id);
	info->pid = instance->id.pid;
	info->identity = hki_arena_string(arena, identity);
	info->start_time_s = instance->start_time_s;
	info->uptime_s = (double) (hki_clock_monotonic_ns() - instance->started_ns) / 1e9;
	info->tree = (int32_t) hk_process_get_tree(instance->process);
	set(info, FIELD_PID, true);
	set(info, FIELD_IDENTITY, info->identity != NULL);
	set(info, FIELD_START_TIME, true);
	set(info, FIELD_UPTIME, true);
	set(info, FIELD_TREE, true);
}

static void describe(
    hk_service_info *info, hki_arena *arena, const hki_instance *instance)
{
	const hk_process_exit *how = &instance->how;
	bool ended = instance->ended_before;

	info->service = hki_arena_string(arena, instance->service->description.name);
	info->instance = instance->number;
	info->state = (int32_t) instance->state;
	info->restarts = instance->restarts;
	info->exit_code = how->code;
	info->signal =
	    ended && how->end == HK_END_SIGNAL ? hk_signal_name(how->signal) : NULL;
	info->error = hki_arena_string(arena, instance->failure);
	info->memory_bytes = instance->memory_bytes;
	info->status = hki_arena_string(arena, instance->status);
	set(info, FIELD_SERVICE, info->service != NULL);
	set(info, FIELD_INSTANCE, true);
	set(info, FIELD_STATE, true);
	set(info, FIELD_RESTARTS, true);
	set(info, FIELD_EXIT_CODE, ended && how->end == HK_END_CODE);
	set(info, FIELD_SIGNAL, info->signal != NULL);
	set(info, FIELD_ERROR, instance->failure[0] != '\0');
	set(info, FIELD_MEMORY, instance->memory_bytes != 0);
	set(info, FIELD_STATUS, instance->status[0] != '\0');
	describe_process(info, arena, instance);
}

static void list_freep(hk_service_list **list)
{
	hk_service_list_free(*list);
}

static size_t count_instances(const hk_service_set *from)
{
	size_t count = 0;

	for (const hki_list *node = from->services.next; node != &from->services;
	     node = node->next)
		count += hki_list_entry(node, hki_service, node)->instance_count;
	return count;
}

int hk_service_list_new(hk_service_list **out, const hk_service_set *from)
{
	hki_cleanup(list_freep) hk_service_list *list = hki_zalloc(sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	list->infos = hki_zalloc_array(count_instances(from), sizeof(*list->infos));
	if (list->infos == NULL)
		return -ENOMEM;
	for (const hki_list *node = from->services.next; node != &from->services;
	     node = node->next) {
		const hki_service *service = hki_list_entry(node, hki_service, node);

		for (size_t i = 0; i < service->instance_count; i++)
			describe(&list->infos[list->count++], &list->arena,
			    service->instances[i]);
	}
	if (list->arena.failed)
		return -ENOMEM;
	*out = hki_take(list);
	return 0;
}

size_t hk_service_list_count(const hk_service_list *list)
{
	return list->count;
}

const hk_service_info *hk_service_list_get(const hk_service_list *list, size_t index)
{
	return index < list->count ? &list->infos[index] : NULL;
}

void hk_service_list_free(hk_service_list *list)
{
	if (list == NULL)
		return;
	hki_arena_deinit(&list->arena);
	hki_free(list->infos);
	hki_free(list);
}
