#ifndef HKI_BASE_JSON_STRING_H
#define HKI_BASE_JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"
#include "base/json/scan.h"

/* Does @byte stand for itself in a string, and is it ASCII? */
static inline bool hki_json_is_plain(char byte)
{
	return (unsigned char) byte >= 0x20 && (unsigned char) byte < 0x80 &&
	       byte != '"' && byte != '\\';
}

/* Copy the plain text at the beginning of @text; returns how much that is. */
static inline size_t hki_json_copy_plain(char *to, const char *text, size_t length)
{
	size_t done = hki_scan_copy_plain(to, text, length);

	for (; done < length && hki_json_is_plain(text[done]); done++)
		to[done] = text[done];
	return done;
}

/*
 * Append @text as the inside of a JSON string, without the quotes: escaped
 * where RFC 8259 wants it, U+FFFD for ill-formed UTF-8.  0 or -ENOMEM.
 */
int hki_json_escape_append(hki_buffer *buffer, const char *text, size_t length);

#endif /* HKI_BASE_JSON_STRING_H */
