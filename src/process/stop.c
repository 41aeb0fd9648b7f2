/*
 * A graceful end: each step sends its signal to the main process and waits; when
 * the last wait is over, the whole tree is killed, round by round, until nothing
 * is left.  Nobody polls for the end of the main process: its watch cuts the
 * waiting short.
 *
 * A stopped program cannot answer a polite signal, so SIGCONT goes with it.
 */
#include "process/process_internal.h"

#include <signal.h>
#include "base/array.h"
#include "base/clock.h"

static const hk_stop_step default_steps[] = { { SIGTERM, 0, 5 * HKI_NS_PER_S } };

/* The first rounds come quickly, since dying takes a moment; one that sleeps in the
 * kernel is not worth more than a look now and then. */
uint64_t hki_process_round_pause_ns(unsigned int round)
{
	const unsigned int fast = 16;
	const unsigned int rounds = 60;
	const uint64_t slow_ns = 40 * HKI_NS_PER_MS;

	if (round >= rounds)
		return 0;
	return round < fast ? HKI_TREE_AGAIN_NS : slow_ns;
}

static void kill_round(hk_process *process)
{
	uint64_t pause_ns = hki_process_round_pause_ns(process->rounds++);
	int left = hki_tree_kill(process->tree);

	(void) hki_pidref_signal(&process->ref, SIGKILL);
	process->work = HKI_WORK_KILL;
	if (left != 0 && pause_ns > 0)
		hk_timer_set(process->timer, pause_ns, 0);
	else
		hk_timer_stop(process->timer); /* only its end can come now */
}

static void next_step(hk_process *process)
{
	const hk_stop_step *steps = process->steps;
	size_t count = process->step_count;
	const hk_stop_step *step;

	if (steps == NULL) {
		steps = default_steps;
		count = HKI_COUNT(default_steps);
	}
	if (process->next_step >= count) {
		process->rounds = 0;
		kill_round(process);
		return;
	}
	step = &steps[process->next_step++];
	process->work = HKI_WORK_STOP_STEP;
	(void) hki_pidref_signal(&process->ref, step->signal);
	if (step->signal != SIGKILL && step->signal != SIGSTOP)
		(void) hki_pidref_signal(&process->ref, SIGCONT);
	/* The loop's time may be old, as when it has not run since the start. */
	hk_loop_update_time(process->registry->loop);
	hk_timer_set(process->timer, step->wait_ns, 0);
}

void hki_process_begin_stop(hk_process *process)
{
	hki_tree_remember(process->tree);
	process->state = HK_PROCESS_STOPPING;
	process->next_step = 0;
	next_step(process);
}

void hki_process_on_timer(hk_timer *timer, void *user)
{
	hk_process *process = user;

	(void) timer;
	switch (process->work) {
	case HKI_WORK_STOP_STEP:
		next_step(process);
		break;
	case HKI_WORK_KILL:
		kill_round(process);
		break;
	case HKI_WORK_LEFTOVERS:
		hki_process_leftover_round(process);
		break;
	case HKI_WORK_NONE:
		break;
	}
}

int hk_process_stop(hk_process *process)
{
	int r = hki_process_check(process);

	if (r < 0)
		return r;
	if (process->registry == NULL)
		return HK_ECLOSED;
	if (process->state == HK_PROCESS_STARTING) {
		process->stop_wanted = true;
		return 0;
	}
	if (!hki_process_is_alive(process))
		return -ESRCH;
	if (process->state == HK_PROCESS_RUNNING)
		hki_process_begin_stop(process);
	else if (process->work == HKI_WORK_STOP_STEP)
		next_step(process);
	return 0;
}
