#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "loop/core.h"

/* The heap against a naive model, and what timers do in a loop. */

/* ---- the heap ---- */

enum { SLOTS = 300, STEPS = 60000 };

typedef struct model {
	uint64_t due_ns[SLOTS];
	uint64_t order[SLOTS]; /* of arming; 0: not armed */
	uint64_t clock;
} model;

static uint64_t random_number(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* The index of the timer that must be first, or -1. */
static int model_first(const model *naive)
{
	int first = -1;

	for (int i = 0; i < SLOTS; i++) {
		if (naive->order[i] == 0)
			continue;
		if (first < 0 || naive->due_ns[i] < naive->due_ns[first] ||
		    (naive->due_ns[i] == naive->due_ns[first] &&
			naive->order[i] < naive->order[first]))
			first = i;
	}
	return first;
}

static void assert_heap_is_sound(const hki_timer_heap *heap)
{
	const hki_timer_entry *entries = heap->entries;

	for (uint32_t i = HKI_TIMER_ROOT + 1; i < HKI_TIMER_ROOT + heap->count; i++) {
		const hki_timer_entry *parent = &entries[i / 4 + 2];

		assert_true(parent->due_ns <= entries[i].due_ns);
	}
}

static void one_step(hki_timer_heap *heap, model *naive, uint64_t *seed)
{
	uint64_t draw = random_number(seed);
	uint32_t slot = (uint32_t) (draw % SLOTS);
	bool armed = naive->order[slot] != 0;

	if ((draw >> 32) % 4 < 2) { /* few distinct times, so that many are equal */
		naive->due_ns[slot] = (draw >> 40) % 50;
		naive->order[slot] = ++naive->clock;
		hki_timer_heap_set(
		    heap, slot, naive->due_ns[slot], hki_timer_heap_draw(heap), armed);
	} else {
		if (armed)
			hki_timer_heap_remove(heap, slot);
		naive->order[slot] = 0;
	}
}

/* The armings start just before @arming, so that what happens there is met on the way. */
static void compare_with_model(uint32_t arming)
{
	uint64_t seed = 0x9e3779b97f4a7c15U;
	hki_timer_heap heap = { .arming = arming - STEPS / 4 };
	model naive = { .clock = 0 };
	int first;

	assert_int_equal(0, hki_timer_heap_reserve(&heap, SLOTS));
	for (int step = 0; step < STEPS; step++) {
		one_step(&heap, &naive, &seed);
		first = model_first(&naive);
		assert_int_equal(first < 0, heap.armed == 0);
		if (first >= 0)
			assert_int_equal(first, hki_timer_heap_first(&heap)->slot);
		if (step % 1000 == 0)
			assert_heap_is_sound(&heap);
	}
	while ((first = model_first(&naive)) >= 0) {
		assert_int_equal(first, hki_timer_heap_first(&heap)->slot);
		hki_timer_heap_remove(&heap, (uint32_t) first);
		naive.order[first] = 0;
	}
	assert_int_equal(0, heap.armed);
	assert_int_equal(0, heap.count);
	hki_timer_heap_deinit(&heap);
}

static void the_heap_agrees_with_a_naive_model(void **state)
{
	(void) state;
	compare_with_model(STEPS);    /* nothing special */
	compare_with_model(0);        /* the numbers wrap */
	compare_with_model(1U << 30); /* the dead are swept out */
}

static void dead_entries_stay_within_bounds(void **state)
{
	hki_timer_heap heap = { .count = 0 };

	(void) state;
	assert_int_equal(0, hki_timer_heap_reserve(&heap, SLOTS));
	for (uint32_t i = 0; i < 100 * SLOTS; i++) {
		hki_timer_heap_set(&heap, i % SLOTS, 1000000 + i,
		    hki_timer_heap_draw(&heap), i >= SLOTS);
		assert_true(heap.count <= 2 * heap.slots);
	}
	assert_int_equal(SLOTS, heap.armed);
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		hki_timer_heap_remove(&heap, slot);
	assert_int_equal(0, heap.count);
	hki_timer_heap_deinit(&heap);
}

static void handles_know_their_number_and_are_used_again(void **state)
{
	enum { HANDLES = 2000 };
	hki_timer_pool pool = { .used = 0 };
	hk_timer *timers[HANDLES];

	(void) state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < HANDLES; i++) {
			timers[i] = hki_timer_pool_acquire(&pool);
			assert_non_null(timers[i]);
			timers[i]->interval_ns = (uint64_t) i;
			assert_ptr_equal(timers[i], hki_timer_at(&pool, timers[i]->slot));
		}
		assert_int_equal(HANDLES, pool.used);
		for (int i = 0; i < HANDLES; i++) {
			assert_int_equal(i, timers[i]->interval_ns);
			hki_timer_pool_release(&pool, timers[i]);
		}
	}
	hki_timer_pool_deinit(&pool);
}

/* ---- in a loop ---- */

typedef struct scene {
	hk_loop *loop;
	hk_timer *timer;
	hk_timer *other;
	char text[64];
	int calls;
	uint64_t again_ns;
} scene;

static int setup(void **state)
{
	scene *now = test_calloc(1, sizeof(*now));

	assert_int_equal(0, hk_loop_new(&now->loop));
	*state = now;
	return 0;
}

static int teardown(void **state)
{
	scene *now = *state;

	hk_loop_free(now->loop);
	test_free(now);
	return 0;
}

/* The timers phase as it would be at @now_ns: no test has to sleep. */
static void serve_at(hk_loop *loop, uint64_t now_ns)
{
	loop->now_ns = now_ns;
	loop->now_known = true;
	hki_timers_run(loop);
}

static void count(hk_timer *timer, void *user)
{
	(void) timer;
	((scene *) user)->calls++;
}

static hk_timer *start(
    scene *now, uint64_t after_ns, uint64_t interval_ns, hk_timer_fn fn)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	hk_timer *timer = NULL;

	opts.after_ns = after_ns;
	opts.interval_ns = interval_ns;
	opts.fn = fn;
	opts.user = now;
	assert_int_equal(0, hk_timer_start(&timer, now->loop, &opts));
	return timer;
}

/* ---- the whole against a naive model: what is put off, set to earlier, stopped, served ---- */

typedef struct crowd {
	hk_loop *loop;
	hk_timer *timers[SLOTS];
	model naive;
	uint64_t now_ns;
	int served;
} crowd;

static void expect_to_be_first(hk_timer *timer, void *user)
{
	crowd *all = user;
	int first = model_first(&all->naive);

	assert_true(first >= 0);
	assert_ptr_equal(all->timers[first], timer);
	assert_true(all->naive.due_ns[first] <= all->now_ns);
	all->naive.order[first] = 0;
	all->served++;
}

static void set_or_stop_one(crowd *all, uint64_t draw)
{
	int which = (int) (draw % SLOTS);
	uint64_t after_ns = (draw >> 40) % 50;

	if ((draw >> 32) % 8 == 0) {
		hk_timer_stop(all->timers[which]);
		all->naive.order[which] = 0;
		return;
	}
	hk_timer_set(all->timers[which], after_ns, 0);
	all->naive.due_ns[which] = all->now_ns + after_ns;
	all->naive.order[which] = ++all->naive.clock;
	assert_int_equal(after_ns, hk_timer_due_ns(all->timers[which]));
}

static void serve_crowd(crowd *all)
{
	int first;

	serve_at(all->loop, all->now_ns);
	first = model_first(&all->naive);
	if (first < 0)
		assert_true(hki_timers_first_due(all->loop) == UINT64_MAX);
	else
		assert_true(hki_timers_first_due(all->loop) == all->naive.due_ns[first]);
	assert_int_equal(first >= 0, hk_loop_alive(all->loop));
}

static void timers_agree_with_a_naive_model(void **state)
{
	crowd *all = test_calloc(1, sizeof(*all));
	uint64_t seed = 0x2545f4914f6cdd1dU;

	(void) state;
	assert_int_equal(0, hk_loop_new(&all->loop));
	all->now_ns = hk_loop_now_ns(all->loop);
	for (int i = 0; i < SLOTS; i++) {
		assert_int_equal(0, hk_timer_after(&all->timers[i], all->loop, 0,
					expect_to_be_first, all));
		hk_timer_stop(all->timers[i]);
	}
	for (int step = 0; step < STEPS; step++) {
		set_or_stop_one(all, random_number(&seed));
		if (step % 20 == 0) {
			all->now_ns += random_number(&seed) % 4;
			serve_crowd(all);
		}
	}
	assert_true(all->served > STEPS / 50);
	hk_loop_free(all->loop);
	for (int i = 0; i < SLOTS; i++)
		hk_timer_free(all->timers[i]);
	test_free(all);
}

static void note_a(hk_timer *timer, void *user)
{
	(void) timer;
	strcat(((scene *) user)->text, "a");
}

static void note_b(hk_timer *timer, void *user)
{
	(void) timer;
	strcat(((scene *) user)->text, "b");
}

static void note_c(hk_timer *timer, void *user)
{
	(void) timer;
	strcat(((scene *) user)->text, "c");
}

static void timers_run_by_time_and_then_by_order_of_arming(void **state)
{
	scene *now = *state;
	hk_timer *timers[] = { start(now, 20, 0, note_c), start(now, 10, 0, note_a),
		start(now, 10, 0, note_b), start(now, 20, 0, note_a) };

	hk_timer_set(timers[0], 20, 0); /* set anew: behind its equal */
	serve_at(now->loop, hk_loop_now_ns(now->loop) + 20);
	assert_string_equal("abac", now->text);
	for (size_t i = 0; i < HKI_COUNT(timers); i++)
		hk_timer_free(timers[i]);
}

static void set_again(hk_timer *timer, void *user)
{
	scene *now = user;

	now->calls++;
	hk_timer_set(timer, now->again_ns, 0);
}

static void a_timer_set_in_its_callback_fires_again_in_a_later_turn(void **state)
{
	scene *now = *state;
	uint64_t start_ns = hk_loop_now_ns(now->loop);

	now->timer = start(now, 0, 0, set_again);
	for (unsigned int turn = 1; turn <= 5; turn++) {
		serve_at(now->loop, start_ns + turn);
		assert_int_equal(turn, now->calls);
	}
	hk_timer_free(now->timer);
}

static void zero_timers_do_not_lock_out_the_rest_of_the_loop(void **state)
{
	scene *now = *state;

	now->timer = start(now, 0, 0, set_again);
	for (int turn = 1; turn <= 5; turn++) {
		assert_int_equal(1, hk_loop_run_once(now->loop, -1));
		assert_int_equal(turn, now->calls);
	}
	hk_timer_free(now->timer);
}

static void missed_ticks_are_not_made_up_and_the_rhythm_stays(void **state)
{
	scene *now = *state;
	uint64_t start_ns = hk_loop_now_ns(now->loop);

	now->timer = start(now, 100, 100, count);
	serve_at(now->loop, start_ns + 99);
	assert_int_equal(0, now->calls);
	serve_at(now->loop, start_ns + 100);
	assert_int_equal(1, now->calls);
	serve_at(now->loop, start_ns + 555); /* missed 200 to 500 */
	assert_int_equal(2, now->calls);
	assert_int_equal(45, hk_timer_due_ns(now->timer));
	serve_at(now->loop, start_ns + 600);
	assert_int_equal(3, now->calls);
	hk_timer_stop(now->timer);
	assert_true(hk_timer_due_ns(now->timer) == UINT64_MAX);
	assert_false(hk_loop_alive(now->loop));
	hk_timer_free(now->timer);
}

static void free_both(hk_timer *timer, void *user)
{
	scene *now = user;

	now->calls++;
	hk_timer_free(timer);
	hk_timer_free(now->other);
}

static void a_due_timer_freed_by_another_never_fires(void **state)
{
	scene *now = *state;

	now->timer = start(now, 0, 10, free_both);
	now->other = start(now, 0, 0, count);
	serve_at(now->loop, hk_loop_now_ns(now->loop));
	assert_int_equal(1, now->calls);
	assert_false(hk_loop_alive(now->loop));
}

static void a_stopped_timer_can_be_set_again(void **state)
{
	scene *now = *state;

	now->timer = start(now, 0, 0, count);
	hk_timer_stop(now->timer);
	hk_timer_stop(now->timer);
	hk_timer_stop(NULL);
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(0, now->calls);
	hk_timer_set(now->timer, 0, 0);
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(1, now->calls);
	hk_timer_free(now->timer);
	hk_timer_free(NULL);
}

static void a_background_timer_fires_but_keeps_nobody_waiting(void **state)
{
	scene *now = *state;
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	opts.fn = count;
	opts.user = now;
	opts.background = 1;
	opts.interval_ns = HKI_NS_PER_S;
	assert_int_equal(0, hk_timer_start(&now->timer, now->loop, &opts));
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(0, now->calls);
	assert_int_equal(0, hk_loop_run_once(now->loop, 0));
	assert_int_equal(1, now->calls);
	hk_timer_free(now->timer);
}

static void the_farthest_time_is_never_reached(void **state)
{
	scene *now = *state;

	now->timer = start(now, UINT64_MAX, UINT64_MAX, count);
	assert_int_equal(-1, hk_loop_timeout(now->loop));
	assert_int_equal(1, hk_loop_run_once(now->loop, 0));
	assert_int_equal(0, now->calls);
	hk_timer_free(now->timer);
	assert_int_equal(
	    0, hk_timer_after(&now->timer, now->loop, UINT64_MAX, count, now));
	assert_int_equal(-1, hk_loop_timeout(now->loop));
	hk_timer_free(now->timer);
}

static void the_timeout_is_rounded_up_to_milliseconds(void **state)
{
	scene *now = *state;

	now->timer = start(now, 3600 * HKI_NS_PER_S, 0, count);
	assert_in_range(hk_loop_timeout(now->loop), 3599000, 3600000);
	hk_timer_set(now->timer, 60 * 24 * 3600 * HKI_NS_PER_S, 0);
	assert_int_equal(INT32_MAX, hk_loop_timeout(now->loop));
	hk_timer_set(now->timer, 0, 0);
	assert_int_equal(0, hk_loop_timeout(now->loop));
	hk_timer_free(now->timer);
}

static void wrong_options_are_refused(void **state)
{
	scene *now = *state;
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	assert_int_equal(-EINVAL, hk_timer_start(&now->timer, now->loop, &opts));
	opts.fn = count;
	opts.background = 2;
	assert_int_equal(-EINVAL, hk_timer_start(&now->timer, now->loop, &opts));
	opts.background = 0;
	opts.reserved = 1;
	assert_int_equal(-EINVAL, hk_timer_start(&now->timer, now->loop, &opts));
	opts.reserved = 0;
	opts.size = sizeof(size_t);
	assert_int_equal(-EINVAL, hk_timer_start(&now->timer, now->loop, &opts));
	assert_int_equal(-EINVAL, hk_timer_after(&now->timer, now->loop, 1, NULL, NULL));
	assert_null(now->timer);
}

static void callers_older_and_newer_than_the_library_are_served(void **state)
{
	scene *now = *state;
	struct {
		hk_timer_opts known;
		uint64_t unknown;
	} newer = { .known = { .size = sizeof(newer), .fn = count, .user = now } };
	hk_timer_opts older = { .size = offsetof(hk_timer_opts, background),
		.fn = count,
		.user = now,
		.background = 77 };

	assert_int_equal(0, hk_timer_start(&now->timer, now->loop, &newer.known));
	assert_int_equal(0, hk_timer_start(&now->other, now->loop, &older));
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(2, now->calls);
	hk_timer_free(now->timer);
	hk_timer_free(now->other);
	newer.unknown = 1;
	assert_int_equal(-E2BIG, hk_timer_start(&now->timer, now->loop, &newer.known));
}

static void timers_never_fire_early(void **state)
{
	scene *now = *state;
	const uint64_t delays_ns[] = { 1, 1000, 70 * HKI_NS_PER_US,
		1300 * HKI_NS_PER_US };

	for (int exact = 1; exact >= 0; exact--) {
		now->loop->exact_wait = exact != 0;
		for (size_t i = 0; i < HKI_COUNT(delays_ns); i++) {
			uint64_t begin_ns = hki_clock_monotonic_ns();

			hk_loop_update_time(now->loop);
			now->timer = start(now, delays_ns[i], 0, count);
			assert_int_equal(0, hk_loop_run(now->loop));
			assert_true(hki_clock_monotonic_ns() - begin_ns >= delays_ns[i]);
			hk_timer_free(now->timer);
		}
	}
	assert_int_equal(2 * HKI_COUNT(delays_ns), now->calls);
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heap_agrees_with_a_naive_model),
		cmocka_unit_test(dead_entries_stay_within_bounds),
		cmocka_unit_test(handles_know_their_number_and_are_used_again),
		cmocka_unit_test(timers_agree_with_a_naive_model),
		IN_LOOP(timers_run_by_time_and_then_by_order_of_arming),
		IN_LOOP(a_timer_set_in_its_callback_fires_again_in_a_later_turn),
		IN_LOOP(zero_timers_do_not_lock_out_the_rest_of_the_loop),
		IN_LOOP(missed_ticks_are_not_made_up_and_the_rhythm_stays),
		IN_LOOP(a_due_timer_freed_by_another_never_fires),
		IN_LOOP(a_stopped_timer_can_be_set_again),
		IN_LOOP(a_background_timer_fires_but_keeps_nobody_waiting),
		IN_LOOP(the_farthest_time_is_never_reached),
		IN_LOOP(the_timeout_is_rounded_up_to_milliseconds),
		IN_LOOP(wrong_options_are_refused),
		IN_LOOP(callers_older_and_newer_than_the_library_are_served),
		IN_LOOP(timers_never_fire_early),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
