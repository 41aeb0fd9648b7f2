#include "loop/core.h"

#include <string.h>
#include "base/alloc.h"
#include "base/opts.h"

/*
 * Timers: handles over the heap.
 *
 * The timers phase serves what is due by the turn's time.  A timer that is armed
 * meanwhile becomes due a nanosecond later at the earliest, so it waits for the
 * next turn, and zero timers cannot lock out the rest of the loop.
 * A ticking timer is armed anew before its callback runs: afterwards nothing is
 * touched, so the callback may free it, or set it to something else.
 */

static uint64_t add_saturated(uint64_t left, uint64_t right)
{
	return left > UINT64_MAX - right ? UINT64_MAX : left + right;
}

static void count_in(hk_timer *timer)
{
	if (!timer->background)
		timer->loop->active++;
}

static void count_out(hk_timer *timer)
{
	if (!timer->background)
		timer->loop->active--;
}

static void arm(hk_timer *timer, uint64_t due_ns)
{
	hki_timer_heap *heap = &timer->loop->timers;
	uint64_t serving_ns = timer->loop->serving_ns;

	if (due_ns <= serving_ns)
		due_ns = serving_ns + 1; /* the next turn's */
	if (!hki_timer_heap_armed(heap, timer->slot))
		count_in(timer);
	hki_timer_heap_set(heap, timer->slot, due_ns);
	hki_loop_changed(timer->loop);
}

static void disarm(hk_timer *timer)
{
	if (hki_timer_heap_remove(&timer->loop->timers, timer->slot)) {
		count_out(timer);
		hki_loop_changed(timer->loop);
	}
}

static int create(hk_timer **out, hk_loop *loop, const hk_timer_opts *opts)
{
	hk_timer *timer = hki_alloc(sizeof(*timer));

	if (timer == NULL)
		return -ENOMEM;
	if (hki_timer_heap_acquire(&loop->timers, &timer->slot, timer) < 0) {
		hki_free(timer);
		return -ENOMEM;
	}
	timer->loop = loop;
	timer->fn = opts->fn;
	timer->user = opts->user;
	timer->interval_ns = opts->interval_ns;
	timer->background = opts->background != 0;
	hki_loop_ref(loop);
	arm(timer, add_saturated(hki_loop_now(loop), opts->after_ns));
	*out = timer;
	return 0;
}

int hk_timer_start(hk_timer **out, hk_loop *loop, const hk_timer_opts *opts)
{
	hk_timer_opts own;
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	r = hki_opts_copy(
	    &own, sizeof(own), opts, opts->size, offsetof(hk_timer_opts, background));
	if (r < 0)
		return r;
	if (own.fn == NULL || own.background > 1 || own.reserved != 0)
		return -EINVAL;
	return create(out, loop, &own);
}

int hk_timer_after(hk_timer **out, hk_loop *loop, uint64_t ms, hk_timer_fn fn, void *user)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	if (fn == NULL)
		return -EINVAL;
	opts.after_ns = ms > UINT64_MAX / HKI_NS_PER_MS ? UINT64_MAX : ms * HKI_NS_PER_MS;
	opts.fn = fn;
	opts.user = user;
	return create(out, loop, &opts);
}

void hk_timer_set(hk_timer *timer, uint64_t after_ns, uint64_t interval_ns)
{
	if (hki_loop_inert(timer->loop))
		return;
	timer->interval_ns = interval_ns;
	arm(timer, add_saturated(hki_loop_now(timer->loop), after_ns));
}

void hk_timer_stop(hk_timer *timer)
{
	if (timer != NULL && !hki_loop_inert(timer->loop))
		disarm(timer);
}

uint64_t hk_timer_due_ns(const hk_timer *timer)
{
	const hki_timer_heap *heap = &timer->loop->timers;
	uint64_t now_ns;
	uint64_t due_ns;

	if (hki_loop_inert(timer->loop) || !hki_timer_heap_armed(heap, timer->slot))
		return UINT64_MAX;
	now_ns = hki_loop_now(timer->loop);
	due_ns = heap->entries[heap->positions[timer->slot]].due_ns;
	return due_ns > now_ns ? due_ns - now_ns : 0;
}

void hk_timer_free(hk_timer *timer)
{
	hk_loop *loop;

	if (timer == NULL)
		return;
	loop = timer->loop;
	if (!hki_loop_inert(loop)) {
		disarm(timer);
		hki_timer_heap_release(&loop->timers, timer->slot);
	}
	hki_free(timer);
	hki_loop_unref(loop);
}

/* The next tick after @now_ns in the rhythm that began with @due_ns. */
static uint64_t next_tick(uint64_t due_ns, uint64_t interval_ns, uint64_t now_ns)
{
	uint64_t missed = (now_ns - due_ns) / interval_ns;

	return add_saturated(due_ns + missed * interval_ns, interval_ns);
}

static void fire(hk_loop *loop, const hki_timer_entry *entry, uint64_t now_ns)
{
	hki_timer_heap *heap = &loop->timers;
	hk_timer *timer = heap->owners[entry->slot];

	if (loop->measuring)
		hki_meter_lag(loop, entry->due_ns);
	if (timer->interval_ns > 0) {
		hki_timer_heap_set(heap, entry->slot,
		    next_tick(entry->due_ns, timer->interval_ns, now_ns));
	} else {
		(void) hki_timer_heap_remove(heap, entry->slot);
		count_out(timer);
	}
	timer->fn(timer, timer->user);
}

bool hki_timers_run(hk_loop *loop)
{
	hki_timer_heap *heap = &loop->timers;
	uint64_t now_ns;

	if (heap->count == 0)
		return false;
	now_ns = hki_loop_now(loop);
	if (hki_timer_heap_first(heap)->due_ns > now_ns)
		return false;
	hki_phase(loop, HK_PHASE_TIMERS);
	loop->serving_ns = now_ns;
	while (heap->count > 0) {
		hki_timer_entry first = *hki_timer_heap_first(heap);

		if (first.due_ns > now_ns)
			break;
		fire(loop, &first, now_ns);
		hki_next_run(loop);
	}
	loop->serving_ns = 0;
	return true;
}
