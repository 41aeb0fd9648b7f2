#include "base/json/json_number.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/array.h"
#include "base/random.h"

static void known_numbers_have_their_known_forms(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ -1.5, "-1.5" },
		{ 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 123.456, "123.456" },
		{ 100, "100" },
		{ 1e15, "1000000000000000" },
		{ 1e17, "100000000000000000" },
		{ 999999999999999872.0, "999999999999999900" },
		{ 1e18, "1e18" },
		{ 1.2345e20, "1.2345e20" },
		{ 1.5e300, "1.5e300" },
		{ 0.000001, "0.000001" },
		{ 0.00000123, "0.00000123" },
		{ 1e-7, "1e-7" },
		{ 9007199254740991, "9007199254740991" },
		{ 9007199254740992.0, "9007199254740992" },
		{ DBL_MAX, "1.7976931348623157e308" },
		{ DBL_MIN, "2.2250738585072014e-308" },
		{ 4.9406564584124654e-324, "5e-324" },
		/* 16 digits rounded do not read back, other 16 digits do. */
		{ 0x1p-44, "5.684341886080802e-14" },
		/* Known to trip printers that are nearly right. */
		{ 9.5367431640625e-7, "9.5367431640625e-7" },
		{ 5e22, "5e22" },
		{ 2.2250738585072011e-308, "2.225073858507201e-308" },
		{ 1.8014398509481984e16, "18014398509481984" },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		char text[HKI_JSON_NUMBER_MAX];
		size_t length = hki_json_number_format(text, cases[i].value);

		assert_string_equal(cases[i].text, text);
		assert_int_equal(strlen(text), length);
	}
}

/* Digits from the first that is not zero to the last that is not. */
static int significant_digits(const char *text)
{
	int count = 0;
	int zeros = 0;

	for (; *text != '\0' && *text != 'e'; text++) {
		if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
			continue;
		zeros = *text == '0' ? zeros + 1 : 0;
		count++;
	}
	return count - zeros;
}

/* How many digits printf() needs for a text that reads back. */
static int digits_of_libc(double value)
{
	for (int digits = 1; digits < 17; digits++) {
		char text[40];

		snprintf(text, sizeof(text), "%.*e", digits - 1, value);
		if (strtod(text, NULL) == value)
			return digits;
	}
	return 17;
}

static double any_double(hki_random *random, int round)
{
	uint64_t bits = hki_random_next(random);
	double value;

	if (round % 4 == 1)
		bits &= ~UINT64_C(0xffffffff); /* few bits set */
	if (round % 4 == 2)
		return (double) (int64_t) bits / (double) (1 + (bits & 0xffff));
	if (round % 4 == 3)
		return (double) (bits >> 40) / 1000;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void numbers_read_back_and_are_the_shortest(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 2024);
	for (int round = 0; round < 50000; round++) {
		char text[HKI_JSON_NUMBER_MAX];
		double value = any_double(&random, round);

		if (!isfinite(value))
			continue;
		hki_json_number_format(text, value);
		if (strtod(text, NULL) != value)
			fail_msg("%.17g became %s", value, text);
		if (significant_digits(text) > digits_of_libc(value))
			fail_msg("%s has more digits than libc's %.*e", text,
			    digits_of_libc(value) - 1, value);
	}
}

static void powers_of_two_and_ten_read_back(void **state)
{
	char text[HKI_JSON_NUMBER_MAX];

	(void) state;
	for (int power = -1074; power < 1024; power++) {
		double value = ldexp(1, power);

		hki_json_number_format(text, value);
		assert_true(strtod(text, NULL) == value);
		value = nextafter(value, 0);
		hki_json_number_format(text, value);
		assert_true(strtod(text, NULL) == value);
	}
	for (int power = -323; power < 309; power++) {
		char source[16];
		double value;

		snprintf(source, sizeof(source), "1e%d", power);
		value = strtod(source, NULL);
		hki_json_number_format(text, value);
		assert_true(strtod(text, NULL) == value);
		assert_int_equal(1, significant_digits(text));
	}
}

/* printf()'s rounding, with the zeros at the end cut off. */
static void decimal_by_libc(
    char *out, size_t capacity, double value, unsigned int decimals)
{
	size_t length;

	snprintf(out, capacity, "%.*f", (int) decimals, value);
	length = strlen(out);
	while (decimals > 0 && out[length - 1] == '0')
		length--;
	if (decimals > 0 && out[length - 1] == '.')
		length--;
	out[length] = '\0';
	if (strcmp(out, "-0") == 0)
		strcpy(out, "0");
}

static void decimals_are_rounded_as_libc_rounds(void **state)
{
	static const double special[] = { 0, -0.0, 0.5, 1.5, 2.5, 0.125, 0.375, 1.005,
		0.05, 99.995, 0.999999, 1e-20, 5e-324, -0.001, 9007199254740991.0,
		4503599627370495.5, 1.7e9 + 0.123456 };
	hki_random random;

	(void) state;
	hki_random_seed(&random, 4);
	for (size_t i = 0; i < 50000; i++) {
		unsigned int decimals = (unsigned int) hki_random_below(&random, 18);
		int scale = (int) hki_random_below(&random, 80) - 30;
		double value = i < HKI_COUNT(special) * 18
				   ? special[i / 18]
				   : ldexp(hki_random_fraction(&random) - 0.5, scale);
		char expected[100];
		char text[HKI_JSON_NUMBER_MAX];

		if (i < HKI_COUNT(special) * 18)
			decimals = i % 18;
		decimal_by_libc(expected, sizeof(expected), value, decimals);
		hki_json_decimal_format(text, value, decimals);
		if (strcmp(expected, text) != 0)
			fail_msg("%.17g with %u decimals: %s, not %s", value, decimals,
			    text, expected);
	}
}

static void huge_decimals_have_no_fraction_to_show(void **state)
{
	char text[HKI_JSON_NUMBER_MAX];

	(void) state;
	hki_json_decimal_format(text, 1e300, 3);
	assert_string_equal("1e300", text);
	hki_json_decimal_format(text, -9007199254740994, 3);
	assert_string_equal("-9007199254740994", text);
	hki_json_decimal_format(text, 0.1, 1000);
	assert_string_equal("0.10000000000000001", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_numbers_have_their_known_forms),
		cmocka_unit_test(numbers_read_back_and_are_the_shortest),
		cmocka_unit_test(powers_of_two_and_ten_read_back),
		cmocka_unit_test(decimals_are_rounded_as_libc_rounds),
		cmocka_unit_test(huge_decimals_have_no_fraction_to_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
