/*
 * The controller is killed, or its guard is: nothing stays frozen.
 */
#include "sched/executor_ways.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sched/cells.h"

static bool line_of(int fd, const char *line)
{
	char text[64] = "";
	size_t length = 0;

	while (length < sizeof(text) - 1 && strchr(text, '\n') == NULL) {
		ssize_t more = read(fd, text + length, sizeof(text) - 1 - length);

		if (more <= 0)
			return false;
		length += (size_t) more;
	}
	return strcmp(text, line) == 0;
}

/* Start a controller whose programs need @ms each, wait until two of them stand still,
 * and kill it. */
static pid_t kill_controller(
    const char *orphans, const char *way, const char *word, const char *ms)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(0, pipe(ends));
	pid = fork();
	if (pid == 0) {
		(void) dup2(ends[1], STDOUT_FILENO);
		(void) close(ends[0]);
		(void) close(ends[1]);
		(void) execl("/proc/self/exe", "controller", "controller", orphans, way,
		    word, ms, NULL);
		_exit(127);
	}
	(void) close(ends[1]);
	assert_true(line_of(ends[0], "frozen\n"));
	(void) close(ends[0]);
	/* With itself.  A program that is just being executed has no command line yet. */
	for (int i = 0; i < 60000 && count_processes(word) < 4; i++)
		(void) poll(NULL, 0, 1);
	assert_int_equal(4, count_processes(word));
	assert_int_equal(0, kill(pid, SIGKILL));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	return pid;
}

static void assert_no_cgroups(pid_t pid)
{
	for (int i = 0; i < 6000 && count_cgroups(pid) > 0; i++)
		(void) poll(NULL, 0, 10);
	assert_int_equal(0, count_cgroups(pid));
}

static void nothing_stays_frozen_behind_a_killed_controller(void **state)
{
	static const char *const kinds[] = { "cgroup", "signal" };

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		const char *word = mark();
		/* For ever: only the guard can end them. */
		pid_t pid = kill_controller("kill", kinds[i], word, "100000000");

		assert_no_processes(word);
		assert_no_cgroups(pid);
	}
}

static void or_all_of_it_goes_on_if_asked(void **state)
{
	static const char *const kinds[] = { "cgroup", "signal" };

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		const char *word = mark();
		/* Those that stood still could never use as much. */
		pid_t pid = kill_controller("thaw", kinds[i], word, "500");

		assert_no_processes(word);
		assert_no_cgroups(pid);
	}
}

static void a_guard_that_is_killed_has_a_successor(void **state)
{
	fixture *f = *state;
	char path[64];
	pid_t guard = 0, next;

	if (!has_cgroups())
		skip();
	fixture_open(f, "fcfs", 100);
	snprintf(path, sizeof(path), HKI_CELLS_PREFIX "%d-", (int) getpid());
	add_plain(f, "A", WORDS("sleep", "1000000"));
	while (!fixture_saw(f, "A:started"))
		assert_true(hk_loop_run_once(f->loop, -1) >= 0);
	/* Its command line names the directory above our cells. */
	for (int i = 0; i < 60000 && (guard = find_process(path)) == 0; i++)
		(void) poll(NULL, 0, 1);
	assert_true(guard > 0);
	/* One that dies at once is not replaced. */
	(void) poll(NULL, 0, 30);
	assert_int_equal(0, kill(guard, SIGKILL));
	next = guard;
	for (int i = 0; i < 6000 && (next == 0 || next == guard); i++) {
		assert_true(hk_loop_run_once(f->loop, 10) >= 0);
		next = find_process(path);
	}
	assert_true(next != 0 && next != guard);
	cancel_all(f);
	fixture_run(f);
	assert_no_processes(path);
}

#define WITH(test)                                                                       \
	cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH(a_guard_that_is_killed_has_a_successor),
		WITH(nothing_stays_frozen_behind_a_killed_controller),
		WITH(or_all_of_it_goes_on_if_asked),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/executor_guard", tests, NULL, NULL);
}
