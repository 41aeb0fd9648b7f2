#include "base/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/random.h"
#include "base/torture.h"

static void an_empty_histogram_answers_zero(void **state)
{
	hki_histogram *histogram = hki_histogram_new();

	(void) state;
	assert_int_equal(0, hki_histogram_count(histogram));
	assert_int_equal(0, hki_histogram_min(histogram));
	assert_int_equal(0, hki_histogram_max(histogram));
	assert_int_equal(0, hki_histogram_percentile(histogram, 50));
	assert_true(hki_histogram_mean(histogram) == 0);
	hki_histogram_free(histogram);
	hki_histogram_free(NULL);
}

static void small_values_are_exact(void **state)
{
	hki_histogram *histogram = hki_histogram_new();

	(void) state;
	for (uint64_t value = 1; value <= 100; value++)
		hki_histogram_record(histogram, value);
	for (int percent = 1; percent <= 100; percent++)
		assert_int_equal(percent, hki_histogram_percentile(histogram, percent));
	assert_int_equal(1, hki_histogram_percentile(histogram, 0));
	assert_int_equal(1, hki_histogram_percentile(histogram, -5));
	assert_int_equal(100, hki_histogram_percentile(histogram, 1000));
	assert_true(hki_histogram_mean(histogram) == 50.5);
	hki_histogram_free(histogram);
}

static void a_percentile_is_the_decimal_number_people_wrote(void **state)
{
	hki_histogram *histogram = hki_histogram_new();

	(void) state;
	/* 1.1 % of 100,000 is 1,100, though 1.1 is a hair more as a double. */
	for (uint64_t i = 0; i < 100000; i++)
		hki_histogram_record(histogram, i < 1100 ? 1 : 2);
	assert_int_equal(1, hki_histogram_percentile(histogram, 1.1));
	assert_int_equal(2, hki_histogram_percentile(histogram, 1.101));
	hki_histogram_free(histogram);
}

static void both_ends_of_the_range_fit(void **state)
{
	hki_histogram *histogram = hki_histogram_new();

	(void) state;
	hki_histogram_record(histogram, 0);
	hki_histogram_record(histogram, UINT64_MAX);
	hki_histogram_record(histogram, UINT64_MAX);
	assert_int_equal(0, hki_histogram_min(histogram));
	assert_true(hki_histogram_max(histogram) == UINT64_MAX);
	assert_int_equal(0, hki_histogram_percentile(histogram, 33));
	assert_true(hki_histogram_percentile(histogram, 50) == UINT64_MAX);
	assert_true(hki_histogram_mean(histogram) > 1.2e19);
	hki_histogram_free(histogram);
}

static int by_size(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *) one;
	uint64_t b = *(const uint64_t *) other;

	return (a > b) - (a < b);
}

#define SAMPLES 20000

static void percentiles_are_at_most_a_64th_off(void **state)
{
	static uint64_t samples[SAMPLES];
	hki_histogram *histogram = hki_histogram_new();
	hki_random random;

	(void) state;
	hki_random_seed(&random, 77);
	for (size_t i = 0; i < SAMPLES; i++) {
		/* All magnitudes alike. */
		samples[i] = hki_random_next(&random) >> hki_random_below(&random, 64);
		hki_histogram_record(histogram, samples[i]);
	}
	qsort(samples, SAMPLES, sizeof(samples[0]), by_size);
	for (int tenths = 1; tenths <= 1000; tenths++) {
		size_t rank = ((size_t) tenths * SAMPLES + 999) / 1000;
		uint64_t exact = samples[rank - 1];
		uint64_t got = hki_histogram_percentile(histogram, tenths / 10.0);

		if (got < exact || got - exact > exact / 64)
			fail_msg("p%.1f is %llu, given as %llu", tenths / 10.0,
			    (unsigned long long) exact, (unsigned long long) got);
	}
	assert_true(hki_histogram_max(histogram) == samples[SAMPLES - 1]);
	assert_true(hki_histogram_min(histogram) == samples[0]);
	hki_histogram_free(histogram);
}

static void assert_same(const hki_histogram *one, const hki_histogram *other)
{
	assert_int_equal(hki_histogram_count(one), hki_histogram_count(other));
	assert_int_equal(hki_histogram_min(one), hki_histogram_min(other));
	assert_int_equal(hki_histogram_max(one), hki_histogram_max(other));
	assert_true(hki_histogram_mean(one) == hki_histogram_mean(other));
	for (int percent = 0; percent <= 100; percent++)
		assert_int_equal(hki_histogram_percentile(one, percent),
		    hki_histogram_percentile(other, percent));
}

static void a_sum_is_as_if_recorded_together(void **state)
{
	hki_histogram *one = hki_histogram_new();
	hki_histogram *other = hki_histogram_new();
	hki_histogram *together = hki_histogram_new();
	hki_random random;

	(void) state;
	hki_random_seed(&random, 78);
	for (int i = 0; i < 1000; i++) {
		uint64_t value = hki_random_next(&random) >> 30;

		hki_histogram_record(i % 3 == 0 ? one : other, value);
		hki_histogram_record(together, value);
	}
	hki_histogram_add(one, other);
	assert_same(together, one);
	hki_histogram_reset(other);
	hki_histogram_add(one, other);
	assert_same(together, one);
	hki_histogram_add(other, one);
	assert_same(together, other);
	hki_histogram_free(one);
	hki_histogram_free(other);
	hki_histogram_free(together);
}

static void record_one_by_one(hki_histogram *histogram, uint64_t value, uint64_t interval)
{
	hki_histogram_record(histogram, value);
	if (interval == 0 || value <= interval)
		return;
	for (uint64_t missed = value - interval; missed >= interval; missed -= interval)
		hki_histogram_record(histogram, missed);
}

static void swallowed_samples_are_those_of_a_plain_loop(void **state)
{
	hki_histogram *quick = hki_histogram_new();
	hki_histogram *plain = hki_histogram_new();
	hki_random random;

	(void) state;
	hki_random_seed(&random, 79);
	for (int i = 0; i < 3000; i++) {
		uint64_t value =
		    hki_random_next(&random) >> (40 + hki_random_below(&random, 24));
		uint64_t interval = value / (1 + hki_random_below(&random, 500)) +
				    hki_random_below(&random, 3);

		hki_histogram_record_expected(quick, value, interval);
		record_one_by_one(plain, value, interval);
	}
	assert_same(plain, quick);
	hki_histogram_free(quick);
	hki_histogram_free(plain);
}

/* One by one this would take centuries. */
static void a_stall_of_centuries_is_recorded_at_once(void **state)
{
	hki_histogram *histogram = hki_histogram_new();

	(void) state;
	hki_histogram_record_expected(histogram, UINT64_MAX, 1);
	assert_true(hki_histogram_count(histogram) == UINT64_MAX);
	assert_int_equal(1, hki_histogram_min(histogram));
	hki_histogram_free(histogram);
}

static int make(void *user)
{
	hki_histogram *histogram = hki_histogram_new();

	(void) user;
	if (histogram == NULL)
		return -ENOMEM;
	hki_histogram_record(histogram, 1);
	hki_histogram_free(histogram);
	return 0;
}

static void it_survives_every_failing_allocation(void **state)
{
	(void) state;
	assert_int_equal(1, hki_torture(make, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_histogram_answers_zero),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(a_percentile_is_the_decimal_number_people_wrote),
		cmocka_unit_test(both_ends_of_the_range_fit),
		cmocka_unit_test(percentiles_are_at_most_a_64th_off),
		cmocka_unit_test(a_sum_is_as_if_recorded_together),
		cmocka_unit_test(swallowed_samples_are_those_of_a_plain_loop),
		cmocka_unit_test(a_stall_of_centuries_is_recorded_at_once),
		cmocka_unit_test(it_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
