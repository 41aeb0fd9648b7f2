/*
 * Shortest digits of a double (R. G. Burger, R. K. Dybvig: "Printing
 * floating-point numbers quickly and accurately", 1996).
 *
 * Every real number between the midpoints to the two neighbouring doubles
 * reads back as the same double.  With whole numbers r, s and the half gaps
 * above and below, all over the same s, digits of r/s are produced until what
 * is left is smaller than a half gap: the first point where the rest may be
 * dropped (or rounded up) without leaving the interval.
 *
 * The numbers need up to 1,130 bits (whole.h).  Exact, and at a microsecond or so fast enough for the doubles that are left
 * when json_number.c has dealt with those of few digits.
 */
#include "base/json/shortest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/assert.h"
#include "base/json/whole.h"

/* The value is rest / unit; the half gaps are above / unit and below / unit. */
typedef struct scaled {
	hki_whole rest, unit, above, below;
	bool inclusive; /* the midpoints themselves read back too (round half to even) */
} scaled;

static const uint64_t hidden_bit = UINT64_C(1) << 52;

static void scale(scaled *s, uint64_t mantissa, int exponent, bool narrow_below)
{
	int up = exponent > 0 ? exponent : 0;
	int down = exponent < 0 ? -exponent : 0;
	int narrow = narrow_below ? 1 : 0;

	hki_whole_set(&s->rest, mantissa);
	hki_whole_shift_left(&s->rest, up + 1 + narrow);
	hki_whole_set(&s->unit, 1);
	hki_whole_shift_left(&s->unit, down + 1 + narrow);
	hki_whole_set(&s->above, 1);
	hki_whole_shift_left(&s->above, up + narrow);
	hki_whole_set(&s->below, 1);
	hki_whole_shift_left(&s->below, up);
	s->inclusive = mantissa % 2 == 0;
}

static void decompose(scaled *s, int *out_log2, double value)
{
	uint64_t bits;
	uint64_t mantissa;
	int biased;
	int exponent;

	memcpy(&bits, &value, sizeof(bits));
	biased = (int) (bits >> 52 & 0x7ff);
	mantissa = bits & (hidden_bit - 1);
	if (biased > 0)
		mantissa |= hidden_bit;
	exponent = (biased > 0 ? biased : 1) - 1075;
	/* Below a power of two the doubles lie twice as close. */
	scale(s, mantissa, exponent, mantissa == hidden_bit && biased > 1);
	*out_log2 = exponent + 63 - __builtin_clzll(mantissa);
}

static bool reaches_unit(const scaled *s)
{
	int order = hki_whole_compare_sum(&s->rest, &s->above, &s->unit);

	return order > 0 || (order == 0 && s->inclusive);
}

static bool is_within_below(const scaled *s)
{
	int order = hki_whole_compare(&s->rest, &s->below);

	return order < 0 || (order == 0 && s->inclusive);
}

static void multiply_value(scaled *s, int power)
{
	hki_whole_multiply_power_of_ten(&s->rest, power);
	hki_whole_multiply_power_of_ten(&s->above, power);
	hki_whole_multiply_power_of_ten(&s->below, power);
}

/* ceil(log2 * log10(2)): the decimal exponent, or one less. */
static int estimate_exponent(int log2)
{
	const int64_t log10_of_2 = INT64_C(301029995663981); /* x 10^15, rounded down */
	const int64_t one = INT64_C(1000000000000000);
	int64_t product = log2 * log10_of_2;

	return (int) (product > 0 ? (product + one - 1) / one : product / one);
}

/* Bring the value into [1/10, 1) x 10, ready for the first digit; return the exponent. */
static int normalize(scaled *s, int log2)
{
	int exponent = estimate_exponent(log2);

	if (exponent >= 0)
		hki_whole_multiply_power_of_ten(&s->unit, exponent);
	else
		multiply_value(s, -exponent);
	if (reaches_unit(s))
		return exponent + 1;
	multiply_value(s, 1);
	return exponent;
}

static unsigned char next_digit(scaled *s)
{
	unsigned char digit = 0;

	for (; hki_whole_compare(&s->rest, &s->unit) >= 0; digit++)
		hki_whole_subtract(&s->rest, &s->unit);
	return digit;
}

void hki_shortest_digits(hki_decimal_digits *out, double value)
{
	scaled s;
	int log2;
	bool low;
	bool high;

	decompose(&s, &log2, value);
	out->exponent = normalize(&s, log2);
	out->count = 0;
	for (;;) {
		unsigned char digit = next_digit(&s);

		low = is_within_below(&s);
		high = reaches_unit(&s);
		hki_assert(out->count <= HKI_SHORTEST_DIGITS_MAX);
		if (low && high)
			high = hki_whole_compare_sum(&s.rest, &s.rest, &s.unit) >= 0;
		out->digits[out->count++] = (unsigned char) (digit + (high ? 1 : 0));
		if (low || high)
			return;
		multiply_value(&s, 1);
	}
}
