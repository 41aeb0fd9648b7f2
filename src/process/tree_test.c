/*
 * Whole trees, ended.  What the test believes comes from the processes
 * themselves: each writes its id into a pipe and holds the pipe open, so the end
 * of the stream is the proof that nobody is left.
 */
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
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/torture.h"
#include "os/procfs.h"
#include "os/syscall.h"
#include "process/keeper.h"
#include "process/reaper_internal.h"
#include "process/test_paths.h"
#include "process/tree.h"

#define PIDS_MAX    64
#define PATIENCE_NS (10 * HKI_NS_PER_S)

typedef struct planted {
	hk_tree level;
	hk_loop *loop;
	hk_reaper *reaper;
	hki_tree *tree;
	hki_pidref main;
	int stream; /* ids come out of it */
	int32_t pids[PIDS_MAX];
	unsigned int count;
} planted;

/* ---- planting ---- */

static bool can_have(hk_tree level)
{
	if (level == HK_TREE_CGROUP && hki_cgroup_probe() < 0) {
		print_message("# no cgroup can be made here: skipped\n");
		return false;
	}
	return true;
}

/* In the forked child: whatever the level needs, then the program. */
static void become(const hki_tree *tree, const char *const *argv)
{
	int cgroup = hki_tree_cgroup_fd(tree);

	if (hki_tree_needs_group(tree))
		(void) setpgid(0, 0);
	if (cgroup >= 0) {
		int procs = openat(cgroup, "cgroup.procs", O_WRONLY);

		if (write(procs, "0", 1) != 1)
			_exit(4);
		(void) close(procs);
	}
	if (hki_tree_environment(tree) != NULL)
		(void) putenv((char *) hki_tree_environment(tree));
	(void) execv(argv[0], (char *const *) argv);
	_exit(5);
}

static void start(planted *plant, const char *const *argv, int keep_fd)
{
	hki_pidref child;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void) fcntl(keep_fd, F_SETFD, 0);
		if (plant->level == HK_TREE_KEEPER)
			(void) fcntl(hki_keeper_child_end(plant->tree), F_SETFD, 0);
		become(plant->tree, argv);
	}
	assert_int_equal(0, hki_pidref_open(&child, pid));
	if (plant->level == HK_TREE_KEEPER)
		assert_int_equal(
		    0, hki_keeper_started(&plant->main, plant->tree, &child));
	else
		plant->main = child;
	hki_tree_started(
	    plant->tree, &plant->main, hki_tree_needs_group(plant->tree), false);
}

/* Read ids until the main process says that everybody stands. */
static void learn_pids(planted *plant)
{
	for (;;) {
		struct pollfd ready = { .fd = plant->stream, .events = POLLIN };
		int32_t pid;

		assert_int_equal(1, poll(&ready, 1, 10000));
		assert_int_equal(sizeof(pid), read(plant->stream, &pid, sizeof(pid)));
		if (pid == 0)
			return;
		assert_true(plant->count < PIDS_MAX);
		plant->pids[plant->count++] = pid;
	}
}

/* Do not count on a pattern standing as soon as its main process says so. */
static void expect_pids(planted *plant, unsigned int least)
{
	while (plant->count < least) {
		int32_t pid;

		assert_int_equal(sizeof(pid), read(plant->stream, &pid, sizeof(pid)));
		plant->pids[plant->count++] = pid;
	}
}

static void plant_in(planted *plant, hk_loop *loop, hk_tree level, const char *pattern)
{
	hki_tree_opts opts = { .level = level, .loop = loop };
	char fd_text[16];
	const char *argv[] = { HKI_TEST_TREE_CHILD, pattern, fd_text, NULL };
	char **wrapped = NULL;
	int ends[2];

	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	snprintf(fd_text, sizeof(fd_text), "%d", ends[1]);
	plant->level = level;
	assert_int_equal(0, hki_tree_new(&plant->tree, &opts));
	assert_int_equal(level, hki_tree_level(plant->tree));
	if (level == HK_TREE_KEEPER)
		assert_int_equal(0, hki_keeper_command(&wrapped, plant->tree, argv[0],
					argv, hki_keeper_child_end(plant->tree), 0));
	start(plant, wrapped != NULL ? (const char *const *) wrapped : argv, ends[1]);
	hki_free(wrapped);
	(void) close(ends[1]);
	plant->stream = ends[0];
	learn_pids(plant);
}

static void plant_tree(planted *plant, hk_tree level, const char *pattern)
{
	*plant = (planted){ .main = HKI_PIDREF_NULL };
	if (level == HK_TREE_REAPER) {
		assert_int_equal(0, hk_loop_new(&plant->loop));
		assert_int_equal(0, hk_reaper_new(&plant->reaper, plant->loop));
	}
	plant_in(plant, plant->loop, level, pattern);
}

/* ---- harvesting ---- */

static bool is_alive(pid_t pid)
{
	hki_proc_stat stat;

	return hki_proc_stat_read(&stat, pid) == 0 && stat.state != 'Z' &&
	       stat.state != 'X';
}

/* Dying closes the descriptors first. */
static bool ends(pid_t pid)
{
	hki_pidref ref;
	bool ended;

	if (hki_pidref_open(&ref, pid) < 0)
		return true;
	ended = hki_pidref_wait_end(&ref, hki_clock_monotonic_ns() + PATIENCE_NS);
	hki_pidref_close(&ref);
	return ended;
}

/* The end of the stream: nobody holds the other end. */
static bool stream_ends(const planted *plant, int timeout_ms)
{
	for (;;) {
		struct pollfd ready = { .fd = plant->stream, .events = POLLIN };
		int32_t pid;

		if (poll(&ready, 1, timeout_ms) != 1)
			return false;
		if (read(plant->stream, &pid, sizeof(pid)) == 0)
			return true;
	}
}

static void assert_nobody_left(planted *plant)
{
	assert_true(stream_ends(plant, 5000));
	for (unsigned int i = 0; i < plant->count; i++)
		if (!ends(plant->pids[i]))
			fail_msg("process %d survived", (int) plant->pids[i]);
}

static void collect_main(planted *plant)
{
	hki_wait_result how;
	int r;

	assert_true(
	    hki_pidref_wait_end(&plant->main, hki_clock_monotonic_ns() + PATIENCE_NS));
	if (plant->level == HK_TREE_KEEPER) {
		while ((r = hki_keeper_wait(plant->tree, &how)) == 0) {
			struct pollfd ready = { .fd = hki_keeper_fd(plant->tree),
				.events = POLLIN };

			(void) poll(&ready, 1, 1000);
		}
	} else {
		r = hki_pidref_wait(&plant->main, &how);
	}
	assert_int_equal(1, r);
	assert_true(how.known);
	assert_int_equal(SIGKILL, how.signal);
	assert_true(how.usage_known);
}

/* Orphans that are still dying are the reaper's, who does it on the loop. */
static void let_reaper_collect(planted *plant)
{
	siginfo_t info;

	while (hki_waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0)
		assert_true(hk_loop_run_once(plant->loop, 1000) >= 0);
}

static void clear(planted *plant)
{
	if (plant->reaper != NULL)
		let_reaper_collect(plant);
	hki_tree_free(plant->tree);
	hki_pidref_close(&plant->main);
	(void) close(plant->stream);
	hk_reaper_free(plant->reaper);
	hk_loop_free(plant->loop);
	/* No zombie is left behind, nor a child that somebody forgot. */
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
	assert_int_equal(ECHILD, errno);
}

/* Kill the tree while its main process lives. */
static void stop_and_check(hk_tree level, const char *pattern)
{
	planted plant;

	if (!can_have(level))
		return;
	plant_tree(&plant, level, pattern);
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, PATIENCE_NS));
	assert_nobody_left(&plant);
	hki_tree_ended(plant.tree);
	collect_main(&plant);
	assert_int_equal(0, hki_tree_count(plant.tree));
	clear(&plant);
}

/* The main process is killed from outside; the rest has to be found after that. */
static void crash_and_check(hk_tree level, const char *pattern)
{
	planted plant;

	if (!can_have(level))
		return;
	plant_tree(&plant, level, pattern);
	assert_int_equal(0, hki_pidref_signal(&plant.main, SIGKILL));
	assert_true(
	    hki_pidref_wait_end(&plant.main, hki_clock_monotonic_ns() + PATIENCE_NS));
	hki_tree_ended(plant.tree);
	collect_main(&plant);
	hki_pidref_close(&plant.main);
	assert_true(hki_tree_count(plant.tree) >= 0);
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, PATIENCE_NS));
	assert_nobody_left(&plant);
	clear(&plant);
}

/* ---- the matrix ---- */

#define STOP_AND_CRASH(name, level, pattern)                                             \
	static void name##_is_stopped_with_##level(void **state)                         \
	{                                                                                \
		(void) state;                                                            \
		stop_and_check(HK_TREE_##level, pattern);                                \
	}                                                                                \
	static void name##_is_cleared_after_a_crash_with_##level(void **state)           \
	{                                                                                \
		(void) state;                                                            \
		crash_and_check(HK_TREE_##level, pattern);                               \
	}
#define ALL_LEVELS(name, pattern)                                                        \
	STOP_AND_CRASH(name, CGROUP, pattern)                                            \
	STOP_AND_CRASH(name, REAPER, pattern)                                            \
	STOP_AND_CRASH(name, KEEPER, pattern)

ALL_LEVELS(a_background_child, "plain")
ALL_LEVELS(a_new_session, "setsid")
ALL_LEVELS(a_double_fork, "double")
ALL_LEVELS(a_double_fork_with_a_new_session, "double-setsid")
ALL_LEVELS(an_orphan_without_environment, "bare")
ALL_LEVELS(a_chain_of_forks, "hop")
ALL_LEVELS(a_swarm_of_forks, "swarm")
ALL_LEVELS(a_stopped_child, "stopped")
ALL_LEVELS(everything_at_once, "five")

#define CASES(name)                                                                      \
	cmocka_unit_test(name##_is_stopped_with_CGROUP),                                 \
	    cmocka_unit_test(name##_is_cleared_after_a_crash_with_CGROUP),               \
	    cmocka_unit_test(name##_is_stopped_with_REAPER),                             \
	    cmocka_unit_test(name##_is_cleared_after_a_crash_with_REAPER),               \
	    cmocka_unit_test(name##_is_stopped_with_KEEPER),                             \
	    cmocka_unit_test(name##_is_cleared_after_a_crash_with_KEEPER)

/* ---- what the weaker levels promise ---- */

static void a_walk_ends_what_is_below_the_main_process(void **state)
{
	static const char *const patterns[] = { "plain", "setsid", "stopped" };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(patterns); i++)
		stop_and_check(HK_TREE_WALK, patterns[i]);
}

/* Ask nicely, with everybody remembered; then the main process alone obeys. */
static void a_walk_remembers_who_was_below_before_the_end(void **state)
{
	planted plant;

	(void) state;
	plant_tree(&plant, HK_TREE_WALK, "setsid");
	expect_pids(&plant, 2);
	hki_tree_remember(plant.tree);
	assert_int_equal(0, hki_pidref_signal(&plant.main, SIGKILL));
	hki_tree_ended(plant.tree);
	collect_main(&plant);
	hki_pidref_close(&plant.main);
	assert_int_equal(1, hki_tree_count(plant.tree));
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, PATIENCE_NS));
	assert_nobody_left(&plant);
	clear(&plant);
}

static void a_group_ends_with_its_orphans(void **state)
{
	(void) state;
	stop_and_check(HK_TREE_GROUP, "double");
	crash_and_check(HK_TREE_GROUP, "double");
	stop_and_check(HK_TREE_GROUP, "plain");
	crash_and_check(HK_TREE_GROUP, "plain");
}

static void no_tree_means_the_main_process_alone(void **state)
{
	planted plant;
	pid_t left;

	(void) state;
	plant_tree(&plant, HK_TREE_NONE, "plain");
	expect_pids(&plant, 2);
	left = plant.pids[0] == plant.main.pid ? plant.pids[1] : plant.pids[0];
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, PATIENCE_NS));
	assert_int_equal(0, hki_tree_count(plant.tree));
	collect_main(&plant);
	assert_true(is_alive(left));
	assert_int_equal(0, kill(left, SIGKILL));
	assert_nobody_left(&plant);
	clear(&plant);
}

/* ---- signals and counts ---- */

static void everybody_is_counted_but_the_main_process(void **state)
{
	static const hk_tree levels[] = { HK_TREE_CGROUP, HK_TREE_REAPER,
		HK_TREE_KEEPER };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(levels); i++) {
		planted plant;

		if (!can_have(levels[i]))
			continue;
		plant_tree(&plant, levels[i], "double-setsid");
		expect_pids(&plant, 2);
		assert_int_equal(1, hki_tree_count(plant.tree));
		assert_int_equal(2, hki_tree_signal(plant.tree, 0));
		assert_int_equal(0, hki_tree_kill_wait(plant.tree, PATIENCE_NS));
		assert_int_equal(0, hki_tree_count(plant.tree));
		collect_main(&plant);
		clear(&plant);
	}
}

static bool state_becomes(pid_t pid, char wanted)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + PATIENCE_NS;
	hki_proc_stat stat;

	do {
		if (hki_proc_stat_read(&stat, pid) < 0)
			return false;
		if (stat.state == wanted)
			return true;
	} while (hki_clock_monotonic_ns() < deadline_ns);
	return false;
}

/* SIGTERM is ignored by the program: everybody has to go on as before. */
static void a_signal_leaves_nobody_stopped_but_who_was(void **state)
{
	static const hk_tree levels[] = { HK_TREE_CGROUP, HK_TREE_REAPER, HK_TREE_KEEPER,
		HK_TREE_WALK };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(levels); i++) {
		planted plant;
		pid_t child;

		if (!can_have(levels[i]))
			continue;
		plant_tree(&plant, levels[i], "stopped");
		expect_pids(&plant, 2);
		child = plant.pids[0] == plant.main.pid ? plant.pids[1] : plant.pids[0];
		assert_true(state_becomes(child, 'T'));
		assert_int_equal(2, hki_tree_signal(plant.tree, SIGTERM));
		assert_true(state_becomes(plant.main.pid, 'S'));
		assert_true(state_becomes(child, 'T'));
		assert_int_equal(2, hki_tree_signal(plant.tree, SIGSTOP));
		assert_true(state_becomes(plant.main.pid, 'T'));
		assert_int_equal(2, hki_tree_signal(plant.tree, SIGCONT));
		assert_true(state_becomes(plant.main.pid, 'S'));
		assert_true(state_becomes(child, 'S'));
		assert_int_equal(-EINVAL, hki_tree_signal(plant.tree, 1000));
		assert_int_equal(0, hki_tree_kill_wait(plant.tree, PATIENCE_NS));
		assert_nobody_left(&plant);
		collect_main(&plant);
		clear(&plant);
	}
}

/* ---- two trees beside each other ---- */

static void trees_on_one_reaper_are_told_apart(void **state)
{
	planted one, other;

	(void) state;
	plant_tree(&one, HK_TREE_REAPER, "double-setsid");
	other = (planted){ .main = HKI_PIDREF_NULL };
	plant_in(&other, one.loop, HK_TREE_REAPER, "double-setsid");
	expect_pids(&one, 2);
	expect_pids(&other, 2);
	assert_int_equal(1, hki_tree_count(one.tree));
	assert_int_equal(0, hki_tree_kill_wait(one.tree, PATIENCE_NS));
	assert_nobody_left(&one);
	for (unsigned int i = 0; i < other.count; i++)
		assert_true(is_alive(other.pids[i]));
	assert_int_equal(1, hki_tree_count(other.tree));
	assert_int_equal(0, hki_tree_kill_wait(other.tree, PATIENCE_NS));
	assert_nobody_left(&other);
	collect_main(&one);
	collect_main(&other);
	hki_tree_free(other.tree);
	hki_pidref_close(&other.main);
	(void) close(other.stream);
	clear(&one);
}

/* ---- the keeper ---- */

static void a_keeper_whose_host_is_gone_ends_everybody(void **state)
{
	planted plant;

	(void) state;
	plant_tree(&plant, HK_TREE_KEEPER, "five");
	/* Closes the control socket and waits for the keeper. */
	hki_tree_free(plant.tree);
	plant.tree = NULL;
	assert_nobody_left(&plant);
	clear(&plant);
}

static void a_stopped_keeper_still_obeys(void **state)
{
	planted plant;
	hki_proc_stat stat;

	(void) state;
	plant_tree(&plant, HK_TREE_KEEPER, "plain");
	assert_int_equal(0, hki_proc_stat_read(&stat, plant.main.pid));
	assert_int_equal(0, kill(stat.parent, SIGSTOP));
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, PATIENCE_NS));
	assert_nobody_left(&plant);
	clear(&plant);
}

static void a_killed_keeper_takes_the_program_with_it_and_its_exit_is_unknown(
    void **state)
{
	planted plant;
	hki_wait_result how;
	hki_proc_stat stat;
	int r;

	(void) state;
	plant_tree(&plant, HK_TREE_KEEPER, "alone");
	assert_int_equal(0, hki_proc_stat_read(&stat, plant.main.pid));
	assert_int_equal(0, kill(stat.parent, SIGKILL));
	while ((r = hki_keeper_wait(plant.tree, &how)) == 0) {
		struct pollfd ready = { .fd = hki_keeper_fd(plant.tree),
			.events = POLLIN };

		(void) poll(&ready, 1, 1000);
	}
	assert_int_equal(1, r);
	assert_false(how.known);
	assert_nobody_left(&plant);
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, PATIENCE_NS));
	clear(&plant);
}

static void a_detached_keeper_leaves_the_program_alone(void **state)
{
	planted plant;

	(void) state;
	plant_tree(&plant, HK_TREE_KEEPER, "plain");
	expect_pids(&plant, 2);
	hki_tree_detach(plant.tree);
	hki_tree_free(plant.tree);
	plant.tree = NULL;
	assert_false(stream_ends(&plant, 50));
	for (unsigned int i = 0; i < plant.count; i++)
		assert_int_equal(0, kill(plant.pids[i], SIGKILL));
	assert_int_equal(0, hki_pidref_signal(&plant.main, SIGKILL) % ESRCH);
	assert_true(stream_ends(&plant, 5000));
	/* The keeper goes when nobody is left to keep. */
	assert_true(waitpid(-1, NULL, 0) > 0);
	clear(&plant);
}

static void a_keeper_tells_why_the_program_cannot_be_executed(void **state)
{
	hki_tree_opts opts = { .level = HK_TREE_KEEPER };
	const char *argv[] = { "/nowhere/program", NULL };
	hki_pidref keeper, main = HKI_PIDREF_NULL;
	char **command;
	hki_tree *tree;
	pid_t pid;

	(void) state;
	assert_int_equal(0, hki_tree_new(&tree, &opts));
	assert_int_equal(0, hki_keeper_command(&command, tree, argv[0], argv,
				hki_keeper_child_end(tree), 0));
	pid = fork();
	if (pid == 0) {
		(void) fcntl(hki_keeper_child_end(tree), F_SETFD, 0);
		(void) execv(command[0], command);
		_exit(5);
	}
	assert_int_equal(0, hki_pidref_open(&keeper, pid));
	assert_int_equal(-ENOENT, hki_keeper_started(&main, tree, &keeper));
	assert_int_equal(-1, main.fd);
	hki_tree_free(tree);
	hki_free(command);
}

/* ---- levels ---- */

static void levels_that_cannot_be_had_are_refused(void **state)
{
	hki_tree_opts opts = { .level = HK_TREE_REAPER };
	hki_tree *tree = NULL;

	(void) state;
	assert_int_equal(-ENOTSUP, hki_tree_new(&tree, &opts));
	assert_null(tree);
	opts.level = HK_TREE_CGROUP;
	opts.cgroup = "/nowhere";
	assert_true(hki_tree_new(&tree, &opts) < 0);
	assert_null(tree);
}

static void the_automatic_level_is_told(void **state)
{
	hki_tree_opts opts = { .level = HK_TREE_AUTO };
	hki_tree *tree;

	(void) state;
	assert_int_equal(0, hki_tree_new(&tree, &opts));
	assert_int_equal(hki_cgroup_probe() == 0 ? HK_TREE_CGROUP : HK_TREE_WALK,
	    hki_tree_level(tree));
	hki_tree_free(tree);
}

static int make_and_free(void *user)
{
	hki_tree_opts opts = { .level = *(hk_tree *) user };
	hki_tree *tree;
	int r = hki_tree_new(&tree, &opts);

	if (r == 0)
		hki_tree_free(tree);
	return r;
}

static void lack_of_memory_is_survived(void **state)
{
	hk_tree levels[] = { HK_TREE_WALK, HK_TREE_AUTO, HK_TREE_KEEPER };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(levels); i++)
		assert_true(hki_torture(make_and_free, &levels[i]) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(a_background_child),
		CASES(a_new_session),
		CASES(a_double_fork),
		CASES(a_double_fork_with_a_new_session),
		CASES(an_orphan_without_environment),
		CASES(a_chain_of_forks),
		CASES(a_swarm_of_forks),
		CASES(a_stopped_child),
		CASES(everything_at_once),
		cmocka_unit_test(a_walk_ends_what_is_below_the_main_process),
		cmocka_unit_test(a_walk_remembers_who_was_below_before_the_end),
		cmocka_unit_test(a_group_ends_with_its_orphans),
		cmocka_unit_test(no_tree_means_the_main_process_alone),
		cmocka_unit_test(everybody_is_counted_but_the_main_process),
		cmocka_unit_test(a_signal_leaves_nobody_stopped_but_who_was),
		cmocka_unit_test(trees_on_one_reaper_are_told_apart),
		cmocka_unit_test(a_keeper_whose_host_is_gone_ends_everybody),
		cmocka_unit_test(a_stopped_keeper_still_obeys),
		cmocka_unit_test(
		    a_killed_keeper_takes_the_program_with_it_and_its_exit_is_unknown),
		cmocka_unit_test(a_detached_keeper_leaves_the_program_alone),
		cmocka_unit_test(a_keeper_tells_why_the_program_cannot_be_executed),
		cmocka_unit_test(levels_that_cannot_be_had_are_refused),
		cmocka_unit_test(the_automatic_level_is_told),
		cmocka_unit_test(lack_of_memory_is_survived),
	};

	/* The keeper of this build, unless another one is to be tested. */
	(void) setenv("HOSTKIT_LIBEXEC", HKI_TEST_LIBEXEC, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
