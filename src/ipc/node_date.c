/*
 * Dates as ECMAScript writes them (Date Time String Format, in UTC): four digits
 * of a year, or a sign and six.  Days are counted in eras of 400 years beginning
 * in March, so that the leap day is the last of its year.
 */
#include "ipc/node_value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>

#define MS_PER_DAY INT64_C(86400000)

enum { DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400, EPOCH_DAYS = 719468 };

typedef struct date {
	int64_t year;
	unsigned int month; /* 1 … 12 */
	unsigned int day;   /* 1 … 31 */
} date;

static int64_t floor_divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static date date_of_day(int64_t day)
{
	const int64_t since = day + EPOCH_DAYS; /* of 1 March of the year 0 */
	const int64_t era = floor_divide(since, DAYS_PER_ERA);
	const unsigned int in_era = (unsigned int) (since - era * DAYS_PER_ERA);
	const unsigned int year =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	const unsigned int in_year = in_era - (365 * year + year / 4 - year / 100);
	const unsigned int month = (5 * in_year + 2) / 153; /* 0 is March */
	date result;

	result.day = in_year - (153 * month + 2) / 5 + 1;
	result.month = month < 10 ? month + 3 : month - 9;
	result.year = era * YEARS_PER_ERA + year + (result.month <= 2);
	return result;
}

static int64_t day_of_date(const date *when)
{
	const int64_t year = when->year - (when->month <= 2);
	const int64_t era = floor_divide(year, YEARS_PER_ERA);
	const unsigned int in_era = (unsigned int) (year - era * YEARS_PER_ERA);
	const unsigned int month = when->month > 2 ? when->month - 3 : when->month + 9;
	const unsigned int in_year = (153 * month + 2) / 5 + when->day - 1;

	return era * DAYS_PER_ERA + in_era * 365 + in_era / 4 - in_era / 100 + in_year -
	       EPOCH_DAYS;
}

bool hki_node_date_format(char out[HKI_NODE_DATE_MAX], double ms)
{
	int64_t day;
	unsigned int rest;
	date when;
	int length;

	if (!(fabs(ms) <= HKI_NODE_DATE_LIMIT))
		return false;
	day = floor_divide((int64_t) ms, MS_PER_DAY);
	rest = (unsigned int) ((int64_t) ms - day * MS_PER_DAY);
	when = date_of_day(day);
	if (when.year >= 0 && when.year <= 9999)
		length = snprintf(out, HKI_NODE_DATE_MAX, "%04d", (int) when.year);
	else
		length = snprintf(out, HKI_NODE_DATE_MAX, "%+07d", (int) when.year);
	snprintf(out + length, (size_t) (HKI_NODE_DATE_MAX - length),
	    "-%02u-%02uT%02u:%02u:%02u.%03uZ", when.month, when.day, rest / 3600000,
	    rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
	return true;
}

/* ---- reading ---- */

typedef struct scanner {
	const char *at;
	const char *end;
} scanner;

/* Exactly @count digits, at most @most. */
static bool scan_digits(scanner *in, int count, unsigned int most, unsigned int *out)
{
	unsigned int value = 0;

	for (int i = 0; i < count; i++) {
		if (in->at == in->end || *in->at < '0' || *in->at > '9')
			return false;
		value = value * 10 + (unsigned int) (*in->at++ - '0');
	}
	*out = value;
	return value <= most;
}

static bool scan_char(scanner *in, char letter)
{
	if (in->at == in->end || *in->at != letter)
		return false;
	in->at++;
	return true;
}

static bool scan_date(scanner *in, date *out)
{
	bool minus = scan_char(in, '-');
	bool sign = minus || scan_char(in, '+');
	unsigned int year;

	if (!scan_digits(in, sign ? 6 : 4, 999999, &year) || !scan_char(in, '-') ||
	    !scan_digits(in, 2, 12, &out->month) || out->month == 0 ||
	    !scan_char(in, '-') || !scan_digits(in, 2, 31, &out->day) || out->day == 0)
		return false;
	out->year = minus ? -(int64_t) year : (int64_t) year;
	return true;
}

static bool scan_time(scanner *in, unsigned int *out_ms)
{
	unsigned int hour;
	unsigned int minute;
	unsigned int second;
	unsigned int ms = 0;

	if (!scan_digits(in, 2, 23, &hour) || !scan_char(in, ':') ||
	    !scan_digits(in, 2, 59, &minute) || !scan_char(in, ':') ||
	    !scan_digits(in, 2, 59, &second))
		return false;
	if (scan_char(in, '.') && !scan_digits(in, 3, 999, &ms))
		return false;
	*out_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
	return true;
}

int hki_node_date_parse(double *out_ms, const char *text, size_t length)
{
	scanner in = { text, text + length };
	unsigned int ms = 0;
	double value;
	date when;
	date again;

	if (!scan_date(&in, &when) || !scan_char(&in, 'T') || !scan_time(&in, &ms) ||
	    !scan_char(&in, 'Z') || in.at != in.end)
		return HK_EPARSE;
	again = date_of_day(day_of_date(&when));
	if (again.day != when.day || again.month != when.month)
		return HK_EPARSE; /* 30 February */
	value = (double) (day_of_date(&when) * MS_PER_DAY + ms);
	if (fabs(value) > HKI_NODE_DATE_LIMIT)
		return HK_EPARSE;
	*out_ms = value;
	return 0;
}
