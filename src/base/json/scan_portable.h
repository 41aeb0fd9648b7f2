#ifndef HKI_BASE_JSON_SCAN_PORTABLE_H
#define HKI_BASE_JSON_SCAN_PORTABLE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Eight bytes at a time in an ordinary register, for processors without a file
 * of their own.  scan.h tells what the functions promise.
 *
 * The highest bit of each byte answers for it.  A borrow can make a byte answer
 * wrongly only above one that answered rightly, so the lowest answer is exact;
 * the first byte of the text must therefore be the lowest of the word.
 */
#define HKI_SCAN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t hki_scan_portable_load(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return le64toh(word);
}

static inline uint64_t hki_scan_portable_equal(uint64_t word, unsigned char byte)
{
	uint64_t differing = word ^ HKI_SCAN_EACH(byte);

	return (differing - HKI_SCAN_EACH(1)) & ~differing & HKI_SCAN_EACH(0x80);
}

/* Control characters, the quote, the backslash, and whatever is not ASCII. */
static inline uint64_t hki_scan_portable_special(uint64_t word)
{
	uint64_t control = (word - HKI_SCAN_EACH(0x20)) & ~word;

	return ((control | word) & HKI_SCAN_EACH(0x80)) |
	       hki_scan_portable_equal(word, '"') | hki_scan_portable_equal(word, '\\');
}

static inline const char *hki_scan_portable_plain(const char *at)
{
	for (;; at += sizeof(uint64_t)) {
		uint64_t special = hki_scan_portable_special(hki_scan_portable_load(at));

		if (special != 0)
			return at + __builtin_ctzll(special) / 8;
	}
}

static inline const char *hki_scan_portable_space(const char *at)
{
	while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
		at++;
	return at;
}

static inline size_t hki_scan_portable_copy_plain(
    char *to, const char *from, size_t length)
{
	size_t done = 0;

	for (; length - done >= sizeof(uint64_t); done += sizeof(uint64_t)) {
		uint64_t special =
		    hki_scan_portable_special(hki_scan_portable_load(from + done));

		memcpy(to + done, from + done, sizeof(uint64_t));
		if (special != 0)
			return done + (size_t) __builtin_ctzll(special) / 8;
	}
	return done;
}

#endif /* HKI_BASE_JSON_SCAN_PORTABLE_H */
