/*
 * Radix sort, eight bits a round, least significant first: stable, without a worst
 * case, and rounds in which all keys agree are skipped, so that small numbers take
 * two or three.  What is in order already, as arrivals mostly are, is left alone.
 * (qsort(3) takes memory of its own behind our back.)
 */
#include "sched/sort.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "base/alloc.h"

#define DIGITS 8
#define VALUES 256

static bool is_sorted(const hki_sort_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (entries[i - 1].key > entries[i].key)
			return false;
	return true;
}

/* How often each value of each digit occurs. */
static void count_digits(
    size_t counts[DIGITS][VALUES], const hki_sort_entry *entries, size_t count)
{
	memset(counts, 0, DIGITS * sizeof(counts[0]));
	for (size_t i = 0; i < count; i++)
		for (unsigned int digit = 0; digit < DIGITS; digit++)
			counts[digit][entries[i].key >> (8 * digit) & 0xff]++;
}

static void deal(hki_sort_entry *to, const hki_sort_entry *from, size_t count,
    const size_t *counts, unsigned int digit)
{
	size_t places[VALUES];
	size_t sum = 0;

	for (size_t value = 0; value < VALUES; value++) {
		places[value] = sum;
		sum += counts[value];
	}
	for (size_t i = 0; i < count; i++)
		to[places[from[i].key >> (8 * digit) & 0xff]++] = from[i];
}

int hki_sched_sort(hki_sort_entry *entries, size_t count)
{
	size_t counts[DIGITS][VALUES];
	hki_sort_entry *from = entries;
	hki_sort_entry *to;
	hki_sort_entry *spare;

	if (is_sorted(entries, count))
		return 0;
	spare = hki_alloc_array(count, sizeof(entries[0]));
	if (spare == NULL)
		return -ENOMEM;
	to = spare;
	count_digits(counts, entries, count);
	for (unsigned int digit = 0; digit < DIGITS; digit++) {
		hki_sort_entry *full = to;

		if (counts[digit][entries[0].key >> (8 * digit) & 0xff] == count)
			continue;
		deal(to, from, count, counts[digit], digit);
		to = from;
		from = full;
	}
	if (from != entries)
		memcpy(entries, from, count * sizeof(entries[0]));
	hki_free(spare);
	return 0;
}
