#include "loop/core.h"

#include <string.h>
#include "base/opts.h"

/*
 * Timers: handles in a pool, over the heap of the armed ones.
 *
 * The timers phase serves what is due by the turn's time.  A timer that is armed
 * meanwhile becomes due a nanosecond later at the earliest, so it waits for the
 * next turn, and zero timers cannot lock out the rest of the loop.
 * A ticking timer is armed anew before its callback runs: afterwards nothing is
 * touched, so the callback may free it, or set it to something else.
 *
 * A timer that is put off, as timeouts are at every sign of life, keeps its
 * entry in the heap; only the handle changes.  The entry goes to its place when
 * it comes to the front, once, however often the timer was put off.
 */

static uint64_t add_saturated(uint64_t left, uint64_t right)
{
	return left > UINT64_MAX - right ? UINT64_MAX : left + right;
}

static void arm(hk_loop *loop, hk_timer *timer, uint64_t due_ns)
{
	bool was_armed = timer->number != 0;
	bool put_off;

	if (due_ns <= loop->serving_ns)
		due_ns = loop->serving_ns + 1; /* the next turn's */
	put_off = was_armed && due_ns >= timer->due_ns;
	timer->number = hki_timer_heap_draw(&loop->timers);
	timer->due_ns = due_ns;
	loop->active += !was_armed && !timer->background;
	if (!put_off)
		hki_timer_heap_set(
		    &loop->timers, timer->slot, due_ns, timer->number, was_armed);
	hki_loop_changed(loop);
}

static void disarm(hk_loop *loop, hk_timer *timer)
{
	if (timer->number == 0)
		return;
	timer->number = 0;
	loop->active -= !timer->background;
	hki_timer_heap_remove(&loop->timers, timer->slot);
	hki_loop_changed(loop);
}

static int create(hk_timer **out, hk_loop *loop, const hk_timer_opts *opts)
{
	hk_timer *timer = hki_timer_pool_acquire(&loop->timer_pool);

	if (timer == NULL)
		return -ENOMEM;
	if (hki_timer_heap_reserve(&loop->timers, timer->slot + 1) < 0) {
		hki_timer_pool_release(&loop->timer_pool, timer);
		return -ENOMEM;
	}
	timer->loop = loop;
	timer->fn = opts->fn;
	timer->user = opts->user;
	timer->interval_ns = opts->interval_ns;
	timer->number = 0;
	timer->background = opts->background != 0;
	hki_loop_ref(loop);
	arm(loop, timer, add_saturated(hki_loop_now(loop), opts->after_ns));
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
	hk_loop *loop = timer->loop;

	if (hki_loop_inert(loop))
		return;
	timer->interval_ns = interval_ns;
	arm(loop, timer, add_saturated(hki_loop_now(loop), after_ns));
}

void hk_timer_stop(hk_timer *timer)
{
	if (timer != NULL && !hki_loop_inert(timer->loop))
		disarm(timer->loop, timer);
}

uint64_t hk_timer_due_ns(const hk_timer *timer)
{
	hk_loop *loop = timer->loop;
	uint64_t now_ns;

	if (hki_loop_inert(loop) || timer->number == 0)
		return UINT64_MAX;
	now_ns = hki_loop_now(loop);
	return timer->due_ns > now_ns ? timer->due_ns - now_ns : 0;
}

void hk_timer_free(hk_timer *timer)
{
	hk_loop *loop;

	if (timer == NULL)
		return;
	loop = timer->loop;
	if (!hki_loop_inert(loop)) {
		disarm(loop, timer);
		hki_timer_pool_release(&loop->timer_pool, timer);
	}
	hki_loop_unref(loop);
}

/* The next tick after @now_ns in the rhythm that began with @due_ns. */
static uint64_t next_tick(uint64_t due_ns, uint64_t interval_ns, uint64_t now_ns)
{
	uint64_t missed = (now_ns - due_ns) / interval_ns;

	return add_saturated(due_ns + missed * interval_ns, interval_ns);
}

/* Bring those who were put off to their places, until the first entry is where it belongs. */
static void settle_first(hk_loop *loop)
{
	hki_timer_heap *heap = &loop->timers;

	while (heap->armed > 0) {
		const hki_timer_entry *first = hki_timer_heap_first(heap);
		const hk_timer *timer = hki_timer_at(&loop->timer_pool, first->slot);

		if (timer->number == first->arming)
			return;
		hki_timer_heap_set(heap, timer->slot, timer->due_ns, timer->number, true);
	}
}

uint64_t hki_timers_first_due(hk_loop *loop)
{
	settle_first(loop);
	return loop->timers.armed > 0 ? hki_timer_heap_first(&loop->timers)->due_ns
				      : HKI_FOREVER;
}

/* One of the root's children is served next but one: bring their handles into the cache. */
static void fetch_next(const hk_loop *loop)
{
	const hki_timer_heap *heap = &loop->timers;
	uint32_t end = HKI_TIMER_ROOT + heap->count;

	for (uint32_t index = HKI_TIMER_ROOT; index < end && index <= HKI_TIMER_ROOT + 4;
	     index++) {
		__builtin_prefetch(
		    hki_timer_at(&loop->timer_pool, heap->entries[index].slot));
		__builtin_prefetch(&heap->armings[heap->entries[index].slot]);
	}
}

static void fire(hk_loop *loop, const hki_timer_entry *entry, uint64_t now_ns)
{
	hk_timer *timer = hki_timer_at(&loop->timer_pool, entry->slot);

	if (loop->measuring)
		hki_meter_lag(loop, entry->due_ns);
	if (timer->interval_ns > 0)
		arm(loop, timer, next_tick(entry->due_ns, timer->interval_ns, now_ns));
	else
		disarm(loop, timer);
	fetch_next(loop);
	timer->fn(timer, timer->user);
}

bool hki_timers_run(hk_loop *loop)
{
	uint64_t now_ns;

	if (loop->timers.armed == 0)
		return false;
	now_ns = hki_loop_now(loop);
	if (hki_timers_first_due(loop) > now_ns)
		return false;
	hki_phase(loop, HK_PHASE_TIMERS);
	loop->serving_ns = now_ns;
	do {
		hki_timer_entry first = *hki_timer_heap_first(&loop->timers);

		fire(loop, &first, now_ns);
		hki_next_run(loop);
	} while (hki_timers_first_due(loop) <= now_ns);
	loop->serving_ns = 0;
	return true;
}
