/*
 * Running a workload to its end.  Ctrl-C cancels what has not ended, which programs may
 * answer in order; a second one kills.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "../exit.h"
#include "../libexec.h"
#include "../output/fail.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "run.h"

static void error_list_freep(hk_error_list **list)
{
	hk_error_list_free(*list);
}

/* ---- interruption ---- */

static void cancel_all(sched_execution *run)
{
	hk_sched_info info;

	for (size_t i = 0; hk_sched_executor_get(&info, run->executor, i) == 0; i++)
		if (info.state != HK_SCHED_ENDED)
			(void) !hk_sched_executor_cancel(run->executor, info.id);
}

static void on_signal(hk_signal *handle, int number, void *user)
{
	sched_execution *run = user;

	(void) handle;
	(void) number;
	run->interrupted = true;
	cancel_all(run);
}

/* ---- the run ---- */

static int fail(
    const cmd_call *call, int code, const char *what, const hk_error_list *errors)
{
	if (hk_error_list_count(errors) > 0)
		return cmd_fail_list(&call->output,
		    code == -EINVAL || code == -ENOTSUP ? CMD_EXIT_CONFIG
							: cmd_exit_from_error(code),
		    code, errors);
	return cmd_fail(&call->output, cmd_exit_from_error(code), code, NULL, "%s", what);
}

static int open_executor(sched_execution *run)
{
	hki_cleanup(error_list_freep) hk_error_list *errors = NULL;
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;
	char guard[CMD_LIBEXEC_PATH_MAX];
	int r;

	(void) !hk_error_list_new(&errors);
	opts.policy = run->opts.policy;
	opts.policy_opts = &run->opts.policy_opts;
	opts.slots = run->opts.slots;
	opts.low_first = run->opts.low_first;
	opts.preemption = run->opts.preemption;
	opts.orphans = run->opts.orphans;
	opts.flags = HK_SCHED_OUTRANK | HK_SCHED_KEEP_SLICES;
	opts.guard = cmd_libexec_find(guard, "guard") ? guard : NULL;
	r = hk_loop_new(&run->loop);
	if (r == 0)
		r = hk_sched_executor_new(&run->executor, run->loop, &opts, errors);
	return r < 0 ? fail(run->call, r, "cannot begin", errors) : 0;
}

static int run_loop(sched_execution *run)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	hk_signal *signals[3] = { NULL, NULL, NULL };
	sched_live *live = NULL;
	int r = 0;

	for (int i = 0; i < 3 && r == 0; i++)
		r = hk_signal_start(&signals[i], run->loop, numbers[i], on_signal, run);
	if (r == 0)
		r = sched_live_new(&live, run);
	if (r == 0)
		r = hk_loop_run(run->loop);
	sched_live_free(live);
	for (int i = 0; i < 3; i++)
		hk_signal_free(signals[i]);
	if (r < 0)
		return cmd_fail(
		    &run->call->output, cmd_exit_from_error(r), r, NULL, "cannot go on");
	return 0;
}

int sched_run_execute(
    sched_execution *run, const cmd_call *call, const hk_sched_workload *workload)
{
	hki_cleanup(error_list_freep) hk_error_list *errors = NULL;
	int status;
	int r;

	run->call = call;
	status = open_executor(run);
	if (status != 0)
		return status;
	(void) !hk_error_list_new(&errors);
	r = hk_sched_executor_add_workload(run->executor, workload, errors);
	if (r < 0)
		return fail(call, r, "cannot add the tasks", errors);
	status = run_loop(run);
	if (status != 0)
		return status;
	r = hk_sched_executor_compare(&run->comparison, run->executor, NULL);
	if (r < 0 && r != -ENODATA)
		cmd_note(&call->output, "no prediction: %s", hk_error_text(r));
	return 0;
}

void sched_run_deinit(sched_execution *run)
{
	hk_sched_comparison_free(run->comparison);
	hk_sched_executor_free(run->executor);
	hk_loop_free(run->loop);
}

/* ---- what came of it ---- */

hk_sched_info *sched_run_infos(const sched_execution *run, size_t *out_count)
{
	size_t count = hk_sched_executor_count(run->executor);
	hk_sched_info *infos = hki_alloc_array(count, sizeof(*infos));

	if (infos == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (hk_sched_executor_get(&infos[i], run->executor, i) < 0)
			infos[i] = (hk_sched_info){ .id = "" };
	*out_count = count;
	return infos;
}

int sched_run_status(const sched_execution *run)
{
	hk_sched_totals totals;

	hk_sched_executor_totals(&totals, run->executor);
	if (totals.done == totals.tasks)
		return CMD_EXIT_OK;
	return totals.done > 0 || run->interrupted ? CMD_EXIT_PARTLY : CMD_EXIT_FAILED;
}
