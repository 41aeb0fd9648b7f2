/*
 * The reaper: orphans are collected, children that somebody waits for are not,
 * and neither is in the other's way.
 */
#include "process/reaper_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/torture.h"
#include "os/pidref.h"
#include "os/procfs.h"
#include "process/test_paths.h"

#define PATIENCE_NS (60 * HKI_NS_PER_S)

typedef struct fixture {
	hk_loop *loop;
	hk_reaper *reaper;
} fixture;

static int set_up(void **state)
{
	static fixture on;

	on = (fixture){ NULL, NULL };
	if (hk_loop_new(&on.loop) < 0 || hk_reaper_new(&on.reaper, on.loop) < 0)
		return -1;
	*state = &on;
	return 0;
}

static int tear_down(void **state)
{
	fixture *on = *state;

	hk_reaper_free(on->reaper);
	hk_loop_free(on->loop);
	return 0;
}

/* A process whose parent ends at once.  With @lives it waits to be killed, else
 * it ends when @gate (a pipe) is closed. */
static pid_t start_orphan(int gate)
{
	int told[2];
	pid_t parent, orphan;

	assert_int_equal(0, pipe2(told, O_CLOEXEC));
	parent = fork();
	if (parent == 0) {
		orphan = fork();
		if (orphan == 0) {
			char byte;

			if (gate >= 0)
				(void) !read(gate, &byte, 1);
			else
				for (;;)
					(void) pause();
			_exit(0);
		}
		(void) !write(told[1], &orphan, sizeof(orphan));
		_exit(0);
	}
	(void) close(told[1]);
	assert_int_equal(sizeof(orphan), read(told[0], &orphan, sizeof(orphan)));
	(void) close(told[0]);
	assert_int_equal(parent, waitpid(parent, NULL, 0));
	return orphan;
}

static bool exists(pid_t pid)
{
	return kill(pid, 0) == 0;
}

static void turn_until_gone(fixture *on, pid_t pid)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + PATIENCE_NS;

	while (exists(pid)) {
		assert_true(hki_clock_monotonic_ns() < deadline_ns);
		assert_true(hk_loop_run_once(on->loop, 100) >= 0);
	}
}

static void an_orphan_is_collected_when_it_ends(void **state)
{
	fixture *on = *state;
	pid_t orphan = start_orphan(-1);
	hki_proc_stat stat;

	assert_int_equal(0, hki_proc_stat_read(&stat, orphan));
	assert_int_equal(getpid(), stat.parent);
	assert_int_equal(0, kill(orphan, SIGKILL));
	turn_until_gone(on, orphan);
}

static void a_thousand_orphans_are_collected_in_several_turns(void **state)
{
	enum { MANY = 1000 };
	static pid_t orphans[MANY];
	fixture *on = *state;
	int gate[2];

	assert_int_equal(0, pipe2(gate, O_CLOEXEC));
	for (int i = 0; i < MANY; i++) {
		pid_t parent = fork();

		/* A child that a library forked and forgot looks the same. */
		if (parent == 0) {
			char byte;

			(void) close(gate[1]);
			(void) !read(gate[0], &byte, 1);
			_exit(0);
		}
		assert_true(parent > 0);
		orphans[i] = parent;
	}
	(void) close(gate[1]);
	for (int i = 0; i < MANY; i++) {
		siginfo_t info;

		assert_int_equal(
		    0, waitid(P_PID, (id_t) orphans[i], &info, WEXITED | WNOWAIT));
	}
	/* Not all in one go: they could come faster than they are collected, and the
	 * loop has other things to do. */
	assert_true(hk_loop_run_once(on->loop, 1000) >= 0);
	assert_true(exists(orphans[MANY - 1]));
	for (int i = 0; i < MANY; i++)
		turn_until_gone(on, orphans[i]);
	(void) close(gate[0]);
}

typedef struct told {
	int calls;
	hk_process_exit how;
} told;

static void note_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	told *to = user;

	(void) process;
	to->calls++;
	to->how = *how;
}

static hk_process *spawn(fixture *on, const char *script, told *to)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hk_process *process;

	opts.argv = argv;
	opts.tree = HK_TREE_REAPER;
	opts.on_exit = note_exit;
	opts.user_data = to;
	assert_int_equal(0, hk_process_spawn(&process, on->loop, &opts, NULL));
	return process;
}

static void a_registered_child_is_left_to_its_owner(void **state)
{
	fixture *on = *state;
	told to = { 0 };
	hk_process *process = spawn(on, "exit 42", &to);

	/* Ended and not collected: the reaper must pass it over, again and again. */
	siginfo_t info;

	assert_int_equal(
	    0, waitid(P_PID, (id_t) hk_process_pid(process), &info, WEXITED | WNOWAIT));
	for (int i = 0; i < 100; i++)
		hki_reaper_collect(on->reaper);
	assert_int_equal(0, hk_loop_run(on->loop));
	assert_int_equal(1, to.calls);
	assert_int_equal(HK_END_CODE, to.how.end);
	assert_int_equal(42, to.how.code);
	hk_process_free(process);
}

/* The kernel shows the first zombie alone; those behind it must be found too. */
static void an_orphan_behind_a_registered_zombie_is_collected(void **state)
{
	fixture *on = *state;
	told to = { 0 };
	hk_process *process = spawn(on, "exit 3", &to);
	pid_t orphan = start_orphan(-1);
	siginfo_t info;

	assert_int_equal(
	    0, waitid(P_PID, (id_t) hk_process_pid(process), &info, WEXITED | WNOWAIT));
	assert_int_equal(0, kill(orphan, SIGKILL));
	assert_int_equal(0, waitid(P_PID, (id_t) orphan, &info, WEXITED | WNOWAIT));
	hki_reaper_collect(on->reaper);
	assert_false(exists(orphan));
	assert_true(exists(hk_process_pid(process)));
	assert_int_equal(0, hk_loop_run(on->loop));
	assert_int_equal(3, to.how.code);
	hk_process_free(process);
}

/* It does not spin: with a zombie that nobody collects, the loop sleeps. */
static void a_zombie_that_is_not_ours_costs_nothing(void **state)
{
	fixture *on = *state;
	hk_loop_metrics before = { .size = sizeof(before) };
	hk_loop_metrics after = { .size = sizeof(after) };
	siginfo_t info;
	pid_t pid;

	hki_reaper_hold(on->loop);
	pid = fork();
	if (pid == 0)
		_exit(1);
	assert_int_equal(0, waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT));
	assert_true(hk_loop_run_once(on->loop, 0) >= 0);
	hk_loop_measure(on->loop, true);
	assert_int_equal(0, hk_loop_metrics_read(on->loop, &before));
	for (int i = 0; i < 5; i++)
		assert_true(hk_loop_run_once(on->loop, 2) >= 0);
	assert_int_equal(0, hk_loop_metrics_read(on->loop, &after));
	assert_int_equal(0, after.events - before.events);
	/* Held back, it is still there; released, it goes. */
	assert_true(exists(pid));
	hki_reaper_release(on->loop);
	assert_false(exists(pid));
}

/* A program with an orphan in a session of its own; ids come out of *@stream. */
static hk_process *spawn_with_orphan(fixture *on, pid_t *orphan, int *stream)
{
	const char *argv[] = { HKI_TEST_TREE_CHILD, "double-setsid", "3", NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hk_process_fd report = { .child_fd = 3 };
	hk_process *process;
	int32_t pid;
	int ends[2];

	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	report.fd = ends[1];
	opts.argv = argv;
	opts.tree = HK_TREE_REAPER;
	opts.fds = &report;
	opts.fd_count = 1;
	assert_int_equal(0, hk_process_spawn(&process, on->loop, &opts, NULL));
	(void) close(ends[1]);
	*stream = ends[0];
	do
		assert_int_equal(sizeof(pid), read(*stream, &pid, sizeof(pid)));
	while (pid == 0 || pid == hk_process_pid(process));
	*orphan = pid;
	return process;
}

/* The orphan of a living tree has its cookie; the test's own orphans have none. */
static void orphans_can_be_killed_but_no_living_tree(void **state)
{
	fixture *on = *state;
	told to = { 0 };
	int stream;
	pid_t spared;
	/* Of an only tree every orphan is taken to be, so there are two. */
	hk_process *other = spawn(on, "exec sleep 60", &to);
	hk_process *process = spawn_with_orphan(on, &spared, &stream);
	pid_t one = start_orphan(-1);
	pid_t two = start_orphan(-1);
	int32_t pid;

	assert_int_equal(2, hk_reaper_kill_orphans(on->reaper));
	assert_false(exists(one));
	assert_false(exists(two));
	assert_true(exists(spared));
	assert_true(exists(hk_process_pid(process)));
	assert_true(exists(hk_process_pid(other)));
	assert_int_equal(0, hk_reaper_kill_orphans(on->reaper));
	assert_int_equal(0, to.calls);
	hk_process_free(process);
	hk_process_free(other);
	while (read(stream, &pid, sizeof(pid)) > 0)
		assert_true(hk_loop_run_once(on->loop, 0) >= 0);
	turn_until_gone(on, spared);
	(void) close(stream);
}

static void there_is_one_reaper_a_process(void **state)
{
	fixture *on = *state;
	hk_reaper *second = NULL;
	hk_loop *other;
	int subreaper = 0;

	assert_int_equal(-EBUSY, hk_reaper_new(&second, on->loop));
	assert_int_equal(0, hk_loop_new(&other));
	assert_int_equal(-EBUSY, hk_reaper_new(&second, other));
	assert_null(second);
	assert_ptr_equal(on->reaper, hki_reaper_of(on->loop));
	assert_null(hki_reaper_of(other));
	hk_reaper_free(on->reaper);
	on->reaper = NULL;
	assert_null(hki_reaper_of(on->loop));
	assert_int_equal(0, prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0));
	assert_int_equal(0, subreaper);
	assert_int_equal(0, hk_reaper_new(&second, other));
	hk_reaper_free(second);
	hk_loop_free(other);
}

static void a_reaper_outlives_its_loop(void **state)
{
	fixture *on = *state;

	hk_loop_free(on->loop);
	on->loop = NULL;
	assert_int_equal(0, hk_reaper_kill_orphans(on->reaper));
	hki_reaper_collect(on->reaper);
	hk_reaper_free(NULL);
}

static int make_and_free(void *user)
{
	hk_reaper *reaper;
	hk_loop *loop;
	int r = hk_loop_new(&loop);

	(void) user;
	if (r < 0)
		return r;
	r = hk_reaper_new(&reaper, loop);
	if (r == 0)
		hk_reaper_free(reaper);
	hk_loop_free(loop);
	return r;
}

static void lack_of_memory_is_survived(void **state)
{
	int subreaper = 1;

	(void) state;
	assert_true(hki_torture(make_and_free, NULL) > 0);
	assert_int_equal(0, prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0));
	assert_int_equal(0, subreaper);
}

#define WITH_REAPER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REAPER(an_orphan_is_collected_when_it_ends),
		WITH_REAPER(a_thousand_orphans_are_collected_in_several_turns),
		WITH_REAPER(a_registered_child_is_left_to_its_owner),
		WITH_REAPER(an_orphan_behind_a_registered_zombie_is_collected),
		WITH_REAPER(a_zombie_that_is_not_ours_costs_nothing),
		WITH_REAPER(orphans_can_be_killed_but_no_living_tree),
		WITH_REAPER(there_is_one_reaper_a_process),
		WITH_REAPER(a_reaper_outlives_its_loop),
		cmocka_unit_test(lack_of_memory_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
