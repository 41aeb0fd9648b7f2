#ifndef HKI_BASE_CLOCK_H
#define HKI_BASE_CLOCK_H

#include <stdint.h>

#define HKI_NS_PER_US 1000ULL
#define HKI_NS_PER_MS 1000000ULL
#define HKI_NS_PER_S  1000000000ULL

/* Nanoseconds of CLOCK_MONOTONIC: the clock of every policy and timer. */
uint64_t hki_clock_monotonic_ns(void);
/* Nanoseconds of CLOCK_BOOTTIME: as start times in /proc count. */
uint64_t hki_clock_boot_ns(void);
/* Nanoseconds since 1970-01-01 UTC: only to show to people. */
uint64_t hki_clock_real_ns(void);
/* Nanoseconds from 1970-01-01 UTC to the start of the machine, as the clock of the wall
 * stands now: it moves when that is set.  Negative where the clock is wrong. */
int64_t hki_clock_real_at_boot_ns(void);

#endif /* HKI_BASE_CLOCK_H */
