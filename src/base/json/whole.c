/*
 * Words of 32 bits, so that a product of two fits the next larger type.
 */
#include "base/json/whole.h"

#include <string.h>
#include "base/assert.h"

void hki_whole_set(hki_whole *number, uint64_t value)
{
	number->words[0] = (uint32_t) value;
	number->words[1] = (uint32_t) (value >> 32);
	number->count = value >> 32 != 0 ? 2 : value != 0;
}

void hki_whole_multiply(hki_whole *number, uint32_t factor, uint32_t addend)
{
	uint64_t carry = addend;

	for (int i = 0; i < number->count; i++) {
		carry += (uint64_t) number->words[i] * factor;
		number->words[i] = (uint32_t) carry;
		carry >>= 32;
	}
	if (carry != 0) {
		hki_assert(number->count < HKI_WHOLE_WORDS);
		number->words[number->count++] = (uint32_t) carry;
	}
}

void hki_whole_multiply_power_of_ten(hki_whole *number, int power)
{
	for (; power >= 9; power -= 9)
		hki_whole_multiply(number, 1000000000, 0);
	for (; power > 0; power--)
		hki_whole_multiply(number, 10, 0);
}

void hki_whole_shift_left(hki_whole *number, int bits)
{
	int words = bits / 32;

	if (number->count == 0)
		return;
	hki_assert(number->count + words < HKI_WHOLE_WORDS);
	memmove(number->words + words, number->words,
	    (size_t) number->count * sizeof(number->words[0]));
	memset(number->words, 0, (size_t) words * sizeof(number->words[0]));
	number->count += words;
	hki_whole_multiply(number, UINT32_C(1) << (bits % 32), 0);
}

int hki_whole_compare(const hki_whole *a, const hki_whole *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (int i = a->count - 1; i >= 0; i--)
		if (a->words[i] != b->words[i])
			return a->words[i] < b->words[i] ? -1 : 1;
	return 0;
}

void hki_whole_add(hki_whole *to, const hki_whole *number)
{
	uint64_t carry = 0;

	for (int i = 0; i < number->count || i < to->count || carry != 0; i++) {
		hki_assert(i < HKI_WHOLE_WORDS);
		carry += i < to->count ? to->words[i] : 0;
		carry += i < number->count ? number->words[i] : 0;
		to->words[i] = (uint32_t) carry;
		carry >>= 32;
		if (i >= to->count)
			to->count = i + 1;
	}
}

void hki_whole_subtract(hki_whole *from, const hki_whole *number)
{
	int64_t borrow = 0;

	for (int i = 0; i < from->count; i++) {
		borrow += from->words[i];
		borrow -= i < number->count ? number->words[i] : 0;
		from->words[i] = (uint32_t) borrow;
		borrow >>= 32;
	}
	while (from->count > 0 && from->words[from->count - 1] == 0)
		from->count--;
}

int hki_whole_compare_sum(const hki_whole *a, const hki_whole *b, const hki_whole *with)
{
	hki_whole sum;

	sum.count = a->count;
	memcpy(sum.words, a->words, (size_t) a->count * sizeof(sum.words[0]));
	hki_whole_add(&sum, b);
	return hki_whole_compare(&sum, with);
}
