#include "base/utf8.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <cmocka.h>
#include "base/array.h"
#include "base/random.h"

/* Well-formed by the definition instead of by the table: the shortest form of a number
 * that is a character.  Returns its length, or 0. */
static size_t length_by_definition(uint32_t *out, const unsigned char *at, size_t length)
{
	static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t wanted = at[0] < 0x80             ? 1
			: (at[0] & 0xe0) == 0xc0 ? 2
			: (at[0] & 0xf0) == 0xe0 ? 3
			: (at[0] & 0xf8) == 0xf0 ? 4
						 : 0;
	uint32_t character;

	if (wanted == 0 || wanted > length)
		return 0;
	character = wanted == 1 ? at[0] : at[0] & (0x7fU >> wanted);
	for (size_t i = 1; i < wanted; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (at[i] & 0x3f);
	}
	if (character < smallest[wanted] || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return 0;
	*out = character;
	return wanted;
}

static void check_against_definition(const unsigned char *bytes, size_t length)
{
	uint32_t expected = 0xfffd;
	uint32_t character = 0;
	size_t by_definition = length_by_definition(&expected, bytes, length);
	size_t used = hki_utf8_decode(&character, bytes, length);

	if (character != expected || (by_definition > 0 && used != by_definition) ||
	    used < 1 || used > length)
		fail_msg("%02x %02x %02x %02x (%zu): U+%04X in %zu, not U+%04X in %zu",
		    bytes[0], bytes[1], bytes[2], bytes[3], length,
		    (unsigned int) character, used, (unsigned int) expected,
		    by_definition);
	if (by_definition == length && !hki_utf8_valid(bytes, length))
		fail_msg("U+%04X is called invalid", (unsigned int) expected);
	if (by_definition == 0 && hki_utf8_valid(bytes, length))
		fail_msg("%02x %02x %02x %02x (%zu) is called valid", bytes[0], bytes[1],
		    bytes[2], bytes[3], length);
}

static void all_short_sequences_agree_with_the_definition(void **state)
{
	(void) state;
	for (unsigned int i = 0; i < 0x1000000; i += i < 0x800000 ? 257 : 1) {
		const unsigned char bytes[4] = { (unsigned char) (i >> 16),
			(unsigned char) (i >> 8), (unsigned char) i, 0x80 };

		for (size_t length = 1; length <= 4; length++)
			check_against_definition(bytes, length);
	}
}

static void every_character_survives_the_round_trip(void **state)
{
	(void) state;
	for (uint32_t character = 0; character <= 0x10ffff; character++) {
		char bytes[HKI_UTF8_MAX];
		uint32_t decoded;
		size_t length = hki_utf8_encode(bytes, character);
		bool surrogate = character >= 0xd800 && character < 0xe000;

		if (hki_utf8_decode(&decoded, bytes, length) != length ||
		    decoded != (surrogate ? 0xfffd : character))
			fail_msg("U+%04X came back as U+%04X", (unsigned int) character,
			    (unsigned int) decoded);
	}
}

static void what_is_no_character_is_encoded_as_the_replacement(void **state)
{
	char bytes[HKI_UTF8_MAX];

	(void) state;
	assert_int_equal(3, hki_utf8_encode(bytes, 0x110000));
	assert_memory_equal("\xef\xbf\xbd", bytes, 3);
	assert_int_equal(3, hki_utf8_encode(bytes, UINT32_MAX));
	assert_memory_equal("\xef\xbf\xbd", bytes, 3);
}

/* The decoded characters of @text, as "61 fffd". */
static const char *characters_of(char *out, size_t capacity, const char *text)
{
	size_t length = strlen(text);
	size_t written = 0;

	out[0] = '\0';
	while (length > 0) {
		uint32_t character;
		size_t used = hki_utf8_decode(&character, text, length);

		written += (size_t) snprintf(out + written, capacity - written, "%s%x",
		    written > 0 ? " " : "", (unsigned int) character);
		text += used;
		length -= used;
	}
	return out;
}

/* Where the standard (chapter 3, tables 3-8 to 3-11) puts replacement characters. */
static void ill_formed_text_is_replaced_by_maximal_subparts(void **state)
{
	static const struct {
		const char *text;
		const char *characters;
	} cases[] = {
		/* overlong forms */
		{ "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41",
		    "fffd fffd fffd fffd fffd fffd fffd fffd 41" },
		/* surrogates */
		{ "\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41",
		    "fffd fffd fffd fffd fffd fffd fffd fffd 41" },
		/* beyond U+10FFFF, bytes that never occur, lone continuations */
		{ "\xf4\x91\x92\x93\xff\x41\x80\xbf\x42",
		    "fffd fffd fffd fffd fffd 41 fffd fffd 42" },
		/* sequences that break off */
		{ "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "fffd fffd fffd fffd 41" },
		{ "\xf0\x9f\x98", "fffd" },
		{ "a\xc3", "61 fffd" },
		{ "\xc3\x28", "fffd 28" },
		{ "\xf5\x80", "fffd fffd" },
	};
	char text[100];

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		assert_string_equal(cases[i].characters,
		    characters_of(text, sizeof(text), cases[i].text));
		assert_false(hki_utf8_valid(cases[i].text, strlen(cases[i].text)));
	}
}

static void well_formed_text_is_valid(void **state)
{
	static const char text[] = "plain, \0 grüße, 日本語, \U0001f600";

	(void) state;
	assert_true(hki_utf8_valid(text, sizeof(text)));
	assert_true(hki_utf8_valid(NULL, 0));
}

static void widths_are_those_of_a_terminal(void **state)
{
	static const struct {
		uint32_t character;
		int width;
	} cases[] = {
		{ 0, 0 },    /* NUL */
		{ '\n', 0 }, /* control characters move, they take no column */
		{ 'a', 1 },
		{ 0x7f, 0 },
		{ 0xe9, 1 },   /* é */
		{ 0xad, 1 },   /* soft hyphen, drawn as a hyphen */
		{ 0x301, 0 },  /* combining acute accent */
		{ 0x200b, 0 }, /* zero width space */
		{ 0x200d, 0 }, /* zero width joiner */
		{ 0xfe0f, 0 }, /* variation selector */
		{ 0x1100, 2 }, /* leading Hangul consonant */
		{ 0x1161, 0 }, /* Hangul vowel, joins the consonant */
		{ 0x2026, 1 }, /* … */
		{ 0x2588, 1 }, /* █ */
		{ 0x3000, 2 }, /* ideographic space */
		{ 0x65e5, 2 }, /* 日 */
		{ 0xac00, 2 }, /* 가 */
		{ 0xff21, 2 }, /* Ａ */
		{ 0xff71, 1 }, /* ｱ, half width */
		{ 0xfffd, 1 },
		{ 0x1f600, 2 }, /* emoji */
		{ 0x20000, 2 },
		{ 0x3fffd, 2 },
		{ 0xe0100, 0 }, /* variation selector */
		{ 0x10ffff, 1 },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++)
		if (hki_utf8_width(cases[i].character) != cases[i].width)
			fail_msg("U+%04X has width %d, not %d",
			    (unsigned int) cases[i].character,
			    hki_utf8_width(cases[i].character), cases[i].width);
}

/* libc knows another version of Unicode, so a few new characters may differ. */
static void widths_agree_with_libc(void **state)
{
	const int allowed = 200;
	int different = 0;

	(void) state;
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
		print_message("# skipped: this libc has no locale C.UTF-8\n");
		return;
	}
	for (uint32_t character = 0; character <= 0x10ffff; character++) {
		int width = wcwidth((wchar_t) character);

		different += width >= 0 && width != hki_utf8_width(character);
	}
	setlocale(LC_CTYPE, "C");
	assert_in_range(different, 0, allowed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_short_sequences_agree_with_the_definition),
		cmocka_unit_test(every_character_survives_the_round_trip),
		cmocka_unit_test(what_is_no_character_is_encoded_as_the_replacement),
		cmocka_unit_test(ill_formed_text_is_replaced_by_maximal_subparts),
		cmocka_unit_test(well_formed_text_is_valid),
		cmocka_unit_test(widths_are_those_of_a_terminal),
		cmocka_unit_test(widths_agree_with_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
