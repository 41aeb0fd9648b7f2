/*
 * The first 128 values have a bucket each.  From there on every octave
 * [2^k, 2^(k+1)) is cut into 64 equal buckets, so a bucket is never wider than
 * 1/64 of the values in it.  Index and bounds follow from the position of the
 * highest bit; there is nothing to search.
 */
#include "base/histogram.h"

#include <stddef.h>
#include <string.h>
#include "base/alloc.h"
#include "base/uint128.h"

#define STEPS_BITS 6
#define STEPS      (1U << STEPS_BITS) /* buckets an octave */
/* Values of up to STEPS_BITS + 1 bits are their own index; each further bit adds an octave. */
#define BUCKETS ((64 - STEPS_BITS + 1) * STEPS)

struct hki_histogram {
	uint64_t count;
	uint64_t min;
	uint64_t max;
	hki_uint128 sum;
	uint64_t buckets[BUCKETS];
};

/* How far the values of @value's octave are shifted to leave STEPS_BITS + 1 bits. */
static unsigned int shift_of(uint64_t value)
{
	unsigned int bits = value == 0 ? 0 : 64 - (unsigned int) __builtin_clzll(value);

	return bits > STEPS_BITS + 1 ? bits - (STEPS_BITS + 1) : 0;
}

static size_t index_of(uint64_t value)
{
	unsigned int shift = shift_of(value);

	return (size_t) shift * STEPS + (size_t) (value >> shift);
}

static unsigned int shift_of_index(size_t index)
{
	return index < 2 * STEPS ? 0 : (unsigned int) (index / STEPS) - 1;
}

static uint64_t lowest_of(size_t index)
{
	unsigned int shift = shift_of_index(index);

	return (uint64_t) (index - (size_t) shift * STEPS) << shift;
}

static uint64_t highest_of(size_t index)
{
	return lowest_of(index) + ((UINT64_C(1) << shift_of_index(index)) - 1);
}

hki_histogram *hki_histogram_new(void)
{
	hki_histogram *histogram = hki_alloc(sizeof(*histogram));

	if (histogram != NULL)
		hki_histogram_reset(histogram);
	return histogram;
}

void hki_histogram_free(hki_histogram *histogram)
{
	hki_free(histogram);
}

void hki_histogram_reset(hki_histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->min = UINT64_MAX;
}

void hki_histogram_record(hki_histogram *histogram, uint64_t value)
{
	histogram->buckets[index_of(value)]++;
	histogram->count++;
	histogram->sum += value;
	if (value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
}

/*
 * Add the values first, first - step, … that lie at or above @least, a bucket at
 * a time: a long stall must not cost a long loop.
 */
static void record_series(
    hki_histogram *histogram, uint64_t first, uint64_t step, uint64_t least)
{
	uint64_t value = first;

	for (;;) {
		size_t index = index_of(value);
		uint64_t floor = lowest_of(index) > least ? lowest_of(index) : least;
		uint64_t more = (value - floor) / step; /* besides @value itself */
		uint64_t last = value - more * step;

		histogram->buckets[index] += more + 1;
		histogram->count += more + 1;
		histogram->sum += ((hki_uint128) value + last) * (more + 1) / 2;
		if (last < histogram->min)
			histogram->min = last;
		if (last < step || last - step < least)
			return;
		value = last - step;
	}
}

void hki_histogram_record_expected(
    hki_histogram *histogram, uint64_t value, uint64_t interval)
{
	hki_histogram_record(histogram, value);
	if (interval > 0 && value >= interval && value - interval >= interval)
		record_series(histogram, value - interval, interval, interval);
}

void hki_histogram_add(hki_histogram *to, const hki_histogram *from)
{
	for (size_t i = 0; i < BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
	to->count += from->count;
	to->sum += from->sum;
	if (from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
}

uint64_t hki_histogram_count(const hki_histogram *histogram)
{
	return histogram->count;
}

uint64_t hki_histogram_min(const hki_histogram *histogram)
{
	return histogram->count > 0 ? histogram->min : 0;
}

uint64_t hki_histogram_max(const hki_histogram *histogram)
{
	return histogram->max;
}

double hki_histogram_mean(const hki_histogram *histogram)
{
	if (histogram->count == 0)
		return 0;
	return (double) histogram->sum / (double) histogram->count;
}

/* How many of the smallest samples make @percent of them: at least one, at most all. */
static uint64_t rank_of(const hki_histogram *histogram, double percent)
{
	/* A hair less, or 7 % of 100 samples would be 7.000000000000001 of them. */
	double wanted = percent * (double) histogram->count / 100 * (1 - 0x1p-40);
	uint64_t rank;

	if (!(wanted > 1))
		return 1;
	if (percent >= 100)
		return histogram->count;
	rank = (uint64_t) wanted;
	if ((double) rank < wanted)
		rank++;
	return rank < histogram->count ? rank : histogram->count;
}

uint64_t hki_histogram_percentile(const hki_histogram *histogram, double percent)
{
	uint64_t rank;
	uint64_t seen = 0;

	if (histogram->count == 0)
		return 0;
	rank = rank_of(histogram, percent);
	for (size_t i = 0; i < BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen >= rank)
			return highest_of(i) < histogram->max ? highest_of(i)
							      : histogram->max;
	}
	return histogram->max;
}
