/*
 * Whole numbers of any length as text.  Converting to decimal takes time by the
 * square of the length, so what is longer than people read is hexadecimal, which
 * JavaScript's BigInt() reads as well.
 */
#include "ipc/node_value.h"

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>

/* In decimal up to here: 1,233 digits. */
enum { DECIMAL_BYTES = 512, DECIMAL_DIGITS = 1234, WORDS = DECIMAL_BYTES / 4 + 1 };

/* Divide by 10^9 in place and return the rest. */
static uint32_t divide(uint32_t *words, size_t *count)
{
	uint64_t rest = 0;

	for (size_t i = *count; i-- > 0;) {
		rest = rest << 32 | words[i];
		words[i] = (uint32_t) (rest / 1000000000);
		rest %= 1000000000;
	}
	while (*count > 0 && words[*count - 1] == 0)
		--*count;
	return (uint32_t) rest;
}

static int format_decimal(hki_buffer *out, const unsigned char *bytes, size_t length)
{
	uint32_t words[WORDS] = { 0 };
	char digits[DECIMAL_DIGITS + 9];
	char *at = digits + sizeof(digits);
	size_t count = (length + 3) / 4;

	for (size_t i = 0; i < length; i++)
		words[i / 4] |= (uint32_t) bytes[i] << 8 * (i % 4);
	do {
		uint32_t rest = divide(words, &count);

		for (int i = 0; i < 9; i++, rest /= 10)
			*--at = (char) ('0' + rest % 10);
	} while (count > 0);
	while (at < digits + sizeof(digits) - 1 && *at == '0')
		at++;
	return hki_buffer_append(out, at, (size_t) (digits + sizeof(digits) - at));
}

static int format_hexadecimal(hki_buffer *out, const unsigned char *bytes, size_t length)
{
	static const char letters[] = "0123456789abcdef";
	int r = hki_buffer_append_text(out, "0x");

	for (size_t i = length; r == 0 && i-- > 0;) {
		char pair[2] = { letters[bytes[i] >> 4], letters[bytes[i] & 15] };
		/* No zero in front. */
		size_t skip = i == length - 1 && pair[0] == '0';

		r = hki_buffer_append(out, pair + skip, sizeof(pair) - skip);
	}
	return r;
}

int hki_node_bigint_format(
    hki_buffer *out, const unsigned char *bytes, size_t length, bool negative)
{
	int r = negative ? hki_buffer_append_char(out, '-') : 0;

	while (length > 0 && bytes[length - 1] == 0)
		length--;
	if (r < 0)
		return r;
	return length <= DECIMAL_BYTES ? format_decimal(out, bytes, length)
				       : format_hexadecimal(out, bytes, length);
}

/* ---- reading ---- */

/* Multiply by 10 and add, as far as the words reach. */
static void multiply_add(uint32_t *words, size_t *count, uint32_t digit)
{
	uint64_t carry = digit;

	for (size_t i = 0; i < *count; i++) {
		carry += (uint64_t) words[i] * 10;
		words[i] = (uint32_t) carry;
		carry >>= 32;
	}
	if (carry > 0)
		words[(*count)++] = (uint32_t) carry;
}

static int pad(hki_buffer *out, size_t length)
{
	static const char zeroes[8];

	return hki_buffer_append(out, zeroes, -length & 7);
}

static int parse_decimal(hki_buffer *out, const char *text, size_t length)
{
	uint32_t words[WORDS + 1] = { 0 };
	size_t count = 0;
	int r = 0;

	while (length > 1 && *text == '0') {
		text++;
		length--;
	}
	if (length >= DECIMAL_DIGITS)
		return HK_ELIMIT;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return HK_EPARSE;
		multiply_add(words, &count, (uint32_t) (text[i] - '0'));
	}
	for (size_t i = 0; r == 0 && i < count; i++) {
		char bytes[4] = { (char) words[i], (char) (words[i] >> 8),
			(char) (words[i] >> 16), (char) (words[i] >> 24) };

		r = hki_buffer_append(out, bytes, sizeof(bytes));
	}
	return r < 0 ? r : pad(out, count * 4);
}

static int nibble(char letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	if (letter >= 'a' && letter <= 'f')
		return letter - 'a' + 10;
	if (letter >= 'A' && letter <= 'F')
		return letter - 'A' + 10;
	return -1;
}

static int parse_hexadecimal(hki_buffer *out, const char *text, size_t length)
{
	size_t bytes = (length + 1) / 2;
	int r = 0;

	for (size_t i = 0; r == 0 && i < bytes; i++) {
		int low = nibble(text[length - 1 - 2 * i]);
		int high = 2 * i + 1 < length ? nibble(text[length - 2 - 2 * i]) : 0;

		if (low < 0 || high < 0)
			return HK_EPARSE;
		r = hki_buffer_append_char(out, (char) (high << 4 | low));
	}
	return r < 0 ? r : pad(out, bytes);
}

int hki_node_bigint_parse(
    hki_buffer *out, bool *negative, const char *text, size_t length)
{
	bool minus = length > 0 && *text == '-';
	size_t before = out->length;
	int r;

	text += minus;
	length -= minus;
	if (length == 0)
		return HK_EPARSE;
	if (length > 2 && text[0] == '0' && text[1] == 'x')
		r = parse_hexadecimal(out, text + 2, length - 2);
	else
		r = parse_decimal(out, text, length);
	if (r == 0)
		*negative = minus && out->length > before;
	else
		hki_buffer_truncate(out, before);
	return r;
}
