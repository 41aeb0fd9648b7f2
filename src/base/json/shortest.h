#ifndef HKI_BASE_JSON_SHORTEST_H
#define HKI_BASE_JSON_SHORTEST_H

/* 17 digits tell any two doubles apart. */
#define HKI_SHORTEST_DIGITS_MAX 17

/* A positive number 0.d1d2…dn x 10^exponent; digits are 0 … 9, the last one is not 0. */
typedef struct hki_decimal_digits {
	int count;
	int exponent;
	unsigned char digits[HKI_SHORTEST_DIGITS_MAX + 1];
} hki_decimal_digits;

/* The fewest digits that read back as @value, which is positive and finite. */
void hki_shortest_digits(hki_decimal_digits *out, double value);

#endif /* HKI_BASE_JSON_SHORTEST_H */
