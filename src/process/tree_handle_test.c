/*
 * Trees through the public interface: whichever way a program ends, by being
 * stopped, crashing, running out of time, or its handle being freed, nobody of it is
 * left, with a cgroup and without.  The processes themselves are the witnesses: each
 * holds a pipe open, which ends with the last of them.
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
#include <hostkit/process.h>
#include "base/array.h"
#include "base/clock.h"
#include "os/cgroup/cgroup.h"
#include "process/test_paths.h"

static const char *const patterns[] = { "plain", "setsid", "double", "double-setsid",
	"hop", "swarm", "stopped", "five" };

static const hk_tree levels[] = { HK_TREE_CGROUP, HK_TREE_REAPER, HK_TREE_KEEPER };

typedef struct grown {
	hk_loop *loop;
	hk_reaper *reaper;
	hk_process *process;
	char cgroup[512]; /* made for it, or "" */
	pid_t other; /* a witness that is not the main process; 0: none heard of yet */
	int stream;
	int ends; /* calls of on_exit */
	hk_process_exit how;
} grown;

static bool can_have(hk_tree level)
{
	if (level != HK_TREE_CGROUP || hki_cgroup_probe() == 0)
		return true;
	print_message("# no cgroup can be made here: skipped\n");
	return false;
}

static void note_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	grown *to = user;

	(void) process;
	to->ends++;
	to->how = *how;
}

/* What every start here has in common.  @report lives as long as the options. */
static void describe(hk_process_opts *opts, hk_process_fd *report, hk_tree level,
    const char *const *argv, int write_end)
{
	/* The program ignores SIGTERM, so the step is short. */
	static const hk_stop_step steps[] = { { SIGTERM, 0, HKI_NS_PER_MS } };

	*report = (hk_process_fd){ .fd = write_end, .child_fd = 3 };
	opts->argv = argv;
	opts->tree = level;
	opts->fds = report;
	opts->fd_count = 1;
	opts->stop_steps = steps;
	opts->stop_step_count = HKI_COUNT(steps);
}

static void make_loop(grown *in, hk_tree level)
{
	*in = (grown){ .stream = -1 };
	assert_int_equal(0, hk_loop_new(&in->loop));
	if (level == HK_TREE_REAPER)
		assert_int_equal(0, hk_reaper_new(&in->reaper, in->loop));
}

static void grow(grown *in, hk_tree level, const char *pattern, uint32_t flags)
{
	const char *argv[] = { HKI_TEST_TREE_CHILD, pattern, "3", NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hk_process_fd report;
	int32_t pid;
	int ends[2];

	make_loop(in, level);
	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	describe(&opts, &report, level, argv, ends[1]);
	opts.flags = flags;
	opts.on_exit = note_exit;
	opts.user_data = in;
	assert_int_equal(0, hk_process_spawn(&in->process, in->loop, &opts, NULL));
	assert_int_equal(level, hk_process_get_tree(in->process));
	if (hk_process_get_cgroup(in->process) != NULL)
		snprintf(in->cgroup, sizeof(in->cgroup), "%s",
		    hk_process_get_cgroup(in->process));
	(void) close(ends[1]);
	in->stream = ends[0];
	/* 0: the pattern stands.  Its parts may testify before or after that. */
	do {
		assert_int_equal(sizeof(pid), read(in->stream, &pid, sizeof(pid)));
		if (pid != 0 && pid != hk_process_pid(in->process))
			in->other = pid;
	} while (pid != 0);
}

/* Turn the loop until the witnesses are gone. */
static bool stream_ends(grown *in, int timeout_ms)
{
	uint64_t deadline_ns =
	    hki_clock_monotonic_ns() + (uint64_t) timeout_ms * HKI_NS_PER_MS;

	while (hki_clock_monotonic_ns() < deadline_ns) {
		struct pollfd ready = { .fd = in->stream, .events = POLLIN };
		int32_t pid;

		assert_true(hk_loop_run_once(in->loop, 0) >= 0);
		if (poll(&ready, 1, 1) == 1 && read(in->stream, &pid, sizeof(pid)) == 0)
			return true;
	}
	return false;
}

/* Orphans are collected by whoever adopted them; a cgroup is in use until then. */
static void await_empty(const char *cgroup)
{
	struct pollfd events = { .events = POLLPRI };
	char path[600];
	char text[128] = "";

	(void) snprintf(path, sizeof(path), "%s/cgroup.events", cgroup);
	events.fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(events.fd >= 0);
	for (int i = 0; i < 100; i++) {
		assert_true(pread(events.fd, text, sizeof(text) - 1, 0) > 0);
		if (strstr(text, "populated 0") != NULL)
			break;
		(void) poll(&events, 1, 100);
	}
	assert_non_null(strstr(text, "populated 0"));
	(void) close(events.fd);
}

/* Who is still dying, as nobody turns the loop any more; and what may be left of a
 * tree that nobody ended. */
static void clear_up(const grown *in, bool kept)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_int_equal(ECHILD, errno);
	if (in->cgroup[0] == '\0')
		return;
	/* Removed with the handle, if that was the last to go. */
	if (access(in->cgroup, F_OK) < 0)
		return;
	assert_true(kept);
	await_empty(in->cgroup);
	assert_int_equal(0, rmdir(in->cgroup));
}

static void clear(grown *in, bool kept)
{
	hk_process_free(in->process);
	hk_reaper_free(in->reaper);
	hk_loop_free(in->loop);
	if (in->stream >= 0)
		(void) close(in->stream);
	clear_up(in, kept);
}

static void each_way(void (*end)(hk_tree level, const char *pattern))
{
	for (size_t l = 0; l < HKI_COUNT(levels); l++)
		for (size_t p = 0; p < HKI_COUNT(patterns) && can_have(levels[l]); p++)
			end(levels[l], patterns[p]);
}

/* ---- stop, crash, free, timeout ---- */

static void stop_it(hk_tree level, const char *pattern)
{
	grown in;

	grow(&in, level, pattern, 0);
	assert_int_equal(0, hk_process_stop(in.process));
	assert_int_equal(0, hk_loop_run(in.loop));
	assert_int_equal(1, in.ends);
	assert_int_equal(HK_END_SIGNAL, in.how.end);
	assert_int_equal(SIGKILL, in.how.signal);
	assert_true(in.how.usage_known);
	assert_true(stream_ends(&in, 60000));
	clear(&in, false);
}

static void a_stopped_program_leaves_nobody(void **state)
{
	(void) state;
	each_way(stop_it);
}

static void crash_it(hk_tree level, const char *pattern)
{
	grown in;

	grow(&in, level, pattern, 0);
	assert_int_equal(0, hk_process_kill(in.process, SIGUSR2));
	assert_int_equal(0, hk_loop_run(in.loop));
	assert_int_equal(1, in.ends);
	assert_int_equal(SIGUSR2, in.how.signal);
	assert_true(stream_ends(&in, 60000));
	clear(&in, false);
}

static void a_crashed_program_leaves_nobody(void **state)
{
	(void) state;
	each_way(crash_it);
}

static void free_it(hk_tree level, const char *pattern)
{
	grown in;

	grow(&in, level, pattern, 0);
	hk_process_free(in.process);
	in.process = NULL;
	assert_true(stream_ends(&in, 60000));
	assert_int_equal(0, in.ends);
	clear(&in, false);
}

static void a_freed_handle_leaves_nobody(void **state)
{
	(void) state;
	each_way(free_it);
}

static void note_result(hk_process_runner *runner, hk_process_result *result, void *user)
{
	(void) runner;
	*(hk_process_result **) user = result;
}

static void time_it_out(hk_tree level, const char *pattern)
{
	const char *argv[] = { HKI_TEST_TREE_CHILD, pattern, "3", NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result = NULL;
	hk_process_runner *runner;
	hk_process_fd report;
	int ends[2];
	grown in;

	make_loop(&in, level);
	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	describe(&opts, &report, level, argv, ends[1]);
	run.process = &opts;
	run.timeout_ns = 20 * HKI_NS_PER_MS;
	run.on_done = note_result;
	run.user = &result;
	assert_int_equal(0, hk_process_run_start(&runner, in.loop, &run, NULL));
	(void) close(ends[1]);
	in.stream = ends[0];
	assert_int_equal(0, hk_loop_run(in.loop));
	assert_non_null(result);
	assert_true(result->timed_out);
	assert_int_equal(level, result->tree);
	if (result->survivors != 0)
		fail_msg("level %d, %s: %u survivors", (int) level, pattern,
		    result->survivors);
	assert_true(stream_ends(&in, 60000));
	hk_process_result_free(result);
	hk_process_runner_free(runner);
	clear(&in, false);
}

static void a_program_out_of_time_leaves_nobody(void **state)
{
	(void) state;
	each_way(time_it_out);
}

/* Without a cgroup, a reaper or a keeper: what /proc showed below it. */
static void a_walk_finds_who_was_below(void **state)
{
	static const char *const below[] = { "plain", "setsid", "stopped" };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(below); i++) {
		stop_it(HK_TREE_WALK, below[i]);
		free_it(HK_TREE_WALK, below[i]);
		time_it_out(HK_TREE_WALK, below[i]);
	}
}

/* ---- left running on purpose ---- */

static pid_t other_pid(grown *in, pid_t main_pid)
{
	int32_t pid = in->other;

	while (pid == 0 || pid == main_pid)
		assert_int_equal(sizeof(pid), read(in->stream, &pid, sizeof(pid)));
	return pid;
}

static void a_detached_tree_goes_on(void **state)
{
	(void) state;
	for (size_t l = 0; l < HKI_COUNT(levels); l++) {
		pid_t main_pid;
		grown in;

		if (!can_have(levels[l]))
			continue;
		grow(&in, levels[l], "alone", 0);
		main_pid = hk_process_pid(in.process);
		hk_process_detach(in.process);
		in.process = NULL;
		assert_false(stream_ends(&in, 20));
		assert_int_equal(0, kill(main_pid, SIGKILL));
		assert_true(stream_ends(&in, 60000));
		clear(&in, true);
	}
}

/* After the loop, too: nobody is there any more who could be told. */
static void a_detached_tree_outlives_the_loop(void **state)
{
	(void) state;
	for (size_t l = 0; l < HKI_COUNT(levels); l++) {
		struct pollfd ready = { .events = POLLIN };
		pid_t main_pid;
		int32_t pid;
		grown in;

		if (!can_have(levels[l]))
			continue;
		grow(&in, levels[l], "alone", 0);
		main_pid = hk_process_pid(in.process);
		hk_process_detach(in.process);
		hk_reaper_free(in.reaper);
		hk_loop_free(in.loop);
		assert_int_equal(0, kill(main_pid, 0));
		assert_int_equal(0, kill(main_pid, SIGKILL));
		ready.fd = in.stream;
		do
			assert_int_equal(1, poll(&ready, 1, 60000));
		while (read(in.stream, &pid, sizeof(pid)) > 0);
		(void) close(in.stream);
		clear_up(&in, true);
	}
}

/* Children of a program that may outlive it. */
static void leftovers_are_kept_if_that_is_asked(void **state)
{
	(void) state;
	for (size_t l = 0; l < HKI_COUNT(levels); l++) {
		pid_t left;
		grown in;

		if (!can_have(levels[l]))
			continue;
		grow(&in, levels[l], "setsid", HK_PROCESS_KEEP_LEFTOVERS);
		left = other_pid(&in, hk_process_pid(in.process));
		assert_int_equal(0, hk_process_kill(in.process, SIGKILL));
		assert_int_equal(0, hk_loop_run(in.loop));
		assert_int_equal(1, in.ends);
		hk_process_free(in.process);
		in.process = NULL;
		assert_false(stream_ends(&in, 20));
		assert_int_equal(0, kill(left, SIGKILL));
		assert_true(stream_ends(&in, 60000));
		clear(&in, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stopped_program_leaves_nobody),
		cmocka_unit_test(a_crashed_program_leaves_nobody),
		cmocka_unit_test(a_freed_handle_leaves_nobody),
		cmocka_unit_test(a_program_out_of_time_leaves_nobody),
		cmocka_unit_test(a_walk_finds_who_was_below),
		cmocka_unit_test(a_detached_tree_goes_on),
		cmocka_unit_test(a_detached_tree_outlives_the_loop),
		cmocka_unit_test(leftovers_are_kept_if_that_is_asked),
	};

	/* The keeper of this build, unless another one is to be tested. */
	(void) setenv("HOSTKIT_LIBEXEC", HKI_TEST_LIBEXEC, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
