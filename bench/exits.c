/*
 * What does it cost to hear that one child of many has ended?
 *
 * N children sleep; one after the other is killed and its callback awaited, and the
 * CPU time that our thread spends on that is divided by their number.  With a
 * descriptor a child the cost does not depend on N; with SIGCHLD every living child
 * has to be asked (libuv).
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <hostkit/hostkit.h>
#include "harness.h"
#if BENCH_HAS_LIBUV
#include <uv.h>
#endif

enum { FEW = 100, MANY = 10000, EXITS = 100, ROUNDS = 11, SPARE = 300 };

static char program[] = "/bin/sleep";
static char seconds[] = "3600";
static char *arguments[] = { program, seconds, NULL };
static size_t ended_count;

static double cpu_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double) time.tv_sec * 1e6 + (double) time.tv_nsec / 1e3;
}

/* One way to keep children. */
typedef struct keeper {
	const char *name;
	bool (*start)(size_t index);
	void (*kill)(size_t index);
	void (*turn)(void); /* until something happened */
} keeper;

/* ---- ours ---- */

static hk_loop *loop;
static hk_process *processes[MANY];

static void on_exit_ours(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) how;
	(void) user;
	ended_count++;
	hk_process_free(process);
}

static bool start_ours(size_t index)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	opts.argv = (const char *const *) arguments;
	opts.tree = HK_TREE_NONE; /* as the peer: the process alone */
	opts.on_exit = on_exit_ours;
	return hk_process_spawn(&processes[index], loop, &opts, NULL) == 0;
}

static void kill_ours(size_t index)
{
	if (hk_process_kill(processes[index], SIGKILL) < 0)
		abort();
}

static void turn_ours(void)
{
	if (hk_loop_run_once(loop, -1) < 0)
		abort();
}

static const keeper ours = { "hostkit", start_ours, kill_ours, turn_ours };

/* ---- libuv ---- */

#if BENCH_HAS_LIBUV
static uv_process_t handles[MANY];

static void on_exit_uv(uv_process_t *handle, int64_t status, int signal)
{
	(void) status;
	(void) signal;
	ended_count++;
	uv_close((uv_handle_t *) handle, NULL);
}

static bool start_uv(size_t index)
{
	uv_process_options_t options = {
		.exit_cb = on_exit_uv, .file = program, .args = arguments
	};

	return uv_spawn(uv_default_loop(), &handles[index], &options) == 0;
}

static void kill_uv(size_t index)
{
	if (uv_process_kill(&handles[index], SIGKILL) < 0)
		abort();
}

static void turn_uv(void)
{
	uv_run(uv_default_loop(), UV_RUN_ONCE);
}

static const keeper libuv = { "libuv", start_uv, kill_uv, turn_uv };
#endif

/* ---- measuring ---- */

static double cost_of_exits(const keeper *k)
{
	double began_us;
	double cost_us;

	ended_count = 0;
	began_us = cpu_us();
	for (size_t i = 0; i < EXITS; i++) {
		k->kill(i);
		while (ended_count <= i)
			k->turn();
	}
	cost_us = (cpu_us() - began_us) / EXITS;
	for (size_t i = 0; i < EXITS; i++)
		if (!k->start(i))
			return NAN;
	return cost_us;
}

static double median_cost(const keeper *k)
{
	double values[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++)
		values[i] = cost_of_exits(k);
	return bench_median(values, ROUNDS);
}

static bool grow(const keeper *k, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!k->start(i)) {
			fprintf(stderr, "%s: only %zu children could be started\n",
			    k->name, i);
			return false;
		}
	return true;
}

static void end_all(const keeper *k, size_t count)
{
	ended_count = 0;
	for (size_t i = 0; i < count; i++)
		k->kill(i);
	while (ended_count < count)
		k->turn();
}

typedef struct costs {
	double few_us;
	double many_us;
} costs;

static costs measure(const keeper *k)
{
	costs result = { NAN, NAN };

	if (!grow(k, 0, FEW))
		return result;
	result.few_us = median_cost(k);
	if (grow(k, FEW, MANY)) {
		result.many_us = median_cost(k);
		end_all(k, MANY);
	}
	return result;
}

static bool report(const char *name, const char *peer, double mine, double theirs,
    bench_goal kind, double goal, bench_ratio ratio)
{
	const bench_result result = { .bench = "exits",
		.name = name,
		.peer = peer,
		.unit = "us",
		.ours = mine,
		.theirs = theirs,
		.kind = kind,
		.goal = goal,
		.ratio = ratio };

	return bench_report(&result);
}

/* A pidfd a child. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < MANY + SPARE)
		limit.rlim_max = MANY + SPARE; /* works for root */
	limit.rlim_cur = MANY + SPARE;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fprintf(stderr, "the limit of open files is too low\n");
}

int main(int argc, char **argv)
{
	costs mine;
	costs theirs = { NAN, NAN };
	bool met;

	raise_descriptor_limit();
	if (hk_loop_new(&loop) < 0)
		return 1;
	mine = measure(&ours);
	hk_loop_free(loop);
#if BENCH_HAS_LIBUV
	if (bench_wanted(argc, argv, libuv.name))
		theirs = measure(&libuv);
#else
	(void) argc;
	(void) argv;
#endif
	fprintf(stderr, "exits: CPU of one exit, at %d and at %d children\n", FEW, MANY);
	fprintf(stderr, "  hostkit %.1f us, %.1f us\n", mine.few_us, mine.many_us);
	fprintf(stderr, "  libuv   %.1f us, %.1f us\n", theirs.few_us, theirs.many_us);
	met = report("10000 children against 100", "hostkit at 100", mine.many_us,
	    mine.few_us, BENCH_AT_MOST, 1.3, BENCH_SHARE);
	met &= report("100 children", "libuv", mine.few_us, theirs.few_us, BENCH_AT_LEAST,
	    1, BENCH_SPEED);
	met &= report("10000 children", "libuv", mine.many_us, theirs.many_us,
	    BENCH_AT_LEAST, 1, BENCH_SPEED);
	return !met || !isfinite(mine.many_us);
}
