#ifndef HKI_BASE_JSON_DECIMAL_H
#define HKI_BASE_JSON_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A number of JSON as digits and a power of ten.  The text has the form of a
 * number already; only its worth is found here.
 */
typedef struct hki_decimal {
	uint64_t digits; /* the first significant ones, as many as fit */
	int64_t
	    exponent; /* the number is digits * 10^exponent, and a bit if there are … */
	bool more;    /* … further digits that are not all zero */
	bool negative;
} hki_decimal;

void hki_decimal_read(hki_decimal *out, const char *text, size_t length);

/* The significant digits one by one, without leading zeros. */
typedef struct hki_decimal_reader {
	const char *at;
	const char *end;
	int64_t point; /* digits before the decimal point, less zeros behind it */
	bool behind_point;
	bool significant;
} hki_decimal_reader;

void hki_decimal_reader_init(hki_decimal_reader *reader, const char *text, size_t length);

/* 0 … 9, or -1 when there are no more. */
int hki_decimal_reader_next(hki_decimal_reader *reader);

/* When all digits were read: the number is 0.digits * 10^point. */
int64_t hki_decimal_reader_point(const hki_decimal_reader *reader);

#endif /* HKI_BASE_JSON_DECIMAL_H */
