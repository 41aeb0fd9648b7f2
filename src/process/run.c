/*
 * hk_process_run(): a run on a loop of its own, so that a program without one can
 * wait for a child as it would for system(3), but with captured output, a timeout
 * that reaches the whole tree, and no shell.
 */
#include "process/run_internal.h"

#include <errno.h>
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/opts.h"

static void loop_freep(hk_loop **loop)
{
	hk_loop_free(*loop);
}

static void runner_freep(hk_process_runner **runner)
{
	hk_process_runner_free(*runner);
}

static void result_freep(hk_process_result **result)
{
	hk_process_result_free(*result);
}

static void on_done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	(void) runner;
	*(hk_process_result **) user = result;
}

int hk_process_run(
    hk_process_result **out, const hk_process_run_opts *given, hk_error_list *errors)
{
	hki_cleanup(result_freep) hk_process_result *result = NULL;
	hki_cleanup(loop_freep) hk_loop *loop = NULL;
	hki_cleanup(runner_freep) hk_process_runner *runner = NULL;
	hk_process_run_opts opts;
	int r;

	if (out == NULL || given == NULL)
		return -EINVAL;
	r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
	    offsetof(hk_process_run_opts, stdin_data));
	if (r < 0)
		return r;
	opts.on_done = on_done;
	opts.user = &result;
	r = hk_loop_new(&loop);
	if (r < 0)
		return hki_error_report_step(errors, r, "start", "a loop to wait on");
	r = hki_process_run_start(&runner, loop, &opts, true, errors);
	if (r < 0)
		return r;
	r = hk_loop_run(loop);
	if (r < 0)
		return hki_error_report_step(errors, r, "wait", "the loop of the run");
	*out = hki_take(result);
	return 0;
}
