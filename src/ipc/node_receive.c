/*
 * Coming in.
 *
 * One read a turn, then every whole frame of it.  A message is parsed into memory
 * that is used again for the next.  What Node says about handles is answered here;
 * everything may come from a program that wants us harm, so a handle without its
 * message, a message without its handle and a receipt nobody waits for have each a
 * harmless answer.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* After the child's end everything it sent lies in the kernel, less than this; only
 * somebody else with its end of the channel can send more. */
enum { READS_AFTER_EXIT = 1024 };

void hki_node_tell_bad(hk_ipc_channel *channel, int code, const char *reason)
{
	channel->stats.messages_bad++;
	if (channel->opts.on_bad != NULL)
		channel->opts.on_bad(channel, code, reason, channel->opts.user);
}

/* ---- to the user ---- */

static void give(hk_ipc_channel *channel, hk_ipc_channel_message *message)
{
	hk_ipc_channel_message_fn fn = hki_node_body_is_internal(&message->body)
					   ? channel->opts.on_internal
					   : channel->opts.on_message;

	channel->stats.messages_received++;
	if (fn != NULL)
		fn(channel, message, channel->opts.user);
	hki_closep(&message->fd);
}

static void give_plain(hk_ipc_channel *channel, const hki_node_body *body)
{
	hk_ipc_channel_message message = {
		.channel = channel, .body = *body, .fd = -1, .fd_error = -EBADF
	};

	give(channel, &message);
}

/* ---- handles ---- */

static void drop_handle(hk_ipc_channel *channel, int fd)
{
	(void) close(fd);
	channel->stats.handles_dropped++;
}

/* A message with a handle, which came before it; without it, it is asked for again. */
static void take_handle(hk_ipc_channel *channel, const hki_node_body *body)
{
	hk_ipc_channel_message message = { .channel = channel,
		.body = hki_node_body_member(body, "msg"),
		.fd = hki_take_fd(&channel->received_fd),
		.fd_error = -EBADF };
	int family;

	if (message.fd < 0) {
		hki_node_command(channel, "NODE_HANDLE_NACK", NULL, 0);
		return;
	}
	hki_node_command(channel, "NODE_HANDLE_ACK", NULL, 0);
	message.handle = hki_node_handle_of(hki_node_body_text(body, "type", NULL));
	if (message.handle == HK_IPC_HANDLE_NONE ||
	    hki_node_handle_check(&message.handle, &family, message.fd, message.handle) <
		0) {
		drop_handle(channel, hki_take_fd(&message.fd));
		message.fd_error = -EPROTOTYPE;
	} else {
		channel->stats.handles_received++;
	}
	if (hki_node_is_over(channel))
		hki_closep(&message.fd);
	else if (message.body.json == NULL && message.body.value == NULL) {
		hki_closep(&message.fd);
		hki_node_tell_bad(channel, HK_EPARSE, "a handle came without a message");
	} else
		give(channel, &message);
}

/* The other side asks how many sockets of one of its servers we still hold, so that it
 * can close the server.  What was given to the user is not known to us: none. */
static bool answer_socket_list(
    hk_ipc_channel *channel, const hki_node_body *body, const char *command)
{
	size_t length;
	const char *key = hki_node_body_text(body, "key", &length);

	if (key == NULL)
		return false;
	if (strcmp(command, "NODE_SOCKET_GET_COUNT") == 0)
		hki_node_command(channel, "NODE_SOCKET_COUNT", key, length);
	else if (strcmp(command, "NODE_SOCKET_NOTIFY_CLOSE") == 0)
		hki_node_command(channel, "NODE_SOCKET_ALL_CLOSED", key, length);
	else
		return false;
	return true;
}

static void take_internal(hk_ipc_channel *channel, const hki_node_body *body)
{
	const char *command = hki_node_body_text(body, "cmd", NULL);

	if (strcmp(command, "NODE_HANDLE") == 0)
		take_handle(channel, body);
	else if (strcmp(command, "NODE_HANDLE_ACK") == 0)
		hki_node_confirmed(channel, true);
	else if (strcmp(command, "NODE_HANDLE_NACK") == 0)
		hki_node_confirmed(channel, false);
	else if (!answer_socket_list(channel, body, command))
		give_plain(channel, body);
}

static void take_body(hk_ipc_channel *channel, const hki_node_body *body)
{
	if (hki_node_body_is_internal(body))
		take_internal(channel, body);
	else
		give_plain(channel, body);
}

/* ---- frames ---- */

static bool is_high_half(const char *text, size_t left)
{
	return left >= 6 && memcmp(text, "\\u", 2) == 0 &&
	       (text[2] == 'd' || text[2] == 'D') && strchr("89abAB", text[3]) != NULL;
}

static bool is_low_half(const char *text, size_t left)
{
	return left >= 6 && memcmp(text, "\\u", 2) == 0 &&
	       (text[2] == 'd' || text[2] == 'D') && strchr("cdefCDEF", text[3]) != NULL;
}

/*
 * JavaScript's strings may hold halves of surrogate pairs, and JSON.stringify()
 * escapes them; no UTF-8 can hold them.  Each becomes U+FFFD, in as many bytes.
 * Returns how many there were.
 */
static size_t repair(char *text, size_t length)
{
	static const char replacement[] = "\\ufffd";
	size_t count = 0;
	size_t at = 0;

	while (at < length) {
		const size_t left = length - at;

		if (text[at] != '\\' || left < 2) {
			at++;
		} else if (is_high_half(text + at, left)) {
			if (is_low_half(text + at + 6, left - 6)) {
				at += 12;
				continue;
			}
			memcpy(text + at, replacement, 6);
			count++;
			at += 6;
		} else if (is_low_half(text + at, left)) {
			memcpy(text + at, replacement, 6);
			count++;
			at += 6;
		} else {
			at += 2;
		}
	}
	return count;
}

static int parse_repaired(hk_ipc_channel *channel, const char *text, size_t length)
{
	hki_buffer *copy = &channel->repaired;
	int r;

	hki_buffer_truncate(copy, 0);
	r = hki_buffer_append(copy, text, length);
	if (r < 0)
		return r;
	if (copy->data == NULL || repair(copy->data, copy->length) == 0)
		return HK_EPARSE;
	return hk_json_parse(channel->document, copy->data, copy->length);
}

static void take_line(hk_ipc_channel *channel, const char *text, size_t length)
{
	hki_node_body body = { .json = NULL };
	int r = hk_json_parse(channel->document, text, length);

	if (r == HK_EPARSE && parse_repaired(channel, text, length) == 0)
		r = 0;
	if (r < 0) {
		const hk_json_error *error = hk_json_document_error(channel->document);

		hki_node_tell_bad(
		    channel, r, error != NULL ? error->reason : hk_error_text(r));
		return;
	}
	body.json = hk_json_root(channel->document);
	take_body(channel, &body);
}

static void take_value(hk_ipc_channel *channel, const char *bytes, size_t length)
{
	hki_node_body body = { .json = NULL };
	int r = hk_ipc_values_read(channel->values, bytes, length);

	if (r < 0) {
		hki_node_tell_bad(channel, r, hk_ipc_values_error(channel->values));
		return;
	}
	body.value = hk_ipc_values_root(channel->values);
	take_body(channel, &body);
}

void hki_node_deliver(hk_ipc_channel *channel)
{
	const char *frame;
	size_t length;

	while (!hki_node_is_over(channel) && !channel->paused) {
		int r = hki_node_frames_next(&channel->frames, &frame, &length);

		if (r == 0)
			break;
		if (r == -ENOMEM)
			hki_node_end(channel, r);
		else if (r < 0)
			hki_node_tell_bad(
			    channel, r, "the message is longer than allowed");
		else if (channel->serialization == HK_IPC_ADVANCED)
			take_value(channel, frame, length);
		else
			take_line(channel, frame, length);
	}
	if (!hki_node_is_over(channel) && !channel->paused && channel->exit_seen &&
	    !channel->end_of_input)
		hki_node_receive_rest(channel);
	else if (!hki_node_is_over(channel))
		hki_node_proceed(channel);
}

/* ---- reading ---- */

/* Node has room for one handle, and gives the latest to the next message that
 * announces one. */
static void note_handle(hk_ipc_channel *channel, int fd, unsigned int surplus)
{
	channel->stats.handles_dropped += surplus;
	if (fd >= 0 && channel->received_fd >= 0) {
		drop_handle(channel, hki_take_fd(&channel->received_fd));
		surplus++;
	}
	if (fd >= 0)
		channel->received_fd = fd;
	if (surplus > 0)
		hki_node_tell_bad(
		    channel, -EPROTO, "a handle came that no message announced");
}

static void note_answer(hki_node_pace *pace)
{
	struct rusage usage = { .ru_nivcsw = 0 };

	if (hki_node_pace_is_awake(pace))
		(void) getrusage(RUSAGE_THREAD, &usage);
	hki_node_pace_answered(
	    pace, hki_clock_monotonic_ns(), (uint64_t) usage.ru_nivcsw);
}

/* Bytes that came, 0 at the end of them, or -EAGAIN. */
static ssize_t read_once(hk_ipc_channel *channel)
{
	unsigned int surplus;
	int handle;
	ssize_t got;

	if (channel->input == NULL)
		channel->input = hki_alloc(HKI_NODE_INPUT_BYTES);
	if (channel->input == NULL)
		got = -ENOMEM;
	else
		got = hki_node_receive_bytes(
		    channel->fd, channel->input, HKI_NODE_INPUT_BYTES, &handle, &surplus);
	if (got == -EAGAIN)
		return got;
	if (got <= 0) {
		channel->end_of_input = true;
		channel->input_error = (int) got;
		return 0;
	}
	channel->stats.bytes_received += (uint64_t) got;
	note_answer(&channel->pace);
	hki_node_frames_feed(&channel->frames, channel->input, (size_t) got);
	note_handle(channel, handle, surplus);
	return got;
}

void hki_node_receive(hk_ipc_channel *channel)
{
	if (channel->end_of_input || channel->paused)
		return;
	/* What was held back while paused comes first. */
	if (channel->frames.left > 0 || read_once(channel) >= 0)
		hki_node_deliver(channel);
}

void hki_node_receive_rest(hk_ipc_channel *channel)
{
	/* Deliver would come back here for the next piece. */
	channel->exit_seen = false;
	for (int i = 0; i < READS_AFTER_EXIT && !channel->end_of_input; i++) {
		if (hki_node_is_over(channel) || channel->paused)
			break;
		if (read_once(channel) == -EAGAIN) /* somebody else has its end */
			channel->end_of_input = true;
		hki_node_deliver(channel);
	}
	channel->exit_seen = true;
	if (channel->state == HKI_NODE_ENDED)
		hki_node_tell_exit(channel);
	else if (!channel->freed && !channel->paused)
		hki_node_end(channel, channel->input_error);
}
