/*
 * The double nearest to a decimal number.
 *
 * A number of few digits and a small power of ten is one exact multiplication
 * or division.  Otherwise digits and power are multiplied with 128 bits, which
 * leaves an error of a few units in the last of them (or, where digits were
 * dropped, of one in the 19th digit).  That decides nearly always on which side
 * of the midpoint between two doubles the number lies; where it does not, the
 * two are compared exactly.  The idea is W. D. Clinger's ("How to read floating
 * point numbers accurately", 1990); powers of five are enough, since a power of
 * two only moves the binary point.
 */
#include "base/json/nearest.h"

#include <errno.h>
#include <string.h>
#include "base/array.h"
#include "base/json/whole.h"
#include "base/uint128.h"

/* Up to here every whole number is a double, and so is every power of ten up to 10^22. */
#define EXACT_DIGITS_MAX (UINT64_C(1) << 53)
#define EXACT_POWER_MAX  22

/* Beyond these, 64 bits of digits give infinity, or less than half the smallest double. */
#define EXPONENT_MIN (-343)
#define EXPONENT_MAX 308

#define MANTISSA_BITS 53
#define NORMAL_MIN    (-1022) /* 2^NORMAL_MIN is the smallest of all mantissa bits */
#define INFINITE      (UINT64_C(0x7ff) << 52)
/* A midpoint between doubles has no more significant digits: what follows these counts
 * only as "a little more". */
#define EXACT_DIGITS_READ 800

/* 5^(COARSE_STEP * k) lies in [M, M + 1) * 2^exponent, where M = high * 2^64 + low and its
 * highest bit is set; from k = COARSE_FIRST on. */
#define COARSE_STEP  28
#define COARSE_FIRST (-13)
static const struct coarse_power {
	uint64_t high;
	uint64_t low;
	int exponent;
} coarse_powers[] = {
	{ UINT64_C(0xe1afa13afbd14d6d), UINT64_C(0x82189c09a3a1ec21), -973 },
	{ UINT64_C(0xe3e27a444d8d98b7), UINT64_C(0xfd1b1b2308169b25), -908 },
	{ UINT64_C(0xe61acf033d1a45df), UINT64_C(0x6fb92487298e33bd), -843 },
	{ UINT64_C(0xe858ad248f5c22c9), UINT64_C(0xd1b3400f8f9cff68), -778 },
	{ UINT64_C(0xea9c227723ee8bcb), UINT64_C(0x465e15a979c1cadc), -713 },
	{ UINT64_C(0xece53cec4a314ebd), UINT64_C(0xa4f8bf5635246428), -648 },
	{ UINT64_C(0xef340a98172aace4), UINT64_C(0x86fb897116c87c34), -583 },
	{ UINT64_C(0xf18899b1bc3f8ca1), UINT64_C(0xdc44e6c3cb279ac1), -518 },
	{ UINT64_C(0xf3e2f893dec3f126), UINT64_C(0x5a89dba3c3efccfa), -453 },
	{ UINT64_C(0xf64335bcf065d37d), UINT64_C(0x4d4617b5ff4a16d5), -388 },
	{ UINT64_C(0xf8a95fcf88747d94), UINT64_C(0x75a44c6397ce912a), -323 },
	{ UINT64_C(0xfb158592be068d2e), UINT64_C(0xeed6e2f0f0d56712), -258 },
	{ UINT64_C(0xfd87b5f28300ca0d), UINT64_C(0x8bca9d6e188853fc), -193 },
	{ UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000), -127 },
	{ UINT64_C(0x813f3978f8940984), UINT64_C(0x4000000000000000), -62 },
	{ UINT64_C(0x82818f1281ed449f), UINT64_C(0xbff8f10e7a8921a4), 3 },
	{ UINT64_C(0x83c7088e1aab65db), UINT64_C(0x792667c6da79e0fa), 68 },
	{ UINT64_C(0x850fadc09923329e), UINT64_C(0x03e2cf6bc604ddb0), 133 },
	{ UINT64_C(0x865b86925b9bc5c2), UINT64_C(0x0b8a2392ba45a9b2), 198 },
	{ UINT64_C(0x87aa9aff79042286), UINT64_C(0x90fb44d2f05d0842), 263 },
	{ UINT64_C(0x88fcf317f22241e2), UINT64_C(0x441fece3bdf81f03), 328 },
	{ UINT64_C(0x8a5296ffe33cc92f), UINT64_C(0x82bd6b70d99aaa6f), 393 },
	{ UINT64_C(0x8bab8eefb6409c1a), UINT64_C(0x1ad089b6c2f7548e), 458 },
	{ UINT64_C(0x8d07e33455637eb2), UINT64_C(0xdb0b487b6423e1e8), 523 },
	{ UINT64_C(0x8e679c2f5e44ff8f), UINT64_C(0x570f09eaa7ea7648), 588 },
};

static const uint64_t fine_powers[COARSE_STEP] = {
	UINT64_C(1),
	UINT64_C(5),
	UINT64_C(25),
	UINT64_C(125),
	UINT64_C(625),
	UINT64_C(3125),
	UINT64_C(15625),
	UINT64_C(78125),
	UINT64_C(390625),
	UINT64_C(1953125),
	UINT64_C(9765625),
	UINT64_C(48828125),
	UINT64_C(244140625),
	UINT64_C(1220703125),
	UINT64_C(6103515625),
	UINT64_C(30517578125),
	UINT64_C(152587890625),
	UINT64_C(762939453125),
	UINT64_C(3814697265625),
	UINT64_C(19073486328125),
	UINT64_C(95367431640625),
	UINT64_C(476837158203125),
	UINT64_C(2384185791015625),
	UINT64_C(11920928955078125),
	UINT64_C(59604644775390625),
	UINT64_C(298023223876953125),
	UINT64_C(1490116119384765625),
	UINT64_C(7450580596923828125),
};

static const double powers_of_ten[EXACT_POWER_MAX + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5,
	1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
	1e20, 1e21, 1e22 };

/* [bits, bits + slack) * 2^exponent, the highest of 128 bits set. */
typedef struct approximation {
	hki_uint128 bits;
	hki_uint128 slack;
	int exponent;
} approximation;

/* a * b / 2^64, normalized.  What is cut off is one more unit of slack. */
static approximation multiply(approximation a, uint64_t b)
{
	int unused = __builtin_clzll(b);
	hki_uint128 high;
	hki_uint128 low;

	b <<= unused;
	high = (hki_uint128) (uint64_t) (a.bits >> 64) * b;
	low = (hki_uint128) (uint64_t) a.bits * b;
	a.bits = high + (low >> 64);
	a.slack += 1;
	a.exponent += 64 - unused;
	if (a.bits >> 127 == 0) {
		a.bits <<= 1;
		a.slack <<= 1;
		a.exponent--;
	}
	return a;
}

static approximation approximate(const hki_decimal *number)
{
	int exponent = (int) number->exponent;
	int step = (exponent - COARSE_FIRST * COARSE_STEP) / COARSE_STEP;
	const struct coarse_power *coarse = &coarse_powers[step];
	approximation value = { (hki_uint128) coarse->high << 64 | coarse->low, 1,
		coarse->exponent };

	value =
	    multiply(value, fine_powers[exponent - (COARSE_FIRST + step) * COARSE_STEP]);
	value = multiply(value, number->digits);
	value.exponent += exponent; /* the twos in the tens */
	/* The digits may be almost one more than we know. */
	if (number->more)
		value.slack += (hki_uint128) 1 << (65 + __builtin_clzll(number->digits));
	return value;
}

/* The digits as one whole number, with a 1 behind them for whatever is cut off. */
static int64_t read_all_digits(hki_whole *out, const char *text, size_t length)
{
	hki_decimal_reader reader;
	int count = 0;
	int digit;

	hki_whole_set(out, 0);
	hki_decimal_reader_init(&reader, text, length);
	while (count < EXACT_DIGITS_READ &&
	       (digit = hki_decimal_reader_next(&reader)) >= 0) {
		hki_whole_multiply(out, 10, (uint32_t) digit);
		count++;
	}
	while ((digit = hki_decimal_reader_next(&reader)) == 0)
		continue;
	if (digit > 0) {
		hki_whole_multiply(out, 10, 1);
		count++;
		while (hki_decimal_reader_next(&reader) >= 0)
			continue;
	}
	return hki_decimal_reader_point(&reader) - count;
}

/* Is the number above the midpoint (mantissa + 1/2) * 2^exponent, or on it and the
 * mantissa odd? */
static bool is_nearer_above(
    uint64_t mantissa, int exponent, const char *text, size_t length)
{
	hki_whole number;
	hki_whole midpoint;
	int power = (int) read_all_digits(&number, text, length);
	int order;

	hki_whole_set(&midpoint, 2 * mantissa + 1);
	exponent--;
	if (power >= 0)
		hki_whole_multiply_power_of_ten(&number, power);
	else
		hki_whole_multiply_power_of_ten(&midpoint, -power);
	if (exponent >= 0)
		hki_whole_shift_left(&midpoint, exponent);
	else
		hki_whole_shift_left(&number, -exponent);
	order = hki_whole_compare(&number, &midpoint);
	return order > 0 || (order == 0 && mantissa % 2 == 1);
}

/* The bits of the double nearest to the number, as if there were no largest one. */
static uint64_t round_to_double(
    const hki_decimal *number, const char *text, size_t length)
{
	approximation value = approximate(number);
	int log2 = value.exponent + 127;
	int kept =
	    log2 >= NORMAL_MIN ? MANTISSA_BITS : MANTISSA_BITS - (NORMAL_MIN - log2);
	uint64_t biased = log2 >= NORMAL_MIN ? (uint64_t) (log2 - NORMAL_MIN) : 0;
	uint64_t mantissa;
	hki_uint128 rest;
	hki_uint128 half;

	if (kept < 0)
		return 0;
	mantissa = kept > 0 ? (uint64_t) (value.bits >> (128 - kept)) : 0;
	half = (hki_uint128) 1 << (127 - kept);
	rest = value.bits & (half | (half - 1));
	if (rest <= half && half - rest < value.slack) {
		int exponent = value.exponent + 128 - kept;

		mantissa += is_nearer_above(mantissa, exponent, text, length);
	} else {
		mantissa += rest > half;
	}
	/* The hidden bit, and the carry of rounding up, count into the exponent. */
	return (biased << 52) + mantissa;
}

static int find_magnitude(
    double *out, const hki_decimal *number, const char *text, size_t length)
{
	uint64_t bits;

	if (number->digits == 0 || number->exponent < EXPONENT_MIN) {
		*out = 0;
		return 0;
	}
	if (number->exponent > EXPONENT_MAX)
		return -ERANGE;
	bits = round_to_double(number, text, length);
	if (bits >= INFINITE)
		return -ERANGE;
	memcpy(out, &bits, sizeof(*out));
	return 0;
}

int hki_nearest_double(double *out, const char *text, size_t length)
{
	hki_decimal number;
	double value;
	int r = 0;

	hki_decimal_read(&number, text, length);
	if (number.digits <= EXACT_DIGITS_MAX && !number.more &&
	    number.exponent >= -EXACT_POWER_MAX && number.exponent <= EXACT_POWER_MAX) {
		value = (double) number.digits;
		if (number.exponent >= 0)
			value *= powers_of_ten[number.exponent];
		else
			value /= powers_of_ten[-number.exponent];
	} else {
		r = find_magnitude(&value, &number, text, length);
	}
	if (r < 0)
		return r;
	*out = number.negative ? -value : value;
	return 0;
}
