/*
 * Numbers as /proc prints them: decimal, between blanks.  They are read millions
 * of times, so there is no strtoull() with its locale and its prefixes; and they
 * come from outside, so one that does not fit is refused rather than cut.
 */
#include "system/process_parse.h"

#include <hostkit/error.h>

static void skip_blanks(hki_words *words)
{
	while (words->at < words->end &&
	       (*words->at == ' ' || *words->at == '\t' || *words->at == '\n'))
		words->at++;
}

/* Digits where we stand. */
static bool digits(hki_words *words, uint64_t *out)
{
	const char *begin = words->at;
	const char *at = begin;
	uint64_t value = 0;
	/* Nineteen digits always fit. */
	const char *safe = words->end - begin > 19 ? begin + 19 : words->end;

	for (; at < safe && (unsigned char) (*at - '0') <= 9; at++)
		value = value * 10 + (unsigned char) (*at - '0');
	for (; at < words->end && (unsigned char) (*at - '0') <= 9; at++)
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(
			value, (uint64_t) (unsigned char) (*at - '0'), &value))
			return false;
	words->at = at;
	*out = value;
	return at != begin;
}

/* A number is a whole word: "0-1" is none. */
static bool is_at_end(const hki_words *words)
{
	return words->at == words->end || *words->at == ' ' || *words->at == '\t' ||
	       *words->at == '\n';
}

bool hki_words_digits(hki_words *words, uint64_t *out)
{
	skip_blanks(words);
	return digits(words, out);
}

bool hki_words_unsigned(hki_words *words, uint64_t *out)
{
	return hki_words_digits(words, out) && is_at_end(words);
}

bool hki_words_signed(hki_words *words, int64_t *out)
{
	bool negative;
	uint64_t value;

	skip_blanks(words);
	negative = words->at < words->end && *words->at == '-';
	if (negative)
		words->at++;
	if (!digits(words, &value) || value > INT64_MAX || !is_at_end(words))
		return false;
	*out = negative ? -(int64_t) value : (int64_t) value;
	return true;
}

int hki_number_parse(int64_t *out, const char *text, size_t length)
{
	hki_words words = { text, text + length };

	return hki_words_signed(&words, out) ? 0 : HK_EPARSE;
}
