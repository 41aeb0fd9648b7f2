/*
 * The sums.  Those of tasks that have ended are kept as they end, so they also hold
 * what was forgotten; the others are counted when asked for.
 */
#include "base/array.h"
#include "base/clock.h"
#include "sched/executor_internal.h"

enum {
	FIELD_TASKS,
	FIELD_WAITING,
	FIELD_READY,
	FIELD_RUNNING,
	FIELD_PAUSED,
	FIELD_STOPPING,
	FIELD_ENDED,
	FIELD_DONE,
	FIELD_FAILED,
	FIELD_CANCELLED,
	FIELD_TIMED_OUT,
	FIELD_DEPENDENCY_FAILED,
	FIELD_ELAPSED,
	FIELD_CPU,
	FIELD_REMAINING,
	FIELD_STOLEN,
	FIELD_RESPONSE,
	FIELD_WAIT,
	FIELD_TURNAROUND,
	FIELD_SLICES,
	FIELD_PREEMPTIONS,
	FIELD_UNCONFIRMED,
	FIELD_PUT_OFF
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_sched_totals, member)
#define COUNT(key, text, member) \
	{ .name = key, .help = text, .kind = HK_RECORD_UINT64, AT(member) }
#define MS(key, text, member) \
	{ .name = key, .help = text, .kind = HK_RECORD_DOUBLE, .decimals = 3, AT(member) }
static const hk_record_field fields[] = {
	[FIELD_TASKS] = COUNT("tasks", "all that were added", tasks),
	[FIELD_WAITING] = COUNT("waiting", "tasks that wait for their time or for others", waiting),
	[FIELD_READY] = COUNT("ready", "tasks that could run", ready),
	[FIELD_RUNNING] = COUNT("running", "tasks that have a slot", running),
	[FIELD_PAUSED] = COUNT("paused", "tasks that somebody has paused", paused),
	[FIELD_STOPPING] = COUNT("stopping", "tasks that are being ended", stopping),
	[FIELD_ENDED] = COUNT("ended", "tasks that have ended", ended),
	[FIELD_DONE] = COUNT("done", "tasks that ended well", done),
	[FIELD_FAILED] = COUNT("failed", "tasks that ended badly", failed),
	[FIELD_CANCELLED] = COUNT("cancelled", "tasks that somebody has ended", cancelled),
	[FIELD_TIMED_OUT] = COUNT("timed_out", "tasks that queued or ran too long", timed_out),
	[FIELD_DEPENDENCY_FAILED] = COUNT("dependency_failed", "tasks that never ran, as others ended otherwise", dependency_failed),
	[FIELD_ELAPSED] = MS("elapsed_ms", "from the first arrival to the last end, or until now, in milliseconds", elapsed_ms),
	[FIELD_CPU] = MS("cpu_ms", "CPU time that tasks had, in milliseconds", cpu_ms),
	[FIELD_REMAINING] = MS("remaining_ms", "CPU time announced and not yet had, in milliseconds", remaining_ms),
	[FIELD_STOLEN] = MS("stolen_ms", "tasks had slots and no CPU, in milliseconds", stolen_ms),
	[FIELD_RESPONSE] = MS("response_average_ms", "average from arrival to the first turn, in milliseconds", response_average_ms),
	[FIELD_WAIT] = MS("wait_average_ms", "average of waiting while ready, in milliseconds", wait_average_ms),
	[FIELD_TURNAROUND] = MS("turnaround_average_ms", "average from arrival to end, in milliseconds", turnaround_average_ms),
	[FIELD_SLICES] = COUNT("slices", "turns given", slices),
	[FIELD_PREEMPTIONS] = COUNT("preemptions", "programs frozen for another task", preemptions),
	[FIELD_UNCONFIRMED] = COUNT("unconfirmed", "freezes that were not confirmed at once", unconfirmed),
	[FIELD_PUT_OFF] = COUNT("put_off", "programs that had to wait for descriptors, processes or memory", put_off),
};
#undef MS
#undef COUNT
#undef AT
/* clang-format on */

const hk_record_type hk_sched_totals_type = {
	.name = "totals",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_sched_totals),
};

static double in_ms(double ns)
{
	return ns / (double) HKI_NS_PER_MS;
}

static void add_living(hk_sched_totals *out, hki_task *task)
{
	uint64_t *counts[HK_SCHED_STATE_COUNT] = {
		[HK_SCHED_WAITING] = &out->waiting,
		[HK_SCHED_READY] = &out->ready,
		[HK_SCHED_RUNNING] = &out->running,
		[HK_SCHED_PAUSED] = &out->paused,
		[HK_SCHED_STOPPING] = &out->stopping,
	};
	int64_t left_ns;

	if (task->state == HK_SCHED_ENDED)
		return;
	++*counts[task->state];
	out->tasks++;
	left_ns = task->spec.burst - (int64_t) hki_task_cpu(task);
	out->cpu_ms += in_ms((double) (task->earlier_ns + task->cpu_ns));
	out->remaining_ms += left_ns > 0 ? in_ms((double) left_ns) : 0;
}

static void average(hk_sched_totals *out, const hk_sched_executor *executor, double count)
{
	out->response_average_ms = executor->response_sum_ms / count;
	out->wait_average_ms = executor->wait_sum_ms / count;
	out->turnaround_average_ms = executor->turnaround_sum_ms / count;
	for (unsigned int field = FIELD_RESPONSE; field <= FIELD_TURNAROUND; field++)
		hk_record_set(&out->record, field);
}

void hk_sched_executor_totals(hk_sched_totals *out, const hk_sched_executor *executor)
{
	*out = executor->ended;
	out->tasks = out->ended;
	for (const hki_list *node = executor->tasks.next; node != &executor->tasks;
	     node = node->next)
		add_living(out, hki_list_entry(node, hki_task, node));
	out->stolen_ms = in_ms((double) hki_turn_stolen(executor));
	out->slices = executor->slices;
	out->preemptions = executor->preemptions;
	out->unconfirmed = executor->unconfirmed;
	out->put_off = executor->put_off;
	for (unsigned int field = 0; field < HKI_COUNT(fields); field++)
		if (field < FIELD_RESPONSE || field > FIELD_TURNAROUND)
			hk_record_set(&out->record, field);
	if (executor->ran_count > 0)
		average(out, executor, (double) executor->ran_count);
	if (executor->first_arrival_ns < 0)
		return;
	out->elapsed_ms =
	    in_ms((double) ((executor->unfinished > 0 ? hki_executor_now(executor)
						      : executor->last_end_ns) -
			    executor->first_arrival_ns));
}
