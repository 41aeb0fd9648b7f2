#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "process/probe_test.h"

/* Starts on a thread of their own. */

static void a_spawner_starts_it_later(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sh", "-c", "exit 5"));

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) fixture_start(f, &opts);
	assert_int_equal(HK_PROCESS_STARTING, hk_process_get_state(f->process));
	assert_int_equal(-EAGAIN, hk_process_kill(f->process, SIGTERM));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(5, f->how.code);
	assert_int_equal(1, f->calls);
	hk_process_free(f->process);
	f->process = NULL;
	hk_process_spawner_free(opts.spawner);
}

static void a_failure_in_a_spawner_is_told_as_an_end(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("/no/such/program"));
	hk_process_list *list;

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) fixture_start(f, &opts);
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1, f->calls);
	assert_int_equal(HK_END_FAILED, f->how.end);
	assert_int_equal(-ENOENT, f->how.error);
	assert_string_equal("exec", f->how.step);
	assert_int_equal(HK_PROCESS_FAILED, hk_process_get_state(f->process));
	assert_int_equal(0, hk_process_list_new(&list, f->loop));
	assert_int_equal(1, hk_process_list_count(list));
	hk_process_list_free(list);
	hk_process_free(f->process);
	f->process = NULL;
	hk_process_spawner_free(opts.spawner);
}

static void a_stop_during_the_start_comes_after_it(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sleep", "100"));

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) fixture_start(f, &opts);
	assert_int_equal(0, hk_process_stop(f->process));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(SIGTERM, f->how.signal);
	hk_process_free(f->process);
	f->process = NULL;
	hk_process_spawner_free(opts.spawner);
}

static void a_free_during_the_start_leaves_nothing(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sleep", "100"));

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	for (int i = 0; i < 20; i++) {
		(void) fixture_start(f, &opts);
		hk_process_free(f->process);
		f->process = NULL;
	}
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(0, f->calls);
	hk_process_spawner_free(opts.spawner);
}

static void a_loop_may_go_during_a_start(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sleep", "100"));

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) fixture_start(f, &opts);
	hk_loop_free(f->loop);
	f->loop = NULL;
	hk_process_free(f->process);
	f->process = NULL;
	hk_process_spawner_free(opts.spawner);
}

static void a_spawner_belongs_to_its_loop(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("true"));
	hk_process *process;
	hk_loop *other;

	assert_int_equal(0, hk_loop_new(&other));
	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, other));
	assert_int_equal(-EINVAL, hk_process_spawn(&process, f->loop, &opts, NULL));
	hk_process_spawner_free(opts.spawner);
	hk_loop_free(other);
}

/*
 * An exec that hangs, as on a dead network mount: whoever watches the file for
 * executions has not allowed this one yet.
 */
static int hang_executions_of(const char *path)
{
	int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);

	if (group >= 0 &&
	    fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD, path) == 0)
		return group;
	if (group >= 0)
		close(group);
	return -1;
}

/* Wait until somebody hangs; the answer's descriptor. */
static int wait_for_execution(int group)
{
	struct fanotify_event_metadata event;
	struct pollfd ready = { .fd = group, .events = POLLIN };

	assert_int_equal(1, poll(&ready, 1, 10000));
	assert_int_equal(sizeof(event), read(group, &event, sizeof(event)));
	return event.fd;
}

static void wait_until_childless(void)
{
	const struct timespec pause = { 0, 1000000 };
	siginfo_t info;

	for (int i = 0; i < 60000; i++) {
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("a child was still there after a minute");
}

static void an_exec_that_hangs_holds_up_nobody_else(void **state)
{
	fixture *f = *state;
	const char *path = probe_file("hangs", "#!/bin/sh\nexec sleep 100\n", 0700);
	hk_process_opts opts = fixture_opts(COMMAND(path));
	struct fanotify_response answer = { .response = FAN_ALLOW };
	int group = hang_executions_of(path);
	uint64_t began;

	if (group < 0) { /* not root, or a kernel without it */
		probe_remove_directory();
		skip();
	}
	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) fixture_start(f, &opts);
	answer.fd = wait_for_execution(group);
	assert_int_equal(1, hk_loop_run_once(f->loop, 1));
	assert_int_equal(HK_PROCESS_STARTING, hk_process_get_state(f->process));

	began = hki_clock_monotonic_ns();
	hk_process_free(f->process);
	f->process = NULL;
	hk_process_spawner_free(opts.spawner);
	assert_true(hki_clock_monotonic_ns() - began < 60 * HKI_NS_PER_S);
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(0, f->calls);

	/* When it comes back, its thread ends it. */
	assert_int_equal(sizeof(answer), write(group, &answer, sizeof(answer)));
	close(answer.fd);
	wait_until_childless();
	close(group);
	probe_remove_directory();
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_spawner_starts_it_later),
		TEST(a_failure_in_a_spawner_is_told_as_an_end),
		TEST(a_stop_during_the_start_comes_after_it),
		TEST(a_free_during_the_start_leaves_nothing),
		TEST(a_loop_may_go_during_a_start),
		TEST(a_spawner_belongs_to_its_loop),
		TEST(an_exec_that_hangs_holds_up_nobody_else),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
