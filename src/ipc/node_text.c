/*
 * V8 keeps a string as Latin-1 if it can, else as UTF-16, and sends it as it is
 * kept; UTF-8 is its third kind.  We keep UTF-8 alone.  What has no UTF-8 (half of
 * a surrogate pair, bytes that are none) becomes U+FFFD, as everywhere in hostkit.
 */
#include "ipc/node_value.h"

#include <errno.h>
#include <string.h>
#include "base/utf8.h"

/* The buffer's own terminator moves on with what follows. */
static int terminate(hki_buffer *out)
{
	return hki_buffer_append_char(out, '\0');
}

bool hki_node_text_is_ascii(const void *text, size_t length)
{
	const unsigned char *bytes = text;
	uint64_t high = 0;
	size_t at = 0;

	for (; at + sizeof(high) <= length; at += sizeof(high)) {
		uint64_t word;

		memcpy(&word, bytes + at, sizeof(word));
		high |= word;
	}
	for (; at < length; at++)
		high |= bytes[at];
	return (high & UINT64_C(0x8080808080808080)) == 0;
}

/* There is one call for each of very many short strings. */
static int append_plain(hki_buffer *out, const unsigned char *bytes, size_t length)
{
	char *at;
	int r;

	if (out->capacity - out->length <= length &&
	    (r = hki_buffer_reserve(out, length + 1)) < 0)
		return r;
	at = out->data + out->length;
	memcpy(at, bytes, length);
	at[length] = '\0';
	at[length + 1] = '\0'; /* the buffer's own */
	out->length += length + 1;
	return 0;
}

int hki_node_text_latin1(hki_buffer *out, const unsigned char *bytes, size_t length)
{
	char *to;
	int r;

	if (hki_node_text_is_ascii(bytes, length))
		return append_plain(out, bytes, length);
	r = hki_buffer_reserve(out, 2 * length + 1);
	if (r < 0)
		return r;
	to = out->data + out->length;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] < 0x80) {
			*to++ = (char) bytes[i];
		} else {
			*to++ = (char) (0xc0 | bytes[i] >> 6);
			*to++ = (char) (0x80 | (bytes[i] & 0x3f));
		}
	}
	hki_buffer_commit(out, (size_t) (to - (out->data + out->length)));
	return terminate(out);
}

static uint32_t unit(const unsigned char *bytes)
{
	return bytes[0] | (uint32_t) bytes[1] << 8;
}

int hki_node_text_utf16(hki_buffer *out, const unsigned char *bytes, size_t length)
{
	/* Two bytes become three at most; a pair of units, four bytes, four. */
	int r = hki_buffer_reserve(out, length / 2 * 3 + 1);
	char *to;

	if (r < 0)
		return r;
	to = out->data + out->length;
	for (size_t i = 0; i + 1 < length; i += 2) {
		uint32_t character = unit(bytes + i);

		if (character >= 0xd800 && character < 0xdc00 && i + 3 < length) {
			uint32_t low = unit(bytes + i + 2);

			if (low >= 0xdc00 && low < 0xe000) {
				character = 0x10000 + ((character - 0xd800) << 10) +
					    (low - 0xdc00);
				i += 2;
			}
		}
		to += hki_utf8_encode(to, character);
	}
	hki_buffer_commit(out, (size_t) (to - (out->data + out->length)));
	return terminate(out);
}

int hki_node_text_utf8(hki_buffer *out, const unsigned char *bytes, size_t length)
{
	size_t at = 0;

	if (hki_utf8_valid(bytes, length))
		return append_plain(out, bytes, length);
	while (at < length) {
		char encoded[HKI_UTF8_MAX];
		uint32_t character;
		int r;

		at += hki_utf8_decode(&character, bytes + at, length - at);
		r = hki_buffer_append(out, encoded, hki_utf8_encode(encoded, character));
		if (r < 0)
			return r;
	}
	return terminate(out);
}
