/*
 * Tasks that are functions of this process.  They share its one thread with the loop, so
 * they are called step by step: for a turn of theirs, but never for longer than a
 * moment before timers and descriptors are looked after.  Their CPU time is that of the
 * thread while the step was running.
 */
#include <time.h>
#include "base/clock.h"
#include "sched/executor_internal.h"

/* The loop has other work. */
#define MOMENT_NS HKI_NS_PER_MS

static uint64_t thread_cpu(void)
{
	struct timespec used;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) < 0)
		return 0;
	return (uint64_t) used.tv_sec * HKI_NS_PER_S + (uint64_t) used.tv_nsec;
}

static bool turn_is_over(const hki_slot *slot)
{
	return slot->allowance_ns != HK_SCHED_NEVER &&
	       (int64_t) (slot->task->cpu_ns - slot->base_ns) >= slot->allowance_ns;
}

/* What the last step said: 1 more to do, 0 done, negative failed. */
static int call(hki_slot *slot)
{
	hki_task *task = slot->task;
	const hk_sched_executor *executor = slot->executor;
	uint64_t begin_ns = thread_cpu();
	uint64_t before_ns = begin_ns;
	int r;

	do {
		uint64_t after_ns;

		r = task->step(task->user);
		if (executor->freed)
			return 0;
		after_ns = thread_cpu();
		task->cpu_ns += after_ns - before_ns;
		before_ns = after_ns;
	} while (r > 0 && !task->cancelled && !task->paused && !task->timed_out &&
		 !turn_is_over(slot) && before_ns - begin_ns < MOMENT_NS);
	return r;
}

static void end_step_task(hki_task *task, int result)
{
	hki_dispatch_vacate(task);
	if (task->cancelled) {
		hki_tasks_end(task, HK_SCHED_CANCELLED);
	} else if (result == 0) {
		hki_tasks_end(task, HK_SCHED_DONE);
	} else {
		hki_task_set_error(task, result, hk_error_text(result));
		hki_tasks_try_failed(task);
	}
}

static void serve(hki_slot *slot)
{
	hk_sched_executor *executor = slot->executor;
	hki_task *task = slot->task;
	int r;

	executor->stepping = task;
	hki_outrank_pause(&executor->outrank);
	r = call(slot);
	hki_outrank_resume(&executor->outrank);
	executor->stepping = NULL;
	if (executor->freed)
		return;
	if (r <= 0 || task->cancelled)
		end_step_task(task, r);
	else if (task->paused)
		hki_dispatch_pause(task);
	else if (turn_is_over(slot))
		hki_dispatch_rotate(slot);
}

void hki_steps_on_timer(hk_timer *timer, void *user)
{
	hk_sched_executor *executor = user;

	for (uint32_t i = 0; i < executor->slot_count && executor->functions > 0; i++) {
		hki_slot *slot = &executor->slots[i];

		if (slot->task == NULL || hki_task_is_program(slot->task))
			continue;
		serve(slot);
		if (executor->freed)
			return;
	}
	hki_dispatch_turn(executor);
	if (!executor->freed && executor->functions > 0)
		hk_timer_set(timer, 0, 0);
}
