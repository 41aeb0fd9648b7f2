#include "system/cgroups.h"
#include "system/host_test.h"

/* What binds a program, on hosts with every kind of cgroup. */

static const hk_system_limits *limits_of(const char *host, hk_system **out)
{
	host_unpack(host);
	*out = host_open();
	host_sample(*out, HK_SYSTEM_LIMITS);
	return hk_system_get_limits(*out);
}

static void v2_is_bound_by_every_ancestor(void **state)
{
	hk_system *system;
	const hk_system_limits *limits = limits_of("v2", &system);
	const char *slice = "/sys/fs/cgroup/app.slice";

	(void) state;
	assert_int_equal(HK_SYSTEM_CGROUPS_V2, limits->cgroups);
	assert_string_equal(
	    "/sys/fs/cgroup/app.slice/web.service/worker", limits->cgroup);
	assert_int_equal(UINT64_C(2) << 30, limits->memory_limit_bytes);
	assert_string_equal(slice, limits->memory_limit_cgroup);
	assert_int_equal(1610612736, limits->memory_high_bytes);
	assert_int_equal(0, limits->swap_limit_bytes);
	assert_present(limits, limits, swap_limit_bytes);
	assert_int_equal(800000000, limits->memory_used_bytes);
	assert_int_equal(600000000, limits->memory_working_set_bytes);
	assert_int_equal(UINT64_C(2) << 30, limits->memory_effective_bytes);
	/* The slice has the least left: 2 GiB less 1.5 GB that cannot go. */
	assert_int_equal(
	    2147483648 - 1500000000, limits->memory_effective_available_bytes);
	assert_int_equal(1, limits->memory_oom_kills);
	assert_int_equal(3, limits->memory_limit_hits);
	assert_int_equal(7, limits->memory_high_hits);
	assert_int_equal(500, limits->tasks_limit);
	assert_int_equal(42, limits->tasks);
	assert_near(2.5, limits->cpu.quota_cpus);
	assert_string_equal(
	    "/sys/fs/cgroup/app.slice/web.service", limits->cpu.quota_cgroup);
	assert_int_equal(9, limits->cpu.affinity);
	assert_int_equal(2, limits->cpu.usable);
	assert_near(12.5, limits->cpu_used_s);
	assert_int_equal(34, limits->cpu_throttled_periods);
	assert_near(1.5, limits->cpu_throttled_s);
	hk_system_free(system);
}

static void v1_is_bound_by_every_ancestor(void **state)
{
	hk_system *system;
	const hk_system_limits *limits = limits_of("v1", &system);

	(void) state;
	assert_int_equal(HK_SYSTEM_CGROUPS_V1, limits->cgroups);
	assert_near(1.5, limits->cpu.quota_cpus);
	assert_string_equal(
	    "/sys/fs/cgroup/cpu,cpuacct/docker", limits->cpu.quota_cgroup);
	assert_int_equal(1, limits->cpu.usable);
	assert_near(7.25, limits->cpu_used_s);
	assert_near(2.5, limits->cpu_throttled_s);
	/* The kernel knows of a limit above what we see. */
	assert_int_equal(512 << 20, limits->memory_limit_bytes);
	assert_absent(limits, limits, memory_limit_cgroup);
	assert_int_equal(512 << 20, limits->swap_limit_bytes);
	assert_int_equal(300000000, limits->memory_used_bytes);
	assert_int_equal(250000000, limits->memory_working_set_bytes);
	assert_int_equal(5, limits->memory_oom_kills);
	assert_int_equal(17, limits->memory_limit_hits);
	assert_absent(limits, limits, tasks_limit);
	assert_int_equal(3, limits->tasks);
	hk_system_free(system);
}

static void hybrid_takes_each_controller_where_it_is(void **state)
{
	hk_system *system;
	const hk_system_limits *limits = limits_of("hybrid", &system);

	(void) state;
	assert_int_equal(HK_SYSTEM_CGROUPS_HYBRID, limits->cgroups);
	assert_near(0.5, limits->cpu.quota_cpus);
	assert_int_equal(1, limits->cpu.usable); /* half a processor is one thread */
	assert_int_equal(512 << 20, limits->memory_limit_bytes);
	assert_string_equal("/sys/fs/cgroup/memory/jobs", limits->memory_limit_cgroup);
	assert_int_equal(0, limits->memory_effective_available_bytes);
	assert_present(limits, limits, memory_effective_available_bytes);
	hk_system_free(system);
}

static void a_container_is_bound_by_its_root(void **state)
{
	hk_system *system;
	const hk_system_limits *limits = limits_of("container", &system);

	(void) state;
	assert_string_equal("/sys/fs/cgroup", limits->cgroup);
	assert_int_equal(256 << 20, limits->memory_limit_bytes);
	assert_int_equal(256 << 20, limits->memory_effective_bytes);
	assert_int_equal(
	    (256 << 20) - 80000000, limits->memory_effective_available_bytes);
	assert_near(0.5, limits->cpu.quota_cpus);
	hk_system_free(system);
}

static void without_cgroups_nothing_is_limited(void **state)
{
	const hk_system_limits *limits;
	hk_system *system;

	(void) state;
	host_file("proc/self/cgroup", "");
	host_file("proc/self/mountinfo", "");
	host_file("proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\n");
	system = host_open();
	host_sample(system, HK_SYSTEM_LIMITS);
	limits = hk_system_get_limits(system);
	assert_int_equal(HK_SYSTEM_CGROUPS_NONE, limits->cgroups);
	assert_absent(limits, limits, memory_limit_bytes);
	assert_absent(limits, limits, memory_used_bytes);
	assert_absent(budget, &limits->cpu, quota_cpus);
	assert_int_equal(1 << 20, limits->memory_effective_bytes);
	assert_int_equal(512 << 10, limits->memory_effective_available_bytes);
	hk_system_free(system);
}

static void being_moved_is_noticed(void **state)
{
	hk_system *system;
	const hk_system_limits *limits = limits_of("v2", &system);

	(void) state;
	host_file("proc/self/cgroup", "0::/app.slice/web.service\n");
	host_sample(system, HK_SYSTEM_LIMITS);
	assert_string_equal("/sys/fs/cgroup/app.slice/web.service", limits->cgroup);
	assert_int_equal(1500000000, limits->memory_used_bytes);
	hk_system_free(system);
}

static void a_quota_is_a_fraction_of_its_period(void **state)
{
	double cpus;

	(void) state;
	assert_int_equal(0, hki_cpu_max_parse(&cpus, hki_scan_text("150000 100000\n")));
	assert_near(1.5, cpus);
	assert_int_equal(
	    -ENOENT, hki_cpu_max_parse(&cpus, hki_scan_text("max 100000\n")));
	assert_int_equal(HK_EPARSE, hki_cpu_max_parse(&cpus, hki_scan_text("1 0")));
	assert_int_equal(HK_EPARSE, hki_cpu_max_parse(&cpus, hki_scan_text("")));
}

static void the_machine_itself_has_a_budget(void **state)
{
	hk_system_budget budget;
	int usable = hk_system_cpu_budget(&budget);

	(void) state;
	assert_true(usable >= 1);
	assert_int_equal(usable, budget.usable);
	assert_int_equal(usable, hk_system_cpu_budget(NULL));
	assert_present(budget, &budget, affinity);
	assert_true(budget.usable <= budget.affinity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    v2_is_bound_by_every_ancestor, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    v1_is_bound_by_every_ancestor, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    hybrid_takes_each_controller_where_it_is, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    a_container_is_bound_by_its_root, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    without_cgroups_nothing_is_limited, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    being_moved_is_noticed, host_setup, host_teardown),
		cmocka_unit_test(a_quota_is_a_fraction_of_its_period),
		cmocka_unit_test(the_machine_itself_has_a_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
