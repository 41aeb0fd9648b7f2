/*
 * Trees die together: programs whose children get away in five ways, ended in three
 * ways, followed at two levels, many times over.
 *
 * Every process of a tree inherits the writing end of a pipe.  When it is over, the
 * reading end must come to its end: as long as one of them lives, wherever it hid,
 * that cannot happen.  So survivors are counted exactly, without looking for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>
#include <hostkit/process.h>
#include "stress.h"

#define ROUNDS      1
#define PATIENCE_MS 20000
#define TIMEOUT_NS  100000000u

/* The script says on descriptor 3 that its children run, then stays. */
static const struct pattern {
	const char *name;
	const char *script;
} patterns[] = {
	{ "plain", "sleep 1000 & sleep 1000 & echo >&3; wait" },
	{ "setsid", "setsid sleep 1000 & setsid sleep 1000 & echo >&3; wait" },
	{ "double fork", "(sleep 1000 &); (sleep 1000 &); echo >&3; sleep 1000" },
	{ "setsid and double fork",
	    "(setsid sleep 1000 &); (setsid sleep 1000 &); echo >&3; sleep 1000" },
	/* Bounded, so that a machine that is slow to kill is not buried. */
	{ "forking all the time",
	    "f() { i=0; while [ $i -lt 200 ]; do (\"$1\" sleep 1000 &); i=$((i + 1)); "
	    "echo >&3; done; }; f env & f setsid; wait" },
};
#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

typedef enum cause { STOPPED, CRASHED, TIMED_OUT, ENDINGS } cause;

static const char *const ending_names[] = { "stop", "crash", "timeout" };

static const struct level {
	hk_tree tree;
	const char *name;
} levels[] = { { HK_TREE_CGROUP, "cgroup" }, { HK_TREE_REAPER, "reaper" } };
#define LEVELS (sizeof(levels) / sizeof(levels[0]))

typedef struct trial {
	hk_loop *loop;
	hk_process *process;       /* stop and crash */
	hk_process_runner *runner; /* timeout */
	cause ending;
	int pipe;
	bool asked;   /* the end was brought about */
	bool ended;   /* we were told that it is over */
	bool drained; /* nobody holds the pipe any more */
	bool wrong;   /* the result says something else than what was done */
} trial;

static void look(trial *self)
{
	if (self->ended && self->drained)
		hk_loop_stop(self->loop, 0);
}

static void exited(hk_process *process, const hk_process_exit *how, void *user)
{
	trial *self = user;

	(void) process;
	self->ended = true;
	self->wrong = how->end != HK_END_SIGNAL;
	look(self);
}

static void run_done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	trial *self = user;

	(void) runner;
	self->ended = true;
	self->wrong = !result->timed_out || result->survivors != 0;
	hk_process_result_free(result);
	look(self);
}

static void bring_the_end(trial *self)
{
	int r = 0;

	if (self->asked)
		return;
	self->asked = true;
	if (self->ending == STOPPED)
		r = hk_process_stop(self->process);
	else if (self->ending == CRASHED)
		r = hk_process_kill(self->process, SIGSEGV);
	stress_need(r == 0, "the end could not be asked for");
}

static void readable(hk_watch *watch, unsigned int events, void *user)
{
	trial *self = user;
	char bytes[4096];
	ssize_t count = read(self->pipe, bytes, sizeof(bytes));

	(void) events;
	if (count > 0) {
		bring_the_end(self);
	} else if (count == 0) {
		self->drained = true;
		stress_need(hk_watch_set(watch, 0) == 0, "the watch cannot be paused");
		look(self);
	}
}

static void give_up(hk_timer *timer, void *user)
{
	(void) timer;
	hk_loop_stop(user, 0);
}

/* Start the tree; its processes alone hold the writing end afterwards. */
static int start(trial *self, const struct pattern *pattern, hk_tree tree, int held)
{
	const char *const argv[] = { "sh", "-c", pattern->script, NULL };
	const hk_process_fd fds[] = { { held, 3 } };
	const hk_stop_step steps[] = { { SIGTERM, 0, 1000000 } };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;

	opts.argv = argv;
	opts.fds = fds;
	opts.fd_count = 1;
	opts.tree = tree;
	opts.stop_steps = steps;
	opts.stop_step_count = 1;
	for (int i = 0; i < 3; i++)
		opts.stdio[i].kind = HK_STDIO_NULL;
	opts.on_exit = exited;
	opts.user_data = self;
	if (self->ending != TIMED_OUT)
		return hk_process_spawn(&self->process, self->loop, &opts, NULL);
	run.process = &opts;
	run.timeout_ns = TIMEOUT_NS;
	run.on_done = run_done;
	run.user = self;
	return hk_process_run_start(&self->runner, self->loop, &run, NULL);
}

/* 1: all died, 0: somebody lives on, or a negative errno: the level cannot be had. */
static int try_once(
    hk_loop *loop, const struct pattern *pattern, cause ending, hk_tree tree)
{
	trial self = { .loop = loop, .ending = ending };
	hk_watch *watch = NULL;
	hk_timer *patience = NULL;
	int ends[2];
	int r;

	stress_need(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "no pipe");
	self.pipe = ends[0];
	r = start(&self, pattern, tree, ends[1]);
	close(ends[1]);
	if (r == 0) {
		stress_need(hk_watch_start(
				&watch, loop, ends[0], HK_READABLE, readable, &self) == 0,
		    "no watch");
		stress_need(
		    hk_timer_after(&patience, loop, PATIENCE_MS, give_up, loop) == 0,
		    "no timer");
		stress_need(hk_loop_run(loop) == 0, "the loop failed");
		r = self.ended && self.drained && !self.wrong;
	}
	hk_timer_free(patience);
	hk_watch_free(watch);
	hk_process_free(self.process);
	hk_process_runner_free(self.runner);
	close(ends[0]);
	return r;
}

static void try_pattern(hk_loop *loop, const struct level *level,
    const struct pattern *pattern, unsigned int rounds)
{
	for (cause ending = STOPPED; ending < ENDINGS; ending++) {
		unsigned int survived = 0;
		int r = 0;

		for (unsigned int i = 0; i < rounds && r >= 0; i++) {
			r = try_once(loop, pattern, ending, level->tree);
			survived += r == 0;
		}
		if (r < 0)
			stress_skip("%s, %s, %s: this level cannot be had here (%s)",
			    level->name, pattern->name, ending_names[ending],
			    hk_error_name(r));
		else
			stress_check(survived == 0, "%s, %s, %s: %u of %u trees lived on",
			    level->name, pattern->name, ending_names[ending], survived,
			    rounds);
	}
}

int main(void)
{
	unsigned int rounds = ROUNDS * stress_factor();
	hk_loop *loop = NULL;
	hk_reaper *reaper = NULL;

	stress_plan(LEVELS * PATTERNS * ENDINGS);
	stress_need(hk_loop_new(&loop) == 0, "no loop");
	stress_need(hk_reaper_new(&reaper, loop) == 0, "no reaper");
	for (size_t i = 0; i < LEVELS; i++)
		for (size_t j = 0; j < PATTERNS; j++)
			try_pattern(loop, &levels[i], &patterns[j], rounds);
	hk_reaper_free(reaper);
	hk_loop_free(loop);
	return stress_status();
}
