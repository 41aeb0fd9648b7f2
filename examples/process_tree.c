/*
 * Stop a program together with everything it has started: politely first, and
 * after half a second by force.  The shell here passes on no signal to the two
 * sleeps it began, so without a tree they would go on for an hour.
 */
#include <signal.h>
#include <stdio.h>
#include <hostkit/hostkit.h>

static void ended(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) user;
	printf("ended by %s, and nothing is left\n", hk_signal_name(how->signal));
	hk_process_free(process);
}

static void stop(hk_timer *timer, void *user)
{
	hk_process *process = user;

	printf("stopping it\n");
	if (hk_process_stop(process) < 0)
		printf("it has ended already\n");
	hk_timer_free(timer);
}

int main(void)
{
	const char *argv[] = { "sh", "-c", "sleep 3600 & sleep 3600 & wait", NULL };
	const hk_stop_step steps[] = { { SIGTERM, 0, 500000000 } };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hk_process *process = NULL;
	hk_loop *loop = NULL;
	hk_timer *timer;
	int r;

	opts.argv = argv;
	opts.tree = HK_TREE_GROUP; /* HK_TREE_AUTO takes a cgroup where we may make one */
	opts.stop_steps = steps;
	opts.stop_step_count = 1;
	opts.on_exit = ended;
	if ((r = hk_loop_new(&loop)) < 0 ||
	    (r = hk_process_spawn(&process, loop, &opts, NULL)) < 0 ||
	    (r = hk_timer_after(&timer, loop, 100, stop, process)) < 0)
		fprintf(stderr, "cannot start: %s\n", hk_error_text(r));
	else
		r = hk_loop_run(loop);
	hk_loop_free(loop);
	return r < 0;
}
