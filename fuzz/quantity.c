/*
 * Times, sizes and numbers as people write them.  Accepted or refused, never wrapped
 * around; and what we print of an accepted one fits and can be read again, unless
 * rounding lifted it over the top (2^64-1 bytes are shown as 16E).
 */
#include <errno.h>
#include <hostkit/error.h>
#include "base/quantity.h"
#include "target.h"

static void must_be_documented(int r)
{
	FUZZ_MUST(r == 0 || r == HK_EPARSE || r == -ERANGE);
}

static void must_be_readable(int r)
{
	FUZZ_MUST(r == 0 || r == -ERANGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char written[HKI_QUANTITY_TEXT_MAX];
	uint64_t value = 0;
	uint64_t again = 0;
	int64_t number = 0;
	int r;

	r = hki_duration_parse(&value, text);
	must_be_documented(r);
	if (r == 0) {
		FUZZ_MUST(hki_duration_format(written, sizeof(written), value) <
			  sizeof(written));
		must_be_readable(hki_duration_parse(&again, written));
	}
	r = hki_size_parse(&value, text);
	must_be_documented(r);
	if (r == 0) {
		FUZZ_MUST(
		    hki_size_format(written, sizeof(written), value) < sizeof(written));
		must_be_readable(hki_size_parse(&again, written));
	}
	must_be_documented(hki_uint64_parse(&value, text));
	must_be_documented(hki_int64_parse(&number, text));
	free(text);
	return 0;
}
