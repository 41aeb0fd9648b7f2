#ifndef HKI_BASE_HISTOGRAM_H
#define HKI_BASE_HISTOGRAM_H

#include <stdint.h>

/*
 * A log-linear histogram of 64-bit values (after HdrHistogram, G. Tene): 64
 * buckets an octave, so a percentile is at most 1.6 % off.  Recording is a few
 * instructions; histograms of the same shape can be added.
 */
typedef struct hki_histogram hki_histogram;

hki_histogram *hki_histogram_new(void); /* NULL: no memory.  Owned */
void hki_histogram_free(hki_histogram *histogram);
void hki_histogram_record(hki_histogram *histogram, uint64_t value);
/*
 * Record a @value that was expected every @interval: the samples that the wait
 * itself swallowed (value - interval, value - 2 interval …) are added.
 */
void hki_histogram_record_expected(
    hki_histogram *histogram, uint64_t value, uint64_t interval);
void hki_histogram_add(hki_histogram *to, const hki_histogram *from);
void hki_histogram_reset(hki_histogram *histogram);
uint64_t hki_histogram_count(const hki_histogram *histogram);
uint64_t hki_histogram_min(const hki_histogram *histogram); /* 0 when empty */
uint64_t hki_histogram_max(const hki_histogram *histogram);
double hki_histogram_mean(const hki_histogram *histogram);
/* The value below or at which @percent (0 … 100) of the samples lie; 0 when empty. */
uint64_t hki_histogram_percentile(const hki_histogram *histogram, double percent);

#endif /* HKI_BASE_HISTOGRAM_H */
