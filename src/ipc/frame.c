#include "ipc/frame.h"

#include <errno.h>
#include <string.h>

/*
 * Messages from bytes.
 *
 * A socket hands over bytes cut anywhere: a thousand messages in one read, or one
 * message in a thousand.  The framer is asked again and again what comes first in
 * what there is; it never asks for more than it needs to tell, never looks at a
 * byte of an unfinished line twice, and refuses a length before a byte of it is
 * kept.
 */

void hki_framer_init(hki_framer *framer, uint32_t framing, size_t message_max)
{
	memset(framer, 0, sizeof(*framer));
	framer->framing = framing;
	framer->message_max = message_max;
}

/* Which framing begins with @byte; AUTO for none. */
static uint32_t framing_of(unsigned char byte)
{
	switch (byte) {
	case 'H':
		return HK_IPC_FRAMING_LENGTH;
	case '{':
	case '[':
	case '"':
	case '-':
	case 't':
	case 'f':
	case 'n':
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return HK_IPC_FRAMING_LINES;
	default:
		return byte >= '0' && byte <= '9' ? HK_IPC_FRAMING_LINES
						  : HK_IPC_FRAMING_AUTO;
	}
}

static int more(hki_frame *out, size_t used, size_t wanted)
{
	out->data = NULL;
	out->length = 0;
	out->used = used;
	out->wanted = wanted;
	return HKI_FRAME_MORE;
}

static int message(hki_frame *out, const char *data, size_t length, size_t used)
{
	out->data = data;
	out->length = length;
	out->used = used;
	out->wanted = 0;
	return HKI_FRAME_MESSAGE;
}

static int alive(hki_frame *out, size_t used)
{
	(void) message(out, NULL, 0, used);
	return HKI_FRAME_ALIVE;
}

/* ---- lines ---- */

static int unfinished_line(hki_framer *framer, size_t length, hki_frame *out)
{
	if (length > framer->message_max)
		return -EMSGSIZE;
	framer->searched = length;
	return more(out, 0, length + 1);
}

static int next_line(hki_framer *framer, const char *bytes, size_t length, hki_frame *out)
{
	const char *from = bytes + framer->searched;
	const char *end = memchr(from, '\n', length - framer->searched);
	size_t line;

	if (end == NULL)
		return unfinished_line(framer, length, out);
	framer->searched = 0;
	line = (size_t) (end - bytes);
	if (line > framer->message_max)
		return -EMSGSIZE;
	if (line == 0 || (line == 1 && *bytes == '\r'))
		return alive(out, line + 1);
	return message(out, bytes, line, line + 1);
}

/* ---- lengths ---- */

static uint32_t read_length(const char *bytes)
{
	const unsigned char *byte = (const unsigned char *) bytes;

	return (uint32_t) byte[0] << 24 | (uint32_t) byte[1] << 16 |
	       (uint32_t) byte[2] << 8 | byte[3];
}

static int next_counted(
    hki_framer *framer, const char *bytes, size_t length, hki_frame *out)
{
	uint32_t counted;

	if (length < HKI_FRAME_PREFIX)
		return more(out, 0, HKI_FRAME_PREFIX);
	counted = read_length(bytes);
	if (counted == HKI_FRAME_HEARTBEAT && framer->framing == HK_IPC_FRAMING_LENGTH)
		return alive(out, HKI_FRAME_PREFIX);
	if ((counted & HKI_FRAME_OWN) != 0 && framer->framing == HK_IPC_FRAMING_LENGTH)
		return HK_EPARSE;
	if (counted > framer->message_max)
		return -EMSGSIZE;
	if (length - HKI_FRAME_PREFIX < counted)
		return more(out, 0, HKI_FRAME_PREFIX + counted);
	return message(
	    out, bytes + HKI_FRAME_PREFIX, counted, HKI_FRAME_PREFIX + counted);
}

static int next_after_hello(
    hki_framer *framer, const char *bytes, size_t length, hki_frame *out)
{
	size_t seen = length < HKI_FRAME_HELLO_LENGTH ? length : HKI_FRAME_HELLO_LENGTH;
	int r;

	if (memcmp(bytes, HKI_FRAME_HELLO, seen) != 0)
		return HK_EPARSE;
	if (seen < HKI_FRAME_HELLO_LENGTH)
		return more(out, 0, HKI_FRAME_HELLO_LENGTH);
	framer->greeted = true;
	r = next_counted(framer, bytes + seen, length - seen, out);
	if (r >= 0)
		out->used += seen;
	return r;
}

/* ---- all of them ---- */

int hki_framer_next(hki_framer *framer, const char *bytes, size_t length, hki_frame *out)
{
	if (length == 0)
		return more(out, 0, 1);
	if (framer->framing == HK_IPC_FRAMING_AUTO) {
		framer->framing = framing_of((unsigned char) *bytes);
		if (framer->framing == HK_IPC_FRAMING_AUTO)
			return HK_EPARSE;
	}
	switch (framer->framing) {
	case HK_IPC_FRAMING_LINES:
		return next_line(framer, bytes, length, out);
	case HK_IPC_FRAMING_LENGTH:
		if (!framer->greeted)
			return next_after_hello(framer, bytes, length, out);
		return next_counted(framer, bytes, length, out);
	case HK_IPC_FRAMING_LENGTH_BARE:
		return next_counted(framer, bytes, length, out);
	default:
		return message(out, bytes, length, length);
	}
}

/* ---- writing ---- */

int hki_frame_check(uint32_t framing, const char *data, size_t length, size_t message_max)
{
	if (length > message_max)
		return -EMSGSIZE;
	if (framing == HK_IPC_FRAMING_LINES &&
	    (length == 0 || memchr(data, '\n', length) != NULL))
		return -EINVAL;
	return 0;
}
