/*
 * Somebody sets the clock, or the machine sleeps, while we watch.  This program reads
 * its clocks by a clock_gettime() of its own, so that a step of an hour happens to
 * nobody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/system.h>
#include <hostkit/system_history.h>
#include <hostkit/system_monitor.h>
#include "base/array.h"
#include "base/clock.h"
#include "system/process_test_child.h"

#define HOUR_S 3600

/* ---- the clocks ---- */

static int64_t real_step_s;
static int64_t boot_step_s;

/* In the place of libc's, which would ask the vDSO. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	long r = syscall(SYS_clock_gettime, clock, now);

	if (r == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += real_step_s;
	if (r == 0 && clock == CLOCK_BOOTTIME)
		now->tv_sec += boot_step_s;
	return (int) r;
}

static int set_back(void **state)
{
	(void) state;
	real_step_s = boot_step_s = 0;
	return 0;
}

/* Forwards, backwards, and asleep, when the time since boot goes on as well. */
static const struct step {
	int64_t real_s;
	int64_t boot_s;
} steps[] = {
	{ HOUR_S, 0 },
	{ -HOUR_S, 0 },
	{ HOUR_S, HOUR_S },
};

static void step(const struct step *by)
{
	real_step_s += by->real_s;
	boot_step_s += by->boot_s;
}

/* ---- help ---- */

static void is_near(double expected, double seen, double slack, const char *what)
{
	if (seen < expected - slack || seen > expected + slack)
		fail_msg("%s: expected %.6f, saw %.6f", what, expected, seen);
}

static void is_between(double least, double seen, double most, const char *what)
{
	if (seen < least || seen > most)
		fail_msg("%s: %.6f is not from %.6f to %.6f", what, seen, least, most);
}

#define BURN_NS (40 * HKI_NS_PER_MS)

static uint64_t own_cpu_ns(void)
{
	struct timespec used;

	assert_int_equal(0, clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used));
	return (uint64_t) used.tv_sec * HKI_NS_PER_S + (uint64_t) used.tv_nsec;
}

static void burn(void)
{
	uint64_t end_ns = own_cpu_ns() + BURN_NS;

	while (own_cpu_ns() < end_ns)
		continue;
}

/* ---- processes ---- */

static const hk_system_process *own_row(const hk_system_processes *table)
{
	const hk_system_process *row = hk_system_processes_find(table, getpid());

	assert_non_null(row);
	return row;
}

/* Its rate is what it burned over the time that really went by. */
static void processes_stand_a_step(hk_system_engine engine, const struct step *by)
{
	hk_system_processes *table = test_table(engine, NULL);
	const double tick_ns = 1e9 / (double) sysconf(_SC_CLK_TCK);
	uint64_t begin_ns = hki_clock_monotonic_ns();
	const hk_system_process *row;
	double start_s;
	pid_t child;

	if (table == NULL)
		return;
	test_sample(table);
	start_s = own_row(table)->start_time_s;
	step(by);
	burn();
	child = test_child(NULL, NULL);
	test_sample(table);
	row = own_row(table);
	assert_true(hk_record_has(&row->record, HK_SYSTEM_PROCESS_CPU_PERCENT));
	is_between(100 * ((double) BURN_NS - 2 * tick_ns) /
		       (double) (hki_clock_monotonic_ns() - begin_ns),
	    row->cpu_percent, 1000, "CPU %");
	is_near(start_s, row->start_time_s, 1e-6, "start");
	row = hk_system_processes_find(table, child);
	assert_non_null(row);
	is_between(start_s, row->start_time_s, start_s + HOUR_S / 2.0, "a child's start");
	test_child_end(child);
	hk_system_processes_close(table);
}

static void rates_and_starts_of_processes_stand_a_step(void **state)
{
	for (size_t i = 0; i < TEST_ENGINES; i++)
		for (size_t j = 0; j < HKI_COUNT(steps); j++) {
			(void) set_back(state);
			processes_stand_a_step(test_engines[i], &steps[j]);
		}
}

static const hk_system_process *exited_row(const hk_system_processes *table, pid_t pid)
{
	for (size_t i = 0; i < hk_system_processes_exited_count(table); i++)
		if (hk_system_processes_exited(table, i)->pid == pid)
			return hk_system_processes_exited(table, i);
	return NULL;
}

static void an_end_is_not_before_its_beginning(void **state)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table;

	opts.exits = true;
	for (size_t i = 0; i < HKI_COUNT(steps); i++) {
		const hk_system_process *row;
		uint64_t begin_ns = hki_clock_monotonic_ns();
		pid_t child;

		(void) set_back(state);
		assert_int_equal(0, hk_system_processes_open(&table, &opts));
		test_sample(table);
		child = test_child(NULL, NULL);
		step(&steps[i]);
		test_child_end(child);
		test_sample(table);
		row = exited_row(table, child);
		if (row != NULL &&
		    hk_record_has(&row->record, HK_SYSTEM_PROCESS_END_TIME))
			is_between(0, row->end_time_s - row->start_time_s,
			    (double) (hki_clock_monotonic_ns() - begin_ns) / 1e9 + 0.1,
			    "life of the child");
		hk_system_processes_close(table);
	}
}

static void the_calling_process_is_as_old_as_before(void **state)
{
	hk_system_self_info before, after;

	for (size_t i = 0; i < 2; i++) { /* the kernel would have counted a sleep too */
		uint64_t begin_ns;

		(void) set_back(state);
		begin_ns = hki_clock_monotonic_ns();
		assert_int_equal(0, hk_system_self(&before));
		step(&steps[i]);
		assert_int_equal(0, hk_system_self(&after));
		is_between(0, after.uptime_s - before.uptime_s,
		    (double) (hki_clock_monotonic_ns() - begin_ns) / 1e9, "its age");
		is_near((double) steps[i].real_s,
		    after.start_time_s - before.start_time_s, 60,
		    "its start, as the clock tells now");
	}
}

/* ---- the host ---- */

static void intervals_of_the_sampler_stand_a_step(void **state)
{
	const uint32_t wanted = HK_SYSTEM_HOST | HK_SYSTEM_CPU | HK_SYSTEM_NETWORKS;
	hk_system *system;

	for (size_t i = 0; i < HKI_COUNT(steps); i++) {
		const hk_system_host *host;
		uint64_t begin_ns, most_ns, interval_ns;
		double boot_s, up_s;

		(void) set_back(state);
		assert_int_equal(0, hk_system_new(&system, NULL));
		begin_ns = hki_clock_monotonic_ns();
		assert_int_equal(0, hk_system_sample(system, wanted));
		host = hk_system_get_host(system);
		boot_s = host->boot_time_s;
		up_s = host->uptime_s;
		step(&steps[i]);
		burn();
		assert_int_equal(0, hk_system_sample(system, wanted));
		most_ns = hki_clock_monotonic_ns() - begin_ns;
		interval_ns = hk_system_interval_ns(system, HK_SYSTEM_CPU);
		is_between(
		    (double) BURN_NS, (double) interval_ns, (double) most_ns, "interval");
		is_between(
		    -0.001, hk_system_get_cpu(system)->used_percent, 100.001, "busy");
		host = hk_system_get_host(system);
		is_near((double) steps[i].boot_s, host->uptime_s - up_s,
		    (double) most_ns / 1e9, "uptime");
		is_near((double) (steps[i].real_s - steps[i].boot_s),
		    host->boot_time_s - boot_s, (double) most_ns / 1e9,
		    "start of the machine");
		hk_system_free(system);
	}
}

/* ---- a monitor and its history ---- */

enum { SAMPLES = 9 };

typedef struct watch {
	hk_loop *loop;
	size_t samples;
} watch;

/* The clock goes on an hour, and then back two. */
static void count_and_step(hk_system_monitor *monitor, void *user)
{
	watch *watching = user;

	(void) monitor;
	watching->samples++;
	if (watching->samples == SAMPLES / 3)
		real_step_s += HOUR_S;
	if (watching->samples == 2 * SAMPLES / 3)
		real_step_s -= 2 * HOUR_S;
	if (watching->samples == SAMPLES)
		hk_loop_stop(watching->loop, 0);
}

static void check_order(const hk_system_history *history)
{
	size_t back = 0;

	assert_int_equal(SAMPLES, hk_system_history_count(history));
	for (size_t i = 1; i < SAMPLES; i++) {
		uint64_t before_ns = hk_system_history_time_ns(history, i - 1);
		uint64_t time_ns = hk_system_history_time_ns(history, i);

		if (time_ns <= before_ns || time_ns - before_ns > 600 * HKI_NS_PER_S)
			fail_msg("sample %zu is %lld ns after the one before", i,
			    (long long) (time_ns - before_ns));
		back += hk_system_history_real_ns(history, i) <
			hk_system_history_real_ns(history, i - 1);
	}
	assert_int_equal(1, back); /* the clock of the wall did go back */
}

static void a_monitor_goes_on_in_order(void **state)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	watch watching = { .samples = 0 };
	hk_system_monitor *monitor;
	uint64_t begin_ns = hki_clock_monotonic_ns();

	(void) state;
	assert_int_equal(0, hk_loop_new(&watching.loop));
	opts.sections = HK_SYSTEM_CPU;
	opts.interval_ns = 5 * HKI_NS_PER_MS;
	opts.on_sample = count_and_step;
	opts.user = &watching;
	assert_int_equal(0, hk_system_monitor_start(&monitor, watching.loop, &opts));
	assert_int_equal(0, hk_loop_run(watching.loop));
	assert_int_equal(SAMPLES, watching.samples);
	is_between((double) (SAMPLES * opts.interval_ns),
	    (double) (hki_clock_monotonic_ns() - begin_ns), 600e9, "time of the ticks");
	check_order(hk_system_monitor_history(monitor, HK_SYSTEM_CPU));
	hk_system_monitor_free(monitor);
	hk_loop_free(watching.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    rates_and_starts_of_processes_stand_a_step, set_back),
		cmocka_unit_test_setup(an_end_is_not_before_its_beginning, set_back),
		cmocka_unit_test_setup(the_calling_process_is_as_old_as_before, set_back),
		cmocka_unit_test_setup(intervals_of_the_sampler_stand_a_step, set_back),
		cmocka_unit_test_setup(a_monitor_goes_on_in_order, set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
