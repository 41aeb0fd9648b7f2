#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>
#include "loop/core.h"

/* Time injected into a phase is found in that phase, and the phases add up to the wall time. */

#define INJECTED_NS (3 * HKI_NS_PER_MS)

typedef struct scene {
	hk_loop *loop;
	int pipe[2];
	unsigned int phase; /* where time is to be spent */
} scene;

static void spend(void)
{
	uint64_t end_ns = hki_clock_monotonic_ns() + INJECTED_NS;

	while (hki_clock_monotonic_ns() < end_ns)
		continue;
}

static void spend_task(void *user)
{
	(void) user;
	spend();
}

static void spend_timer(hk_timer *timer, void *user)
{
	(void) user;
	spend();
	hk_timer_free(timer);
}

static void spend_hook(hk_hook *hook, void *user)
{
	(void) user;
	spend();
	hk_hook_free(hook);
}

static void spend_watch(hk_watch *watch, unsigned int events, void *user)
{
	(void) events;
	(void) user;
	spend();
	hk_watch_free(watch);
}

static int start_in_phase(scene *now)
{
	hk_timer *timer;
	hk_hook *hook;
	hk_watch *watch;

	switch (now->phase) {
	case HK_PHASE_TIMERS:
		return hk_timer_after(&timer, now->loop, 0, spend_timer, NULL);
	case HK_PHASE_POSTED:
		return hk_loop_post(now->loop, spend_task, NULL);
	case HK_PHASE_IDLE:
		return hk_hook_start(&hook, now->loop, HK_HOOK_IDLE, spend_hook, NULL);
	case HK_PHASE_PREPARE:
		return hk_hook_start(&hook, now->loop, HK_HOOK_PREPARE, spend_hook, NULL);
	case HK_PHASE_WAIT:
		hki_loop_hold(now->loop); /* and run_once() below waits */
		return 0;
	case HK_PHASE_POLL:
		return hk_watch_start(
		    &watch, now->loop, now->pipe[0], HK_READABLE, spend_watch, NULL);
	case HK_PHASE_CHECK:
		return hk_loop_immediate(now->loop, spend_task, NULL);
	default:
		return hk_loop_close(now->loop, spend_task, NULL);
	}
}

static uint64_t sum(const hk_loop_metrics *metrics)
{
	uint64_t total = 0;

	for (int i = 0; i < HK_PHASE_COUNT; i++)
		total += metrics->phase_ns[i];
	return total;
}

static void check_phase(scene *now)
{
	hk_loop_metrics metrics = { .size = sizeof(metrics) };
	uint64_t before_ns = hki_clock_monotonic_ns();
	uint64_t wall_ns;

	hk_loop_measure(now->loop, true);
	assert_int_equal(0, start_in_phase(now));
	assert_true(hk_loop_run_once(now->loop, INJECTED_NS / HKI_NS_PER_MS) >= 0);
	assert_int_equal(0, hk_loop_metrics_read(now->loop, &metrics));
	wall_ns = hki_clock_monotonic_ns() - before_ns;

	assert_true(metrics.phase_ns[now->phase] >= INJECTED_NS);
	assert_true(sum(&metrics) <= wall_ns);
	assert_int_equal(1, metrics.turns);
}

static void injected_time_is_found_in_its_phase(void **state)
{
	scene now = { .phase = 0 };

	(void) state;
	assert_int_equal(0, pipe(now.pipe));
	assert_int_equal(1, write(now.pipe[1], "x", 1));
	for (now.phase = 0; now.phase < HK_PHASE_COUNT; now.phase++) {
		assert_int_equal(0, hk_loop_new(&now.loop));
		check_phase(&now);
		hk_loop_free(now.loop);
	}
	close(now.pipe[0]);
	close(now.pipe[1]);
}

static void the_phases_add_up_to_the_wall_time(void **state)
{
	hk_loop_metrics metrics = { .size = sizeof(metrics) };
	hk_loop *loop = NULL;
	uint64_t begin_ns;
	uint64_t end_ns;

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	hk_loop_measure(loop, true);
	begin_ns = loop->meter.mark_ns;
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(0, hk_loop_immediate(loop, spend_task, NULL));
		assert_int_equal(0, hk_loop_run_once(loop, 0));
	}
	assert_int_equal(0, hk_loop_metrics_read(loop, &metrics));
	end_ns = hki_clock_monotonic_ns();
	assert_in_range(sum(&metrics), 3 * INJECTED_NS, end_ns - begin_ns);
	hk_loop_free(loop);
}

static void lag_and_busy_time_are_noticed(void **state)
{
	hk_loop_metrics metrics = { .size = sizeof(metrics) };
	hk_loop *loop = NULL;
	hk_timer *timers[2];

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	hk_loop_measure(loop, true);
	assert_int_equal(0, hk_timer_after(&timers[0], loop, 0, spend_timer, NULL));
	assert_int_equal(0, hk_timer_after(&timers[1], loop, 0, spend_timer, NULL));
	assert_int_equal(0, hk_loop_run(loop));
	assert_int_equal(0, hk_loop_metrics_read(loop, &metrics));
	assert_true(metrics.timer_lag_max_ns >= INJECTED_NS);
	assert_true(metrics.busy_max_ns >= 2 * INJECTED_NS);
	hk_loop_free(loop);
}

static void measuring_is_off_until_asked_for(void **state)
{
	hk_loop_metrics metrics = { .size = sizeof(metrics) };
	hk_loop *loop = NULL;

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	assert_int_equal(-ENODATA, hk_loop_metrics_read(loop, &metrics));
	hk_loop_measure(loop, true);
	assert_int_equal(0, hk_loop_metrics_read(loop, &metrics));
	metrics.size = 3;
	assert_int_equal(-EINVAL, hk_loop_metrics_read(loop, &metrics));
	metrics.size = sizeof(metrics);
	hk_loop_measure(loop, false);
	assert_int_equal(-ENODATA, hk_loop_metrics_read(loop, &metrics));
	hk_loop_free(loop);
}

static void phases_have_names(void **state)
{
	(void) state;
	assert_string_equal("timers", hk_loop_phase_name(HK_PHASE_TIMERS));
	assert_string_equal("close", hk_loop_phase_name(HK_PHASE_CLOSE));
	for (unsigned int i = 0; i < HK_PHASE_COUNT; i++)
		assert_non_null(hk_loop_phase_name(i));
	assert_null(hk_loop_phase_name(HK_PHASE_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(injected_time_is_found_in_its_phase),
		cmocka_unit_test(the_phases_add_up_to_the_wall_time),
		cmocka_unit_test(lag_and_busy_time_are_noticed),
		cmocka_unit_test(measuring_is_off_until_asked_for),
		cmocka_unit_test(phases_have_names),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
