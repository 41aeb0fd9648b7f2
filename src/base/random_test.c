#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* The published first numbers of xoshiro256** from the state 1, 2, 3, 4. */
static void the_generator_is_xoshiro256(void **state)
{
	static const uint64_t published[] = { 11520, 0, 1509978240, 1215971899390074240,
		1216172134540287360, 607988272756665600 };
	hki_random random = { { 1, 2, 3, 4 } };

	(void) state;
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
		assert_int_equal(published[i], hki_random_next(&random));
}

/* The published first numbers of splitmix64 from 1234567. */
static void seeds_go_through_splitmix64(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 1234567);
	assert_int_equal(6457827717110365317U, random.state[0]);
	assert_int_equal(3203168211198807973U, random.state[1]);
	assert_int_equal(9817491932198370423U, random.state[2]);
	assert_int_equal(4593380528125082431U, random.state[3]);
}

static void numbers_below_a_bound_are_even(void **state)
{
	size_t counts[6] = { 0 };
	hki_random random;

	(void) state;
	hki_random_seed(&random, 3);
	assert_int_equal(0, hki_random_below(&random, 0));
	assert_int_equal(0, hki_random_below(&random, 1));
	for (int i = 0; i < 60000; i++) {
		uint64_t number = hki_random_below(&random, 6);

		assert_in_range(number, 0, 5);
		counts[number]++;
	}
	/* Five standard deviations of a binomial(60000, 1/6). */
	for (int i = 0; i < 6; i++)
		assert_in_range(counts[i], 10000 - 457, 10000 + 457);
}

/* Plain division would give the lower third to half of all numbers. */
static void a_bound_that_divides_badly_favours_nobody(void **state)
{
	const uint64_t third = UINT64_C(1) << 62;
	hki_random random;
	size_t low = 0;

	(void) state;
	hki_random_seed(&random, 5);
	for (int i = 0; i < 9000; i++) {
		uint64_t number = hki_random_below(&random, 3 * third);

		assert_true(number < 3 * third);
		low += number < third;
	}
	/* Five standard deviations of a binomial(9000, 1/3). */
	assert_in_range(low, 3000 - 224, 3000 + 224);
}

static void fractions_lie_below_one(void **state)
{
	hki_random random;
	double sum = 0;

	(void) state;
	hki_random_seed(&random, 9);
	for (int i = 0; i < 10000; i++) {
		double fraction = hki_random_fraction(&random);

		assert_true(fraction >= 0 && fraction < 1);
		sum += fraction;
	}
	assert_true(sum > 4850 && sum < 5150);
}

static void the_kernel_gives_different_bytes_each_time(void **state)
{
	unsigned char one[1000];
	unsigned char two[1000];
	uint64_t key[2] = { 0, 0 };
	uint64_t other_key[2] = { 0, 0 };

	(void) state;
	assert_int_equal(0, hki_random_bytes(one, sizeof(one)));
	assert_int_equal(0, hki_random_bytes(two, sizeof(two)));
	assert_int_equal(0, hki_random_bytes(NULL, 0));
	assert_memory_not_equal(one, two, sizeof(one));
	hki_random_hash_key(key);
	hki_random_hash_key(other_key);
	assert_memory_not_equal(key, other_key, sizeof(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_generator_is_xoshiro256),
		cmocka_unit_test(seeds_go_through_splitmix64),
		cmocka_unit_test(numbers_below_a_bound_are_even),
		cmocka_unit_test(a_bound_that_divides_badly_favours_nobody),
		cmocka_unit_test(fractions_lie_below_one),
		cmocka_unit_test(the_kernel_gives_different_bytes_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
