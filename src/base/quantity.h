#ifndef HKI_BASE_QUANTITY_H
#define HKI_BASE_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Times and sizes as people write them.
 *
 * Times: a number with an optional fraction and ns, us, ms, s, m, h or d, also
 * several in a row from the largest down ("1m30s"); without a unit, seconds.
 * Sizes: a number with an optional fraction and K, M, G, T, P or E in either case,
 * optionally followed by B or iB; always powers of 1024; without a letter, bytes.
 * Spaces inside are not accepted.  What does not divide evenly is rounded up.
 *
 * Each returns 0, HK_EPARSE, or -ERANGE.
 */
int hki_duration_parse(uint64_t *out_ns, const char *text);
int hki_size_parse(uint64_t *out_bytes, const char *text);
/* A whole number, decimal, nothing around it. */
int hki_uint64_parse(uint64_t *out, const char *text);
int hki_int64_parse(int64_t *out, const char *text);

#define HKI_QUANTITY_TEXT_MAX 32

/* Short forms for tables: "1.5M", "12K", "345"; "250ms", "1.2s", "2m03s", "5d04h".
 * HKI_QUANTITY_TEXT_MAX bytes hold any of them.  Behave as snprintf(). */
size_t hki_size_format(char *out, size_t capacity, uint64_t bytes);
size_t hki_duration_format(char *out, size_t capacity, uint64_t ns);

#endif /* HKI_BASE_QUANTITY_H */
