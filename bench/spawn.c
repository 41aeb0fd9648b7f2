/*
 * What does it cost to start a program and to collect it, and does that depend on
 * how much memory the caller has?
 *
 * Peers: a bare loop of posix_spawn(3) and waitpid(2), which is the least C can do,
 * and Node's child_process.spawn() (spawn.js), of which only the call is counted,
 * since that is what blocks its event loop.
 */
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <hostkit/hostkit.h>
#include "harness.h"
#include "node.h"

enum { STARTS = 20 };

static char program[] = "/bin/true";
static char *arguments[] = { program, NULL };
static hk_loop *loop;

static double us_since(uint64_t began_ns)
{
	return (double) (bench_now_ns() - began_ns) / 1000;
}

/* ---- ours ---- */

static void ended(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) how;
	(void) user;
	hk_process_free(process);
}

/* The call and the whole, in microseconds; false when it failed. */
static bool start_ours(double *call_us, double *all_us)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	uint64_t began_ns = bench_now_ns();
	hk_process *process;

	opts.argv = (const char *const *) arguments;
	opts.on_exit = ended;
	if (hk_process_spawn(&process, loop, &opts, NULL) < 0)
		return false;
	*call_us = us_since(began_ns);
	if (hk_loop_run(loop) < 0)
		return false;
	*all_us = us_since(began_ns);
	return true;
}

static double run_ours(void *user)
{
	const bool call_alone = user != NULL;
	double values[STARTS];

	for (int i = 0; i < STARTS; i++) {
		double call_us;
		double all_us;

		if (!start_ours(&call_us, &all_us))
			return NAN;
		values[i] = call_alone ? call_us : all_us;
	}
	return bench_median(values, STARTS);
}

/* ---- peers ---- */

static double run_posix_spawn(void *user)
{
	double values[STARTS];

	(void) user;
	for (int i = 0; i < STARTS; i++) {
		uint64_t began_ns = bench_now_ns();
		pid_t pid;

		if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) != 0 ||
		    waitpid(pid, NULL, 0) != pid)
			return NAN;
		values[i] = us_since(began_ns);
	}
	return bench_median(values, STARTS);
}

/* spawn.js prints the median of its calls in microseconds. */
static double run_node(void *user)
{
	const char *argv[] = { "node", BENCH_FOLDER "/spawn.js", user, NULL };

	return bench_run_script(argv);
}

/* ---- the caller's memory ---- */

static char *memory;
static size_t memory_bytes;

/* Resident memory of that many GiB, each page our own. */
static bool grow_to(size_t gib)
{
	size_t bytes = gib << 30;

	if (memory != NULL)
		munmap(memory, memory_bytes);
	memory = NULL;
	memory_bytes = bytes;
	if (bytes == 0)
		return true;
	memory =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		memory = NULL;
		return false;
	}
	(void) madvise(memory, bytes, MADV_NOHUGEPAGE); /* as a heap that grew slowly */
	memset(memory, 1, bytes);
	return true;
}

/* ---- questions ---- */

static void ask_whole(size_t gib)
{
	char name[64];
	const bench_question question = { .bench = "spawn",
		.name = name,
		.unit = "us",
		.rounds = 101, /* short ones: a busy machine disturbs both alike */
		.ratio = BENCH_SPEED,
		.kind = BENCH_AT_LEAST,
		.goal = 0.95 };
	const bench_side sides[] = {
		{ "hostkit", run_ours, NULL },
		{ "posix_spawn", run_posix_spawn, NULL },
	};

	snprintf(name, sizeof(name), "start and collect, parent %zu GiB", gib);
	bench_ask(&question, sides, 2);
}

static void ask_call(void)
{
	static char mib[] = "1024";
	static char call_alone[] = "call";
	const bench_question limit = { .bench = "spawn",
		.name = "the call, parent 1 GiB",
		.unit = "us",
		.kind = BENCH_AT_MOST,
		.goal = 500 };
	const bench_question node = { .bench = "spawn",
		.name = "the call, parent 1 GiB",
		.unit = "us",
		.rounds = 5,
		.ratio = BENCH_SPEED,
		.kind = BENCH_AT_LEAST,
		.goal = 30 };
	const bench_side sides[] = {
		{ "hostkit", run_ours, call_alone },
		{ "node", bench_has_node() ? run_node : NULL, mib },
	};

	bench_ask(&limit, sides, 1);
	bench_ask(&node, sides, 2);
}

/* Flat: as fast with 4 GiB as with none.  Rounds cannot be taken in turns here. */
static void ask_flat(double small_us, double large_us)
{
	const bench_result result = { .bench = "spawn",
		.name = "start and collect, parent 4 GiB against 0",
		.peer = "hostkit at 0 GiB",
		.unit = "us",
		.ours = large_us,
		.theirs = small_us,
		.kind = BENCH_AT_MOST,
		.goal = 1.15,
		.ratio = BENCH_SHARE };

	if (!bench_report(&result))
		exit(1);
}

static double median_of_rounds(void)
{
	double values[9];

	for (size_t i = 0; i < 9; i++)
		values[i] = run_ours(NULL);
	return bench_median(values, 9);
}

int main(int argc, char **argv)
{
	const size_t sizes[] = { 0, 1, 4 };
	double small_us = NAN;

	if (hk_loop_new(&loop) < 0)
		return 1;
	for (size_t i = 0; i < 3; i++) {
		if (!grow_to(sizes[i])) {
			fprintf(stderr, "no memory for a parent of %zu GiB\n", sizes[i]);
			return 1;
		}
		if (bench_wanted(argc, argv, "start and collect"))
			ask_whole(sizes[i]);
		if (sizes[i] == 0)
			small_us = median_of_rounds();
		if (sizes[i] == 1 && bench_wanted(argc, argv, "the call"))
			ask_call();
	}
	if (bench_wanted(argc, argv, "start and collect"))
		ask_flat(small_us, median_of_rounds());
	hk_loop_free(loop);
	return bench_status();
}
