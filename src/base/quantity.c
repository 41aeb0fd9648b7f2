/*
 * Times and sizes as people write them, in whole numbers throughout: a
 * floating point detour would turn 0.1 into something else.  What does not
 * divide evenly is rounded up, so that nobody gets less than they asked for
 * and a small amount never becomes the zero that means "none".
 */
#include "base/quantity.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/uint128.h"

/* Further digits cannot change a 64-bit result by more than the rounding does. */
#define FRACTION_DIGITS_MAX 18

/* A decimal number: whole + fraction / scale. */
typedef struct decimal {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale;
} decimal;

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read digits at *at and move behind them.  HK_EPARSE without any, -ERANGE. */
static int read_whole(uint64_t *out, const char **at)
{
	uint64_t value = 0;
	bool overflow = false;

	if (!is_digit(**at))
		return HK_EPARSE;
	for (; is_digit(**at); (*at)++)
		overflow |=
		    __builtin_mul_overflow(value, (uint64_t) 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t) (**at - '0'), &value);
	if (overflow)
		return -ERANGE;
	*out = value;
	return 0;
}

static int read_decimal(decimal *out, const char **at)
{
	decimal number = { .whole = 0, .fraction = 0, .scale = 1 };
	int digits = 0;
	int r = read_whole(&number.whole, at);

	if (r < 0)
		return r;
	if (**at == '.') {
		(*at)++;
		if (!is_digit(**at))
			return HK_EPARSE;
		for (; is_digit(**at); (*at)++) {
			if (digits++ >= FRACTION_DIGITS_MAX)
				continue;
			number.fraction = number.fraction * 10 + (uint64_t) (**at - '0');
			number.scale *= 10;
		}
	}
	*out = number;
	return 0;
}

/* *out += number * unit, rounded up. */
static int add_scaled(uint64_t *out, const decimal *number, uint64_t unit)
{
	hki_uint128 part =
	    ((hki_uint128) number->fraction * unit + number->scale - 1) / number->scale;
	hki_uint128 total = (hki_uint128) number->whole * unit + part + *out;

	if (total > UINT64_MAX)
		return -ERANGE;
	*out = (uint64_t) total;
	return 0;
}

static const struct time_unit {
	char name[3];
	uint64_t ns;
} time_units[] = {
	/* Longest first; "ms" and "m" differ in what follows. */
	{ "d", 86400 * HKI_NS_PER_S },
	{ "h", 3600 * HKI_NS_PER_S },
	{ "m", 60 * HKI_NS_PER_S },
	{ "s", HKI_NS_PER_S },
	{ "ms", HKI_NS_PER_MS },
	{ "us", HKI_NS_PER_US },
	{ "ns", 1 },
};

/* The unit whose letters stand at *at, up to a digit or the end; or NULL. */
static const struct time_unit *read_time_unit(const char **at)
{
	size_t length = strcspn(*at, "0123456789");

	for (size_t i = 0; i < HKI_COUNT(time_units); i++) {
		const struct time_unit *unit = &time_units[i];

		if (strlen(unit->name) == length &&
		    memcmp(unit->name, *at, length) == 0) {
			*at += length;
			return unit;
		}
	}
	return NULL;
}

int hki_duration_parse(uint64_t *out_ns, const char *text)
{
	const struct time_unit *before = NULL;
	uint64_t total = 0;
	int r;

	do {
		const struct time_unit *unit;
		decimal number;

		r = read_decimal(&number, &text);
		if (r < 0)
			return r;
		if (*text == '\0' && before == NULL) {
			r = add_scaled(&total, &number, HKI_NS_PER_S);
			break;
		}
		unit = read_time_unit(&text);
		/* "1s1m" and "1h1h" are slips, not times. */
		if (unit == NULL || (before != NULL && unit <= before))
			return HK_EPARSE;
		before = unit;
		r = add_scaled(&total, &number, unit->ns);
	} while (r == 0 && *text != '\0');
	if (r < 0)
		return r;
	*out_ns = total;
	return 0;
}

static const char size_letters[] = "KMGTPE";

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}

int hki_size_parse(uint64_t *out_bytes, const char *text)
{
	const char *letter;
	uint64_t unit = 1;
	uint64_t total = 0;
	decimal number;
	int r = read_decimal(&number, &text);

	if (r < 0)
		return r;
	letter = *text == '\0' ? NULL : strchr(size_letters, upper(*text));
	if (letter != NULL) {
		unit <<= 10 * (letter - size_letters + 1);
		text++;
		if (*text == 'i' && upper(text[1]) == 'B')
			text++;
	}
	if (upper(*text) == 'B')
		text++;
	if (*text != '\0')
		return HK_EPARSE;
	r = add_scaled(&total, &number, unit);
	if (r < 0)
		return r;
	*out_bytes = total;
	return 0;
}

int hki_uint64_parse(uint64_t *out, const char *text)
{
	uint64_t value;
	int r = read_whole(&value, &text);

	if (*text != '\0' && !is_digit(*text))
		return HK_EPARSE;
	if (r < 0)
		return r;
	*out = value;
	return 0;
}

int hki_int64_parse(int64_t *out, const char *text)
{
	bool negative = *text == '-';
	uint64_t value;
	int r = hki_uint64_parse(&value, negative ? text + 1 : text);

	if (r < 0)
		return r;
	if (value > (uint64_t) INT64_MAX + (negative ? 1 : 0))
		return -ERANGE;
	*out = negative ? (int64_t) -value : (int64_t) value;
	return 0;
}

/* @amount * @factor / @unit, to the nearest whole number. */
static uint64_t rounded(uint64_t amount, uint64_t factor, uint64_t unit)
{
	return (uint64_t) (((hki_uint128) amount * factor + unit / 2) / unit);
}

size_t hki_size_format(char *out, size_t capacity, uint64_t bytes)
{
	size_t letter = 0;
	uint64_t unit = 1024;
	uint64_t tenths;

	if (bytes < 1024)
		return (size_t) snprintf(
		    out, capacity, "%llu", (unsigned long long) bytes);
	/* 1023.96K is shown as 1.0M, so the choice looks at what will be shown. */
	while (letter + 1 < sizeof(size_letters) - 1 && rounded(bytes, 1, unit) >= 1024) {
		unit <<= 10;
		letter++;
	}
	tenths = rounded(bytes, 10, unit);
	if (tenths < 100)
		return (size_t) snprintf(out, capacity, "%llu.%llu%c",
		    (unsigned long long) (tenths / 10),
		    (unsigned long long) (tenths % 10), size_letters[letter]);
	return (size_t) snprintf(out, capacity, "%llu%c",
	    (unsigned long long) rounded(bytes, 1, unit), size_letters[letter]);
}

/* Below a minute: "345ns", "1.5us", "12us", "250ms", "12.3s". */
static size_t format_short(char *out, size_t capacity, uint64_t ns)
{
	const struct time_unit *unit = &time_units[HKI_COUNT(time_units) - 1];
	uint64_t tenths;

	if (ns == 0)
		return (size_t) snprintf(out, capacity, "0s");
	/* 999.6us is shown as 1.0ms. */
	while (unit->ns < HKI_NS_PER_S && rounded(ns, 1, unit->ns) >= 1000)
		unit--;
	tenths = rounded(ns, 10, unit->ns);
	if (unit->ns > 1 && (tenths < 100 || unit->ns == HKI_NS_PER_S))
		return (size_t) snprintf(out, capacity, "%llu.%llu%s",
		    (unsigned long long) (tenths / 10),
		    (unsigned long long) (tenths % 10), unit->name);
	return (size_t) snprintf(out, capacity, "%llu%s",
	    (unsigned long long) rounded(ns, 1, unit->ns), unit->name);
}

size_t hki_duration_format(char *out, size_t capacity, uint64_t ns)
{
	const struct time_unit *large = &time_units[0];
	const struct time_unit *small;

	if (ns < 60 * HKI_NS_PER_S - HKI_NS_PER_MS * 50)
		return format_short(out, capacity, ns);
	if (ns < 60 * HKI_NS_PER_S)
		ns = 60 * HKI_NS_PER_S; /* would be shown as 60.0s */
	while (ns < large->ns)
		large++;
	small = large + 1;
	return (size_t) snprintf(out, capacity, "%llu%s%02llu%s",
	    (unsigned long long) (ns / large->ns), large->name,
	    (unsigned long long) (ns % large->ns / small->ns), small->name);
}
