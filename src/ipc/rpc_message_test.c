#include "ipc/rpc_message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/ipc_rpc.h>
#include "base/array.h"

static hk_json_document *document;

static int open_document(void **state)
{
	hk_json_opts opts = HK_JSON_OPTS_INIT;

	(void) state;
	opts.depth_max = HK_IPC_DEPTH_MAX;
	return hk_json_document_new(&document, &opts);
}

static int close_document(void **state)
{
	(void) state;
	hk_json_document_free(document);
	return 0;
}

static hki_rpc_message read_text(const char *text)
{
	hki_rpc_message message;
	const hk_json *root =
	    hki_rpc_message_parse(&message, document, text, strlen(text));

	if (root != NULL)
		hki_rpc_message_read(&message, root);
	return message;
}

static const struct {
	const char *text;
	hki_rpc_kind kind;
	int code;
	bool answer;
} cases[] = {
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}", HKI_RPC_REQUEST, 0, 0 },
	{ "{\"id\":\"a\",\"params\":[1],\"method\":\"m\",\"jsonrpc\":\"2.0\"}",
	    HKI_RPC_REQUEST, 0, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", HKI_RPC_REQUEST, 0, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}", HKI_RPC_NOTIFICATION, 0,
	    0 },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"later\":[1]}", HKI_RPC_NOTIFICATION, 0,
	    0 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", HKI_RPC_RESULT, 0, 1 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}"
	  "}",
	    HKI_RPC_ERROR, 1, 1 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-1,\"message\":"
	  "\"x\","
	  "\"data\":1}}",
	    HKI_RPC_ERROR, -1, 1 },
	/* no JSON */
	{ "{", HKI_RPC_INVALID, HK_IPC_ERROR_PARSE, 0 },
	{ "", HKI_RPC_INVALID, HK_IPC_ERROR_PARSE, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_PARSE, 0 },
	/* no message */
	{ "1", HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST, 0 },
	{ "{}", HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"2.0\"}", HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"id\":1,\"method\":\"m\"}", HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"m\"}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":1}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"result\":1}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"deadline_ms\":-1}",
	    HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST, 0 },
	/* named twice, where two readers could see two messages */
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"method\":\"n\"}",
	    HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST, 0 },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":1,\"a\":2}}",
	    HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST, 0 },
	/* answers that are none: nothing is said to those */
	{ "{\"jsonrpc\":\"2.0\",\"result\":1}", HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST,
	    1 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 1 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":1}", HKI_RPC_INVALID,
	    HK_IPC_ERROR_REQUEST, 1 },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1.5,\"message\":"
	  "\"\"}}",
	    HKI_RPC_INVALID, HK_IPC_ERROR_REQUEST, 1 },
};

static void messages_are_what_they_say(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		hki_rpc_message message = read_text(cases[i].text);

		print_message("# %s\n", cases[i].text);
		assert_int_equal(cases[i].kind, message.kind);
		assert_int_equal(cases[i].code, (int) message.error_code);
		assert_int_equal(cases[i].answer, message.answer);
		if (message.kind == HKI_RPC_INVALID)
			assert_non_null(message.reason);
	}
}

static void parts_are_found(void **state)
{
	hki_rpc_message message =
	    read_text("{\"jsonrpc\":\"2.0\",\"id\":18446744073709551615,"
		      "\"method\":\"a.b\",\"params\":[7],"
		      "\"deadline_ms\":250}");
	uint64_t id;

	(void) state;
	assert_string_equal("a.b", message.method);
	assert_int_equal(3, message.method_length);
	assert_int_equal(1, hk_json_count(message.params));
	assert_int_equal(250, message.deadline_ms);
	assert_int_equal(0, hk_json_get_uint64(&id, message.id));
	assert_true(id == UINT64_MAX);
}

static void deep_ones_are_refused(void **state)
{
	char text[512] = "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":";
	size_t at = strlen(text);
	hki_rpc_message message;

	(void) state;
	memset(text + at, '[', 64);
	memset(text + at + 64, ']', 64);
	strcpy(text + at + 128, "}");
	message = read_text(text);
	assert_int_equal(HKI_RPC_INVALID, message.kind);
	assert_int_equal(HK_IPC_ERROR_PARSE, (int) message.error_code);
}

static void what_is_written_is_what_is_read(void **state)
{
	hki_rpc_text params = { .json = "{\"a\":\"\\u0001\"}", .length = 14 };
	hki_rpc_text id = { .json = "\"x\"", .length = 3 };
	hk_json_writer *writer;
	hki_rpc_message message;
	uint64_t number = UINT64_MAX;

	(void) state;
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	hki_rpc_write_call(writer, &number, "m", &params, 5);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":18446744073709551615,\"method\":"
			    "\"m\",\"params\":{\"a\":\"\\u0001\"},\"deadline_ms\":5}",
	    hk_json_writer_text(writer, NULL));
	hki_rpc_write_call(writer, NULL, "m", NULL, 0);
	assert_string_equal(
	    "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", hk_json_writer_text(writer, NULL));
	hk_json_writer_reset(writer);
	hki_rpc_write_error(writer, &id, -32601, "no \"m\"", NULL);
	message = read_text(hk_json_writer_text(writer, NULL));
	assert_int_equal(HKI_RPC_ERROR, message.kind);
	assert_int_equal(-32601, (int) message.error_code);
	assert_string_equal("no \"m\"", message.error_text);
	assert_true(hk_json_is_string(message.id, "x"));
	hk_json_writer_reset(writer);
	hki_rpc_write_result(writer, NULL, NULL);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":null}",
	    hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_what_they_say),
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(deep_ones_are_refused),
		cmocka_unit_test(what_is_written_is_what_is_read),
	};

	return cmocka_run_group_tests(tests, open_document, close_document);
}
