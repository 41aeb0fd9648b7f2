/*
 * What the tests with programs share: each way of preempting, and words by which to find
 * what a test has started.
 */
#include "sched/executor_ways.h"

#include <stdio.h>
#include <unistd.h>
#include "os/cgroup/cgroup.h"

const char *mark(void)
{
	static char text[64];
	static unsigned int number;

	snprintf(text, sizeof(text), "mark-%d-%u", (int) getpid(), ++number);
	return text;
}

bool has_cgroups(void)
{
	return hki_cgroup_probe() == 0;
}

const hk_sched_preemption ways[2] = { HK_SCHED_PREEMPT_CGROUP, HK_SCHED_PREEMPT_SIGNAL };

void open_with(fixture *f, hk_sched_preemption way, const char *policy, double ms)
{
	f->opts.preemption = way;
	fixture_open(f, policy, ms);
}

void close_executor(fixture *f)
{
	hk_sched_executor_free(f->executor);
	f->executor = NULL;
	f->ends = 0;
	f->log_length = 0;
	f->log[0] = '\0';
}

void at_each_way(fixture *f, void (*story)(fixture *f, hk_sched_preemption way))
{
	for (size_t i = 0; i < 2; i++) {
		if (ways[i] == HK_SCHED_PREEMPT_CGROUP && !has_cgroups()) {
			print_message("# no cgroups here\n");
			continue;
		}
		story(f, ways[i]);
		close_executor(f);
	}
}

void add_plain(fixture *f, const char *id, const char *const *words)
{
	hk_sched_task task = fixture_task(id, 0, 10);

	fixture_add_program(f, &task, words);
}

void cancel_all(fixture *f)
{
	hk_sched_info info;

	for (size_t i = 0; hk_sched_executor_get(&info, f->executor, i) == 0; i++)
		if (info.state != HK_SCHED_ENDED)
			assert_int_equal(
			    0, hk_sched_executor_cancel(f->executor, info.id));
}
