/*
 * Bytes that claim to be UTF-8.  Decoding always moves forward, never past the end,
 * and agrees with the validity check about every byte sequence.
 */
#include <string.h>
#include "base/utf8.h"
#include "target.h"

#define REPLACEMENT 0xfffd

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool replaced = false;
	size_t at = 0;

	while (at < size) {
		uint32_t character = 0;
		size_t length = hki_utf8_decode(&character, data + at, size - at);
		int width;

		FUZZ_MUST(length >= 1 && length <= 4 && length <= size - at);
		FUZZ_MUST(
		    character <= 0x10ffff && (character < 0xd800 || character > 0xdfff));
		width = hki_utf8_width(character);
		FUZZ_MUST(width >= 0 && width <= 2);
		/* U+FFFD itself is legal input; any other way to get it is not. */
		if (character == REPLACEMENT &&
		    (length != 3 || memcmp(data + at, "\xef\xbf\xbd", 3) != 0))
			replaced = true;
		at += length;
	}
	FUZZ_MUST(hki_utf8_valid(data, size) == !replaced);
	return 0;
}
