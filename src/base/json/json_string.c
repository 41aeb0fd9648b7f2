/*
 * Most text needs no escape, so plain runs are copied in one piece, and only
 * what stands between them is looked at.
 */
#include "base/json/json_string.h"

#include <stdint.h>
#include <string.h>
#include "base/utf8.h"

#define REPLACEMENT 0xfffd
#define ESCAPE_MAX  6 /* \u001f */

static size_t put_unit(char *out, unsigned char control)
{
	static const char digits[] = "0123456789abcdef";

	memcpy(out, "\\u00", 4);
	out[4] = digits[control >> 4];
	out[5] = digits[control & 15];
	return 6;
}

/* A quote, a backslash or a control character. */
static size_t put_escape(char *out, unsigned char character)
{
	static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *form = short_forms; *form != '\0'; form += 2) {
		if ((unsigned char) *form == character) {
			out[0] = '\\';
			out[1] = form[1];
			return 2;
		}
	}
	return put_unit(out, character);
}

/* Write the one character at @text, which is not plain.  Returns the bytes written. */
static size_t put_character(char *out, size_t *used, const char *text, size_t length)
{
	uint32_t character;

	if ((unsigned char) *text < 0x80) {
		*used = 1;
		return put_escape(out, (unsigned char) *text);
	}
	*used = hki_utf8_decode(&character, text, length);
	if (character == REPLACEMENT)
		return hki_utf8_encode(out, REPLACEMENT);
	memcpy(out, text, *used);
	return *used;
}

int hki_json_escape_append(hki_buffer *buffer, const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		/* Room for the rest as it is, and one escape. */
		int r = hki_buffer_reserve(buffer, length - at + ESCAPE_MAX);
		char *to = buffer->data + buffer->length;
		size_t written = 0;
		size_t used = 0;

		if (r < 0)
			return r;
		if (!hki_json_is_plain(text[at]))
			written = put_character(to, &used, text + at, length - at);
		at += used;
		used = hki_json_copy_plain(to + written, text + at, length - at);
		at += used;
		hki_buffer_commit(buffer, written + used);
	}
	return 0;
}
