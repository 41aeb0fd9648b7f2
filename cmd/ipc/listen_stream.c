/*
 * Listening for connections: their messages are printed, or go to a program.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/clock.h"
#include "exit.h"
#include "listen.h"
#include "output/fail.h"

/* For answers on their way when it ends. */
#define LAST_WORDS_NS (2 * HKI_NS_PER_S)

static int32_t pid_of(const hk_ipc *ipc)
{
	hk_ipc_peer peer = { .size = sizeof(peer) };

	return hk_ipc_peer_read(ipc, &peer) == 0 ? peer.pid : 0;
}

static void on_message(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	ipc_listening *all = user;
	char from[160];

	if (all->command != NULL) {
		ipc_worker_give(ipc, message);
		return;
	}
	(void) hk_ipc_peer_url(ipc, from, sizeof(from));
	ipc_listening_print(
	    all, from, pid_of(ipc), message->data, message->length, message->length);
}

static void on_connect(hk_ipc *ipc, void *user)
{
	ipc_listening *all = user;
	int r;

	if (all->command == NULL)
		return;
	r = ipc_worker_start(all, ipc);
	if (r < 0) {
		cmd_note(&all->session.call->output,
		    "closed a connection: cannot run '%s': %s", all->command,
		    hk_error_text(r));
		hk_error_list_clear(all->session.errors);
		hk_ipc_free(ipc);
	}
}

static void on_end(hk_ipc *ipc, void *user)
{
	ipc_listening *all = user;

	if (all->command != NULL)
		ipc_worker_end_of_input(ipc);
	else
		hk_ipc_close(ipc, LAST_WORDS_NS);
}

static void on_drain(hk_ipc *ipc, void *user)
{
	(void) user;
	ipc_worker_go_on(ipc);
}

/* A peer that did not keep to the rules is told; the others go on. */
static void on_close(hk_ipc *ipc, int reason, void *user)
{
	ipc_listening *all = user;
	char from[160];

	if (all->command != NULL)
		ipc_worker_leave(ipc);
	if (reason == 0 || reason == -ECONNRESET || reason == -EPIPE)
		return;
	(void) hk_ipc_peer_url(ipc, from, sizeof(from));
	cmd_note(&all->session.call->output, "closed a connection%s%s: %s",
	    from[0] != '\0' ? " from " : "", from, hk_error_text(reason));
}

int ipc_listen_stream(ipc_listening *all)
{
	hk_ipc_server *server;
	int status;
	int r;

	all->connection.on_message = on_message;
	all->connection.on_connect = on_connect;
	all->connection.on_end = on_end;
	all->connection.on_drain = on_drain;
	all->connection.on_close = on_close;
	all->connection.user = all;
	r = hk_ipc_listen(
	    &server, all->session.loop, all->url, &all->connection, all->session.errors);
	if (r < 0)
		return ipc_fail(&all->session, "listen at", all->url, r);
	ipc_tell_ready(&all->session, "hostkit.ipc.listen/1", "listening",
	    hk_ipc_server_url(server));
	status = ipc_session_run(&all->session);
	ipc_workers_stop(all);
	hk_ipc_server_free(server);
	return status;
}
