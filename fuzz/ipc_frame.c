/*
 * What a peer sends, in any framing.  The first byte chooses the framing and how the rest
 * is cut; however it is cut, the same messages come out, in the same order, and the same
 * refusal at the same place.  Nothing is looked at beyond what was given.
 */
#include <errno.h>
#include "ipc/frame.h"
#include "target.h"

#define MESSAGE_MAX 1000

/* What came out of one way of cutting. */
struct outcome {
	uint64_t digest; /* of all messages and their ends */
	size_t messages;
	int result; /* the refusal, or 0 */
};

static void note(struct outcome *outcome, const hki_frame *frame)
{
	for (size_t i = 0; i < frame->length; i++)
		outcome->digest = outcome->digest * 31 + (unsigned char) frame->data[i];
	outcome->digest = outcome->digest * 31 + 257;
	outcome->messages++;
}

/* Everything that is whole in @kept; what was used leaves it. */
static size_t take_frames(
    hki_framer *framer, const uint8_t *kept, size_t length, struct outcome *out)
{
	size_t at = 0;

	for (;;) {
		size_t left = length - at;
		char *exact = malloc(left + 1); /* a sanitizer sees a look beyond it */
		hki_frame frame;
		int r;

		FUZZ_MUST(exact != NULL);
		if (left > 0)
			memcpy(exact, kept + at, left);
		r = hki_framer_next(framer, left > 0 ? exact : "", left, &frame);
		FUZZ_MUST(r >= 0 || r == HK_EPARSE || r == -EMSGSIZE);
		if (r < 0) {
			out->result = r;
			free(exact);
			return length;
		}
		FUZZ_MUST(frame.used <= left);
		FUZZ_MUST(r != HKI_FRAME_MESSAGE || frame.length <= MESSAGE_MAX ||
			  framer->framing == HK_IPC_FRAMING_NONE);
		FUZZ_MUST(r != HKI_FRAME_MORE || frame.wanted > left - frame.used);
		FUZZ_MUST(r == HKI_FRAME_MORE || frame.used > 0);
		if (r == HKI_FRAME_MESSAGE)
			note(out, &frame);
		free(exact);
		at += frame.used;
		if (r == HKI_FRAME_MORE)
			return at;
	}
}

static struct outcome run(
    const uint8_t *data, size_t size, uint32_t framing, size_t piece)
{
	struct outcome outcome = { .digest = 1 };
	hki_framer framer;
	size_t from = 0;
	size_t to = 0;

	hki_framer_init(&framer, framing, MESSAGE_MAX);
	while (to < size && outcome.result == 0) {
		to = size - to < piece ? size : to + piece;
		from += take_frames(&framer, data + from, to - from, &outcome);
	}
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t framing;
	struct outcome whole;
	struct outcome cut;

	if (size == 0)
		return 0;
	framing = data[0] & 3; /* AUTO, LINES, LENGTH, LENGTH_BARE */
	whole = run(data + 1, size - 1, framing, SIZE_MAX);
	cut = run(data + 1, size - 1, framing, (size_t) 1 + (data[0] >> 2));
	/* A line too long is refused as soon as that is sure, so perhaps a piece earlier. */
	FUZZ_MUST(whole.result == cut.result);
	FUZZ_MUST(whole.messages == cut.messages && whole.digest == cut.digest);
	return 0;
}
