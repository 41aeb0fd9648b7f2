/*
 * Descriptors run out: programs wait for others to end, and fail if there are none.
 */
#include "sched/executor_ways.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* So many more descriptors than now may be open; the limit before is given back. */
static struct rlimit allow_descriptors(rlim_t more)
{
	struct rlimit before, narrow;
	int next = dup(STDERR_FILENO);

	assert_true(next >= 0);
	(void) close(next);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	narrow = before;
	narrow.rlim_cur = (rlim_t) next + more;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &narrow));
	return before;
}

static void open_slots(fixture *f, hk_sched_preemption way, uint32_t slots)
{
	/* A guard, which would need some as well, can be done without. */
	f->opts.flags |= HK_SCHED_NO_GUARD;
	f->opts.slots = slots;
	open_with(f, way, "fcfs", 100);
}

static void run_short(fixture *f, hk_sched_preemption way)
{
	enum { TASKS = 12 };
	hk_sched_totals totals;
	struct rlimit before;

	open_slots(f, way, TASKS);
	for (int i = 0; i < TASKS; i++)
		add_plain(f, NULL, WORDS("sleep", "10"));
	before = allow_descriptors(24);
	fixture_run(f);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	hk_sched_executor_totals(&totals, f->executor);
	assert_int_equal(TASKS, totals.done);
	assert_int_equal(TASKS, f->ends);
	assert_in_range(totals.put_off, 1, TASKS - 1);
	for (int i = 1; i <= TASKS; i++) {
		char id[8];

		(void) snprintf(id, sizeof(id), "T%d", i);
		assert_int_equal(1, fixture_info(f, id).tries);
		assert_null(fixture_info(f, id).error);
	}
}

static void programs_wait_for_descriptors(void **state)
{
	at_each_way(*state, run_short);
}

static void run_cancelled(fixture *f, hk_sched_preemption way)
{
	enum { TASKS = 12 };
	hk_sched_totals totals;
	struct rlimit before;

	open_slots(f, way, TASKS);
	for (int i = 0; i < TASKS; i++)
		add_plain(f, NULL, WORDS("sleep", "1000000"));
	before = allow_descriptors(24);
	while (!fixture_saw(f, "T1:started"))
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	hk_sched_executor_totals(&totals, f->executor);
	assert_true(totals.put_off > 0);
	assert_int_equal(totals.put_off, totals.waiting);
	assert_non_null(strstr(fixture_info(f, "T12").error, "too many open files"));
	assert_int_equal(0, hk_sched_executor_pause(f->executor, "T11"));
	assert_int_equal(0, hk_sched_executor_cancel(f->executor, "T12"));
	assert_int_equal(0, hk_sched_executor_resume(f->executor, "T11"));
	cancel_all(f);
	fixture_run(f);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	hk_sched_executor_totals(&totals, f->executor);
	assert_int_equal(TASKS, totals.cancelled);
	assert_int_equal(TASKS, f->ends);
}

static void who_waits_can_be_paused_and_cancelled(void **state)
{
	at_each_way(*state, run_cancelled);
}

static void run_alone(fixture *f, hk_sched_preemption way)
{
	struct rlimit before;

	open_slots(f, way, 2);
	add_plain(f, "A", WORDS("true"));
	add_plain(f, "B", WORDS("true"));
	before = allow_descriptors(1);
	fixture_run(f);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	assert_string_equal("failed", fixture_outcome(f, "A"));
	assert_string_equal("failed", fixture_outcome(f, "B"));
	assert_non_null(strstr(fixture_info(f, "A").error, "too many open files"));
}

static void alone_there_is_nothing_to_wait_for(void **state)
{
	at_each_way(*state, run_alone);
}

#define WITH(test)                                                                       \
	cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH(programs_wait_for_descriptors),
		WITH(who_waits_can_be_paused_and_cancelled),
		WITH(alone_there_is_nothing_to_wait_for),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/shortage", tests, NULL, NULL);
}
