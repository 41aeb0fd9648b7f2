#ifndef HKI_BASE_UTF8_H
#define HKI_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is all of it well-formed UTF-8 (Unicode 15, table 3-7)? */
bool hki_utf8_valid(const void *bytes, size_t length);

/*
 * Decode the character at @bytes (@length >= 1) into *@out and return its length
 * in bytes.  An ill-formed sequence gives U+FFFD and the length of its maximal
 * subpart, as the Unicode standard recommends.
 */
size_t hki_utf8_decode(uint32_t *out, const void *bytes, size_t length);

/* The length of the character at @bytes (@length >= 1), or 0 for an ill-formed sequence. */
size_t hki_utf8_check(const void *bytes, size_t length);

/* The longest encoding of a character, in bytes. */
#define HKI_UTF8_MAX 4

/* Encode @character, which becomes U+FFFD if there is none of that number.
 * Returns the bytes written; they are not terminated. */
size_t hki_utf8_encode(char out[HKI_UTF8_MAX], uint32_t character);

/* Columns a character takes on a terminal: 0, 1 or 2.  Needs no locale. */
int hki_utf8_width(uint32_t character);

#endif /* HKI_BASE_UTF8_H */
