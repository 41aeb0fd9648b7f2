/*
 * Waiting for the end of processes that are not our children: their pidfds are
 * watched, nothing is polled, and a number given to somebody else is not
 * mistaken for a process that lives on.
 */
#include <errno.h>
#include "base/clock.h"
#include "kill.h"
#include "output/screen.h"

#define REFRESH_NS (200 * HKI_NS_PER_MS)

struct kill_wait {
	hk_loop *loop;
	hk_timer *limit;
	hk_timer *refresh;
	unsigned int left;
	uint64_t end_ns;
	cmd_progress progress;
};

static void on_exit_(hk_process *process, const hk_process_exit *how, void *user)
{
	kill_target *target = user;
	struct kill_wait *wait = target->wait;

	(void) how;
	hk_process_detach(process);
	target->process = NULL;
	kill_target_note(target, KILL_ENDED, 0);
	if (--wait->left == 0)
		hk_loop_stop(wait->loop, 0);
}

static void on_limit(hk_timer *timer, void *user)
{
	struct kill_wait *wait = user;

	(void) timer;
	hk_loop_stop(wait->loop, 0);
}

static void on_refresh(hk_timer *timer, void *user)
{
	struct kill_wait *wait = user;
	uint64_t now = hki_clock_monotonic_ns();

	(void) timer;
	cmd_progress_show(&wait->progress, "waiting for %u process%s, %llu s left",
	    wait->left, wait->left == 1 ? "" : "es",
	    (unsigned long long) (wait->end_ns > now ? (wait->end_ns - now) / HKI_NS_PER_S
						     : 0));
}

static int adopt(struct kill_wait *wait, kill_target *target)
{
	int r =
	    hk_process_adopt(&target->process, wait->loop, &target->id, on_exit_, target);

	if (r == -ESRCH) {
		kill_target_note(target, KILL_ENDED, 0);
		return 0;
	}
	if (r < 0)
		return r;
	target->wait = wait;
	wait->left++;
	return 0;
}

static int start(struct kill_wait *wait, kill_targets *targets, uint64_t timeout_ns)
{
	hk_timer_opts limit = HK_TIMER_OPTS_INIT;
	hk_timer_opts refresh = HK_TIMER_OPTS_INIT;
	int r = hk_loop_new(&wait->loop);

	for (size_t i = 0; r == 0 && i < targets->count; i++)
		if (targets->items[i].result == KILL_SIGNALLED)
			r = adopt(wait, &targets->items[i]);
	if (r < 0)
		return r;
	wait->end_ns = hki_clock_monotonic_ns() + timeout_ns;
	limit.after_ns = timeout_ns;
	limit.fn = on_limit;
	limit.user = wait;
	r = hk_timer_start(&wait->limit, wait->loop, &limit);
	if (r < 0 || !wait->progress.possible)
		return r;
	refresh.after_ns = refresh.interval_ns = REFRESH_NS;
	refresh.fn = on_refresh;
	refresh.user = wait;
	return hk_timer_start(&wait->refresh, wait->loop, &refresh);
}

int kill_wait(kill_targets *targets, const cmd_output *output, uint64_t timeout_ns)
{
	struct kill_wait wait = { .loop = NULL };
	int r;

	cmd_progress_begin(&wait.progress, output);
	r = start(&wait, targets, timeout_ns);
	if (r == 0 && wait.left > 0)
		r = hk_loop_run(wait.loop);
	cmd_progress_clear(&wait.progress);

	for (size_t i = 0; i < targets->count; i++) {
		kill_target *target = &targets->items[i];

		if (target->process == NULL)
			continue;
		hk_process_detach(target->process);
		target->process = NULL;
		kill_target_note(target, KILL_RUNNING, 0);
	}
	hk_timer_free(wait.limit);
	hk_timer_free(wait.refresh);
	hk_loop_free(wait.loop);
	return r;
}
