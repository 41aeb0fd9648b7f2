/* What may not be seen is denied, what is hidden is not absent, and what hangs is late. */
#include "system/process_details.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/system_process.h>
#include "base/clock.h"
#include "system/process_details_test.h"

static void what_we_may_not_see_is_denied(void **state)
{
	int ends[2], status;
	pid_t pid;

	(void) state;
	if (geteuid() != 0) {
		print_message("not root: the denied half is seen by others\n");
		skip();
	}
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;
		hk_system_details_result *result = NULL;
		const hk_system_details *details;
		const hk_record_type *type = &hk_system_details_type;
		bool good;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(2);
		opts.pid = 1;
		if (hk_system_details_read(&result, &opts) < 0)
			_exit(3);
		details = hk_system_details_get(result);
		good = hk_record_is_denied(&details->record,
			   (unsigned int) hk_record_find(type, "files")) &&
		       hk_record_is_denied(&details->record,
			   (unsigned int) hk_record_find(type, "environment")) &&
		       hk_record_is_denied(&details->record,
			   (unsigned int) hk_record_find(type, "namespaces")) &&
		       SHOWS(details, hk_system_details_type, "limits") &&
		       SHOWS(details, hk_system_details_type, "threads");
		_exit(good ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void) close(ends[0]);
	(void) close(ends[1]);
	assert_int_equal(status, 0);
}

/* A world of its own in which /proc hides others: told apart from their absence. */
static int look_at_hidden(void)
{
	hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;
	hk_system_details_result *result = NULL;
	int r;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, "hidepid=2") < 0 || setgid(65534) < 0 ||
	    setuid(65534) < 0)
		return 77;
	opts.pid = 1;
	r = hk_system_details_read(&result, &opts);
	opts.pid = INT32_MAX;
	return r == -EACCES && hk_system_details_read(&result, &opts) == -ESRCH ? 0 : 1;
}

static void the_hidden_are_denied_not_absent(void **state)
{
	int status;
	pid_t pid = fork();

	(void) state;
	if (pid == 0)
		_exit(look_at_hidden());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("no mount namespace can be made here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* A FIFO that nobody writes is a file whose reader hangs. */
static void a_read_that_hangs_has_a_deadline(void **state)
{
	char folder[] = "/tmp/details-XXXXXX", path[64];
	hki_details_reading reading = parsing();
	hki_buffer text = HKI_BUFFER_INIT;
	uint64_t begin;
	int fd;

	(void) state;
	assert_non_null(mkdtemp(folder));
	(void) snprintf(path, sizeof(path), "%s/environ", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	reading.directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	begin = hki_clock_monotonic_ns();
	reading.deadline_ns = begin + 50 * HKI_NS_PER_MS;
	assert_int_equal(hki_details_guarded(&text, &reading, "environ", 100,
			     HK_SYSTEM_DETAILS_ENVIRONMENT),
	    -ETIMEDOUT);
	assert_true(hki_clock_monotonic_ns() - begin >= 50 * HKI_NS_PER_MS);
	assert_int_equal(reading.stale, HK_SYSTEM_DETAILS_ENVIRONMENT);
	/* The next one is late at once: a process costs one deadline in all. */
	assert_int_equal(
	    hki_details_guarded(&text, &reading, "environ", 100, HK_SYSTEM_DETAILS_MAPS),
	    -ETIMEDOUT);
	hki_details_guard_free(reading.guard);
	/* Let the threads go, and wait until the last has closed its end. */
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	(void) close(fd);
	(void) close(reading.directory);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_may_not_see_is_denied),
		cmocka_unit_test(the_hidden_are_denied_not_absent),
		cmocka_unit_test(a_read_that_hangs_has_a_deadline),
	};

	return cmocka_run_group_tests_name("system/details_denied", tests, NULL, NULL);
}
