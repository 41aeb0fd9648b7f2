#ifndef HKI_IPC_FRAME_H
#define HKI_IPC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/ipc.h>

/*
 * Framing: messages from bytes and back.  A framer looks at bytes where they lie and
 * keeps none, so whoever reads decides where they are kept.
 */
#define HKI_FRAME_HELLO        "HK1\n"
#define HKI_FRAME_HELLO_LENGTH ((size_t) 4)
#define HKI_FRAME_PREFIX       ((size_t) 4) /* bytes of length before a message */
#define HKI_FRAME_OWN          0x80000000U  /* in the length: a frame of our own */
#define HKI_FRAME_HEARTBEAT    (HKI_FRAME_OWN | 0U)

typedef struct hki_framer {
	size_t message_max;
	size_t searched;  /* bytes of the unfinished line without a line feed */
	uint32_t framing; /* HK_IPC_FRAMING_…; AUTO: the first byte has not come */
	bool greeted;     /* LENGTH: the hello has come */
} hki_framer;

typedef struct hki_frame {
	const char *data; /* the message, inside the bytes given */
	size_t length;
	size_t used; /* bytes to be done with, also when there is no message */
	size_t
	    wanted; /* HKI_FRAME_MORE: at least so many bytes behind `used` are needed */
} hki_frame;

enum {
	HKI_FRAME_MORE,    /* the bytes behind `used` begin a message */
	HKI_FRAME_MESSAGE, /* data and length */
	HKI_FRAME_ALIVE    /* the peer says that it is there */
};

void hki_framer_init(hki_framer *framer, uint32_t framing, size_t message_max);

/*
 * What comes first in @bytes, which begin where the last frame ended (or where
 * MORE left off).  Returns HKI_FRAME_…, HK_EPARSE for bytes that are not framed, or
 * -EMSGSIZE for a message beyond the limit, before it has come.
 */
int hki_framer_next(hki_framer *framer, const char *bytes, size_t length, hki_frame *out);

/* Bytes that writing in @framing adds in front of a message and behind it. */
static inline size_t hki_frame_head_length(uint32_t framing)
{
	return framing == HK_IPC_FRAMING_LENGTH || framing == HK_IPC_FRAMING_LENGTH_BARE
		   ? HKI_FRAME_PREFIX
		   : 0;
}

static inline size_t hki_frame_tail_length(uint32_t framing)
{
	return framing == HK_IPC_FRAMING_LINES ? 1 : 0;
}

/* Write the bytes in front of a message. */
static inline void hki_frame_head_write(uint32_t framing, char *out, uint32_t length)
{
	if (hki_frame_head_length(framing) == 0)
		return;
	out[0] = (char) (length >> 24);
	out[1] = (char) (length >> 16);
	out[2] = (char) (length >> 8);
	out[3] = (char) length;
}

/* May it be written so?  0, -EINVAL or -EMSGSIZE. */
int hki_frame_check(
    uint32_t framing, const char *data, size_t length, size_t message_max);

#endif /* HKI_IPC_FRAME_H */
