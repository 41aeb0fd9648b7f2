#include "base/map.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "base/random.h"
#include "base/torture.h"

static int values[1000]; /* only their addresses are used */

#define EMPTY                                                                            \
	{                                                                                \
		NULL, 0, 0,                                                              \
		{                                                                        \
			0, 0                                                             \
		}                                                                        \
	}

static void an_empty_map_has_nothing(void **state)
{
	hki_name_map map = EMPTY;
	size_t position = 0;
	const char *name;
	void *value;

	(void) state;
	assert_null(hki_name_map_get(&map, "x"));
	assert_null(hki_name_map_remove(&map, "x"));
	assert_false(hki_name_map_each(&map, &position, &name, &value));
	hki_name_map_deinit(&map);
	hki_name_map_deinit(NULL);
}

static void names_are_copied(void **state)
{
	hki_name_map map = EMPTY;
	char name[] = "api";

	(void) state;
	assert_int_equal(0, hki_name_map_put(&map, name, &values[0]));
	name[0] = 'x';
	assert_ptr_equal(&values[0], hki_name_map_get(&map, "api"));
	assert_null(hki_name_map_get(&map, "xpi"));
	assert_int_equal(0, hki_name_map_put(&map, "", &values[1]));
	assert_ptr_equal(&values[1], hki_name_map_get(&map, ""));
	hki_name_map_deinit(&map);
}

static void each_map_has_a_secret_of_its_own(void **state)
{
	hki_name_map one = EMPTY;
	hki_name_map two = EMPTY;

	(void) state;
	assert_int_equal(0, hki_name_map_put(&one, "a", &values[0]));
	assert_int_equal(0, hki_name_map_put(&two, "a", &values[0]));
	assert_true(one.hash_key[0] != two.hash_key[0]);
	assert_true(one.hash_key[1] != two.hash_key[1]);
	hki_name_map_deinit(&one);
	hki_name_map_deinit(&two);
}

#define KEYS 200

static const char *name_of(char out[16], size_t index)
{
	snprintf(out, 16, "service-%zu", index);
	return out;
}

static void check_all(const hki_name_map *map, void *const model[KEYS])
{
	size_t position = 0;
	size_t count = 0;
	size_t walked = 0;
	const char *name;
	char text[16];
	void *value;

	for (size_t i = 0; i < KEYS; i++) {
		assert_ptr_equal(model[i], hki_name_map_get(map, name_of(text, i)));
		count += model[i] != NULL;
	}
	assert_int_equal(count, map->count);
	while (hki_name_map_each(map, &position, &name, &value)) {
		assert_ptr_equal(value, hki_name_map_get(map, name));
		walked++;
	}
	assert_int_equal(count, walked);
}

static void it_behaves_as_a_plain_array(void **state)
{
	hki_name_map map = EMPTY;
	void *model[KEYS] = { NULL };
	hki_random random;
	char name[16];

	(void) state;
	hki_random_seed(&random, 11);
	for (int step = 0; step < 5000; step++) {
		size_t i = hki_random_below(&random, KEYS);
		bool put = hki_random_below(&random, 10) < (step / 500 % 2 ? 7U : 3U);

		name_of(name, i);
		if (put) {
			model[i] = &values[hki_random_below(&random, 1000)];
			assert_int_equal(0, hki_name_map_put(&map, name, model[i]));
		} else {
			assert_ptr_equal(model[i], hki_name_map_remove(&map, name));
			model[i] = NULL;
		}
		check_all(&map, model);
	}
	hki_name_map_deinit(&map);
}

static int fill(void *user)
{
	hki_name_map map = EMPTY;
	char name[16];
	int r = 0;

	(void) user;
	for (size_t i = 0; i < 30 && r == 0; i++) {
		r = hki_name_map_put(&map, name_of(name, i), &values[i]);
		assert_int_equal(r == 0 ? i + 1 : i, map.count);
	}
	hki_name_map_deinit(&map);
	return r;
}

static void it_survives_every_failing_allocation(void **state)
{
	(void) state;
	assert_true(hki_torture(fill, NULL) > 30);
}

/* Computed with another implementation: Python 3.11 hashes bytes with SipHash-1-3. */
static void siphash_agrees_with_another_implementation(void **state)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} known[] = {
		{ "a", 0x407448d2b89b1813 },
		{ "hostkit", 0x8fc29dbcbbb2768a },
		{ "12345678", 0x3489982430560a87 },
		{ "123456789abcdef", 0xf3543d992ba71328 },
	};
	const uint64_t key[2] = { 0, 0 };
	const uint64_t other_key[2] = { 0, 1 };

	(void) state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *text = known[i].text;

		assert_int_equal(known[i].hash, hki_siphash(key, text, strlen(text)));
		assert_int_not_equal(
		    known[i].hash, hki_siphash(other_key, text, strlen(text)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(names_are_copied),
		cmocka_unit_test(each_map_has_a_secret_of_its_own),
		cmocka_unit_test(it_behaves_as_a_plain_array),
		cmocka_unit_test(it_survives_every_failing_allocation),
		cmocka_unit_test(siphash_agrees_with_another_implementation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
