/*
 * Counting promises as TAP.  A stress program that cannot even begin (no memory, no
 * loop) bails out, which Meson reports as an error and not as a broken promise.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "stress.h"

static unsigned int number;
static bool broken;

unsigned int stress_factor(void)
{
	const char *text = getenv("HOSTKIT_STRESS_FACTOR");
	long factor = text != NULL ? strtol(text, NULL, 10) : 1;

	return factor > 0 ? (unsigned int) factor : 1;
}

void stress_plan(unsigned int count)
{
	printf("1..%u\n", count);
	fflush(stdout);
}

bool stress_check(bool held, const char *format, ...)
{
	va_list arguments;

	printf("%sok %u - ", held ? "" : "not ", ++number);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
	broken |= !held;
	return held;
}

void stress_skip(const char *format, ...)
{
	va_list arguments;

	printf("ok %u - # SKIP ", ++number);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

int stress_status(void)
{
	return broken ? 1 : 0;
}

uint64_t stress_random(uint64_t *state)
{
	/* xorshift64: long enough for a test, and needs no seed from the machine. */
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void stress_need(bool condition, const char *what)
{
	if (condition)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}
