/*
 * What a caller may ask of a task while it waits, runs or stands still.  States change
 * at once; slots are given away and callers told when the loop turns again.
 */
#include <errno.h>
#include "base/cleanup.h"
#include "sched/executor_internal.h"

/* The task, unless it is not there or has ended. */
static int find_living(hki_task **out, hk_sched_executor *executor, const char *id)
{
	int r = hki_executor_check(executor);
	hki_task *task;

	if (r < 0)
		return r;
	task = hki_tasks_find(executor, id);
	if (task == NULL)
		return -ENOENT;
	if (task->state == HK_SCHED_ENDED)
		return -ESRCH;
	*out = task;
	return 0;
}

/* ---- pause and resume ---- */

static void pause_now(hki_task *task)
{
	hk_sched_executor *executor = task->executor;

	switch (task->state) {
	case HK_SCHED_READY:
		hki_dispatch_withdraw(task);
		hki_task_enter(task, HK_SCHED_PAUSED, hki_executor_now(executor));
		break;
	case HK_SCHED_RUNNING:
		/* A step that is on the stack returns first. */
		if (task != executor->stepping)
			hki_dispatch_pause(task);
		break;
	default:
		break;
	}
}

int hk_sched_executor_pause(hk_sched_executor *executor, const char *id)
{
	hki_task *task;
	int r = find_living(&task, executor, id);

	if (r < 0)
		return r;
	if (task->state == HK_SCHED_STOPPING || task->cancelled)
		return -ESRCH;
	if (task->paused)
		return 0;
	task->paused = true;
	task->compared_badly = true;
	pause_now(task);
	hki_task_note(task, HK_SCHED_EVENT_PAUSED);
	hki_executor_soon(executor);
	return 0;
}

int hk_sched_executor_resume(hk_sched_executor *executor, const char *id)
{
	hki_task *task;
	int r = find_living(&task, executor, id);

	if (r < 0)
		return r;
	if (task->state == HK_SCHED_STOPPING || task->cancelled)
		return -ESRCH;
	if (!task->paused)
		return 0;
	task->paused = false;
	if (task->state == HK_SCHED_PAUSED)
		hki_dispatch_ready(task, HK_SCHED_RESUMED);
	hki_task_note(task, HK_SCHED_EVENT_RESUMED);
	hki_executor_soon(executor);
	return 0;
}

/* ---- the end ---- */

int hk_sched_executor_cancel(hk_sched_executor *executor, const char *id)
{
	hki_task *task;
	int r = find_living(&task, executor, id);

	if (r < 0)
		return r;
	if (task->state == HK_SCHED_STOPPING) {
		task->cancelled |= !task->timed_out;
		r = hk_process_stop(hk_process_runner_process(task->runner));
		return r == -ESRCH ? 0 : r;
	}
	task->cancelled = true;
	hki_executor_soon(executor);
	if (task == executor->stepping)
		return 0;
	if (task->runner != NULL) {
		hki_program_stop(task);
		return 0;
	}
	if (task->has_slot)
		hki_dispatch_vacate(task);
	hki_tasks_end(task, HK_SCHED_CANCELLED);
	return 0;
}

int hk_sched_executor_forget(hk_sched_executor *executor, const char *id)
{
	int r = hki_executor_check(executor);
	hki_task *task;

	if (r < 0)
		return r;
	task = hki_tasks_find(executor, id);
	if (task == NULL)
		return -ENOENT;
	if (task->state != HK_SCHED_ENDED)
		return -EBUSY;
	(void) hki_name_map_remove(&executor->by_id, id);
	hki_list_remove(&task->node);
	hki_list_append(&executor->trash, &task->node);
	executor->task_count--;
	executor->walked = NULL;
	hki_executor_soon(executor);
	return 0;
}

/* ---- priority ---- */

int hk_sched_executor_set_priority(
    hk_sched_executor *executor, const char *id, int32_t priority)
{
	hki_task *task;
	int r = find_living(&task, executor, id);

	if (r < 0)
		return r;
	task->spec.priority = priority;
	task->job.priority =
	    executor->low_first ? -(int64_t) priority : (int64_t) priority;
	if (task->known && executor->policy->changed != NULL)
		executor->policy->changed(executor->policy_state, &task->job,
		    task->in_policy, hki_executor_now(executor));
	hki_executor_soon(executor);
	return 0;
}
