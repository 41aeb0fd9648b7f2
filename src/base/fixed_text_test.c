#include "base/fixed_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/array.h"

static void it_counts_what_does_not_fit(void **state)
{
	hki_fixed_text text;
	char out[8];

	(void) state;
	memset(out, 'x', sizeof(out));
	hki_fixed_text_init(&text, out, sizeof(out));
	assert_string_equal("", out);
	hki_fixed_text_append_text(&text, "hello");
	assert_string_equal("hello", out);
	hki_fixed_text_append_format(&text, "%d%s", 123, "world");
	assert_string_equal("hello12", out);
	hki_fixed_text_append_text(&text, "!");
	hki_fixed_text_append_format(&text, "%d", 9);
	assert_string_equal("hello12", out);
	assert_int_equal(strlen("hello123world!9"), hki_fixed_text_end(&text));
}

static void no_room_at_all_only_counts(void **state)
{
	hki_fixed_text text;

	(void) state;
	hki_fixed_text_init(&text, NULL, 0);
	hki_fixed_text_append_text(&text, "hello");
	hki_fixed_text_append_format(&text, "%d", 12);
	assert_int_equal(7, hki_fixed_text_end(&text));
}

static void bytes_from_outside_cannot_move_the_cursor(void **state)
{
	static const struct {
		const char *bytes;
		const char *shown;
	} cases[] = {
		{ "plain grüße 日本", "plain grüße 日本" },
		{ "a\nb\rc\td", "a\\nb\\rc\\td" },
		{ "\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f" },
		{ "\xc2\x9b"
		  "2J",
		    "\\u009b2J" }, /* CSI in one character */
		{ "a\xe2\x80\xae"
		  "b",
		    "a\\u202eb" }, /* right-to-left override */
		{ "a\xe2\x81\xa6"
		  "b",
		    "a\\u2066b" }, /* isolate */
		{ "a\xe2\x80\xa8"
		  "b",
		    "a\\u2028b" }, /* line separator */
		{ "\xff\xfe ok", "\xef\xbf\xbd\xef\xbf\xbd ok" },
		{ "\xe2\x80", "\xef\xbf\xbd" },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		hki_fixed_text text;
		char out[100];

		hki_fixed_text_init(&text, out, sizeof(out));
		hki_fixed_text_append_printable(
		    &text, cases[i].bytes, strlen(cases[i].bytes));
		assert_string_equal(cases[i].shown, out);
		assert_int_equal(strlen(cases[i].shown), hki_fixed_text_end(&text));
	}
}

static void nul_bytes_are_shown(void **state)
{
	hki_fixed_text text;
	char out[20];

	(void) state;
	hki_fixed_text_init(&text, out, sizeof(out));
	hki_fixed_text_append_printable(&text, "a\0b", 3);
	assert_string_equal("a\\x00b", out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_counts_what_does_not_fit),
		cmocka_unit_test(no_room_at_all_only_counts),
		cmocka_unit_test(bytes_from_outside_cannot_move_the_cursor),
		cmocka_unit_test(nul_bytes_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
