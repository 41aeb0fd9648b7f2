#include "braille.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { EMPTY = 0x2800, FULL = 0x28ff };

static void the_newest_value_is_at_the_right_edge(void **state)
{
	const double values[] = { 100 };

	(void) state;
	/* The right column of the right cell is full, all else is empty. */
	assert_int_equal(EMPTY | 0xb8, top_braille_cell(values, 1, 100, 3, 1, 2, 0));
	assert_int_equal(EMPTY, top_braille_cell(values, 1, 100, 3, 1, 1, 0));
	assert_int_equal(EMPTY, top_braille_cell(values, 1, 100, 3, 1, 0, 0));
}

static void height_is_the_share_of_the_most(void **state)
{
	const double values[] = { 50, 50 };

	(void) state;
	/* Of two cells one above the other, the lower is full and the upper empty. */
	assert_int_equal(EMPTY, top_braille_cell(values, 2, 100, 1, 2, 0, 0));
	assert_int_equal(FULL, top_braille_cell(values, 2, 100, 1, 2, 0, 1));
	assert_int_equal(FULL, top_braille_cell(values, 2, 10, 1, 2, 0, 0));
}

static void a_little_is_not_nothing(void **state)
{
	const double values[] = { 0, 0.001 };

	(void) state;
	assert_int_equal(EMPTY | 0x80, top_braille_cell(values, 2, 100, 1, 1, 0, 0));
}

static void what_was_not_measured_leaves_a_gap(void **state)
{
	const double values[] = { 100, (double) NAN, 100, 100 };

	(void) state;
	assert_int_equal(EMPTY | 0x47, top_braille_cell(values, 4, 100, 2, 1, 0, 0));
	assert_int_equal(FULL, top_braille_cell(values, 4, 100, 2, 1, 1, 0));
}

static void only_as_many_values_are_shown_as_fit(void **state)
{
	const double values[] = { 100, 100, 0, 0 };

	(void) state;
	assert_int_equal(EMPTY, top_braille_cell(values, 4, 100, 1, 1, 0, 0));
}

static void ascii_has_three_steps_a_cell(void **state)
{
	const double values[] = { 0, 10, 60, 100 };

	(void) state;
	assert_int_equal(' ', top_ascii_cell(values, 4, 100, 4, 1, 0, 0));
	assert_int_equal('.', top_ascii_cell(values, 4, 100, 4, 1, 1, 0));
	assert_int_equal(':', top_ascii_cell(values, 4, 100, 4, 1, 2, 0));
	assert_int_equal('|', top_ascii_cell(values, 4, 100, 4, 1, 3, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_value_is_at_the_right_edge),
		cmocka_unit_test(height_is_the_share_of_the_most),
		cmocka_unit_test(a_little_is_not_nothing),
		cmocka_unit_test(what_was_not_measured_leaves_a_gap),
		cmocka_unit_test(only_as_many_values_are_shown_as_fit),
		cmocka_unit_test(ascii_has_three_steps_a_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
