/*
 * The envelope of JSON-RPC 2.0, read in one walk over the members of an object.
 *
 * Everything that comes in here was sent by somebody else, so every way of being
 * wrong has an answer of its own: a text that is not JSON, an object that is no
 * message, a message that names a member twice (two readers could take it for two
 * different calls).  What we do not know is ignored, so that a later version may
 * add members.
 */
#include "ipc/rpc_message.h"

#include <hostkit/error.h>
#include <hostkit/ipc_rpc.h>
#include <string.h>

/* Which members an object has. */
typedef struct parts {
	const hk_json *version;
	const hk_json *method;
	const hk_json *result;
	const hk_json *error;
	const hk_json *deadline;
	bool has_params;
	bool has_id;
} parts;

static void invalid(hki_rpc_message *out, int64_t code, const char *reason)
{
	out->kind = HKI_RPC_INVALID;
	out->error_code = code;
	out->reason = reason;
}

static bool is_key(const hk_json_iterator *each, const char *name)
{
	return each->key_length == strlen(name) &&
	       memcmp(each->key, name, each->key_length) == 0;
}

static void read_parts(hki_rpc_message *out, parts *found, const hk_json *object)
{
	hk_json_iterator each = hk_json_iterate(object);
	const hk_json *value;

	while ((value = hk_json_next(&each)) != NULL) {
		if (is_key(&each, "jsonrpc")) {
			found->version = value;
		} else if (is_key(&each, "method")) {
			found->method = value;
		} else if (is_key(&each, "params")) {
			out->params = value;
			found->has_params = true;
		} else if (is_key(&each, "id")) {
			out->id = value;
			found->has_id = true;
		} else if (is_key(&each, "result")) {
			found->result = value;
		} else if (is_key(&each, "error")) {
			found->error = value;
		} else if (is_key(&each, "deadline_ms")) {
			found->deadline = value;
		}
	}
}

static bool is_id(const hk_json *value)
{
	hk_json_kind kind = hk_json_kind_of(value);

	return kind == HK_JSON_STRING || kind == HK_JSON_NUMBER || kind == HK_JSON_NULL;
}

static bool is_params(const hk_json *value)
{
	hk_json_kind kind = hk_json_kind_of(value);

	return kind == HK_JSON_ARRAY || kind == HK_JSON_OBJECT;
}

static void read_call(hki_rpc_message *out, const parts *found)
{
	out->method = hk_json_get_string(found->method, &out->method_length);
	out->kind = found->has_id ? HKI_RPC_REQUEST : HKI_RPC_NOTIFICATION;
	if (out->method == NULL)
		invalid(out, HK_IPC_ERROR_REQUEST, "the method is not a string");
	else if (strlen(out->method) != out->method_length)
		invalid(out, HK_IPC_ERROR_REQUEST, "the method holds a NUL byte");
	else if (found->has_params && !is_params(out->params))
		invalid(out, HK_IPC_ERROR_REQUEST,
		    "the params are neither an array nor an object");
	else if (found->result != NULL || found->error != NULL)
		invalid(out, HK_IPC_ERROR_REQUEST,
		    "a message is either a call or its answer");
	else if (found->deadline != NULL &&
		 hk_json_get_uint64(&out->deadline_ms, found->deadline) < 0)
		invalid(
		    out, HK_IPC_ERROR_REQUEST, "the deadline_ms is not a whole number");
}

static void read_error(hki_rpc_message *out, const hk_json *error)
{
	out->kind = HKI_RPC_ERROR;
	out->error_text = hk_json_get_string(hk_json_member(error, "message"), NULL);
	out->error_data = hk_json_member(error, "data");
	if (out->error_text == NULL ||
	    hk_json_get_int64(&out->error_code, hk_json_member(error, "code")) < 0)
		invalid(out, HK_IPC_ERROR_REQUEST,
		    "the error has no code or no message of the right kind");
}

static void read_answer(hki_rpc_message *out, const parts *found)
{
	if (!found->has_id)
		invalid(out, HK_IPC_ERROR_REQUEST, "the answer has no id");
	else if (found->result != NULL && found->error != NULL)
		invalid(
		    out, HK_IPC_ERROR_REQUEST, "the answer has a result and an error");
	else if (found->error != NULL)
		read_error(out, found->error);
	else {
		out->kind = HKI_RPC_RESULT;
		out->result = found->result;
	}
}

void hki_rpc_message_read(hki_rpc_message *out, const hk_json *value)
{
	parts found = { 0 };

	*out = (hki_rpc_message){ .kind = HKI_RPC_INVALID };
	if (hk_json_kind_of(value) != HK_JSON_OBJECT) {
		invalid(out, HK_IPC_ERROR_REQUEST, "a message is an object");
		return;
	}
	read_parts(out, &found, value);
	out->answer =
	    found.method == NULL && (found.result != NULL || found.error != NULL);
	if (found.has_id && !is_id(out->id)) {
		out->id = NULL;
		invalid(out, HK_IPC_ERROR_REQUEST,
		    "the id is neither a number, a string nor null");
	} else if (!hk_json_is_string(found.version, "2.0")) {
		invalid(out, HK_IPC_ERROR_REQUEST, "jsonrpc is not \"2.0\"");
	} else if (found.method != NULL) {
		read_call(out, &found);
	} else if (out->answer) {
		read_answer(out, &found);
	} else {
		invalid(out, HK_IPC_ERROR_REQUEST,
		    "the message has no method, no result and no error");
	}
}

/* The text was refused: is it JSON, but for a member that is there twice? */
static bool is_only_doubled(const void *bytes, size_t length)
{
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	hk_json_document *lenient = NULL;
	bool parsed;

	opts.duplicates = HK_JSON_DUPLICATES_FIRST;
	if (hk_json_document_new(&lenient, &opts) < 0)
		return false;
	parsed = hk_json_parse(lenient, bytes, length) == 0;
	hk_json_document_free(lenient);
	return parsed;
}

const hk_json *hki_rpc_message_parse(
    hki_rpc_message *out, hk_json_document *document, const void *bytes, size_t length)
{
	int r = hk_json_parse(document, bytes, length);

	*out = (hki_rpc_message){ .kind = HKI_RPC_INVALID };
	if (r == 0)
		return hk_json_root(document);
	if (r == -ENOMEM)
		invalid(out, HK_IPC_ERROR_INTERNAL, "no memory to read the message");
	else if (r == HK_EPARSE && is_only_doubled(bytes, length))
		invalid(out, HK_IPC_ERROR_REQUEST, "the message names a member twice");
	else
		invalid(
		    out, HK_IPC_ERROR_PARSE, hk_json_document_error(document)->reason);
	return NULL;
}

/* ---- writing ---- */

void hki_rpc_write_text(hk_json_writer *writer, const hki_rpc_text *text)
{
	if (text == NULL || (text->json == NULL && text->value == NULL))
		hk_json_write_null(writer);
	else if (text->value != NULL)
		hk_json_write_value(writer, text->value);
	else
		hk_json_write_raw(writer, text->json, text->length);
}

static void begin(hk_json_writer *writer)
{
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "jsonrpc");
	hk_json_write_string(writer, "2.0");
}

void hki_rpc_write_call(hk_json_writer *writer, const uint64_t *id, const char *method,
    const hki_rpc_text *params, uint64_t deadline_ms)
{
	hk_json_writer_reset(writer);
	begin(writer);
	if (id != NULL) {
		hk_json_write_key(writer, "id");
		hk_json_write_uint64(writer, *id);
	}
	hk_json_write_key(writer, "method");
	hk_json_write_string(writer, method);
	if (params != NULL && (params->json != NULL || params->value != NULL)) {
		hk_json_write_key(writer, "params");
		hki_rpc_write_text(writer, params);
	}
	if (deadline_ms != 0) {
		hk_json_write_key(writer, "deadline_ms");
		hk_json_write_uint64(writer, deadline_ms);
	}
	hk_json_write_object_end(writer);
}

void hki_rpc_write_result(
    hk_json_writer *writer, const hki_rpc_text *id, const hki_rpc_text *result)
{
	begin(writer);
	hk_json_write_key(writer, "id");
	hki_rpc_write_text(writer, id);
	hk_json_write_key(writer, "result");
	hki_rpc_write_text(writer, result);
	hk_json_write_object_end(writer);
}

void hki_rpc_write_error(hk_json_writer *writer, const hki_rpc_text *id, int64_t code,
    const char *text, const hki_rpc_text *data)
{
	begin(writer);
	hk_json_write_key(writer, "id");
	hki_rpc_write_text(writer, id);
	hk_json_write_key(writer, "error");
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "code");
	hk_json_write_int64(writer, code);
	hk_json_write_key(writer, "message");
	hk_json_write_string(writer, text);
	if (data != NULL && (data->json != NULL || data->value != NULL)) {
		hk_json_write_key(writer, "data");
		hki_rpc_write_text(writer, data);
	}
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
}
