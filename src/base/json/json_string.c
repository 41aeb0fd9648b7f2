/*
 * Most text needs no escape, so the loop looks for the next byte that does and
 * copies everything before it in one piece.
 */
#include "base/json/json_string.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

#define REPLACEMENT      0xfffd
#define REPLACEMENT_UTF8 "\xef\xbf\xbd"
#define ESCAPE_MAX       7 /* \u001f and the terminator */

/* The escape of @character in @out, or false if it stands for itself. */
static bool escape(char out[ESCAPE_MAX], uint32_t character)
{
	static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	if (character == REPLACEMENT) {
		memcpy(out, REPLACEMENT_UTF8, sizeof(REPLACEMENT_UTF8));
		return true;
	}
	if (character >= 0x20 && character != '"' && character != '\\')
		return false;
	for (const char *form = short_forms; *form != '\0'; form += 2) {
		if ((uint32_t) *form == character) {
			snprintf(out, ESCAPE_MAX, "\\%c", form[1]);
			return true;
		}
	}
	snprintf(out, ESCAPE_MAX, "\\u%04x", (unsigned int) (character & 0xffff));
	return true;
}

static bool is_plain(char byte)
{
	return (unsigned char) byte >= 0x20 && (unsigned char) byte < 0x80 &&
	       byte != '"' && byte != '\\';
}

int hki_json_escape_append(hki_buffer *buffer, const char *text, size_t length)
{
	size_t copied = 0;
	size_t at = 0;
	int r;

	while (at < length) {
		char form[ESCAPE_MAX];
		uint32_t character;
		size_t used;

		if (is_plain(text[at])) {
			at++;
			continue;
		}
		used = hki_utf8_decode(&character, text + at, length - at);
		if (escape(form, character)) {
			r = hki_buffer_append(buffer, text + copied, at - copied);
			if (r < 0)
				return r;
			r = hki_buffer_append_text(buffer, form);
			if (r < 0)
				return r;
			copied = at + used;
		}
		at += used;
	}
	return hki_buffer_append(buffer, text + copied, length - copied);
}
