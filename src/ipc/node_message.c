/*
 * A message and the questions to it, in either serialization.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <string.h>
#include "base/cleanup.h"

/* ---- what the protocol looks at ---- */

const char *hki_node_body_text(const hki_node_body *body, const char *key, size_t *length)
{
	if (body->json != NULL)
		return hk_json_kind_of(body->json) == HK_JSON_OBJECT
			   ? hk_json_get_string(hk_json_member(body->json, key), length)
			   : NULL;
	return hk_ipc_value_kind_of(body->value) == HK_IPC_VALUE_OBJECT
		   ? hk_ipc_value_get_string(
			 hk_ipc_value_member(body->value, key), length)
		   : NULL;
}

hki_node_body hki_node_body_member(const hki_node_body *body, const char *key)
{
	hki_node_body member = { .json = NULL };

	if (body->json != NULL)
		member.json = hk_json_member(body->json, key);
	else
		member.value = hk_ipc_value_member(body->value, key);
	return member;
}

bool hki_node_body_is_internal(const hki_node_body *body)
{
	static const char prefix[] = "NODE_";
	size_t length;
	const char *command = hki_node_body_text(body, "cmd", &length);

	return command != NULL && length > strlen(prefix) &&
	       memcmp(command, prefix, strlen(prefix)) == 0;
}

/* ---- what users ask ---- */

static const hk_json *convert(hk_ipc_channel_message *message)
{
	hk_ipc_channel *channel = message->channel;
	const char *text;
	size_t length;
	int r;

	hk_json_writer_reset(channel->writer);
	r = hk_ipc_value_write_json(channel->writer, message->body.value);
	text = hk_json_writer_text(channel->writer, &length);
	if (r < 0 || text == NULL || hk_json_parse(channel->document, text, length) < 0)
		return NULL;
	message->tagged = r == 1;
	return hk_json_root(channel->document);
}

const hk_json *hk_ipc_channel_message_json(hk_ipc_channel_message *message)
{
	if (message->body.value == NULL)
		return message->body.json;
	if (!message->asked) {
		message->asked = true;
		message->json = convert(message);
	}
	return message->json;
}

bool hk_ipc_channel_message_is_tagged(const hk_ipc_channel_message *message)
{
	return message->tagged;
}

const hk_ipc_value *hk_ipc_channel_message_value(const hk_ipc_channel_message *message)
{
	return message->body.value;
}

hk_ipc_handle hk_ipc_channel_message_handle(const hk_ipc_channel_message *message)
{
	return message->handle;
}

int hk_ipc_channel_message_fd(const hk_ipc_channel_message *message)
{
	return message->fd >= 0 ? message->fd : message->fd_error;
}

int hk_ipc_channel_message_take_fd(hk_ipc_channel_message *message)
{
	return message->fd >= 0 ? hki_take_fd(&message->fd) : message->fd_error;
}
