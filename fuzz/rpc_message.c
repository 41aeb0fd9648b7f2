/*
 * The envelope of JSON-RPC.  Whatever comes is told apart: a message whose parts are
 * there and of their kind, or an invalid one with a code and a reason.  What is valid
 * is written again and read as the same.
 */
#include <hostkit/ipc_rpc.h>
#include "ipc/rpc_message.h"
#include "target.h"

static hk_json_document *document_new(void)
{
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	hk_json_document *document = NULL;

	opts.depth_max = HK_IPC_DEPTH_MAX;
	FUZZ_MUST(hk_json_document_new(&document, &opts) == 0);
	return document;
}

static void check_call(const hki_rpc_message *message)
{
	FUZZ_MUST((message->id != NULL) == (message->kind == HKI_RPC_REQUEST));
	FUZZ_MUST(message->method != NULL);
	FUZZ_MUST(strlen(message->method) == message->method_length);
	FUZZ_MUST(
	    message->params == NULL || hk_json_kind_of(message->params) >= HK_JSON_ARRAY);
}

static void check_parts(const hki_rpc_message *message)
{
	switch (message->kind) {
	case HKI_RPC_REQUEST:
	case HKI_RPC_NOTIFICATION:
		check_call(message);
		break;
	case HKI_RPC_RESULT:
		FUZZ_MUST(message->answer && message->result != NULL);
		break;
	case HKI_RPC_ERROR:
		FUZZ_MUST(message->answer && message->error_text != NULL);
		break;
	case HKI_RPC_INVALID:
		FUZZ_MUST(message->reason != NULL && message->error_code < 0);
		break;
	}
}

static void write_again(hk_json_writer *writer, const hki_rpc_message *message)
{
	hki_rpc_text id = { .value = message->id };
	hki_rpc_text value = { .value = message->kind == HKI_RPC_RESULT
					    ? message->result
					    : message->error_data };

	hk_json_writer_reset(writer);
	if (message->kind == HKI_RPC_RESULT)
		hki_rpc_write_result(writer, &id, &value);
	else
		hki_rpc_write_error(
		    writer, &id, message->error_code, message->error_text, &value);
}

/* An answer survives being passed on, as a broker does. */
static void check_again(const hki_rpc_message *message)
{
	hk_json_document *document = document_new();
	hk_json_writer *writer = NULL;
	hki_rpc_message again;
	const hk_json *root;
	const char *text;
	size_t length;

	FUZZ_MUST(hk_json_writer_new(&writer, 0) == 0);
	write_again(writer, message);
	text = hk_json_writer_text(writer, &length);
	FUZZ_MUST(text != NULL && memchr(text, '\n', length) == NULL);
	root = hki_rpc_message_parse(&again, document, text, length);
	FUZZ_MUST(root != NULL);
	hki_rpc_message_read(&again, root);
	FUZZ_MUST(again.kind == message->kind);
	FUZZ_MUST(again.error_code == message->error_code);
	hk_json_writer_free(writer);
	hk_json_document_free(document);
}

static void check(const hk_json *value)
{
	hki_rpc_message message;

	hki_rpc_message_read(&message, value);
	check_parts(&message);
	if (message.kind == HKI_RPC_RESULT || message.kind == HKI_RPC_ERROR)
		check_again(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hk_json_document *document = document_new();
	hki_rpc_message message;
	const hk_json *root = hki_rpc_message_parse(&message, document, data, size);

	if (root == NULL) {
		check_parts(&message);
		FUZZ_MUST(message.kind == HKI_RPC_INVALID);
	} else if (hk_json_kind_of(root) == HK_JSON_ARRAY) {
		hk_json_iterator each = hk_json_iterate(root);
		const hk_json *value;

		while ((value = hk_json_next(&each)) != NULL)
			check(value);
	} else {
		check(root);
	}
	hk_json_document_free(document);
	return 0;
}
