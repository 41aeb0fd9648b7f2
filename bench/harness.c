#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <hostkit/json.h>

/*
 * Rounds, medians, lines of JSON.  The writer is hostkit's own, so the lines
 * that praise it had better be well-formed.
 */

enum { ROUNDS = 9, ROUNDS_MAX = 101, SIDES_MAX = 8 };

typedef struct samples {
	double values[ROUNDS_MAX];
	size_t count;
} samples;

static int missed;

uint64_t bench_now_ns(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000000U + (uint64_t) now.tv_nsec;
}

int bench_wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]) != NULL)
			return 1;
	return argc <= 1;
}

int bench_status(void)
{
	return missed > 0;
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *) left;
	double b = *(const double *) right;

	return (a > b) - (a < b);
}

/* NAN when not a single run succeeded. */
static double median(samples *set)
{
	if (set->count == 0)
		return NAN;
	qsort(set->values, set->count, sizeof(set->values[0]), by_value);
	if (set->count % 2 == 1)
		return set->values[set->count / 2];
	return (set->values[set->count / 2 - 1] + set->values[set->count / 2]) / 2;
}

static void run_round(const bench_side *sides, size_t count, size_t first, samples *sets)
{
	for (size_t i = 0; i < count; i++) {
		size_t which = (first + i) % count;
		double value;

		if (sides[which].run == NULL)
			continue;
		value = sides[which].run(sides[which].user);
		if (sets != NULL && !isnan(value))
			sets[which].values[sets[which].count++] = value;
	}
}

static void tell_people(const bench_question *question, const bench_side *sides,
    const samples *sets, const double *medians, size_t count)
{
	double load = 0;

	(void) getloadavg(&load, 1);
	(void) fprintf(
	    stderr, "%s: %s (load %.1f)\n", question->bench, question->name, load);
	for (size_t i = 0; i < count; i++) {
		if (sets[i].count == 0)
			(void) fprintf(stderr, "  %-24s %s\n",
			    i == 0 ? "hostkit" : sides[i].name,
			    sides[i].run == NULL ? "missing" : "failed");
		else
			(void) fprintf(stderr, "  %-24s %12.4g %s  (%.4g to %.4g)\n",
			    i == 0 ? "hostkit" : sides[i].name, medians[i],
			    question->unit, sets[i].values[0],
			    sets[i].values[sets[i].count - 1]);
	}
}

static void write_number(hk_json_writer *writer, const char *key, double value)
{
	hk_json_write_key(writer, key);
	hk_json_write_decimal(writer, value, fabs(value) < 1 ? 6 : 3);
}

static void write_text(hk_json_writer *writer, const char *key, const char *text)
{
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

static void write_goal(hk_json_writer *writer, const bench_question *question,
    enum bench_goal goal, double reached)
{
	char text[32] = "none";
	int met = goal == BENCH_AT_LEAST ? reached >= question->bound
					 : reached <= question->bound;

	if (goal != BENCH_NO_GOAL)
		(void) snprintf(text, sizeof(text), "%s %g",
		    goal == BENCH_AT_LEAST ? ">=" : "<=", question->bound);
	write_text(writer, "goal", text);
	hk_json_write_key(writer, "met");
	if (goal == BENCH_NO_GOAL || isnan(reached)) {
		hk_json_write_null(writer);
		return;
	}
	hk_json_write_bool(writer, met);
	missed += !met;
}

/* One line.  @peer is NULL when the goal is meant for our own figure. */
static void write_line(
    const bench_question *question, const char *peer, double ours, double theirs)
{
	hk_json_writer *writer = NULL;
	enum bench_goal goal = question->goal;
	double ratio = question->ratio == BENCH_SPEED ? theirs / ours : ours / theirs;

	if (peer != NULL && strncmp(peer, "floor", 5) == 0)
		goal = BENCH_NO_GOAL;
	if (hk_json_writer_new(&writer, 0) < 0)
		abort();
	hk_json_write_object_begin(writer);
	write_text(writer, "bench", question->bench);
	write_text(writer, "case", question->name);
	write_text(writer, "peer", peer);
	write_number(writer, "ours", ours);
	write_number(writer, "theirs", theirs);
	write_text(writer, "unit", question->unit);
	write_number(writer, "ratio", ratio);
	write_goal(writer, question, goal, peer == NULL ? ours : ratio);
	hk_json_write_object_end(writer);
	if (hk_json_writer_text(writer, NULL) == NULL)
		abort();
	(void) puts(hk_json_writer_text(writer, NULL));
	(void) fflush(stdout);
	hk_json_writer_free(writer);
}

void bench_ask(const bench_question *question, const bench_side *sides, size_t count)
{
	unsigned int rounds = question->rounds == 0 ? ROUNDS : question->rounds;
	samples sets[SIDES_MAX] = { 0 };
	double medians[SIDES_MAX];

	if (count == 0 || count > SIDES_MAX || rounds > ROUNDS_MAX)
		abort();
	run_round(sides, count, 0, NULL);
	for (unsigned int round = 0; round < rounds; round++)
		run_round(sides, count, round % count, sets);
	for (size_t i = 0; i < count; i++)
		medians[i] = median(&sets[i]);
	tell_people(question, sides, sets, medians, count);

	missed += isnan(medians[0]) != 0;
	if (count == 1)
		write_line(question, NULL, medians[0], NAN);
	for (size_t i = 1; i < count; i++)
		write_line(question, sides[i].name, medians[0], medians[i]);
}
