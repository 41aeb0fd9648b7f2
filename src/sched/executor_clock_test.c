/*
 * A machine's clock that is set back and forth while a schedule runs.  The clock itself
 * is left alone, as others use it: this program has a clock_gettime() of its own, in
 * which the time of day jumps by a day with every look.
 */
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "sched/executor_fixture.h"

static unsigned int looks;

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int r = (int) syscall(SYS_clock_gettime, clock, out);

	if (clock == CLOCK_REALTIME)
		out->tv_sec += (++looks % 2 == 0 ? 1 : -1) * 86400;
	return r;
}

static void the_time_of_day_does_not_matter(void **state)
{
	fixture *f = *state;
	hk_sched_task later = fixture_task("later", 0, 10);
	hk_sched_command command = { .run_timeout_ns = 20000000000 };
	hk_sched_task program = fixture_task("program", 0, 20);
	struct timespec now;
	int left = 10;
	hk_sched_info info;

	(void) clock_gettime(CLOCK_REALTIME, &now);
	assert_int_equal(1, looks);
	fixture_open(f, "rr", 3);
	later.start_after = 30000000;
	program.command = &command;
	fixture_add_step(f, &later, burn_step, &left);
	fixture_add_program(f, &program, WORDS("burn", "20"));
	fixture_run(f);
	info = fixture_info(f, "later");
	assert_int_equal(HK_SCHED_DONE, info.outcome);
	assert_true(info.held_ms >= 29 && info.turnaround_ms < 60000);
	info = fixture_info(f, "program");
	assert_int_equal(HK_SCHED_DONE, info.outcome);
	assert_true(info.turnaround_ms >= 19 && info.turnaround_ms < 60000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(
	    the_time_of_day_does_not_matter, fixture_set_up, fixture_tear_down) };

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/executor_clock", tests, NULL, NULL);
}
