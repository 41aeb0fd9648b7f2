/*
 * A place where conversations begin.  It only makes them and keeps them in a list,
 * so that they can be freed together; all else is the conversation's own affair.
 */
#include "ipc/rpc_server.h"

#include <errno.h>
#include "base/cleanup.h"

static void release(hki_loop_deferred *deferred)
{
	hk_ipc_rpc_server *server = hki_list_entry(deferred, hk_ipc_rpc_server, deferred);

	hki_rpc_shared_unref(server->shared);
	hki_free(server);
}

/* Everybody who came has to leave. */
static void dismiss_all(hk_ipc_rpc_server *server)
{
	while (!hki_list_empty(&server->rpcs))
		hk_ipc_rpc_free(hki_list_entry(server->rpcs.next, hk_ipc_rpc, link));
}

/* The connections go: nobody is there, and nobody comes any more. */
static void on_cleanup(hki_ipc_upper *upper)
{
	hk_ipc_rpc_server *server = hki_list_entry(upper, hk_ipc_rpc_server, upper);

	dismiss_all(server);
	server->server = NULL;
}

void hk_ipc_rpc_server_free(hk_ipc_rpc_server *server)
{
	if (server == NULL)
		return;
	dismiss_all(server);
	hk_ipc_server_free(server->server);
	hki_loop_leave(&server->member);
	hki_ipc_upper_leave(&server->upper);
	server->deferred.fn = release;
	hki_loop_defer(server->loop, &server->deferred);
}

static void on_loop_free(hki_loop_member *member)
{
	hki_list_entry(member, hk_ipc_rpc_server, member)->loop = NULL;
}

static void server_freep(hk_ipc_rpc_server **server)
{
	hk_ipc_rpc_server_free(*server);
}

int hk_ipc_rpc_listen(hk_ipc_rpc_server **out, hk_loop *loop, const char *url,
    const hk_ipc_rpc_opts *opts, hk_error_list *errors)
{
	hki_cleanup(server_freep) hk_ipc_rpc_server *server = NULL;
	int r;

	if (loop == NULL)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r < 0)
		return r;
	server = hki_zalloc(sizeof(*server));
	if (server == NULL)
		return -ENOMEM;
	hki_list_init(&server->rpcs);
	server->loop = loop;
	server->member.on_loop_free = on_loop_free;
	hki_loop_join(loop, &server->member);
	r = hki_rpc_opts_read(&server->opts, &server->connection, opts);
	if (r == 0)
		r = hki_rpc_shared_new(&server->shared);
	server->upper.on_cleanup = on_cleanup;
	if (r == 0)
		r = hki_ipc_upper_join(&server->upper, loop);
	if (r < 0)
		return r;
	hki_rpc_server_callbacks(server);
	r = hk_ipc_listen(&server->server, loop, url, &server->connection, errors);
	if (r < 0)
		return r;
	server->server->retire = hki_rpc_retire;
	*out = hki_take(server);
	return 0;
}

hk_ipc_server *hk_ipc_rpc_server_get(const hk_ipc_rpc_server *server)
{
	return server->server;
}
