/* The calling process about itself. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/system_process.h>

static hk_system_self_info read_self(void)
{
	hk_system_self_info self;

	assert_int_equal(0, hk_system_self(&self));
	return self;
}

static bool has(const hk_system_self_info *self, const char *name)
{
	int index = hk_record_find(&hk_system_self_type, name);

	assert_true(index >= 0);
	return hk_record_has(&self->record, (unsigned int) index);
}

static void it_knows_who_and_how_old_it_is(void **state)
{
	hk_system_self_info self = read_self();
	struct timespec now;

	(void) state;
	assert_int_equal(0, clock_gettime(CLOCK_REALTIME, &now));
	assert_int_equal(getpid(), self.pid);
	assert_int_equal(getppid(), self.ppid);
	assert_true(self.uptime_s >= 0 && self.uptime_s < 600);
	assert_true(self.start_time_s <= (double) now.tv_sec + 1);
	assert_string_equal("linux", self.platform);
	assert_true(strlen(self.architecture) > 0);
}

/* Sanitizers bring an allocator of their own, of which libc knows nothing. */
static bool libc_allocates(void)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	return false;
#else
	return true;
#endif
}

static void memory_that_is_taken_shows(void **state)
{
	hk_system_self_info before = read_self();
	hk_system_self_info after;
	size_t bytes = (size_t) 8 << 20;
	char *block = malloc(bytes);

	(void) state;
	assert_non_null(block);
	memset(block, 1, bytes);
	after = read_self();
	assert_true(after.rss_bytes >= before.rss_bytes + bytes / 2);
	assert_true(after.peak_rss_bytes >= after.rss_bytes);
	assert_true(after.virtual_bytes > after.rss_bytes);
	if (libc_allocates() && has(&after, "heap_used_bytes")) {
		assert_true(after.heap_used_bytes >= before.heap_used_bytes + bytes);
		assert_true(after.heap_total_bytes >= after.heap_used_bytes);
		assert_true(after.heap_total_bytes >= after.heap_mapped_bytes);
	}
	free(block);
	after = read_self();
	if (libc_allocates() && has(&after, "heap_used_bytes"))
		assert_true(after.heap_used_bytes < before.heap_used_bytes + bytes);
}

/* Run by Valgrind or with another allocator preloaded, this is where it shows. */
static void a_heap_that_libc_does_not_count_is_absent_and_not_zero(void **state)
{
	void *block = malloc(1);
	hk_system_self_info self = read_self();

	(void) state;
	assert_non_null(block);
	if (has(&self, "heap_total_bytes"))
		assert_true(self.heap_total_bytes > 0);
	else
		assert_false(has(&self, "heap_used_bytes"));
	free(block);
}

static void descriptors_are_counted_without_our_own(void **state)
{
	hk_system_self_info before = read_self();
	int one = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int two = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void) state;
	assert_true(one >= 0 && two >= 0);
	assert_int_equal(before.descriptors + 2, read_self().descriptors);
	(void) close(one);
	(void) close(two);
	assert_int_equal(before.descriptors, read_self().descriptors);
	assert_true(before.descriptors_max >= before.descriptors);
}

static double cpu_s(const struct rusage *usage)
{
	return (double) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static void processor_time_lies_between_two_looks_of_the_kernel(void **state)
{
	struct rusage before;
	struct rusage after;
	hk_system_self_info self;
	double used;

	(void) state;
	assert_int_equal(0, getrusage(RUSAGE_SELF, &before));
	self = read_self();
	assert_int_equal(0, getrusage(RUSAGE_SELF, &after));
	used = self.cpu_user_s + self.cpu_system_s;
	assert_true(used >= cpu_s(&before) - 1e-6 && used <= cpu_s(&after) + 1e-6);
	assert_true(self.minor_faults >= (uint64_t) before.ru_minflt);
	assert_true(self.minor_faults <= (uint64_t) after.ru_minflt);
	assert_int_equal(1, self.threads);
}

static void it_prints_as_any_record_does(void **state)
{
	hk_system_self_info self = read_self();
	char text[32];
	int index = hk_record_find(&hk_system_self_type, "threads");

	(void) state;
	assert_true(index >= 0);
	(void) hk_record_format(
	    text, sizeof(text), &hk_system_self_type, &self, (unsigned int) index);
	assert_string_equal("1", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_knows_who_and_how_old_it_is),
		cmocka_unit_test(memory_that_is_taken_shows),
		cmocka_unit_test(a_heap_that_libc_does_not_count_is_absent_and_not_zero),
		cmocka_unit_test(descriptors_are_counted_without_our_own),
		cmocka_unit_test(processor_time_lies_between_two_looks_of_the_kernel),
		cmocka_unit_test(it_prints_as_any_record_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
