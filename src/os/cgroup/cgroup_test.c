/*
 * Real cgroups.  Where this machine or container lets nobody make one, the tests
 * are skipped and say so.
 */
#include "os/cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "os/pidref.h"
#include "os/procfs.h"

#define PATIENCE_NS (60 * HKI_NS_PER_S)

static void skip_unless_possible(void)
{
	int r = hki_cgroup_probe();

	if (r < 0) {
		print_message(
		    "# no cgroup can be made here (%s): skipped\n", strerror(-r));
		skip();
	}
}

static hki_cgroup *make(const char *what)
{
	char name[64];
	hki_cgroup *cgroup;

	snprintf(name, sizeof(name), "hostkit-test-%d-%s", (int) getpid(), what);
	assert_int_equal(0, hki_cgroup_new(&cgroup, name));
	return cgroup;
}

static void join(int directory)
{
	int procs = openat(directory, "cgroup.procs", O_WRONLY);

	if (write(procs, "0", 1) != 1)
		_exit(4);
	(void) close(procs);
}

/* In the child: enter the cgroup and its v1 companions. */
static void enter(const hki_cgroup *cgroup)
{
	join(hki_cgroup_fd(cgroup));
	for (const int *fd = hki_cgroup_join_fds(cgroup); *fd >= 0; fd++)
		if (write(*fd, "0", 1) != 1)
			_exit(4);
}

static void obey(int signal)
{
	(void) signal;
	_exit(7);
}

/* A process in @cgroup that obeys SIGTERM, with a child in a nested cgroup if @nested. */
static pid_t start_in(const hki_cgroup *cgroup, bool nested)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(0, pipe(ready));
	pid = fork();
	if (pid == 0) {
		(void) signal(SIGTERM, obey);
		enter(cgroup);
		if (nested && fork() == 0) {
			(void) mkdirat(hki_cgroup_fd(cgroup), "nested", 0755);
			join(openat(hki_cgroup_fd(cgroup), "nested", O_RDONLY));
			(void) setsid();
		} else if (nested) {
			for (;;)
				(void) pause();
		}
		(void) !write(ready[1], "r", 1);
		for (;;)
			(void) pause();
	}
	assert_true(pid > 0);
	(void) close(ready[1]);
	assert_int_equal(1, read(ready[0], &byte, 1));
	(void) close(ready[0]);
	return pid;
}

static void wait_until_empty(const hki_cgroup *cgroup)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + PATIENCE_NS;

	while (hki_cgroup_populated(cgroup) != 0) {
		struct pollfd changed = { .fd = hki_cgroup_events_fd(cgroup),
			.events = POLLPRI };

		assert_true(hki_clock_monotonic_ns() < deadline_ns);
		(void) poll(&changed, 1, 1000);
	}
}

static int count(pid_t pid, void *user)
{
	(void) pid;
	++*(int *) user;
	return 0;
}

static void a_cgroup_comes_and_goes_with_its_object(void **state)
{
	hki_cgroup *cgroup;
	char path[512];

	(void) state;
	skip_unless_possible();
	cgroup = make("life");
	snprintf(path, sizeof(path), "%s", hki_cgroup_path(cgroup));
	assert_int_equal(0, access(path, F_OK));
	assert_int_equal(0, hki_cgroup_populated(cgroup));
	assert_int_equal(-1, hki_cgroup_join_fds(cgroup)[0]);
	hki_cgroup_free(cgroup);
	assert_int_equal(-1, access(path, F_OK));
	hki_cgroup_free(NULL);
}

static void killing_reaches_nested_cgroups_and_sessions(void **state)
{
	hki_cgroup *cgroup;
	int members = 0;
	char path[512];
	pid_t pid;

	(void) state;
	skip_unless_possible();
	cgroup = make("kill");
	snprintf(path, sizeof(path), "%s", hki_cgroup_path(cgroup));
	pid = start_in(cgroup, true);
	assert_int_equal(1, hki_cgroup_populated(cgroup));
	assert_int_equal(0, hki_cgroup_each(cgroup, count, &members));
	assert_int_equal(2, members);
	assert_int_equal(2, hki_cgroup_signal(cgroup, 0));
	assert_int_equal(0, hki_cgroup_kill(cgroup));
	wait_until_empty(cgroup);
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	hki_cgroup_free(cgroup);
	/* With what the program made inside. */
	assert_int_equal(-1, access(path, F_OK));
}

static void what_is_frozen_does_not_answer_until_it_thaws(void **state)
{
	hki_cgroup *cgroup;
	hki_pidref ref;
	int status;
	pid_t pid;

	(void) state;
	skip_unless_possible();
	cgroup = make("freeze");
	pid = start_in(cgroup, false);
	assert_int_equal(0, hki_pidref_open(&ref, pid));
	assert_int_equal(0, hki_cgroup_freeze(cgroup, true));
	/* Frozen by the caller, it stays so over a signal; one that is handled has to
	 * wait, while a fatal one would not. */
	assert_int_equal(1, hki_cgroup_signal(cgroup, SIGTERM));
	assert_false(
	    hki_pidref_wait_end(&ref, hki_clock_monotonic_ns() + 20 * HKI_NS_PER_MS));
	assert_int_equal(0, hki_cgroup_freeze(cgroup, false));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(7, WEXITSTATUS(status));
	hki_pidref_close(&ref);
	hki_cgroup_free(cgroup);
}

static void a_frozen_process_can_be_killed(void **state)
{
	hki_cgroup *cgroup;
	pid_t pid;

	(void) state;
	skip_unless_possible();
	cgroup = make("frozen");
	pid = start_in(cgroup, false);
	assert_int_equal(0, hki_cgroup_freeze(cgroup, true));
	assert_int_equal(0, hki_cgroup_kill(cgroup));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	hki_cgroup_free(cgroup);
}

static void a_directory_in_use_by_others_is_not_taken(void **state)
{
	hki_cgroup *first, *second = NULL, *opened;
	char path[512];
	const char *name;
	pid_t pid;

	(void) state;
	skip_unless_possible();
	first = make("shared");
	snprintf(path, sizeof(path), "%s", hki_cgroup_path(first));
	name = strrchr(path, '/') + 1;
	pid = start_in(first, false);
	assert_int_equal(-EEXIST, hki_cgroup_new(&second, name));
	assert_null(second);
	/* An opened one is not removed with its object. */
	assert_int_equal(0, hki_cgroup_open(&opened, path));
	assert_int_equal(1, hki_cgroup_populated(opened));
	assert_int_equal(0, hki_cgroup_kill(opened));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	hki_cgroup_free(opened);
	assert_int_equal(0, access(path, F_OK));
	/* Empty by now, it is used again. */
	assert_int_equal(0, hki_cgroup_new(&second, name));
	hki_cgroup_free(second);
	hki_cgroup_free(first);
	assert_int_equal(-1, access(path, F_OK));
}

static void what_is_no_cgroup_is_refused(void **state)
{
	hki_cgroup *cgroup = NULL;

	(void) state;
	assert_int_equal(-EINVAL, hki_cgroup_open(&cgroup, "/tmp"));
	assert_int_equal(-ENOENT, hki_cgroup_open(&cgroup, "/nowhere/at/all"));
	assert_int_equal(-ENOTDIR, hki_cgroup_open(&cgroup, "/proc/self/stat"));
	assert_int_equal(-EINVAL, hki_cgroup_new(&cgroup, "a/b"));
	assert_int_equal(-EINVAL, hki_cgroup_new(&cgroup, ""));
	assert_null(cgroup);
}

/* The limit is real: forks beyond it fail. */
static void a_limit_of_processes_is_kept(void **state)
{
	hki_cgroup_limits limits = { .pids_max = 3 };
	hki_cgroup *cgroup;
	int status, set;
	pid_t pid;

	(void) state;
	skip_unless_possible();
	cgroup = make("pids");
	set = hki_cgroup_set_limits(cgroup, &limits);
	assert_true(set >= 0);
	if (set != HKI_CGROUP_PIDS) {
		hki_cgroup_free(cgroup);
		print_message("# no pids controller here: skipped\n");
		skip();
	}
	pid = fork();
	if (pid == 0) {
		int forked = 0;

		enter(cgroup);
		while (forked < 10) {
			pid_t child = fork();

			if (child < 0)
				break;
			if (child == 0)
				for (;;)
					(void) pause();
			forked++;
		}
		_exit(errno == EAGAIN ? forked : 99);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(2, WEXITSTATUS(status));
	assert_int_equal(0, hki_cgroup_kill(cgroup));
	wait_until_empty(cgroup);
	hki_cgroup_free(cgroup);
}

static void limits_that_were_set_are_told(void **state)
{
	hki_cgroup_limits limits = {
		.memory_max_bytes = 64 << 20,
		.pids_max = 100,
		.cpu_max_millis = 500,
	};
	hki_cgroup *cgroup;
	int set;
	pid_t pid;

	(void) state;
	skip_unless_possible();
	cgroup = make("limits");
	set = hki_cgroup_set_limits(cgroup, &limits);
	assert_in_range(set, 0, HKI_CGROUP_MEMORY | HKI_CGROUP_PIDS | HKI_CGROUP_CPU);
	pid = start_in(cgroup, false);
	assert_int_equal(0, hki_cgroup_kill(cgroup));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	wait_until_empty(cgroup);
	hki_cgroup_free(cgroup);
}

/* An id that nobody has: that of a child we have collected. */
static pid_t nobody(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	return pid;
}

static void set_age(const char *path, time_t seconds)
{
	struct timespec past = { .tv_sec = time(NULL) - seconds };
	struct timespec times[2] = { past, past };

	assert_int_equal(0, utimensat(AT_FDCWD, path, times, 0));
}

static void what_the_dead_left_behind_is_swept(void **state)
{
	char dead[64], fresh[64], living[64], prefix[32];
	hki_cgroup *old_one, *fresh_one, *our_one;
	pid_t gone;

	(void) state;
	skip_unless_possible();
	gone = nobody();
	snprintf(prefix, sizeof(prefix), "hostkit-sweep%d-", (int) getpid());
	snprintf(dead, sizeof(dead), "%s%d-old", prefix, (int) gone);
	snprintf(fresh, sizeof(fresh), "%s%d-new", prefix, (int) gone);
	snprintf(living, sizeof(living), "%s%d-own", prefix, (int) getpid());
	assert_int_equal(0, hki_cgroup_new(&old_one, dead));
	assert_int_equal(0, hki_cgroup_new(&fresh_one, fresh));
	assert_int_equal(0, hki_cgroup_new(&our_one, living));
	set_age(hki_cgroup_path(old_one), 3600);
	set_age(hki_cgroup_path(our_one), 3600);
	assert_int_equal(1, hki_cgroup_sweep(prefix));
	assert_int_equal(-1, access(hki_cgroup_path(old_one), F_OK));
	assert_int_equal(0, access(hki_cgroup_path(fresh_one), F_OK));
	assert_int_equal(0, access(hki_cgroup_path(our_one), F_OK));
	assert_int_equal(0, hki_cgroup_sweep(prefix));
	hki_cgroup_free(old_one);
	hki_cgroup_free(fresh_one);
	hki_cgroup_free(our_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cgroup_comes_and_goes_with_its_object),
		cmocka_unit_test(killing_reaches_nested_cgroups_and_sessions),
		cmocka_unit_test(what_is_frozen_does_not_answer_until_it_thaws),
		cmocka_unit_test(a_frozen_process_can_be_killed),
		cmocka_unit_test(a_directory_in_use_by_others_is_not_taken),
		cmocka_unit_test(what_is_no_cgroup_is_refused),
		cmocka_unit_test(a_limit_of_processes_is_kept),
		cmocka_unit_test(limits_that_were_set_are_told),
		cmocka_unit_test(what_the_dead_left_behind_is_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
