/*
 * The words and numbers of /proc and /sys.  strtod(3) would obey the locale of
 * the host program and sscanf(3) would read past a limit, so neither is used.
 */
#include "system/scan.h"

#include <string.h>

hki_scan hki_scan_of(const char *text, size_t length)
{
	return (hki_scan){ text, text + length };
}

hki_scan hki_scan_text(const char *text)
{
	return hki_scan_of(text, strlen(text));
}

size_t hki_scan_length(hki_scan text)
{
	return (size_t) (text.end - text.at);
}

bool hki_scan_until(hki_scan *out, hki_scan *line, char separator)
{
	const char *end;

	if (line->at == line->end)
		return false;
	end = memchr(line->at, separator, hki_scan_length(*line));
	*out = (hki_scan){ line->at, end != NULL ? end : line->end };
	line->at = end != NULL ? end + 1 : line->end;
	return true;
}

bool hki_scan_line(hki_scan *out, hki_scan *text)
{
	return hki_scan_until(out, text, '\n');
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

void hki_scan_spaces(hki_scan *line)
{
	while (line->at < line->end && is_space(*line->at))
		line->at++;
}

bool hki_scan_word(hki_scan *out, hki_scan *line)
{
	const char *begin;

	hki_scan_spaces(line);
	begin = line->at;
	while (line->at < line->end && !is_space(*line->at))
		line->at++;
	*out = (hki_scan){ begin, line->at };
	return line->at > begin;
}

bool hki_scan_skip(hki_scan *line, const char *text)
{
	size_t length = strlen(text);

	if (hki_scan_length(*line) < length || memcmp(line->at, text, length) != 0)
		return false;
	line->at += length;
	return true;
}

hki_scan hki_scan_trim(hki_scan text)
{
	while (text.at < text.end && (is_space(*text.at) || *text.at == '\n'))
		text.at++;
	while (text.end > text.at &&
	       (is_space(text.end[-1]) || text.end[-1] == '\n' || text.end[-1] == '\0'))
		text.end--;
	return text;
}

bool hki_scan_is(hki_scan text, const char *word)
{
	size_t length = strlen(word);

	return hki_scan_length(text) == length && memcmp(text.at, word, length) == 0;
}

static bool digit_of(unsigned int *out, char c, unsigned int base)
{
	unsigned int digit;

	if (c >= '0' && c <= '9')
		digit = (unsigned int) (c - '0');
	else if (c >= 'a' && c <= 'f')
		digit = (unsigned int) (c - 'a') + 10;
	else if (c >= 'A' && c <= 'F')
		digit = (unsigned int) (c - 'A') + 10;
	else
		return false;
	*out = digit;
	return digit < base;
}

static bool scan_digits(uint64_t *out, hki_scan *line, unsigned int base)
{
	const char *at;
	uint64_t number = 0;
	unsigned int digit;

	hki_scan_spaces(line);
	for (at = line->at; at < line->end && digit_of(&digit, *at, base); at++)
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			number = UINT64_MAX;
	if (at == line->at)
		return false;
	line->at = at;
	*out = number;
	return true;
}

bool hki_scan_number(uint64_t *out, hki_scan *line)
{
	return scan_digits(out, line, 10);
}

bool hki_scan_hex(uint64_t *out, hki_scan *line)
{
	return scan_digits(out, line, 16);
}

bool hki_scan_signed(int64_t *out, hki_scan *line)
{
	hki_scan rest = *line;
	bool negative;
	uint64_t number;

	hki_scan_spaces(&rest);
	negative = hki_scan_skip(&rest, "-");
	if (negative && rest.at < rest.end && is_space(*rest.at))
		return false;
	if (!hki_scan_number(&number, &rest))
		return false;
	if (number > INT64_MAX)
		number = INT64_MAX;
	*line = rest;
	*out = negative ? -(int64_t) number : (int64_t) number;
	return true;
}

bool hki_scan_decimal(double *out, hki_scan *line)
{
	hki_scan rest = *line;
	uint64_t whole;
	double value;
	double place = 1;

	if (!hki_scan_number(&whole, &rest))
		return false;
	value = (double) whole;
	if (hki_scan_skip(&rest, "."))
		for (; rest.at < rest.end && *rest.at >= '0' && *rest.at <= '9';
		     rest.at++) {
			place /= 10;
			value += place * (*rest.at - '0');
		}
	*line = rest;
	*out = value;
	return true;
}

void hki_scan_copy(char *out, size_t capacity, hki_scan text)
{
	size_t length = strnlen(text.at, hki_scan_length(text));

	if (length >= capacity)
		length = capacity - 1;
	if (length > 0)
		memcpy(out, text.at, length);
	out[length] = '\0';
}
