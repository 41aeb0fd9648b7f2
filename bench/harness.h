#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stddef.h>
#include <stdint.h>

/*
 * One question, put to us and to our peers in the same run.
 *
 * Every side does the same work several times, in turns and each round in
 * another order, because a single run on a shared machine is worthless; the
 * medians are compared.  Each comparison is one line of JSON on stdout; medians
 * with their spread go to stderr for people.
 *
 *	{"bench":"spawn","case":"parent 1 GiB","peer":"node","ours":…,"theirs":…,
 *	 "unit":"us","ratio":…,"goal":"<= 0.033","met":true}
 *
 * A peer that is not installed gives "met":null, never a victory.
 */
typedef struct bench_side {
	const char *name; /* of the peer; our own is not printed */
	/* One run: what it measured, in the unit of the question; NAN when it failed.
	 * NULL: the peer is missing. */
	double (*run)(void *user);
	void *user;
} bench_side;

/* How ratio follows from the medians: choose it so that the goal reads naturally. */
enum bench_ratio {
	BENCH_SPEED, /* theirs / ours: how many times as fast we are, when sides measure times */
	BENCH_COST /* ours / theirs: what share of their cost we have, or times their rate */
};

enum bench_goal {
	BENCH_NO_GOAL, /* for orientation, such as a floor of bare system calls */
	BENCH_AT_LEAST,
	BENCH_AT_MOST
};

typedef struct bench_question {
	const char *bench;
	const char *name; /* printed as "case" */
	const char *unit;
	unsigned int rounds; /* measured rounds, after one to warm up; 0: 9 */
	enum bench_ratio ratio;
	enum bench_goal goal;
	double bound;
} bench_question;

/*
 * Ask.  @sides[0] is ours; a line is printed for each other side.  With no other
 * side the goal is meant for our own median, and ratio is null.
 * A side whose name begins with "floor" has no goal.
 */
void bench_ask(const bench_question *question, const bench_side *sides, size_t count);

/* The exit status for main(): 1 if a goal was missed or one of our own runs failed. */
int bench_status(void);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t bench_now_ns(void);

/* For main(): should this case run?  With arguments only those it contains (as a substring). */
int bench_wanted(int argc, char **argv, const char *name);

#endif /* BENCH_HARNESS_H */
