#ifndef HKI_BASE_FIXED_TEXT_H
#define HKI_BASE_FIXED_TEXT_H

#include <stddef.h>

/*
 * Text put together in the caller's memory, counted like snprintf(): `length`
 * is what the text wants to be, of which the first capacity - 1 bytes are kept.
 * Needs no heap.  @capacity may be 0, and @out then NULL.
 */
typedef struct hki_fixed_text {
	char *out;
	size_t capacity;
	size_t length;
} hki_fixed_text;

void hki_fixed_text_init(hki_fixed_text *text, char *out, size_t capacity);
void hki_fixed_text_append(hki_fixed_text *text, const char *bytes, size_t length);
void hki_fixed_text_append_text(hki_fixed_text *text, const char *more);
void hki_fixed_text_append_format(hki_fixed_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Bytes from outside, made safe for a terminal: control characters become \n,
 * \r, \t or \x1b, control characters beyond ASCII and those that turn the
 * direction of the line become \u202e, ill-formed UTF-8 becomes U+FFFD.
 */
void hki_fixed_text_append_printable(
    hki_fixed_text *text, const void *bytes, size_t length);

/* Terminate.  Returns the length wanted. */
size_t hki_fixed_text_end(hki_fixed_text *text);

#endif /* HKI_BASE_FIXED_TEXT_H */
