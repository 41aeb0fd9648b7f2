/*
 * Every variant of the scans that compiles here gives what the plain definition
 * gives, wherever the byte it looks for is.
 */
#include "base/json/scan.h"
#include "base/json/scan_portable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "base/random.h"

enum { LENGTH = 64, ROOM = LENGTH + HKI_SCAN_PADDING + 16 };

static bool is_special(char byte)
{
	unsigned char b = (unsigned char) byte;

	return b < 0x20 || b >= 0x80 || b == '"' || b == '\\';
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void check(char *text)
{
	const char *plain = text;
	const char *space = text;

	while (!is_special(*plain))
		plain++;
	while (is_space(*space))
		space++;
	assert_ptr_equal(plain, hki_scan_plain(text));
	assert_ptr_equal(plain, hki_scan_portable_plain(text));
	assert_ptr_equal(space, hki_scan_space(text));
	assert_ptr_equal(space, hki_scan_portable_space(text));
}

static void every_byte_is_told_from_every_other(void **state)
{
	(void) state;
	for (int byte = 0; byte < 256; byte++) {
		for (int at = 0; at < 40; at++) {
			char text[ROOM];

			memset(text, byte % 2 ? 'a' : ' ', LENGTH);
			memset(text + LENGTH, 0, ROOM - LENGTH);
			text[at] = (char) byte;
			check(text);
		}
	}
}

static void random_bytes_are_scanned_alike(void **state)
{
	static const char alphabet[] = " \t\n\r\"\\a!\x01\x1f\x20\x7f\x80\xff[{";
	hki_random random;

	(void) state;
	hki_random_seed(&random, 8);
	for (int round = 0; round < 20000; round++) {
		char text[ROOM] = { 0 };

		for (int i = 0; i < LENGTH; i++)
			text[i] = round % 2 ? (char) hki_random_next(&random)
					    : alphabet[hki_random_below(
						  &random, sizeof(alphabet) - 1)];
		for (int i = 0; i < LENGTH; i++)
			check(text + i);
	}
}

typedef size_t copy_fn(char *to, const char *from, size_t length);

static void check_copy(copy_fn *copy, const char *text, size_t length)
{
	char to[LENGTH + 1];
	size_t plain = 0;
	size_t copied;

	memset(to, '#', sizeof(to));
	while (plain < length && !is_special(text[plain]))
		plain++;
	copied = copy(to, text, length);
	assert_true(copied <= plain);
	/* All of it, or all but less than a step. */
	assert_true(copied == plain || length - copied < 16);
	assert_memory_equal(text, to, copied);
	assert_int_equal('#', to[length]);
}

static void plain_text_is_copied_within_its_bounds(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 9);
	for (int round = 0; round < 20000; round++) {
		size_t length = hki_random_below(&random, LENGTH);
		char text[LENGTH];

		memset(text, 'x', sizeof(text));
		if (round % 3 != 0)
			text[hki_random_below(&random, LENGTH)] =
			    (char) hki_random_next(&random);
		check_copy(hki_scan_copy_plain, text, length);
		check_copy(hki_scan_portable_copy_plain, text, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_told_from_every_other),
		cmocka_unit_test(random_bytes_are_scanned_alike),
		cmocka_unit_test(plain_text_is_copied_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
