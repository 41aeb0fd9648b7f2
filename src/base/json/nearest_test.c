/*
 * Numbers as C types: libc's strtod() is the oracle for doubles, arithmetic with
 * 128 bits that for whole numbers.
 */
#include "base/json/nearest.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/json.h>
#include "base/array.h"
#include "base/json/json_number.h"
#include "base/random.h"
#include "base/uint128.h"

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Read @text in a block of exactly its size. */
static int read_exactly(double *out, const char *text)
{
	size_t length = strlen(text);
	char *exact = malloc(length);
	int r;

	assert_non_null(exact);
	memcpy(exact, text, length);
	r = hki_nearest_double(out, exact, length);
	free(exact);
	return r;
}

static void agrees_with_strtod(const char *text)
{
	double expected = strtod(text, NULL);
	double value = -1;
	int r = read_exactly(&value, text);

	if (isinf(expected) ? r != -ERANGE
			    : r != 0 || bits_of(value) != bits_of(expected))
		fail_msg(
		    "%s is %.17g here (%d) and %.17g in libc", text, value, r, expected);
}

static void doubles_are_the_nearest(void **state)
{
	static const char *const texts[] = { "0", "-0", "0.0", "-0e5", "1", "-1", "0.1",
		"1e22", "1e23", "8.5e22", "9007199254740992", "9007199254740993",
		"9007199254740991", "9007199254740995",
		"9007199254740993.0000000000000001", "4.9e-324", "5e-324", "2.5e-324",
		"2.4703282292062327208e-324", "2.4703282292062328e-324", "2.4e-324",
		"1e-400", "-1e-400", "2.2250738585072014e-308", "2.2250738585072011e-308",
		"2.2250738585072012e-308",
		"2."
		"225073858507201136057409796709131975934819546351645648023426109724822222"
		"021076945516529523908135087914149158913039621106870086438694594645527657"
		"207407820621743379988141063267329253552286881372149012981122451451889849"
		"057222307285255133155755015914397476397983411801999323962548289017107081"
		"850690630666655994938275772572015763062690663332647565300009245888316433"
		"037779791869612049497390377829704905051080609940730262937128958950003583"
		"799967207254304360284078895771796150945516748243471030702609144621572289"
		"880258182545180325707018860872113128079512233426288368622321503775666622"
		"503982534335974568884423900265498198385487948292206894721689831099698365"
		"846814022854243330660339850886445804001034933970427567186443383770486037"
		"861622771738545623065874679014086723327636718751234567890123456789012345"
		"678901e-308",
		"1.7976931348623157e308", "1.7976931348623158e308",
		"1.7976931348623159e308",
		"179769313486231580793728971405303415079934132710037826936173778980444968"
		"292764750946649017977587207096330286416692887910946555547851940402630657"
		"488671505820681908902000708383676273854845817711531764475730270069855571"
		"366959622842914819860834936475292719074168444365510704342711559699508093"
		"042880",
		"179769313486231580793728971405303415079934132710037826936173778980444968"
		"292764750946649017977587207096330286416692887910946555547851940402630657"
		"488671505820681908902000708383676273854845817711531764475730270069855571"
		"366959622842914819860834936475292719074168444365510704342711559699508093"
		"042879.9",
		"1e308", "1e309", "-1e309", "1e999999999999999999999",
		"1e-999999999999999999999", "0e999999999999999999999",
		"123456789012345678901234567890e-20",
		"0.000000000000000000000000000000000000000000000000001",
		"100000000000000000000000000000000000000000000000000", "1448997445238699",
		"18446744073709551615", "18446744073709551616", "18446744073709551617e-5",
		"6.02214076e23", "0.3", "2.718281828459045" };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(texts); i++)
		agrees_with_strtod(texts[i]);
}

static void every_power_of_ten_is_the_nearest(void **state)
{
	char text[64];

	(void) state;
	for (int exponent = -360; exponent <= 330; exponent++) {
		for (unsigned int digits = 1; digits <= 9; digits += 2) {
			snprintf(text, sizeof(text), "%ue%d", digits, exponent);
			agrees_with_strtod(text);
			snprintf(text, sizeof(text), "%u844674407370955161e%d", digits,
			    exponent - 18);
			agrees_with_strtod(text);
			snprintf(text, sizeof(text), "%u.99999999999999999999999e%d",
			    digits, exponent);
			agrees_with_strtod(text);
		}
	}
}

static void random_texts_are_the_nearest(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 4);
	for (int i = 0; i < 200000; i++) {
		uint64_t bits = hki_random_next(&random);
		int digits = (int) hki_random_below(&random, 25);
		char text[64];

		if (i % 2 == 0)
			snprintf(text, sizeof(text), "%.*e", digits, double_of(bits));
		else
			snprintf(text, sizeof(text), "%" PRIu64 "e%d",
			    bits >> (bits % 60),
			    (int) hki_random_below(&random, 700) - 360);
		if (strpbrk(text, "ni") == NULL)
			agrees_with_strtod(text);
	}
}

/* The midpoint between a double and the next in all its digits, and what lies a hair below
 * and above it. */
static void halves_go_to_the_even_one(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 5);
	for (int i = 0; i < 3000; i++) {
		/* A long double holds the midpoint of two doubles exactly. */
		uint64_t bits = hki_random_next(&random) >> 1;
		double low = double_of(i % 3 == 0 ? bits >> 11 : bits);
		double high = double_of(bits_of(low) + 1);
		char text[1200];
		size_t end;

		if (!isfinite(high))
			continue;
		snprintf(text, sizeof(text), "%.780Le",
		    ((long double) low + (long double) high) / 2);
		agrees_with_strtod(text);
		end = (size_t) (strchr(text, 'e') - text);
		/* The last digits of 780 are zeros: change one of them. */
		text[end - 1] = '1';
		agrees_with_strtod(text);
	}
}

static void what_the_writer_writes_reads_back(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 6);
	for (int i = 0; i < 100000; i++) {
		uint64_t bits = hki_random_next(&random);
		double value = double_of(i % 4 == 0 ? bits >> 12 : bits);
		char text[HKI_JSON_NUMBER_MAX];
		double again = 0;

		if (!isfinite(value))
			continue;
		hki_json_number_format(text, value);
		assert_int_equal(0, read_exactly(&again, text));
		if (bits_of(value) != bits_of(again))
			fail_msg("%s reads as %.17g", text, again);
	}
}

/* Every digit counts, however many there are. */
static void long_numbers_are_read_to_the_last_digit(void **state)
{
	size_t length = 100000;
	char *text = malloc(length + 16);
	double value = 0;

	(void) state;
	assert_non_null(text);
	/* 2^53 + 1 lies between two doubles; one digit far away decides. */
	strcpy(text, "9007199254740993.");
	memset(text + 17, '0', length - 17);
	text[length] = '\0';
	assert_int_equal(0, read_exactly(&value, text));
	assert_true(value == 9007199254740992.0);
	text[length - 1] = '1';
	assert_int_equal(0, read_exactly(&value, text));
	assert_true(value == 9007199254740994.0);
	/* And an exponent brings back what zeros took away. */
	strcpy(text, "0.");
	memset(text + 2, '0', length - 2);
	strcpy(text + length - 5, "125e99997");
	assert_int_equal(0, read_exactly(&value, text));
	assert_true(value == 1250.0);
	free(text);
}

static hk_json_document *document;

static int new_document(void **state)
{
	(void) state;
	return hk_json_document_new(&document, NULL);
}

static int free_document(void **state)
{
	(void) state;
	hk_json_document_free(document);
	return 0;
}

static const hk_json *number(const char *text)
{
	size_t length = 0;

	assert_int_equal(0, hk_json_parse(document, text, strlen(text)));
	assert_non_null(hk_json_get_number_text(hk_json_root(document), &length));
	assert_int_equal(strlen(text), length);
	assert_memory_equal(
	    text, hk_json_get_number_text(hk_json_root(document), NULL), length);
	return hk_json_root(document);
}

static void whole_numbers_are_exact_or_refused(void **state)
{
	static const struct {
		const char *text;
		int signed_result;
		int64_t signed_value;
		int unsigned_result;
		uint64_t unsigned_value;
	} cases[] = {
		{ "0", 0, 0, 0, 0 },
		{ "-0", 0, 0, 0, 0 },
		{ "-0.0e5", 0, 0, 0, 0 },
		{ "0e99999999999999999999", 0, 0, 0, 0 },
		{ "9007199254740993", 0, 9007199254740993, 0, 9007199254740993 },
		{ "9223372036854775807", 0, INT64_MAX, 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0, 0, UINT64_C(9223372036854775808) },
		{ "-9223372036854775808", 0, INT64_MIN, -ERANGE, 0 },
		{ "-9223372036854775809", -ERANGE, 0, -ERANGE, 0 },
		{ "18446744073709551615", -ERANGE, 0, 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0, -ERANGE, 0 },
		{ "18446744073709551619", -ERANGE, 0, -ERANGE, 0 },
		{ "18446744073709551615.0", -ERANGE, 0, 0, UINT64_MAX },
		{ "184467440737095516150e-1", -ERANGE, 0, 0, UINT64_MAX },
		{ "1844674407370955161.5e1", -ERANGE, 0, 0, UINT64_MAX },
		{ "1844674407370955161.6e1", -ERANGE, 0, -ERANGE, 0 },
		{ "123456789012345678901234567890", -ERANGE, 0, -ERANGE, 0 },
		{ "-1", 0, -1, -ERANGE, 0 },
		{ "1.0", 0, 1, 0, 1 },
		{ "10e-1", 0, 1, 0, 1 },
		{ "1e3", 0, 1000, 0, 1000 },
		{ "-1.5e1", 0, -15, -ERANGE, 0 },
		{ "1e19", -ERANGE, 0, 0, UINT64_C(10000000000000000000) },
		{ "1e20", -ERANGE, 0, -ERANGE, 0 },
		{ "1e400", -ERANGE, 0, -ERANGE, 0 },
		{ "1e99999999999999999999", -ERANGE, 0, -ERANGE, 0 },
		{ "1.5", -EDOM, 0, -EDOM, 0 },
		{ "-0.1", -EDOM, 0, -EDOM, 0 },
		{ "1e-1", -EDOM, 0, -EDOM, 0 },
		{ "1e-99999999999999999999", -EDOM, 0, -EDOM, 0 },
		{ "0.99999999999999999999999999", -EDOM, 0, -EDOM, 0 },
		{ "18446744073709551615.5", -EDOM, 0, -EDOM, 0 },
		{ "1.00000000000000000000000000000001", -EDOM, 0, -EDOM, 0 },
		{ "1000000000000000000000000e-24", 0, 1, 0, 1 },
		{ "0.0000000000000000000000001e25", 0, 1, 0, 1 },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		int64_t signed_value = 77;
		uint64_t unsigned_value = 77;
		const hk_json *value = number(cases[i].text);

		if (hk_json_get_int64(&signed_value, value) != cases[i].signed_result)
			fail_msg("%s as int64", cases[i].text);
		assert_true(signed_value ==
			    (cases[i].signed_result == 0 ? cases[i].signed_value : 77));
		if (hk_json_get_uint64(&unsigned_value, value) !=
		    cases[i].unsigned_result)
			fail_msg("%s as uint64", cases[i].text);
		assert_true(
		    unsigned_value ==
		    (cases[i].unsigned_result == 0 ? cases[i].unsigned_value : 77));
	}
}

static void random_whole_numbers_are_exact(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 7);
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = hki_random_next(&random);
		int64_t expected = (int64_t) bits >> (bits % 64);
		uint64_t unsigned_value = 0;
		int64_t value = 0;
		char text[48];

		snprintf(text, sizeof(text), "%" PRId64, expected);
		assert_int_equal(0, hk_json_get_int64(&value, number(text)));
		assert_true(expected == value);
		snprintf(text, sizeof(text), "%" PRIu64 "000e-3", bits);
		assert_int_equal(0, hk_json_get_uint64(&unsigned_value, number(text)));
		assert_true(bits == unsigned_value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_are_the_nearest),
		cmocka_unit_test(every_power_of_ten_is_the_nearest),
		cmocka_unit_test(random_texts_are_the_nearest),
		cmocka_unit_test(halves_go_to_the_even_one),
		cmocka_unit_test(what_the_writer_writes_reads_back),
		cmocka_unit_test(long_numbers_are_read_to_the_last_digit),
		cmocka_unit_test(whole_numbers_are_exact_or_refused),
		cmocka_unit_test(random_whole_numbers_are_exact),
	};

	return cmocka_run_group_tests(tests, new_document, free_document);
}
