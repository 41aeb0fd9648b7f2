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
 */

static uint64_t add_saturated(uint64_t left, uint64_t right)
{
	return left > UINT64_MAX - right ? UINT64_MAX : left + right;
}

static hk_loop *loop_of(const hk_timer *timer)
{
	return hki_timer_chunk_of(timer)->loop;
}

static void arm(hk_loop *loop, hk_timer *timer, uint64_t due_ns)
{
	uint32_t background = timer->background;

	if (due_ns <= loop->serving_ns)
		due_ns = loop->serving_ns + 1; /* the next turn's */
	if (!hki_timer_heap_set(
		&loop->timers, hki_timer_slot_of(timer) | background, due_ns))
		loop->active += background == 0;
	hki_loop_changed(loop);
}

static void disarm(hk_loop *loop, const hk_timer *timer)
{
	uint32_t key = hki_timer_heap_remove(&loop->timers, hki_timer_slot_of(timer));

	if (key == 0)
		return;
	loop->active -= (key & HKI_TIMER_BACKGROUND) == 0;
	hki_loop_changed(loop);
}

static int create(hk_timer **out, hk_loop *loop, const hk_timer_opts *opts)
{
	hk_timer *timer = hki_timer_pool_acquire(&loop->timer_pool, loop);

	if (timer == NULL)
		return -ENOMEM;
	if (hki_timer_heap_reserve(
		&loop->timers, hki_timer_pool_slots(&loop->timer_pool)) < 0) {
		hki_timer_pool_release(&loop->timer_pool, timer);
		return -ENOMEM;
	}
	timer->fn = opts->fn;
	timer->user = opts->user;
	timer->interval_ns = opts->interval_ns;
	timer->background = opts->background != 0 ? HKI_TIMER_BACKGROUND : 0;
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
	hk_loop *loop = loop_of(timer);

	if (hki_loop_inert(loop))
		return;
	timer->interval_ns = interval_ns;
	arm(loop, timer, add_saturated(hki_loop_now(loop), after_ns));
}

void hk_timer_stop(hk_timer *timer)
{
	if (timer != NULL && !hki_loop_inert(loop_of(timer)))
		disarm(loop_of(timer), timer);
}

uint64_t hk_timer_due_ns(const hk_timer *timer)
{
	hk_loop *loop = loop_of(timer);
	uint32_t index;
	uint64_t due_ns;

	if (hki_loop_inert(loop))
		return UINT64_MAX;
	index = loop->timers.positions[hki_timer_slot_of(timer)];
	if (index == 0)
		return UINT64_MAX;
	due_ns = loop->timers.entries[index].due_ns;
	return due_ns > hki_loop_now(loop) ? due_ns - hki_loop_now(loop) : 0;
}

void hk_timer_free(hk_timer *timer)
{
	hk_loop *loop;

	if (timer == NULL)
		return;
	loop = loop_of(timer);
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

/* The handle that is likely served next comes into the cache while this one is. */
static void fetch_next(const hk_loop *loop)
{
	if (loop->timers.count > 0)
		__builtin_prefetch(hki_timer_at(&loop->timer_pool,
		    hki_timer_slot(hki_timer_heap_first(&loop->timers)->key)));
}

static void fire(hk_loop *loop, const hki_timer_entry *entry, uint64_t now_ns)
{
	hk_timer *timer = hki_timer_at(&loop->timer_pool, hki_timer_slot(entry->key));

	if (loop->measuring)
		hki_meter_lag(loop, entry->due_ns);
	if (timer->interval_ns > 0) {
		(void) hki_timer_heap_set(&loop->timers, entry->key,
		    next_tick(entry->due_ns, timer->interval_ns, now_ns));
	} else {
		(void) hki_timer_heap_remove(&loop->timers, hki_timer_slot(entry->key));
		loop->active -= (entry->key & HKI_TIMER_BACKGROUND) == 0;
	}
	fetch_next(loop);
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
