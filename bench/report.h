#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What every benchmark shares: medians over interleaved rounds, and the one line of
 * JSON a comparison ends in.  See README.md for the meaning of each key.
 */

typedef enum bench_goal {
	BENCH_AT_LEAST, /* ratio >= goal: we are that many times the peer */
	BENCH_AT_MOST,  /* ratio <= goal */
	BENCH_NO_GOAL   /* for orientation, such as a floor of bare system calls */
} bench_goal;

/* How the ratio follows from the two figures: choose it so that the goal reads naturally. */
typedef enum bench_ratio {
	BENCH_SHARE, /* ours / theirs: our share of their cost, or times their rate */
	BENCH_SPEED /* theirs / ours: how many times as fast, where the figures are times */
} bench_ratio;

typedef struct bench_result {
	const char *bench; /* the question, such as "spawn" */
	const char *name;  /* the case, such as "parent 1 GiB" */
	const char *peer;  /* what we are compared with, such as "posix_spawn" */
	const char *unit;  /* of ours and theirs, such as "us" */
	double ours;
	double theirs; /* NaN: the peer is missing */
	bench_goal kind;
	double goal;
	bench_ratio ratio;
} bench_result;

/* Print the line.  Returns whether the goal was met, or there was nothing to compare. */
bool bench_report(const bench_result *result);

/* An absolute goal: ours against a number, without a peer. */
bool bench_report_limit(const char *bench, const char *name, const char *unit,
    double ours, bench_goal kind, double limit);

/* The median; sorts @values in place. */
double bench_median(double *values, size_t count);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t bench_now_ns(void);

/* Processor time of the calling thread in nanoseconds: for questions that one thread answers
 * without sleeping, because what else the machine does hardly shows in it. */
uint64_t bench_thread_ns(void);

#endif /* BENCH_REPORT_H */
