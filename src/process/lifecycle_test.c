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

/* From start to burial: states, ends, stops, frees, lists, spawners, forks. */

typedef struct fixture {
	hk_loop *loop;
	hk_process *process;
	hk_process_exit how;
	int calls;
} fixture;

static void on_exit_noted(hk_process *process, const hk_process_exit *how, void *user)
{
	fixture *f = user;

	assert_ptr_equal(process, f->process);
	f->how = *how;
	f->calls++;
}

static int set_up(void **state)
{
	fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return hk_loop_new(&f->loop);
}

/* No process and no zombie may be left by any test. */
static int tear_down(void **state)
{
	fixture *f = *state;

	hk_process_free(f->process);
	hk_loop_free(f->loop);
	free(f);
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
	assert_int_equal(ECHILD, errno);
	return 0;
}

static hk_process_opts quiet_opts(const char *const *argv)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	opts.argv = argv;
	return opts;
}

static hk_process *start(fixture *f, const hk_process_opts *given)
{
	hk_process_opts opts = *given;

	opts.on_exit = on_exit_noted;
	opts.user_data = f;
	assert_int_equal(0, hk_process_spawn(&f->process, f->loop, &opts, NULL));
	return f->process;
}

static hk_process *start_command(fixture *f, const char *const *argv)
{
	hk_process_opts opts = quiet_opts(argv);

	return start(f, &opts);
}

static void the_end_is_told_once_and_later(void **state)
{
	fixture *f = *state;
	hk_process *process = start_command(f, COMMAND("sh", "-c", "exit 3"));

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
	hk_process *process = start_command(f, COMMAND("true"));
	hk_process_id id = hk_process_identity(process);
	hk_process_id after;

	assert_true(id.pid > 0 && id.start_ticks > 0);
	assert_int_equal(0, hk_loop_run(f->loop));
	after = hk_process_identity(process);
	assert_memory_equal(&id, &after, sizeof(id));
}

/* Hundreds, so that ticks of the clock fall into some of the starts. */
static void identity_is_what_proc_says(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = quiet_opts(COMMAND("sleep", "100"));

	for (int i = 0; i < 300; i++) {
		hk_process_id known;
		hk_process_id read;

		known = hk_process_identity(start(f, &opts));
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
	hk_process *process = start_command(f, COMMAND("sleep", "100"));

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
	hk_process_opts opts = quiet_opts(COMMAND("cat"));
	char text[16];
	int in;
	int out;

	opts.stdio[0].kind = HK_STDIO_PIPE;
	opts.stdio[1].kind = HK_STDIO_PIPE;
	(void) start(f, &opts);
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
	hk_process_opts opts = quiet_opts(COMMAND(
	    "sh", "-c", "trap 'exit 9' TERM; echo; while :; do sleep 0.01; done"));
	char line;

	opts.stdio[1].kind = HK_STDIO_PIPE;
	(void) start(f, &opts);
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
	hk_process_opts opts = quiet_opts(
	    COMMAND("sh", "-c", "trap '' TERM; echo; while :; do sleep 0.01; done"));
	char line;

	opts.stop_steps = steps;
	opts.stop_step_count = count;
	opts.stdio[1].kind = HK_STDIO_PIPE;
	(void) start(f, &opts);
	fcntl(hk_process_stdio(f->process, 1), F_SETFL, 0);
	assert_int_equal(1, read(hk_process_stdio(f->process, 1), &line, 1));
}

static void the_steps_follow_each_other(void **state)
{
	fixture *f = *state;
	const hk_stop_step steps[] = { { SIGTERM, 0, 30 * HKI_NS_PER_MS },
		{ SIGINT, 0, 5 * HKI_NS_PER_S } };
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
	assert_true(hki_clock_monotonic_ns() - began < 10 * HKI_NS_PER_S);
	assert_int_equal(SIGKILL, f->how.signal);
}

static void freeing_kills_and_is_silent(void **state)
{
	fixture *f = *state;
	pid_t pid = hk_process_pid(start_command(f, COMMAND("sleep", "100")));

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
	    quiet_opts(COMMAND("sh", "-c", "sleep 100 & echo $!; wait"));
	char text[32] = "";
	pid_t grandchild;

	opts.stdio[1].kind = HK_STDIO_PIPE;
	(void) start(f, &opts);
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
	hk_process_opts opts = quiet_opts(COMMAND("sh", "-c", "exit 6"));
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
	hk_process_opts opts = quiet_opts(COMMAND("sh", "-c", "read line; exit 0"));
	siginfo_t info;
	pid_t pid;
	int in;

	opts.stdio[0].kind = HK_STDIO_PIPE;
	pid = hk_process_pid(start(f, &opts));
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

static void a_loop_may_go_before_its_handles(void **state)
{
	fixture *f = *state;
	pid_t pid = hk_process_pid(start_command(f, COMMAND("sleep", "100")));

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
	pid_t pid = hk_process_pid(start_command(f, COMMAND("sleep", "100")));

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
	pid_t pid = hk_process_pid(start_command(f, COMMAND("sh", "-c", "exit 3")));

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
	(void) start_command(f, COMMAND("sh", "-c", "exit 3"));
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

	id = hk_process_identity(start_command(f, COMMAND("sleep", "100")));
	hk_process_detach(f->process);
	f->process = NULL;
	assert_int_equal(0, hk_process_adopt(&adopted, f->loop, &id, on_exit_noted, f));
	f->process = adopted;
	assert_int_equal(HK_PROCESS_RUNNING, hk_process_get_state(adopted));
	assert_int_equal(0, hk_process_kill(adopted, SIGTERM));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1, f->calls);
	id.start_ticks++;
	assert_int_equal(
	    -ESRCH, hk_process_adopt(&adopted, f->loop, &id, on_exit_noted, f));
}

/* ---- lists ---- */

static void the_registry_lists_what_lives_and_what_failed(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = quiet_opts(COMMAND("sleep", "100"));
	hk_process_list *list;
	const hk_process_info *info;
	hk_process *second;
	hk_process *none;

	opts.name = "first";
	(void) start(f, &opts);
	opts.argv = COMMAND("/bin/sh", "-c", "exit 2");
	opts.name = NULL;
	assert_int_equal(0, hk_process_spawn(&second, f->loop, &opts, NULL));
	opts.argv = COMMAND("no-such-program", "argument");
	assert_int_equal(-ENOENT, hk_process_spawn(&none, f->loop, &opts, NULL));
	while (hk_process_get_exit(second) == NULL)
		assert_int_equal(1, hk_loop_run_once(f->loop, -1));

	assert_int_equal(0, hk_process_list_new(&list, f->loop));
	assert_int_equal(3, hk_process_list_count(list));
	info = hk_process_list_get(list, 0);
	assert_string_equal("first", info->name);
	assert_int_equal(HK_PROCESS_RUNNING, info->state);
	assert_int_equal(hk_process_pid(f->process), info->pid);
	assert_int_equal(2, info->command.count);
	assert_string_equal("100", info->command.items[1]);
	assert_true(info->start_time_s > 1.6e9);
	info = hk_process_list_get(list, 1);
	assert_string_equal("sh", info->name);
	assert_int_equal(HK_PROCESS_EXITED, info->state);
	assert_int_equal(2, info->exit_code);
	assert_true(info->end_time_s >= info->start_time_s);
	info = hk_process_list_get(list, 2);
	assert_int_equal(HK_PROCESS_FAILED, info->state);
	assert_string_equal("no-such-program", info->name);
	assert_string_equal("exec: no such file or directory", info->error);
	assert_null(hk_process_list_get(list, 3));
	hk_process_free(second); /* the list is a copy */
	assert_string_equal("sh", hk_process_list_get(list, 1)->name);
	hk_process_list_free(list);
}

static void only_the_last_failures_are_kept(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = quiet_opts(COMMAND("no-such-program"));
	hk_process_list *list;
	hk_process *none;
	char name[16];

	opts.name = name;
	for (int i = 0; i < 40; i++) {
		(void) snprintf(name, sizeof(name), "number %d", i);
		assert_int_equal(-ENOENT, hk_process_spawn(&none, f->loop, &opts, NULL));
	}
	assert_int_equal(0, hk_process_list_new(&list, f->loop));
	assert_int_equal(32, hk_process_list_count(list));
	assert_string_equal("number 8", hk_process_list_get(list, 0)->name);
	assert_string_equal("number 39", hk_process_list_get(list, 31)->name);
	hk_process_list_free(list);
}

static void a_process_is_found_by_id_until_it_ends(void **state)
{
	fixture *f = *state;
	pid_t pid;

	assert_null(hk_process_find(f->loop, 1));
	pid = hk_process_pid(start_command(f, COMMAND("true")));
	assert_ptr_equal(f->process, hk_process_find(f->loop, pid));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_null(hk_process_find(f->loop, pid));
}

static void records_are_named_by_their_table(void **state)
{
	fixture *f = *state;
	hk_process_list *list;
	char text[64];
	int index = hk_record_find(&hk_process_info_type, "state");

	(void) start_command(f, COMMAND("sleep", "100"));
	assert_int_equal(0, hk_process_list_new(&list, f->loop));
	assert_true(index >= 0);
	(void) hk_record_format(text, sizeof(text), &hk_process_info_type,
	    hk_process_list_get(list, 0), (unsigned int) index);
	assert_string_equal("running", text);
	hk_process_list_free(list);
}

/* ---- many ---- */

static void count_and_free(hk_process *process, const hk_process_exit *how, void *user)
{
	if (how->end == HK_END_CODE && how->code == 0)
		++*(int *) user;
	hk_process_free(process);
}

static void a_thousand_short_children_at_once(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = quiet_opts(COMMAND("/bin/true"));
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

/* ---- forked children of the host ---- */

static void a_forked_child_must_not_touch_the_parents_processes(void **state)
{
	fixture *f = *state;
	hk_process *process = start_command(f, COMMAND("sleep", "100"));
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		hk_process *other;
		hk_process_opts opts = quiet_opts(COMMAND("true"));

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
}

/* ---- spawners ---- */

static void a_spawner_starts_it_later(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = quiet_opts(COMMAND("sh", "-c", "exit 5"));

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) start(f, &opts);
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
	hk_process_opts opts = quiet_opts(COMMAND("/no/such/program"));
	hk_process_list *list;

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) start(f, &opts);
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
	hk_process_opts opts = quiet_opts(COMMAND("sleep", "100"));

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) start(f, &opts);
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
	hk_process_opts opts = quiet_opts(COMMAND("sleep", "100"));

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	for (int i = 0; i < 20; i++) {
		(void) start(f, &opts);
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
	hk_process_opts opts = quiet_opts(COMMAND("sleep", "100"));

	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, f->loop));
	(void) start(f, &opts);
	hk_loop_free(f->loop);
	f->loop = NULL;
	hk_process_free(f->process);
	f->process = NULL;
	hk_process_spawner_free(opts.spawner);
}

static void a_spawner_belongs_to_its_loop(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = quiet_opts(COMMAND("true"));
	hk_process *process;
	hk_loop *other;

	assert_int_equal(0, hk_loop_new(&other));
	assert_int_equal(0, hk_process_spawner_new(&opts.spawner, other));
	assert_int_equal(-EINVAL, hk_process_spawn(&process, f->loop, &opts, NULL));
	hk_process_spawner_free(opts.spawner);
	hk_loop_free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(a_loop_may_go_before_its_handles),
		TEST(a_loop_takes_the_buried_with_it),
		TEST(a_host_that_collects_our_child_leaves_the_end_known_or_unknown),
		TEST(a_host_that_ignores_sigchld_does_not_confuse_us),
		TEST(an_adopted_process_is_watched_to_its_end),
		TEST(the_registry_lists_what_lives_and_what_failed),
		TEST(only_the_last_failures_are_kept),
		TEST(a_process_is_found_by_id_until_it_ends),
		TEST(records_are_named_by_their_table),
		TEST(a_thousand_short_children_at_once),
		TEST(lack_of_memory_is_survived),
		TEST(a_forked_child_must_not_touch_the_parents_processes),
		TEST(a_spawner_starts_it_later),
		TEST(a_failure_in_a_spawner_is_told_as_an_end),
		TEST(a_stop_during_the_start_comes_after_it),
		TEST(a_free_during_the_start_leaves_nothing),
		TEST(a_loop_may_go_during_a_start),
		TEST(a_spawner_belongs_to_its_loop),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
