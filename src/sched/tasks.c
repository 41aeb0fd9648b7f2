/*
 * The task list: who there is, who waits for whom, and what became of them.
 *
 * A dependency is looked up when its task is added and must be there, so no circle can
 * be closed.  The end of a task may end others, and those again others; that is a list
 * that is worked off, not a recursion, as a chain may be as long as the list.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "base/quantity.h"
#include "sched/executor_internal.h"

/* A back-off that doubles is not doubled beyond this. */
#define BACKOFF_MAX_NS ((int64_t) (3600 * HKI_NS_PER_S))

/* ---- adding ---- */

hki_task *hki_tasks_find(const hk_sched_executor *executor, const char *id)
{
	return id == NULL ? NULL : hki_name_map_get(&executor->by_id, id);
}

static int give_id(hk_sched_executor *executor, hki_task *task, hk_error_list *errors)
{
	if (task->spec.id != NULL) {
		if (hki_tasks_find(executor, task->spec.id) == NULL)
			return 0;
		return hki_error_report_step(errors, -EEXIST, "task",
		    "there is a task \"%s\" already", task->spec.id);
	}
	do {
		task->spec.id = hki_arena_format(
		    &task->arena, "T%llu", (unsigned long long) ++executor->numbered);
		if (task->spec.id == NULL)
			return -ENOMEM;
	} while (hki_tasks_find(executor, task->spec.id) != NULL);
	return 0;
}

static bool is_met(const hki_task *on, hk_sched_condition condition)
{
	switch (condition) {
	case HK_SCHED_AFTER_OK:
		return on->outcome == HK_SCHED_DONE;
	case HK_SCHED_AFTER_ANY:
		return true;
	case HK_SCHED_AFTER_NOT_OK:
		return on->outcome != HK_SCHED_DONE;
	}
	return false;
}

/* A number below those reserved for, for the policy's tables. */
static int take_index(hk_sched_executor *executor, hki_task *task)
{
	uint32_t capacity = executor->index_capacity;
	uint32_t grown = capacity == 0 ? 64 : capacity * 2;
	uint32_t *indexes;
	int r;

	if (executor->free_count == 0) {
		if (capacity > UINT32_MAX / 2)
			return HK_ELIMIT;
		indexes =
		    hki_realloc_array(executor->free_indexes, grown, sizeof(*indexes));
		if (indexes == NULL)
			return -ENOMEM;
		executor->free_indexes = indexes;
		r = executor->policy->reserve(executor->policy_state, grown);
		if (r < 0)
			return r;
		for (uint32_t i = grown; i > capacity; i--)
			indexes[executor->free_count++] = i - 1;
		executor->index_capacity = grown;
	}
	task->job.index = executor->free_indexes[--executor->free_count];
	return 0;
}

static void give_index(hki_task *task)
{
	hk_sched_executor *executor = task->executor;

	executor->free_indexes[executor->free_count++] = task->job.index;
}

static void arrive(hki_task *task)
{
	hk_sched_executor *executor = task->executor;

	task->arrived = true;
	task->since_ns = task->arrival_ns;
	task->job.order = executor->order++;
	task->stolen_at_arrival_ns = hki_turn_stolen(executor);
	if (executor->first_arrival_ns < 0 ||
	    task->arrival_ns < executor->first_arrival_ns)
		executor->first_arrival_ns = task->arrival_ns;
}

static void arm(hk_timer *timer, int64_t after_ns)
{
	hk_timer_set(timer, after_ns > 0 ? (uint64_t) after_ns : 0, 0);
}

/* @on has ended in a way that keeps @task from running for ever. */
static void block(hki_task *task, const hki_task *on)
{
	if (task->blocked)
		return;
	task->blocked = true;
	task->dependency = hki_arena_string(&task->arena, on->spec.id);
}

static void fill_job(hki_task *task)
{
	const hk_sched_task *spec = &task->spec;
	hk_sched_job *job = &task->job;

	job->task = spec;
	job->remaining = spec->burst;
	job->arrival = task->arrival_ns;
	job->deadline =
	    spec->deadline > 0 ? task->arrival_ns + spec->deadline : HK_SCHED_NEVER;
	job->priority =
	    task->executor->low_first ? -(int64_t) spec->priority : spec->priority;
}

int hki_tasks_enter(hki_task *task, hk_error_list *errors)
{
	hk_sched_executor *executor = task->executor;
	/* The loop's time: tasks that are added together arrive together. */
	int64_t now_ns = (int64_t) (hk_loop_now_ns(executor->loop) - executor->epoch_ns);
	int r = give_id(executor, task, errors);

	if (r < 0 || (r = take_index(executor, task)) < 0)
		return r;
	r = hki_name_map_put(&executor->by_id, task->spec.id, task);
	if (r < 0) {
		give_index(task);
		return r;
	}
	hki_list_append(&executor->tasks, &task->node);
	executor->task_count++;
	task->place = executor->added++;
	executor->unfinished++;
	hki_executor_hold(executor);
	task->arrival_ns = now_ns + task->spec.arrival;
	task->release_ns = now_ns + task->spec.start_after;
	fill_job(task);
	if (task->spec.arrival > 0)
		arm(task->wake, task->spec.arrival);
	else
		arrive(task);
	if (task->queue_timeout_ns > 0)
		arm(task->limit, task->spec.arrival + task->queue_timeout_ns);
	/* Whatever comes next is the loop's: nothing is called back from here. */
	hki_list_append(&executor->ending, &task->end_node);
	hki_executor_soon(executor);
	return 0;
}

/* Some may have ended already. */
static void link_edge(hki_edge *edge)
{
	hki_task *task = edge->task;

	task->edge_count++;
	if (edge->on->state != HK_SCHED_ENDED) {
		hki_list_append(&edge->on->dependents, &edge->node);
		task->unmet++;
	} else if (!is_met(edge->on, edge->condition)) {
		block(task, edge->on);
	}
}

int hki_tasks_link(hki_task *task, const hk_sched_task *spec, hk_error_list *errors)
{
	if (spec->depends_on_count == 0)
		return 0;
	task->edges =
	    hki_arena_array(&task->arena, spec->depends_on_count, sizeof(*task->edges));
	if (task->edges == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < spec->depends_on_count; i++) {
		hki_edge *edge = &task->edges[i];

		hki_list_init(&edge->node);
		edge->task = task;
		edge->condition = spec->depends_on[i].condition;
		edge->on = hki_tasks_find(task->executor, spec->depends_on[i].id);
		if (edge->on == NULL || edge->on == task)
			return hki_error_report_step(errors, -ENOENT, "task",
			    "\"%s\" depends on \"%s\", which is no task before it",
			    task->spec.id, spec->depends_on[i].id);
		link_edge(edge);
	}
	return 0;
}

void hki_tasks_retract(hki_task *task)
{
	hk_sched_executor *executor = task->executor;

	(void) hki_name_map_remove(&executor->by_id, task->spec.id);
	give_index(task);
	executor->task_count--;
	executor->walked = NULL;
	executor->unfinished--;
	hki_task_free(task);
	hki_executor_hold(executor);
}

/* ---- waiting ---- */

void hki_tasks_try_ready(hki_task *task)
{
	if (task->state != HK_SCHED_WAITING || !task->arrived || task->unmet > 0)
		return;
	if (hki_executor_now(task->executor) < task->release_ns && task->wake != NULL) {
		hk_loop_update_time(task->executor->loop);
		arm(task->wake, task->release_ns - hki_executor_now(task->executor));
		return;
	}
	if (task->paused)
		hki_task_enter(task, HK_SCHED_PAUSED, hki_executor_now(task->executor));
	else
		hki_dispatch_ready(
		    task, task->tries == 0 ? HK_SCHED_ARRIVED : HK_SCHED_RESUMED);
}

void hki_tasks_on_wake(hk_timer *timer, void *user)
{
	hki_task *task = user;

	(void) timer;
	if (!task->arrived)
		arrive(task);
	hki_tasks_try_ready(task);
	hki_dispatch_turn(task->executor);
}

/* Say which of its two limits it was. */
static void note_limit(hki_task *task)
{
	uint64_t limit_ns =
	    (uint64_t) (task->begun ? task->run_timeout_ns : task->queue_timeout_ns);
	char limit[HKI_QUANTITY_TEXT_MAX];
	char text[HKI_QUANTITY_TEXT_MAX + 64];

	(void) hki_duration_format(limit, sizeof(limit), limit_ns);
	(void) snprintf(text, sizeof(text),
	    task->begun ? "ran longer than its run_timeout, %s"
			: "was not started within its queue_timeout, %s",
	    limit);
	hki_task_set_error(task, -ETIMEDOUT, text);
}

/* It has queued too long, or run too long. */
void hki_tasks_on_limit(hk_timer *timer, void *user)
{
	hki_task *task = user;

	(void) timer;
	if (task->state == HK_SCHED_ENDED || task->state == HK_SCHED_STOPPING)
		return;
	task->timed_out = true;
	note_limit(task);
	if (task->runner != NULL) {
		hki_program_stop(task);
	} else {
		if (task->has_slot)
			hki_dispatch_vacate(task);
		hki_tasks_end(task, HK_SCHED_TIMED_OUT);
	}
	hki_dispatch_turn(task->executor);
}

void hki_tasks_try_failed(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	int64_t pause_ns = task->backoff_ns;

	if (task->tries > task->retries || task->cancelled || task->timed_out) {
		hki_tasks_end(task, HK_SCHED_FAILED);
		return;
	}
	for (uint32_t i = 1; i < task->tries && pause_ns < BACKOFF_MAX_NS; i++)
		pause_ns *= 2;
	if (pause_ns > BACKOFF_MAX_NS)
		pause_ns = BACKOFF_MAX_NS;
	if (task->known)
		hki_dispatch_withdraw(task);
	task->compared_badly = true;
	task->earlier_ns += task->cpu_ns;
	task->cpu_ns = 0;
	task->told_ns = 0;
	task->debt_ns = 0;
	task->begun = false;
	task->job.ran = 0;
	task->job.remaining = task->spec.burst;
	hki_task_enter(task, HK_SCHED_WAITING, hki_executor_now(executor));
	task->release_ns = task->since_ns + pause_ns;
	hk_timer_stop(task->limit);
	hk_loop_update_time(executor->loop);
	arm(task->wake, pause_ns);
	hki_task_note(task, HK_SCHED_EVENT_RETRY);
}

/* ---- ending ---- */

static void count_end(const hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	hk_sched_totals *ended = &executor->ended;
	uint64_t *counts[HK_SCHED_OUTCOME_COUNT] = {
		[HK_SCHED_DONE] = &ended->done,
		[HK_SCHED_FAILED] = &ended->failed,
		[HK_SCHED_CANCELLED] = &ended->cancelled,
		[HK_SCHED_TIMED_OUT] = &ended->timed_out,
		[HK_SCHED_DEPENDENCY_FAILED] = &ended->dependency_failed,
	};
	const double ms = HKI_NS_PER_MS;

	ended->ended++;
	++*counts[task->outcome];
	ended->cpu_ms += (double) (task->earlier_ns + task->cpu_ns) / ms;
	if (task->end_ns > executor->last_end_ns)
		executor->last_end_ns = task->end_ns;
	if (task->start_ns < 0)
		return;
	executor->ran_count++;
	executor->response_sum_ms += (double) (task->start_ns - task->arrival_ns) / ms;
	executor->wait_sum_ms += (double) task->wait_ns / ms;
	executor->turnaround_sum_ms += (double) (task->end_ns - task->arrival_ns) / ms;
}

void hki_tasks_end(hki_task *task, hk_sched_outcome outcome)
{
	hk_sched_executor *executor = task->executor;
	int64_t now_ns = hki_executor_now(executor);

	if (task->known)
		hki_dispatch_withdraw(task);
	hki_task_enter(task, HK_SCHED_ENDED, now_ns);
	task->outcome = outcome;
	task->end_ns = now_ns;
	task->stolen_at_end_ns = hki_turn_stolen(executor);
	hk_timer_stop(task->wake);
	hk_timer_stop(task->limit);
	hki_list_remove(&task->parked_node);
	give_index(task);
	for (size_t i = 0; i < task->edge_count; i++)
		hki_list_remove(&task->edges[i].node);
	count_end(task);
	hki_task_note(task, HK_SCHED_EVENT_ENDED);
	hki_list_remove(&task->end_node);
	hki_list_append(&executor->ending, &task->end_node);
	if (--executor->unfinished == 0)
		hki_guard_stop(&executor->guard);
}

static void settle_edge(hki_edge *edge)
{
	hki_task *task = edge->task;

	hki_list_remove(&edge->node);
	task->unmet--;
	if (is_met(edge->on, edge->condition)) {
		hki_tasks_try_ready(task);
		return;
	}
	block(task, edge->on);
	hki_tasks_end(task, HK_SCHED_DEPENDENCY_FAILED);
}

/* New tasks come through here as well: they may be ready, or blocked for good. */
void hki_tasks_settle(hk_sched_executor *executor)
{
	hki_list *node;

	while ((node = hki_list_pop(&executor->ending)) != NULL) {
		hki_task *task = hki_list_entry(node, hki_task, end_node);

		if (task->state != HK_SCHED_ENDED && task->blocked)
			hki_tasks_end(task, HK_SCHED_DEPENDENCY_FAILED);
		else if (task->state != HK_SCHED_ENDED)
			hki_tasks_try_ready(task);
		while (
		    task->state == HK_SCHED_ENDED && !hki_list_empty(&task->dependents))
			settle_edge(
			    hki_list_entry(task->dependents.next, hki_edge, node));
	}
}

/* Who has something left to tell stays until it is told. */
void hki_tasks_empty_trash(hk_sched_executor *executor)
{
	hki_list kept;
	hki_list *node;

	hki_list_init(&kept);
	while ((node = hki_list_pop(&executor->trash)) != NULL) {
		hki_task *task = hki_list_entry(node, hki_task, node);

		if (task->event_count > 0 || !hki_list_empty(&task->end_node))
			hki_list_append(&kept, node);
		else
			hki_task_free(task);
	}
	hki_list_splice(&executor->trash, &kept);
}

/* ---- telling ---- */

static void tell_one(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	hk_sched_event event = (hk_sched_event) task->events[0];

	task->event_count--;
	memmove(task->events, task->events + 1, task->event_count);
	if (task->event_count > 0)
		hki_list_append(&executor->telling, &task->tell_node);
	executor->on_event(executor, event, task->spec.id, executor->user);
}

/* What is noted meanwhile waits for the next turn: who answers each event with another
 * must not keep the loop from its other work. */
void hki_tasks_tell(hk_sched_executor *executor)
{
	hki_list now;
	hki_list *node;

	hki_list_init(&now);
	hki_list_splice(&now, &executor->telling);
	while (!executor->freed && (node = hki_list_pop(&now)) != NULL)
		tell_one(hki_list_entry(node, hki_task, tell_node));
	hki_list_splice(&executor->telling, &now);
	if (!executor->freed && !hki_list_empty(&executor->telling))
		hki_executor_soon(executor);
}
