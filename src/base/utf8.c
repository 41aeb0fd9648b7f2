/*
 * Well-formed UTF-8 is table 3-7 of the Unicode standard: the first byte says
 * how long the character is, and for four first bytes the second one has a
 * narrower range, which shuts out overlong forms, surrogates and everything
 * above U+10FFFF.  Each later byte is checked against its own range, so where
 * a sequence breaks off is where the maximal subpart ends.
 */
#include "base/utf8.h"

#define REPLACEMENT 0xfffd

typedef struct lead {
	unsigned int length; /* of the whole character; 0: no character starts so */
	uint32_t bits;       /* the first byte's share of the code point */
	unsigned char low;   /* range of the second byte */
	unsigned char high;
} lead;

static lead lead_of(unsigned char first)
{
	if (first < 0x80)
		return (lead){ 1, first, 0, 0 };
	if (first < 0xc2)
		return (lead){ 0, 0, 0, 0 };
	if (first < 0xe0)
		return (lead){ 2, first & 0x1f, 0x80, 0xbf };
	if (first < 0xf0)
		return (lead){ 3, first & 0x0f, first == 0xe0 ? 0xa0 : 0x80,
			first == 0xed ? 0x9f : 0xbf };
	if (first < 0xf5)
		return (lead){ 4, first & 0x07, first == 0xf0 ? 0x90 : 0x80,
			first == 0xf4 ? 0x8f : 0xbf };
	return (lead){ 0, 0, 0, 0 };
}

/* Decode, and say how many bytes were used; false for an ill-formed sequence. */
static bool decode(uint32_t *out, size_t *used, const unsigned char *at, size_t length)
{
	lead first = lead_of(at[0]);
	uint32_t character = first.bits;

	*used = 1;
	if (first.length == 0)
		return false;
	for (; *used < first.length; (*used)++) {
		unsigned char low = *used == 1 ? first.low : 0x80;
		unsigned char high = *used == 1 ? first.high : 0xbf;

		if (*used == length || at[*used] < low || at[*used] > high)
			return false;
		character = character << 6 | (at[*used] & 0x3f);
	}
	*out = character;
	return true;
}

bool hki_utf8_valid(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	size_t done = 0;

	while (done < length) {
		uint32_t character;
		size_t used;

		if (at[done] < 0x80) {
			done++;
			continue;
		}
		if (!decode(&character, &used, at + done, length - done))
			return false;
		done += used;
	}
	return true;
}

size_t hki_utf8_decode(uint32_t *out, const void *bytes, size_t length)
{
	size_t used;

	if (!decode(out, &used, bytes, length))
		*out = REPLACEMENT;
	return used;
}

size_t hki_utf8_check(const void *bytes, size_t length)
{
	uint32_t character;
	size_t used;

	return decode(&character, &used, bytes, length) ? used : 0;
}

size_t hki_utf8_encode(char out[HKI_UTF8_MAX], uint32_t character)
{
	if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
		character = REPLACEMENT;
	if (character < 0x80) {
		out[0] = (char) character;
		return 1;
	}
	if (character < 0x800) {
		out[0] = (char) (0xc0 | character >> 6);
		out[1] = (char) (0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000) {
		out[0] = (char) (0xe0 | character >> 12);
		out[1] = (char) (0x80 | (character >> 6 & 0x3f));
		out[2] = (char) (0x80 | (character & 0x3f));
		return 3;
	}
	out[0] = (char) (0xf0 | character >> 18);
	out[1] = (char) (0x80 | (character >> 12 & 0x3f));
	out[2] = (char) (0x80 | (character >> 6 & 0x3f));
	out[3] = (char) (0x80 | (character & 0x3f));
	return 4;
}
