#include "loop/core.h"

#include <string.h>

/*
 * What the loop spends its time on.
 *
 * The clock is read only where a phase begins that has something to do, and the
 * time since the last reading belongs to the phase that was current.  So the
 * sums of the phases are the wall time, nothing is counted twice, and a turn
 * costs two readings and one more for each phase with work.  A turn is counted
 * from wait to wait.
 */

static const char *const phase_names[HK_PHASE_COUNT] = {
	[HK_PHASE_TIMERS] = "timers",
	[HK_PHASE_POSTED] = "posted",
	[HK_PHASE_IDLE] = "idle",
	[HK_PHASE_PREPARE] = "prepare",
	[HK_PHASE_WAIT] = "wait",
	[HK_PHASE_POLL] = "poll",
	[HK_PHASE_CHECK] = "check",
	[HK_PHASE_CLOSE] = "close",
};

const char *hk_loop_phase_name(unsigned int phase)
{
	return phase < HK_PHASE_COUNT ? phase_names[phase] : NULL;
}

void hk_loop_measure(hk_loop *loop, bool on)
{
	if (hki_loop_inert(loop))
		return;
	memset(&loop->meter, 0, sizeof(loop->meter));
	loop->meter.mark_ns = hki_clock_monotonic_ns();
	loop->measuring = on;
}

/* Count the time up to now for the phase that is ending. */
static void charge(hki_loop_meter *meter, unsigned int phase, uint64_t now_ns)
{
	uint64_t spent_ns = now_ns - meter->mark_ns;

	meter->sums.phase_ns[phase] += spent_ns;
	if (phase != HK_PHASE_WAIT)
		meter->turn_busy_ns += spent_ns;
	meter->mark_ns = now_ns;
}

void hki_meter_switch(hk_loop *loop)
{
	charge(&loop->meter, loop->phase, hki_clock_monotonic_ns());
}

void hki_meter_turn(hk_loop *loop, bool may_sleep)
{
	hki_loop_meter *meter = &loop->meter;

	meter->sums.turns++;
	meter->sums.wakeups += may_sleep;
	if (meter->turn_busy_ns > meter->sums.busy_max_ns)
		meter->sums.busy_max_ns = meter->turn_busy_ns;
	meter->turn_busy_ns = 0;
}

void hki_meter_lag(hk_loop *loop, uint64_t due_ns)
{
	uint64_t lag_ns = hki_clock_monotonic_ns() - due_ns;

	if (lag_ns > loop->meter.sums.timer_lag_max_ns)
		loop->meter.sums.timer_lag_max_ns = lag_ns;
}

int hk_loop_metrics_read(const hk_loop *loop, hk_loop_metrics *out)
{
	hki_loop_meter meter;
	size_t size = out->size;

	if (size < offsetof(hk_loop_metrics, phase_ns))
		return -EINVAL;
	if (!loop->measuring)
		return -ENODATA;
	meter = loop->meter;
	charge(&meter, loop->phase, hki_clock_monotonic_ns());
	meter.sums.size = size;
	memcpy(out, &meter.sums, size < sizeof(meter.sums) ? size : sizeof(meter.sums));
	return 0;
}
