#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "service/policy.h"

/* Policies take the time as an argument, so hours pass here in microseconds. */

struct world {
	hki_policy policy;
	hki_policy_memory memory;
	uint64_t now_ns;
};

static void world_make(struct world *world, const hk_service_opts *opts)
{
	hki_policy_from_opts(&world->policy, opts);
	assert_int_equal(hki_policy_memory_init(&world->memory, &world->policy, 42), 0);
	world->now_ns = 1000 * HKI_NS_PER_S;
}

static void world_end(struct world *world)
{
	hki_policy_memory_deinit(&world->memory);
}

static hki_policy_answer fails_after(struct world *world, uint64_t ran_ns)
{
	hki_policy_answer answer;

	world->now_ns += ran_ns;
	answer = hki_policy_ended(
	    &world->policy, &world->memory, false, false, ran_ns, world->now_ns);
	if (answer.verdict == HKI_POLICY_RETRY)
		world->now_ns += answer.delay_ns;
	return answer;
}

static void assert_about(uint64_t expected_ns, uint64_t seen_ns)
{
	assert_in_range(seen_ns, expected_ns * 89 / 100, expected_ns * 111 / 100);
}

static void pauses_double_up_to_the_longest(void **unused)
{
	const uint64_t expected_ms[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800,
		25600 };
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world world;

	(void) unused;
	opts.limit_count = 100;
	world_make(&world, &opts);
	for (size_t i = 0; i < 9; i++)
		assert_about(
		    expected_ms[i] * HKI_NS_PER_MS, fails_after(&world, 0).delay_ns);
	for (size_t i = 0; i < 5; i++)
		assert_about(30 * HKI_NS_PER_S, fails_after(&world, 0).delay_ns);
	world_end(&world);
}

static void pauses_vary_and_repeat_with_the_seed(void **unused)
{
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world one, two;
	bool varied = false;

	(void) unused;
	world_make(&one, &opts);
	world_make(&two, &opts);
	for (size_t i = 0; i < 6; i++) {
		uint64_t delay = fails_after(&one, 0).delay_ns;

		assert_int_equal(delay, fails_after(&two, 0).delay_ns);
		varied = varied || delay % (100 * HKI_NS_PER_MS) != 0;
	}
	assert_true(varied);
	world_end(&one);
	world_end(&two);
}

static void running_well_makes_pauses_short_again(void **unused)
{
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world world;

	(void) unused;
	world_make(&world, &opts);
	for (size_t i = 0; i < 5; i++)
		(void) fails_after(&world, 0);
	assert_about(
	    3200 * HKI_NS_PER_MS, fails_after(&world, 59 * HKI_NS_PER_S).delay_ns);
	assert_about(
	    100 * HKI_NS_PER_MS, fails_after(&world, 60 * HKI_NS_PER_S).delay_ns);
	world_end(&world);
}

static unsigned int starts_within(struct world *world, uint64_t span_ns)
{
	uint64_t end = world->now_ns + span_ns;
	unsigned int starts = 1;

	for (;;) {
		hki_policy_answer answer = fails_after(world, 0);

		if (answer.verdict != HKI_POLICY_RETRY || world->now_ns > end)
			return starts;
		starts++;
	}
}

static void a_storm_makes_at_most_twelve_starts_in_a_minute(void **unused)
{
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world world;

	(void) unused;
	for (unsigned int seed = 0; seed < 200; seed++) {
		world_make(&world, &opts);
		hki_random_seed(&world.memory.random, seed);
		assert_in_range(starts_within(&world, 60 * HKI_NS_PER_S), 2, 12);
		world_end(&world);
	}
}

static void a_storm_after_a_week_is_limited_too(void **unused)
{
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world world;

	(void) unused;
	/* Without growing pauses, so that the window alone has to hold it. */
	opts.backoff_factor = 1;
	opts.backoff_initial_ns = HKI_NS_PER_MS;
	world_make(&world, &opts);
	(void) fails_after(&world, 7 * 86400 * HKI_NS_PER_S);
	assert_in_range(starts_within(&world, 60 * HKI_NS_PER_S), 2, 12);
	assert_true(world.memory.slow);
	world_end(&world);
}

static void at_the_limit_it_is_tried_slowly_until_it_runs_well(void **unused)
{
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world world;
	hki_policy_answer answer;

	(void) unused;
	opts.backoff_factor = 1;
	opts.limit_count = 3;
	world_make(&world, &opts);
	for (size_t i = 0; i < 3; i++)
		assert_false(fails_after(&world, 0).limited);
	answer = fails_after(&world, 0);
	assert_true(answer.limited);
	assert_int_equal(answer.verdict, HKI_POLICY_RETRY);
	assert_about(60 * HKI_NS_PER_S, answer.delay_ns);
	assert_false(fails_after(&world, 0).limited); /* said once */
	assert_about(60 * HKI_NS_PER_S, fails_after(&world, 0).delay_ns);
	assert_about(
	    100 * HKI_NS_PER_MS, fails_after(&world, 61 * HKI_NS_PER_S).delay_ns);
	world_end(&world);
}

static void at_the_limit_it_gives_up_when_asked(void **unused)
{
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world world;
	hki_policy_answer answer;

	(void) unused;
	opts.flags = HK_SERVICE_GIVE_UP;
	opts.limit_count = 2;
	world_make(&world, &opts);
	assert_int_equal(fails_after(&world, 0).verdict, HKI_POLICY_RETRY);
	assert_int_equal(fails_after(&world, 0).verdict, HKI_POLICY_RETRY);
	answer = fails_after(&world, 0);
	assert_int_equal(answer.verdict, HKI_POLICY_FAILED);
	assert_true(answer.limited);
	world_end(&world);
}

static void the_limit_can_be_switched_off(void **unused)
{
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world world;

	(void) unused;
	opts.backoff_factor = 1;
	opts.limit_count = UINT32_MAX;
	world_make(&world, &opts);
	for (size_t i = 0; i < 1000; i++) {
		hki_policy_answer answer = fails_after(&world, 0);

		assert_int_equal(answer.verdict, HKI_POLICY_RETRY);
		assert_false(answer.limited);
		assert_about(100 * HKI_NS_PER_MS, answer.delay_ns);
	}
	world_end(&world);
}

static void retries_in_a_row_can_be_counted(void **unused)
{
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	struct world world;

	(void) unused;
	opts.max_retries = 2;
	world_make(&world, &opts);
	assert_int_equal(fails_after(&world, 0).verdict, HKI_POLICY_RETRY);
	assert_int_equal(fails_after(&world, 0).verdict, HKI_POLICY_RETRY);
	assert_int_equal(fails_after(&world, 0).verdict, HKI_POLICY_FAILED);
	hki_policy_memory_reset(&world.memory);
	assert_int_equal(fails_after(&world, 0).verdict, HKI_POLICY_RETRY);
	world_end(&world);
}

static hk_process_exit exited(hk_process_end end, int code)
{
	hk_process_exit how = { .end = end, .code = code, .step = "" };

	return how;
}

static void good_ends_are_the_success_codes_and_nothing_else(void **unused)
{
	const int codes[] = { 0, 3 };
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	hk_process_exit how;
	hki_policy policy;

	(void) unused;
	hki_policy_from_opts(&policy, &opts);
	how = exited(HK_END_CODE, 0);
	assert_true(hki_policy_is_success(&policy, &how, false));
	assert_false(hki_policy_is_success(&policy, &how, true)); /* it was sick */
	how = exited(HK_END_CODE, 3);
	assert_false(hki_policy_is_success(&policy, &how, false));
	opts.success_codes = codes;
	opts.success_code_count = 2;
	hki_policy_from_opts(&policy, &opts);
	assert_true(hki_policy_is_success(&policy, &how, false));
	how = exited(HK_END_SIGNAL, 0);
	assert_false(hki_policy_is_success(&policy, &how, false));
	how = exited(HK_END_UNKNOWN, 0);
	assert_false(hki_policy_is_success(&policy, &how, false));
	how = exited(HK_END_FAILED, 0);
	assert_false(hki_policy_is_success(&policy, &how, false));
}

static void policies_differ_in_what_they_restart(void **unused)
{
	static const struct {
		hk_service_restart restart;
		hki_policy_verdict good, bad;
	} rows[] = {
		{ HK_SERVICE_RESTART_NO, HKI_POLICY_DONE, HKI_POLICY_FAILED },
		{ HK_SERVICE_RESTART_ON_FAILURE, HKI_POLICY_DONE, HKI_POLICY_RETRY },
		{ HK_SERVICE_RESTART_ALWAYS, HKI_POLICY_RETRY, HKI_POLICY_RETRY },
		{ HK_SERVICE_RESTART_UNLESS_STOPPED, HKI_POLICY_RETRY, HKI_POLICY_RETRY },
	};

	(void) unused;
	for (size_t i = 0; i < 4; i++) {
		hk_service_opts opts = HK_SERVICE_OPTS_INIT;
		struct world world;

		opts.restart = rows[i].restart;
		world_make(&world, &opts);
		assert_int_equal(
		    rows[i].good, hki_policy_ended(&world.policy, &world.memory, true,
				      false, 0, world.now_ns)
				      .verdict);
		assert_int_equal(
		    rows[i].bad, hki_policy_ended(&world.policy, &world.memory, false,
				     false, 0, world.now_ns)
				     .verdict);
		/* Recycling was decided before; its end always means another start. */
		assert_int_equal(
		    HKI_POLICY_RETRY, hki_policy_ended(&world.policy, &world.memory,
					  false, true, 0, world.now_ns)
					  .verdict);
		world_end(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_double_up_to_the_longest),
		cmocka_unit_test(pauses_vary_and_repeat_with_the_seed),
		cmocka_unit_test(running_well_makes_pauses_short_again),
		cmocka_unit_test(a_storm_makes_at_most_twelve_starts_in_a_minute),
		cmocka_unit_test(a_storm_after_a_week_is_limited_too),
		cmocka_unit_test(at_the_limit_it_is_tried_slowly_until_it_runs_well),
		cmocka_unit_test(at_the_limit_it_gives_up_when_asked),
		cmocka_unit_test(the_limit_can_be_switched_off),
		cmocka_unit_test(retries_in_a_row_can_be_counted),
		cmocka_unit_test(good_ends_are_the_success_codes_and_nothing_else),
		cmocka_unit_test(policies_differ_in_what_they_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
