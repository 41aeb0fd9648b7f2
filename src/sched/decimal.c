/*
 * Decimal numbers of any form ("12", "0.4", "3e2") as whole multiples of a power of
 * ten, exactly: 0.4 ms is 400000 ns, and never 399999.
 */
#include <errno.h>
#include "base/uint128.h"
#include "sched/reader.h"

/* Beyond so many digits a number is out of reach, or has fractions nobody means. */
#define VALUE_MAX    ((hki_uint128) 1 << 120)
#define EXPONENT_MAX 10000

typedef struct decimal {
	hki_uint128 value;
	int exponent; /* of ten */
	bool negative;
	bool too_long;
} decimal;

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Digits from *@at on; each moves the exponent by @step.  How many there were. */
static size_t read_digits(decimal *out, const char **at, const char *end, int step)
{
	const char *first = *at;

	for (; *at < end && is_digit(**at); (*at)++) {
		if (out->value < VALUE_MAX / 16)
			out->value = out->value * 10 + (hki_uint128) (**at - '0');
		else
			out->too_long = true;
		out->exponent += step;
	}
	return (size_t) (*at - first);
}

static bool read_exponent(decimal *out, const char **at, const char *end)
{
	bool negative = false;
	int exponent = 0;
	const char *first;

	(*at)++;
	if (*at < end && (**at == '-' || **at == '+'))
		negative = *(*at)++ == '-';
	first = *at;
	for (; *at < end && is_digit(**at); (*at)++)
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (**at - '0');
	out->exponent += negative ? -exponent : exponent;
	return *at > first;
}

static bool read_decimal(decimal *out, const char *text, size_t length)
{
	const char *at = text;
	const char *end = text + length;
	size_t digits;

	if (at < end && *at == '-') {
		out->negative = true;
		at++;
	}
	digits = read_digits(out, &at, end, 0);
	if (at < end && *at == '.') {
		at++;
		digits += read_digits(out, &at, end, -1);
	}
	if (digits == 0)
		return false;
	if (at < end && (*at == 'e' || *at == 'E') && !read_exponent(out, &at, end))
		return false;
	return at == end;
}

/* Bring the exponent to nought.  0, -EDOM or -ERANGE. */
static int level(decimal *number)
{
	for (; number->exponent > 0 && number->value > 0; number->exponent--) {
		if (number->value >= VALUE_MAX / 16)
			return -ERANGE;
		number->value *= 10;
	}
	for (; number->exponent < 0 && number->value > 0; number->exponent++) {
		if (number->value % 10 != 0)
			return -EDOM;
		number->value /= 10;
	}
	return 0;
}

int hki_sched_decimal(int64_t *out, const char *text, size_t length, int scale)
{
	decimal number = { .exponent = scale };
	int r;

	if (!read_decimal(&number, text, length))
		return -EINVAL;
	if (number.too_long)
		return -ERANGE;
	r = level(&number);
	if (r < 0)
		return r;
	if (number.value > INT64_MAX)
		return -ERANGE;
	*out = number.negative ? -(int64_t) number.value : (int64_t) number.value;
	return 0;
}
