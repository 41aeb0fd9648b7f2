/*
 * One task: what was asked for, copied, and where it stands.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "base/opts.h"
#include "sched/executor_internal.h"

#define DEFAULT_BACKOFF_NS ((int64_t) (100 * HKI_NS_PER_MS))

/* ---- checking ---- */

static int refuse(hk_error_list *errors, int code, const char *id, const char *why)
{
	return hki_error_report_step(
	    errors, code, "task", "\"%s\" %s", id != NULL ? id : "(without an id)", why);
}

static bool is_time(int64_t ns)
{
	return ns >= 0 && ns <= HK_SCHED_TIME_MAX;
}

static int check_times(const hk_sched_task *spec, hk_error_list *errors)
{
	if (!is_time(spec->arrival) || !is_time(spec->start_after) ||
	    !is_time(spec->burst) || !is_time(spec->deadline))
		return refuse(errors, -EINVAL, spec->id,
		    "has a time that is negative or centuries away");
	if (spec->period != 0)
		return refuse(errors, -ENOTSUP, spec->id,
		    "is periodic, which can be simulated and not run; add a task for "
		    "each release");
	return 0;
}

static int check_command(const hk_sched_task *spec, hk_error_list *errors)
{
	const hk_sched_command *command = spec->command;

	if (command == NULL)
		return 0;
	if (!is_time(command->queue_timeout_ns) || !is_time(command->run_timeout_ns) ||
	    !is_time(command->backoff_ns))
		return refuse(errors, -EINVAL, spec->id,
		    "has a timeout that is negative or centuries away");
	return 0;
}

/* What it does: exactly one thing. */
static int check_work(
    const hk_sched_work *work, const hk_sched_task *spec, hk_error_list *errors)
{
	bool command = spec->command != NULL && spec->command->argv != NULL &&
		       spec->command->argv[0] != NULL;
	bool process = work->process != NULL;
	int things = (work->step != NULL) + (command || process);

	if (things == 0)
		return refuse(errors, -EINVAL, spec->id,
		    "has no command, so there is nothing to run");
	if (things > 1 || (command && process))
		return refuse(errors, -EINVAL, spec->id,
		    "has more than one thing to do: a step, a process, a command");
	if (process && (work->process->argv == NULL || work->process->argv[0] == NULL))
		return refuse(errors, -EINVAL, spec->id, "has a process without argv");
	return 0;
}

/* ---- making ---- */

static int copy_work(
    hki_task *task, const hk_sched_work *work, const hk_sched_command *command)
{
	task->step = work->step;
	task->user = work->user;
	if (command != NULL) {
		task->queue_timeout_ns = command->queue_timeout_ns;
		task->run_timeout_ns = command->run_timeout_ns;
		task->backoff_ns = command->backoff_ns;
		task->retries = command->retries;
	}
	if (task->backoff_ns == 0)
		task->backoff_ns = DEFAULT_BACKOFF_NS;
	if (work->step != NULL)
		return 0;
	if (work->process != NULL)
		return hki_recipe_copy(&task->process, &task->arena, work->process);
	return hki_recipe_from_command(&task->process, &task->arena, command);
}

/* io is the program's own affair, and dependencies become edges. */
static void copy_spec(hki_task *task, const hk_sched_task *spec)
{
	task->spec = *spec;
	task->spec.id = hki_arena_string(&task->arena, spec->id);
	task->spec.io = NULL;
	task->spec.io_count = 0;
	task->spec.depends_on = NULL;
	task->spec.depends_on_count = 0;
	task->spec.command = NULL;
	/* The init macro counts in ticks: nobody announces a microsecond. */
	task->burst_known = spec->burst > HK_SCHED_BURST_DEFAULT;
	if (!task->burst_known)
		task->spec.burst = HK_SCHED_BURST_DEFAULT * (int64_t) HKI_NS_PER_MS;
}

static int make_timer(hk_timer **out, const hki_task *task, hk_timer_fn fn, bool wanted)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r;

	if (!wanted)
		return 0;
	opts.fn = fn;
	opts.user = (void *) (uintptr_t) task;
	opts.background = 1; /* unfinished tasks hold the loop */
	r = hk_timer_start(out, task->executor->loop, &opts);
	if (r == 0)
		hk_timer_stop(*out);
	return r;
}

static int make_timers(hki_task *task)
{
	const hk_sched_task *spec = &task->spec;
	int r = make_timer(&task->wake, task, hki_tasks_on_wake,
	    spec->arrival > 0 || spec->start_after > 0 || task->retries > 0);

	if (r == 0)
		r = make_timer(&task->limit, task, hki_tasks_on_limit,
		    task->queue_timeout_ns > 0 || task->run_timeout_ns > 0);
	return r;
}

int hki_task_new(hki_task **out, hk_sched_executor *executor, const hk_sched_work *work,
    const hk_sched_task *spec, hk_error_list *errors)
{
	hki_cleanup(hki_task_freep) hki_task *task = NULL;
	int r;

	if ((r = check_times(spec, errors)) < 0 ||
	    (r = check_command(spec, errors)) < 0 ||
	    (r = check_work(work, spec, errors)) < 0)
		return r;
	task = hki_zalloc(sizeof(*task));
	if (task == NULL)
		return -ENOMEM;
	task->executor = executor;
	hki_list_init(&task->node);
	hki_list_init(&task->tell_node);
	hki_list_init(&task->end_node);
	hki_list_init(&task->dependents);
	hki_list_init(&task->parked_node);
	task->start_ns = -1;
	task->end_ns = -1;
	copy_spec(task, spec);
	r = copy_work(task, work, spec->command);
	if (r == 0)
		r = task->arena.failed ? -ENOMEM : make_timers(task);
	if (r < 0)
		return r;
	*out = hki_take(task);
	return 0;
}

static void unlink_edges(hki_task *task)
{
	for (size_t i = 0; i < task->edge_count; i++)
		hki_list_remove(&task->edges[i].node);
	while (hki_list_pop(&task->dependents) != NULL)
		;
}

void hki_task_free(hki_task *task)
{
	if (task == NULL)
		return;
	hki_program_drop(task);
	unlink_edges(task);
	hki_list_remove(&task->node);
	hki_list_remove(&task->tell_node);
	hki_list_remove(&task->end_node);
	hki_list_remove(&task->parked_node);
	hk_timer_free(task->wake);
	hk_timer_free(task->limit);
	for (size_t i = 0; i < HKI_COUNT(task->output); i++)
		hki_free(task->output[i].data);
	hki_free(task->error_text);
	hki_arena_deinit(&task->arena);
	hki_free(task);
}

/* ---- its life ---- */

uint64_t hki_task_cpu(hki_task *task)
{
	uint64_t used_ns;

	if (task->preempt != NULL && hki_preempt_cpu(task->preempt, &used_ns) == 0 &&
	    used_ns > task->cpu_ns)
		task->cpu_ns = used_ns;
	return task->cpu_ns;
}

void hki_task_enter(hki_task *task, hk_sched_state state, int64_t now_ns)
{
	int64_t passed_ns = now_ns - task->since_ns;

	if (task->arrived && passed_ns > 0) {
		if (task->state == HK_SCHED_READY)
			task->wait_ns += passed_ns;
		else if (task->state == HK_SCHED_WAITING ||
			 task->state == HK_SCHED_PAUSED)
			task->held_ns += passed_ns;
	}
	task->state = state;
	task->since_ns = now_ns;
}

void hki_task_note(hki_task *task, hk_sched_event event)
{
	if (task->executor->on_event == NULL)
		return;
	if (task->event_count == HKI_TASK_EVENTS_MAX)
		memmove(task->events, task->events + 1, --task->event_count);
	task->events[task->event_count++] = (uint8_t) event;
	if (hki_list_empty(&task->tell_node))
		hki_list_append(&task->executor->telling, &task->tell_node);
}

void hki_task_set_error(hki_task *task, int code, const char *text)
{
	hki_free(task->error_text);
	task->error = code;
	/* Without memory the code alone has to do. */
	task->error_text = text == NULL ? NULL : hki_strdup(text);
}
