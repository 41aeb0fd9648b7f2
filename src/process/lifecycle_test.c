#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/torture.h"
#include "process/probe_test.h"

/* From start to burial: states, ends, stops, frees. */

static void the_end_is_told_once_and_later(void **state)
{
	fixture *f = *state;
	hk_process *process = fixture_start_command(f, COMMAND("sh", "-c", "exit 3"));

	assert_int_equal(HK_PROCESS_RUNNING, hk_process_get_state(process));
	assert_null(hk_process_get_exit(process));
	assert_true(hk_process_pid(process) > 0);
	assert_int_equal(0, f->calls);
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1, f->calls);
	assert_int_equal(HK_END_CODE, f->how.end);
	assert_int_equal(3, f->how.code);
	assert_int_equal(HK_PROCESS_EXITED, hk_process_get_state(process));
	assert_int_equal(3, hk_process_get_exit(process)->code);
	assert_int_equal(-ESRCH, hk_process_kill(process, 0));
	assert_int_equal(-ESRCH, hk_process_kill_tree(process, SIGTERM));
	assert_int_equal(-ESRCH, hk_process_stop(process));
}

static void identity_is_known_also_after_the_end(void **state)
{
	fixture *f = *state;
	hk_process *process = fixture_start_command(f, COMMAND("true"));
	hk_process_id id = hk_process_identity(process);
	hk_process_id after;

	assert_true(id.pid > 0 && id.start_ticks > 0);
	assert_int_equal(0, hk_loop_run(f->loop));
	after = hk_process_identity(process);
	assert_memory_equal(&id, &after, sizeof(id));
}

/* A few microseconds before the clock's next tick, so that the start may fall into it. */
static void wait_for_edge_of_tick(uint64_t ahead_ns)
{
	const uint64_t tick_ns = HKI_NS_PER_S / (uint64_t) sysconf(_SC_CLK_TCK);

	while (tick_ns - hki_clock_boot_ns() % tick_ns > ahead_ns)
		;
}

static void identity_is_what_proc_says(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sleep", "100"));

	for (unsigned int i = 0; i < 100; i++) {
		hk_process_id known;
		hk_process_id read;

		wait_for_edge_of_tick(2 * HKI_NS_PER_US * (i + 1));
		known = hk_process_identity(fixture_start(f, &opts));
		assert_int_equal(0, hk_process_id_read(&read, (pid_t) known.pid));
		assert_int_equal(read.start_ticks, known.start_ticks);
		assert_int_equal(read.inode, known.inode);
		hk_process_free(f->process);
		f->process = NULL;
	}
}

static void signals_reach_it(void **state)
{
	fixture *f = *state;
	hk_process *process = fixture_start_command(f, COMMAND("sleep", "100"));

	assert_int_equal(0, hk_process_kill(process, 0));
	assert_int_equal(-EINVAL, hk_process_kill(process, 1000));
	assert_int_equal(0, hk_process_kill(process, SIGUSR1));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(HK_END_SIGNAL, f->how.end);
	assert_int_equal(SIGUSR1, f->how.signal);
	assert_false(f->how.core_dumped);
}

static void our_ends_of_pipes_carry_data(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("cat"));
	char text[16];
	int in;
	int out;

	opts.stdio[0].kind = HK_STDIO_PIPE;
	opts.stdio[1].kind = HK_STDIO_PIPE;
	(void) fixture_start(f, &opts);
	assert_int_equal(-EBADF, hk_process_stdio(f->process, 2));
	assert_int_equal(-EBADF, hk_process_stdio(f->process, 3));
	out = hk_process_stdio(f->process, 1);
	assert_int_equal(-1, read(out, text, sizeof(text)));
	assert_int_equal(EAGAIN, errno);
	in = hk_process_take_stdio(f->process, 0);
	assert_int_equal(-EBADF, hk_process_take_stdio(f->process, 0));
	assert_int_equal(5, write(in, "hello", 5));
	close(in);
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(5, read(out, text, sizeof(text)));
	assert_memory_equal("hello", text, 5);
}

static void a_stop_is_polite_first(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND(
	    "sh", "-c", "trap 'exit 9' TERM; echo; while :; do sleep 0.01; done"));
	char line;

	opts.stdio[1].kind = HK_STDIO_PIPE;
	(void) fixture_start(f, &opts);
	fcntl(hk_process_stdio(f->process, 1), F_SETFL, 0);
	assert_int_equal(1, read(hk_process_stdio(f->process, 1), &line, 1));
	assert_int_equal(0, hk_process_stop(f->process));
	assert_int_equal(HK_PROCESS_STOPPING, hk_process_get_state(f->process));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(9, f->how.code);
}

/* A child that ignores SIGTERM and says when it does. */
static void start_deaf(fixture *f, const hk_stop_step *steps, size_t count)
{
	hk_process_opts opts = fixture_opts(
	    COMMAND("sh", "-c", "trap '' TERM; echo; while :; do sleep 0.01; done"));
	char line;

	opts.stop_steps = steps;
	opts.stop_step_count = count;
	opts.stdio[1].kind = HK_STDIO_PIPE;
	(void) fixture_start(f, &opts);
	fcntl(hk_process_stdio(f->process, 1), F_SETFL, 0);
	assert_int_equal(1, read(hk_process_stdio(f->process, 1), &line, 1));
}

static void the_steps_follow_each_other(void **state)
{
	fixture *f = *state;
	const hk_stop_step steps[] = { { SIGTERM, 0, 30 * HKI_NS_PER_MS },
		{ SIGINT, 0, 60 * HKI_NS_PER_S } };
	uint64_t began;

	start_deaf(f, steps, 2);
	began = hki_clock_monotonic_ns();
	assert_int_equal(0, hk_process_stop(f->process));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_true(hki_clock_monotonic_ns() - began >= 30 * HKI_NS_PER_MS);
	assert_int_equal(SIGINT, f->how.signal);
}

static void what_is_left_after_the_last_step_is_killed(void **state)
{
	fixture *f = *state;
	const hk_stop_step steps[] = { { SIGTERM, 0, 20 * HKI_NS_PER_MS } };

	start_deaf(f, steps, 1);
	assert_int_equal(0, hk_process_stop(f->process));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(SIGKILL, f->how.signal);
}

static void a_second_stop_does_not_wait(void **state)
{
	fixture *f = *state;
	const hk_stop_step steps[] = { { SIGTERM, 0, 3600 * HKI_NS_PER_S } };
	uint64_t began;

	start_deaf(f, steps, 1);
	began = hki_clock_monotonic_ns();
	assert_int_equal(0, hk_process_stop(f->process));
	assert_int_equal(0, hk_process_stop(f->process));
	assert_int_equal(0, hk_process_stop(f->process)); /* being killed: nothing more */
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_true(hki_clock_monotonic_ns() - began < 60 * HKI_NS_PER_S);
	assert_int_equal(SIGKILL, f->how.signal);
}

static void freeing_kills_and_is_silent(void **state)
{
	fixture *f = *state;
	pid_t pid = hk_process_pid(fixture_start_command(f, COMMAND("sleep", "100")));

	hk_process_free(f->process);
	f->process = NULL;
	assert_ends(pid);
	assert_false(hk_loop_alive(f->loop));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(0, f->calls);
}

static void freeing_kills_the_tree(void **state)
{
	fixture *f = *state;
	hk_process_opts opts =
	    fixture_opts(COMMAND("sh", "-c", "sleep 100 & echo $!; wait"));
	char text[32] = "";
	pid_t grandchild;

	opts.stdio[1].kind = HK_STDIO_PIPE;
	(void) fixture_start(f, &opts);
	fcntl(hk_process_stdio(f->process, 1), F_SETFL, 0);
	assert_true(read(hk_process_stdio(f->process, 1), text, sizeof(text) - 1) > 0);
	grandchild = (pid_t) atoi(text);
	assert_true(is_running(grandchild));
	hk_process_free(f->process);
	f->process = NULL;
	assert_ends(grandchild);
}

static void free_in_callback(hk_process *process, const hk_process_exit *how, void *user)
{
	hk_process_free(process);
	*(int *) user = how->code; /* still ours to read */
}

static void it_may_be_freed_in_its_callback(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sh", "-c", "exit 6"));
	hk_process *process;
	int code = -1;

	opts.on_exit = free_in_callback;
	opts.user_data = &code;
	assert_int_equal(0, hk_process_spawn(&process, f->loop, &opts, NULL));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(6, code);
}

static void a_detached_process_runs_on_and_leaves_no_zombie(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sh", "-c", "read line; exit 0"));
	siginfo_t info;
	pid_t pid;
	int in;

	opts.stdio[0].kind = HK_STDIO_PIPE;
	pid = hk_process_pid(fixture_start(f, &opts));
	in = hk_process_take_stdio(f->process, 0);
	hk_process_detach(f->process);
	f->process = NULL;
	assert_false(hk_loop_alive(f->loop));
	assert_int_equal(0, hk_loop_run_once(f->loop, 0));
	assert_true(is_running(pid));
	close(in); /* now it ends by itself */
	while (waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		assert_true(hk_loop_run_once(f->loop, 10) >= 0);
	assert_int_equal(0, f->calls);
}

static void a_detached_process_outlives_its_keeper_and_us(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sleep", "100"));
	pid_t pid;
	int r;

	opts.tree = HK_TREE_KEEPER;
	r = hk_process_spawn(&f->process, f->loop, &opts, NULL);
	if (r == -ENOTSUP) /* no keeper program was built */
		skip();
	assert_int_equal(0, r);
	pid = hk_process_pid(f->process);
	hk_process_detach(f->process);
	f->process = NULL;
	hk_loop_free(f->loop);
	f->loop = NULL;
	assert_true(is_running(pid));
	assert_int_equal(0, kill(pid, SIGKILL));
	assert_ends(pid);
	while (waitpid(-1, NULL, 0) > 0) /* the keeper, which goes with it */
		;
}

static void a_loop_may_go_before_its_handles(void **state)
{
	fixture *f = *state;
	pid_t pid = hk_process_pid(fixture_start_command(f, COMMAND("sleep", "100")));

	hk_loop_free(f->loop);
	f->loop = NULL;
	assert_true(is_running(pid));
	assert_int_equal(pid, hk_process_pid(f->process));
	assert_int_equal(HK_ECLOSED, hk_process_stop(f->process));
	assert_int_equal(0, hk_process_kill(f->process, 0));
	hk_process_free(f->process);
	f->process = NULL;
	assert_ends(pid);
	assert_int_equal(0, f->calls);
}

static void a_loop_takes_the_buried_with_it(void **state)
{
	fixture *f = *state;
	pid_t pid = hk_process_pid(fixture_start_command(f, COMMAND("sleep", "100")));

	hk_process_free(f->process);
	f->process = NULL;
	hk_loop_free(f->loop);
	f->loop = NULL;
	assert_int_equal(-1, waitpid(pid, NULL, WNOHANG));
	assert_int_equal(ECHILD, errno);
}

static void a_host_that_collects_our_child_leaves_the_end_known_or_unknown(void **state)
{
	fixture *f = *state;
	pid_t pid =
	    hk_process_pid(fixture_start_command(f, COMMAND("sh", "-c", "exit 3")));

	assert_int_equal(pid, waitpid(pid, NULL, 0));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1, f->calls);
	if (f->how.end == HK_END_CODE) /* Linux 6.15 remembers */
		assert_int_equal(3, f->how.code);
	else
		assert_int_equal(HK_END_UNKNOWN, f->how.end);
	assert_false(f->how.usage_known);
}

static void a_host_that_ignores_sigchld_does_not_confuse_us(void **state)
{
	fixture *f = *state;

	signal(SIGCHLD, SIG_IGN);
	(void) fixture_start_command(f, COMMAND("sh", "-c", "exit 3"));
	assert_int_equal(0, hk_loop_run(f->loop));
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(1, f->calls);
	assert_true(f->how.end == HK_END_UNKNOWN ||
		    (f->how.end == HK_END_CODE && f->how.code == 3));
}

static void an_adopted_process_is_watched_to_its_end(void **state)
{
	fixture *f = *state;
	hk_process *adopted;
	hk_process_id id;

	id = hk_process_identity(fixture_start_command(f, COMMAND("sleep", "100")));
	hk_process_detach(f->process);
	f->process = NULL;
	assert_int_equal(0, hk_process_adopt(&adopted, f->loop, &id, fixture_on_exit, f));
	f->process = adopted;
	assert_int_equal(HK_PROCESS_RUNNING, hk_process_get_state(adopted));
	assert_int_equal(0, hk_process_kill(adopted, SIGTERM));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1, f->calls);
	id.start_ticks++;
	assert_int_equal(
	    -ESRCH, hk_process_adopt(&adopted, f->loop, &id, fixture_on_exit, f));
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_end_is_told_once_and_later),
		TEST(identity_is_known_also_after_the_end),
		TEST(identity_is_what_proc_says),
		TEST(signals_reach_it),
		TEST(our_ends_of_pipes_carry_data),
		TEST(a_stop_is_polite_first),
		TEST(the_steps_follow_each_other),
		TEST(what_is_left_after_the_last_step_is_killed),
		TEST(a_second_stop_does_not_wait),
		TEST(freeing_kills_and_is_silent),
		TEST(freeing_kills_the_tree),
		TEST(it_may_be_freed_in_its_callback),
		TEST(a_detached_process_runs_on_and_leaves_no_zombie),
		TEST(a_detached_process_outlives_its_keeper_and_us),
		TEST(a_loop_may_go_before_its_handles),
		TEST(a_loop_takes_the_buried_with_it),
		TEST(a_host_that_collects_our_child_leaves_the_end_known_or_unknown),
		TEST(a_host_that_ignores_sigchld_does_not_confuse_us),
		TEST(an_adopted_process_is_watched_to_its_end),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
