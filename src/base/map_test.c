#include "base/map.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "base/random.h"
#include "base/torture.h"

static int values[1000]; /* only their addresses are used */

static void an_empty_map_has_nothing(void **state)
{
	hki_map map = { NULL, 0, 0 };
	size_t position = 0;
	uint64_t key;
	void *value;

	(void) state;
	assert_null(hki_map_get(&map, 7));
	assert_null(hki_map_remove(&map, 7));
	assert_false(hki_map_each(&map, &position, &key, &value));
	hki_map_deinit(&map);
	hki_map_deinit(NULL);
}

static void zero_and_the_largest_number_are_keys_like_others(void **state)
{
	hki_map map = { NULL, 0, 0 };

	(void) state;
	assert_int_equal(0, hki_map_put(&map, 0, &values[0]));
	assert_int_equal(0, hki_map_put(&map, UINT64_MAX, &values[1]));
	assert_ptr_equal(&values[0], hki_map_get(&map, 0));
	assert_ptr_equal(&values[1], hki_map_get(&map, UINT64_MAX));
	assert_int_equal(2, map.count);
	hki_map_deinit(&map);
}

static void putting_again_replaces(void **state)
{
	hki_map map = { NULL, 0, 0 };

	(void) state;
	assert_int_equal(0, hki_map_put(&map, 5, &values[0]));
	assert_int_equal(0, hki_map_put(&map, 5, &values[1]));
	assert_int_equal(1, map.count);
	assert_ptr_equal(&values[1], hki_map_remove(&map, 5));
	assert_null(hki_map_get(&map, 5));
	hki_map_deinit(&map);
}

/* Few different keys, so that they are put, replaced and removed over and over. */
#define KEYS 200

static uint64_t key_of(size_t index)
{
	/* Small numbers as pids are, and multiples of a large power of two. */
	return index % 2 == 0 ? index : (uint64_t) index << 48;
}

static void check_all(const hki_map *map, void *const model[KEYS])
{
	size_t position = 0;
	size_t count = 0;
	size_t walked = 0;
	uint64_t key;
	void *value;

	for (size_t i = 0; i < KEYS; i++) {
		assert_ptr_equal(model[i], hki_map_get(map, key_of(i)));
		count += model[i] != NULL;
	}
	assert_int_equal(count, map->count);
	while (hki_map_each(map, &position, &key, &value)) {
		assert_ptr_equal(value, hki_map_get(map, key));
		walked++;
	}
	assert_int_equal(count, walked);
}

static void it_behaves_as_a_plain_array(void **state)
{
	hki_map map = { NULL, 0, 0 };
	void *model[KEYS] = { NULL };
	hki_random random;

	(void) state;
	hki_random_seed(&random, 7);
	for (int step = 0; step < 20000; step++) {
		size_t i = hki_random_below(&random, KEYS);
		/* Alternately mostly filling and mostly emptying. */
		bool put = hki_random_below(&random, 10) < (step / 1000 % 2 ? 7U : 3U);

		if (put) {
			model[i] = &values[hki_random_below(&random, 1000)];
			assert_int_equal(0, hki_map_put(&map, key_of(i), model[i]));
		} else {
			assert_ptr_equal(model[i], hki_map_remove(&map, key_of(i)));
			model[i] = NULL;
		}
		check_all(&map, model);
	}
	assert_in_range(map.capacity, KEYS, 512);
	hki_map_deinit(&map);
}

static void years_of_use_do_not_make_it_larger(void **state)
{
	hki_map map = { NULL, 0, 0 };

	(void) state;
	for (uint64_t pid = 1; pid < 200000; pid++) {
		assert_int_equal(0, hki_map_put(&map, pid, &values[0]));
		if (pid > 5)
			assert_non_null(hki_map_remove(&map, pid - 5));
	}
	assert_int_equal(5, map.count);
	assert_int_equal(8, map.capacity);
	hki_map_deinit(&map);
}

static int fill(void *user)
{
	hki_map map = { NULL, 0, 0 };
	int r = 0;

	(void) user;
	for (uint64_t i = 0; i < 100 && r == 0; i++) {
		r = hki_map_put(&map, i, &values[i]);
		if (r < 0) {
			assert_int_equal(i, map.count);
			assert_null(hki_map_get(&map, i));
		}
	}
	for (uint64_t i = 0; i < map.count; i++)
		assert_ptr_equal(&values[i], hki_map_get(&map, i));
	hki_map_deinit(&map);
	return r;
}

static void it_survives_every_failing_allocation(void **state)
{
	(void) state;
	assert_true(hki_torture(fill, NULL) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(zero_and_the_largest_number_are_keys_like_others),
		cmocka_unit_test(putting_again_replaces),
		cmocka_unit_test(it_behaves_as_a_plain_array),
		cmocka_unit_test(years_of_use_do_not_make_it_larger),
		cmocka_unit_test(it_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
