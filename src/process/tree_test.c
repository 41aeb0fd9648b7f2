/*
 * Whole trees, ended: every pattern at every level, stopped and after a crash.
 */
#include "process/tree.h"

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
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/array.h"
#include "base/torture.h"
#include "os/cgroup/cgroup.h"
#include "os/procfs.h"
#include "process/test_paths.h"
#include "process/test_plant.h"

static bool is_alive(pid_t pid)
{
	hki_proc_stat stat;

	return hki_proc_stat_read(&stat, pid) == 0 && stat.state != 'Z' &&
	       stat.state != 'X';
}

/* Kill the tree while its main process lives. */
static void stop_and_check(hk_tree level, const char *pattern)
{
	test_plant plant;

	if (!test_plant_possible(level))
		return;
	test_plant_grow(&plant, level, pattern);
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
	test_plant_assert_gone(&plant);
	hki_tree_ended(plant.tree);
	test_plant_collect(&plant);
	assert_int_equal(0, hki_tree_count(plant.tree));
	test_plant_clear(&plant);
}

/* The main process is killed from outside; the rest has to be found after that. */
static void crash_and_check(hk_tree level, const char *pattern)
{
	test_plant plant;

	if (!test_plant_possible(level))
		return;
	test_plant_grow(&plant, level, pattern);
	assert_int_equal(0, hki_pidref_signal(&plant.main, SIGKILL));
	assert_true(hki_pidref_wait_end(
	    &plant.main, hki_clock_monotonic_ns() + TEST_PATIENCE_NS));
	hki_tree_ended(plant.tree);
	test_plant_collect(&plant);
	hki_pidref_close(&plant.main);
	assert_true(hki_tree_count(plant.tree) >= 0);
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
	test_plant_assert_gone(&plant);
	test_plant_clear(&plant);
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
	test_plant plant;

	(void) state;
	test_plant_grow(&plant, HK_TREE_WALK, "setsid");
	test_plant_expect(&plant, 2);
	hki_tree_remember(plant.tree);
	assert_int_equal(0, hki_pidref_signal(&plant.main, SIGKILL));
	hki_tree_ended(plant.tree);
	test_plant_collect(&plant);
	hki_pidref_close(&plant.main);
	assert_int_equal(1, hki_tree_count(plant.tree));
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
	test_plant_assert_gone(&plant);
	test_plant_clear(&plant);
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
	test_plant plant;
	pid_t left;

	(void) state;
	test_plant_grow(&plant, HK_TREE_NONE, "plain");
	test_plant_expect(&plant, 2);
	left = plant.pids[0] == plant.main.pid ? plant.pids[1] : plant.pids[0];
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
	assert_int_equal(0, hki_tree_count(plant.tree));
	test_plant_collect(&plant);
	assert_true(is_alive(left));
	assert_int_equal(0, kill(left, SIGKILL));
	test_plant_assert_gone(&plant);
	test_plant_clear(&plant);
}

/* ---- signals and counts ---- */

static void everybody_is_counted_but_the_main_process(void **state)
{
	static const hk_tree levels[] = { HK_TREE_CGROUP, HK_TREE_REAPER,
		HK_TREE_KEEPER };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(levels); i++) {
		test_plant plant;

		if (!test_plant_possible(levels[i]))
			continue;
		test_plant_grow(&plant, levels[i], "double-setsid");
		test_plant_expect(&plant, 2);
		assert_int_equal(1, hki_tree_count(plant.tree));
		assert_int_equal(2, hki_tree_signal(plant.tree, 0));
		assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
		assert_int_equal(0, hki_tree_count(plant.tree));
		test_plant_collect(&plant);
		test_plant_clear(&plant);
	}
}

static bool state_becomes(pid_t pid, char wanted)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + TEST_PATIENCE_NS;
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
		test_plant plant;
		pid_t child;

		if (!test_plant_possible(levels[i]))
			continue;
		test_plant_grow(&plant, levels[i], "stopped");
		test_plant_expect(&plant, 2);
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
		assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
		test_plant_assert_gone(&plant);
		test_plant_collect(&plant);
		test_plant_clear(&plant);
	}
}

/* ---- two trees beside each other ---- */

static void trees_on_one_reaper_are_told_apart(void **state)
{
	test_plant one, other;

	(void) state;
	test_plant_grow(&one, HK_TREE_REAPER, "double-setsid");
	other = (test_plant){ .main = HKI_PIDREF_NULL };
	test_plant_beside(&other, one.loop, HK_TREE_REAPER, "double-setsid");
	test_plant_expect(&one, 2);
	test_plant_expect(&other, 2);
	assert_int_equal(1, hki_tree_count(one.tree));
	assert_int_equal(0, hki_tree_kill_wait(one.tree, TEST_PATIENCE_NS));
	test_plant_assert_gone(&one);
	for (unsigned int i = 0; i < other.count; i++)
		assert_true(is_alive(other.pids[i]));
	assert_int_equal(1, hki_tree_count(other.tree));
	assert_int_equal(0, hki_tree_kill_wait(other.tree, TEST_PATIENCE_NS));
	test_plant_assert_gone(&other);
	test_plant_collect(&one);
	test_plant_collect(&other);
	hki_tree_free(other.tree);
	hki_pidref_close(&other.main);
	(void) close(other.stream);
	test_plant_clear(&one);
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
		cmocka_unit_test(levels_that_cannot_be_had_are_refused),
		cmocka_unit_test(the_automatic_level_is_told),
		cmocka_unit_test(lack_of_memory_is_survived),
	};

	/* The keeper of this build, unless another one is to be tested. */
	(void) setenv("HOSTKIT_LIBEXEC", HKI_TEST_LIBEXEC, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
