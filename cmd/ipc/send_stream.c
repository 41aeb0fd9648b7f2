/*
 * Sending over a connection: when everything is handed over, let it leave, and wait
 * for the answers if there are to be any.
 */
#include <errno.h>
#include <string.h>
#include "exit.h"
#include "output/fail.h"
#include "send.h"

static int send_message(ipc_sending *all, const char *bytes, size_t length)
{
	return hk_ipc_send(all->way, bytes, length);
}

static void finish(ipc_sending *all)
{
	if (all->answers == 0)
		hk_ipc_close(all->way, all->timeout_ns);
	else
		hk_ipc_end(all->way);
}

static void on_connect(hk_ipc *ipc, void *user)
{
	ipc_sending *all = user;
	int status;

	(void) ipc;
	status = ipc_sending_begin(all);
	if (status != 0)
		ipc_session_stop(&all->session, status);
}

static void on_drain(hk_ipc *ipc, void *user)
{
	(void) ipc;
	ipc_sending_go_on(user);
}

static void print_answer(ipc_sending *all, const hk_ipc_message *message)
{
	if (!all->session.call->output.json) {
		ipc_print(&all->session, message->data, message->length);
		return;
	}
	(void) ipc_event_begin(&all->session, "hostkit.ipc.send/1");
	ipc_write_data(&all->session, message->data, message->length);
	ipc_event_end(&all->session);
}

static void on_message(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	ipc_sending *all = user;

	(void) ipc;
	if (all->answers == 0 || all->session.stopped)
		return;
	print_answer(all, message);
	if (++all->answered == all->answers)
		ipc_session_stop(&all->session, CMD_EXIT_OK);
}

static void on_close(hk_ipc *ipc, int reason, void *user)
{
	ipc_sending *all = user;

	(void) ipc;
	if (reason < 0)
		ipc_end_with(&all->session, "send to", all->url, reason);
	else if (all->answered < all->answers && !all->session.stopped)
		ipc_session_stop(&all->session,
		    cmd_fail(&all->session.call->output, CMD_EXIT_NO, 0, NULL,
			"'%s' closed the connection before it answered", all->url));
	else
		ipc_session_stop(&all->session, CMD_EXIT_OK);
}

static void on_retry(hk_ipc *ipc, int reason, uint64_t delay_ns, void *user)
{
	ipc_sending *all = user;

	(void) delay_ns;
	if (!ipc_session_goes_on(&all->session, ipc, reason))
		ipc_end_with(&all->session, "send to", all->url,
		    reason == 0 ? -ECONNRESET : reason);
}

int ipc_send_stream(ipc_sending *all)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc *ipc;
	int status = 0;
	int r;

	opts.framing = all->framing;
	opts.connect_timeout_ns = all->timeout_ns;
	opts.stall_timeout_ns = all->timeout_ns;
	opts.on_connect = on_connect;
	opts.on_message = on_message;
	opts.on_drain = on_drain;
	opts.on_close = on_close;
	opts.on_retry = on_retry;
	ipc_session_patience(&all->session, &opts);
	opts.user = all;
	r = hk_ipc_dial(&ipc, all->session.loop, all->url, &opts, all->session.errors);
	if (r < 0)
		return ipc_fail(&all->session, "dial", all->url, r);
	all->way = ipc;
	all->send = send_message;
	all->finish = finish;
	if (all->answers > 0)
		status = ipc_session_limit(&all->session, all->timeout_ns, CMD_EXIT_NO);
	if (status == 0)
		status = ipc_session_run(&all->session);
	hk_ipc_free(ipc);
	return status;
}
