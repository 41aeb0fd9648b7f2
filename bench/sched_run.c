/*
 * Does a schedule of real programs keep to the plan?
 *
 * Three programs of unequal length under round robin, run and then simulated with the
 * CPU times they had: the order of the ends, the turnarounds and the whole are compared.
 * Then the same while every CPU is busy with something else, where the time that the
 * others took is left out; the same with turns of two milliseconds; and how long it
 * takes until a frozen program stands still, which it tells by the last time it wrote
 * into memory it shares with us.
 *
 * There is no peer: the finest a batch system slices is five seconds (Slurm's gangs).
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <hostkit/sched_executor.h>
#include "harness.h"

enum { ROUNDS = 7, FREEZES = 200, LOAD_MAX = 64 };

/* Lengths that are no multiples of the quantum, as real ones are not. */
static const char *const bursts_ms[] = { "323", "161", "242" };
enum { TASKS = sizeof(bursts_ms) / sizeof(bursts_ms[0]) };

/* ---- the programs: this one again ---- */

static uint64_t process_ns(void)
{
	struct timespec used;

	(void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t) used.tv_sec * 1000000000U + (uint64_t) used.tv_nsec;
}

static int burn(const char *ms)
{
	uint64_t end_ns = strtoull(ms, NULL, 10) * 1000000U;

	while (process_ns() < end_ns)
		;
	return 0;
}

/* Write the time into the file, again and again. */
static int tick(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	_Atomic uint64_t *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd < 0 ? -1 : fd, 0);

	if (shared == MAP_FAILED)
		return 1;
	for (;;)
		*shared = bench_now_ns();
}

/* ---- an executor ---- */

typedef struct setting {
	const char *name;
	int64_t quantum_ns;
	hk_sched_preemption preemption;
	bool loaded;
	double makespan_goal; /* percent over the prediction */
	double turnaround_goal;
} setting;

static char guard_path[4096];

static int open_executor(
    hk_sched_executor **out, hk_loop *loop, int64_t quantum_ns, hk_sched_preemption way)
{
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;
	hk_sched_policy_opts policy = HK_SCHED_POLICY_OPTS_INIT;

	policy.quantum = quantum_ns;
	opts.policy = hk_sched_policy_find("rr");
	opts.policy_opts = &policy;
	opts.preemption = way;
	opts.flags = HK_SCHED_OUTRANK;
	opts.guard = guard_path[0] != '\0' ? guard_path : NULL;
	return hk_sched_executor_new(out, loop, &opts, NULL);
}

static int add(
    hk_sched_executor *executor, const char *id, const char *play, const char *word)
{
	const char *argv[] = { "/proc/self/exe", play, word, NULL };
	hk_sched_command command = { .argv = argv };
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_work work = HK_SCHED_WORK_INIT;

	task.id = id;
	task.command = &command;
	if (strcmp(play, "burn") == 0)
		task.burst = strtoll(word, NULL, 10) * 1000000;
	work.task = &task;
	return hk_sched_executor_add(executor, &work, NULL);
}

/* ---- the plan and the run ---- */

static int run_once(hk_sched_comparison_summary *out, const setting *at)
{
	hk_sched_comparison *comparison = NULL;
	hk_sched_executor *executor = NULL;
	hk_loop *loop;
	int r = hk_loop_new(&loop);

	if (r < 0)
		return r;
	r = open_executor(&executor, loop, at->quantum_ns, at->preemption);
	for (int i = 0; i < TASKS && r == 0; i++)
		r = add(executor, NULL, "burn", bursts_ms[i]);
	if (r == 0)
		r = hk_loop_run(loop);
	if (r == 0)
		r = hk_sched_executor_compare(&comparison, executor, NULL);
	if (r == 0)
		*out = *hk_sched_comparison_get_summary(comparison);
	hk_sched_comparison_free(comparison);
	hk_sched_executor_free(executor);
	hk_loop_free(loop);
	return r;
}

static unsigned int begin_load(pid_t pids[LOAD_MAX])
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int count = cpus < LOAD_MAX ? (unsigned int) cpus : LOAD_MAX;

	for (unsigned int i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			for (;;)
				;
	}
	return count;
}

static void end_load(const pid_t *pids, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (pids[i] <= 0)
			continue;
		(void) kill(pids[i], SIGKILL);
		(void) waitpid(pids[i], NULL, 0);
	}
}

static void report(
    const setting *at, const char *what, const char *unit, double value, double goal)
{
	char name[128];

	(void) snprintf(name, sizeof(name), "%s, %s", at->name, what);
	(void) bench_report_limit("sched-run", name, unit, value, BENCH_AT_MOST, goal);
}

static void ask(const setting *at)
{
	double makespans[ROUNDS], turnarounds[ROUNDS];
	double other_order = 0;
	unsigned int count = 0;
	pid_t load[LOAD_MAX];
	unsigned int loads = at->loaded ? begin_load(load) : 0;

	for (int i = 0; i < ROUNDS; i++) {
		hk_sched_comparison_summary sum = { .tasks = 0 };

		if (run_once(&sum, at) != 0)
			continue;
		other_order += !sum.same_order;
		makespans[count] = at->loaded
				       ? sum.undisturbed_makespan_difference_percent
				       : sum.makespan_difference_percent;
		turnarounds[count++] = at->loaded
					   ? sum.worst_undisturbed_difference_percent
					   : sum.worst_difference_percent;
	}
	end_load(load, loads);
	report(at, "runs that ended in another order", "runs",
	    count == 0 ? NAN : other_order, 0);
	report(at, "makespan over the prediction", "%",
	    count == 0 ? NAN : bench_median(makespans, count), at->makespan_goal);
	if (at->turnaround_goal > 0)
		report(at, "worst turnaround off", "%",
		    count == 0 ? NAN : bench_median(turnarounds, count),
		    at->turnaround_goal);
}

/* ---- standing still ---- */

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *) left;
	double b = *(const double *) right;

	return (a > b) - (a < b);
}

static double percentile(double *values, size_t count, double part)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return values[(size_t) ((double) (count - 1) * part)];
}

/* Let it run until it has written something new. */
static int let_tick(hk_loop *loop, const _Atomic uint64_t *shared)
{
	uint64_t before = *shared;
	uint64_t deadline_ns = bench_now_ns() + 2000000000U;

	while (*shared == before) {
		if (hk_loop_run_once(loop, 1) < 0 || bench_now_ns() > deadline_ns)
			return -ETIMEDOUT;
	}
	return hk_loop_run_once(loop, 1) < 0 ? -EIO : 0;
}

static size_t freeze_often(hk_loop *loop, hk_sched_executor *executor,
    const _Atomic uint64_t *shared, double *last_us, double *confirmed_us)
{
	size_t count = 0;

	for (int i = 0; i < FREEZES; i++) {
		uint64_t before_ns, after_ns;

		if (let_tick(loop, shared) < 0)
			break;
		before_ns = bench_now_ns();
		if (hk_sched_executor_pause(executor, "victim") < 0)
			break;
		after_ns = bench_now_ns();
		last_us[count] = ((double) *shared - (double) before_ns) / 1e3;
		confirmed_us[count++] = (double) (after_ns - before_ns) / 1e3;
		if (hk_sched_executor_resume(executor, "victim") < 0)
			break;
	}
	return count;
}

static int freeze(const char *name, hk_sched_preemption way)
{
	static double last_us[FREEZES], confirmed_us[FREEZES];
	char path[] = "/tmp/hostkit-bench-XXXXXX";
	char text[128];
	hk_sched_executor *executor = NULL;
	hk_loop *loop;
	size_t count = 0;
	int fd = mkstemp(path);
	_Atomic uint64_t *shared;
	int r;

	if (fd < 0 || ftruncate(fd, sizeof(*shared)) < 0)
		return -errno;
	shared = mmap(NULL, sizeof(*shared), PROT_READ, MAP_SHARED, fd, 0);
	r = shared == MAP_FAILED ? -errno : hk_loop_new(&loop);
	if (r == 0) {
		r = open_executor(&executor, loop, 1000000000, way);
		if (r == 0)
			r = add(executor, "victim", "tick", path);
		if (r == 0)
			count =
			    freeze_often(loop, executor, shared, last_us, confirmed_us);
		hk_sched_executor_free(executor);
		hk_loop_free(loop);
	}
	(void) close(fd);
	(void) unlink(path);
	(void) snprintf(text, sizeof(text), "%s, last instruction, p90", name);
	(void) bench_report_limit("sched-run", text, "us",
	    count == 0 ? NAN : percentile(last_us, count, 0.9), BENCH_AT_MOST, 100);
	(void) snprintf(text, sizeof(text), "%s, confirmed, p90", name);
	(void) bench_report_limit("sched-run", text, "us",
	    count == 0 ? NAN : percentile(confirmed_us, count, 0.9), BENCH_AT_MOST, 100);
	return r;
}

/* ---- all of it ---- */

static const setting settings[] = {
	{ "turns of 5 ms", 5000000, HK_SCHED_PREEMPT_AUTO, false, 1, 3 },
	{ "turns of 5 ms by signals", 5000000, HK_SCHED_PREEMPT_SIGNAL, false, 1, 3 },
	{ "turns of 5 ms beside other load", 5000000, HK_SCHED_PREEMPT_AUTO, true, 1, 3 },
	{ "turns of 2 ms", 2000000, HK_SCHED_PREEMPT_AUTO, false, 2, 0 },
};

static void find_guard(void)
{
	const char *command = getenv("HOSTKIT");
	const char *slash = command == NULL ? NULL : strrchr(command, '/');

	if (slash != NULL)
		(void) snprintf(guard_path, sizeof(guard_path), "%.*s/libexec/guard",
		    (int) (slash - command), command);
	if (access(guard_path, X_OK) < 0)
		guard_path[0] = '\0';
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "burn") == 0)
		return burn(argv[2]);
	if (argc == 3 && strcmp(argv[1], "tick") == 0)
		return tick(argv[2]);
	find_guard();
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (bench_wanted(argc, argv, settings[i].name))
			ask(&settings[i]);
	if (bench_wanted(argc, argv, "freeze"))
		(void) freeze("freeze by cgroup", HK_SCHED_PREEMPT_CGROUP);
	if (bench_wanted(argc, argv, "freeze"))
		(void) freeze("freeze by signals", HK_SCHED_PREEMPT_SIGNAL);
	return bench_status();
}
