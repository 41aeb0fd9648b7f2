/*
 * What a number is worth is found when somebody asks.  Whether it is whole is a
 * question about its value, so trailing zeros of the digits are traded for the
 * power of ten before an answer is given.
 */
#include "base/json/json_document.h"

#include <errno.h>
#include "base/json/decimal.h"
#include "base/json/nearest.h"

static int check_number(const hk_json *value)
{
	if (value == NULL)
		return -ENOENT;
	return hki_json_kind(value) == HK_JSON_NUMBER ? 0 : -EINVAL;
}

/* The magnitude of a whole number. */
static int get_whole(uint64_t *out, const hki_decimal *number)
{
	uint64_t digits = number->digits;
	int64_t exponent = number->exponent;

	if (digits == 0) {
		*out = 0;
		return 0;
	}
	if (number->more) /* more than 64 bits, or a fraction behind them */
		return exponent > 0 ? -ERANGE : -EDOM;
	for (; exponent < 0 && digits % 10 == 0; exponent++)
		digits /= 10;
	if (exponent < 0)
		return -EDOM;
	for (; exponent > 0; exponent--)
		if (__builtin_mul_overflow(digits, 10, &digits))
			return -ERANGE;
	*out = digits;
	return 0;
}

static int read_whole(uint64_t *out, bool *out_negative, const hk_json *value)
{
	hki_decimal number;
	int r;

	r = check_number(value);
	if (r < 0)
		return r;
	hki_decimal_read(&number, value->as.text, value->size);
	*out_negative = number.negative;
	return get_whole(out, &number);
}

int hk_json_get_int64(int64_t *out, const hk_json *value)
{
	uint64_t magnitude;
	bool negative;
	int r;

	r = read_whole(&magnitude, &negative, value);
	if (r < 0)
		return r;
	if (magnitude > (uint64_t) INT64_MAX + negative)
		return -ERANGE;
	*out = negative ? (int64_t) -magnitude : (int64_t) magnitude;
	return 0;
}

int hk_json_get_uint64(uint64_t *out, const hk_json *value)
{
	uint64_t magnitude;
	bool negative;
	int r;

	r = read_whole(&magnitude, &negative, value);
	if (r < 0)
		return r;
	if (negative && magnitude > 0)
		return -ERANGE;
	*out = magnitude;
	return 0;
}

int hk_json_get_double(double *out, const hk_json *value)
{
	int r = check_number(value);

	return r < 0 ? r : hki_nearest_double(out, value->as.text, value->size);
}
