/*
 * Strings that hold more than plain ASCII.  What is unescaped is never longer
 * than what was written, so it is moved down in place.  UTF-8 is checked here
 * and nowhere else: outside of strings whatever is not ASCII is an error anyway.
 */
#include "base/json/json_document.h"

#include <string.h>
#include <hostkit/error.h>
#include "base/json/scan.h"
#include "base/utf8.h"

static char *fail(hk_json_document *document, const char *at, const char *reason)
{
	return hki_json_fail(document, HK_EPARSE, at, reason);
}

static int digit_of(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The number of four hexadecimal digits, or -1. */
static int32_t read_unit(const char *at)
{
	int32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		int digit = digit_of(at[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static bool is_surrogate(int32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdfff;
}

/* @at is behind "\u". */
static char *read_character(hk_json_document *document, char **to, char *at)
{
	int32_t high = read_unit(at);
	int32_t low;
	uint32_t character;

	if (high < 0)
		return fail(
		    document, at, "four hexadecimal digits are expected after \\u");
	character = (uint32_t) high;
	at += 4;
	if (is_surrogate(high)) {
		low = at[0] == '\\' && at[1] == 'u' ? read_unit(at + 2) : -1;
		if (high >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
			return fail(document, at - 6,
			    "a surrogate stands alone; a character beyond U+FFFF is a "
			    "pair of them");
		character = 0x10000 + ((uint32_t) (high - 0xd800) << 10) +
			    (uint32_t) (low - 0xdc00);
		at += 6;
	}
	*to += hki_utf8_encode(*to, character);
	return at;
}

/* @at is behind the backslash. */
static char *read_escape(hk_json_document *document, char **to, char *at)
{
	static const char short_forms[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

	if (*at == 'u')
		return read_character(document, to, at + 1);
	for (const char *form = short_forms; *form != '\0'; form += 2) {
		if (*at == form[0]) {
			*(*to)++ = form[1];
			return at + 1;
		}
	}
	return fail(document, at - 1, "there is no such escape");
}

/* Pass a run of characters that are not ASCII. */
static char *read_wide(hk_json_document *document, char *at)
{
	const char *end = document->text + document->length;

	while ((unsigned char) *at >= 0x80) {
		size_t used = hki_utf8_check(at, (size_t) (end - at));

		if (used == 0)
			return fail(document, at, "this is not UTF-8");
		at += used;
	}
	return at;
}

static char *fail_control(hk_json_document *document, const char *at)
{
	return fail(document, at,
	    *at == '\n'
		? "a string ends on the line it begins on; a line feed in it is \\n"
		: "a control character in a string must be escaped");
}

char *hki_json_read_string(
    hk_json_document *document, char *begin, char *at, uint32_t *out_length)
{
	char *to = at;

	while (*at != '"') {
		char *from = at;

		if (*at == '\\') {
			at = read_escape(document, &to, at + 1);
			from = at;
		} else if ((unsigned char) *at >= 0x80) {
			at = read_wide(document, at);
		} else {
			return fail_control(document, at);
		}
		if (at == NULL)
			return NULL;
		at = hki_scan_plain(at);
		if (to != from)
			memmove(to, from, (size_t) (at - from));
		to += at - from;
	}
	*to = '\0';
	*out_length = (uint32_t) (to - begin);
	return at + 1;
}
