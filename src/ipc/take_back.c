/*
 * Messages that a lost connection did not get, given back to who sent them.
 *
 * A plain connection sends them over the next one.  A conversation knows better: calls
 * have ended by then and must not be carried out after all, and what was published has
 * to wait until the subscriptions are made again.
 */
#include <string.h>
#include "ipc/frame.h"
#include "ipc/ipc_internal.h"

void hki_ipc_take_back(hk_ipc *ipc, hki_ipc_taken_fn fn, void *user)
{
	hki_output *output = &ipc->output;
	size_t head = hki_frame_head_length(ipc->framing_out);
	size_t tail = hki_frame_tail_length(ipc->framing_out);
	const char *at = output->bytes.data;
	const char *words = output->sizes.data;

	for (size_t i = 0; i < output->sizes.length / sizeof(uint32_t); i++) {
		uint32_t word;
		size_t size;

		memcpy(&word, words + i * sizeof(word), sizeof(word));
		size = word & HKI_OUTPUT_SIZE;
		if ((word & (HKI_OUTPUT_CONTROL | HKI_OUTPUT_EXTRA)) == 0)
			fn(at + head, size - head - tail, user);
		at += size;
	}
	ipc->counts.messages_sent -= output->messages;
	hki_output_deinit(output);
}
