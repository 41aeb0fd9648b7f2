#ifndef HKI_BASE_JSON_WRITER_H
#define HKI_BASE_JSON_WRITER_H

#include <stddef.h>
#include <hostkit/json.h>

/* The two halves of the exact member beside text that is not UTF-8: the key with
 * "_base64" behind it, and bytes as a base64 string. */
void hki_json_write_key_base64(hk_json_writer *writer, const char *key);
void hki_json_write_base64(hk_json_writer *writer, const void *bytes, size_t length);

/* The first failure sticks, as if the writer had met it: for those who prepare what it
 * writes and run out of memory. */
void hki_json_writer_fail(hk_json_writer *writer, int error);

#endif /* HKI_BASE_JSON_WRITER_H */
