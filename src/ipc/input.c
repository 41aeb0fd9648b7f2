#include "ipc/ipc_internal.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/assert.h"

/*
 * From the socket to on_message.
 *
 * All connections of a loop read into one shared buffer and hand over messages where
 * they lie: nothing is copied, and an idle connection has no buffer.  Only the
 * beginning of a message that is not whole is kept, in memory of its own; when more
 * comes it goes in front of it in the shared buffer, or, when it is long, the rest is
 * read right behind it.  That memory grows with what has arrived, never with what a
 * peer says will come.
 */

/* A beginning up to here is cheaper to copy than to read into. */
#define COPIED_MAX ((size_t) 16 * 1024)
/* Room made at a time behind a longer one. */
#define ROOM ((size_t) 64 * 1024)

void hki_ipc_input_reset(hk_ipc *ipc)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;

	hki_framer_init(&ipc->framer, opts->framing, opts->message_max_bytes);
	hki_buffer_deinit(&ipc->rest);
	hki_ipc_received_free(ipc->came);
	ipc->came = NULL;
	ipc->begun_ns = 0;
}

static bool listening(const hk_ipc *ipc)
{
	return ipc->state == HKI_IPC_OPEN && !ipc->paused && !ipc->closing;
}

static void deliver(hk_ipc *ipc, const hki_frame *frame, bool last)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;
	hk_ipc_message message = { .data = frame->data, .length = frame->length };
	hki_ipc_received *came = NULL;

	if (ipc->came != NULL && last) { /* they came with the bytes at the end */
		came = ipc->came;
		ipc->came = NULL;
		message.descriptors = came->descriptors;
		message.descriptor_count = came->count;
		message.flags = came->lost ? HK_IPC_DESCRIPTORS_LOST : 0;
	}
	ipc->counts.messages_received++;
	if (opts->on_message != NULL)
		opts->on_message(ipc, &message, opts->user);
	hki_ipc_received_free(came);
}

/* Hand over what is whole.  The bytes done with, or a negative code. */
static ssize_t hand_over(hk_ipc *ipc, const char *bytes, size_t length)
{
	uint64_t before = ipc->counts.messages_received;
	size_t at = 0;

	while (at < length && listening(ipc)) {
		hki_frame frame;
		int r = hki_framer_next(&ipc->framer, bytes + at, length - at, &frame);

		if (r < 0)
			return r;
		at += frame.used;
		if (r == HKI_FRAME_MORE)
			break;
		if (r == HKI_FRAME_MESSAGE)
			deliver(ipc, &frame, at == length);
		else
			ipc->counts.heartbeats_received++;
	}
	if (ipc->closing)
		return (ssize_t) length; /* discarded */
	if (at == length)
		ipc->begun_ns = 0;
	else if (listening(ipc) &&
		 (ipc->begun_ns == 0 || ipc->counts.messages_received != before))
		ipc->begun_ns = hk_loop_now_ns(ipc->domain->loop);
	return (ssize_t) at;
}

static void peer_ended(hk_ipc *ipc)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;

	ipc->reading = false;
	ipc->begun_ns = 0;
	hki_ipc_watch_update(ipc);
	if (ipc->rest.length > 0 && !ipc->closing)
		ipc->reason = HK_EPARSE; /* it ended within a message */
	if (ipc->broken != 0)
		return; /* on_later() is at it */
	if (ipc->dialer != NULL && opts->reconnect && !ipc->ended) {
		hki_ipc_lose(ipc, ipc->reason);
		return;
	}
	if (ipc->closing)
		hki_ipc_close_step(ipc);
	else if (opts->on_end != NULL)
		opts->on_end(ipc, opts->user);
	else
		hki_ipc_close_after(ipc);
}

/* After hand_over(): @used of the bytes are done with, or it failed. */
static bool go_on(hk_ipc *ipc, ssize_t used)
{
	if (used < 0 && ipc->state == HKI_IPC_OPEN)
		hki_ipc_lose(ipc, (int) used);
	return used >= 0 && ipc->state == HKI_IPC_OPEN;
}

/* What a pause had held back.  False: it is over, or everything is not heard yet. */
static bool hand_over_rest(hk_ipc *ipc)
{
	ssize_t used = hand_over(ipc, ipc->rest.data, ipc->rest.length);

	if (!go_on(ipc, used))
		return false;
	hki_buffer_consume(&ipc->rest, (size_t) used);
	if (ipc->rest.length == 0)
		hki_buffer_deinit(&ipc->rest);
	return !ipc->paused;
}

static void handle_end_or_error(hk_ipc *ipc, ssize_t got)
{
	/* Resumed, but not yet at the end of the turn, where the rest would come.  Who
	 * pauses again reads the end again. */
	if (got == 0 && ipc->rest.length > 0 && !hand_over_rest(ipc))
		return;
	if (got == 0)
		peer_ended(ipc);
	else if (got != -EAGAIN && got != -EINTR && ipc->broken == 0)
		hki_ipc_lose(ipc, (int) got);
}

static void note_arrival(hk_ipc *ipc, size_t length)
{
	ipc->counts.bytes_received += length;
	if (ipc->settings->timed)
		ipc->received_ns = hk_loop_now_ns(ipc->domain->loop);
}

static bool read_shared(hk_ipc *ipc)
{
	char *buffer = hki_ipc_domain_read_buffer(ipc->domain);
	size_t kept = ipc->rest.length;
	ssize_t got;
	ssize_t used;

	if (buffer == NULL) {
		hki_ipc_lose(ipc, -ENOMEM);
		return false;
	}
	got = hki_ipc_receive(ipc, buffer + kept, HKI_IPC_READ_MAX - kept);
	if (got <= 0) {
		handle_end_or_error(ipc, got);
		return false;
	}
	note_arrival(ipc, (size_t) got);
	if (kept > 0) {
		memcpy(buffer, ipc->rest.data, kept);
		hki_buffer_truncate(&ipc->rest, 0);
	}
	used = hand_over(ipc, buffer, kept + (size_t) got);
	if (!go_on(ipc, used))
		return false;
	if ((size_t) used == kept + (size_t) got)
		hki_buffer_deinit(&ipc->rest);
	else if (hki_buffer_append(
		     &ipc->rest, buffer + used, kept + (size_t) got - (size_t) used) < 0)
		hki_ipc_lose(ipc, -ENOMEM);
	return ipc->state == HKI_IPC_OPEN;
}

static bool read_behind_rest(hk_ipc *ipc)
{
	size_t room = ipc->rest.length > HKI_IPC_READ_MAX ? HKI_IPC_READ_MAX : ROOM;
	ssize_t got;
	ssize_t used;

	if (hki_buffer_reserve(&ipc->rest, room) < 0) {
		hki_ipc_lose(ipc, -ENOMEM);
		return false;
	}
	got = hki_ipc_receive(ipc, ipc->rest.data + ipc->rest.length,
	    ipc->rest.capacity - ipc->rest.length);
	if (got <= 0) {
		handle_end_or_error(ipc, got);
		return false;
	}
	note_arrival(ipc, (size_t) got);
	hki_buffer_commit(&ipc->rest, (size_t) got);
	used = hand_over(ipc, ipc->rest.data, ipc->rest.length);
	if (!go_on(ipc, used))
		return false;
	hki_buffer_consume(&ipc->rest, (size_t) used);
	if (ipc->rest.length == 0)
		hki_buffer_deinit(&ipc->rest);
	return true;
}

bool hki_ipc_input_read(hk_ipc *ipc)
{
	bool more;

	hki_assert(!ipc->dispatching);
	ipc->dispatching = true;
	if (ipc->rest.length <= COPIED_MAX)
		more = read_shared(ipc);
	else
		more = read_behind_rest(ipc);
	ipc->dispatching = false;
	if (ipc->state == HKI_IPC_OPEN && ipc->begun_ns != 0)
		hki_ipc_deadlines(ipc);
	return more;
}

void hki_ipc_input_resume(hk_ipc *ipc)
{
	ipc->dispatching = true;
	(void) hand_over_rest(ipc);
	ipc->dispatching = false;
	if (ipc->state == HKI_IPC_OPEN)
		hki_ipc_deadlines(ipc);
}

void hki_ipc_input_discard(hk_ipc *ipc)
{
	char *buffer = hki_ipc_domain_read_buffer(ipc->domain);
	ssize_t got = 1;

	/* Bounded: whoever sends without end does not keep us here. */
	for (int reads = 0; buffer != NULL && ipc->is_socket && got > 0 && reads < 16;
	     reads++)
		got = recv(ipc->fd, buffer, HKI_IPC_READ_MAX, MSG_DONTWAIT);
}

void hk_ipc_pause(hk_ipc *ipc)
{
	if (hki_ipc_usable(ipc) < 0 || ipc->state == HKI_IPC_OVER || ipc->paused)
		return;
	ipc->paused = true;
	ipc->begun_ns = 0; /* it is not the peer who is slow now */
	hki_ipc_watch_update(ipc);
}

void hk_ipc_resume(hk_ipc *ipc)
{
	if (hki_ipc_usable(ipc) < 0 || ipc->state == HKI_IPC_OVER || !ipc->paused)
		return;
	ipc->paused = false;
	hki_ipc_watch_update(ipc);
	if (ipc->rest.length > 0 || ipc->broken != 0)
		hki_ipc_later(ipc);
}
