#include "system/cpu.h"
#include "system/host_test.h"

/* /proc/stat, and the processors of a machine with some of them offline. */

static hki_cpu_ticks ticks(const char *text)
{
	hki_cpu_stat stat = { .cpus = NULL };
	hki_cpu_ticks result;
	char line[256];

	(void) snprintf(line, sizeof(line), "cpu  %s\n", text);
	assert_int_equal(0, hki_cpu_stat_parse(&stat, hki_scan_text(line)));
	result = stat.total;
	hki_cpu_stat_deinit(&stat);
	return result;
}

static void processors_are_known_by_number(void **state)
{
	hki_cpu_stat stat = { .cpus = NULL };

	(void) state;
	assert_int_equal(0,
	    hki_cpu_stat_parse(&stat, hki_scan_text("cpu  1 2 3 4\ncpu0 1 1 1 1\ncpu2 2 "
						    "2 2 2\ncpu10 3 3 3 3\nctxt 7\n")));
	assert_int_equal(3, stat.count);
	assert_int_equal(0, stat.cpus[0].number);
	assert_int_equal(2, stat.cpus[1].number);
	assert_int_equal(10, stat.cpus[2].number);
	assert_int_equal(7, stat.values[HKI_STAT_CONTEXT_SWITCHES]);
	assert_int_equal(1U << HKI_STAT_CONTEXT_SWITCHES, stat.present);
	hki_cpu_stat_deinit(&stat);
}

static void what_is_no_stat_is_refused(void **state)
{
	hki_cpu_stat stat = { .cpus = NULL };

	(void) state;
	assert_int_equal(HK_EPARSE, hki_cpu_stat_parse(&stat, hki_scan_text("")));
	assert_int_equal(
	    HK_EPARSE, hki_cpu_stat_parse(&stat, hki_scan_text("cpu  1 2 3\n")));
	hki_cpu_stat_deinit(&stat);
}

static void guests_count_once(void **state)
{
	/* 60 of user are 40 of a guest; of nice 20, all of a guest. */
	hki_cpu_ticks before = ticks("0 0 0 0 0 0 0 0 0 0");
	hki_cpu_ticks now = ticks("60 20 10 10 0 0 0 0 40 20");
	hk_system_cpu_shares shares;
	double used;

	(void) state;
	assert_true(hki_cpu_share(&shares, &used, &now, &before));
	assert_near(90, used);
	assert_near(20, shares.user);
	assert_near(0, shares.nice);
	assert_near(60, shares.guest);
	assert_near(
	    100, shares.user + shares.nice + shares.guest + shares.system + shares.idle);
}

static void steal_is_time_that_was_there_but_not_used(void **state)
{
	hki_cpu_ticks before = ticks("0 0 0 0 0 0 0 0 0 0");
	hki_cpu_ticks now = ticks("50 0 0 20 10 0 0 20 0 0");
	hk_system_cpu_shares shares;
	double used;

	(void) state;
	assert_true(hki_cpu_share(&shares, &used, &now, &before));
	assert_near(50, used);
	assert_near(20, shares.steal);
	assert_near(10, shares.iowait);
}

static void columns_an_old_kernel_lacks_are_absent(void **state)
{
	hki_cpu_ticks before = ticks("0 0 0 0");
	hki_cpu_ticks now = ticks("1 0 0 1");
	hk_system_cpu_shares shares;
	double used;

	(void) state;
	assert_true(hki_cpu_share(&shares, &used, &now, &before));
	assert_near(50, used);
	assert_absent(cpu_shares, &shares, iowait);
	assert_absent(cpu_shares, &shares, steal);
	assert_absent(cpu_shares, &shares, guest);
}

static void time_that_runs_back_a_little_stands_still(void **state)
{
	hki_cpu_ticks before = ticks("100 0 0 1000 500 0 0 0 0 0");
	hki_cpu_ticks now = ticks("110 0 0 990 400 0 0 0 0 0");
	hk_system_cpu_shares shares;
	double used;

	(void) state;
	assert_true(hki_cpu_follow(&now, &before, 100));
	assert_int_equal(1000, now.ticks[HKI_CPU_IDLE]);
	assert_int_equal(500, now.ticks[HKI_CPU_IOWAIT]);
	assert_true(hki_cpu_share(&shares, &used, &now, &before));
	assert_near(100, used);
}

static void time_that_runs_back_far_is_a_new_beginning(void **state)
{
	hki_cpu_ticks before = ticks("10000 0 0 10000");
	hki_cpu_ticks now = ticks("5 0 0 5");

	(void) state;
	assert_false(hki_cpu_follow(&now, &before, 100));
	assert_int_equal(5, now.ticks[HKI_CPU_USER]);
}

static void no_time_no_share(void **state)
{
	hki_cpu_ticks same = ticks("1 2 3 4 5 6 7 8 9 10");
	hk_system_cpu_shares shares;
	double used;

	(void) state;
	assert_false(hki_cpu_share(&shares, &used, &same, &same));
}

/* Rounding must not make more of it, nor less. */
static void all_of_the_time_is_exactly_100_percent(void **state)
{
	(void) state;
	for (unsigned int count = 1; count <= 100000; count++) {
		hki_cpu_ticks before = ticks("0 0 0 0");
		hki_cpu_ticks now = ticks("0 0 0 0");
		hk_system_cpu_shares shares;
		double used;

		now.ticks[HKI_CPU_USER] = count;
		assert_true(hki_cpu_share(&shares, &used, &now, &before));
		if (used != 100 || shares.user != 100)
			fail_msg("all %u ticks are %.17g %% of them", count, used);
	}
}

static int add_up(uint64_t number, void *user)
{
	*(uint64_t *) user += number;
	return 0;
}

static void lists_of_processors_are_ranges(void **state)
{
	uint64_t sum = 0;

	(void) state;
	assert_int_equal(
	    0, hki_cpu_list_each(hki_scan_text("0-3,8,10-11\n"), add_up, &sum));
	assert_int_equal(35, sum);
	assert_int_equal(0, hki_cpu_list_each(hki_scan_text("\n"), add_up, &sum));
	assert_int_equal(
	    HK_EPARSE, hki_cpu_list_each(hki_scan_text("3-1"), add_up, &sum));
	assert_int_equal(HK_EPARSE, hki_cpu_list_each(hki_scan_text("x"), add_up, &sum));
	assert_int_equal(
	    HK_EPARSE, hki_cpu_list_each(hki_scan_text("0-99999999999"), add_up, &sum));
}

static const hk_system_core *core(const hk_system_cpu *cpu, uint64_t number)
{
	const hk_system_core *cores = cpu->cpus.items;

	for (size_t i = 0; i < cpu->cpus.count; i++)
		if (cores[i].number == number)
			return &cores[i];
	fail_msg("no processor %d", (int) number);
	return NULL;
}

static void offline_processors_are_there_without_times(void **state)
{
	const hk_system_cpu *cpu;
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_CPU);
	cpu = hk_system_get_cpu(system);
	assert_int_equal(4, cpu->online);
	assert_int_equal(16, cpu->possible);
	assert_int_equal(5, cpu->cpus.count);
	assert_false(core(cpu, 1)->online);
	assert_absent(core, core(cpu, 1), times_s);
	assert_true(core(cpu, 9)->online);
	assert_near(20, core(cpu, 9)->times_s.idle);
	assert_int_equal(1, core(cpu, 9)->socket);
	assert_int_equal(1, core(cpu, 10)->node);
	assert_int_equal(3, cpu->cores); /* 0 and 2 are siblings; 9, 10 */
	assert_int_equal(2, cpu->sockets);
	assert_string_equal("Some: Processor @ 1.80GHz", cpu->model);
	assert_string_equal("GenuineIntel", cpu->vendor);
	assert_absent(cpu, cpu, used_percent);
	assert_absent(cpu, cpu, forks_per_s);
	assert_int_equal(777, cpu->forks);
	hk_system_free(system);
}

static void shared_caches_are_counted_once(void **state)
{
	const hk_system_cache *caches;
	const hk_system_cpu *cpu;
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_CPU);
	cpu = hk_system_get_cpu(system);
	caches = cpu->caches.items;
	assert_int_equal(2, cpu->caches.count);
	assert_int_equal(1, caches[0].level);
	assert_string_equal("data", caches[0].type);
	assert_int_equal(48 << 10, caches[0].size_bytes);
	assert_int_equal(2, caches[0].count);
	assert_int_equal(16 << 20, caches[1].size_bytes);
	assert_int_equal(1, caches[1].count);
	hk_system_free(system);
}

static void frequencies_are_read_when_asked_for(void **state)
{
	const hk_system_cpu *cpu;
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_CPU);
	cpu = hk_system_get_cpu(system);
	assert_absent(cpu, cpu, frequency_hz);
	assert_int_equal(
	    0, hk_system_sample(system, HK_SYSTEM_CPU | HK_SYSTEM_FREQUENCIES));
	assert_near(2.0e9, cpu->frequency_hz);
	assert_near(4.7e9, cpu->frequency_maximum_hz);
	assert_near(1.8e9, core(cpu, 0)->frequency_hz);
	assert_absent(core, core(cpu, 9), frequency_hz);
	hk_system_free(system);
}

static void an_interval_is_measured_by_number(void **state)
{
	const hk_system_cpu *cpu;
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_CPU);
	/* 2 has gone, 1 has come, and 9 has worked three quarters of its time. */
	host_file("proc/stat", "cpu  1075 100 500 8025 200 10 40 50 300 20\n"
			       "cpu0 250 25 125 2000 50 3 10 12 75 5\n"
			       "cpu1 9 9 9 9 9 9 9 9 9 9\n"
			       "cpu9 325 25 125 2025 50 2 10 12 75 5\n"
			       "cpu10 5 5 5 5 5 5 5 5 5 5\nctxt 1000\n");
	host_sample(system, HK_SYSTEM_CPU);
	cpu = hk_system_get_cpu(system);
	assert_near(75, cpu->used_percent);
	assert_near(75, core(cpu, 9)->used_percent);
	assert_absent(core, core(cpu, 0), used_percent); /* it stood still */
	assert_absent(core, core(cpu, 1), used_percent); /* it is new */
	assert_false(core(cpu, 2)->online);
	assert_absent(core, core(cpu, 10), used_percent); /* its counters began anew */
	assert_present(cpu, cpu, context_switches_per_s);
	assert_absent(cpu, cpu, forks);
	assert_absent(cpu, cpu, forks_per_s);
	hk_system_free(system);
}

static void a_machine_of_thousands_fits(void **state)
{
	size_t length = 0;
	char *text = NULL;
	FILE *file = open_memstream(&text, &length);
	hk_system *system;

	(void) state;
	fprintf(file, "cpu  1 2 3 4 5 6 7 8 9 10\n");
	for (int i = 0; i < 4096; i++)
		fprintf(file, "cpu%d 1000000 2 3 4 5 6 7 8 9 10\n", i);
	fprintf(file, "intr 1");
	for (int i = 0; i < 50000; i++)
		fprintf(file, " 0");
	fprintf(file, "\nctxt 42\n");
	fclose(file);
	host_write("proc/stat", text, length);
	free(text);
	system = host_open();
	host_sample(system, HK_SYSTEM_CPU);
	assert_int_equal(4096, hk_system_get_cpu(system)->cpus.count);
	assert_int_equal(42, hk_system_get_cpu(system)->context_switches);
	hk_system_free(system);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processors_are_known_by_number),
		cmocka_unit_test(what_is_no_stat_is_refused),
		cmocka_unit_test(guests_count_once),
		cmocka_unit_test(steal_is_time_that_was_there_but_not_used),
		cmocka_unit_test(columns_an_old_kernel_lacks_are_absent),
		cmocka_unit_test(time_that_runs_back_a_little_stands_still),
		cmocka_unit_test(time_that_runs_back_far_is_a_new_beginning),
		cmocka_unit_test(no_time_no_share),
		cmocka_unit_test(all_of_the_time_is_exactly_100_percent),
		cmocka_unit_test(lists_of_processors_are_ranges),
		cmocka_unit_test_setup_teardown(
		    offline_processors_are_there_without_times, host_setup,
		    host_teardown),
		cmocka_unit_test_setup_teardown(
		    shared_caches_are_counted_once, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    frequencies_are_read_when_asked_for, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    an_interval_is_measured_by_number, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    a_machine_of_thousands_fits, host_setup, host_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
