#include <hostkit/system_history.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/clock.h"
#include "system/history_test.h"

/* What a history keeps, and what it lets go. */

#define S HKI_NS_PER_S

typedef struct row {
	hk_record record;
	uint64_t large;
	double exact;
	const char *name;
} row;

enum { LARGE, EXACT, NAME, FIELDS };

static const hk_record_field fields[FIELDS] = {
	[LARGE] = { .name = "large",
	    .kind = HK_RECORD_UINT64,
	    .offset = offsetof(row, large) },
	[EXACT] = { .name = "exact",
	    .kind = HK_RECORD_DOUBLE,
	    .offset = offsetof(row, exact) },
	[NAME] = { .name = "name",
	    .kind = HK_RECORD_STRING,
	    .offset = offsetof(row, name) },
};

static const hk_record_type type = {
	.name = "row",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(row),
};

static row number_row(uint64_t value)
{
	row of = { .large = value, .exact = (double) value, .name = "one" };

	hk_record_set(&of.record, LARGE);
	hk_record_set(&of.record, EXACT);
	hk_record_set(&of.record, NAME);
	return of;
}

static void the_guide_keeps_a_hundred(void **state)
{
	hk_system_history *history = make_history(&type, UINT64_C(1) << 62, 0, 100);

	(void) state;
	for (uint64_t i = 0; i < 1000; i++) {
		row of = number_row(i);

		assert_int_equal(add_one(history, i * S, &of), 0);
		assert_int_equal(hk_system_history_count(history), i < 100 ? i + 1 : 100);
		assert_int_equal(
		    hk_system_history_dropped(history), i < 100 ? 0 : i - 99);
	}
	assert_int_equal(hk_system_history_time_ns(history, 0), 900 * S);
	assert_int_equal(hk_system_history_time_ns(history, 99), 999 * S);
	assert_int_equal(hk_system_history_time_ns(history, 100), 0);
	hk_system_history_free(history);
}

static void old_samples_leave(void **state)
{
	hk_system_history *history = make_history(&type, 60 * S, 0, 0);

	(void) state;
	for (uint64_t i = 0; i < 500; i++) {
		row of = number_row(i);

		assert_int_equal(add_one(history, i * S, &of), 0);
		assert_int_equal(hk_system_history_count(history), i < 61 ? i + 1 : 61);
	}
	assert_int_equal(hk_system_history_at(history, 450 * S), 11);
	assert_int_equal(hk_system_history_at(history, 450 * S + 1), 11);
	assert_int_equal(hk_system_history_at(history, 450 * S - 1), 10);
	assert_int_equal(hk_system_history_at(history, UINT64_MAX), 60);
	assert_int_equal(hk_system_history_at(history, 1 * S), -ENOENT);
	/* After a long pause only the newest is young enough. */
	{
		row of = number_row(1);

		assert_int_equal(add_one(history, 5000 * S, &of), 0);
		assert_int_equal(hk_system_history_count(history), 1);
	}
	hk_system_history_free(history);
}

/* What a machine with 700 processes costs: most of them sleep. */
static void unchanged_rows_cost_nothing(void **state)
{
	hk_system_history *history = make_history(&type, 0, 0, 0);
	uint64_t first = 0, last;

	(void) state;
	for (uint64_t s = 0; s < 60; s++) {
		assert_int_equal(hk_system_history_begin(history, s * S, 0), 0);
		for (uint64_t k = 0; k < 700; k++) {
			row of = number_row(k < 10 ? s : 7);

			assert_int_equal(hk_system_history_add(history, k, 0, &of), 0);
		}
		assert_int_equal(hk_system_history_end(history), 0);
		if (s == 0)
			first = hk_system_history_bytes(history);
	}
	last = hk_system_history_bytes(history);
	if (last - first > UINT64_C(59) * 10 * 40)
		fail_msg("59 samples of 10 changes cost %llu bytes",
		    (unsigned long long) (last - first));
	hk_system_history_free(history);
}

static void a_sample_that_is_too_large_is_dropped(void **state)
{
	hk_system_history *history = make_history(&type, 0, 20000, 0);
	int r = 0;

	(void) state;
	assert_int_equal(hk_system_history_begin(history, S, S), 0);
	for (uint64_t k = 0; k < 200; k++) {
		row of = number_row(k);

		assert_int_equal(hk_system_history_add(history, k, 0, &of), 0);
	}
	r = hk_system_history_end(history);
	assert_int_equal(r, HK_ELIMIT);
	assert_int_equal(hk_system_history_count(history), 0);
	assert_int_equal(hk_system_history_dropped(history), 1);
	{
		row of = number_row(1);

		assert_int_equal(add_one(history, 2 * S, &of), 0);
		assert_int_equal(hk_system_history_count(history), 1);
	}
	assert_true(hk_system_history_bytes(history) <= 20000);
	hk_system_history_free(history);
}

static void rows_stay_while_a_view_stands_there(void **state)
{
	hk_system_history *history = make_history(&type, UINT64_C(1) << 62, 0, 2);
	hk_system_history_view *view = NULL;
	const row *seen;

	(void) state;
	for (uint64_t i = 0; i < 2; i++) {
		row of = number_row(i);

		assert_int_equal(add_one(history, i, &of), 0);
	}
	assert_int_equal(hk_system_history_view_new(&view, history), 0);
	assert_int_equal(hk_system_history_seek(view, 0), 1);
	seen = hk_system_history_find(view, 1);
	for (uint64_t i = 2; i < 40; i++) {
		row of = number_row(i);

		assert_int_equal(add_one(history, i, &of), 0);
	}
	assert_int_equal(seen->large, 0);
	assert_string_equal(seen->name, "one");
	assert_int_equal(hk_system_history_seek(view, 1), 1);
	assert_int_equal(((const row *) hk_system_history_find(view, 1))->large, 39);
	hk_system_history_view_free(view);
	hk_system_history_free(history);
}

static void mistakes_are_refused(void **state)
{
	hk_system_history_opts opts = HK_SYSTEM_HISTORY_OPTS_INIT;
	hk_system_history *history = NULL;
	row of = number_row(1);

	(void) state;
	assert_int_equal(hk_system_history_new(&history, &opts), -EINVAL);
	history = make_history(&type, 0, 0, 0);
	assert_int_equal(hk_system_history_add(history, 1, 0, &of), -EINVAL);
	assert_int_equal(hk_system_history_end(history), -EINVAL);
	assert_int_equal(add_one(history, 100, &of), 0);
	assert_int_equal(hk_system_history_begin(history, 99, 0), -EINVAL);
	assert_int_equal(hk_system_history_begin(history, 100, 0), 0);
	assert_int_equal(hk_system_history_add(history, 1, 0, &of), 0);
	assert_int_equal(hk_system_history_add(history, 1, 0, &of), -EEXIST);
	assert_int_equal(hk_system_history_end(history), -EINVAL);
	assert_int_equal(hk_system_history_count(history), 1);
	/* A sample nobody ended is given up by the next. */
	assert_int_equal(hk_system_history_begin(history, 200, 0), 0);
	assert_int_equal(add_one(history, 300, &of), 0);
	assert_int_equal(hk_system_history_count(history), 2);
	assert_int_equal(hk_system_history_time_ns(history, 1), 300);
	hk_system_history_free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guide_keeps_a_hundred),
		cmocka_unit_test(old_samples_leave),
		cmocka_unit_test(unchanged_rows_cost_nothing),
		cmocka_unit_test(a_sample_that_is_too_large_is_dropped),
		cmocka_unit_test(rows_stay_while_a_view_stands_there),
		cmocka_unit_test(mistakes_are_refused),
	};

	return cmocka_run_group_tests_name("system/history_limits", tests, NULL, NULL);
}
