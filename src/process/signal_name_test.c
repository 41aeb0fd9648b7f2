/* Names of signals, there and back. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/process.h>

static void every_signal_has_a_name_that_leads_back(void **state)
{
	(void) state;
	for (int number = 1; number <= SIGRTMAX; number++) {
		const char *name = hk_signal_name(number);

		/* The C library keeps a few for itself. */
		if (number > 31 && number < SIGRTMIN) {
			assert_null(name);
			continue;
		}
		assert_non_null(name);
		assert_int_equal(number, hk_signal_number(name));
		assert_int_equal(number, hk_signal_number(name + 3));
	}
}

/* The C library's own table is the witness. */
static void names_are_those_of_the_system(void **state)
{
	(void) state;
	for (int number = 1; number < SIGRTMIN; number++) {
		const char *short_name = sigabbrev_np(number);

		if (short_name == NULL)
			continue;
		/* Where there are two names, another one may be preferred there. */
		assert_int_equal(number, hk_signal_number(short_name));
	}
}

static void a_name_may_be_written_in_many_ways(void **state)
{
	(void) state;
	assert_int_equal(SIGTERM, hk_signal_number("TERM"));
	assert_int_equal(SIGTERM, hk_signal_number("SIGTERM"));
	assert_int_equal(SIGTERM, hk_signal_number("sigterm"));
	assert_int_equal(SIGTERM, hk_signal_number("Term"));
	assert_int_equal(SIGTERM, hk_signal_number("15"));
	assert_int_equal(0, hk_signal_number("0"));
	assert_int_equal(SIGCHLD, hk_signal_number("CLD"));
	assert_int_equal(SIGIO, hk_signal_number("SIGPOLL"));
	assert_int_equal(SIGABRT, hk_signal_number("iot"));
	assert_int_equal(SIGRTMIN, hk_signal_number("RTMIN"));
	assert_int_equal(SIGRTMIN + 3, hk_signal_number("RTMIN+3"));
	assert_int_equal(SIGRTMIN + 3, hk_signal_number("sigrtmin+3"));
	assert_int_equal(SIGRTMAX, hk_signal_number("RTMAX"));
	assert_int_equal(SIGRTMAX - 2, hk_signal_number("RTMAX-2"));
	assert_string_equal("SIGRTMIN+3", hk_signal_name(SIGRTMIN + 3));
	assert_string_equal("SIGTERM", hk_signal_name(SIGTERM));
}

static void what_is_no_signal_is_refused(void **state)
{
	static const char *const names[] = { "", "SIG", "SIGSIGTERM", "TERMX", "-1",
		"+15", "65", "9999999999", "15 ", " 15", "RTMIN+", "RTMIN+99", "RTMIN-1",
		"RTMAX+1", "RTMAX-99", "RTMIN3", "NOTHING" };

	(void) state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (hk_signal_number(names[i]) != -EINVAL)
			fail_msg("'%s' gave %d", names[i], hk_signal_number(names[i]));
	assert_int_equal(-EINVAL, hk_signal_number(NULL));
	assert_null(hk_signal_name(0));
	assert_null(hk_signal_name(-1));
	assert_null(hk_signal_name(SIGRTMAX + 1));
	assert_null(hk_signal_name(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_signal_has_a_name_that_leads_back),
		cmocka_unit_test(names_are_those_of_the_system),
		cmocka_unit_test(a_name_may_be_written_in_many_ways),
		cmocka_unit_test(what_is_no_signal_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
