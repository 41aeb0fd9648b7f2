#ifndef HKI_SYSTEM_SCAN_H
#define HKI_SYSTEM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Walking through the kernel's texts without copying them and without a locale.
 * A scan is what is left to read; every call takes something off its front.  No
 * terminator is needed and none is looked for, so half a file is only a shorter
 * one.
 */
typedef struct hki_scan {
	const char *at;
	const char *end;
} hki_scan;

hki_scan hki_scan_of(const char *text, size_t length);
hki_scan hki_scan_text(const char *text); /* up to its NUL */

size_t hki_scan_length(hki_scan text);

/* The next line, without its end.  False when nothing is left. */
bool hki_scan_line(hki_scan *out, hki_scan *text);

/* The next word, between spaces and tabs.  False when there is none. */
bool hki_scan_word(hki_scan *out, hki_scan *line);

/* Up to @separator, which is taken too; the whole rest if there is none.  False when
 * nothing is left. */
bool hki_scan_until(hki_scan *out, hki_scan *line, char separator);

/* Take @text off the front, if it stands there. */
bool hki_scan_skip(hki_scan *line, const char *text);

void hki_scan_spaces(hki_scan *line);

/* Spaces and line ends off both ends. */
hki_scan hki_scan_trim(hki_scan text);

bool hki_scan_is(hki_scan text, const char *word);

/* Spaces and a decimal number; what follows it stays.  A number beyond 64 bits is
 * UINT64_MAX.  False, and nothing taken but spaces, when there is none. */
bool hki_scan_number(uint64_t *out, hki_scan *line);
bool hki_scan_signed(int64_t *out, hki_scan *line);
bool hki_scan_hex(uint64_t *out, hki_scan *line);

/* The same with an optional fraction. */
bool hki_scan_decimal(double *out, hki_scan *line);

/* Copy into @out of @capacity bytes, cut to fit and at a NUL, terminated. */
void hki_scan_copy(char *out, size_t capacity, hki_scan text);

#endif /* HKI_SYSTEM_SCAN_H */
