/*
 * Every function of the concept that is not written yet refuses.
 */
#include <errno.h>
#include <hostkit/ipc.h>

int hk_ipc_listen(hk_ipc_server **out, hk_loop *loop, const char *url,
    const hk_ipc_opts *opts, hk_error_list *errors)
{
	(void) out;
	(void) loop;
	(void) url;
	(void) opts;
	(void) errors;
	return -ENOSYS;
}

const char *hk_ipc_server_url(const hk_ipc_server *server)
{
	(void) server;
	return NULL;
}

size_t hk_ipc_server_count(const hk_ipc_server *server)
{
	(void) server;
	return 0;
}

hk_ipc *hk_ipc_server_next(const hk_ipc_server *server, const hk_ipc *previous)
{
	(void) server;
	(void) previous;
	return NULL;
}

int hk_ipc_server_drain(
    hk_ipc_server *server, uint64_t limit_ns, hk_ipc_server_fn fn, void *user)
{
	(void) server;
	(void) limit_ns;
	(void) fn;
	(void) user;
	return -ENOSYS;
}

void hk_ipc_server_free(hk_ipc_server *server)
{
	(void) server;
}

int hk_ipc_server_stats_read(const hk_ipc_server *server, hk_ipc_server_stats *out)
{
	(void) server;
	(void) out;
	return -ENOSYS;
}

int hk_ipc_dial(hk_ipc **out, hk_loop *loop, const char *url, const hk_ipc_opts *opts,
    hk_error_list *errors)
{
	(void) out;
	(void) loop;
	(void) url;
	(void) opts;
	(void) errors;
	return -ENOSYS;
}

int hk_ipc_adopt(hk_ipc **out, hk_loop *loop, int fd, const hk_ipc_opts *opts)
{
	(void) out;
	(void) loop;
	(void) fd;
	(void) opts;
	return -ENOSYS;
}

int hk_ipc_pair(hk_ipc **out, int *out_fd, hk_loop *loop, const hk_ipc_opts *opts)
{
	(void) out;
	(void) out_fd;
	(void) loop;
	(void) opts;
	return -ENOSYS;
}

int hk_ipc_send(hk_ipc *ipc, const void *data, size_t length)
{
	(void) ipc;
	(void) data;
	(void) length;
	return -ENOSYS;
}

int hk_ipc_send_parts(hk_ipc *ipc, const struct iovec *parts, size_t count)
{
	(void) ipc;
	(void) parts;
	(void) count;
	return -ENOSYS;
}

int hk_ipc_send_payload(hk_ipc *ipc, hk_ipc_payload *payload)
{
	(void) ipc;
	(void) payload;
	return -ENOSYS;
}

int hk_ipc_send_descriptors(
    hk_ipc *ipc, const void *data, size_t length, const int *descriptors, size_t count)
{
	(void) ipc;
	(void) data;
	(void) length;
	(void) descriptors;
	(void) count;
	return -ENOSYS;
}

int hk_ipc_send_raw(hk_ipc *ipc, const void *bytes, size_t length)
{
	(void) ipc;
	(void) bytes;
	(void) length;
	return -ENOSYS;
}

void hk_ipc_flush(hk_ipc *ipc)
{
	(void) ipc;
}

size_t hk_ipc_queued_messages(const hk_ipc *ipc)
{
	(void) ipc;
	return 0;
}

size_t hk_ipc_queued_bytes(const hk_ipc *ipc)
{
	(void) ipc;
	return 0;
}

void hk_ipc_pause(hk_ipc *ipc)
{
	(void) ipc;
}

void hk_ipc_resume(hk_ipc *ipc)
{
	(void) ipc;
}

void hk_ipc_end(hk_ipc *ipc)
{
	(void) ipc;
}

void hk_ipc_close(hk_ipc *ipc, uint64_t limit_ns)
{
	(void) ipc;
	(void) limit_ns;
}

void hk_ipc_free(hk_ipc *ipc)
{
	(void) ipc;
}

bool hk_ipc_connected(const hk_ipc *ipc)
{
	(void) ipc;
	return false;
}

uint32_t hk_ipc_framing_out(const hk_ipc *ipc)
{
	(void) ipc;
	return 0;
}

uint32_t hk_ipc_framing_in(const hk_ipc *ipc)
{
	(void) ipc;
	return 0;
}

hk_loop *hk_ipc_loop(const hk_ipc *ipc)
{
	(void) ipc;
	return NULL;
}

hk_ipc_server *hk_ipc_server_of(const hk_ipc *ipc)
{
	(void) ipc;
	return NULL;
}

void hk_ipc_set_data(hk_ipc *ipc, void *data)
{
	(void) ipc;
	(void) data;
}

void *hk_ipc_get_data(const hk_ipc *ipc)
{
	(void) ipc;
	return NULL;
}

int hk_ipc_fd(const hk_ipc *ipc)
{
	(void) ipc;
	return -ENOSYS;
}

int hk_ipc_peer_read(const hk_ipc *ipc, hk_ipc_peer *out)
{
	(void) ipc;
	(void) out;
	return -ENOSYS;
}

int hk_ipc_peer_pidfd(hk_ipc *ipc)
{
	(void) ipc;
	return -ENOSYS;
}

size_t hk_ipc_peer_url(const hk_ipc *ipc, char *out, size_t capacity)
{
	(void) ipc;
	(void) out;
	(void) capacity;
	return 0;
}

int hk_ipc_stats_read(const hk_ipc *ipc, hk_ipc_stats *out)
{
	(void) ipc;
	(void) out;
	return -ENOSYS;
}

int hk_ipc_payload_new(hk_ipc_payload **out, const void *data, size_t length)
{
	(void) out;
	(void) data;
	(void) length;
	return -ENOSYS;
}

void hk_ipc_payload_free(hk_ipc_payload *payload)
{
	(void) payload;
}

int hk_ipc_sender_new(hk_ipc_sender **out, hk_ipc *ipc)
{
	(void) out;
	(void) ipc;
	return -ENOSYS;
}

int hk_ipc_sender_send(hk_ipc_sender *sender, const void *data, size_t length)
{
	(void) sender;
	(void) data;
	(void) length;
	return -ENOSYS;
}

void hk_ipc_sender_free(hk_ipc_sender *sender)
{
	(void) sender;
}

hk_ipc_server *hk_ipc_servers_next(const hk_loop *loop, const hk_ipc_server *previous)
{
	(void) loop;
	(void) previous;
	return NULL;
}

hk_ipc *hk_ipc_clients_next(const hk_loop *loop, const hk_ipc *previous)
{
	(void) loop;
	(void) previous;
	return NULL;
}

void hk_ipc_cleanup(hk_loop *loop)
{
	(void) loop;
}
