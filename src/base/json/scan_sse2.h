#ifndef HKI_BASE_JSON_SCAN_SSE2_H
#define HKI_BASE_JSON_SCAN_SSE2_H

#include <emmintrin.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Sixteen bytes at a time, for every x86_64 processor.  scan.h tells what the
 * functions promise.
 */

static inline __m128i hki_scan_sse2_load(const char *at)
{
	return _mm_loadu_si128((const void *) at);
}

/* One bit a byte: does it end a run of plain text?  As signed numbers, control characters
 * and everything from 0x80 on are both below the space. */
static inline unsigned int hki_scan_sse2_special(__m128i bytes)
{
	__m128i found = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));

	found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
	found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
	return (unsigned int) _mm_movemask_epi8(found);
}

static inline const char *hki_scan_sse2_plain(const char *at)
{
	for (;; at += sizeof(__m128i)) {
		unsigned int special = hki_scan_sse2_special(hki_scan_sse2_load(at));

		if (special != 0)
			return at + __builtin_ctz(special);
	}
}

static inline const char *hki_scan_sse2_space(const char *at)
{
	for (;; at += sizeof(__m128i)) {
		__m128i bytes = hki_scan_sse2_load(at);
		__m128i space = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '));
		unsigned int other;

		space = _mm_or_si128(space, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
		space = _mm_or_si128(space, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
		space = _mm_or_si128(space, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')));
		other = (unsigned int) _mm_movemask_epi8(space) ^ 0xffff;
		if (other != 0)
			return at + __builtin_ctz(other);
	}
}

static inline size_t hki_scan_sse2_copy_plain(char *to, const char *from, size_t length)
{
	size_t done = 0;

	for (; length - done >= sizeof(__m128i); done += sizeof(__m128i)) {
		__m128i bytes = hki_scan_sse2_load(from + done);
		unsigned int special = hki_scan_sse2_special(bytes);

		_mm_storeu_si128((void *) (to + done), bytes);
		if (special != 0)
			return done + (size_t) __builtin_ctz(special);
	}
	if (length - done >= sizeof(__m128i) / 2) {
		/* The upper half comes as zeroes, which are special. */
		__m128i bytes = _mm_loadl_epi64((const void *) (from + done));
		unsigned int special = hki_scan_sse2_special(bytes);

		_mm_storel_epi64((void *) (to + done), bytes);
		done += (size_t) __builtin_ctz(special);
	}
	return done;
}

#endif /* HKI_BASE_JSON_SCAN_SSE2_H */
