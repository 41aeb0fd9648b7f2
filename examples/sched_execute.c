/*
 * Run tasks under round robin: two programs and a function of ours, one at a time, ten
 * milliseconds of CPU time each in turns.  The fourth runs only once the first is done.
 */
#include <stdio.h>
#include <hostkit/hostkit.h>

/* One step of the function: 1 while there is more to do. */
static int count_down(void *user)
{
	int *left = user;

	return --*left > 0;
}

static void on_event(
    hk_sched_executor *executor, hk_sched_event event, const char *id, void *user)
{
	hk_sched_info info;

	(void) user;
	if (event == HK_SCHED_EVENT_ENDED &&
	    hk_sched_executor_find(&info, executor, id) == 0 &&
	    info.outcome != HK_SCHED_DONE)
		printf(
		    "%s: %s\n", id, hk_sched_outcome_name((unsigned int) info.outcome));
}

static int add_program(hk_sched_executor *executor, const char *id, const char *script,
    const hk_sched_dependency *after)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	hk_sched_command command = { .argv = argv };
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_work work = HK_SCHED_WORK_INIT;

	task.id = id;
	task.command = &command;
	task.depends_on = after;
	task.depends_on_count = after != NULL;
	work.task = &task;
	return hk_sched_executor_add(executor, &work, NULL);
}

int main(void)
{
	hk_sched_dependency after_build = { .id = "build" };
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;
	hk_sched_policy_opts policy = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_work function = HK_SCHED_WORK_INIT;
	hk_sched_executor *executor;
	hk_sched_totals totals;
	hk_loop *loop;
	int left = 1000;

	policy.quantum = 10 * 1000000;
	opts.policy = hk_sched_policy_find("rr");
	opts.policy_opts = &policy;
	opts.on_event = on_event;
	function.step = count_down;
	function.user = &left;
	if (hk_loop_new(&loop) < 0 ||
	    hk_sched_executor_new(&executor, loop, &opts, NULL) < 0)
		return 1;
	if (add_program(executor, "build", "echo built", NULL) < 0 ||
	    add_program(executor, "lint", "exit 1", NULL) < 0 ||
	    hk_sched_executor_add(executor, &function, NULL) < 0 ||
	    add_program(executor, "test", "echo tested", &after_build) < 0 ||
	    hk_loop_run(loop) < 0)
		return 1;
	hk_sched_executor_totals(&totals, executor);
	printf("%llu tasks, %llu done, %llu failed; the function has %d left\n",
	    (unsigned long long) totals.tasks, (unsigned long long) totals.done,
	    (unsigned long long) totals.failed, left);
	printf("build said %s", hk_sched_executor_output(executor, "build", 1, NULL));
	hk_sched_executor_free(executor);
	hk_loop_free(loop);
	return 0;
}
