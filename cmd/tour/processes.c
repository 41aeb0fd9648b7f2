/*
 * Chapter: processes.
 *
 * Real programs are started, read, timed out and ended.  What became of each is
 * asked of the kernel by identity, never taken from our own word: a process
 * counts as gone when its PID@START is, so a reused id can neither hide a
 * survivor nor invent one.
 */
#include "tour.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/loop.h>
#include <hostkit/process.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* ---- running one program to its end, on the chapter's loop ---- */

struct outcome {
	hk_process_result *result;
};

static void on_done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	struct outcome *outcome = user;

	(void) runner;
	outcome->result = result;
}

/* On the loop rather than blocking, so that the chapter's reaper sees orphans. */
static int run_here(hk_process_result **out, hk_loop *loop, hk_process_run_opts *opts,
    hk_error_list *errors)
{
	hk_process_runner *runner = NULL;
	struct outcome outcome = { NULL };
	int r;

	opts->on_done = on_done;
	opts->user = &outcome;
	r = hk_process_run_start(&runner, loop, opts, errors);
	if (r < 0)
		return r;
	while (r >= 0 && outcome.result == NULL)
		r = hk_loop_run_once(loop, -1);
	hk_process_runner_free(runner);
	if (r < 0) {
		hk_process_result_free(outcome.result);
		return r;
	}
	*out = outcome.result;
	return 0;
}

static void capture(hk_process_opts *process)
{
	process->stdio[0].kind = HK_STDIO_NULL;
	process->stdio[1].kind = HK_STDIO_PIPE;
	process->stdio[2].kind = HK_STDIO_PIPE;
	process->tree = HK_TREE_AUTO;
}

/* ---- the steps ---- */

static void show_capture(struct tour *tour, hk_loop *loop)
{
	const char *const argv[] = { "sh", "-c",
		"echo to stdout; echo to stderr >&2; exit 7", NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result = NULL;
	int r;

	tour_step(tour, "Run a program that writes to both streams and exits with 7.");
	process.argv = argv;
	capture(&process);
	opts.process = &process;
	r = run_here(&result, loop, &opts, NULL);
	if (r < 0) {
		tour_broken(tour, "sh can be run", r);
		return;
	}
	tour_saw(tour,
	    "pid %" PRId64 ", %.2f ms, user %.2f ms, system %.2f ms, peak %" PRIu64
	    " KiB",
	    result->id.pid, (double) result->exit.wall_ns / 1e6,
	    (double) result->exit.user_ns / 1e6, (double) result->exit.system_ns / 1e6,
	    result->exit.max_rss_bytes / 1024);
	tour_check(tour,
	    strcmp(result->stdout_data, "to stdout\n") == 0 &&
		strcmp(result->stderr_data, "to stderr\n") == 0,
	    "the two streams arrive apart", "%zu and %zu bytes", result->stdout_length,
	    result->stderr_length);
	tour_check(tour, result->exit.end == HK_END_CODE && result->exit.code == 7,
	    "the exit code is the program's own", "%d", result->exit.code);
	hk_process_result_free(result);
}

static void show_failure(struct tour *tour, hk_loop *loop)
{
	const char *const argv[] = { "/no/such/program", NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_error_list *errors = NULL;
	hk_process *child = NULL;
	const hk_error *error;
	char text[256] = "nothing";
	int r;

	tour_step(tour, "Start a program that does not exist.");
	if (hk_error_list_new(&errors) < 0)
		return;
	process.argv = argv;
	r = hk_process_spawn(&child, loop, &process, errors);
	error = hk_error_list_get(errors, 0);
	if (error != NULL)
		(void) hk_error_format(text, sizeof(text), error);
	tour_saw(tour, "%s", text);
	tour_wrong(tour, "an event later, about a process with the id 'undefined'");
	tour_check(tour,
	    r == -ENOENT && child == NULL && error != NULL &&
		strcmp(error->step, "exec") == 0,
	    "the call itself fails, and names the step", "%s at step '%s'",
	    hk_error_name(r), error == NULL ? "" : error->step);
	hk_process_free(child);
	hk_error_list_free(errors);
}

static void show_no_shell(struct tour *tour, hk_loop *loop)
{
	static const char evil[] = "$(echo run by a shell); `id` && rm";
	const char *const argv[] = { "printf", "%s", evil, NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result = NULL;
	int r;

	tour_step(tour, "Hand a program an argument that a shell would execute.");
	process.argv = argv;
	capture(&process);
	opts.process = &process;
	r = run_here(&result, loop, &opts, NULL);
	if (r < 0) {
		tour_broken(tour, "printf can be run", r);
		return;
	}
	tour_wrong(tour, "exec(command) gives the text to a shell");
	tour_check(tour, strcmp(result->stdout_data, evil) == 0,
	    "it arrives as it is: no shell is involved", "%s", result->stdout_data);
	hk_process_result_free(result);
}

static void show_limit(struct tour *tour, hk_loop *loop)
{
	const char *const argv[] = { "head", "-c", "20000000", "/dev/zero", NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result = NULL;
	int r;

	tour_step(tour, "Run a program that prints 20 MB, keeping at most 64 KiB.");
	process.argv = argv;
	capture(&process);
	opts.process = &process;
	opts.max_output_bytes = 65536;
	r = run_here(&result, loop, &opts, NULL);
	if (r < 0) {
		tour_broken(tour, "head can be run", r);
		return;
	}
	tour_check(tour,
	    result->stdout_cut && result->stdout_length == 65536 &&
		result->stdout_total == 20000000,
	    "the rest is read, counted and dropped, and the result says so",
	    "%zu of %" PRIu64 " bytes kept", result->stdout_length, result->stdout_total);
	tour_check(tour, result->exit.end == HK_END_CODE && result->exit.code == 0,
	    "the program is not killed by a full pipe", "exit code %d",
	    result->exit.code);
	hk_process_result_free(result);
}

static void show_timeout(struct tour *tour, hk_loop *loop)
{
	const char *const argv[] = { "sh", "-c",
		"(setsid sh -c 'echo $$; exec sleep 300' &) ; exec sleep 300", NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result = NULL;
	hk_process_id orphan = { 0, 0, 0 };
	bool gone;
	int r;

	tour_step(tour, "Run a program that never ends, and lose patience.");
	process.argv = argv;
	capture(&process);
	opts.process = &process;
	opts.timeout_ns = 300 * HKI_NS_PER_MS;
	r = run_here(&result, loop, &opts, NULL);
	/* On a busy machine it may take longer until the orphan has said who it is. */
	while (
	    r == 0 && result->stdout_length == 0 && opts.timeout_ns < 60 * HKI_NS_PER_S) {
		hk_process_result_free(hki_take(result));
		opts.timeout_ns *= 4;
		r = run_here(&result, loop, &opts, NULL);
	}
	if (r < 0) {
		tour_broken(tour, "sh can be run", r);
		return;
	}
	orphan.pid = strtol(result->stdout_data, NULL, 10);
	gone =
	    orphan.pid > 0 && hk_process_id_read(&orphan, (pid_t) orphan.pid) == -ESRCH;
	tour_wrong(tour, "exec's timeout kills the shell; what the shell started stays");
	tour_check(tour, result->timed_out,
	    "the time limit is told apart from an ordinary end",
	    "timed out after %.0f ms, signal %s", (double) result->exit.wall_ns / 1e6,
	    result->exit.end == HK_END_SIGNAL ? hk_signal_name(result->exit.signal)
					      : "none");
	tour_check(tour, gone && result->survivors == 0,
	    "the orphan in a session of its own is gone too",
	    "pid %" PRId64 ", %u survivors", orphan.pid, result->survivors);
	hk_process_result_free(result);
}

static void show_identity(struct tour *tour, hk_loop *loop)
{
	const char *const argv[] = { "sleep", "300", NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	char text[HK_PROCESS_ID_TEXT_MAX];
	hk_process *child = NULL;
	hk_process_id id;
	hk_process_id other;
	int stale;
	int r;

	tour_step(tour, "Name a process for ever, and signal by that name.");
	opts.argv = argv;
	opts.tree = HK_TREE_NONE;
	r = hk_process_spawn(&child, loop, &opts, NULL);
	if (r < 0) {
		tour_broken(tour, "sleep can be started", r);
		return;
	}
	id = hk_process_identity(child);
	(void) hk_process_id_format(text, sizeof(text), &id);
	tour_saw(tour, "its name is %s", text);

	/* As if an earlier process had had the id: it started before, the id is the same. */
	other = id;
	other.start_ticks--;
	stale = hk_process_id_kill(&other, SIGKILL);
	tour_wrong(tour, "kill(pid) minutes later hits whoever has the number by then");
	tour_check(tour, stale == -ESRCH && hk_process_id_kill(&id, 0) == 0,
	    "a name from before the number was reused hits nobody", "%s",
	    stale == 0 ? "it was hit" : hk_error_name(stale));
	r = hk_process_id_kill(&id, SIGKILL);
	tour_check(tour, r == 0, "the right name hits it", "%s",
	    r == 0 ? "signalled" : hk_error_name(r));
	hk_process_free(child);
}

void tour_chapter_processes(struct tour *tour)
{
	hk_reaper *reaper = NULL;
	hk_loop *loop = NULL;
	int r;

	r = hk_loop_new(&loop);
	if (r >= 0)
		r = hk_reaper_new(&reaper, loop);
	if (r < 0) {
		tour_broken(tour, "a loop with a reaper can be made", r);
	} else {
		show_capture(tour, loop);
		show_failure(tour, loop);
		show_no_shell(tour, loop);
		show_limit(tour, loop);
		tour_trees(tour, loop);
		show_timeout(tour, loop);
		show_identity(tour, loop);
		tour_supervise(tour, loop);
	}
	hk_reaper_free(reaper);
	hk_loop_free(loop);
}
