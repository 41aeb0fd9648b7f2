/*
 * Chapter: scheduling.
 *
 * Three programs, three policies, one slot.  Each policy runs them for real and then
 * simulates the same with the CPU times they had; order and times of both have to
 * agree.  The usual wrong way is a "round robin" that always takes the first of the
 * list: nothing is interrupted, so it is first come first served by another name.
 */
#include "tour.h"

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include <hostkit/sched_executor.h>
#include "../libexec.h"
#include "../sched/chart.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"

/* CPU time of a turn, and how far the whole may be off: the programs are short, so
 * starting them weighs more than it would elsewhere. */
#define QUANTUM_NS     5000000
#define DIFFERENCE_MAX 20.0
#define CHART_COLUMNS  36
#define ORDER_MAX      64

/* How often it counts, so that the three take about 3 : 1 : 2; and what it says. */
static const char program[] =
    "i=0; while [ $i -lt $1 ]; do i=$((i+1)); done; echo counted to $i";

static const struct {
	const char *id;
	const char *count;
	int32_t priority;
	const char *says;
} jobs[] = {
	{ "A", "60000", 1, "counted to 60000\n" },
	{ "B", "20000", 3, "counted to 20000\n" },
	{ "C", "40000", 2, "counted to 40000\n" },
};

static const struct {
	const char *policy;
	const char *title;
	const char *order; /* in which they have to end */
	const char *claim;
} rounds[] = {
	{ "fcfs", "first come, first served: each runs to its end", "A B C",
	    "they end in the order they came" },
	{ "priority", "priority: the highest number goes first", "B C A",
	    "they end in the order of their priorities" },
	{ "rr", "round robin: five milliseconds of CPU time each, in turns", "B C A",
	    "the shortest ends first, though it came second" },
};

/* ---- the tasks ---- */

static int add_job(hk_sched_executor *executor, size_t number)
{
	const char *argv[] = { "sh", "-c", program, "sh", jobs[number].count, NULL };
	hk_sched_command command = { .argv = argv };
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_work work = HK_SCHED_WORK_INIT;

	task.id = jobs[number].id;
	task.priority = jobs[number].priority;
	task.command = &command;
	work.task = &task;
	return hk_sched_executor_add(executor, &work, NULL);
}

static int open_executor(hk_sched_executor **out, hk_loop *loop, const char *policy)
{
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	char guard[CMD_LIBEXEC_PATH_MAX];

	policy_opts.quantum = QUANTUM_NS;
	opts.policy = hk_sched_policy_find(policy);
	opts.policy_opts = &policy_opts;
	opts.flags = HK_SCHED_OUTRANK | HK_SCHED_KEEP_SLICES;
	opts.guard = cmd_libexec_find(guard, "guard") ? guard : NULL;
	return hk_sched_executor_new(out, loop, &opts, NULL);
}

/* ---- what came of it ---- */

static void read_order(char out[ORDER_MAX], const hk_sched_comparison *comparison)
{
	size_t count = hk_sched_comparison_count(comparison);

	out[0] = '\0';
	for (uint32_t place = 1; place <= count; place++)
		for (size_t i = 0; i < count; i++) {
			const hk_sched_difference *row =
			    hk_sched_comparison_get(comparison, i);

			if (row->measured_place != place ||
			    strlen(out) + strlen(row->id) + 2 > ORDER_MAX)
				continue;
			if (out[0] != '\0')
				strcat(out, " ");
			strcat(out, row->id);
		}
}

static void draw(struct tour *tour, const hk_sched_comparison *comparison)
{
	const hk_sched_result *measured = hk_sched_comparison_measured(comparison);
	double makespan_ms =
	    hk_sched_comparison_get_summary(comparison)->measured_makespan_ms;

	for (size_t i = 0; i < hk_sched_result_count(measured); i++) {
		hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
		const hk_sched_difference *row = hk_sched_comparison_get(comparison, i);

		if (cmd_sched_chart_line(&line, measured, i,
			(int64_t) (makespan_ms * 1e6), CHART_COLUMNS) == 0)
			tour_saw(tour, "%s |%s| %5.1f ms CPU, turnaround %5.1f ms",
			    row->id, line.data, row->cpu_ms, row->measured_turnaround_ms);
	}
}

static void check_output(struct tour *tour, const hk_sched_executor *executor)
{
	size_t right = 0;

	for (size_t i = 0; i < HKI_COUNT(jobs); i++) {
		const char *said =
		    hk_sched_executor_output(executor, jobs[i].id, 1, NULL);

		right += said != NULL && strcmp(said, jobs[i].says) == 0;
	}
	(void) tour_check(tour, right == HKI_COUNT(jobs),
	    "each was executed, to its end, and once", "%zu of %zu said how far they got",
	    right, HKI_COUNT(jobs));
}

static void check_round(
    struct tour *tour, size_t number, const hk_sched_executor *executor)
{
	const hk_sched_comparison_summary *sum;
	hk_sched_comparison *comparison;
	char order[ORDER_MAX];
	int r = hk_sched_executor_compare(&comparison, executor, NULL);

	if (r < 0) {
		tour_broken(tour, "comparing with the simulator", r);
		return;
	}
	sum = hk_sched_comparison_get_summary(comparison);
	draw(tour, comparison);
	read_order(order, comparison);
	(void) tour_check(tour, strcmp(order, rounds[number].order) == 0,
	    rounds[number].claim, "%s", order);
	(void) tour_check(tour,
	    sum->same_order &&
		sum->undisturbed_makespan_difference_percent <= DIFFERENCE_MAX,
	    "the simulator, given these CPU times, says the same",
	    "%.1f ms predicted; %.1f ms measured, of which other load took %.1f; the "
	    "rest is %.1f %% off",
	    sum->predicted_makespan_ms, sum->measured_makespan_ms,
	    sum->measured_makespan_ms - sum->undisturbed_makespan_ms,
	    sum->undisturbed_makespan_difference_percent);
	hk_sched_comparison_free(comparison);
}

/* ---- the rounds ---- */

static void check_turns(struct tour *tour, const hk_sched_executor *executor)
{
	hk_sched_totals totals;
	hk_sched_info first;

	hk_sched_executor_totals(&totals, executor);
	if (hk_sched_executor_find(&first, executor, "A") < 0)
		return;
	(void) tour_check(tour, first.slices >= 3 && totals.preemptions >= 3,
	    "programs were taken off in the middle and went on later",
	    "A had %llu turns; %llu times a program was frozen",
	    (unsigned long long) first.slices, (unsigned long long) totals.preemptions);
	tour_wrong(tour,
	    "a round robin that takes the first of the list every time: A B C, as "
	    "above; the list was never turned");
}

/* A list that ran dry is not the end. */
static void add_late(struct tour *tour, hk_loop *loop, hk_sched_executor *executor)
{
	hk_sched_info info;
	int r = hk_sched_executor_forget(executor, "B");

	if (r == 0)
		r = add_job(executor, 1);
	if (r == 0)
		r = hk_loop_run(loop);
	if (r == 0)
		r = hk_sched_executor_find(&info, executor, "B");
	if (r < 0) {
		tour_broken(tour, "adding a task later", r);
		return;
	}
	(void) tour_check(tour, info.state == HK_SCHED_ENDED && info.slices > 0,
	    "a task that is added after the list ran dry runs", "B again, %llu turns",
	    (unsigned long long) info.slices);
}

static int run_round(struct tour *tour, hk_loop *loop, size_t number)
{
	hk_sched_executor *executor;
	bool last = number + 1 == HKI_COUNT(rounds);
	int r = open_executor(&executor, loop, rounds[number].policy);

	if (r < 0)
		return r;
	tour_step(tour, "%s", rounds[number].title);
	for (size_t i = 0; i < HKI_COUNT(jobs) && r == 0; i++)
		r = add_job(executor, i);
	if (r == 0)
		r = hk_loop_run(loop);
	if (r == 0) {
		check_round(tour, number, executor);
		if (number == 0)
			check_output(tour, executor);
	}
	if (r == 0 && last) {
		check_turns(tour, executor);
		add_late(tour, loop, executor);
	}
	hk_sched_executor_free(executor);
	return r;
}

static void tell_means(struct tour *tour, hk_loop *loop)
{
	hk_sched_executor *executor;
	hk_sched_means means;

	if (open_executor(&executor, loop, "rr") < 0)
		return;
	means = hk_sched_executor_means(executor);
	if (strcmp(means.preemption, "cgroup") != 0)
		tour_cannot(tour, "no cgroup can be made here, so programs are frozen by "
				  "SIGSTOP, which they can see");
	if (strcmp(means.rank, "none") == 0)
		tour_cannot(tour, "the controller may not be more urgent than the "
				  "programs, so turns get longer than asked");
	hk_sched_executor_free(executor);
}

void tour_chapter_scheduling(struct tour *tour)
{
	hk_loop *loop;
	int r = hk_loop_new(&loop);

	if (r < 0) {
		tour_broken(tour, "the loop", r);
		return;
	}
	tour_saw(tour, "three programs that count: A longest, B short with the highest "
		       "priority, C between; one may run at a time (# runs, + runs in "
		       "part, . waits)");
	tell_means(tour, loop);
	for (size_t i = 0; i < HKI_COUNT(rounds) && r == 0; i++)
		r = run_round(tour, loop, i);
	if (r < 0)
		tour_broken(tour, "running the programs", r);
	hk_loop_free(loop);
}
