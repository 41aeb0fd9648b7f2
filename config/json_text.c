/*
 * One pass that knows only whether it is inside a string.  A document without
 * such characters, which is nearly every one, is not copied.
 */
#include "json_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"

/* Characters of a JSON string that YAML 1.1 refuses or folds as line breaks. */
static bool yaml_differs(uint32_t character)
{
	return (character >= 0x7F && character <= 0x9F) || character == 0x2028 ||
	       character == 0x2029 || character == 0xFEFF || character == 0xFFFE ||
	       character == 0xFFFF;
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

/* "\uXXXX" at @text, or -1. */
static int32_t escaped_unit(const char *text, size_t length)
{
	int32_t unit = 0;

	if (length < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* A pair of surrogates becomes YAML's "\UXXXXXXXX"; any other escape stays. */
static int append_escape(
    hki_buffer *out, const char *text, size_t length, size_t *consumed)
{
	int32_t high = escaped_unit(text, length);
	int32_t low = -1;

	*consumed = length < 2 ? length : 2;
	if (high >= 0xD800 && high <= 0xDBFF)
		low = escaped_unit(text + 6, length - 6);
	if (low < 0xDC00 || low > 0xDFFF)
		return hki_buffer_append(out, text, *consumed);
	*consumed = 12;
	return hki_buffer_append_format(out, "\\U%08X",
	    0x10000 + (((unsigned int) high - 0xD800) << 10) +
		((unsigned int) low - 0xDC00));
}

static int append_character(
    hki_buffer *out, const char *text, size_t length, size_t *consumed)
{
	uint32_t character;

	*consumed = hki_utf8_decode(&character, text, length);
	if (character != 0xFFFD && yaml_differs(character))
		return hki_buffer_append_format(out, "\\u%04X", (unsigned int) character);
	return hki_buffer_append(out, text, *consumed);
}

static int rewrite(hki_buffer *out, const char *text, size_t length)
{
	bool in_string = false;
	size_t at = 0;
	int r = 0;

	while (at < length && r == 0) {
		size_t consumed = 1;

		if (text[at] == '"')
			in_string = !in_string;
		if (in_string && text[at] == '\\')
			r = append_escape(out, text + at, length - at, &consumed);
		else if (in_string && (unsigned char) text[at] >= 0x7F)
			r = append_character(out, text + at, length - at, &consumed);
		else
			r = hki_buffer_append_char(out, text[at]);
		at += consumed;
	}
	return r;
}

static bool needs_rewriting(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char) text[i] >= 0x7F ||
		    (text[i] == '\\' && i + 2 < length && text[i + 1] == 'u' &&
			(text[i + 2] == 'd' || text[i + 2] == 'D')))
			return true;
	return false;
}

const char *hki_json_text(hki_arena *arena, const char *text, size_t *length)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer out = HKI_BUFFER_INIT;
	const char *copy;

	if (!needs_rewriting(text, *length))
		return text;
	if (rewrite(&out, text, *length) < 0) {
		arena->failed = true;
		return NULL;
	}
	copy = hki_arena_text(arena, out.data, out.length);
	*length = out.length;
	return copy;
}
