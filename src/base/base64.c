/*
 * Three bytes become four letters of six bits each.  The length is known
 * before, so the letters are written straight into the buffer's room.
 */
#include "base/base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <hostkit/error.h>

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

/* ---- reading ---- */

static int sextet(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/* Four letters, @count of them before the padding, to count - 1 bytes. */
static bool decode_group(unsigned char *out, const char *text, size_t count)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < count ? sextet(text[i]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t) value;
	}
	for (size_t i = 0; i + 1 < count; i++)
		out[i] = (unsigned char) (bits >> (16 - 8 * i));
	return count == 4 || (bits & (count == 3 ? 0xff : 0xffff)) == 0;
}

int hki_base64_decode(hki_buffer *buffer, const char *text, size_t length)
{
	const size_t before = buffer->length;
	size_t padding = 0;
	int r;

	if (length % 4 != 0)
		return HK_EPARSE;
	while (padding < 2 && length > 0 && text[length - 1 - padding] == '=')
		padding++;
	r = hki_buffer_reserve(buffer, length / 4 * 3);
	if (r < 0)
		return r;
	for (size_t at = 0; at < length; at += 4) {
		size_t count = at + 4 == length ? 4 - padding : 4;
		unsigned char bytes[3];

		if (!decode_group(bytes, text + at, count)) {
			hki_buffer_truncate(buffer, before);
			return HK_EPARSE;
		}
		memcpy(buffer->data + buffer->length, bytes, count - 1);
		hki_buffer_commit(buffer, count - 1);
	}
	return 0;
}
