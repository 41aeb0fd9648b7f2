/*
 * Workloads that nobody has to think up.  Every draw is a few additions and
 * multiplications of doubles, written out here, and the generator is our own: the
 * same seed gives the same workload on every machine and with every libc, so a
 * seed in an exercise or a bug report is enough.
 */
#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/opts.h"
#include "base/random.h"
#include "sched/workload.h"

static const char *const names[] = {
	[HK_SCHED_UNIFORM] = "uniform",
	[HK_SCHED_EXPONENTIAL] = "exponential",
	[HK_SCHED_NORMAL] = "normal",
	[HK_SCHED_PARETO] = "pareto",
	[HK_SCHED_BIMODAL] = "bimodal",
	[HK_SCHED_CONSTANT] = "constant",
};

const char *hk_sched_distribution_name(unsigned int distribution)
{
	return distribution < HKI_COUNT(names) ? names[distribution] : NULL;
}

#define LN2 0.69314718055994530942

/* The natural logarithm of 0 < @x <= 1: twos are taken out, the rest is a series. */
static double logarithm(double x)
{
	double twos = 0;
	double s;
	double square;
	double power;
	double sum = 0;

	while (x < 0.75) {
		x *= 2;
		twos -= LN2;
	}
	s = (x - 1) / (x + 1);
	square = s * s;
	power = s;
	for (unsigned int k = 1; k < 20; k += 2) {
		sum += power / k;
		power *= square;
	}
	return twos + 2 * sum;
}

/* The cube root of 0 < @x <= 1, after Newton. */
static double cube_root(double x)
{
	double root = 1;

	for (unsigned int i = 0; i < 100; i++)
		root -= (root * root * root - x) / (3 * root * root);
	return root;
}

/* Evenly 0 < x <= 1: no distribution wants the logarithm of nothing. */
static double fraction(hki_random *random)
{
	return 1 - hki_random_fraction(random);
}

/* Twelve even numbers add up to the bell curve, near enough for a workload. */
static double bell(hki_random *random)
{
	double sum = -6;

	for (unsigned int i = 0; i < 12; i++)
		sum += hki_random_fraction(random);
	return sum;
}

/* Pareto of shape 3/2 and mean one: a third of u^(-2/3). */
static double heavy_tail(hki_random *random)
{
	double root = cube_root(fraction(random));
	double x = 1 / (3 * root * root);

	return x < 1000 ? x : 1000;
}

/* Nine of ten 0.1, the tenth 9.1: the mean is one. */
static double two_kinds(hki_random *random)
{
	return hki_random_below(random, 10) == 0 ? 9.1 : 0.1;
}

static int64_t draw(
    hki_random *random, hk_sched_distribution distribution, int64_t mean, int64_t least)
{
	double x = 1;

	switch (distribution) {
	case HK_SCHED_UNIFORM:
		return least + (int64_t) hki_random_below(
				   random, 2 * (uint64_t) (mean - least) + 1);
	case HK_SCHED_EXPONENTIAL:
		x = -logarithm(fraction(random));
		break;
	case HK_SCHED_NORMAL:
		x = 1 + bell(random) / 4;
		break;
	case HK_SCHED_PARETO:
		x = heavy_tail(random);
		break;
	case HK_SCHED_BIMODAL:
		x = two_kinds(random);
		break;
	case HK_SCHED_CONSTANT:
	case HK_SCHED_DISTRIBUTION_COUNT:
		break;
	}
	x = x * (double) mean + 0.5;
	return x < (double) least ? least : (int64_t) x;
}

/* At most this, so that a thousand means are still a time. */
#define MEAN_MAX (HK_SCHED_TIME_MAX / 1024)

static bool is_mean(int64_t mean)
{
	return mean >= 0 && mean <= MEAN_MAX;
}

static int take_opts(hk_sched_generate_opts *out, const hk_sched_generate_opts *given)
{
	hk_sched_generate_opts opts = HK_SCHED_GENERATE_OPTS_INIT;

	if (given != NULL) {
		int r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
		    offsetof(hk_sched_generate_opts, burst));

		if (r < 0)
			return r;
	}
	if (opts.count == 0)
		opts.count = 10;
	if (opts.burst_mean == 0)
		opts.burst_mean = 10;
	if (opts.io_mean == 0)
		opts.io_mean = opts.burst_mean;
	if (opts.burst >= HK_SCHED_DISTRIBUTION_COUNT ||
	    opts.interarrival >= HK_SCHED_DISTRIBUTION_COUNT || opts.io_percent > 100 ||
	    opts.priorities > INT32_MAX)
		return -EINVAL;
	if (!is_mean(opts.burst_mean) || !is_mean(opts.interarrival_mean) ||
	    !is_mean(opts.io_mean) || !is_mean(opts.period_factor))
		return -ERANGE;
	*out = opts;
	return 0;
}

/* I/O in the midst of it, if the dice say so and it is long enough to have a midst. */
static void draw_io(hk_sched_task *task, hk_sched_io *io, hki_random *random,
    const hk_sched_generate_opts *opts)
{
	if (hki_random_below(random, 100) >= opts->io_percent || task->burst < 2)
		return;
	io->after = 1 + (int64_t) hki_random_below(random, (uint64_t) task->burst - 1);
	io->duration = draw(random, opts->burst, opts->io_mean, 1);
	task->io = io;
	task->io_count = 1;
}

static int add_task(hk_sched_workload *workload, hki_random *random,
    const hk_sched_generate_opts *opts, int64_t arrival)
{
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_io io;
	int64_t added;

	task.arrival = arrival;
	task.burst = draw(random, opts->burst, opts->burst_mean, 1);
	if (opts->priorities > 0)
		task.priority = (int32_t) hki_random_below(random, opts->priorities);
	if (opts->tickets_max > 0)
		task.tickets = 1 + (uint32_t) hki_random_below(random, opts->tickets_max);
	if (opts->io_percent > 0)
		draw_io(&task, &io, random, opts);
	if (opts->period_factor > 0) {
		if (task.burst > HK_SCHED_TIME_MAX / opts->period_factor)
			return -ERANGE;
		task.period = task.burst * opts->period_factor;
	}
	added = hk_sched_workload_add(workload, &task);
	return added < 0 ? (int) added : 0;
}

int hk_sched_workload_generate(
    hk_sched_workload **out, const hk_sched_generate_opts *given)
{
	hk_sched_generate_opts opts;
	hk_sched_workload *workload;
	hki_random random;
	int64_t arrival = 0;
	int r = take_opts(&opts, given);

	if (r < 0)
		return r;
	r = hk_sched_workload_new(&workload);
	if (r < 0)
		return r;
	hki_random_seed(&random, opts.seed);
	for (size_t i = 0; i < opts.count && r == 0; i++) {
		r = add_task(workload, &random, &opts, arrival);
		if (opts.interarrival_mean > 0)
			arrival +=
			    draw(&random, opts.interarrival, opts.interarrival_mean, 0);
		if (arrival > HK_SCHED_TIME_MAX)
			r = -ERANGE;
	}
	if (r < 0) {
		hk_sched_workload_free(workload);
		return r;
	}
	*out = workload;
	return 0;
}
