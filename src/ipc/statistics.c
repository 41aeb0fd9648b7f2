#include "ipc/ipc_internal.h"

/*
 * What is asked of a connection.
 */

int hk_ipc_stats_read(const hk_ipc *ipc, hk_ipc_stats *out)
{
	const hki_ipc_counts *counts = &ipc->counts;

	if (out == NULL || out->size < sizeof(*out))
		return -EINVAL;
	*out = (hk_ipc_stats){ .size = out->size,
		.messages_received = counts->messages_received,
		.bytes_received = counts->bytes_received,
		.messages_sent = counts->messages_sent,
		.messages_written = counts->messages_written,
		.messages_dropped = counts->messages_dropped,
		.messages_queued = ipc->output.messages,
		.messages_refused = counts->messages_refused,
		.bytes_written = counts->bytes_written,
		.bytes_queued = ipc->output.queued,
		.reads = counts->reads,
		.writes = counts->writes,
		.connects = counts->connects,
		.heartbeats_received = counts->heartbeats_received,
		.descriptors_lost = counts->descriptors_lost };
	return 0;
}

size_t hk_ipc_queued_messages(const hk_ipc *ipc)
{
	return ipc->output.messages;
}

size_t hk_ipc_queued_bytes(const hk_ipc *ipc)
{
	return ipc->output.queued;
}

bool hk_ipc_connected(const hk_ipc *ipc)
{
	return ipc->state == HKI_IPC_OPEN;
}

uint32_t hk_ipc_framing_out(const hk_ipc *ipc)
{
	return ipc->framing_out;
}

uint32_t hk_ipc_framing_in(const hk_ipc *ipc)
{
	return ipc->framer.framing;
}

hk_loop *hk_ipc_loop(const hk_ipc *ipc)
{
	return ipc->domain == NULL ? NULL : ipc->domain->loop;
}

hk_ipc_server *hk_ipc_server_of(const hk_ipc *ipc)
{
	return ipc->server;
}

void hk_ipc_set_data(hk_ipc *ipc, void *data)
{
	ipc->data = data;
}

void *hk_ipc_get_data(const hk_ipc *ipc)
{
	return ipc->data;
}

int hk_ipc_fd(const hk_ipc *ipc)
{
	return ipc->fd;
}
