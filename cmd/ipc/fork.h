#ifndef HOSTKIT_CMD_IPC_FORK_H
#define HOSTKIT_CMD_IPC_FORK_H

#include <hostkit/ipc_fork.h>
#include "verb.h"

/*
 * `hostkit ipc fork` in parts: the options (fork.c), carrying them out (fork_act.c),
 * lines of standard input (fork_input.c), what is printed (fork_show.c).
 */
typedef struct fork_plan {
	const char *module;
	const char *const *args;
	const char *exec_path;  /* NULL: node */
	const char **exec_args; /* Owned; NULL-terminated */
	hk_ipc_serialization serialization;
	bool keep_open;    /* at the end of input the channel stays */
	uint64_t count;    /* messages after which we disconnect; 0: no limit */
	uint64_t grace_ns; /* from the disconnect to the certain end; 0: no limit */
} fork_plan;

/* Run it to its end.  Returns the exit code. */
int fork_act(const cmd_call *call, const fork_plan *plan);

/*
 * fork_input.c: standard input, a document a line.
 */
typedef struct fork_input fork_input;

/* One line: @value, or NULL and why it is none.  @value NULL without @error: the end. */
typedef void (*fork_line_fn)(
    const hk_json *value, const hk_json_error *error, void *user);

/* Owned: fork_input_free(), when the loop does not run.  Returns 0 or a negative errno. */
int fork_input_new(fork_input **out, hk_loop *loop, fork_line_fn fn, void *user);
/* Give no more lines for now, and go on; from inside the callback too. */
void fork_input_hold(fork_input *input);
void fork_input_release(fork_input *input);
/* Nobody wants lines any more. */
void fork_input_stop(fork_input *input);
void fork_input_free(fork_input *input);

/*
 * fork_show.c: messages as lines, or with --json as events.
 */
typedef struct fork_show fork_show;

/* @broken(@user) is called once, when stdout cannot be written to any more; that was told. */
int fork_show_new(fork_show **out, const cmd_call *call, hk_loop *loop,
    void (*broken)(void *user), void *user);
void fork_show_message(fork_show *show, hk_ipc_channel_message *message);
void fork_show_bad(fork_show *show, int code, const char *reason);
void fork_show_end(fork_show *show, int reason);
void fork_show_exit(fork_show *show, const hk_process_exit *how);
/* The exit code once stdout is broken; 0: everything could be printed so far. */
int fork_show_status(const fork_show *show);
void fork_show_free(fork_show *show);

#endif /* HOSTKIT_CMD_IPC_FORK_H */
