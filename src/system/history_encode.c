/*
 * How a sample is written: for each row that is new, gone or different one
 * operation, then a zero.  Numbers take as many bytes as they need (LEB128), and
 * differences are folded so that small negative ones are small (zigzag).
 *
 *     operation  = varint((slot + 1) << 2 | kind) …
 *     gone       : nothing more
 *     new        : varint(key) varint(flags) words
 *     changed    : words
 *     exited     : words; the row goes after this sample
 *     words      = varint(count) varint(changed) { varint(gap) varint(difference) }
 *
 * The words of a new row are differences from zero.
 */
#include "system/history.h"

#include <errno.h>

#define VARINT_MAX 10

static size_t write_varint(unsigned char *out, uint64_t value)
{
	size_t length = 0;

	while (value >= 0x80) {
		out[length++] = (unsigned char) (value | 0x80);
		value >>= 7;
	}
	out[length++] = (unsigned char) value;
	return length;
}

static int put(hki_buffer *out, uint64_t value)
{
	unsigned char bytes[VARINT_MAX];

	return hki_buffer_append(out, bytes, write_varint(bytes, value));
}

static int put_operation(hki_buffer *out, size_t slot, unsigned int kind)
{
	return put(out, ((uint64_t) slot + 1) << 2 | kind);
}

static uint64_t word_at(const hki_history_words *words, size_t index)
{
	return words != NULL && index < words->count ? words->items[index] : 0;
}

static uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ -(difference >> 63);
}

static int put_words(
    hki_buffer *out, const hki_history_words *before, const hki_history_words *now)
{
	size_t changed = 0, gap = 0;
	unsigned char *at;
	size_t length = 0;
	int r;

	for (size_t i = 0; i < now->count; i++)
		changed += now->items[i] != word_at(before, i);
	r = hki_buffer_reserve(out, (changed + 1) * 2 * VARINT_MAX);
	if (r < 0)
		return r;
	at = (unsigned char *) out->data + out->length;
	length += write_varint(at + length, now->count);
	length += write_varint(at + length, changed);
	for (size_t i = 0; i < now->count; i++) {
		uint64_t difference = now->items[i] - word_at(before, i);

		if (difference == 0) {
			gap++;
			continue;
		}
		length += write_varint(at + length, gap);
		length += write_varint(at + length, zigzag(difference));
		gap = 0;
	}
	hki_buffer_commit(out, length);
	return 0;
}

static bool is_equal(const hki_history_words *a, const hki_history_words *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i] != b->items[i])
			return false;
	return true;
}

int hki_history_encode_gone(hki_buffer *out, size_t slot)
{
	return put_operation(out, slot, HKI_HISTORY_GONE);
}

int hki_history_encode_row(hki_buffer *out, size_t slot, bool is_new, uint64_t key,
    unsigned int flags, const hki_history_words *before, const hki_history_words *now)
{
	bool exited = (flags & HK_SYSTEM_HISTORY_EXITED) != 0;
	int r;

	if (is_new) {
		r = put_operation(out, slot, HKI_HISTORY_NEW);
		if (r == 0)
			r = put(out, key);
		if (r == 0)
			r = put(out, flags);
		return r < 0 ? r : put_words(out, NULL, now);
	}
	if (!exited && is_equal(before, now))
		return 0;
	r = put_operation(out, slot, exited ? HKI_HISTORY_EXITED : HKI_HISTORY_CHANGED);
	return r < 0 ? r : put_words(out, before, now);
}

int hki_history_encode_end(hki_buffer *out)
{
	return put(out, 0);
}
