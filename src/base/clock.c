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

/* We may be kept waiting between two readings.  Of some tries the quickest counts. */
int64_t hki_clock_real_at_boot_ns(void)
{
	enum { TRIES = 3 };
	uint64_t quickest_ns = UINT64_MAX;
	int64_t at_boot_ns = 0;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before_ns = hki_clock_boot_ns();
		uint64_t real_ns = hki_clock_real_ns();
		uint64_t took_ns = hki_clock_boot_ns() - before_ns;

		if (took_ns >= quickest_ns)
			continue;
		quickest_ns = took_ns;
		at_boot_ns = (int64_t) (real_ns - before_ns - took_ns / 2);
	}
	return at_boot_ns;
}
