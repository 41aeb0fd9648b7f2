#include "system/host_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include "base/clock.h"
#include "base/torture.h"

/* The observer on this machine: intervals, memory, descriptors, failures. */

static void options_of_another_size_are_understood(void **state)
{
	hk_system_opts opts = HK_SYSTEM_OPTS_INIT;
	hk_system *system = NULL;

	(void) state;
	opts.size = 4;
	assert_int_equal(-EINVAL, hk_system_new(&system, &opts));
	opts = (hk_system_opts) HK_SYSTEM_OPTS_INIT;
	opts.root = "/nowhere/at/all";
	assert_int_equal(-ENOENT, hk_system_new(&system, &opts));
	assert_null(system);
	hk_system_free(NULL);
}

static void what_was_never_read_is_absent(void **state)
{
	hk_system *system;
	size_t count = 7;

	(void) state;
	assert_int_equal(0, hk_system_new(&system, NULL));
	assert_absent(memory, hk_system_get_memory(system), total_bytes);
	assert_absent(cpu, hk_system_get_cpu(system), online);
	(void) hk_system_get_disks(system, &count);
	assert_int_equal(0, count);
	assert_int_equal(0, hk_system_error(system, HK_SYSTEM_MEMORY));
	assert_int_equal(0, hk_system_interval_ns(system, HK_SYSTEM_MEMORY));
	assert_int_equal(-EINVAL, hk_system_sample(system, 1U << 31));
	assert_int_equal(-EINVAL, hk_system_error(system, 3));
	hk_system_free(system);
}

/* No rate in any field of a record, by its name. */
static void assert_no_rates(const hk_record_type *type, const void *record)
{
	for (unsigned int i = 0; i < type->field_count; i++)
		if (strstr(type->fields[i].name, "_per_s") != NULL &&
		    strstr(type->fields[i].name, "bits_per_s") == NULL &&
		    hk_record_has(record, i))
			fail_msg(
			    "%s.%s after one sample", type->name, type->fields[i].name);
}

static void the_first_sample_has_no_rates_and_the_second_has(void **state)
{
	const hk_system_cpu *cpu;
	hk_system *system;
	size_t count;

	(void) state;
	assert_int_equal(0, hk_system_new(&system, NULL));
	assert_int_equal(0, hk_system_sample(system, HK_SYSTEM_ALL));
	cpu = hk_system_get_cpu(system);
	assert_no_rates(&hk_system_cpu_type, cpu);
	assert_no_rates(&hk_system_vmstat_type, hk_system_get_vmstat(system));
	assert_no_rates(&hk_system_sockets_type, hk_system_get_sockets(system));
	assert_absent(cpu, cpu, used_percent);
	if (hk_system_get_networks(system, &count) != NULL && count > 0)
		assert_no_rates(
		    &hk_system_network_type, hk_system_get_networks(system, &count));
	assert_int_equal(0, hk_system_interval_ns(system, HK_SYSTEM_CPU));
	/* The kernel counts processor time in hundredths: wait for one to pass. */
	for (int i = 0; i < 1000 && !HKI_HAS(cpu, cpu, used_percent); i++) {
		usleep(2000);
		assert_int_equal(0, hk_system_sample(system, HK_SYSTEM_ALL));
	}
	assert_present(cpu, cpu, used_percent);
	assert_true(cpu->used_percent >= 0 && cpu->used_percent <= 100);
	assert_present(cpu, cpu, context_switches_per_s);
	assert_present(vmstat, hk_system_get_vmstat(system), page_faults_per_s);
	assert_true(hk_system_interval_ns(system, HK_SYSTEM_CPU) > 0);
	hk_system_free(system);
}

static void two_observers_do_not_disturb_one_another(void **state)
{
	hk_system *one, *other;

	(void) state;
	assert_int_equal(0, hk_system_new(&one, NULL));
	assert_int_equal(0, hk_system_new(&other, NULL));
	host_sample(one, HK_SYSTEM_VMSTAT);
	host_sample(other, HK_SYSTEM_VMSTAT);
	assert_absent(vmstat, hk_system_get_vmstat(other), page_faults_per_s);
	host_sample(one, HK_SYSTEM_VMSTAT);
	assert_present(vmstat, hk_system_get_vmstat(one), page_faults_per_s);
	assert_absent(vmstat, hk_system_get_vmstat(other), page_faults_per_s);
	hk_system_free(one);
	hk_system_free(other);
}

static void a_section_that_cannot_be_read_forgets(void **state)
{
	const hk_system_memory *memory;
	const hk_system_vmstat *vmstat;
	hk_system *system = host_open();
	char path[512];

	(void) state;
	host_file("proc/meminfo", "MemTotal: 100 kB\nMemAvailable: 50 kB\n");
	host_file("proc/vmstat", "pgfault 10\n");
	host_sample(system, HK_SYSTEM_MEMORY);
	host_sample(system, HK_SYSTEM_VMSTAT);
	memory = hk_system_get_memory(system);
	vmstat = hk_system_get_vmstat(system);
	host_file("proc/meminfo", "");
	host_file("proc/vmstat", "nothing we know\n");
	assert_int_equal(
	    0, hk_system_sample(system, HK_SYSTEM_MEMORY | HK_SYSTEM_VMSTAT));
	assert_int_equal(HK_EPARSE, hk_system_error(system, HK_SYSTEM_MEMORY));
	assert_absent(memory, memory, total_bytes);
	assert_absent(vmstat, vmstat, page_faults);
	/* What comes back is a first sample again. */
	host_file("proc/vmstat", "pgfault 20\n");
	host_sample(system, HK_SYSTEM_VMSTAT);
	assert_absent(vmstat, vmstat, page_faults_per_s);
	assert_int_equal(0, hk_system_interval_ns(system, HK_SYSTEM_VMSTAT));
	host_file("proc/vmstat", "pgfault 5\n"); /* and back */
	host_sample(system, HK_SYSTEM_VMSTAT);
	assert_int_equal(5, vmstat->page_faults);
	assert_absent(vmstat, vmstat, page_faults_per_s);
	host_path(path, "proc/loadavg");
	assert_int_equal(0, hk_system_sample(system, HK_SYSTEM_LOAD));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_LOAD));
	hk_system_free(system);
}

static void what_may_not_be_read_is_denied(void **state)
{
	hk_system *system = host_open();
	char path[512];
	int status;
	pid_t child;

	(void) state;
	host_file("proc/pressure/cpu", "some avg10=0 avg60=0 avg300=0 total=1\n");
	host_file("proc/pressure/io", "some avg10=0 avg60=0 avg300=0 total=1\n");
	host_path(path, "proc/pressure/io");
	assert_int_equal(0, chmod(path, 0));
	assert_int_equal(0, chmod(host_root, 0755));
	child = fork();
	if (child == 0) {
		bool ok = geteuid() != 0 || setresuid(65534, 65534, 65534) == 0;

		system->owner = getpid();
		ok = ok && hk_system_sample(system, HK_SYSTEM_PRESSURE) == 0 &&
		     HKI_HAS(pressure, hk_system_get_pressure(system), cpu) &&
		     !HKI_HAS(pressure, hk_system_get_pressure(system), io) &&
		     hk_record_is_denied(
			 &hk_system_get_pressure(system)->record, pressure_io) &&
		     !hk_record_is_denied(
			 &hk_system_get_pressure(system)->record, pressure_irq);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_int_equal(0, status);
	hk_system_free(system);
}

static void a_host_of_which_nothing_is_seen_has_nothing(void **state)
{
	hk_system *system = host_open();
	size_t count;

	(void) state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(0, hk_system_sample(system, HK_SYSTEM_ALL));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_CPU));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_FREQUENCIES));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_MEMORY));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_FILESYSTEMS));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_DISKS));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_NETWORKS));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_SOCKETS));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_SESSIONS));
	assert_absent(limits, hk_system_get_limits(system), memory_effective_bytes);
	assert_absent(host, hk_system_get_host(system), uptime_s);
	(void) hk_system_get_networks(system, &count);
	assert_int_equal(0, count);
	hk_system_free(system);
}

static int look_as_nobody(void)
{
	static const uint32_t needed = HK_SYSTEM_HOST | HK_SYSTEM_CPU | HK_SYSTEM_LOAD |
				       HK_SYSTEM_MEMORY | HK_SYSTEM_LIMITS |
				       HK_SYSTEM_FILESYSTEMS | HK_SYSTEM_NETWORKS;
	hk_system *system;

	if ((geteuid() == 0 && setresuid(65534, 65534, 65534) < 0) ||
	    hk_system_new(&system, NULL) < 0)
		return 1;
	for (int i = 0; i < 2; i++)
		if (hk_system_sample(system, HK_SYSTEM_ALL) < 0)
			return 2;
	for (uint32_t bit = 1; bit < HK_SYSTEM_ALL; bit <<= 1)
		if ((needed & bit) != 0 && hk_system_error(system, bit) < 0)
			return 3;
	if (!HKI_HAS(memory, hk_system_get_memory(system), used_bytes) ||
	    !HKI_HAS(user, &hk_system_get_host(system)->user, uid))
		return 4;
	hk_system_free(system);
	return 0;
}

static void nobody_needs_to_be_root(void **state)
{
	int status;
	pid_t child = fork();

	(void) state;
	if (child == 0)
		_exit(look_as_nobody());
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_int_equal(0, status);
}

static void a_forked_child_is_told(void **state)
{
	hk_system *system;
	int status;
	pid_t child;

	(void) state;
	assert_int_equal(0, hk_system_new(&system, NULL));
	child = fork();
	if (child == 0)
		_exit(hk_system_sample(system, HK_SYSTEM_LOAD) == -ECHILD ? 0 : 1);
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_int_equal(0, status);
	hk_system_free(system);
}

/* ---- memory and descriptors ---- */

static size_t allocated;

static void *counting(void *block, size_t bytes, void *user)
{
	(void) user;
	allocated++;
	return realloc(block, bytes);
}

static void releasing(void *block, void *user)
{
	(void) user;
	free(block);
}

static int descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

/* A container's file systems are asked by threads, and asking those takes memory. */
static uint32_t without_threads(hk_system *system)
{
	size_t count;
	const hk_system_filesystem *all;

	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	all = hk_system_get_filesystems(system, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i].remote)
			return HK_SYSTEM_ALL & ~(uint32_t) HK_SYSTEM_FILESYSTEMS;
	return HK_SYSTEM_ALL;
}

static void a_steady_sample_allocates_and_opens_nothing(void **state)
{
	const hk_allocator allocator = {
		.size = sizeof(allocator), .reallocate = counting, .release = releasing
	};
	hk_system *system;
	uint32_t sections;
	size_t before;
	int open_before;

	(void) state;
	assert_int_equal(0, hk_allocator_set(&allocator));
	assert_int_equal(0, hk_system_new(&system, NULL));
	sections = without_threads(system);
	for (int i = 0; i < 5; i++)
		assert_int_equal(0, hk_system_sample(system, sections));
	before = allocated;
	open_before = descriptors();
	for (int i = 0; i < 300; i++)
		assert_int_equal(0, hk_system_sample(system, sections));
	/* A list may grow by one on a busy machine; a leak would be 300. */
	assert_in_range(allocated - before, 0, 2);
	assert_int_equal(open_before, descriptors());
	hk_system_free(system);
	assert_int_equal(0, hk_allocator_set(NULL));
}

static int look_around(void *user)
{
	hk_system *system;
	hk_system_opts opts = HK_SYSTEM_OPTS_INIT;
	int r;

	opts.root = user;
	r = hk_system_new(&system, &opts);
	if (r < 0)
		return r;
	r = hk_system_sample(system, HK_SYSTEM_ALL);
	if (r == 0)
		r = hk_system_sample(system, HK_SYSTEM_ALL);
	hk_system_free(system);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	(void) state;
	host_unpack("laptop");
	host_unpack("v2");
	assert_true(hki_torture(look_around, host_root) > 20);
}

/* ---- against the machine ---- */

static uint64_t forks_of_proc(void)
{
	char line[256];
	unsigned long long forks = 0;
	FILE *stat = fopen("/proc/stat", "re");

	assert_non_null(stat);
	while (fgets(line, sizeof(line), stat) != NULL)
		(void) sscanf(line, "processes %llu", &forks);
	fclose(stat);
	return forks;
}

static void counters_lie_between_what_was_before_and_after(void **state)
{
	uint64_t before, after;
	hk_system *system;

	(void) state;
	assert_int_equal(0, hk_system_new(&system, NULL));
	before = forks_of_proc();
	host_sample(system, HK_SYSTEM_CPU);
	after = forks_of_proc();
	assert_in_range(hk_system_get_cpu(system)->forks, before, after);
	hk_system_free(system);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_another_size_are_understood),
		cmocka_unit_test(what_was_never_read_is_absent),
		cmocka_unit_test(the_first_sample_has_no_rates_and_the_second_has),
		cmocka_unit_test(two_observers_do_not_disturb_one_another),
		cmocka_unit_test_setup_teardown(
		    a_section_that_cannot_be_read_forgets, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    what_may_not_be_read_is_denied, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    a_host_of_which_nothing_is_seen_has_nothing, host_setup,
		    host_teardown),
		cmocka_unit_test(nobody_needs_to_be_root),
		cmocka_unit_test(a_forked_child_is_told),
		cmocka_unit_test(a_steady_sample_allocates_and_opens_nothing),
		cmocka_unit_test_setup_teardown(
		    every_allocation_may_fail, host_setup, host_teardown),
		cmocka_unit_test(counters_lie_between_what_was_before_and_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
