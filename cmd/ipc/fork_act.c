/*
 * Carrying it out: start, carry messages both ways, wait for the end.
 *
 * As with `hostkit run`, signals sent to us are meant for the program, we are the
 * reaper of what it starts, and when we are killed it is too.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "exit.h"
#include "ipc/fork.h"
#include "output/fail.h"
#include "run.h"

/* A program that computes for hours before it sees that it was disconnected may still
 * have something to say; --grace is for those who do not want to wait. */
#define DISCONNECT_TIMEOUT_NS (365 * 24 * 3600 * HKI_NS_PER_S)

struct act {
	const cmd_call *call;
	const fork_plan *plan;
	hk_loop *loop;
	hk_reaper *reaper;
	hk_error_list *errors;
	run_signals *signals;
	hk_ipc_channel *channel;
	fork_input *input;
	fork_show *show;
	hk_timer *grace; /* NULL: it has not begun */
	hk_process_exit how;
	uint64_t messages;
	bool over;    /* the program has exited */
	bool told;    /* it was sent a signal that ends programs */
	bool refused; /* a line could not be sent */
};

static void act_deinit(struct act *act)
{
	fork_input_free(act->input);
	hk_timer_free(act->grace);
	fork_show_free(act->show);
	run_signals_free(act->signals);
	hk_ipc_channel_free(act->channel);
	hk_reaper_free(act->reaper);
	hk_error_list_free(act->errors);
	hk_loop_free(act->loop);
}

static int fail(const struct act *act, int error, const char *what)
{
	return cmd_fail(&act->call->output, CMD_EXIT_RUN_FAILED, error, NULL, "%s", what);
}

/* ---- the last part ---- */

static void grace_over(hk_timer *timer, void *user)
{
	struct act *act = user;

	(void) timer;
	(void) !hk_ipc_channel_stop(act->channel, 0);
	if (act->told) /* politely already, and in vain: on to what cannot be declined */
		(void) !hk_ipc_channel_stop(act->channel, 0);
}

static void arm_grace(struct act *act)
{
	if (act->plan->grace_ns == 0 || act->grace != NULL)
		return;
	if (hk_timer_after(&act->grace, act->loop, act->plan->grace_ns / HKI_NS_PER_MS,
		grace_over, act) < 0)
		grace_over(NULL, act);
}

/* A signal that ends programs: it begins the last part, and one that is stopped has to
 * go on to hear of it.  The signal itself is passed on by whoever asks. */
static bool on_ending_signal(int number, void *user)
{
	struct act *act = user;

	if (number != SIGTERM && number != SIGINT && number != SIGHUP &&
	    number != SIGQUIT)
		return false;
	act->told = true;
	arm_grace(act);
	(void) !hk_process_kill(hk_ipc_channel_process(act->channel), SIGCONT);
	return false;
}

/* Nobody reads what the program says: its work is for nothing. */
static void on_broken(void *user)
{
	struct act *act = user;

	if (act->input != NULL)
		fork_input_stop(act->input);
	if (act->channel != NULL)
		(void) !hk_ipc_channel_stop(act->channel, 0);
}

static void disconnect(struct act *act)
{
	arm_grace(act);
	(void) !hk_ipc_channel_disconnect(act->channel);
}

static void on_synced(hk_ipc_channel *channel, int status, void *user)
{
	(void) channel;
	if (status == 0)
		disconnect(user);
}

/* Node drops what it has not written when it is disconnected, so it is asked first
 * whether it has dealt with all that it was sent. */
static void input_ended(struct act *act)
{
	if (act->plan->keep_open || act->plan->count > 0)
		return;
	arm_grace(act);
	if (hk_ipc_channel_sync(act->channel, on_synced, act) < 0)
		disconnect(act);
}

/* ---- from the program ---- */

static void on_message(
    hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user)
{
	struct act *act = user;

	(void) channel;
	/* What comes beyond the count had crossed our disconnect. */
	if (act->plan->count > 0 && act->messages >= act->plan->count)
		return;
	act->messages++;
	fork_show_message(act->show, message);
	if (act->messages == act->plan->count)
		disconnect(act);
}

static void on_bad(hk_ipc_channel *channel, int code, const char *reason, void *user)
{
	struct act *act = user;

	(void) channel;
	fork_show_bad(act->show, code, reason);
}

static void on_drain(hk_ipc_channel *channel, void *user)
{
	struct act *act = user;

	(void) channel;
	if (act->input != NULL)
		fork_input_release(act->input);
}

static void on_end(hk_ipc_channel *channel, int reason, void *user)
{
	struct act *act = user;

	(void) channel;
	if (act->input != NULL)
		fork_input_stop(act->input);
	fork_show_end(act->show, reason);
}

static void on_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	struct act *act = user;

	(void) process;
	act->how = *how;
	act->over = true;
	run_signals_over(act->signals);
	fork_show_exit(act->show, how);
	hk_loop_stop(act->loop, 0);
}

/* ---- to the program ---- */

static void refuse(struct act *act, int error, const hk_json_error *where)
{
	act->refused = true;
	if (where != NULL)
		cmd_fail(&act->call->output, CMD_EXIT_RUN_FAILED, 0, NULL,
		    "standard input:%zu:%zu: %s", where->line, where->column,
		    where->reason);
	else if (error == HK_EPARSE)
		cmd_fail(&act->call->output, CMD_EXIT_RUN_FAILED, 0,
		    "docs/api/ipc_fork.md lists the tags",
		    "a line was not sent: it is no tagged JSON");
	else if (error == -EINVAL)
		cmd_fail(&act->call->output, CMD_EXIT_RUN_FAILED, 0, NULL,
		    "a line was not sent: its \"cmd\" begins with NODE_, which Node "
		    "keeps for itself");
	else
		cmd_fail(&act->call->output, CMD_EXIT_RUN_FAILED, error, NULL,
		    "a line was not sent");
}

static void on_line(const hk_json *value, const hk_json_error *error, void *user)
{
	struct act *act = user;
	hk_ipc_send_opts opts = HK_IPC_SEND_OPTS_INIT;
	int r;

	if (value == NULL && error == NULL) {
		input_ended(act);
		return;
	}
	if (value == NULL) {
		refuse(act, error->code, error);
		return;
	}
	if (act->plan->serialization == HK_IPC_ADVANCED)
		opts.flags = HK_IPC_SEND_TAGGED;
	r = hk_ipc_channel_send_json(act->channel, value, &opts);
	if (r == 1)
		fork_input_hold(act->input);
	else if (r < 0)
		refuse(act, r, NULL);
}

/* ---- start and end ---- */

static int prepare(struct act *act)
{
	int r;

	if ((r = hk_error_list_new(&act->errors)) < 0 ||
	    (r = hk_loop_new(&act->loop)) < 0 ||
	    (r = fork_show_new(&act->show, act->call, act->loop, on_broken, act)) < 0)
		return fail(act, r, "cannot prepare the start");
	r = run_signals_new(&act->signals);
	if (r < 0)
		return fail(act, r, "cannot take in signals");
	r = hk_reaper_new(&act->reaper, act->loop);
	return r < 0 ? fail(act, r, "cannot become the reaper of orphans") : 0;
}

static int start(struct act *act)
{
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_ipc_channel_opts channel = HK_IPC_CHANNEL_OPTS_INIT;
	hk_ipc_fork_opts opts = HK_IPC_FORK_OPTS_INIT;
	int r;

	process.stdio[STDIN_FILENO].kind = HK_STDIO_NULL;
	process.stdio[STDOUT_FILENO].kind = HK_STDIO_FD;
	process.stdio[STDOUT_FILENO].fd = STDERR_FILENO;
	process.tree = HK_TREE_AUTO;
	process.parent_death_signal = SIGKILL;
	process.on_exit = on_exit;
	process.user_data = act;
	channel.on_message = on_message;
	channel.on_bad = on_bad;
	channel.on_drain = on_drain;
	channel.on_end = on_end;
	channel.user = act;
	channel.disconnect_timeout_ns = DISCONNECT_TIMEOUT_NS;
	opts.module = act->plan->module;
	opts.args = act->plan->args;
	opts.exec_path = act->plan->exec_path;
	opts.exec_args = act->plan->exec_args;
	opts.serialization = act->plan->serialization;
	opts.process = &process;
	opts.channel = &channel;
	r = hk_ipc_fork(&act->channel, act->loop, &opts, act->errors);
	if (r < 0)
		return run_fail_start(act->call, r, act->errors);
	r = run_signals_forward(act->signals, act->loop,
	    hk_ipc_channel_process(act->channel), on_ending_signal, act);
	if (r < 0)
		return fail(act, r, "cannot pass on signals");
	r = fork_input_new(&act->input, act->loop, on_line, act);
	return r < 0 ? fail(act, r, "cannot read standard input") : 0;
}

static int exit_code(const struct act *act)
{
	if (fork_show_status(act->show) != 0)
		return fork_show_status(act->show);
	if (!act->over)
		return fail(act, -EIO, "the loop ended before the program");
	switch (act->how.end) {
	case HK_END_CODE:
		return act->how.code == 0 && act->refused ? CMD_EXIT_RUN_FAILED
							  : act->how.code;
	case HK_END_SIGNAL:
		return CMD_EXIT_SIGNAL + act->how.signal;
	default:
		return fail(act, HK_EUNKNOWN, "how the program ended");
	}
}

int fork_act(const cmd_call *call, const fork_plan *plan)
{
	struct act act = { .call = call, .plan = plan };
	int status = prepare(&act);

	if (status == 0)
		status = start(&act);
	if (status == 0) {
		int r = hk_loop_run(act.loop);

		status = r < 0 ? fail(&act, r, "cannot wait for the program")
			       : cmd_close_stdout(&call->output, exit_code(&act));
	}
	act_deinit(&act);
	return status;
}
