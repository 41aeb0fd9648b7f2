#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include "report.h"

/*
 * One question, put to us and to our peers in the same run.
 *
 * Every side does the same work several times, in turns and each round in
 * another order, because a single run on a shared machine is worthless; the
 * medians are compared.  Each comparison is one line of JSON on stdout; medians
 * with their spread go to stderr for people.
 */
typedef struct bench_side {
	const char *name; /* of the peer; our own is not printed */
	/* One run: what it measured, in the unit of the question; NAN when it failed.
	 * NULL: the peer is missing. */
	double (*run)(void *user);
	void *user;
} bench_side;

typedef struct bench_question {
	const char *bench;
	const char *name; /* the case */
	const char *unit;
	unsigned int rounds; /* measured rounds, after one to warm up; 0: 9 */
	bench_ratio ratio;
	bench_goal kind;
	double goal;
} bench_question;

/*
 * Ask.  @sides[0] is ours; a line is printed for each other side.  With no other
 * side the goal is meant for our own median.  A side whose name begins with
 * "floor" has no goal.
 */
void bench_ask(const bench_question *question, const bench_side *sides, size_t count);

/* The exit status for main(): 1 if a goal was missed or none of our own runs succeeded. */
int bench_status(void);

/* Does the command line want this case?  Without arguments every one, else those
 * whose name contains one of the arguments. */
bool bench_wanted(int argc, char **argv, const char *name);

#endif /* BENCH_HARNESS_H */
