#ifndef HKI_BASE_JSON_INTEGER_H
#define HKI_BASE_JSON_INTEGER_H

#include <stddef.h>
#include <stdint.h>

/* The longest is UINT64_MAX. */
#define HKI_JSON_INTEGER_MAX 20

/* Write @value in decimal, without a terminator.  Returns how many bytes. */
size_t hki_json_integer_format(char out[HKI_JSON_INTEGER_MAX], uint64_t value);

#endif /* HKI_BASE_JSON_INTEGER_H */
