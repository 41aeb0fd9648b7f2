/*
 * A turn, from the moment a task has a slot until it leaves it.
 *
 * A turn is counted in CPU time.  Its timer can only count on the wall, so when it fires
 * the clock of the task is read, and if others had the CPU meanwhile the rest is waited
 * for once more.  A timer is never exact either; what a task had beyond its turn is a
 * debt, taken off its next one, so that after any number of turns everybody had what the
 * policy gave.  That is what keeps real executions in step with simulated ones.
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "sched/executor_internal.h"

/* So little before the end of a turn is the end. */
#define TOLERANCE_NS ((int64_t) (50 * HKI_NS_PER_US))
/* However deep in debt, a turn is at least this part of what the policy gave. */
#define LEAST_PART 8
/* Nobody is looked at more often than that. */
#define LOOK_LEAST_NS ((int64_t) (100 * HKI_NS_PER_US))
/* Who had less than this part of the time since the last look may be asleep. */
#define ASLEEP_PART 10

/* ---- what was had ---- */

void hki_turn_charge(hki_task *task, int64_t now_ns)
{
	hk_sched_executor *executor = task->executor;
	uint64_t cpu_ns = hki_task_cpu(task);
	int64_t had_ns = (int64_t) (cpu_ns - task->told_ns);

	if (had_ns <= 0)
		return;
	task->told_ns = cpu_ns;
	task->job.ran += had_ns;
	task->job.remaining =
	    had_ns < task->job.remaining ? task->job.remaining - had_ns : 0;
	if (executor->policy->charge != NULL)
		executor->policy->charge(
		    executor->policy_state, &task->job, had_ns, now_ns);
}

static int64_t had_in_turn(const hki_slot *slot)
{
	return (int64_t) (slot->task->cpu_ns - slot->base_ns);
}

static uint64_t stolen_in_turn(const hki_slot *slot, int64_t now_ns)
{
	int64_t missed_ns = now_ns - slot->since_ns - had_in_turn(slot);

	return missed_ns > 0 ? (uint64_t) missed_ns : 0;
}

uint64_t hki_turn_stolen(const hk_sched_executor *executor)
{
	int64_t now_ns = hki_executor_now(executor);
	uint64_t sum_ns = executor->stolen_ns;

	for (uint32_t i = 0; executor->busy > 0 && i < executor->slot_count; i++) {
		const hki_slot *slot = &executor->slots[i];

		if (slot->task == NULL)
			continue;
		(void) hki_task_cpu(slot->task);
		sum_ns += stolen_in_turn(slot, now_ns);
	}
	return sum_ns;
}

/* For charts; without memory the chart ends here. */
static void keep_slice(const hki_slot *slot, int64_t now_ns)
{
	hk_sched_executor *executor = slot->executor;
	size_t capacity =
	    executor->kept_capacity == 0 ? 256 : executor->kept_capacity * 2;

	if ((executor->flags & HK_SCHED_KEEP_SLICES) == 0 ||
	    executor->kept_count >= HK_SCHED_SLICES_MAX)
		return;
	if (executor->kept_count == executor->kept_capacity) {
		hk_sched_slice *kept =
		    hki_realloc_array(executor->kept, capacity, sizeof(*kept));

		if (kept == NULL)
			return;
		executor->kept = kept;
		executor->kept_capacity = capacity;
	}
	executor->kept[executor->kept_count++] = (hk_sched_slice){
		.start = slot->since_ns,
		.end = now_ns,
		.job = slot->task->place,
		.cpu = (uint32_t) (slot - executor->slots),
	};
}

/* ---- turns ---- */

void hki_turn_arm(const hki_slot *slot)
{
	int64_t left_ns = slot->allowance_ns - had_in_turn(slot);

	hk_loop_update_time(slot->executor->loop);
	hk_timer_set(slot->timer,
	    (uint64_t) (left_ns > LOOK_LEAST_NS ? left_ns : LOOK_LEAST_NS), 0);
}

/* How much CPU time this turn is, the debt taken off. */
static int64_t allowance(hki_task *task, int64_t now_ns)
{
	const hk_sched_policy *policy = task->executor->policy;
	int64_t given_ns =
	    policy->quantum == NULL
		? HK_SCHED_NEVER
		: policy->quantum(task->executor->policy_state, &task->job, now_ns);

	if (given_ns == HK_SCHED_NEVER)
		return HK_SCHED_NEVER;
	task->given_ns = given_ns;
	given_ns -= task->debt_ns;
	if (given_ns < task->given_ns / LEAST_PART)
		given_ns = task->given_ns / LEAST_PART;
	return given_ns > 0 ? given_ns : 1;
}

void hki_turn_begin(hki_slot *slot)
{
	hki_task *task = slot->task;
	hk_sched_executor *executor = slot->executor;
	int64_t now_ns = hki_executor_now(executor);

	task->slices++;
	executor->slices++;
	slot->since_ns = now_ns;
	slot->looked_ns = now_ns;
	slot->base_ns = task->told_ns;
	slot->seen_ns = task->cpu_ns;
	slot->slackened = false;
	slot->allowance_ns = allowance(task, now_ns);
	if (!hki_task_is_program(task))
		hk_timer_set(executor->steps, 0, 0);
	else if (slot->allowance_ns != HK_SCHED_NEVER)
		hki_turn_arm(slot);
}

void hki_turn_end(hki_slot *slot, int64_t now_ns)
{
	hki_task *task = slot->task;

	hk_timer_stop(slot->timer);
	hki_turn_charge(task, now_ns);
	slot->executor->stolen_ns += stolen_in_turn(slot, now_ns);
	keep_slice(slot, now_ns);
	if (slot->allowance_ns == HK_SCHED_NEVER)
		return;
	task->debt_ns += had_in_turn(slot) - task->given_ns;
	/* Who leaves early saves nothing up. */
	if (task->debt_ns < -TOLERANCE_NS)
		task->debt_ns = 0;
}

/* ---- looking at it ---- */

bool hki_turn_is_over(const hki_slot *slot)
{
	return slot->allowance_ns != HK_SCHED_NEVER &&
	       had_in_turn(slot) + TOLERANCE_NS >= slot->allowance_ns;
}

bool hki_turn_is_asleep(hki_slot *slot, int64_t now_ns)
{
	int64_t passed_ns = now_ns - slot->looked_ns;
	int64_t had_ns = (int64_t) (slot->task->cpu_ns - slot->seen_ns);

	slot->looked_ns = now_ns;
	slot->seen_ns = slot->task->cpu_ns;
	return had_ns < passed_ns / ASLEEP_PART &&
	       !hki_preempt_wants_cpu(slot->task->preempt);
}

bool hki_turn_may_finish(hki_slot *slot)
{
	const hki_task *task = slot->task;
	int64_t left_ns = task->spec.burst - (int64_t) task->cpu_ns;

	if (slot->slackened || !task->burst_known || left_ns > task->executor->slack_ns ||
	    left_ns < -task->executor->slack_ns)
		return false;
	slot->slackened = true;
	slot->allowance_ns += left_ns > 0 ? left_ns : 0;
	slot->allowance_ns += task->executor->slack_ns;
	return true;
}
