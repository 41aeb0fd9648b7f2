#ifndef HKI_IPC_OUTPUT_H
#define HKI_IPC_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include "base/buffer.h"
#include "ipc/payload.h"

/*
 * What waits to leave a connection
 *
 * Messages lie framed one behind the other in `bytes`; `sizes` has a word for each, so
 * that a message can be counted, dropped or begun anew whatever the framing.  Large
 * shared payloads and descriptors lie in `extras`.
 */
#define HKI_OUTPUT_EXTRA   0x80000000U /* its payload or descriptors: the next extra */
#define HKI_OUTPUT_CONTROL 0x40000000U /* ours: counted by nobody */
#define HKI_OUTPUT_SIZE    0x3fffffffU /* bytes of it in `bytes` */

typedef struct hki_output_extra {
	hk_ipc_payload *payload; /* NULL: descriptors */
	size_t length;    /* bytes of it that are written, its line's end included */
	int *descriptors; /* duplicates of ours; NULL: none */
	size_t descriptor_count;
} hki_output_extra;

typedef struct hki_output {
	hki_buffer bytes;
	hki_buffer sizes;
	hki_buffer extras;
	size_t queued;   /* bytes, those of payloads included, less those sent */
	size_t messages; /* without our own */
	size_t sent;     /* bytes of the first message that have left */
	size_t cut;      /* bytes of the first message that were never kept here */
} hki_output;

void hki_output_deinit(hki_output *output);

/* Each queues one message: 0 or -ENOMEM, and nothing is queued then.  @flags: HKI_OUTPUT_CONTROL. */
int hki_output_add(hki_output *output, uint32_t framing, const struct iovec *parts,
    size_t count, size_t length, uint32_t flags);
/* A reference is taken. */
int hki_output_add_payload(hki_output *output, uint32_t framing, hk_ipc_payload *payload);
/* Taken on success: descriptors and the array. */
int hki_output_add_descriptors(hki_output *output, uint32_t framing, const void *data,
    size_t length, int *descriptors, size_t count);
/* The rest of a message of which @sent bytes, framing counted, have left already.  @parts
 * are the whole of it, framing included.  Only into an empty queue. */
int hki_output_add_rest(
    hki_output *output, const struct iovec *parts, size_t count, size_t sent);

static inline bool hki_output_empty(const hki_output *output)
{
	return output->sizes.length == 0;
}

/*
 * What to write first: at most @max pieces from @pieces on.  Descriptors go with the
 * first piece and nothing follows their message; *out_extra then has them, else NULL.
 * Returns the number of pieces.
 */
size_t hki_output_pieces(hki_output *output, struct iovec *pieces, size_t max,
    const hki_output_extra **out_extra);

/* @length bytes have left.  Returns how many messages are whole with them. */
size_t hki_output_advance(hki_output *output, size_t length);

/* Drop the message that has waited longest, one that has begun to leave excepted.  False
 * when there is none. */
bool hki_output_drop_oldest(hki_output *output);

/* Nobody got the beginning of the first message: it is to be sent from there. */
void hki_output_restart(hki_output *output);

#endif /* HKI_IPC_OUTPUT_H */
