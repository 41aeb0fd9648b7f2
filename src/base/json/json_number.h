#ifndef HKI_BASE_JSON_NUMBER_H
#define HKI_BASE_JSON_NUMBER_H

#include <stddef.h>

/*
 * Finite doubles as decimal text, in any locale and without the heap.  Each
 * writes at most HKI_JSON_NUMBER_MAX bytes with the terminator and returns the
 * length without it.
 */
#define HKI_JSON_NUMBER_MAX 48

/* The shortest text that reads back as the same double; of those, the nearest. */
size_t hki_json_number_format(char out[HKI_JSON_NUMBER_MAX], double value);

/* At most @decimals (and at most 17) digits after the point, correctly rounded, trailing
 * zeros cut.  From 2^53 on a double has no fraction: then as hki_json_number_format(). */
size_t hki_json_decimal_format(
    char out[HKI_JSON_NUMBER_MAX], double value, unsigned int decimals);

#endif /* HKI_BASE_JSON_NUMBER_H */
