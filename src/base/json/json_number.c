/*
 * Doubles as text without printf: its decimal point follows the locale, and it
 * knows no shortest form.
 *
 * Most doubles people meet are whole or have few decimals.  If m = value * 10^k
 * is whole, below 10^15, and m / 10^k gives the value back, then the text
 * "m / 10^k" reads back as the value, for reading rounds the same quotient.
 * No other text of 15 or fewer digits does, so it is the shortest.  The rest
 * goes through shortest.c.
 */
#include "base/json/json_number.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/json/json_integer.h"
#include "base/json/shortest.h"
#include "base/uint128.h"

/* Tried for the short way; more decimals are rarely the end of it. */
#define SHORT_DECIMALS_MAX 6
#define SHORT_NUMBER_LIMIT 1e15
#define DECIMALS_MAX       17
/* From here on all doubles are whole. */
#define WHOLE_FROM 0x1p53
/* Between these powers of ten numbers are written without an exponent.  Whole numbers of
 * 18 digits fit 64 bits; longer ones would make some readers fail. */
#define PLAIN_EXPONENT_MIN (-6)
#define PLAIN_EXPONENT_MAX 18

static size_t put_zeros(char *out, int count)
{
	memset(out, '0', (size_t) count);
	return (size_t) count;
}

static size_t put_digits(char *out, const hki_decimal_digits *number, int from, int to)
{
	for (int i = from; i < to; i++)
		*out++ = (char) ('0' + number->digits[i]);
	return (size_t) (to - from);
}

/* "123000", "12.3", "0.00123" */
static size_t put_plain(char *out, const hki_decimal_digits *number)
{
	int point = number->exponent;
	size_t at = 0;

	if (point <= 0) {
		at += put_zeros(out, 1);
		out[at++] = '.';
		at += put_zeros(out + at, -point);
		return at + put_digits(out + at, number, 0, number->count);
	}
	if (point >= number->count) {
		at += put_digits(out, number, 0, number->count);
		return at + put_zeros(out + at, point - number->count);
	}
	at += put_digits(out, number, 0, point);
	out[at++] = '.';
	return at + put_digits(out + at, number, point, number->count);
}

/* "1e-7", "1.23e300" */
static size_t put_scientific(char *out, const hki_decimal_digits *number)
{
	size_t at = put_digits(out, number, 0, 1);

	if (number->count > 1) {
		out[at++] = '.';
		at += put_digits(out + at, number, 1, number->count);
	}
	return at + (size_t) snprintf(out + at, 8, "e%d", number->exponent - 1);
}

static bool find_short(hki_decimal_digits *out, double value)
{
	double power = 1;

	for (int decimals = 0; decimals <= SHORT_DECIMALS_MAX; decimals++, power *= 10) {
		double scaled = value * power;
		char text[HKI_JSON_INTEGER_MAX];
		int length;

		if (!(scaled < SHORT_NUMBER_LIMIT))
			return false;
		if (scaled != (double) (uint64_t) scaled || scaled / power != value)
			continue;
		length = (int) hki_json_integer_format(text, (uint64_t) scaled);
		out->exponent = length - decimals;
		while (text[length - 1] == '0')
			length--;
		for (int i = 0; i < length; i++)
			out->digits[i] = (unsigned char) (text[i] - '0');
		out->count = length;
		return true;
	}
	return false;
}

size_t hki_json_number_format(char out[HKI_JSON_NUMBER_MAX], double value)
{
	hki_decimal_digits number;
	size_t at = 0;

	if (__builtin_signbit(value)) {
		out[at++] = '-';
		value = -value;
	}
	if (value == 0) {
		at += put_zeros(out + at, 1);
		out[at] = '\0';
		return at;
	}
	if (!find_short(&number, value))
		hki_shortest_digits(&number, value);
	if (number.exponent > PLAIN_EXPONENT_MIN && number.exponent <= PLAIN_EXPONENT_MAX)
		at += put_plain(out + at, &number);
	else
		at += put_scientific(out + at, &number);
	out[at] = '\0';
	return at;
}

static uint64_t power_of_ten(unsigned int exponent)
{
	uint64_t power = 1;

	for (; exponent > 0; exponent--)
		power *= 10;
	return power;
}

/* @value * @factor, to the nearest whole number, halves to even.  0 <= @value < 2^53,
 * @factor < 2^57. */
static hki_uint128 multiply_rounded(double value, uint64_t factor)
{
	hki_uint128 product;
	hki_uint128 rest;
	hki_uint128 half;
	uint64_t bits;
	int shift;

	memcpy(&bits, &value, sizeof(bits));
	shift = 1075 - (int) (bits >> 52);
	if (bits >> 52 == 0 || shift >= 128) /* less than 2^-74: no decimals we show */
		return 0;
	bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	product = (hki_uint128) bits * factor;
	if (shift <= 0)
		return product;
	rest = product & (((hki_uint128) 1 << shift) - 1);
	half = (hki_uint128) 1 << (shift - 1);
	product >>= shift;
	return product + (rest > half || (rest == half && (product & 1) == 1));
}

size_t hki_json_decimal_format(
    char out[HKI_JSON_NUMBER_MAX], double value, unsigned int decimals)
{
	bool negative = __builtin_signbit(value);
	hki_uint128 scaled;
	uint64_t factor;
	int length;

	if (value >= WHOLE_FROM || value <= -WHOLE_FROM)
		return hki_json_number_format(out, value);
	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	factor = power_of_ten(decimals);
	scaled = multiply_rounded(negative ? -value : value, factor);
	/* A value that rounds to zero has no sign to show. */
	length = snprintf(out, HKI_JSON_NUMBER_MAX, "%s%llu.%0*llu",
	    negative && scaled > 0 ? "-" : "", (unsigned long long) (scaled / factor),
	    (int) decimals, (unsigned long long) (scaled % factor));
	while (out[length - 1] == '0')
		length--;
	if (out[length - 1] == '.')
		length--;
	out[length] = '\0';
	return (size_t) length;
}
