/*
 * Accepting a message: it is checked, made a frame, and queued.  Frames are written
 * at the end of the callback that sent them, or when there are many.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"

static void outgoing_freep(hki_node_outgoing **outgoing)
{
	hki_node_outgoing_free(*outgoing);
}

static void note_queued(hk_ipc_channel *channel)
{
	size_t queued = hki_node_queued(channel);

	if (queued > channel->stats.queued_bytes_max)
		channel->stats.queued_bytes_max = queued;
}

/* A message with everything that was checked about it. */
typedef struct request {
	const hk_json *value;
	const char *text; /* the same as text that can be sent as it is, or NULL */
	size_t length;
	hk_ipc_send_opts opts;
	int family; /* of the handle */
} request;

static int check_request(hk_ipc_channel *channel, request *asked)
{
	const uint32_t known =
	    HK_IPC_SEND_HANDLE | HK_IPC_SEND_TAGGED | HK_IPC_SEND_INTERNAL;
	const hki_node_body body = { .json = asked->value };

	if ((asked->opts.flags & ~known) != 0)
		return -EINVAL;
	if ((asked->opts.flags & HK_IPC_SEND_TAGGED) != 0 &&
	    channel->serialization != HK_IPC_ADVANCED)
		return -EINVAL;
	if ((asked->opts.flags & HK_IPC_SEND_INTERNAL) == 0 && asked->value != NULL &&
	    hki_node_body_is_internal(&body))
		return -EINVAL;
	if ((asked->opts.flags & HK_IPC_SEND_HANDLE) == 0) {
		asked->opts.handle = HK_IPC_HANDLE_NONE;
		return 0;
	}
	return hki_node_handle_check(&asked->opts.handle, &asked->family,
	    asked->opts.handle_fd, asked->opts.handle);
}

static int encode_request(hk_ipc_channel *channel, hki_buffer *out, const request *asked)
{
	const size_t before = out->length;
	int r;

	if (asked->text == NULL || asked->opts.handle != HK_IPC_HANDLE_NONE ||
	    channel->serialization == HK_IPC_ADVANCED)
		return hki_node_encode(channel, out, asked->value, asked->opts.handle,
		    asked->family, (asked->opts.flags & HK_IPC_SEND_TAGGED) != 0);
	if ((r = hki_buffer_append(out, asked->text, asked->length)) < 0 ||
	    (r = hki_buffer_append_char(out, '\n')) < 0)
		hki_buffer_truncate(out, before);
	return r;
}

static bool is_full(const hk_ipc_channel *channel, size_t more)
{
	return hki_node_queued(channel) + more > channel->opts.queue_max_bytes;
}

/* Nothing is before it: its frame is made where it is sent from. */
static int queue_at_once(hk_ipc_channel *channel, const request *asked)
{
	const size_t before = channel->output.length;
	int r = encode_request(channel, &channel->output, asked);

	if (r < 0)
		return r;
	r = is_full(channel, 0)
		? HK_ELIMIT
		: hki_node_add_record(channel, asked->opts.on_sent, asked->opts.user);
	if (r < 0)
		hki_buffer_truncate(&channel->output, before);
	return r;
}

static int duplicate(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -errno : copy;
}

static int new_outgoing(
    hki_node_outgoing **out, hk_ipc_channel_sent_fn on_sent, void *user)
{
	hki_node_outgoing *outgoing = hki_zalloc(sizeof(*outgoing));

	if (outgoing == NULL)
		return -ENOMEM;
	outgoing->fd = -1;
	hki_list_init(&outgoing->node);
	outgoing->on_sent = on_sent;
	outgoing->user = user;
	*out = outgoing;
	return 0;
}

/* @outgoing is Taken on success. */
static int append_waiting(hk_ipc_channel *channel, hki_node_outgoing *outgoing)
{
	int r;

	if (is_full(channel, outgoing->frame.length))
		return HK_ELIMIT;
	channel->waiting_bytes += outgoing->frame.length;
	hki_list_append(&channel->waiting, &outgoing->node);
	r = hki_node_release_waiting(channel);
	if (r < 0) { /* it waits alone: others would have a flight before them */
		hki_list_remove(&outgoing->node);
		channel->waiting_bytes -= outgoing->frame.length;
	}
	return r;
}

/* It has a handle, or waits behind one. */
static int queue_behind(hk_ipc_channel *channel, const request *asked)
{
	hki_cleanup(outgoing_freep) hki_node_outgoing *outgoing = NULL;
	int r;

	if ((r = new_outgoing(&outgoing, asked->opts.on_sent, asked->opts.user)) < 0 ||
	    (r = encode_request(channel, &outgoing->frame, asked)) < 0)
		return r;
	if (asked->opts.handle != HK_IPC_HANDLE_NONE) {
		outgoing->fd = duplicate(asked->opts.handle_fd);
		if (outgoing->fd < 0)
			return outgoing->fd;
	}
	r = append_waiting(channel, outgoing);
	if (r == 0)
		(void) hki_take(outgoing);
	return r;
}

static int accepted(hk_ipc_channel *channel)
{
	note_queued(channel);
	if (channel->output.length >= HKI_NODE_CORK_BYTES && !channel->blocked)
		hki_node_write(channel);
	hki_node_write_later(channel);
	hki_node_update(channel);
	if (hki_node_queued(channel) <= channel->opts.high_water_bytes)
		return 0;
	channel->above = true;
	return 1;
}

static int queue(hk_ipc_channel *channel, const request *asked)
{
	const bool behind = asked->opts.handle != HK_IPC_HANDLE_NONE ||
			    channel->flight != NULL || !hki_list_empty(&channel->waiting);
	int r = behind ? queue_behind(channel, asked) : queue_at_once(channel, asked);

	return r < 0 ? r : accepted(channel);
}

static int send_request(
    hk_ipc_channel *channel, request *asked, const hk_ipc_send_opts *opts)
{
	int r;

	asked->opts = (hk_ipc_send_opts) HK_IPC_SEND_OPTS_INIT;
	if (opts != NULL) {
		r = hki_opts_copy(
		    &asked->opts, sizeof(asked->opts), opts, opts->size, sizeof(size_t));
		if (r < 0)
			return r;
	}
	r = check_request(channel, asked);
	return r < 0 ? r : queue(channel, asked);
}

static int may_send(const hk_ipc_channel *channel)
{
	int r = hki_node_check(channel);

	if (r < 0)
		return r;
	return hk_ipc_channel_is_connected(channel) ? 0 : HK_ECLOSED;
}

int hk_ipc_channel_send_json(
    hk_ipc_channel *channel, const hk_json *value, const hk_ipc_send_opts *opts)
{
	request asked = { .value = value };
	int r = may_send(channel);

	if (r == 0 && value == NULL)
		r = -EINVAL;
	return r < 0 ? r : send_request(channel, &asked, opts);
}

int hk_ipc_channel_send(hk_ipc_channel *channel, const char *json, size_t length,
    const hk_ipc_send_opts *opts)
{
	request asked = { .length = length };
	int r = may_send(channel);

	if (r < 0)
		return r;
	if (channel->sent_document == NULL &&
	    (r = hk_json_document_new(&channel->sent_document, NULL)) < 0)
		return r;
	r = hk_json_parse(channel->sent_document, json, length);
	if (r < 0)
		return r;
	asked.value = hk_json_root(channel->sent_document);
	/* A line cannot have another within. */
	if (memchr(json, '\n', length) == NULL)
		asked.text = json;
	return send_request(channel, &asked, opts);
}

/*
 * A message that announces a handle and has none is answered with a receipt that says
 * so, in order with everything else: it costs the other side nothing and tells that it
 * has dealt with all before it.
 */
int hk_ipc_channel_sync(
    hk_ipc_channel *channel, hk_ipc_channel_sent_fn on_synced, void *user)
{
	hki_cleanup(outgoing_freep) hki_node_outgoing *outgoing = NULL;
	int r;

	if ((r = may_send(channel)) < 0 ||
	    (r = new_outgoing(&outgoing, on_synced, user)) < 0 ||
	    (r = hki_node_encode_command(
		 channel, &outgoing->frame, "NODE_HANDLE", NULL, 0)) < 0)
		return r;
	outgoing->barrier = true;
	r = append_waiting(channel, outgoing);
	if (r < 0)
		return r;
	(void) hki_take(outgoing);
	return accepted(channel);
}

void hki_node_command(
    hk_ipc_channel *channel, const char *command, const char *key, size_t key_length)
{
	int r;

	if (channel->broken || channel->state >= HKI_NODE_HALF_CLOSED)
		return;
	r = hki_node_encode_command(channel, &channel->output, command, key, key_length);
	if (r == 0)
		r = hki_node_add_record(channel, NULL, NULL);
	/* Whoever asks without ever reading the answers. */
	if (r == 0 && is_full(channel, 0))
		r = HK_ELIMIT;
	if (r < 0) {
		hki_node_end(channel, r);
		return;
	}
	note_queued(channel);
	hki_node_write_later(channel);
}

int hk_ipc_channel_flush(hk_ipc_channel *channel, int timeout_ms)
{
	const uint64_t begin_ns = hki_clock_monotonic_ns();
	int r = hki_node_check(channel);

	while (r == 0) {
		struct pollfd wait = { .fd = channel->fd, .events = POLLOUT };
		uint64_t passed_ms;

		if (channel->state == HKI_NODE_ENDED || channel->broken)
			return HK_ECLOSED;
		hki_node_write(channel);
		if (channel->output.length == 0 && !channel->broken)
			return channel->flight != NULL ? -EAGAIN : 0;
		passed_ms = (hki_clock_monotonic_ns() - begin_ns) / HKI_NS_PER_MS;
		if (timeout_ms >= 0 && passed_ms >= (uint64_t) timeout_ms)
			r = channel->broken ? HK_ECLOSED : -ETIMEDOUT;
		else if (!channel->broken)
			(void) poll(
			    &wait, 1, timeout_ms < 0 ? -1 : timeout_ms - (int) passed_ms);
	}
	return r;
}
