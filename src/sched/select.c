/*
 * Selection by counting: how many values fall into each of 2048 stretches says in
 * which stretch the rank lies, and only its values are looked at again.  Percentiles
 * need no sorted list, and this one has no worst case.
 */
#include "sched/select.h"

#include <string.h>
#include "base/assert.h"

#define BITS   11
#define GROUPS (1U << BITS)

/* The shift that leaves the highest @BITS bits in which values up to @most differ. */
static unsigned int shift_for(uint64_t most)
{
	unsigned int bits = most == 0 ? 1 : 64 - (unsigned int) __builtin_clzll(most);

	return bits > BITS ? bits - BITS : 0;
}

static uint64_t greatest(const uint64_t *values, size_t count)
{
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++)
		most = values[i] > most ? values[i] : most;
	return most;
}

/* The stretch in which rank *@rank lies; *@rank becomes the one inside it. */
static uint64_t find_group(
    const uint64_t *values, size_t count, unsigned int shift, size_t *rank)
{
	size_t counts[GROUPS];
	uint64_t group = 0;

	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < count; i++)
		counts[values[i] >> shift & (GROUPS - 1)]++;
	while (*rank >= counts[group])
		*rank -= counts[group++];
	return group;
}

static size_t keep_group(uint64_t *to, const uint64_t *values, size_t count,
    unsigned int shift, uint64_t group)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		to[kept] = values[i];
		kept += (values[i] >> shift & (GROUPS - 1)) == group;
	}
	return kept;
}

uint64_t hki_sched_select(
    const uint64_t *values, uint64_t *spare, size_t count, size_t rank)
{
	unsigned int shift = shift_for(greatest(values, count));
	const uint64_t *from = values;

	hki_assert(rank < count);
	for (;;) {
		uint64_t group = find_group(from, count, shift, &rank);

		count = keep_group(spare, from, count, shift, group);
		from = spare;
		if (shift == 0)
			return spare[0];
		shift = shift > BITS ? shift - BITS : 0;
	}
}
