/*
 * Watch ourselves while we work: a monitor keeps what it sees, and afterwards the
 * history is asked for the course of one number.
 */
#include <stdio.h>
#include <hostkit/hostkit.h>

#define MILLISECOND 1000000ULL

static volatile unsigned long work;

static void sampled(hk_system_monitor *monitor, void *user)
{
	hk_loop *loop = user;

	for (unsigned long i = 0; i < 2000000; i++)
		work = work + i;
	if (hk_system_history_count(hk_system_monitor_history(monitor, 0)) == 5)
		hk_loop_stop(loop, 0);
}

int main(void)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	hk_system_history_summary cpu;
	hk_system_monitor *monitor;
	hk_loop *loop;
	int r;

	if ((r = hk_loop_new(&loop)) < 0)
		return fprintf(stderr, "no loop: %s\n", hk_error_text(r)), 1;
	opts.source = HK_SYSTEM_MONITOR_SELF;
	opts.interval_ns = 20 * MILLISECOND;
	opts.on_sample = sampled;
	opts.user = loop;
	if ((r = hk_system_monitor_start(&monitor, loop, &opts)) < 0 ||
	    (r = hk_loop_run(loop)) < 0)
		return fprintf(stderr, "cannot watch: %s\n", hk_error_text(r)), 1;

	r = hk_system_history_summarize(&cpu, hk_system_monitor_history(monitor, 0), 0,
	    (unsigned int) hk_record_find(&hk_system_self_type, "cpu_percent"), 0,
	    UINT64_MAX);
	if (r < 0)
		return fprintf(stderr, "cannot sum up: %s\n", hk_error_text(r)), 1;
	printf("%llu samples\n", (unsigned long long) cpu.count);
	printf("we were %s\n", cpu.maximum > 0 ? "busy" : "idle");
	hk_system_monitor_free(monitor);
	hk_loop_free(loop);
}
