/*
 * Tasks that are programs: from their first turn to their end.
 *
 * A program lives in a cell, a cgroup of its own, or leads a process group.  It is
 * charged, frozen and ended with all it started.  One that is being stopped is let go
 * and runs outside of the slots, for as long as its stop steps give it: it cannot answer
 * SIGTERM while it is frozen, and others need not wait for its manners.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "sched/executor_internal.h"

static void error_list_freep(hk_error_list **list)
{
	hk_error_list_free(*list);
}

/* ---- the end ---- */

/* Everything that was there for the program. */
static void release_means(hki_task *task)
{
	hki_preempt_free(hki_take(task->preempt));
	hki_cells_give(&task->executor->cells, hki_take(task->cell));
}

static void take_output(hki_task *task, const hk_process_result *result)
{
	const char *data[2] = { result->stdout_data, result->stderr_data };
	const size_t lengths[2] = { result->stdout_length, result->stderr_length };

	for (int i = 0; i < 2; i++) {
		hki_free(task->output[i].data);
		task->output[i].data =
		    lengths[i] == 0 ? NULL : hki_strndup(data[i], lengths[i]);
		task->output[i].length = task->output[i].data == NULL ? 0 : lengths[i];
		/* Without memory for a copy, it is cut to nothing. */
		task->output[i].cut = task->output[i].length < lengths[i];
	}
	task->output[0].total = result->stdout_total;
	task->output[0].cut |= result->stdout_cut;
	task->output[1].total = result->stderr_total;
	task->output[1].cut |= result->stderr_cut;
}

/* Every process of a cell is in its account; elsewhere the kernel's last word counts. */
static void take_usage(hki_task *task, const hk_process_exit *how)
{
	uint64_t used_ns = how->user_ns + how->system_ns;

	task->preempt->process = NULL;
	if (hki_task_cpu(task) < used_ns && how->usage_known && task->cell == NULL)
		task->cpu_ns = used_ns;
}

static void take_exit(hki_task *task, const hk_process_result *result)
{
	task->end = result->exit.end;
	task->code = result->exit.code;
	task->signal = result->exit.signal;
	task->leftovers = result->leftovers;
	take_usage(task, &result->exit);
	take_output(task, result);
}

static void decide(hki_task *task)
{
	if (task->cancelled)
		hki_tasks_end(task, HK_SCHED_CANCELLED);
	else if (task->timed_out)
		hki_tasks_end(task, HK_SCHED_TIMED_OUT);
	else if (task->end == HK_END_CODE && task->code == 0)
		hki_tasks_end(task, HK_SCHED_DONE);
	else
		hki_tasks_try_failed(task);
}

static void on_done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	hki_task *task = user;
	hk_sched_executor *executor = task->executor;

	take_exit(task, result);
	hki_guard_remove(&executor->guard, &result->id);
	hk_process_result_free(result);
	if (task->has_slot)
		hki_dispatch_vacate(task);
	task->runner = NULL;
	executor->programs--;
	hk_process_runner_free(runner);
	release_means(task);
	decide(task);
	hki_shortage_over(executor);
	hki_dispatch_turn(executor);
}

/* ---- the start ---- */

static void capture_streams(hk_process_opts *opts)
{
	if (opts->stdio[0].kind == HK_STDIO_INHERIT)
		opts->stdio[0].kind = HK_STDIO_NULL;
	for (int i = 1; i < 3; i++)
		if (opts->stdio[i].kind == HK_STDIO_INHERIT)
			opts->stdio[i].kind = HK_STDIO_PIPE;
}

static void choose_tree(hk_process_opts *opts, const hki_cell *cell)
{
	if (cell != NULL) {
		opts->cgroup = cell->path;
		opts->tree = HK_TREE_CGROUP;
		return;
	}
	opts->cgroup = NULL;
	opts->tree = HK_TREE_AUTO;
	if ((opts->flags & HK_PROCESS_NEW_SESSION) == 0)
		opts->flags |= HK_PROCESS_NEW_GROUP;
}

static void guard_other(const hk_process_id *id, void *user)
{
	hk_sched_executor *executor = user;

	hki_guard_add(&executor->guard, id);
}

static void guard_other_no_more(const hk_process_id *id, void *user)
{
	hk_sched_executor *executor = user;

	hki_guard_remove(&executor->guard, id);
}

/* Those that were started before the guard was lost are told to the new one. */
static void tell_guard_all(hk_sched_executor *executor)
{
	for (hki_list *node = executor->tasks.next; node != &executor->tasks;
	     node = node->next) {
		const hki_task *task = hki_list_entry(node, hki_task, node);
		hk_process_id id;

		if (task->runner == NULL)
			continue;
		id = hk_process_identity(hk_process_runner_process(task->runner));
		hki_guard_add(&executor->guard, &id);
		hki_preempt_each_other(task->preempt, guard_other, executor);
	}
}

void hki_program_on_guard_lost(hki_guard *guard)
{
	hk_sched_executor *executor = hki_list_entry(guard, hk_sched_executor, guard);

	if (!executor->freed && executor->unfinished > 0 && hki_guard_start(guard) == 1)
		tell_guard_all(executor);
}

/* Without a guard the task runs all the same; hk_sched_executor_means() tells. */
static void have_guarded(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	hk_process_id id = hk_process_identity(hk_process_runner_process(task->runner));

	if ((executor->flags & HK_SCHED_NO_GUARD) != 0)
		return;
	executor->guard.cgroup = hki_cells_path(&executor->cells);
	task->preempt->on_other = guard_other;
	task->preempt->on_other_gone = guard_other_no_more;
	task->preempt->user = executor;
	switch (hki_guard_start(&executor->guard)) {
	case 1:
		tell_guard_all(executor);
		break;
	case 0:
		hki_guard_add(&executor->guard, &id);
		break;
	default:
		break;
	}
}

static int fail(hki_task *task, int code, const hk_error_list *errors)
{
	const hk_error *error = hk_error_list_get(errors, 0);
	char text[256];

	hki_cells_give(&task->executor->cells, hki_take(task->cell));
	if (error == NULL) {
		hki_task_set_error(task, code, hk_error_text(code));
		return code;
	}
	(void) hk_error_format(text, sizeof(text), error);
	hki_task_set_error(task, code, text);
	return code;
}

int hki_program_start(hki_task *task)
{
	hk_sched_executor *executor = task->executor;
	hki_cleanup(error_list_freep) hk_error_list *errors = NULL;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_opts opts = task->process;
	int r = 0;

	(void) !hk_error_list_new(&errors);
	if (executor->by_cgroup)
		r = hki_cells_take(&task->cell, &executor->cells);
	if (r < 0)
		return fail(task, r, NULL);
	choose_tree(&opts, task->cell);
	/* It has to be there when its turn begins. */
	opts.spawner = NULL;
	opts.flags &= ~(uint32_t) HK_PROCESS_KEEP_LEFTOVERS;
	capture_streams(&opts);
	run.process = &opts;
	run.max_output_bytes = executor->max_output_bytes;
	run.on_done = on_done;
	run.user = task;
	r = hk_process_run_start(&task->runner, executor->loop, &run, errors);
	if (r < 0)
		return fail(task, r, errors);
	r = hki_preempt_new(
	    &task->preempt, hk_process_runner_process(task->runner), task->cell);
	if (r < 0) {
		hk_process_runner_free(hki_take(task->runner));
		return fail(task, r, NULL);
	}
	executor->programs++;
	/* What it may have been put off for is over. */
	hki_task_set_error(task, 0, NULL);
	have_guarded(task);
	return 0;
}

/* ---- ending it ---- */

void hki_program_stop(hki_task *task)
{
	if (task->has_slot)
		hki_dispatch_vacate(task);
	hki_dispatch_withdraw(task);
	hki_task_enter(task, HK_SCHED_STOPPING, hki_executor_now(task->executor));
	(void) !hki_preempt_thaw(task->preempt);
	hk_process_runner_cancel(task->runner);
}

void hki_program_drop(hki_task *task)
{
	if (task->runner != NULL)
		task->executor->programs--;
	hk_process_runner_free(hki_take(task->runner));
	if (task->executor->owner != getpid()) {
		if (task->preempt != NULL) {
			task->preempt->frozen = false;
			task->preempt->on_other_gone = NULL;
		}
		hki_preempt_free(hki_take(task->preempt));
		hki_cell_abandon(hki_take(task->cell));
		return;
	}
	release_means(task);
}
