/*
 * A message arrived: parse it once, tell what it is, and give it to whom it is for.
 *
 * Handlers may do anything meanwhile, freeing the conversation included; its memory
 * stays until the turn ends, and `freed` says that nobody wants to hear any more.
 */
#include "ipc/rpc_internal.h"

static void receive_one(hk_ipc_rpc *rpc, hki_rpc_batch *batch, const hk_json *value)
{
	hki_rpc_message message;

	hki_rpc_message_read(&message, value);
	switch (message.kind) {
	case HKI_RPC_REQUEST:
	case HKI_RPC_NOTIFICATION:
		hki_request_arrived(rpc, batch, &message);
		break;
	case HKI_RPC_RESULT:
	case HKI_RPC_ERROR:
		hki_call_answered(rpc, &message);
		break;
	case HKI_RPC_INVALID:
		hki_rpc_answer_invalid(rpc, batch, &message);
		break;
	}
}

static void refuse(hk_ipc_rpc *rpc, int64_t code, const char *reason)
{
	hki_rpc_message message = {
		.kind = HKI_RPC_INVALID, .error_code = code, .reason = reason
	};

	hki_rpc_answer_invalid(rpc, NULL, &message);
}

static void receive_batch(hk_ipc_rpc *rpc, const hk_json *array)
{
	hk_json_iterator each = hk_json_iterate(array);
	hki_rpc_batch *batch;
	const hk_json *value;

	if (hk_json_count(array) == 0) {
		refuse(rpc, HK_IPC_ERROR_REQUEST, "the batch is empty");
		return;
	}
	if (hk_json_count(array) > HK_IPC_BATCH_MAX) {
		refuse(rpc, HK_IPC_ERROR_REQUEST, "the batch has too many messages");
		return;
	}
	if (hki_batch_new(&batch, rpc) < 0) {
		refuse(rpc, HK_IPC_ERROR_INTERNAL, "no memory for the batch");
		return;
	}
	while (!rpc->freed && rpc->ipc != NULL && (value = hk_json_next(&each)) != NULL)
		receive_one(rpc, batch, value);
	if (rpc->freed || rpc->ipc == NULL)
		batch->rpc = NULL;
	hki_batch_done(batch);
}

void hki_rpc_receive(hk_ipc_rpc *rpc, const void *bytes, size_t length)
{
	hki_rpc_message message;
	const hk_json *root =
	    hki_rpc_message_parse(&message, rpc->shared->document, bytes, length);

	if (root == NULL)
		hki_rpc_answer_invalid(rpc, NULL, &message);
	else if (hk_json_kind_of(root) == HK_JSON_ARRAY)
		receive_batch(rpc, root);
	else
		receive_one(rpc, NULL, root);
}
