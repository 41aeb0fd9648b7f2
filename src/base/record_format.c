/*
 * One field for a person's eyes: short, with its unit, and harmless on a
 * terminal whatever the bytes are.  What has no short form (lists, nested
 * records) is hinted at; JSON has all of it.
 */
#include <hostkit/record.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/fixed_text.h"
#include "base/json/json_number.h"
#include "base/quantity.h"
#include "base/record_internal.h"

/* A number of either sign and any kind, as far as units care. */
typedef struct number {
	bool negative;
	bool whole;
	uint64_t magnitude; /* when whole */
	double value;
} number;

static number number_of_int(int64_t value)
{
	uint64_t magnitude = value < 0 ? -(uint64_t) value : (uint64_t) value;

	return (number){ value < 0, true, magnitude, (double) value };
}

static number number_of_uint(uint64_t value)
{
	return (number){ false, true, value, (double) value };
}

static number number_of_double(double value)
{
	return (number){ value < 0, false, 0, value };
}

/* |value| x @factor to the nearest whole number, as far as 64 bits go. */
static uint64_t scaled(const number *n, uint64_t factor)
{
	double product = fabs(n->value) * (double) factor + 0.5;
	uint64_t exact;

	if (n->whole && !__builtin_mul_overflow(n->magnitude, factor, &exact))
		return exact;
	return product < 0x1p64 ? (uint64_t) product : UINT64_MAX;
}

static void append_whole(hki_fixed_text *out, const number *n)
{
	hki_fixed_text_append_format(
	    out, "%s%" PRIu64, n->negative ? "-" : "", n->magnitude);
}

/* With @decimals digits behind the point, all of them shown so that columns line up. */
static void append_fixed(hki_fixed_text *out, double value, unsigned int decimals)
{
	char text[HKI_JSON_NUMBER_MAX];
	const char *point;
	size_t shown;

	hki_json_decimal_format(text, value, decimals);
	hki_fixed_text_append_text(out, text);
	if (decimals == 0 || strchr(text, 'e') != NULL)
		return;
	point = strchr(text, '.');
	shown = point != NULL ? strlen(point + 1) : 0;
	if (point == NULL)
		hki_fixed_text_append_text(out, ".");
	for (; shown < decimals; shown++)
		hki_fixed_text_append_text(out, "0");
}

static void append_plain(
    hki_fixed_text *out, const hk_record_field *field, const number *n)
{
	char text[HKI_JSON_NUMBER_MAX];

	if (n->whole) {
		append_whole(out, n);
	} else if (field->decimals > 0) {
		append_fixed(out, n->value, field->decimals);
	} else {
		hki_json_number_format(text, n->value);
		hki_fixed_text_append_text(out, text);
	}
}

static void append_quantity(hki_fixed_text *out, const number *n, uint64_t amount,
    size_t (*format)(char *, size_t, uint64_t))
{
	char text[HKI_QUANTITY_TEXT_MAX];

	format(text, sizeof(text), amount);
	if (n->negative && amount > 0)
		hki_fixed_text_append_text(out, "-");
	hki_fixed_text_append_text(out, text);
}

/* Days since 1970-01-01 as a date of the Gregorian calendar.  The year is taken to start
 * in March, so that the leap day is its last; 400 years have 146,097 days. */
static void civil_date(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t shifted = days + 719468; /* since 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year_of_era =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year =
	    of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * of_year + 2) / 153;

	*day = (int) (of_year - (153 * march_month + 2) / 5) + 1;
	*month = (int) (march_month < 10 ? march_month + 3 : march_month - 9);
	*year = era * 400 + year_of_era + (*month <= 2 ? 1 : 0);
}

/* UTC by ISO 8601.  gmtime_r() would read the time zone files on the way. */
static void append_timestamp(hki_fixed_text *out, const number *n)
{
	const int64_t day_s = 86400;
	/* Beyond the year 9999 the form has no place for it. */
	const double latest = 253402300799.0;
	int64_t seconds;
	int64_t year;
	int month;
	int day;

	if (n->negative || n->value > latest) {
		hki_fixed_text_append_text(out, "-");
		return;
	}
	seconds = (int64_t) n->value;
	civil_date(seconds / day_s, &year, &month, &day);
	seconds %= day_s;
	hki_fixed_text_append_format(out, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ", year,
	    month, day, (int) (seconds / 3600), (int) (seconds / 60 % 60),
	    (int) (seconds % 60));
}

static void append_hertz(hki_fixed_text *out, const number *n)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T" };
	double value = n->value;
	size_t i = 0;

	while (fabs(value) >= 999.95 && i < sizeof(prefixes) / sizeof(prefixes[0]) - 1) {
		value /= 1000;
		i++;
	}
	append_fixed(out, value, i > 0 ? 1 : 0);
	hki_fixed_text_append_format(out, "%sHz", prefixes[i]);
}

static void append_number(hki_fixed_text *out, const hk_record_field *field, number n)
{
	unsigned int decimals = field->decimals > 0 || n.whole ? field->decimals : 1;

	if (!isfinite(n.value)) {
		hki_fixed_text_append_text(out, "-");
		return;
	}
	switch (field->unit) {
	case HK_UNIT_BYTES:
		append_quantity(out, &n, scaled(&n, 1), hki_size_format);
		break;
	case HK_UNIT_SECONDS:
		append_quantity(out, &n, scaled(&n, HKI_NS_PER_S), hki_duration_format);
		break;
	case HK_UNIT_TIMESTAMP:
		append_timestamp(out, &n);
		break;
	case HK_UNIT_PERCENT:
		append_fixed(out, n.value, decimals);
		hki_fixed_text_append_text(out, "%");
		break;
	case HK_UNIT_CELSIUS:
		append_fixed(out, n.value, decimals);
		hki_fixed_text_append_text(out, "°C");
		break;
	case HK_UNIT_HERTZ:
		append_hertz(out, &n);
		break;
	case HK_UNIT_NONE:
	case HK_UNIT_IDENTIFIER:
		append_plain(out, field, &n);
		break;
	}
}

static void append_strings(hki_fixed_text *out, const hk_record_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++) {
		if (i > 0)
			hki_fixed_text_append_text(out, " ");
		hki_fixed_text_append_printable(
		    out, strings->items[i], strlen(strings->items[i]));
	}
}

static void append_enum(hki_fixed_text *out, const hk_record_field *field, int32_t value)
{
	const char *name = hki_record_enum_name(field, value);

	if (name != NULL)
		hki_fixed_text_append_text(out, name);
	else
		hki_fixed_text_append_format(out, "%" PRId32, value);
}

static void append_field(hki_fixed_text *out, const hk_record_type *type,
    const void *record, unsigned int index);

/* The present fields as "name=value name=value". */
static void append_record(
    hki_fixed_text *out, const hk_record_type *type, const void *record)
{
	size_t before = out->length;

	for (unsigned int i = 0; i < type->field_count; i++) {
		if (!hki_record_shows(type, record, i))
			continue;
		hki_fixed_text_append_format(
		    out, "%s%s=", out->length > before ? " " : "", type->fields[i].name);
		append_field(out, type, record, i);
	}
}

static void append_field(hki_fixed_text *out, const hk_record_type *type,
    const void *record, unsigned int index)
{
	const hk_record_field *field = &type->fields[index];
	const void *value = hk_record_value(type, record, index);
	const hk_record_bytes *bytes = value;

	switch (field->kind) {
	case HK_RECORD_BOOL:
		hki_fixed_text_append_text(out, *(const bool *) value ? "yes" : "no");
		break;
	case HK_RECORD_INT32:
		append_number(out, field, number_of_int(*(const int32_t *) value));
		break;
	case HK_RECORD_UINT32:
		append_number(out, field, number_of_uint(*(const uint32_t *) value));
		break;
	case HK_RECORD_INT64:
		append_number(out, field, number_of_int(*(const int64_t *) value));
		break;
	case HK_RECORD_UINT64:
		append_number(out, field, number_of_uint(*(const uint64_t *) value));
		break;
	case HK_RECORD_DOUBLE:
		append_number(out, field, number_of_double(*(const double *) value));
		break;
	case HK_RECORD_STRING:
		hki_fixed_text_append_printable(out, *(const char *const *) value,
		    strlen(*(const char *const *) value));
		break;
	case HK_RECORD_BYTES:
		hki_fixed_text_append_printable(out, bytes->data, bytes->length);
		break;
	case HK_RECORD_ENUM:
		append_enum(out, field, *(const int32_t *) value);
		break;
	case HK_RECORD_LIST:
		hki_fixed_text_append_format(
		    out, "[%zu]", ((const hk_record_list *) value)->count);
		break;
	case HK_RECORD_RECORD:
		append_record(out, field->element, value);
		break;
	case HK_RECORD_STRINGS:
		append_strings(out, value);
		break;
	}
}

size_t hk_record_format(char *out, size_t capacity, const hk_record_type *type,
    const void *record, unsigned int index)
{
	hki_fixed_text text;

	hki_fixed_text_init(&text, out, capacity);
	if (index < type->field_count && hki_record_shows(type, record, index))
		append_field(&text, type, record, index);
	else
		hki_fixed_text_append_text(
		    &text, hk_record_is_denied(record, index) ? "?" : "-");
	return hki_fixed_text_end(&text);
}
