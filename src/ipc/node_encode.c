/*
 * Messages to frames, in either serialization.  A frame is appended where it will
 * be sent from, so that nothing is copied twice; what fails leaves no trace there.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <hostkit/error.h>
#include "ipc/node_value.h"

enum { LENGTH_BYTES = 4 };

/* What is written around a message. */
typedef struct wrapping {
	const char *command;
	const char *type;       /* of a handle, or NULL */
	const char *dgram_type; /* of a UDP handle, or NULL */
	const char *key;        /* of a list of sockets, or NULL */
	size_t key_length;
	const hk_json *message; /* or NULL */
} wrapping;

/* ---- JSON ---- */

static int finish_line(hk_ipc_channel *channel, hki_buffer *out)
{
	size_t before = out->length;
	size_t length;
	const char *text = hk_json_writer_text(channel->writer, &length);
	int r;

	if (text == NULL)
		return hk_json_writer_error(channel->writer);
	if ((r = hki_buffer_append(out, text, length)) < 0 ||
	    (r = hki_buffer_append_char(out, '\n')) < 0)
		hki_buffer_truncate(out, before);
	return r;
}

static void write_member(hk_json_writer *writer, const char *key, const char *text)
{
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

static void write_wrapped(hk_json_writer *writer, const wrapping *around)
{
	hk_json_write_object_begin(writer);
	write_member(writer, "cmd", around->command);
	if (around->type != NULL)
		write_member(writer, "type", around->type);
	if (around->dgram_type != NULL)
		write_member(writer, "dgramType", around->dgram_type);
	if (around->message != NULL) {
		hk_json_write_key(writer, "msg");
		hk_json_write_value(writer, around->message);
	}
	if (around->key != NULL) {
		hk_json_write_key(writer, "key");
		hk_json_write_string_length(writer, around->key, around->key_length);
		hk_json_write_key(writer, "count");
		hk_json_write_int64(writer, 0);
	}
	hk_json_write_object_end(writer);
}

static int encode_line(hk_ipc_channel *channel, hki_buffer *out, const hk_json *value,
    const wrapping *around)
{
	hk_json_writer_reset(channel->writer);
	if (around != NULL)
		write_wrapped(channel->writer, around);
	else
		hk_json_write_value(channel->writer, value);
	return finish_line(channel, out);
}

/* ---- V8's format ---- */

static int put_member(hki_node_writer *writer, uint32_t *members, const char *key)
{
	++*members;
	return hki_node_write_key(writer, key);
}

static int put_text_member(hki_node_writer *writer, uint32_t *members, const char *key,
    const char *text, size_t length)
{
	int r;

	if (text == NULL)
		return 0;
	r = put_member(writer, members, key);
	return r < 0 ? r : hki_node_put_string(writer, text, length);
}

static size_t length_of(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

static int put_wrapped(hki_node_writer *writer, const wrapping *around)
{
	uint32_t members = 0;
	int r;

	if ((r = hki_node_write_object_begin(writer)) < 0 ||
	    (r = put_text_member(writer, &members, "cmd", around->command,
		 strlen(around->command))) < 0 ||
	    (r = put_text_member(
		 writer, &members, "type", around->type, length_of(around->type))) < 0 ||
	    (r = put_text_member(writer, &members, "dgramType", around->dgram_type,
		 length_of(around->dgram_type))) < 0)
		return r;
	if (around->message != NULL &&
	    ((r = put_member(writer, &members, "msg")) < 0 ||
		(r = hki_node_write_json(writer, around->message)) < 0))
		return r;
	if (around->key != NULL && ((r = put_text_member(writer, &members, "key",
					 around->key, around->key_length)) < 0 ||
				       (r = put_member(writer, &members, "count")) < 0 ||
				       (r = hki_node_write_number(writer, 0)) < 0))
		return r;
	return hki_node_write_object_end(writer, members);
}

/* Node reads the length as a number with a sign. */
static int set_length(char *at, size_t length)
{
	if (length > INT32_MAX - LENGTH_BYTES)
		return HK_ELIMIT;
	at[0] = (char) (length >> 24);
	at[1] = (char) (length >> 16);
	at[2] = (char) (length >> 8);
	at[3] = (char) length;
	return 0;
}

static int encode_counted(
    hki_buffer *out, const hk_json *value, const wrapping *around, bool tagged)
{
	static const char length[LENGTH_BYTES];
	const size_t before = out->length;
	hki_node_writer writer;
	int r;

	if ((r = hki_buffer_append(out, length, sizeof(length))) == 0 &&
	    (r = hki_node_write_begin(&writer, out, tagged)) == 0)
		r = around != NULL ? put_wrapped(&writer, around)
				   : hki_node_write_json(&writer, value);
	if (r == 0)
		r = set_length(out->data + before, out->length - before - sizeof(length));
	if (r < 0)
		hki_buffer_truncate(out, before);
	return r;
}

/* ---- both ---- */

static int encode(hk_ipc_channel *channel, hki_buffer *out, const hk_json *value,
    const wrapping *around, bool tagged)
{
	return channel->serialization == HK_IPC_ADVANCED
		   ? encode_counted(out, value, around, tagged)
		   : encode_line(channel, out, value, around);
}

int hki_node_encode(hk_ipc_channel *channel, hki_buffer *out, const hk_json *value,
    hk_ipc_handle handle, int family, bool tagged)
{
	wrapping around = { .command = "NODE_HANDLE", .message = value };

	if (handle == HK_IPC_HANDLE_NONE)
		return encode(channel, out, value, NULL, tagged);
	around.type = hki_node_handle_name(handle);
	if (handle == HK_IPC_HANDLE_DGRAM)
		around.dgram_type = family == AF_INET6 ? "udp6" : "udp4";
	return encode(channel, out, NULL, &around, tagged);
}

int hki_node_encode_command(hk_ipc_channel *channel, hki_buffer *out, const char *command,
    const char *key, size_t key_length)
{
	wrapping around = { .command = command, .key = key, .key_length = key_length };

	return encode(channel, out, NULL, &around, false);
}
