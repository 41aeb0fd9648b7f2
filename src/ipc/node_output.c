/*
 * What has been accepted goes out.
 *
 * Frames lie one behind the other and are written as the kernel takes them.  A
 * handle travels with the first byte of its frame, so a write ends before it or
 * begins with it.  Since the other side has room for one handle, everything behind
 * it waits until it was confirmed, as Node does it.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"

void hki_node_outgoing_free(hki_node_outgoing *outgoing)
{
	if (outgoing == NULL)
		return;
	hki_buffer_deinit(&outgoing->frame);
	hki_closep(&outgoing->fd);
	hki_free(outgoing);
}

size_t hki_node_queued(const hk_ipc_channel *channel)
{
	return channel->output.length + channel->waiting_bytes;
}

/* ---- writing ---- */

int hki_node_add_record(
    hk_ipc_channel *channel, hk_ipc_channel_sent_fn on_sent, void *user)
{
	hki_node_record record = { channel->written + channel->output.length, on_sent,
		user };

	return hki_buffer_append(&channel->records, &record, sizeof(record));
}

static void consume(hk_ipc_channel *channel, size_t length)
{
	hki_buffer_consume(&channel->output, length);
	channel->written += length;
	if (channel->output.length == 0) /* begin at the front of the block again */
		hki_buffer_truncate(&channel->output, 0);
}

/* The kernel refused the handle: its frame, which begins here, is taken back. */
static void take_flight_back(hk_ipc_channel *channel, int error)
{
	hki_node_outgoing *flight = channel->flight;

	consume(channel, flight->frame.length);
	flight->status = error;
	flight->over = true;
}

static void break_output(hk_ipc_channel *channel)
{
	channel->broken = true;
	channel->blocked = false;
}

/* How much can be written at once: up to the frame of a handle, then from there. */
static size_t next_piece(const hk_ipc_channel *channel, int *handle)
{
	const hki_node_outgoing *flight = channel->flight;

	*handle = -1;
	if (flight == NULL || flight->gone || flight->over)
		return channel->output.length;
	if (flight->begin > channel->written)
		return (size_t) (flight->begin - channel->written);
	*handle = flight->fd;
	return channel->output.length;
}

/* Is the error about the handle, and not about the channel? */
static bool is_refusal(ssize_t error)
{
	return error == -ETOOMANYREFS || error == -EPERM || error == -EINVAL ||
	       error == -EBADF;
}

void hki_node_write(hk_ipc_channel *channel)
{
	channel->blocked = false;
	while (channel->output.length > 0 && !channel->broken && channel->fd >= 0) {
		int handle;
		size_t length = next_piece(channel, &handle);
		ssize_t sent = hki_node_send_bytes(
		    channel->fd, channel->output.data, length, handle);

		if (sent == -EAGAIN || sent == -ENOBUFS || sent == -ENOMEM) {
			channel->blocked = true;
			return;
		}
		if (sent < 0 && handle >= 0 && is_refusal(sent)) {
			take_flight_back(channel, (int) sent);
			continue;
		}
		if (sent < 0) {
			break_output(channel);
			return;
		}
		if (handle >= 0)
			channel->flight->gone = true;
		channel->stats.bytes_sent += (uint64_t) sent;
		consume(channel, (size_t) sent);
	}
}

static void expect_answer(hk_ipc_channel *channel)
{
	uint64_t awake_ns = hki_node_pace_asked(&channel->pace, hki_clock_monotonic_ns());

	if (awake_ns > 0)
		hki_loop_stay_awake(channel->loop, awake_ns);
}

static void write_due(void *user)
{
	hk_ipc_channel *channel = user;
	const uint64_t before = channel->written;

	channel->write_due = false;
	if (!hki_node_is_over(channel)) {
		hki_node_write(channel);
		if (channel->written > before && channel->output.length == 0)
			expect_answer(channel);
		hki_node_proceed(channel);
	}
	if (channel->resumed && !channel->freed) {
		channel->resumed = false;
		hki_node_deliver(channel);
	}
	hki_node_unref(channel);
}

void hki_node_write_later(hk_ipc_channel *channel)
{
	if (channel->write_due || channel->loop == NULL)
		return;
	if (hk_loop_next(channel->loop, write_due, channel) == 0) {
		channel->write_due = true;
		channel->references++;
		return;
	}
	/* Without memory for the queue of the loop: now, and the rest when there is room. */
	hki_node_write(channel);
	channel->blocked = true;
	hki_node_update(channel);
}

/* ---- what became of it ---- */

void hki_node_tell_sent(hk_ipc_channel *channel)
{
	while (channel->records.length > 0 && !channel->freed) {
		hki_node_record record;

		memcpy(&record, channel->records.data, sizeof(record));
		if (record.end > channel->written)
			return;
		hki_buffer_consume(&channel->records, sizeof(record));
		channel->stats.messages_sent++;
		if (record.on_sent != NULL)
			record.on_sent(channel, 0, record.user);
	}
}

int hki_node_release_waiting(hk_ipc_channel *channel)
{
	while (channel->flight == NULL && !hki_list_empty(&channel->waiting)) {
		hki_node_outgoing *next =
		    hki_list_entry(channel->waiting.next, hki_node_outgoing, node);
		const bool confirmed = next->fd >= 0 || next->barrier;
		int r = hki_buffer_append(
		    &channel->output, next->frame.data, next->frame.length);

		if (r < 0)
			return r;
		r = hki_node_add_record(
		    channel, confirmed ? NULL : next->on_sent, next->user);
		if (r < 0) {
			hki_buffer_truncate(&channel->output,
			    channel->output.length - next->frame.length);
			return r;
		}
		hki_list_remove(&next->node);
		channel->waiting_bytes -= next->frame.length;
		if (confirmed) {
			next->begin = channel->written + channel->output.length -
				      next->frame.length;
			next->tries = 1;
			channel->flight = next;
		} else {
			hki_node_outgoing_free(next);
		}
	}
	return 0;
}

/* The flight is over: tell, and let go what waited. */
static void land(hk_ipc_channel *channel, int status)
{
	hki_node_outgoing *flight = hki_take(channel->flight);
	hk_ipc_channel_sent_fn on_sent = flight->on_sent;
	void *user = flight->user;
	int r;

	if (status == 0 && !flight->barrier)
		channel->stats.handles_sent++;
	hki_node_outgoing_free(flight);
	if (on_sent != NULL)
		on_sent(channel, status, user);
	if (hki_node_is_over(channel))
		return;
	r = hki_node_release_waiting(channel);
	if (r < 0)
		hki_node_end(channel, r);
	else
		hki_node_write_later(channel);
}

static int send_again(hk_ipc_channel *channel)
{
	hki_node_outgoing *flight = channel->flight;
	int r =
	    hki_buffer_append(&channel->output, flight->frame.data, flight->frame.length);

	if (r < 0)
		return r;
	flight->begin = channel->written + channel->output.length - flight->frame.length;
	flight->gone = false;
	flight->tries++;
	channel->stats.handles_resent++;
	hki_node_write_later(channel);
	return 0;
}

void hki_node_confirmed(hk_ipc_channel *channel, bool received)
{
	hki_node_outgoing *flight = channel->flight;
	uint64_t end = flight == NULL ? 0 : flight->begin + flight->frame.length;
	int r;

	if (flight == NULL || flight->over || channel->written < end) {
		hki_node_tell_bad(
		    channel, -EPROTO, "a receipt came for a handle that was not sent");
		return;
	}
	hki_node_tell_sent(channel);
	if (hki_node_is_over(channel))
		return;
	if (received || flight->barrier) {
		land(channel, 0);
		return;
	}
	if (flight->tries >= HKI_NODE_HANDLE_TRIES) {
		land(channel, -EREMOTEIO);
		return;
	}
	r = send_again(channel);
	if (r < 0)
		hki_node_end(channel, r);
}

/* ---- what is done once something was written ---- */

static void tell_drained(hk_ipc_channel *channel)
{
	if (!channel->above || channel->state != HKI_NODE_CONNECTED ||
	    hki_node_queued(channel) > channel->opts.high_water_bytes / 2)
		return;
	channel->above = false;
	if (channel->opts.on_drain != NULL)
		channel->opts.on_drain(channel, channel->opts.user);
}

void hki_node_sent_some(hk_ipc_channel *channel)
{
	hki_node_tell_sent(channel);
	if (hki_node_is_over(channel))
		return;
	if (channel->flight != NULL && channel->flight->over) {
		land(channel, channel->flight->status);
		if (hki_node_is_over(channel))
			return;
	}
	tell_drained(channel);
}

/* One that will not be sent. */
static void refuse(hk_ipc_channel *channel, hk_ipc_channel_sent_fn on_sent, void *user)
{
	if (on_sent != NULL && !channel->freed)
		on_sent(channel, HK_ECLOSED, user);
}

static void fail_records(hk_ipc_channel *channel)
{
	hki_node_tell_sent(channel);
	while (channel->records.length > 0) {
		hki_node_record record;

		memcpy(&record, channel->records.data, sizeof(record));
		hki_buffer_consume(&channel->records, sizeof(record));
		channel->stats.messages_dropped++;
		refuse(channel, record.on_sent, record.user);
	}
}

void hki_node_fail_queue(hk_ipc_channel *channel)
{
	hki_node_outgoing *flight = hki_take(channel->flight);
	hki_list *node;

	fail_records(channel); /* the frame of the flight has one too */
	if (flight != NULL)
		refuse(channel, flight->on_sent, flight->user);
	hki_node_outgoing_free(flight);
	while ((node = hki_list_pop(&channel->waiting)) != NULL) {
		hki_node_outgoing *next = hki_list_entry(node, hki_node_outgoing, node);

		channel->stats.messages_dropped++;
		refuse(channel, next->on_sent, next->user);
		hki_node_outgoing_free(next);
	}
	hki_node_queue_deinit(channel);
}

void hki_node_queue_deinit(hk_ipc_channel *channel)
{
	hki_list *node;

	hki_node_outgoing_free(hki_take(channel->flight));
	while ((node = hki_list_pop(&channel->waiting)) != NULL)
		hki_node_outgoing_free(hki_list_entry(node, hki_node_outgoing, node));
	hki_buffer_deinit(&channel->output);
	hki_buffer_deinit(&channel->records);
	channel->waiting_bytes = 0;
}
