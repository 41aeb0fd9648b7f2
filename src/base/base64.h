#ifndef HKI_BASE_BASE64_H
#define HKI_BASE_BASE64_H

#include "base/buffer.h"

/* Append @bytes in base64 (RFC 4648, section 4, with padding).  0 or -ENOMEM. */
int hki_base64_append(hki_buffer *buffer, const void *bytes, size_t length);

/*
 * Append the bytes that @text means.  Strict: padding is required, white space and bits
 * that mean nothing are refused.  0, HK_EPARSE (nothing is appended) or -ENOMEM.
 */
int hki_base64_decode(hki_buffer *buffer, const char *text, size_t length);

#endif /* HKI_BASE_BASE64_H */
