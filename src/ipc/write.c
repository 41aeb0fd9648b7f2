#include "ipc/ipc_internal.h"

/*
 * From the queue to the socket.
 *
 * A write that takes less than everything means that the kernel's buffer is full: the
 * watch then says when it has room, and until then nothing is tried.  A write that fails
 * does not end the connection at once, because what the peer said before it went away
 * may not have been read yet.
 */

/* Pieces of one system call; beyond this there is little to save. */
#define PIECES_MAX 64

static bool can_write(const hk_ipc *ipc)
{
	return ipc->state == HKI_IPC_OPEN && !ipc->blocked && ipc->broken == 0;
}

static void note_departure(hk_ipc *ipc, size_t length)
{
	ipc->counts.bytes_written += length;
	if (ipc->settings->timed)
		ipc->sent_ns = hk_loop_now_ns(ipc->domain->loop);
}

ssize_t hki_ipc_write_pieces(hk_ipc *ipc, struct iovec *pieces, size_t count,
    size_t length, const hki_output_extra *extra)
{
	size_t hello = ipc->hello_left;
	ssize_t sent = hki_ipc_transmit(ipc, pieces, count, extra);

	if (sent == -EINTR)
		return 0;
	if (sent < 0) {
		if (sent == -EAGAIN) {
			ipc->blocked = true;
			hki_ipc_watch_update(ipc);
		} else {
			hki_ipc_break(ipc, (int) sent);
		}
		return sent;
	}
	note_departure(ipc, (size_t) sent);
	if ((size_t) sent < length) {
		ipc->blocked = true;
		hki_ipc_watch_update(ipc);
	}
	if (hello > (size_t) sent)
		hello = (size_t) sent;
	ipc->hello_left = (uint8_t) (ipc->hello_left - hello);
	return sent - (ssize_t) hello;
}

static size_t lengths(const struct iovec *pieces, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += pieces[i].iov_len;
	return sum;
}

void hki_ipc_write(hk_ipc *ipc)
{
	static const char hello[] = HKI_FRAME_HELLO;

	while (can_write(ipc) && !hki_output_empty(&ipc->output)) {
		struct iovec pieces[PIECES_MAX];
		const hki_output_extra *extra;
		size_t count = 0;
		ssize_t sent;

		if (ipc->hello_left > 0) {
			pieces[0].iov_base =
			    (void *) (uintptr_t) (hello + HKI_FRAME_HELLO_LENGTH -
						  ipc->hello_left);
			pieces[0].iov_len = ipc->hello_left;
			count = 1;
		}
		count += hki_output_pieces(
		    &ipc->output, pieces + count, PIECES_MAX - count, &extra);
		sent = hki_ipc_write_pieces(
		    ipc, pieces, count, lengths(pieces, count), extra);
		if (sent < 0)
			break;
		ipc->counts.messages_written +=
		    hki_output_advance(&ipc->output, (size_t) sent);
	}
	hki_ipc_output_return(ipc);
	hki_ipc_total_follow(ipc);
}

/* Half of what may wait, be it by its own mark or by the server's total. */
static bool has_room(const hk_ipc *ipc)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;

	if (hki_output_empty(&ipc->output))
		return true;
	return ipc->output.queued <= opts->queue_max_bytes / 2 &&
	       ipc->output.queued <= hki_ipc_total_left(ipc) / 2 &&
	       ipc->output.messages <= opts->queue_max_messages / 2;
}

static void tell_drained(hk_ipc *ipc)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;

	if (!ipc->refused || !has_room(ipc))
		return;
	ipc->refused = false;
	if (opts->on_drain != NULL)
		opts->on_drain(ipc, opts->user);
}

void hki_ipc_write_on(hk_ipc *ipc)
{
	if (ipc->state != HKI_IPC_OPEN)
		return;
	hki_ipc_write(ipc);
	if (ipc->mailbox != NULL)
		hki_ipc_mailbox_empty(ipc);
	tell_drained(ipc);
	if (ipc->state != HKI_IPC_OPEN)
		return;
	if (ipc->blocked || ipc->settings->timed)
		hki_ipc_deadlines(ipc);
	if (ipc->ended)
		hki_ipc_close_step(ipc);
}

void hk_ipc_flush(hk_ipc *ipc)
{
	if (hki_ipc_usable(ipc) == 0 && ipc->state == HKI_IPC_OPEN &&
	    !hki_output_empty(&ipc->output)) {
		hki_ipc_write(ipc);
		hki_ipc_touch(ipc); /* what waited for it follows, in its turn */
	}
}
