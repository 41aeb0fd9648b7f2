/*
 * One appender for everything that behaves as snprintf().  The output is kept
 * terminated at all times, so that there is no moment in which it is unsafe.
 */
#include "base/fixed_text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

void hki_fixed_text_init(hki_fixed_text *text, char *out, size_t capacity)
{
	*text = (hki_fixed_text){ .out = out, .capacity = capacity, .length = 0 };
	hki_fixed_text_end(text);
}

static size_t room_of(const hki_fixed_text *text)
{
	return text->length < text->capacity ? text->capacity - text->length : 0;
}

void hki_fixed_text_append(hki_fixed_text *text, const char *bytes, size_t length)
{
	size_t room = room_of(text);

	if (room > 0)
		memcpy(text->out + text->length, bytes, length < room ? length : room);
	text->length += length;
	hki_fixed_text_end(text);
}

void hki_fixed_text_append_text(hki_fixed_text *text, const char *more)
{
	hki_fixed_text_append(text, more, strlen(more));
}

void hki_fixed_text_append_format(hki_fixed_text *text, const char *format, ...)
{
	size_t room = room_of(text);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(
	    room > 0 ? text->out + text->length : NULL, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		text->length += (size_t) length;
}

/* U+2028 … U+202E and U+2066 … U+2069: they break or turn the line they stand in. */
static bool disturbs_line(uint32_t character)
{
	return (character >= 0x80 && character < 0xa0) ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

static void append_control(hki_fixed_text *text, uint32_t character)
{
	switch (character) {
	case '\n':
		hki_fixed_text_append_text(text, "\\n");
		break;
	case '\r':
		hki_fixed_text_append_text(text, "\\r");
		break;
	case '\t':
		hki_fixed_text_append_text(text, "\\t");
		break;
	default:
		hki_fixed_text_append_format(text, "\\x%02x", (unsigned int) character);
	}
}

void hki_fixed_text_append_printable(
    hki_fixed_text *text, const void *bytes, size_t length)
{
	const char *at = bytes;
	char encoded[HKI_UTF8_MAX];
	uint32_t character;

	while (length > 0) {
		size_t used = hki_utf8_decode(&character, at, length);

		if (character < 0x20 || character == 0x7f)
			append_control(text, character);
		else if (disturbs_line(character))
			hki_fixed_text_append_format(
			    text, "\\u%04x", (unsigned int) character);
		else
			hki_fixed_text_append(
			    text, encoded, hki_utf8_encode(encoded, character));
		at += used;
		length -= used;
	}
}

size_t hki_fixed_text_end(hki_fixed_text *text)
{
	if (text->capacity > 0)
		text->out[text->length < text->capacity ? text->length
							: text->capacity - 1] = '\0';
	return text->length;
}
