/*
 * Slots and policy: who runs now.
 *
 * From one task to the next: freeze the old one, let the new one go, and only then wait
 * for the confirmation that the old one stands still, which took effect long before.
 */
#include <errno.h>
#include <time.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "sched/executor_internal.h"

static hki_task *task_of(hk_sched_job *job)
{
	return hki_list_entry(job, hki_task, job);
}

static hki_slot *slot_of(const hki_task *task)
{
	return &task->executor->slots[task->slot];
}

static void leave_slot(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	hki_slot *slot = slot_of(task);

	slot->task = NULL;
	task->has_slot = false;
	executor->busy--;
	if (!hki_task_is_program(task))
		executor->functions--;
}

/* ---- giving slots away ---- */

/* Let it go on, or begin. */
static int let_run(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	int r = 0;

	if (task->begun) {
		/* What cannot be let go any more has ended, or will be killed in time. */
		if (task->preempt != NULL)
			(void) !hki_preempt_thaw(task->preempt);
		hki_task_note(task, HK_SCHED_EVENT_CONTINUED);
		return 0;
	}
	task->tries++;
	if (hki_task_is_program(task))
		r = hki_program_start(task);
	if (r < 0)
		return r;
	task->begun = true;
	hki_shortage_over(executor);
	if (task->start_ns < 0)
		task->start_ns = hki_executor_now(executor);
	if (task->run_timeout_ns > 0) {
		/* Steps and starts of others in this turn are not its time. */
		hk_loop_update_time(executor->loop);
		hk_timer_set(task->limit, (uint64_t) task->run_timeout_ns, 0);
	} else {
		hk_timer_stop(task->limit);
	}
	hki_task_note(task, HK_SCHED_EVENT_STARTED);
	return 0;
}

static int64_t own_cpu(void)
{
	struct timespec used;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) < 0)
		return 0;
	return (int64_t) used.tv_sec * (int64_t) HKI_NS_PER_S + used.tv_nsec;
}

/*
 * The same, and what neither we nor the task used meanwhile was taken by others: a
 * program that is started waits for a CPU like any other.
 */
static int let_run_and_count(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	int64_t before_ns = hki_executor_now(executor);
	int64_t own_ns = own_cpu();
	int r = let_run(task);
	int64_t lost_ns;

	if (r < 0)
		return r;
	own_ns = own_cpu() - own_ns;
	lost_ns = hki_executor_now(executor) - before_ns - own_ns -
		  ((int64_t) hki_task_cpu(task) - (int64_t) task->told_ns);
	if (lost_ns > 0)
		executor->stolen_ns += (uint64_t) lost_ns;
	return 0;
}

/* @slot is free and the policy has picked @task. */
static void place(hki_slot *slot, hki_task *task)
{
	hk_sched_executor *executor = slot->executor;
	int r;

	hki_task_enter(task, HK_SCHED_RUNNING, hki_executor_now(executor));
	slot->task = task;
	task->slot = (uint32_t) (slot - executor->slots);
	task->job.cpu = task->slot;
	task->has_slot = true;
	executor->busy++;
	if (!hki_task_is_program(task))
		executor->functions++;
	slot->since_ns = task->since_ns;
	slot->base_ns = task->told_ns;
	r = let_run_and_count(task);
	if (r < 0) {
		leave_slot(task);
		if (!hki_shortage_park(task, r))
			hki_tasks_try_failed(task);
		return;
	}
	hki_turn_begin(slot);
}

/* The policy's choice, out of its set; NULL if nobody is ready. */
static hki_task *pick(hk_sched_executor *executor)
{
	hk_sched_job *job =
	    executor->policy->pick(executor->policy_state, hki_executor_now(executor));
	hki_task *task;

	if (job == NULL)
		return NULL;
	task = task_of(job);
	task->in_policy = false;
	executor->ready_count--;
	return task;
}

static hki_slot *free_slot(hk_sched_executor *executor)
{
	for (uint32_t i = 0; i < executor->slot_count; i++)
		if (executor->slots[i].task == NULL)
			return &executor->slots[i];
	return NULL;
}

static void fill_slots(hk_sched_executor *executor)
{
	while (executor->busy < executor->slot_count && executor->ready_count > 0) {
		hki_task *task = pick(executor);

		if (task == NULL)
			return;
		place(free_slot(executor), task);
		/* One that could not start may have ended, and others with it. */
		hki_tasks_settle(executor);
	}
}

/* ---- taking slots away ---- */

static void freeze(hki_task *task)
{
	if (task->preempt == NULL)
		return;
	/* One that cannot be frozen runs on beside the others; it will be tried again. */
	if (hki_preempt_freeze(task->preempt) == 0)
		task->executor->preemptions++;
}

static void confirm(hki_task *task)
{
	if (task->preempt != NULL && hki_preempt_confirm(task->preempt) == 0)
		task->executor->unconfirmed++;
}

void hki_dispatch_ready(hki_task *task, hk_sched_reason reason)
{
	hk_sched_executor *executor = task->executor;
	int64_t now_ns = hki_executor_now(executor);

	hki_task_enter(task, HK_SCHED_READY, now_ns);
	task->job.ready_since = now_ns;
	task->in_policy = true;
	task->known = true;
	executor->ready_count++;
	executor->policy->ready(executor->policy_state, &task->job, reason, now_ns);
}

void hki_dispatch_withdraw(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	const hk_sched_policy *policy = executor->policy;
	int64_t now_ns = hki_executor_now(executor);

	if (task->in_policy) {
		policy->remove(executor->policy_state, &task->job, now_ns);
		executor->ready_count--;
	} else if (task->known && policy->ended != NULL) {
		policy->ended(executor->policy_state, &task->job, now_ns);
	}
	task->in_policy = false;
	task->known = false;
}

/* The policy is told what it had, and not yet what becomes of it. */
static void take_off(hki_task *task)
{
	hki_turn_end(slot_of(task), hki_executor_now(task->executor));
	freeze(task);
	leave_slot(task);
	confirm(task);
}

void hki_dispatch_pause(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	int64_t now_ns;

	take_off(task);
	task->debt_ns = 0;
	now_ns = hki_executor_now(executor);
	if (executor->policy->blocked != NULL)
		executor->policy->blocked(executor->policy_state, &task->job, now_ns);
	hki_task_enter(task, HK_SCHED_PAUSED, now_ns);
}

void hki_dispatch_vacate(hki_task *task)
{
	hki_turn_end(slot_of(task), hki_executor_now(task->executor));
	leave_slot(task);
}

/* Another task has outranked it. */
static void put_off(hki_task *task)
{
	take_off(task);
	task->debt_ns = 0; /* its turn was not used up */
	hki_task_note(task, HK_SCHED_EVENT_PREEMPTED);
	hki_dispatch_ready(task, HK_SCHED_PREEMPTED);
}

void hki_dispatch_rotate(hki_slot *slot)
{
	hk_sched_executor *executor = slot->executor;
	hki_task *old = slot->task;
	hki_task *next;

	hki_turn_end(slot, hki_executor_now(executor));
	hki_dispatch_ready(old, HK_SCHED_QUANTUM_END);
	next = pick(executor);
	if (next == old) {
		hki_task_enter(old, HK_SCHED_RUNNING, hki_executor_now(executor));
		hki_turn_begin(slot);
		return;
	}
	freeze(old);
	leave_slot(old);
	hki_task_note(old, HK_SCHED_EVENT_PREEMPTED);
	if (next != NULL)
		place(slot, next);
	confirm(old);
}

/* ---- looking at a turn ---- */

void hki_dispatch_on_slot_timer(hk_timer *timer, void *user)
{
	hki_slot *slot = user;
	hk_sched_executor *executor = slot->executor;
	int64_t now_ns = hki_executor_now(executor);

	(void) timer;
	if (slot->task == NULL)
		return;
	(void) hki_task_cpu(slot->task);
	if (hki_turn_is_over(slot)
		? hki_turn_may_finish(slot)
		: !(hki_turn_is_asleep(slot, now_ns) && executor->ready_count > 0)) {
		hki_turn_arm(slot);
		return;
	}
	hki_dispatch_rotate(slot);
	hki_dispatch_turn(executor);
}

/* ---- outranking ---- */

/* Of those that @ready outranks, the one that the others outrank; NULL: none. */
static hki_task *find_victim(
    hk_sched_executor *executor, const hk_sched_job *ready, int64_t now_ns)
{
	const hk_sched_policy *policy = executor->policy;
	hki_task *victim = NULL;

	for (uint32_t i = 0; i < executor->slot_count; i++) {
		hki_task *task = executor->slots[i].task;

		if (task == NULL || task == executor->stepping ||
		    task->state != HK_SCHED_RUNNING ||
		    !policy->outranks(executor->policy_state, ready, &task->job, now_ns))
			continue;
		if (victim == NULL || policy->outranks(executor->policy_state,
					  &victim->job, &task->job, now_ns))
			victim = task;
	}
	return victim;
}

static void charge_all(hk_sched_executor *executor, int64_t now_ns)
{
	for (uint32_t i = 0; i < executor->slot_count; i++)
		if (executor->slots[i].task != NULL)
			hki_turn_charge(executor->slots[i].task, now_ns);
}

static void preempt(hk_sched_executor *executor)
{
	const hk_sched_policy *policy = executor->policy;
	int64_t now_ns = hki_executor_now(executor);

	if (policy->outranks == NULL || policy->peek == NULL ||
	    executor->ready_count == 0)
		return;
	charge_all(executor, now_ns);
	while (executor->ready_count > 0) {
		hk_sched_job *ready = policy->peek(executor->policy_state, now_ns);
		hki_task *victim =
		    ready == NULL ? NULL : find_victim(executor, ready, now_ns);
		hki_task *next;

		if (victim == NULL)
			return;
		/* Out of the set first, so that the victim cannot be picked in its place. */
		next = pick(executor);
		put_off(victim);
		if (next != NULL)
			place(free_slot(executor), next);
		hki_tasks_settle(executor);
	}
}

/* ---- the policy's own time ---- */

static int64_t next_overtaking(hk_sched_executor *executor, int64_t now_ns)
{
	const hk_sched_policy *policy = executor->policy;
	int64_t soonest_ns = HK_SCHED_NEVER;

	if (policy->overtakes == NULL || executor->ready_count == 0)
		return soonest_ns;
	for (uint32_t i = 0; i < executor->slot_count; i++) {
		const hki_task *task = executor->slots[i].task;
		int64_t when_ns = task == NULL ? HK_SCHED_NEVER
					       : policy->overtakes(executor->policy_state,
						     &task->job, now_ns);

		if (when_ns < soonest_ns)
			soonest_ns = when_ns;
	}
	return soonest_ns;
}

static void set_policy_timer(hk_sched_executor *executor)
{
	const hk_sched_policy *policy = executor->policy;
	int64_t now_ns = hki_executor_now(executor);
	int64_t when_ns = next_overtaking(executor, now_ns);
	int64_t event_ns = policy->next_event == NULL || executor->unfinished == 0
			       ? HK_SCHED_NEVER
			       : policy->next_event(executor->policy_state, now_ns);

	if (event_ns < when_ns)
		when_ns = event_ns;
	if (when_ns == HK_SCHED_NEVER) {
		hk_timer_stop(executor->policy_timer);
		return;
	}
	hk_loop_update_time(executor->loop);
	hk_timer_set(executor->policy_timer,
	    when_ns > now_ns ? (uint64_t) (when_ns - now_ns) : 0, 0);
}

void hki_dispatch_on_policy_timer(hk_timer *timer, void *user)
{
	hk_sched_executor *executor = user;
	const hk_sched_policy *policy = executor->policy;
	int64_t now_ns = hki_executor_now(executor);

	(void) timer;
	if (policy->next_event != NULL && policy->event != NULL &&
	    policy->next_event(executor->policy_state, now_ns) <= now_ns)
		policy->event(executor->policy_state, now_ns);
	hki_dispatch_turn(executor);
}

/* ---- all of it ---- */

void hki_dispatch(hk_sched_executor *executor)
{
	fill_slots(executor);
	preempt(executor);
	if (executor->policy->overtakes != NULL || executor->policy->next_event != NULL)
		set_policy_timer(executor);
}

void hki_dispatch_turn(hk_sched_executor *executor)
{
	if (executor->freed || executor->loop == NULL)
		return;
	hki_tasks_settle(executor);
	hki_dispatch(executor);
	hki_tasks_tell(executor);
	hki_executor_hold(executor);
}

void hki_dispatch_on_timer(hk_timer *timer, void *user)
{
	hk_sched_executor *executor = user;

	(void) timer;
	hki_tasks_empty_trash(executor);
	hki_dispatch_turn(executor);
}
