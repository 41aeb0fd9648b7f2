#include "base/opts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

typedef struct old_options {
	size_t size;
	int first;
	int second;
} old_options;

typedef struct options {
	size_t size;
	int first;
	int second;
	int later;
	int latest;
} options;

static void older_callers_get_the_defaults(void **state)
{
	old_options given = { sizeof(given), 1, 2 };
	options own = { 0, 9, 9, 9, 9 };

	(void) state;
	assert_int_equal(
	    0, hki_opts_copy(&own, sizeof(own), &given, given.size, sizeof(size_t)));
	assert_int_equal(1, own.first);
	assert_int_equal(2, own.second);
	assert_int_equal(0, own.later);
	assert_int_equal(0, own.latest);
}

static void newer_callers_are_served_if_they_ask_for_nothing_new(void **state)
{
	options given = { sizeof(given), 1, 2, 0, 0 };
	old_options own = { 0, 0, 0 };

	(void) state;
	assert_int_equal(
	    0, hki_opts_copy(&own, sizeof(own), &given, given.size, sizeof(size_t)));
	assert_int_equal(2, own.second);
	given.latest = 1;
	assert_int_equal(
	    -E2BIG, hki_opts_copy(&own, sizeof(own), &given, given.size, sizeof(size_t)));
}

static void a_forgotten_init_is_an_error(void **state)
{
	options given = { 0, 0, 0, 0, 0 };
	options own;

	(void) state;
	assert_int_equal(-EINVAL,
	    hki_opts_copy(&own, sizeof(own), &given, given.size, sizeof(size_t)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(older_callers_get_the_defaults),
		cmocka_unit_test(newer_callers_are_served_if_they_ask_for_nothing_new),
		cmocka_unit_test(a_forgotten_init_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
