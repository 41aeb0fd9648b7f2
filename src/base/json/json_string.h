#ifndef HKI_BASE_JSON_STRING_H
#define HKI_BASE_JSON_STRING_H

#include "base/buffer.h"

/*
 * Append @text as the inside of a JSON string, without the quotes: escaped
 * where RFC 8259 wants it, U+FFFD for ill-formed UTF-8.  0 or -ENOMEM.
 */
int hki_json_escape_append(hki_buffer *buffer, const char *text, size_t length);

#endif /* HKI_BASE_JSON_STRING_H */
