/*
 * What is known about tasks and about all of it, as records, at any time: also in the
 * middle of a run.
 */
#include <errno.h>
#include <string.h>
#include "base/array.h"
#include "base/clock.h"
#include "sched/executor_internal.h"

static const char *const state_names[] = {
	[HK_SCHED_WAITING] = "waiting",
	[HK_SCHED_READY] = "ready",
	[HK_SCHED_RUNNING] = "running",
	[HK_SCHED_PAUSED] = "paused",
	[HK_SCHED_STOPPING] = "stopping",
	[HK_SCHED_ENDED] = "ended",
	NULL,
};

/* As hk_sched_outcome_name() has them. */
static const char *const outcome_names[] = {
	[HK_SCHED_DONE] = "done",
	[HK_SCHED_FAILED] = "failed",
	[HK_SCHED_CANCELLED] = "cancelled",
	[HK_SCHED_TIMED_OUT] = "timed_out",
	[HK_SCHED_DEPENDENCY_FAILED] = "dependency_failed",
	NULL,
};

const char *hk_sched_state_name(unsigned int state)
{
	return state < HK_SCHED_STATE_COUNT ? state_names[state] : NULL;
}

enum {
	FIELD_ID,
	FIELD_STATE,
	FIELD_OUTCOME,
	FIELD_PRIORITY,
	FIELD_BURST,
	FIELD_CPU,
	FIELD_REMAINING,
	FIELD_ARRIVAL,
	FIELD_START,
	FIELD_END,
	FIELD_RESPONSE,
	FIELD_WAIT,
	FIELD_TURNAROUND,
	FIELD_HELD,
	FIELD_SLICES,
	FIELD_TRIES,
	FIELD_PID,
	FIELD_EXIT_CODE,
	FIELD_SIGNAL,
	FIELD_ERROR,
	FIELD_DEPENDENCY,
	FIELD_LEFTOVERS,
	FIELD_STDOUT_BYTES,
	FIELD_STDERR_BYTES,
	FIELD_STDOUT_CUT,
	FIELD_STDERR_CUT
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_sched_info, member)
#define MS(key, heading, text, rank, member) \
	{ .name = key, .title = heading, .help = text, .kind = HK_RECORD_DOUBLE, \
	  .decimals = 3, .priority = rank, AT(member) }
static const hk_record_field info_fields[] = {
	[FIELD_ID] = { .name = "id", .kind = HK_RECORD_STRING,
	    .help = "name of the task", .priority = 0, AT(id) },
	[FIELD_STATE] = { .name = "state", .kind = HK_RECORD_ENUM, .names = state_names,
	    .help = "waiting, ready, running, paused, stopping or ended", .priority = 0, AT(state) },
	[FIELD_OUTCOME] = { .name = "outcome", .kind = HK_RECORD_ENUM, .names = outcome_names,
	    .help = "how it ended", .priority = 0, AT(outcome) },
	[FIELD_PRIORITY] = { .name = "priority", .title = "PRIO", .kind = HK_RECORD_INT32,
	    .help = "its priority", .priority = 5, AT(priority) },
	[FIELD_BURST] = MS("burst_ms", "BURST", "CPU time announced, in milliseconds", 4, burst_ms),
	[FIELD_CPU] = MS("cpu_ms", "CPU", "CPU time it had, all tries, in milliseconds", 0, cpu_ms),
	[FIELD_REMAINING] = MS("remaining_ms", "LEFT", "CPU time announced and not yet had, in milliseconds", 3, remaining_ms),
	[FIELD_ARRIVAL] = MS("arrival_ms", "ARRIVAL", "when it arrived, in milliseconds since the executor was made", 4, arrival_ms),
	[FIELD_START] = MS("start_ms", "START", "its first turn, in milliseconds since the executor was made", 3, start_ms),
	[FIELD_END] = MS("end_ms", "END", "its end, in milliseconds since the executor was made", 3, end_ms),
	[FIELD_RESPONSE] = MS("response_ms", "RESPONSE", "from its arrival to its first turn, in milliseconds", 2, response_ms),
	[FIELD_WAIT] = MS("wait_ms", "WAIT", "it was ready and others had the slots, in milliseconds", 1, wait_ms),
	[FIELD_TURNAROUND] = MS("turnaround_ms", "TURNAROUND", "from its arrival to its end, in milliseconds", 1, turnaround_ms),
	[FIELD_HELD] = MS("held_ms", "HELD", "it waited for other tasks, its time, a pause or the next try, in milliseconds", 4, held_ms),
	[FIELD_SLICES] = { .name = "slices", .kind = HK_RECORD_UINT64,
	    .help = "turns it had", .priority = 2, AT(slices) },
	[FIELD_TRIES] = { .name = "tries", .kind = HK_RECORD_UINT32,
	    .help = "times it was started", .priority = 4, AT(tries) },
	[FIELD_PID] = { .name = "pid", .kind = HK_RECORD_INT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process id, while there is a process", .priority = 3, AT(pid) },
	[FIELD_EXIT_CODE] = { .name = "exit_code", .title = "CODE", .kind = HK_RECORD_INT32,
	    .unit = HK_UNIT_IDENTIFIER, .help = "exit code of the last try", .priority = 1, AT(exit_code) },
	[FIELD_SIGNAL] = { .name = "signal", .kind = HK_RECORD_STRING,
	    .help = "the signal that ended the last try", .priority = 1, AT(signal) },
	[FIELD_ERROR] = { .name = "error", .kind = HK_RECORD_STRING,
	    .help = "what the last try failed with", .priority = 1, AT(error) },
	[FIELD_DEPENDENCY] = { .name = "dependency", .kind = HK_RECORD_STRING,
	    .help = "the task whose end kept this one from running", .priority = 1, AT(dependency) },
	[FIELD_LEFTOVERS] = { .name = "leftovers", .kind = HK_RECORD_UINT32,
	    .help = "processes it left behind, which were killed", .priority = 4, AT(leftovers) },
	[FIELD_STDOUT_BYTES] = { .name = "stdout_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "what it wrote to stdout, kept or not", .priority = 5, AT(stdout_bytes) },
	[FIELD_STDERR_BYTES] = { .name = "stderr_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "what it wrote to stderr, kept or not", .priority = 5, AT(stderr_bytes) },
	[FIELD_STDOUT_CUT] = { .name = "stdout_cut", .kind = HK_RECORD_BOOL,
	    .help = "it wrote more to stdout than is kept", .priority = 5, AT(stdout_cut) },
	[FIELD_STDERR_CUT] = { .name = "stderr_cut", .kind = HK_RECORD_BOOL,
	    .help = "it wrote more to stderr than is kept", .priority = 5, AT(stderr_cut) },
};
#undef MS
#undef AT
/* clang-format on */

const hk_record_type hk_sched_info_type = {
	.name = "task",
	.fields = info_fields,
	.field_count = HKI_COUNT(info_fields),
	.struct_size = sizeof(hk_sched_info),
};

/* ---- one task ---- */

static double in_ms(int64_t ns)
{
	return (double) ns / (double) HKI_NS_PER_MS;
}

static void present(hk_sched_info *info, unsigned int field)
{
	hk_record_set(&info->record, field);
}

static int64_t now_or_end(const hki_task *task)
{
	return task->state == HK_SCHED_ENDED ? task->end_ns
					     : hki_executor_now(task->executor);
}

static void fill_times(hk_sched_info *info, const hki_task *task)
{
	int64_t now_ns = now_or_end(task);
	int64_t wait_ns = task->wait_ns;
	int64_t held_ns = task->held_ns;

	if (task->state == HK_SCHED_READY)
		wait_ns += now_ns - task->since_ns;
	if (task->state == HK_SCHED_WAITING || task->state == HK_SCHED_PAUSED)
		held_ns += now_ns - task->since_ns;
	info->arrival_ms = in_ms(task->arrival_ns);
	present(info, FIELD_ARRIVAL);
	if (!task->arrived)
		return;
	info->wait_ms = in_ms(wait_ns);
	info->held_ms = in_ms(held_ns);
	info->turnaround_ms = in_ms(now_ns - task->arrival_ns);
	present(info, FIELD_WAIT);
	present(info, FIELD_HELD);
	present(info, FIELD_TURNAROUND);
	if (task->start_ns >= 0) {
		info->start_ms = in_ms(task->start_ns);
		info->response_ms = in_ms(task->start_ns - task->arrival_ns);
		present(info, FIELD_START);
		present(info, FIELD_RESPONSE);
	}
	if (task->state == HK_SCHED_ENDED) {
		info->end_ms = in_ms(task->end_ns);
		present(info, FIELD_END);
	}
}

/* Of a task that runs the clock is read: asking changes nothing of the schedule. */
static void fill_cpu(hk_sched_info *info, hki_task *task)
{
	uint64_t cpu_ns = hki_task_cpu(task);
	int64_t left_ns = task->spec.burst - (int64_t) cpu_ns;

	info->burst_ms = in_ms(task->spec.burst);
	info->cpu_ms = in_ms((int64_t) (task->earlier_ns + cpu_ns));
	present(info, FIELD_BURST);
	present(info, FIELD_CPU);
	if (task->state == HK_SCHED_ENDED)
		return;
	info->remaining_ms = in_ms(left_ns > 0 ? left_ns : 0);
	present(info, FIELD_REMAINING);
}

static void fill_program(hk_sched_info *info, const hki_task *task)
{
	if (task->runner != NULL) {
		info->pid = hk_process_pid(hk_process_runner_process(task->runner));
		present(info, FIELD_PID);
		return;
	}
	if (!hki_task_is_program(task) || !task->begun)
		return;
	if (task->end == HK_END_CODE) {
		info->exit_code = task->code;
		present(info, FIELD_EXIT_CODE);
	} else if (task->end == HK_END_SIGNAL) {
		info->signal = hk_signal_name(task->signal);
		present(info, FIELD_SIGNAL);
	}
	info->leftovers = task->leftovers;
	info->stdout_bytes = task->output[0].total;
	info->stderr_bytes = task->output[1].total;
	info->stdout_cut = task->output[0].cut;
	info->stderr_cut = task->output[1].cut;
	for (unsigned int field = FIELD_LEFTOVERS; field <= FIELD_STDERR_CUT; field++)
		present(info, field);
}

static void fill_info(hk_sched_info *info, hki_task *task)
{
	*info = (hk_sched_info){ .id = task->spec.id,
		.state = (int32_t) task->state,
		.outcome = (int32_t) task->outcome,
		.priority = task->spec.priority,
		.slices = task->slices,
		.tries = task->tries,
		.error = task->error_text,
		.dependency = task->dependency };
	present(info, FIELD_ID);
	present(info, FIELD_STATE);
	present(info, FIELD_PRIORITY);
	present(info, FIELD_SLICES);
	present(info, FIELD_TRIES);
	if (task->state == HK_SCHED_ENDED)
		present(info, FIELD_OUTCOME);
	if (task->error_text != NULL)
		present(info, FIELD_ERROR);
	if (task->dependency != NULL)
		present(info, FIELD_DEPENDENCY);
	fill_times(info, task);
	fill_cpu(info, task);
	fill_program(info, task);
}

/* ---- finding tasks ---- */

size_t hk_sched_executor_count(const hk_sched_executor *executor)
{
	return executor->task_count;
}

int hk_sched_executor_get(hk_sched_info *out, hk_sched_executor *executor, size_t index)
{
	hki_list *node = executor->tasks.next;
	size_t at = 0;

	if (index >= executor->task_count)
		return -ENOENT;
	/* Walks are asked for in order, so the last answer is where the next begins. */
	if (executor->walked != NULL && executor->walked_index <= index) {
		node = executor->walked;
		at = executor->walked_index;
	}
	for (; at < index; at++)
		node = node->next;
	executor->walked = node;
	executor->walked_index = index;
	fill_info(out, hki_list_entry(node, hki_task, node));
	return 0;
}

int hk_sched_executor_find(
    hk_sched_info *out, const hk_sched_executor *executor, const char *id)
{
	hki_task *task = hki_tasks_find(executor, id);

	if (task == NULL)
		return -ENOENT;
	fill_info(out, task);
	return 0;
}

const char *hk_sched_executor_output(const hk_sched_executor *executor, const char *id,
    unsigned int stream, size_t *out_length)
{
	const hki_task *task = hki_tasks_find(executor, id);
	const char *data;

	if (task == NULL || stream < 1 || stream > 2)
		return NULL;
	data = task->output[stream - 1].data;
	if (out_length != NULL)
		*out_length = task->output[stream - 1].length;
	return data == NULL ? "" : data;
}

const hk_sched_slice *hk_sched_executor_slices(
    const hk_sched_executor *executor, size_t *out_count)
{
	*out_count = executor->kept_count;
	return executor->kept;
}
