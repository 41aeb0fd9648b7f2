#include "base/quantity.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/clock.h"

#define S   HKI_NS_PER_S
#define KIB UINT64_C(1024)

typedef struct parse_case {
	const char *text;
	int result;
	uint64_t value;
} parse_case;

static void check_parse(
    int (*parse)(uint64_t *, const char *), const parse_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t untouched = 4242;
		uint64_t value = untouched;
		int r = parse(&value, cases[i].text);

		if (r != cases[i].result)
			fail_msg("'%s' gives %s, not %s", cases[i].text, hk_error_name(r),
			    hk_error_name(cases[i].result));
		if (value != (r == 0 ? cases[i].value : untouched))
			fail_msg("'%s' gives %llu, not %llu", cases[i].text,
			    (unsigned long long) value,
			    (unsigned long long) cases[i].value);
	}
}

static void times_are_read(void **state)
{
	static const parse_case cases[] = {
		{ "0", 0, 0 },
		{ "10", 0, 10 * S },
		{ "1.5", 0, 3 * S / 2 },
		{ "10s", 0, 10 * S },
		{ "250ms", 0, S / 4 },
		{ "7us", 0, 7000 },
		{ "7ns", 0, 7 },
		{ "2m", 0, 120 * S },
		{ "1h", 0, 3600 * S },
		{ "1d", 0, 86400 * S },
		{ "1m30s", 0, 90 * S },
		{ "1d2h3m4s5ms6us7ns", 0, 93784 * S + 5006007 },
		{ "1.5h", 0, 5400 * S },
		{ "0.1s", 0, S / 10 },
		{ "00.50s", 0, S / 2 },
		{ "18446744073709551615ns", 0, UINT64_MAX },
		{ "18446744073.709551615", 0, UINT64_MAX },
		/* Never less than asked for, never zero by accident. */
		{ "0.1ns", 0, 1 },
		{ "1.0000000001", 0, S + 1 },
	};

	(void) state;
	check_parse(hki_duration_parse, cases, HKI_COUNT(cases));
}

static void what_is_no_time_is_refused(void **state)
{
	static const parse_case cases[] = {
		{ "", HK_EPARSE, 0 },
		{ "s", HK_EPARSE, 0 },
		{ ".5s", HK_EPARSE, 0 },
		{ "5.s", HK_EPARSE, 0 },
		{ "-1s", HK_EPARSE, 0 },
		{ "+1s", HK_EPARSE, 0 },
		{ " 1s", HK_EPARSE, 0 },
		{ "1s ", HK_EPARSE, 0 },
		{ "1 s", HK_EPARSE, 0 },
		{ "1x", HK_EPARSE, 0 },
		{ "1S", HK_EPARSE, 0 },
		{ "1sec", HK_EPARSE, 0 },
		{ "1m30", HK_EPARSE, 0 },
		{ "1s1m", HK_EPARSE, 0 },
		{ "1h1h", HK_EPARSE, 0 },
		{ "1e3", HK_EPARSE, 0 },
		{ "0x10", HK_EPARSE, 0 },
		{ "1.2.3", HK_EPARSE, 0 },
		{ "nan", HK_EPARSE, 0 },
		{ "18446744073709551616ns", -ERANGE, 0 },
		{ "18446744074", -ERANGE, 0 },
		{ "213504d", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "18446744073s1000000000ns", -ERANGE, 0 },
	};

	(void) state;
	check_parse(hki_duration_parse, cases, HKI_COUNT(cases));
}

static void sizes_are_read(void **state)
{
	static const parse_case cases[] = {
		{ "0", 0, 0 },
		{ "512", 0, 512 },
		{ "512B", 0, 512 },
		{ "512b", 0, 512 },
		{ "1K", 0, KIB },
		{ "1k", 0, KIB },
		{ "1KB", 0, KIB },
		{ "1kb", 0, KIB },
		{ "1KiB", 0, KIB },
		{ "512M", 0, 512 * KIB * KIB },
		{ "1.5G", 0, 3 * KIB * KIB * KIB / 2 },
		{ "2T", 0, 2 * KIB * KIB * KIB * KIB },
		{ "3P", 0, 3 * KIB * KIB * KIB * KIB * KIB },
		{ "15E", 0, 15 * (UINT64_C(1) << 60) },
		{ "0.1K", 0, 103 },
		{ "0.3333333333333333333333333K", 0, 342 },
		{ "18446744073709551615", 0, UINT64_MAX },
	};

	(void) state;
	check_parse(hki_size_parse, cases, HKI_COUNT(cases));
}

static void what_is_no_size_is_refused(void **state)
{
	static const parse_case cases[] = {
		{ "", HK_EPARSE, 0 },
		{ "K", HK_EPARSE, 0 },
		{ "-1", HK_EPARSE, 0 },
		{ "1 K", HK_EPARSE, 0 },
		{ "1Ki", HK_EPARSE, 0 },
		{ "1iB", HK_EPARSE, 0 },
		{ "1KBB", HK_EPARSE, 0 },
		{ "1KK", HK_EPARSE, 0 },
		{ "1Z", HK_EPARSE, 0 },
		{ "1.", HK_EPARSE, 0 },
		{ "16E", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "17179869184G", -ERANGE, 0 },
	};

	(void) state;
	check_parse(hki_size_parse, cases, HKI_COUNT(cases));
}

static void whole_numbers_are_read_whole(void **state)
{
	static const parse_case cases[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "184467440737095516150", -ERANGE, 0 },
		{ "", HK_EPARSE, 0 },
		{ "-1", HK_EPARSE, 0 },
		{ "+1", HK_EPARSE, 0 },
		{ "1x", HK_EPARSE, 0 },
		{ "99999999999999999999x", HK_EPARSE, 0 },
		{ "1.0", HK_EPARSE, 0 },
		{ " 1", HK_EPARSE, 0 },
	};

	(void) state;
	check_parse(hki_uint64_parse, cases, HKI_COUNT(cases));
}

static void signed_numbers_reach_both_ends(void **state)
{
	int64_t value = 0;

	(void) state;
	assert_int_equal(0, hki_int64_parse(&value, "9223372036854775807"));
	assert_true(value == INT64_MAX);
	assert_int_equal(0, hki_int64_parse(&value, "-9223372036854775808"));
	assert_true(value == INT64_MIN);
	assert_int_equal(0, hki_int64_parse(&value, "-0"));
	assert_true(value == 0);
	assert_int_equal(-ERANGE, hki_int64_parse(&value, "9223372036854775808"));
	assert_int_equal(-ERANGE, hki_int64_parse(&value, "-9223372036854775809"));
	assert_int_equal(HK_EPARSE, hki_int64_parse(&value, "--1"));
	assert_int_equal(HK_EPARSE, hki_int64_parse(&value, "-"));
	assert_true(value == 0);
}

typedef struct format_case {
	uint64_t value;
	const char *text;
} format_case;

static void check_format(
    size_t (*format)(char *, size_t, uint64_t), const format_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[HKI_QUANTITY_TEXT_MAX];
		char cut[3] = "xx";
		size_t length = format(text, sizeof(text), cases[i].value);

		assert_string_equal(cases[i].text, text);
		assert_int_equal(strlen(cases[i].text), length);
		assert_int_equal(length, format(cut, sizeof(cut), cases[i].value));
		assert_int_equal('\0', cut[2]);
		assert_int_equal(length, format(NULL, 0, cases[i].value));
	}
}

static void sizes_are_shown_short(void **state)
{
	static const format_case cases[] = {
		{ 0, "0" },
		{ 345, "345" },
		{ 1023, "1023" },
		{ 1024, "1.0K" },
		{ 1536, "1.5K" },
		{ 12 * KIB, "12K" },
		{ 10188, "9.9K" },
		{ 10189, "10K" }, /* 9.95 rounds to 10.0 */
		{ 1023 * KIB + 511, "1023K" },
		{ 1023 * KIB + 512, "1.0M" },
		{ 3 * KIB * KIB / 2, "1.5M" },
		{ 100 * KIB * KIB * KIB, "100G" },
		{ UINT64_MAX, "16E" },
	};

	(void) state;
	check_format(hki_size_format, cases, HKI_COUNT(cases));
}

static void times_are_shown_short(void **state)
{
	static const format_case cases[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 999, "999ns" },
		{ 1000, "1.0us" },
		{ 12345, "12us" },
		{ 999499, "999us" },
		{ 999500, "1.0ms" },
		{ 250 * HKI_NS_PER_MS, "250ms" },
		{ 999499999, "999ms" },
		{ 999500000, "1.0s" },
		{ 1200 * HKI_NS_PER_MS, "1.2s" },
		{ 59949999999, "59.9s" },
		{ 59950000000, "1m00s" },
		{ 123 * S, "2m03s" },
		{ 3599 * S + 999999999, "59m59s" },
		{ 3600 * S, "1h00m" },
		{ 86399 * S, "23h59m" },
		{ 5 * 86400 * S + 4 * 3600 * S, "5d04h" },
		{ UINT64_MAX, "213503d23h" },
	};

	(void) state;
	check_format(hki_duration_format, cases, HKI_COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(whole_numbers_are_read_whole),
		cmocka_unit_test(signed_numbers_reach_both_ends),
		cmocka_unit_test(sizes_are_shown_short),
		cmocka_unit_test(times_are_shown_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
