#ifndef HKI_IPC_RPC_MESSAGE_H
#define HKI_IPC_RPC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/json.h>

/* What one JSON-RPC 2.0 object is. */
typedef enum hki_rpc_kind {
	HKI_RPC_REQUEST,
	HKI_RPC_NOTIFICATION,
	HKI_RPC_RESULT,
	HKI_RPC_ERROR,
	HKI_RPC_INVALID
} hki_rpc_kind;

/*
 * One object, its parts Borrowed from the document.  What is not there is NULL.
 * An invalid one says why, and keeps the id if that much could be told.
 */
typedef struct hki_rpc_message {
	hki_rpc_kind kind;
	bool
	    answer; /* it means to be one, so nothing is said to it, also if it is invalid */
	const hk_json *id;
	const hk_json *params;
	const hk_json *result;
	const hk_json *error_data;
	const char *method;
	size_t method_length;
	const char *error_text; /* of an error, never NULL there */
	int64_t error_code;     /* of an error, or HK_IPC_ERROR_… of an invalid one */
	uint64_t deadline_ms;   /* what the caller is ready to wait; 0: it did not say */
	const char *reason;     /* of an invalid one: one sentence; static */
} hki_rpc_message;

/* Read one object that was parsed already. */
void hki_rpc_message_read(hki_rpc_message *out, const hk_json *value);

/*
 * Parse one message into @document, which refuses members that are there twice.
 * Returns its root.  NULL when it is no message at all: *out is invalid then and
 * says what to answer.
 */
const hk_json *hki_rpc_message_parse(
    hki_rpc_message *out, hk_json_document *document, const void *bytes, size_t length);

/*
 * Write the envelope of a message into @writer, which is reset first.  The text of
 * @params may be NULL (none); line feeds in it are turned into blanks at the end, so
 * that it stays on one line.
 */
typedef struct hki_rpc_text {
	const char *json;
	size_t length;
	const hk_json *value; /* instead of json */
} hki_rpc_text;

void hki_rpc_write_call(hk_json_writer *writer, const uint64_t *id, const char *method,
    const hki_rpc_text *params, uint64_t deadline_ms);
/* A value; null if there is none. */
void hki_rpc_write_text(hk_json_writer *writer, const hki_rpc_text *text);
/* As part of what is written already, such as an array; @id NULL writes null. */
void hki_rpc_write_result(
    hk_json_writer *writer, const hki_rpc_text *id, const hki_rpc_text *result);
void hki_rpc_write_error(hk_json_writer *writer, const hki_rpc_text *id, int64_t code,
    const char *text, const hki_rpc_text *data);

#endif /* HKI_IPC_RPC_MESSAGE_H */
