/*
 * Digits are counted as they come: each one before the decimal point moves the
 * point up, each zero between the point and the first significant digit moves
 * it down.  So a number may be written in any way, and as long as it likes.
 */
#include "base/json/decimal.h"

/* Far beyond any length of text that could bring such a number back. */
#define EXPONENT_LIMIT INT64_C(1000000000000)

void hki_decimal_reader_init(hki_decimal_reader *reader, const char *text, size_t length)
{
	*reader = (hki_decimal_reader){ .at = text, .end = text + length };
	if (*text == '-')
		reader->at++;
}

int hki_decimal_reader_next(hki_decimal_reader *reader)
{
	for (; reader->at < reader->end; reader->at++) {
		int digit = *reader->at - '0';

		if (*reader->at == '.') {
			reader->behind_point = true;
			continue;
		}
		if (digit < 0 || digit > 9)
			return -1;
		reader->significant |= digit != 0;
		if (reader->significant && !reader->behind_point)
			reader->point++;
		if (!reader->significant && reader->behind_point)
			reader->point--;
		if (reader->significant) {
			reader->at++;
			return digit;
		}
	}
	return -1;
}

int64_t hki_decimal_reader_point(const hki_decimal_reader *reader)
{
	const char *at = reader->at;
	int64_t exponent = 0;
	bool negative = false;

	if (at == reader->end)
		return reader->point;
	at++; /* the e */
	if (*at == '+' || *at == '-')
		negative = *at++ == '-';
	for (; at < reader->end; at++)
		if (exponent < EXPONENT_LIMIT)
			exponent = exponent * 10 + (*at - '0');
	return reader->point + (negative ? -exponent : exponent);
}

void hki_decimal_read(hki_decimal *out, const char *text, size_t length)
{
	hki_decimal_reader reader;
	int64_t taken = 0;
	bool full = false;
	int digit;

	hki_decimal_reader_init(&reader, text, length);
	out->digits = 0;
	out->more = false;
	out->negative = *text == '-';
	while ((digit = hki_decimal_reader_next(&reader)) >= 0) {
		uint64_t longer;

		full |= __builtin_mul_overflow(out->digits, 10, &longer) ||
			__builtin_add_overflow(longer, (uint64_t) digit, &longer);
		if (!full) {
			out->digits = longer;
			taken++;
		} else {
			out->more |= digit != 0;
		}
	}
	out->exponent = hki_decimal_reader_point(&reader) - taken;
}
