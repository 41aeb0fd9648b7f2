/*
 * Carrying out a run: take in signals, start, wait, let the result be told.
 *
 * We become the reaper of orphans, so that whatever the program starts ends with
 * it even where there are no cgroups.  The order at the start matters: signals
 * are taken in first, so that none arrives between the start and the moment
 * somebody is there to pass it on.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "exit.h"
#include "output/fail.h"
#include "run.h"

struct act {
	const cmd_call *call;
	run_plan *plan;
	hk_loop *loop;
	hk_reaper *reaper;
	hk_error_list *errors;
	run_signals *signals;
	hk_process_runner *runner;
	run_pty *pty;
	hk_process_result *result;
};

static void act_deinit(struct act *act)
{
	hk_process_result_free(act->result);
	run_pty_free(act->pty);
	run_signals_free(act->signals);
	hk_process_runner_free(act->runner);
	hk_reaper_free(act->reaper);
	hk_error_list_free(act->errors);
	hk_loop_free(act->loop);
}

static int fail(const struct act *act, int error, const char *what)
{
	return cmd_fail(&act->call->output, CMD_EXIT_RUN_FAILED, error, NULL, "%s", what);
}

int run_fail_start(const cmd_call *call, int error, const hk_error_list *errors)
{
	const hk_error *first = hk_error_list_get(errors, 0);
	int status = CMD_EXIT_RUN_FAILED;

	if (first != NULL && strcmp(first->step, "exec") == 0)
		status = error == -ENOENT ? CMD_EXIT_NOT_FOUND : CMD_EXIT_NOT_EXECUTABLE;
	return cmd_fail_list(&call->output, status, error, errors);
}

static void on_done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	struct act *act = user;

	(void) runner;
	act->result = result;
	run_signals_over(act->signals);
	hk_loop_stop(act->loop, 0);
}

static bool on_signal(int number, void *user)
{
	struct act *act = user;

	if (number != SIGWINCH || act->pty == NULL)
		return false;
	run_pty_resize(act->pty);
	return true;
}

/* The loop, the reaper and the rest that a start needs. */
static int prepare(struct act *act)
{
	int r;

	if ((r = hk_error_list_new(&act->errors)) < 0 ||
	    (r = hk_loop_new(&act->loop)) < 0)
		return fail(act, r, "cannot prepare the run");
	r = run_signals_new(&act->signals);
	if (r < 0)
		return fail(act, r, "cannot take in signals");
	r = hk_reaper_new(&act->reaper, act->loop);
	if (r < 0)
		return fail(act, r, "cannot become the reaper of orphans");
	return 0;
}

static int start_pty(struct act *act)
{
	hk_process *process = hk_process_runner_process(act->runner);
	int master = -EBADF;
	int r;

	for (unsigned int stream = 0; stream < 3 && master < 0; stream++)
		if (act->plan->process.stdio[stream].kind == HK_STDIO_PTY)
			master = hk_process_take_stdio(process, stream);
	if (master < 0)
		return 0; /* every stream was given to something else */
	r = run_pty_new(&act->pty, act->loop, master, act->plan->capture,
	    act->plan->run.max_output_bytes);
	return r < 0 ? fail(act, r, "cannot carry the terminal") : 0;
}

static int start(struct act *act)
{
	hk_process_run_opts *opts = &act->plan->run;
	int r;

	if (act->plan->pty)
		run_pty_begin_size(&act->plan->process);
	opts->on_done = on_done;
	opts->user = act;
	r = hk_process_run_start(&act->runner, act->loop, opts, act->errors);
	if (r < 0)
		return run_fail_start(act->call, r, act->errors);
	r = run_signals_forward(act->signals, act->loop,
	    hk_process_runner_process(act->runner), on_signal, act);
	if (r < 0)
		return fail(act, r, "cannot pass on signals");
	return act->plan->pty ? start_pty(act) : 0;
}

/*
 * The program's exit code.  When Ctrl-C ended it, hostkit ends by the same
 * signal: a shell in a loop only stops if it sees that.
 */
static int exit_code(const struct act *act)
{
	const hk_process_result *result = act->result;

	if (result->timed_out)
		return CMD_EXIT_TIMED_OUT;
	switch (result->exit.end) {
	case HK_END_CODE:
		return result->exit.code;
	case HK_END_SIGNAL:
		return CMD_EXIT_SIGNAL + result->exit.signal;
	default:
		return cmd_fail(&act->call->output, CMD_EXIT_RUN_FAILED, HK_EUNKNOWN,
		    NULL, "how the program ended");
	}
}

static void end_by_interrupt(const struct act *act)
{
	sigset_t set;

	if (act->result == NULL || !run_signals_interrupted(act->signals) ||
	    act->result->exit.end != HK_END_SIGNAL || act->result->exit.signal != SIGINT)
		return;
	fflush(stdout);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	(void) raise(SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int finish(struct act *act)
{
	run_outcome outcome = { act->plan, act->result, act->pty };
	int status;

	if (act->result == NULL)
		return fail(act, -EIO, "the loop ended before the program");
	if (act->pty != NULL)
		run_pty_finish(act->pty);
	status = run_report(act->call, &outcome);
	if (status == 0)
		status = exit_code(act);
	end_by_interrupt(act);
	return status;
}

int run_act(run_plan *plan, const cmd_call *call)
{
	struct act act = { .call = call, .plan = plan };
	int status, r;

	status = prepare(&act);
	if (status == 0)
		status = start(&act);
	if (status == 0) {
		r = hk_loop_run(act.loop);
		status =
		    r < 0 ? fail(&act, r, "cannot wait for the program") : finish(&act);
	}
	act_deinit(&act);
	return status;
}

int run_detached(run_plan *plan, const cmd_call *call)
{
	struct act act = { .call = call, .plan = plan };
	hk_process *process = NULL;
	hk_process_id id;
	int status, r;

	if ((r = hk_error_list_new(&act.errors)) < 0 ||
	    (r = hk_loop_new(&act.loop)) < 0) {
		status = fail(&act, r, "cannot prepare the start");
	} else if ((r = hk_process_spawn(
			&process, act.loop, &plan->process, act.errors)) < 0) {
		status = run_fail_start(call, r, act.errors);
	} else {
		id = hk_process_identity(process);
		hk_process_detach(process);
		status = run_report_detached(call, plan, &id);
	}
	act_deinit(&act);
	return status;
}
