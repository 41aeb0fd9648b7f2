#include "ipc/ipc_internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "ipc/payload.h"

/*
 * Sending: framed into the queue, which leaves at the end of the turn.
 *
 * The high-water mark is asked before anything is copied.  When it is reached the kernel
 * is asked first whether it takes more, since what was sent in this turn has only been
 * gathered; only a peer that does not read makes the policy act.
 */

/* Messages from here on are written straight from the caller's memory if nothing waits. */
#define DIRECT_MIN HKI_IPC_CORK_MAX

uint32_t hki_ipc_framing(hk_ipc *ipc)
{
	uint32_t framing = ipc->framing_out;

	if (framing != HK_IPC_FRAMING_AUTO)
		return framing;
	/* A dialed connection may be made again: what waits must not change its framing. */
	framing = ipc->dialer == NULL ? ipc->framer.framing : HK_IPC_FRAMING_LINES;
	if (framing == HK_IPC_FRAMING_AUTO)
		framing = HK_IPC_FRAMING_LINES;
	ipc->framing_out = (uint8_t) framing;
	if (framing == HK_IPC_FRAMING_LENGTH)
		ipc->hello_left = HKI_FRAME_HELLO_LENGTH;
	return framing;
}

/* Its own mark alone. */
static bool beyond_own_mark(const hk_ipc *ipc, size_t size)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;
	const hki_output *output = &ipc->output;

	return output->queued >= opts->queue_max_bytes ||
	       size > opts->queue_max_bytes - output->queued ||
	       output->messages >= opts->queue_max_messages;
}

static bool beyond_mark(const hk_ipc *ipc, size_t size)
{
	return !hki_output_empty(&ipc->output) &&
	       (beyond_own_mark(ipc, size) || hki_ipc_total_exceeded(ipc, size));
}

static int disconnect_for(hk_ipc *ipc)
{
	ipc->ended = true; /* nothing more is taken, and it is not dialed again */
	hki_ipc_finish(ipc, -ENOBUFS);
	return -ENOBUFS;
}

/* The mark is reached: 0 to go on, 1 when the message is dropped, or a refusal. */
static int overflow(hk_ipc *ipc, size_t size)
{
	hki_ipc_write(ipc);
	if (hki_ipc_total_exceeded(ipc, size))
		hki_ipc_total_relieve(ipc);
	if (!beyond_mark(ipc, size))
		return 0;
	if (!beyond_own_mark(ipc, size))
		hki_ipc_total_count(ipc);
	switch (ipc->settings->opts.overflow) {
	case HK_IPC_OVERFLOW_DROP_OLDEST:
		while (beyond_mark(ipc, size) && hki_output_drop_oldest(&ipc->output))
			hki_ipc_total_follow(ipc);
		return 0;
	case HK_IPC_OVERFLOW_DROP_NEWEST:
		return 1;
	case HK_IPC_OVERFLOW_DISCONNECT:
		return disconnect_for(ipc);
	default:
		return -EAGAIN;
	}
}

/* Drops are what the policy took from the queue: count them by the difference. */
static int admit(hk_ipc *ipc, size_t size)
{
	uint64_t before;
	uint64_t written;
	int r;

	if (!beyond_mark(ipc, size))
		return 0;
	written = ipc->counts.messages_written;
	before = ipc->output.messages;
	r = overflow(ipc, size);
	if (ipc->state == HKI_IPC_OVER)
		return r;
	ipc->counts.messages_dropped +=
	    before - ipc->output.messages - (ipc->counts.messages_written - written);
	if (r == 1) {
		ipc->counts.messages_sent++;
		ipc->counts.messages_dropped++;
	}
	return r;
}

/* May anything be sent? */
static int check_sendable(const hk_ipc *ipc)
{
	int r = hki_ipc_usable(ipc);

	if (r < 0)
		return r;
	if (ipc->state == HKI_IPC_OVER || (ipc->ended && !ipc->emptying))
		return -EPIPE;
	/* A write has failed, and there will be no other connection. */
	if (ipc->broken != 0 && !ipc->settings->opts.reconnect)
		return -EPIPE;
	return ipc->read_only ? -EBADF : 0;
}

/* A message is queued: see that it leaves. */
static void queued(hk_ipc *ipc)
{
	ipc->counts.messages_sent++;
	hki_ipc_total_follow(ipc);
	if (ipc->state != HKI_IPC_OPEN)
		return;
	if (ipc->settings->timed && ipc->output.messages == 1)
		ipc->sent_ns = hk_loop_now_ns(ipc->domain->loop);
	if (ipc->output.queued >= HKI_IPC_CORK_MAX && !ipc->blocked)
		hki_ipc_write(ipc);
	hki_ipc_touch(ipc);
}

/*
 * A large message, with nothing before it: the kernel copies from the caller's memory,
 * and we keep only what it did not take.  Not where the whole may be wanted again.
 */
static bool may_go_directly(const hk_ipc *ipc, size_t length)
{
	return length >= DIRECT_MIN && ipc->state == HKI_IPC_OPEN && !ipc->blocked &&
	       ipc->broken == 0 && ipc->hello_left == 0 &&
	       hki_output_empty(&ipc->output) && !ipc->settings->opts.reconnect;
}

/* 1 when it has been taken care of, 0 when it has not begun to leave, or -ENOMEM: it has,
 * and the rest has no place, so the connection ends. */
static int send_directly(hk_ipc *ipc, uint32_t framing, const void *data, size_t length)
{
	static const char line_feed = '\n';
	char head[HKI_FRAME_PREFIX];
	struct iovec pieces[3] = {
		{ .iov_base = head, .iov_len = hki_frame_head_length(framing) },
		{ .iov_base = (void *) (uintptr_t) data, .iov_len = length },
		{ .iov_base = (void *) (uintptr_t) &line_feed,
		    .iov_len = hki_frame_tail_length(framing) },
	};
	size_t total = pieces[0].iov_len + length + pieces[2].iov_len;
	ssize_t sent;
	int r;

	hki_frame_head_write(framing, head, (uint32_t) length);
	sent = hki_ipc_write_pieces(ipc, pieces, 3, total, NULL);
	if (sent <= 0)
		return 0;
	ipc->counts.messages_sent++;
	if ((size_t) sent == total) {
		ipc->counts.messages_written++;
		return 1;
	}
	r = hki_output_add_rest(&ipc->output, pieces, 3, (size_t) sent);
	hki_ipc_total_follow(ipc);
	if (r < 0) {
		ipc->counts.messages_dropped++;
		hki_ipc_break(ipc, r);
	}
	return r < 0 ? r : 1;
}

static size_t framed_size(uint32_t framing, size_t length)
{
	return hki_frame_head_length(framing) + length + hki_frame_tail_length(framing);
}

static int send_parts(
    hk_ipc *ipc, uint32_t framing, const struct iovec *parts, size_t count, size_t length)
{
	int r = admit(ipc, framed_size(framing, length));

	if (r != 0)
		return r;
	if (count == 1 && may_go_directly(ipc, length)) {
		r = send_directly(ipc, framing, parts[0].iov_base, length);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	hki_ipc_output_lend(ipc);
	r = hki_output_add(&ipc->output, framing, parts, count, length, 0);
	if (r == 0)
		queued(ipc);
	return r;
}

static int note_refusal(hk_ipc *ipc, int r)
{
	if (r == -EAGAIN) {
		ipc->refused = true;
		ipc->counts.messages_refused++;
	}
	return r;
}

int hki_ipc_send_quietly(hk_ipc *ipc, const void *data, size_t length)
{
	struct iovec part = { .iov_base = (void *) (uintptr_t) data, .iov_len = length };
	uint32_t framing;
	int r = check_sendable(ipc);

	if (r < 0)
		return r;
	framing = hki_ipc_framing(ipc);
	r = hki_frame_check(framing, data, length, ipc->settings->opts.message_max_bytes);
	return r < 0 ? r : send_parts(ipc, framing, &part, 1, length);
}

int hk_ipc_send(hk_ipc *ipc, const void *data, size_t length)
{
	return note_refusal(ipc, hki_ipc_send_quietly(ipc, data, length));
}

int hk_ipc_send_raw(hk_ipc *ipc, const void *bytes, size_t length)
{
	struct iovec part = { .iov_base = (void *) (uintptr_t) bytes, .iov_len = length };
	int r = check_sendable(ipc);

	if (r < 0)
		return r;
	if (length == 0)
		return -EINVAL;
	if (length > HK_IPC_MESSAGE_MAX)
		return -EMSGSIZE;
	(void) hki_ipc_framing(ipc);
	return note_refusal(ipc, send_parts(ipc, HK_IPC_FRAMING_NONE, &part, 1, length));
}

static int check_parts(uint32_t framing, const struct iovec *parts, size_t count,
    size_t message_max, size_t *out_length)
{
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		if (parts[i].iov_len > message_max - length)
			return -EMSGSIZE;
		length += parts[i].iov_len;
		if (framing == HK_IPC_FRAMING_LINES && parts[i].iov_len > 0 &&
		    memchr(parts[i].iov_base, '\n', parts[i].iov_len) != NULL)
			return -EINVAL;
	}
	if (framing == HK_IPC_FRAMING_LINES && length == 0)
		return -EINVAL;
	*out_length = length;
	return 0;
}

int hk_ipc_send_parts(hk_ipc *ipc, const struct iovec *parts, size_t count)
{
	uint32_t framing;
	size_t length = 0;
	int r = check_sendable(ipc);

	if (r < 0)
		return r;
	framing = hki_ipc_framing(ipc);
	r = check_parts(
	    framing, parts, count, ipc->settings->opts.message_max_bytes, &length);
	if (r < 0)
		return r;
	return note_refusal(ipc, send_parts(ipc, framing, parts, count, length));
}

int hk_ipc_send_payload(hk_ipc *ipc, hk_ipc_payload *payload)
{
	uint32_t framing;
	int r = check_sendable(ipc);

	if (r < 0)
		return r;
	framing = hki_ipc_framing(ipc);
	if (payload->length > ipc->settings->opts.message_max_bytes)
		return -EMSGSIZE;
	if (framing == HK_IPC_FRAMING_LINES && !payload->line)
		return -EINVAL;
	r = admit(ipc, framed_size(framing, payload->length));
	if (r != 0)
		return note_refusal(ipc, r);
	hki_ipc_output_lend(ipc);
	r = hki_output_add_payload(&ipc->output, framing, payload);
	if (r == 0)
		queued(ipc);
	return r;
}

/* ---- descriptors ---- */

static void close_all(int *descriptors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void) close(descriptors[i]);
	hki_free(descriptors);
}

static int duplicate(int **out, const int *descriptors, size_t count)
{
	int *own = hki_alloc_array(count, sizeof(*own));

	if (own == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		own[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, 0);
		if (own[i] < 0) {
			int r = -errno;

			close_all(own, i);
			return r;
		}
	}
	*out = own;
	return 0;
}

static int check_descriptors(const hk_ipc *ipc, size_t count)
{
	int r = check_sendable(ipc);

	if (r < 0)
		return r;
	if (count == 0 || count > ipc->settings->opts.descriptors_max)
		return -EINVAL;
	return ipc->state == HKI_IPC_OPEN && !ipc->is_unix ? -EOPNOTSUPP : 0;
}

int hk_ipc_send_descriptors(
    hk_ipc *ipc, const void *data, size_t length, const int *descriptors, size_t count)
{
	uint32_t framing;
	int *own = NULL;
	int r = check_descriptors(ipc, count);

	if (r < 0)
		return r;
	framing = hki_ipc_framing(ipc);
	r = hki_frame_check(framing, data, length, ipc->settings->opts.message_max_bytes);
	if (r < 0 || (length == 0 && framing == HK_IPC_FRAMING_NONE))
		return r < 0 ? r : -EINVAL;
	r = admit(ipc, framed_size(framing, length));
	if (r != 0)
		return note_refusal(ipc, r);
	r = duplicate(&own, descriptors, count);
	if (r < 0)
		return r;
	hki_ipc_output_lend(ipc);
	r = hki_output_add_descriptors(&ipc->output, framing, data, length, own, count);
	if (r < 0)
		close_all(own, count);
	else
		queued(ipc);
	return r;
}
