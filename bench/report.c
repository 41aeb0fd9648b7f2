/*
 * Medians and the line of JSON.  A comparison that could not be made is printed with
 * "met": null, so that a missing peer is seen and never counts as beaten.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "report.h"

static bool is_met(double value, bench_goal kind, double goal)
{
	return kind == BENCH_AT_LEAST ? value >= goal : value <= goal;
}

static const char *goal_sign(bench_goal kind)
{
	return kind == BENCH_AT_LEAST ? ">=" : "<=";
}

bool bench_report(const bench_result *result)
{
	double ratio = result->ratio == BENCH_SPEED ? result->theirs / result->ours
						    : result->ours / result->theirs;
	bool compared = isfinite(ratio) && result->kind != BENCH_NO_GOAL;
	bool met = compared && is_met(ratio, result->kind, result->goal);

	printf("{\"bench\":\"%s\",\"case\":\"%s\",\"peer\":\"%s\"", result->bench,
	    result->name, result->peer);
	if (isfinite(result->ours))
		printf(",\"ours\":%.6g", result->ours);
	if (isfinite(result->theirs))
		printf(",\"theirs\":%.6g", result->theirs);
	printf(",\"unit\":\"%s\"", result->unit);
	if (isfinite(ratio))
		printf(",\"ratio\":%.4g", ratio);
	if (result->kind != BENCH_NO_GOAL)
		printf(",\"goal\":\"%s %g\"", goal_sign(result->kind), result->goal);
	printf(",\"met\":%s}\n", !compared ? "null" : met ? "true" : "false");
	fflush(stdout);
	return met || !compared;
}

bool bench_report_limit(const char *bench, const char *name, const char *unit,
    double ours, bench_goal kind, double limit)
{
	bool met = is_met(ours, kind, limit);

	printf("{\"bench\":\"%s\",\"case\":\"%s\",\"ours\":%.6g,\"unit\":\"%s\","
	       "\"goal\":\"%s %g %s\",\"met\":%s}\n",
	    bench, name, ours, unit, goal_sign(kind), limit, unit,
	    met ? "true" : "false");
	fflush(stdout);
	return met;
}

static int ascending(const void *left, const void *right)
{
	double a = *(const double *) left;
	double b = *(const double *) right;

	return (a > b) - (a < b);
}

double bench_median(double *values, size_t count)
{
	if (count == 0)
		return NAN;
	qsort(values, count, sizeof(*values), ascending);
	return count % 2 == 1 ? values[count / 2]
			      : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

uint64_t bench_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t bench_thread_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
