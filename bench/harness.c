#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Rounds in turns.  Rotating who goes first matters: the first run after a
 * pause meets cold caches, and a neighbour's burst must not hit always the same.
 */

enum { ROUNDS = 9, ROUNDS_MAX = 101, SIDES_MAX = 8 };

typedef struct samples {
	double values[ROUNDS_MAX];
	size_t count;
} samples;

static int missed;

bool bench_wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]) != NULL)
			return true;
	return argc <= 1;
}

int bench_status(void)
{
	return missed > 0;
}

static void run_round(const bench_side *sides, size_t count, size_t first, samples *sets)
{
	for (size_t i = 0; i < count; i++) {
		size_t which = (first + i) % count;
		double value;

		if (sides[which].run == NULL)
			continue;
		value = sides[which].run(sides[which].user);
		if (sets != NULL && isfinite(value))
			sets[which].values[sets[which].count++] = value;
	}
}

/* The values are sorted by now. */
static void tell_people(const bench_question *question, const bench_side *sides,
    const samples *sets, const double *medians, size_t count)
{
	double load = 0;

	(void) getloadavg(&load, 1);
	fprintf(stderr, "%s: %s (load %.1f)\n", question->bench, question->name, load);
	for (size_t i = 0; i < count; i++) {
		const char *name = i == 0 ? "hostkit" : sides[i].name;

		if (sets[i].count == 0)
			fprintf(stderr, "  %-24s %s\n", name,
			    sides[i].run == NULL ? "missing" : "failed");
		else
			fprintf(stderr, "  %-24s %12.4g %s  (%.4g to %.4g)\n", name,
			    medians[i], question->unit, sets[i].values[0],
			    sets[i].values[sets[i].count - 1]);
	}
}

static void report(
    const bench_question *question, const char *peer, double ours, double theirs)
{
	bench_result result = { .bench = question->bench,
		.name = question->name,
		.peer = peer,
		.unit = question->unit,
		.ours = ours,
		.theirs = theirs,
		.kind = strncmp(peer, "floor", 5) == 0 ? BENCH_NO_GOAL : question->kind,
		.goal = question->goal,
		.ratio = question->ratio };

	missed += !bench_report(&result);
}

void bench_ask(const bench_question *question, const bench_side *sides, size_t count)
{
	unsigned int rounds = question->rounds == 0 ? ROUNDS : question->rounds;
	double medians[SIDES_MAX];
	samples *sets = calloc(SIDES_MAX, sizeof(*sets));

	if (sets == NULL || count == 0 || count > SIDES_MAX || rounds > ROUNDS_MAX)
		abort();
	run_round(sides, count, 0, NULL);
	for (unsigned int round = 0; round < rounds; round++)
		run_round(sides, count, round % count, sets);
	for (size_t i = 0; i < count; i++)
		medians[i] = bench_median(sets[i].values, sets[i].count);
	tell_people(question, sides, sets, medians, count);
	free(sets);

	missed += !isfinite(medians[0]);
	if (count == 1 && question->kind != BENCH_NO_GOAL)
		missed += !bench_report_limit(question->bench, question->name,
		    question->unit, medians[0], question->kind, question->goal);
	for (size_t i = 1; i < count; i++)
		report(question, sides[i].name, medians[0], medians[i]);
}
