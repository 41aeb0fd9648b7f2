/*
 * The end of a process.
 *
 * The pidfd becomes readable when the last thread is gone.  The zombie is looked
 * at before it is collected, because until then no newcomer can have its id nor
 * that of its group.  What it left behind is killed (unless it is to be kept),
 * and only when that is over is the user told: then its ports and files are free.
 * With nothing left behind, which is the rule, all of this is one turn.
 */
#include "process/process_internal.h"

#include <string.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "process/keeper.h"

static uint64_t time_ns(struct timeval time)
{
	return (uint64_t) time.tv_sec * HKI_NS_PER_S +
	       (uint64_t) time.tv_usec * HKI_NS_PER_US;
}

static void note_exit(hk_process *process, const hki_wait_result *result)
{
	hk_process_exit *how = &process->exit;
	const struct rusage *usage = &result->usage;

	if (!result->known) {
		how->end = HK_END_UNKNOWN;
	} else if (result->signal != 0) {
		how->end = HK_END_SIGNAL;
		how->signal = result->signal;
		how->core_dumped = result->core_dumped;
	} else {
		how->end = HK_END_CODE;
		how->code = result->code;
	}
	how->wall_ns = hki_clock_monotonic_ns() - process->started_ns;
	how->usage_known = result->usage_known;
	if (!result->usage_known)
		return;
	how->user_ns = time_ns(usage->ru_utime);
	how->system_ns = time_ns(usage->ru_stime);
	how->max_rss_bytes = (uint64_t) usage->ru_maxrss * 1024;
	how->max_rss_is_bound = how->max_rss_bytes <= process->own_max_rss_bytes;
	how->minor_faults = (uint64_t) usage->ru_minflt;
	how->major_faults = (uint64_t) usage->ru_majflt;
	how->voluntary_switches = (uint64_t) usage->ru_nvcsw;
	how->involuntary_switches = (uint64_t) usage->ru_nivcsw;
}

/* The last thing done with a process: the callback may free it. */
static void tell(hk_process *process)
{
	hk_process_exit how = process->exit;

	process->work = HKI_WORK_NONE;
	hk_timer_stop(process->timer);
	hki_process_unhold(process);
	if (process->buried)
		hki_process_release(process);
	else if (process->on_exit != NULL)
		process->on_exit(process, &how, process->user);
}

void hki_process_leftover_round(hk_process *process)
{
	int left = hki_tree_kill(process->tree);
	uint64_t pause_ns = hki_process_round_pause_ns(process->rounds++);

	if (left > 0 && process->rounds == 1)
		process->leftovers = (unsigned int) left;
	if (left != 0 && pause_ns > 0) {
		process->work = HKI_WORK_LEFTOVERS;
		hk_timer_set(process->timer, pause_ns, 0);
		return;
	}
	process->survivors = left > 0 ? (unsigned int) left : 0;
	tell(process);
}

/* 1 and *out filled, 0 still running. */
static int collect(hk_process *process, hki_wait_result *out)
{
	int r;

	if (process->keeper) {
		r = hki_keeper_wait(process->tree, out);
		if (r != 0)
			hki_tree_ended(process->tree);
	} else {
		if (process->tree != NULL)
			hki_tree_ended(process->tree);
		r = hki_pidref_wait(&process->ref, out);
	}
	if (r < 0) {
		memset(out, 0, sizeof(*out));
		r = 1;
	}
	return r;
}

void hki_process_on_end(hk_watch *watch, unsigned int events, void *user)
{
	hk_process *process = user;
	hki_wait_result result = { .known = false };

	(void) watch;
	(void) events;
	if (collect(process, &result) == 0)
		return;
	note_exit(process, &result);
	process->ended_real_ns = hki_clock_real_ns();
	process->state = HK_PROCESS_EXITED;
	hk_watch_free(hki_take(process->watch));
	hki_pidref_close(&process->ref);
	hki_process_unlist(process);
	process->rounds = 0;
	if (process->detached || (process->flags & HK_PROCESS_KEEP_LEFTOVERS) != 0) {
		hki_tree_detach(process->tree);
		tell(process);
	} else {
		hki_process_leftover_round(process);
	}
}

void hki_process_fail(hk_process *process, int code, const char *step)
{
	process->exit.end = HK_END_FAILED;
	process->exit.error = code;
	process->exit.step = step;
	process->state = HK_PROCESS_FAILED;
	process->ended_real_ns = hki_clock_real_ns();
	tell(process);
}
