#ifndef HKI_BASE_JSON_NEAREST_H
#define HKI_BASE_JSON_NEAREST_H

#include <stddef.h>
#include "base/json/decimal.h"

/*
 * The double nearest to a number of JSON, halves to even; in any locale and
 * without the heap.  What is too small becomes 0 with its sign.  Returns 0 or
 * -ERANGE.
 */
int hki_nearest_double(double *out, const char *text, size_t length);

#endif /* HKI_BASE_JSON_NEAREST_H */
