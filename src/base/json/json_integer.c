/*
 * Whole numbers as decimal text, without printf: most of a message is names and
 * small numbers, and printf takes longer for one of them than all the rest.
 * Two digits a step, since the division is what costs.
 */
#include "base/json/json_integer.h"

#include <string.h>

static const char pairs[] = "00010203040506070809"
			    "10111213141516171819"
			    "20212223242526272829"
			    "30313233343536373839"
			    "40414243444546474849"
			    "50515253545556575859"
			    "60616263646566676869"
			    "70717273747576777879"
			    "80818283848586878889"
			    "90919293949596979899";

size_t hki_json_integer_format(char out[HKI_JSON_INTEGER_MAX], uint64_t value)
{
	char text[HKI_JSON_INTEGER_MAX];
	size_t at = sizeof(text);

	for (; value >= 100; value /= 100)
		memcpy(text + (at -= 2), pairs + 2 * (value % 100), 2);
	if (value >= 10)
		memcpy(text + (at -= 2), pairs + 2 * value, 2);
	else
		text[--at] = (char) ('0' + value);
	memcpy(out, text + at, sizeof(text) - at);
	return sizeof(text) - at;
}
