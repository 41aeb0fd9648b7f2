#ifndef HKI_IPC_NODE_FRAMES_H
#define HKI_IPC_NODE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"

/*
 * A stream cut into the frames of Node's channel: lines, or what follows a length
 * of four bytes, highest first.  Zeroed but for `lines` and `most` it is ready.
 */
typedef struct hki_node_frames {
	bool lines;
	size_t most;    /* bytes of a frame; longer ones are told and passed over */
	const char *at; /* what is left of the piece; Borrowed */
	size_t left;
	hki_buffer partial; /* the beginning of a frame that is not whole */
	bool partial_used;  /* it was given out, and goes with the next call */
	bool skipping;      /* within a frame that is too long, and was told */
	size_t skip;        /* of it are still to come; lines end where they end */
} hki_node_frames;

void hki_node_frames_deinit(hki_node_frames *frames);

/* The next piece of the stream, when the one before is used up. */
void hki_node_frames_feed(hki_node_frames *frames, const char *bytes, size_t length);

/*
 * The next whole frame, without its line feed or length; Borrowed until the next
 * call.  Returns 1, 0 when the piece is used up, HK_ELIMIT once for a frame that
 * is too long, or -ENOMEM, which loses nothing.
 */
int hki_node_frames_next(hki_node_frames *frames, const char **out, size_t *length);

#endif /* HKI_IPC_NODE_FRAMES_H */
