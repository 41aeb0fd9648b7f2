#include "ipc/ipc_internal.h"

/*
 * A server's total: what may wait to leave all its connections together.
 *
 * A high-water mark bounds a peer, but not a thousand of them.  Here a connection may
 * have at most as much waiting as is left of the total, so the mark sinks for everybody
 * as the total fills.  That is how switches share their memory between ports (dynamic
 * thresholds: Choudhury and Hahne, 1998), for three reasons: the largest queues reach
 * the mark first and pay first, whoever keeps up always finds some room, and nobody has
 * to be searched for.
 *
 * A connection is charged for what waits in its queue and for what a conversation keeps
 * above it.  The charge is noted in the connection, so whatever happened to the queue in
 * between, it can be set right, and is taken back whole when the connection leaves.
 */

static bool has_total(const hk_ipc *ipc)
{
	return ipc->server != NULL &&
	       ipc->settings->opts.queue_total_max_bytes != SIZE_MAX;
}

void hki_ipc_total_follow(hk_ipc *ipc)
{
	hk_ipc_server *server = ipc->server;
	size_t now = ipc->output.queued + ipc->held;

	if (server == NULL || now == ipc->charged)
		return;
	if (now > ipc->charged)
		server->gathered += now - ipc->charged;
	server->queued_bytes += now - ipc->charged;
	ipc->charged = now;
}

void hki_ipc_total_hold(hk_ipc *ipc, size_t bytes)
{
	ipc->held = bytes;
	hki_ipc_total_follow(ipc);
}

size_t hki_ipc_total_left(const hk_ipc *ipc)
{
	size_t limit = ipc->settings->opts.queue_total_max_bytes;

	if (!has_total(ipc))
		return SIZE_MAX;
	return ipc->server->queued_bytes < limit ? limit - ipc->server->queued_bytes : 0;
}

bool hki_ipc_total_exceeded(const hk_ipc *ipc, size_t size)
{
	size_t left;

	if (!has_total(ipc))
		return false;
	left = hki_ipc_total_left(ipc);
	return size > left || ipc->output.queued + ipc->held > left - size;
}

void hki_ipc_total_relieve(hk_ipc *ipc)
{
	hki_list *dirty = &ipc->domain->dirty;

	/* Not for every message: those that were relieved stay in the list. */
	if (ipc->server->gathered < HKI_IPC_CORK_MAX)
		return;
	ipc->server->gathered = 0;
	for (hki_list *node = dirty->next; node != dirty; node = node->next)
		hki_ipc_write(hki_list_entry(node, hk_ipc, dirty));
}

void hki_ipc_total_count(hk_ipc *ipc)
{
	if (ipc->server != NULL)
		ipc->server->total_overflows++;
}
