#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/torture.h"
#include "process/probe_test.h"

/* What the program around us does to us, and we to it: many children at once, no
 * memory, forks. */

static void count_and_free(hk_process *process, const hk_process_exit *how, void *user)
{
	if (how->end == HK_END_CODE && how->code == 0)
		++*(int *) user;
	hk_process_free(process);
}

static void a_thousand_short_children_at_once(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("/bin/true"));
	struct rlimit limit;
	size_t before = count_open_fds();
	int ended = 0;
	int started = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
	opts.on_exit = count_and_free;
	opts.user_data = &ended;
	for (; started < 1000; started++) {
		hk_process *process;

		assert_int_equal(0, hk_process_spawn(&process, f->loop, &opts, NULL));
	}
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1000, ended);
	assert_int_equal(before, count_open_fds());
}

static int spawn_and_free(void *user)
{
	hk_process_opts opts = command_opts(COMMAND("true"));
	hk_process *process;
	hk_loop *loop;
	int r = hk_loop_new(&loop);

	(void) user;
	if (r < 0)
		return r;
	opts.stdio[0].kind = HK_STDIO_PTY;
	opts.env = COMMAND("A=1");
	opts.user = geteuid() == 0 ? "nobody" : NULL;
	r = hk_process_spawn(&process, loop, &opts, NULL);
	if (r == 0) {
		hk_process_list *list;

		r = hk_process_list_new(&list, loop);
		if (r == 0)
			hk_process_list_free(list);
		hk_process_free(process);
	}
	hk_loop_free(loop);
	return r;
}

static void lack_of_memory_is_survived(void **state)
{
	size_t before = count_open_fds();

	(void) state;
	assert_true(hki_torture(spawn_and_free, NULL) > 10);
	assert_int_equal(before, count_open_fds());
}

static void a_forked_child_must_not_touch_the_parents_processes(void **state)
{
	fixture *f = *state;
	hk_process *process = fixture_start_command(f, COMMAND("sleep", "100"));
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		hk_process *other;
		hk_process_opts opts = fixture_opts(COMMAND("true"));

		if (hk_process_kill(process, SIGKILL) != -ECHILD ||
		    hk_process_kill_tree(process, SIGKILL) != -ECHILD ||
		    hk_process_stop(process) != -ECHILD ||
		    hk_process_spawn(&other, f->loop, &opts, NULL) != -ECHILD)
			_exit(1);
		hk_process_free(process);
		hk_loop_free(f->loop);
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	assert_int_equal(0, hk_process_kill(process, 0)); /* alive and ours */
	assert_int_equal(0, hk_process_kill(process, SIGTERM));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1, f->calls);
	assert_int_equal(SIGTERM, f->how.signal); /* ours, not the child's */
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_thousand_short_children_at_once),
		TEST(lack_of_memory_is_survived),
		TEST(a_forked_child_must_not_touch_the_parents_processes),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
