#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>
#include <hostkit/system.h>
#include "base/clock.h"

/* Thresholds of pressure.  Processors are the one thing a test can make scarce. */

static hk_loop *loop;
static unsigned int calls;
static int last_error;

static int setup(void **state)
{
	(void) state;
	calls = 0;
	last_error = 0;
	return hk_loop_new(&loop);
}

static int teardown(void **state)
{
	(void) state;
	hk_loop_free(loop);
	return 0;
}

static void passed(hk_pressure_watch *watch, int error, void *user)
{
	(void) watch;
	(void) user;
	calls++;
	last_error = error;
	hk_loop_stop(loop, 0);
}

static hk_pressure_opts opts_of(uint64_t stall_ms)
{
	hk_pressure_opts opts = HK_PRESSURE_OPTS_INIT;

	opts.resource = HK_SYSTEM_RESOURCE_CPU;
	opts.stall_ns = stall_ms * HKI_NS_PER_MS;
	opts.window_ns = 2 * HKI_NS_PER_S; /* what also users may have */
	opts.fn = passed;
	return opts;
}

static void need_pressure(void)
{
	int fd = open("/proc/pressure/cpu", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		print_message("# skipped: no pressure files that we may write\n");
		skip();
	}
	close(fd);
}

static void wrong_options_are_refused(void **state)
{
	hk_pressure_opts opts = opts_of(100);
	hk_pressure_watch *watch = NULL;

	(void) state;
	opts.fn = NULL;
	assert_int_equal(-EINVAL, hk_pressure_watch_start(&watch, loop, &opts));
	opts = opts_of(100);
	opts.resource = 99;
	assert_int_equal(-EINVAL, hk_pressure_watch_start(&watch, loop, &opts));
	opts = opts_of(100);
	opts.cgroup = "/nowhere";
	assert_int_equal(-ENOENT, hk_pressure_watch_start(&watch, loop, &opts));
	opts.size = 8;
	assert_int_equal(-EINVAL, hk_pressure_watch_start(&watch, loop, &opts));
	assert_null(watch);
	hk_pressure_watch_free(NULL);
}

static void the_kernel_refuses_times_it_cannot_keep(void **state)
{
	hk_pressure_opts opts = opts_of(100);
	hk_pressure_watch *watch = NULL;

	(void) state;
	need_pressure();
	opts.window_ns = 3600 * HKI_NS_PER_S;
	assert_int_equal(-EINVAL, hk_pressure_watch_start(&watch, loop, &opts));
	assert_null(watch);
}

static atomic_bool busy;

static void *burn(void *user)
{
	(void) user;
	while (atomic_load(&busy))
		continue;
	return NULL;
}

static void want_of_processors_is_told(void **state)
{
	enum { THREADS = 16 };
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	hk_pressure_opts opts = opts_of(10);
	hk_pressure_watch *watch;
	pthread_t threads[THREADS];

	(void) state;
	need_pressure();
	if (online >= THREADS) {
		print_message(
		    "# skipped: more processors than this test can keep busy\n");
		skip();
	}
	assert_int_equal(0, hk_pressure_watch_start(&watch, loop, &opts));
	assert_false(hk_loop_alive(loop)); /* it keeps nobody waiting */
	atomic_store(&busy, true);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL, burn, NULL));
	for (uint64_t end = hki_clock_monotonic_ns() + 60 * HKI_NS_PER_S;
	     calls == 0 && hki_clock_monotonic_ns() < end;)
		assert_true(hk_loop_run_once(loop, 1000) >= 0);
	atomic_store(&busy, false);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(1, calls);
	assert_int_equal(0, last_error);
	hk_pressure_watch_free(watch);
}

static void a_watch_outlives_its_loop(void **state)
{
	hk_pressure_opts opts = opts_of(1000);
	hk_pressure_watch *watch;

	(void) state;
	need_pressure();
	assert_int_equal(0, hk_pressure_watch_start(&watch, loop, &opts));
	hk_loop_free(loop);
	loop = NULL;
	hk_pressure_watch_free(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    wrong_options_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    the_kernel_refuses_times_it_cannot_keep, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    want_of_processors_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_watch_outlives_its_loop, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
