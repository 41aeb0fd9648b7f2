/*
 * The three clocks, each with the one thing it is for.  None can fail on a
 * kernel hostkit runs on, so no caller has to handle that.
 */
#include "base/clock.h"

#include <time.h>
#include "base/assert.h"

static uint64_t read_ns(clockid_t clock)
{
	struct timespec now = { 0, 0 };
	int r = clock_gettime(clock, &now);

	hki_assert(r == 0);
	(void) r;
	return (uint64_t) now.tv_sec * HKI_NS_PER_S + (uint64_t) now.tv_nsec;
}

uint64_t hki_clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t hki_clock_boot_ns(void)
{
	return read_ns(CLOCK_BOOTTIME);
}

uint64_t hki_clock_real_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}
