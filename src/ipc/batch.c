/*
 * Several calls in one message, answered in one: the answers gather here until the
 * last of them is given.  Together they must fit into a message, so one that does
 * not fit any more is refused, and its request answered with a short error; there is
 * always room for those, because a batch is limited to HK_IPC_BATCH_MAX.
 */
#include <errno.h>
#include "base/cleanup.h"
#include "ipc/rpc_internal.h"

/* Kept free for errors: an id of the longest kind, a code and a sentence. */
#define ERROR_BYTES 512

int hki_batch_new(hki_rpc_batch **out, hk_ipc_rpc *rpc)
{
	hki_rpc_batch *batch = hki_zalloc(sizeof(*batch));

	if (batch == NULL)
		return -ENOMEM;
	batch->rpc = rpc;
	batch->left = 1;
	*out = batch;
	return 0;
}

int hki_batch_append(hki_rpc_batch *batch, const char *text, size_t length)
{
	size_t limit = batch->rpc->message_max;
	size_t kept = length > ERROR_BYTES ? batch->left * ERROR_BYTES : 0;
	size_t before = batch->text.length;
	int r;

	if (before + length + 2 + kept > limit)
		return -EMSGSIZE;
	r = hki_buffer_append_char(&batch->text, before == 0 ? '[' : ',');
	if (r == 0)
		r = hki_buffer_append(&batch->text, text, length);
	if (r < 0)
		hki_buffer_truncate(&batch->text, before);
	return r;
}

static void send_all(hki_rpc_batch *batch)
{
	if (batch->rpc == NULL || batch->text.length == 0)
		return;
	if (hki_buffer_append_char(&batch->text, ']') == 0)
		(void) hki_rpc_send_text(batch->rpc, HKI_RPC_ANSWER, NULL,
		    batch->text.data, batch->text.length);
}

void hki_batch_done(hki_rpc_batch *batch)
{
	if (--batch->left > 0)
		return;
	send_all(batch);
	hki_buffer_deinit(&batch->text);
	hki_free(batch);
}
