/*
 * Handles given up while their process lives.
 *
 * Freed: the tree is killed at once and what the kernel still has to say is
 * collected later, in the background, so that freeing never waits.  Detached:
 * nothing is killed, but the child stays ours to collect when it ends.  Only
 * where the loop is gone, or goes, is there nobody left to wait for it later; then
 * it is waited for on the spot, for a bounded time.
 */
#include "process/process_internal.h"

#include <signal.h>
#include "base/clock.h"

void hki_process_bury(hk_process *process)
{
	hki_process_unlist(process);
	hki_list_remove(&process->node);
	hki_list_append(&process->registry->buried, &process->node);
	process->buried = true;
	process->on_start = NULL;
	hki_process_close_ends(process);
	hki_process_unhold(process);
}

void hki_process_kill_buried(hk_process *process)
{
	process->state = HK_PROCESS_STOPPING;
	process->work = HKI_WORK_KILL;
	process->rounds = 0;
	hki_process_on_timer(process->timer, process);
}

/* Kill the tree now, and what is left of it in rounds that the timer drives. */
static void bury_killed(hk_process *process)
{
	hki_process_bury(process);
	if (process->state == HK_PROCESS_STARTING || process->work == HKI_WORK_LEFTOVERS)
		return; /* goes on by itself */
	if (hki_process_is_alive(process))
		hki_process_kill_buried(process);
	else
		hki_process_release(process);
}

/* A child that was killed, once it is a zombie. */
static void collect_killed(hk_process *process)
{
	hki_wait_result ignored;

	(void) hki_pidref_wait_end(
	    &process->ref, hki_clock_monotonic_ns() + HKI_TREE_KILL_TIMEOUT_NS);
	(void) hki_pidref_wait(&process->ref, &ignored);
	hki_pidref_close(&process->ref);
}

void hki_process_kill_now(hk_process *process)
{
	bool runs = process->ref.fd >= 0;

	if (!runs && process->work != HKI_WORK_LEFTOVERS)
		return;
	if (process->tree_started)
		(void) hki_tree_kill(process->tree);
	if (runs) {
		(void) hki_pidref_signal(&process->ref, SIGKILL);
		collect_killed(process);
	}
	if (process->tree_started)
		(void) hki_tree_kill_wait(process->tree, HKI_TREE_KILL_TIMEOUT_NS);
}

void hki_process_end_now(hk_process *process)
{
	hki_wait_result ignored;

	if (process->spawner != NULL) {
		hki_spawner_abandon(process);
		return;
	}
	if (!process->detached)
		hki_process_kill_now(process);
	else if (process->ref.fd >= 0)
		(void) hki_pidref_wait(&process->ref, &ignored);
	hki_process_release(process);
}

/* In a forked child nothing may be done to the parent's processes: memory alone. */
static bool is_foreign(hk_process *process)
{
	return hki_process_check(process) < 0;
}

void hk_process_free(hk_process *process)
{
	if (process == NULL)
		return;
	if (is_foreign(process))
		hki_process_release(process);
	else if (process->registry == NULL)
		hki_process_end_now(process);
	else
		bury_killed(process);
}

void hk_process_detach(hk_process *process)
{
	if (process == NULL)
		return;
	process->detached = true;
	if (is_foreign(process)) {
		hki_process_release(process);
		return;
	}
	if (process->tree_started)
		hki_tree_detach(process->tree);
	if (process->registry == NULL) {
		if (process->tree_started)
			hki_tree_detach(process->tree);
		hki_process_end_now(process);
		return;
	}
	hki_process_bury(process);
	process->work = HKI_WORK_NONE;
	hk_timer_stop(process->timer);
	if (process->tree_started)
		hki_tree_detach(process->tree);
	if (process->state != HK_PROCESS_STARTING && !hki_process_is_alive(process))
		hki_process_release(process);
}
