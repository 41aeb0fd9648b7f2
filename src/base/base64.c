/*
 * Three bytes become four letters of six bits each.  The length is known
 * before, so the letters are written straight into the buffer's room.
 */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(char out[4], const unsigned char *at, size_t length)
{
	uint32_t bits = (uint32_t) at[0] << 16;

	if (length > 1)
		bits |= (uint32_t) at[1] << 8;
	if (length > 2)
		bits |= at[2];
	out[0] = letters[bits >> 18];
	out[1] = letters[bits >> 12 & 63];
	out[2] = length > 1 ? letters[bits >> 6 & 63] : '=';
	out[3] = length > 2 ? letters[bits & 63] : '=';
}

int hki_base64_append(hki_buffer *buffer, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	size_t encoded = length / 3 + (length % 3 > 0);
	char *out;
	int r;

	if (__builtin_mul_overflow(encoded, (size_t) 4, &encoded))
		return -ENOMEM;
	r = hki_buffer_reserve(buffer, encoded);
	if (r < 0)
		return r;
	out = buffer->data + buffer->length;
	for (; length > 3; length -= 3, at += 3, out += 4)
		encode_group(out, at, 3);
	if (length > 0)
		encode_group(out, at, length);
	hki_buffer_commit(buffer, encoded);
	return 0;
}
