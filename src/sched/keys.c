/*
 * The keys of a task, as people write them.  What is a plain value has its place in
 * the task here, so that a new one is a row and nothing else.
 */
#include <string.h>
#include "sched/reader.h"

/* clang-format off */
#define TASK(member) .offset = offsetof(hk_sched_task, member)
#define COMMAND(member) .in_command = true, .offset = offsetof(hk_sched_command, member)
const hki_sched_key_row hki_sched_keys[HKI_KEY_COUNT] = {
	[HKI_KEY_ID] = { "id", HKI_KIND_TEXT, TASK(id) },
	[HKI_KEY_ARRIVAL] = { "arrival", HKI_KIND_TIME, TASK(arrival) },
	[HKI_KEY_START_AFTER] = { "start_after", HKI_KIND_TIME, TASK(start_after) },
	[HKI_KEY_BURST] = { "burst", HKI_KIND_TIME, TASK(burst) },
	[HKI_KEY_DEADLINE] = { "deadline", HKI_KIND_TIME, TASK(deadline) },
	[HKI_KEY_PERIOD] = { "period", HKI_KIND_TIME, TASK(period) },
	[HKI_KEY_PRIORITY] = { "priority", HKI_KIND_INT32, TASK(priority) },
	[HKI_KEY_QUEUE] = { "queue", HKI_KIND_UINT32, TASK(queue) },
	[HKI_KEY_TICKETS] = { "tickets", HKI_KIND_UINT32, TASK(tickets) },
	[HKI_KEY_IO] = { "io", HKI_KIND_LIST, TASK(io) },
	[HKI_KEY_DEPENDS_ON] = { "depends_on", HKI_KIND_LIST, TASK(depends_on) },
	[HKI_KEY_COMMAND] = { "command", HKI_KIND_LIST, COMMAND(argv) },
	[HKI_KEY_ENVIRONMENT] = { "environment", HKI_KIND_LIST, COMMAND(environment) },
	[HKI_KEY_WORKING_DIR] = { "working_dir", HKI_KIND_TEXT, COMMAND(working_dir) },
	[HKI_KEY_QUEUE_TIMEOUT] = { "queue_timeout", HKI_KIND_SPAN, COMMAND(queue_timeout_ns) },
	[HKI_KEY_RUN_TIMEOUT] = { "run_timeout", HKI_KIND_SPAN, COMMAND(run_timeout_ns) },
	[HKI_KEY_RETRIES] = { "retries", HKI_KIND_UINT32, COMMAND(retries) },
	[HKI_KEY_BACKOFF] = { "backoff", HKI_KIND_SPAN, COMMAND(backoff_ns) },
};
#undef COMMAND
#undef TASK
/* clang-format on */

hki_sched_key_id hki_sched_key_find(const char *name, size_t length)
{
	for (unsigned int key = 0; key < HKI_KEY_COUNT; key++)
		if (strlen(hki_sched_keys[key].name) == length &&
		    memcmp(hki_sched_keys[key].name, name, length) == 0)
			return (hki_sched_key_id) key;
	return HKI_KEY_COUNT;
}

static const char *const conditions[] = { "ok", "any", "not_ok" };

bool hki_sched_condition_find(hk_sched_condition *out, const char *word)
{
	for (unsigned int i = 0; i < 3; i++) {
		if (strcmp(conditions[i], word) == 0) {
			*out = (hk_sched_condition) i;
			return true;
		}
	}
	return false;
}

const char *hki_sched_condition_name(hk_sched_condition condition)
{
	return conditions[condition];
}
