#ifndef HKI_BASE_JSON_WHOLE_H
#define HKI_BASE_JSON_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Exact whole numbers of up to 4,096 bits, for the conversions between doubles
 * and decimals.  The largest that these meet is 800 digits, or a midpoint
 * between two of the smallest doubles, over a common denominator: below 3,900
 * bits.
 */
#define HKI_WHOLE_WORDS 128

/* words[0] is the lowest; words from count on are not valid, words[count - 1] is not 0. */
typedef struct hki_whole {
	int count;
	uint32_t words[HKI_WHOLE_WORDS];
} hki_whole;

void hki_whole_set(hki_whole *number, uint64_t value);
/* number * factor + addend */
void hki_whole_multiply(hki_whole *number, uint32_t factor, uint32_t addend);
void hki_whole_multiply_power_of_ten(hki_whole *number, int power);
void hki_whole_shift_left(hki_whole *number, int bits);
void hki_whole_add(hki_whole *to, const hki_whole *number);
/* @number <= @from. */
void hki_whole_subtract(hki_whole *from, const hki_whole *number);
/* Below, at or above 0: @a is less than, equal to or more than @b. */
int hki_whole_compare(const hki_whole *a, const hki_whole *b);
/* The same for @a + @b and @with. */
int hki_whole_compare_sum(const hki_whole *a, const hki_whole *b, const hki_whole *with);

#endif /* HKI_BASE_JSON_WHOLE_H */
