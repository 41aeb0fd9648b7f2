#ifndef HKI_BASE_BASE64_H
#define HKI_BASE_BASE64_H

#include "base/buffer.h"

/* Append @bytes in base64 (RFC 4648, section 4, with padding).  0 or -ENOMEM. */
int hki_base64_append(hki_buffer *buffer, const void *bytes, size_t length);

#endif /* HKI_BASE_BASE64_H */
