/* Growing a tree without the code that starts programs for users, and judging its end. */
#include "process/test_plant.h"

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
#include "base/alloc.h"
#include "os/procfs.h"
#include "os/syscall.h"
#include "process/keeper.h"
#include "process/reaper_internal.h"
#include "process/test_paths.h"

/* ---- planting ---- */

bool test_plant_possible(hk_tree level)
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

static void start(test_plant *plant, const char *const *argv, int keep_fd)
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
static void learn_pids(test_plant *plant)
{
	for (;;) {
		struct pollfd ready = { .fd = plant->stream, .events = POLLIN };
		int32_t pid;

		assert_int_equal(1, poll(&ready, 1, 10000));
		assert_int_equal(sizeof(pid), read(plant->stream, &pid, sizeof(pid)));
		if (pid == 0)
			return;
		assert_true(plant->count < TEST_PLANT_PIDS_MAX);
		plant->pids[plant->count++] = pid;
	}
}

/* Do not count on a pattern standing as soon as its main process says so. */
void test_plant_expect(test_plant *plant, unsigned int least)
{
	while (plant->count < least) {
		int32_t pid;

		assert_int_equal(sizeof(pid), read(plant->stream, &pid, sizeof(pid)));
		plant->pids[plant->count++] = pid;
	}
}

void test_plant_beside(
    test_plant *plant, hk_loop *loop, hk_tree level, const char *pattern)
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

void test_plant_grow(test_plant *plant, hk_tree level, const char *pattern)
{
	*plant = (test_plant){ .main = HKI_PIDREF_NULL };
	if (level == HK_TREE_REAPER) {
		assert_int_equal(0, hk_loop_new(&plant->loop));
		assert_int_equal(0, hk_reaper_new(&plant->reaper, plant->loop));
	}
	test_plant_beside(plant, plant->loop, level, pattern);
}

/* ---- harvesting ---- */

/* Dying closes the descriptors first. */
static bool ends(pid_t pid)
{
	hki_pidref ref;
	bool ended;

	if (hki_pidref_open(&ref, pid) < 0)
		return true;
	ended = hki_pidref_wait_end(&ref, hki_clock_monotonic_ns() + TEST_PATIENCE_NS);
	hki_pidref_close(&ref);
	return ended;
}

/* The end of the stream: nobody holds the other end. */
bool test_plant_ends(const test_plant *plant, int timeout_ms)
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

void test_plant_assert_gone(const test_plant *plant)
{
	assert_true(test_plant_ends(plant, 5000));
	for (unsigned int i = 0; i < plant->count; i++)
		if (!ends(plant->pids[i]))
			fail_msg("process %d survived", (int) plant->pids[i]);
}

void test_plant_collect(test_plant *plant)
{
	hki_wait_result how;
	int r;

	assert_true(hki_pidref_wait_end(
	    &plant->main, hki_clock_monotonic_ns() + TEST_PATIENCE_NS));
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
static void let_reaper_collect(test_plant *plant)
{
	siginfo_t info;

	while (hki_waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0)
		assert_true(hk_loop_run_once(plant->loop, 1000) >= 0);
}

void test_plant_clear(test_plant *plant)
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
