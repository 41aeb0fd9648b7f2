#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

static void monotonic_time_never_runs_back(void **state)
{
	uint64_t before = hki_clock_monotonic_ns();

	(void) state;
	for (int i = 0; i < 10000; i++) {
		uint64_t now = hki_clock_monotonic_ns();

		assert_true(now >= before);
		before = now;
	}
}

static void boot_time_counts_suspended_time_too(void **state)
{
	uint64_t monotonic = hki_clock_monotonic_ns();

	(void) state;
	assert_true(hki_clock_boot_ns() >= monotonic);
}

static void real_time_is_the_time_of_day(void **state)
{
	uint64_t before_s = (uint64_t) time(NULL);
	uint64_t now_s = hki_clock_real_ns() / HKI_NS_PER_S;

	(void) state;
	/* time() may be a tick behind; a second apart is the same moment. */
	assert_in_range(now_s, before_s, before_s + 60);
}

/* Whoever sets the clock between the two readings would be very unlucky. */
static void the_machine_started_so_long_ago(void **state)
{
	int64_t before_ns = (int64_t) (hki_clock_real_ns() - hki_clock_boot_ns());
	int64_t at_boot_ns = hki_clock_real_at_boot_ns();

	(void) state;
	if (llabs(at_boot_ns - before_ns) > 60 * (int64_t) HKI_NS_PER_S)
		fail_msg("expected about %lld, got %lld", (long long) before_ns,
		    (long long) at_boot_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monotonic_time_never_runs_back),
		cmocka_unit_test(boot_time_counts_suspended_time_too),
		cmocka_unit_test(real_time_is_the_time_of_day),
		cmocka_unit_test(the_machine_started_so_long_ago),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
