#include "service/service_internal.h"

#include <signal.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"

/*
 * What is told to whoever watches a set: one record for each thing that
 * happened, built on the stack from what the instance knows, valid during the
 * call.
 */

enum {
	FIELD_SCHEMA,
	FIELD_HOST,
	FIELD_BOOT_ID,
	FIELD_SEQ,
	FIELD_TIME,
	FIELD_EVENT,
	FIELD_SERVICE,
	FIELD_INSTANCE,
	FIELD_STATE,
	FIELD_PID,
	FIELD_IDENTITY,
	FIELD_EXIT_CODE,
	FIELD_SIGNAL,
	FIELD_CORE_DUMPED,
	FIELD_ERROR,
	FIELD_RUN_TIME,
	FIELD_DELAY,
	FIELD_RESTARTS,
	FIELD_MEMORY,
	FIELD_TEXT,
	FIELD_OUTPUT
};

static const char *const event_names[] = { "state", "unhealthy", "memory", "limited",
	"status", "log", "note", "end", NULL };
static const char *const state_names[] = { "stopped", "waiting", "starting", "running",
	"ready", "stopping", "restarting", "recycling", "backoff", "completed", "failed",
	NULL };

/* clang-format off */
#define AT(member) .offset = offsetof(hk_service_event, member)
static const hk_record_field fields[] = {
	[FIELD_SCHEMA] = { .name = "schema", .kind = HK_RECORD_STRING, .priority = 9,
	    .help = "what kind of record this is", AT(schema) },
	[FIELD_HOST] = { .name = "host", .kind = HK_RECORD_STRING, .priority = 9,
	    .help = "name of the machine", AT(host) },
	[FIELD_BOOT_ID] = { .name = "boot_id", .kind = HK_RECORD_STRING, .priority = 9,
	    .help = "changes with each boot", AT(boot_id) },
	[FIELD_SEQ] = { .name = "seq", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .priority = 9, .help = "counts from 1 without gaps", AT(seq) },
	[FIELD_TIME] = { .name = "time_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_TIMESTAMP,
	    .decimals = 6, .help = "when it happened", AT(time_s) },
	[FIELD_EVENT] = { .name = "event", .kind = HK_RECORD_ENUM, .names = event_names,
	    .help = "what happened: a new state, or something about it", AT(event) },
	[FIELD_SERVICE] = { .name = "service", .kind = HK_RECORD_STRING,
	    .help = "its name", AT(service) },
	[FIELD_INSTANCE] = { .name = "instance", .kind = HK_RECORD_UINT32,
	    .unit = HK_UNIT_IDENTIFIER, .help = "which of them, from 1", AT(instance) },
	[FIELD_STATE] = { .name = "state", .kind = HK_RECORD_ENUM, .names = state_names,
	    .help = "the state it is in now", AT(state) },
	[FIELD_PID] = { .name = "pid", .kind = HK_RECORD_INT64, .unit = HK_UNIT_IDENTIFIER,
	    .priority = 1, .help = "process id", AT(pid) },
	[FIELD_IDENTITY] = { .name = "identity", .kind = HK_RECORD_STRING, .priority = 6,
	    .help = "id, start and inode: never given twice", AT(identity) },
	[FIELD_EXIT_CODE] = { .name = "exit_code", .kind = HK_RECORD_INT32,
	    .unit = HK_UNIT_IDENTIFIER, .priority = 1, .help = "exit code, if it exited",
	    AT(exit_code) },
	[FIELD_SIGNAL] = { .name = "signal", .kind = HK_RECORD_STRING, .priority = 1,
	    .help = "the signal that ended it", AT(signal) },
	[FIELD_CORE_DUMPED] = { .name = "core_dumped", .kind = HK_RECORD_BOOL, .priority = 4,
	    .help = "whether it left a core file", AT(core_dumped) },
	[FIELD_ERROR] = { .name = "error", .kind = HK_RECORD_STRING, .priority = 1,
	    .help = "why it could not be started", AT(error) },
	[FIELD_RUN_TIME] = { .name = "run_time_s", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_SECONDS, .decimals = 3, .priority = 3,
	    .help = "how long it ran", AT(run_time_s) },
	[FIELD_DELAY] = { .name = "delay_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .decimals = 3, .priority = 3, .help = "pause before the next start", AT(delay_s) },
	[FIELD_RESTARTS] = { .name = "restarts", .kind = HK_RECORD_UINT32, .priority = 2,
	    .help = "restarts by the policy since it was asked to run", AT(restarts) },
	[FIELD_MEMORY] = { .name = "memory_bytes", .kind = HK_RECORD_UINT64,
	    .unit = HK_UNIT_BYTES, .priority = 3, .help = "what its whole tree uses",
	    AT(memory_bytes) },
	[FIELD_TEXT] = { .name = "text", .kind = HK_RECORD_STRING,
	    .help = "more about it, for people", AT(text) },
	[FIELD_OUTPUT] = { .name = "output", .kind = HK_RECORD_STRING, .priority = 7,
	    .help = "the last lines it printed, when it failed", AT(output) },
};
#undef AT
/* clang-format on */

const hk_record_type hk_service_event_type = {
	.name = "service_event",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_service_event),
};

static void set(hk_service_event *event, unsigned int field, bool known)
{
	if (known)
		hk_record_set(&event->record, field);
}

static void describe_set(hk_service_event *event, hk_service_set *set_)
{
	hki_envelope *envelope = &set_->envelope;

	event->schema = "hostkit.service.event/1";
	event->host = envelope->host;
	event->boot_id = envelope->boot_id;
	event->seq = ++envelope->seq;
	event->time_s = (double) hki_clock_real_ns() / 1e9;
	set(event, FIELD_SCHEMA, true);
	set(event, FIELD_HOST, envelope->host[0] != '\0');
	set(event, FIELD_BOOT_ID, envelope->boot_id[0] != '\0');
	set(event, FIELD_SEQ, true);
	set(event, FIELD_TIME, true);
	set(event, FIELD_EVENT, true);
}

static void describe_instance(hk_service_event *event, const hki_instance *instance,
    char *identity, size_t capacity)
{
	event->service = instance->service->description.name;
	event->instance = instance->number;
	event->state = (int32_t) instance->state;
	event->restarts = instance->restarts;
	event->memory_bytes = instance->memory_bytes;
	set(event, FIELD_SERVICE, true);
	set(event, FIELD_INSTANCE, true);
	set(event, FIELD_STATE, true);
	set(event, FIELD_RESTARTS, true);
	set(event, FIELD_MEMORY, instance->memory_bytes != 0);
	if (instance->started_ns == 0)
		return;
	(void) hk_process_id_format(identity, capacity, &instance->id);
	event->pid = instance->id.pid;
	event->identity = identity;
	set(event, FIELD_PID, true);
	set(event, FIELD_IDENTITY, true);
}

/* States that an end leads to. */
static bool is_after_end(hk_service_state state)
{
	return state == HK_SERVICE_STATE_BACKOFF || state == HK_SERVICE_STATE_COMPLETED ||
	       state == HK_SERVICE_STATE_FAILED || state == HK_SERVICE_STATE_STOPPED;
}

static void describe_end(hk_service_event *event, const hki_instance *instance)
{
	const hk_process_exit *how = &instance->how;

	set(event, FIELD_ERROR, instance->failure[0] != '\0');
	event->error = instance->failure;
	if (instance->state == HK_SERVICE_STATE_BACKOFF) {
		event->delay_s = (double) instance->answer.delay_ns / 1e9;
		set(event, FIELD_DELAY, true);
	}
	if (instance->started_ns == 0)
		return;
	event->exit_code = how->code;
	event->signal = how->end == HK_END_SIGNAL ? hk_signal_name(how->signal) : NULL;
	event->core_dumped = how->core_dumped;
	event->run_time_s = (double) how->wall_ns / 1e9;
	set(event, FIELD_EXIT_CODE, how->end == HK_END_CODE);
	set(event, FIELD_SIGNAL, event->signal != NULL);
	set(event, FIELD_CORE_DUMPED, how->end == HK_END_SIGNAL);
	set(event, FIELD_RUN_TIME, true);
}

/* What this run has printed, not the one before it. */
static char *last_lines(const hki_instance *instance)
{
	const hk_log_stream *stream =
	    instance->error != NULL ? instance->error : instance->out;
	char *text = NULL;
	size_t length;
	uint64_t printed;

	if (stream == NULL || hk_log_stream_tail(stream, &text, &length) < 0)
		return NULL;
	printed = hk_log_stream_total(stream) - instance->printed_before;
	if (length > printed)
		memmove(text, text + (length - printed), (size_t) printed + 1);
	return text;
}

static void send(hk_service_set *to, const hk_service_event *event)
{
	if (to->opts.on_event != NULL)
		to->opts.on_event(to, event, to->opts.user);
}

void hki_event_emit(hk_service_set *to, hk_service_event_kind kind,
    const hki_instance *instance, const char *text)
{
	hk_service_event event = { .event = (int32_t) kind, .text = text };
	char identity[HK_PROCESS_ID_TEXT_MAX];

	if (to->freed)
		return;
	describe_set(&event, to);
	set(&event, FIELD_TEXT, text != NULL);
	if (instance != NULL)
		describe_instance(&event, instance, identity, sizeof(identity));
	if (kind == HK_SERVICE_EVENT_LIMITED &&
	    instance->answer.verdict == HKI_POLICY_RETRY) {
		event.delay_s = (double) instance->answer.delay_ns / 1e9;
		set(&event, FIELD_DELAY, true);
	}
	send(to, &event);
}

void hki_event_emit_state(hki_instance *instance)
{
	hk_service_set *to = instance->service->set;
	hk_service_event event = { .event = HK_SERVICE_EVENT_STATE };
	hki_cleanup(hki_freep) char *output = NULL;
	char identity[HK_PROCESS_ID_TEXT_MAX];

	if (to->freed)
		return;
	describe_set(&event, to);
	describe_instance(&event, instance, identity, sizeof(identity));
	if (is_after_end(instance->state))
		describe_end(&event, instance);
	if (instance->state == HK_SERVICE_STATE_BACKOFF ||
	    instance->state == HK_SERVICE_STATE_FAILED)
		output = last_lines(instance);
	event.output = output;
	set(&event, FIELD_OUTPUT, output != NULL && output[0] != '\0');
	send(to, &event);
}
