/*
 * Sending datagrams, and lines through a named pipe.
 */
#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include <hostkit/ipc_datagram.h>
#include <hostkit/ipc_fifo.h>
#include "base/cleanup.h"
#include "exit.h"
#include "output/fail.h"
#include "send.h"

/* ---- datagrams ---- */

/* What is on its way: the session ends when the kernel has taken all of it. */
typedef struct datagrams {
	hk_ipc_datagram *socket;
	ipc_sending *all;
	size_t under_way;
	bool finished;
} datagrams;

static void end_if_done(datagrams *some)
{
	if (some->finished && some->under_way == 0 && some->all->answers == 0)
		ipc_session_stop(&some->all->session, CMD_EXIT_OK);
}

static void on_sent(hk_ipc_datagram *socket, int result, void *user)
{
	datagrams *some = user;

	(void) socket;
	some->under_way--;
	if (result < 0)
		ipc_end_with(&some->all->session, "send to", some->all->url, result);
	else if (some->all->held.length > 0)
		ipc_sending_go_on(some->all);
	end_if_done(some);
}

static int send_datagram(ipc_sending *all, const char *bytes, size_t length)
{
	datagrams *some = all->way;
	int r = hk_ipc_datagram_send(some->socket, NULL, bytes, length, on_sent, some);

	if (r == 0)
		some->under_way++;
	return r;
}

static void finish_datagrams(ipc_sending *all)
{
	datagrams *some = all->way;

	some->finished = true;
	end_if_done(some);
}

static void on_datagram(
    hk_ipc_datagram *socket, const hk_ipc_datagram_message *message, void *user)
{
	datagrams *some = user;
	ipc_sending *all = some->all;

	(void) socket;
	if (all->session.stopped || all->answers == 0)
		return;
	if (all->session.call->output.json) {
		(void) ipc_event_begin(&all->session, "hostkit.ipc.send/1");
		ipc_write_data(&all->session, message->data, message->length);
		ipc_event_end(&all->session);
	} else {
		ipc_print(&all->session, message->data, message->length);
	}
	if (++all->answered == all->answers)
		ipc_session_stop(&all->session, CMD_EXIT_OK);
}

static void on_network_error(hk_ipc_datagram *socket, int error, void *user)
{
	datagrams *some = user;

	(void) socket;
	ipc_end_with(&some->all->session, "send to", some->all->url, error);
}

int ipc_send_datagram(ipc_sending *all)
{
	hk_ipc_datagram_opts opts = HK_IPC_DATAGRAM_OPTS_INIT;
	datagrams some = { .all = all };
	int status = 0;
	int r;

	opts.on_message = on_datagram;
	opts.on_error = on_network_error;
	opts.user = &some;
	r = hk_ipc_datagram_dial(
	    &some.socket, all->session.loop, all->url, &opts, all->session.errors);
	if (r < 0)
		return ipc_fail(&all->session, "dial", all->url, r);
	all->way = &some;
	all->limited = true;
	all->send = send_datagram;
	all->finish = finish_datagrams;
	if (all->answers > 0)
		status = ipc_session_limit(&all->session, all->timeout_ns, CMD_EXIT_NO);
	if (status == 0)
		status = ipc_sending_begin(all);
	if (status == 0)
		status = ipc_session_run(&all->session);
	hk_ipc_datagram_free(some.socket);
	return status;
}

/* ---- named pipes ---- */

static int send_line(ipc_sending *all, const char *bytes, size_t length)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
	int r = hki_buffer_append(&line, bytes, length);

	if (r == 0)
		r = hki_buffer_append_char(&line, '\n');
	return r < 0 ? r : hk_ipc_fifo_send(all->way, line.data, line.length);
}

static void finish_pipe(ipc_sending *all)
{
	int r = hk_ipc_fifo_drain(all->way);

	ipc_sending_limit(all);
	if (r < 0)
		ipc_end_with(&all->session, "write to", all->url, r);
}

static void on_pipe_drain(hk_ipc_fifo *fifo, void *user)
{
	ipc_sending *all = user;

	(void) fifo;
	if (all->held.length == 0 &&
	    (all->input.ended || all->session.call->operand_count > 1))
		ipc_session_stop(&all->session, CMD_EXIT_OK);
	else
		ipc_sending_go_on(all);
}

static void on_pipe_error(hk_ipc_fifo *fifo, int error, void *user)
{
	ipc_sending *all = user;

	(void) fifo;
	ipc_end_with(&all->session, "write to", all->url, error);
}

int ipc_send_fifo(ipc_sending *all)
{
	hk_ipc_fifo_opts opts = HK_IPC_FIFO_OPTS_INIT;
	hk_ipc_fifo *fifo;
	int status;
	int r;

	opts.on_drain = on_pipe_drain;
	opts.on_error = on_pipe_error;
	opts.user = all;
	r = hk_ipc_fifo_open(&fifo, all->session.loop, all->url + strlen("fifo:"), &opts);
	if (r < 0)
		return ipc_fail(&all->session, "write to", all->url, r);
	all->way = fifo;
	all->limited = true;
	all->send = send_line;
	all->finish = finish_pipe;
	status = ipc_sending_begin(all);
	if (status == 0)
		status = ipc_session_run(&all->session);
	hk_ipc_fifo_free(fifo);
	return status;
}
