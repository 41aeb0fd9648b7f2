/*
 * Plan before you run: the same three tasks under five policies, in virtual time.
 * Who waits for whom is a matter of the policy; that somebody waits is not.
 */
#include <stdio.h>
#include <hostkit/allocator.h>
#include <hostkit/sched.h>

static const char *const policies[] = { "fcfs", "sjf", "srtf", "rr", "mlfq" };

static int add(
    hk_sched_workload *workload, const char *id, int64_t arrival, int64_t burst)
{
	hk_sched_task task = HK_SCHED_TASK_INIT;
	int64_t r;

	task.id = id;
	task.arrival = arrival;
	task.burst = burst;
	r = hk_sched_workload_add(workload, &task);
	return r < 0 ? (int) r : 0;
}

static int show(const hk_sched_workload *workload, const char *name)
{
	hk_sched_policy_opts policy = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	const hk_sched_statistics *of;
	hk_sched_result *result;
	char *chart;
	int r;

	policy.quantum = 4;
	opts.policy = &policy;
	opts.slices = 1; /* for the chart */
	r = hk_sched_simulate(&result, workload, hk_sched_policy_find(name), &opts, NULL);
	if (r < 0)
		return r;
	of = hk_sched_result_statistics(result);
	printf("%-5s waits %5.2f, answers after %5.2f on average\n", name,
	    of->wait_average, of->response_average);
	r = hk_sched_gantt_text(&chart, result, 64);
	if (r == 0) {
		printf("%s\n", chart);
		hk_free(chart);
	}
	hk_sched_result_free(result);
	return r;
}

int main(void)
{
	hk_sched_workload *workload;
	int r = hk_sched_workload_new(&workload);

	if (r == 0)
		r = add(workload, "long", 0, 24);
	if (r == 0)
		r = add(workload, "short", 1, 3);
	if (r == 0)
		r = add(workload, "other", 2, 5);
	for (size_t i = 0; r == 0 && i < sizeof(policies) / sizeof(policies[0]); i++)
		r = show(workload, policies[i]);
	if (r < 0)
		fprintf(stderr, "cannot simulate: %s\n", hk_error_text(r));
	hk_sched_workload_free(workload);
	return r < 0;
}
