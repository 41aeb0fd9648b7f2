/*
 * Sizes as people write them: at most two digits behind the point, none that are
 * zero at the end.  What rounds up to 1024 of a unit is 1 of the next.
 */
#include <hostkit/system.h>

#include <inttypes.h>
#include "base/array.h"
#include "base/fixed_text.h"

typedef struct unit_style {
	double step;
	const char *units[7];
} unit_style;

static const unit_style styles[] = {
	[HK_BYTES_IEC] = { 1024, { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" } },
	[HK_BYTES_CLASSIC] = { 1024, { "Bytes", "KB", "MB", "GB", "TB", "PB", "EB" } },
	[HK_BYTES_SI] = { 1000, { "B", "kB", "MB", "GB", "TB", "PB", "EB" } },
};

static uint64_t hundredths(double value)
{
	return (uint64_t) (value * 100 + 0.5);
}

size_t hk_format_bytes(char *out, size_t capacity, uint64_t bytes, hk_bytes_style wanted)
{
	const unit_style *style =
	    &styles[(unsigned int) wanted < HKI_COUNT(styles) ? wanted : HK_BYTES_IEC];
	double value = (double) bytes;
	size_t unit = 0;
	uint64_t rounded;
	hki_fixed_text text;

	while (unit + 1 < HKI_COUNT(style->units) &&
	       value * 100 + 0.5 >= style->step * 100) {
		value /= style->step;
		unit++;
	}
	rounded = unit == 0 ? bytes * 100 : hundredths(value);
	hki_fixed_text_init(&text, out, capacity);
	hki_fixed_text_append_format(&text, "%" PRIu64, rounded / 100);
	if (rounded % 100 != 0)
		hki_fixed_text_append_format(&text,
		    rounded % 10 == 0 ? ".%01" PRIu64 : ".%02" PRIu64,
		    rounded % 10 == 0 ? rounded % 100 / 10 : rounded % 100);
	hki_fixed_text_append_format(&text, " %s", style->units[unit]);
	return hki_fixed_text_end(&text);
}
