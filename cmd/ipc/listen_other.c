/*
 * Listening where nobody can be answered: datagrams and named pipes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <hostkit/error.h>
#include <hostkit/ipc_datagram.h>
#include <hostkit/ipc_fifo.h>
#include "exit.h"
#include "listen.h"
#include "output/fail.h"

static void on_datagram(
    hk_ipc_datagram *datagram, const hk_ipc_datagram_message *message, void *user)
{
	ipc_listening *all = user;
	char from[80];

	(void) datagram;
	(void) hk_ipc_address_url(&message->from, from, sizeof(from));
	if (message->dropped > 0)
		cmd_note(&all->session.call->output,
		    "%" PRIu64 " datagrams lost: they came faster than they were read",
		    message->dropped);
	ipc_listening_print(
	    all, from, 0, message->data, message->length, message->full_length);
}

int ipc_listen_datagram(ipc_listening *all)
{
	hk_ipc_datagram_opts opts = HK_IPC_DATAGRAM_OPTS_INIT;
	hk_ipc_datagram *datagram;
	int status;
	int r;

	opts.on_message = on_datagram;
	opts.user = all;
	r = hk_ipc_datagram_listen(
	    &datagram, all->session.loop, all->url, &opts, all->session.errors);
	if (r < 0)
		return ipc_fail(&all->session, "listen at", all->url, r);
	ipc_tell_ready(&all->session, "hostkit.ipc.listen/1", "listening",
	    hk_ipc_datagram_url(datagram));
	status = ipc_session_run(&all->session);
	hk_ipc_datagram_free(datagram);
	return status;
}

static void on_data(hk_ipc_fifo *fifo, const void *bytes, size_t length, void *user)
{
	(void) fifo;
	if (length > 0)
		ipc_listening_print(user, "", 0, bytes, length, length);
}

static void on_error(hk_ipc_fifo *fifo, int error, void *user)
{
	ipc_listening *all = user;

	(void) fifo;
	cmd_note(&all->session.call->output, "left out a line: %s", hk_error_text(error));
}

int ipc_listen_fifo(ipc_listening *all)
{
	const char *path = all->url + strlen("fifo:");
	hk_ipc_fifo_opts opts = HK_IPC_FIFO_OPTS_INIT;
	hk_ipc_fifo *fifo;
	int status;
	int r;

	opts.on_data = on_data;
	opts.on_error = on_error;
	opts.user = all;
	opts.mode = all->connection.mode;
	if (all->connection.framing != HK_IPC_FRAMING_NONE)
		opts.flags = HK_IPC_FIFO_LINES;
	r = hk_ipc_fifo_listen(&fifo, all->session.loop, path, &opts);
	if (r < 0)
		return ipc_fail(&all->session, "listen at", all->url, r);
	ipc_tell_ready(&all->session, "hostkit.ipc.listen/1", "listening", all->url);
	status = ipc_session_run(&all->session);
	hk_ipc_fifo_free(fifo);
	return status;
}
