#ifndef HOSTKIT_CMD_RUN_H
#define HOSTKIT_CMD_RUN_H

#include <sys/types.h>
#include <stdbool.h>
#include <hostkit/process.h>
#include "base/buffer.h"
#include "verb.h"

/*
 * `hostkit run` in three steps, a file each: the options become a plan
 * (run_plan.c, run_limits.c), the plan is carried out (run_act.c, with
 * run_signals.c and run_pty.c), and what came of it is told (run_report.c).
 */

/* The options.  One id a row; the resource limits follow RUN_LIMIT by their RLIMIT_ number. */
enum {
	RUN_NONE,
	RUN_TIMEOUT,
	RUN_KILL_AFTER,
	RUN_SIGNAL,
	RUN_KEEP_LEFTOVERS,
	RUN_TREE,
	RUN_PARENT_DEATH,
	RUN_SHELL,
	RUN_DETACH,
	RUN_REPORT,
	RUN_CWD,
	RUN_USER,
	RUN_GROUP,
	RUN_ENV,
	RUN_UNSET_ENV,
	RUN_CLEAR_ENV,
	RUN_ENV_FILE,
	RUN_STDIN,
	RUN_STDOUT,
	RUN_STDERR,
	RUN_APPEND,
	RUN_CAPTURE,
	RUN_MAX_OUTPUT,
	RUN_PTY,
	RUN_MEMORY,
	RUN_PIDS,
	RUN_CPUS,
	RUN_BEST_EFFORT,
	RUN_NICE,
	RUN_IO_CLASS,
	RUN_IO_LEVEL,
	RUN_AFFINITY,
	RUN_OOM_SCORE,
	RUN_UMASK,
	RUN_NEW_GROUP,
	RUN_NEW_SESSION,
	RUN_NO_NEW_PRIVILEGES,
	RUN_OPTION_COUNT,
	RUN_LIMIT = 100
};

extern const cmd_option run_options[];

#define RUN_LIMITS_MAX 16

/* What to do, complete.  The lists are owned; their texts are argv's or in `owned`. */
typedef struct run_plan {
	hk_process_opts process; /* argv, env … point into this plan */
	hk_process_run_opts run;
	bool capture; /* output is kept, and printed when the program has ended */
	bool report;
	bool detach;
	bool pty;
	bool shell;
	bool append;
	const char **argv;
	const char **env;
	size_t env_count;
	const char **env_unset;
	size_t env_unset_count;
	const char **env_files;
	size_t env_file_count;
	char **owned;
	size_t owned_count;
	hk_process_limit limits[RUN_LIMITS_MAX];
	uint32_t *cpus;
	hk_stop_step stop;
} run_plan;

/* 0, or an exit code after telling what is wrong.  Deinit in either case. */
int run_plan_make(run_plan *plan, const cmd_call *call);
void run_plan_deinit(run_plan *plan);

/* run_limits.c: the values of --limit-NAME and --affinity.  As run_plan_make(). */
int run_limit_read(hk_process_limit *out, const cmd_call *call, const cmd_given *given);
int run_cpus_read(
    uint32_t **out, size_t *out_count, const cmd_call *call, const cmd_given *given);

/* Start it, wait for its end, and tell.  Returns the exit code. */
int run_act(run_plan *plan, const cmd_call *call);

/* The same without waiting. */
int run_detached(run_plan *plan, const cmd_call *call);

/* Tell why nothing was started.  Returns 126, 127 or 125. */
int run_fail_start(const cmd_call *call, int error, const hk_error_list *errors);

/*
 * run_signals.c: what others send to us is meant for the program.
 */
typedef struct run_signals run_signals;

/*
 * Take in the signals worth passing on; from here on they wait for _forward().
 * Signals that are ignored already (nohup) stay ignored.  Owned: run_signals_free().
 * Returns 0 or a negative errno.
 */
int run_signals_new(run_signals **out);

/* Called for each signal instead of passing it on; true: it is dealt with. */
typedef bool (*run_signal_fn)(int number, void *user);

/*
 * Pass on what comes to @process.  What the terminal sends reaches the whole
 * foreground group by itself, so it is passed on only if the program has left
 * our group.  When the program stops, so do we, that the shell notices.
 */
int run_signals_forward(run_signals *signals, hk_loop *loop, hk_process *process,
    run_signal_fn fn, void *user);

/* The program has ended and its handle is gone: nothing is passed on any more. */
void run_signals_over(run_signals *signals);

/* Was the program interrupted from the keyboard? */
bool run_signals_interrupted(const run_signals *signals);
void run_signals_free(run_signals *signals);

/*
 * run_pty.c: between our streams and the terminal made for the program.
 */
typedef struct run_pty run_pty;

/*
 * Carry input to the terminal @master (Taken) and its output to our stdout, or
 * into memory, at most @keep_bytes of it, when @capture.  Puts our own terminal
 * into raw mode meanwhile.  Owned: run_pty_free().  Returns 0 or a negative errno.
 */
int run_pty_new(
    run_pty **out, hk_loop *loop, int master, bool capture, uint64_t keep_bytes);

/* Let the program's terminal begin with the size of ours, if we have one. */
void run_pty_begin_size(hk_process_opts *opts);

/* The size of our terminal has changed. */
void run_pty_resize(run_pty *pty);

/* The program has ended: carry what is left, and give the terminal back as it was. */
void run_pty_finish(run_pty *pty);

/* What was captured.  Borrowed. */
const hki_buffer *run_pty_output(const run_pty *pty, uint64_t *out_total);
void run_pty_free(run_pty *pty);

/* run_report.c: what came of it. */
typedef struct run_outcome {
	const run_plan *plan;
	const hk_process_result *result;
	const run_pty *pty; /* NULL: none */
} run_outcome;

/* Print what was asked for: the captured output, the report, the document.
 * Returns 0, or an exit code of its own. */
int run_report(const cmd_call *call, const run_outcome *outcome);
int run_report_detached(
    const cmd_call *call, const run_plan *plan, const hk_process_id *id);

#endif /* HOSTKIT_CMD_RUN_H */
