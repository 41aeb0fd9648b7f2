/*
 * From two readings of a counter to a rate.  A counter that went back was reset
 * (the device was made anew, a module was loaded again): there is no rate then,
 * and the new reading is where counting begins.
 */
#include "system/system_internal.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"

bool hki_rate(double *out, uint64_t now, uint64_t before, double seconds)
{
	if (!(seconds > 0) || now < before)
		return false;
	*out = (double) (now - before) / seconds;
	return true;
}

bool hki_continue_32(uint64_t *before, uint64_t now)
{
	const uint64_t span = UINT64_C(1) << 32;
	uint64_t low = *before % span;
	uint64_t high = *before - low;

	/* A kernel that keeps more than 32 bits needs no continuation. */
	if (now >= span || high + now >= *before) {
		*before = now >= span ? now : high + now;
		return true;
	}
	/* From the upper half to the lower it ran over; anything else is a new beginning. */
	if (low >= span / 2 && now < span / 2) {
		*before = high + span + now;
		return true;
	}
	*before = now;
	return false;
}

int hki_grow(void **items, size_t *capacity, size_t count, size_t bytes)
{
	size_t wanted = *capacity < 8 ? 8 : *capacity;
	char *grown;

	if (count <= *capacity)
		return 0;
	while (wanted < count)
		if (__builtin_mul_overflow(wanted, (size_t) 2, &wanted))
			return -ENOMEM;
	grown = hki_realloc_array(*items, wanted, bytes);
	if (grown == NULL)
		return -ENOMEM;
	memset(grown + *capacity * bytes, 0, (wanted - *capacity) * bytes);
	*items = grown;
	*capacity = wanted;
	return 0;
}
