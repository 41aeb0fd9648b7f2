#ifndef HOSTKIT_CMD_IPC_SESSION_H
#define HOSTKIT_CMD_IPC_SESSION_H

#include <stdbool.h>
#include <hostkit/error.h>
#include <hostkit/ipc.h>
#include <hostkit/ipc_rpc.h>
#include <hostkit/json.h>
#include <hostkit/loop.h>
#include "base/buffer.h"
#include "base/envelope.h"
#include "verb.h"

/*
 * What the verbs of messages have in common: a loop that Ctrl-C ends in order, lines
 * on stdout that appear at once, and failures told in the same words.
 */
typedef struct ipc_session {
	const cmd_call *call;
	hk_loop *loop;
	hk_hook *flusher;
	hk_timer *deadline;
	hk_timer *silence;
	uint64_t wait_ns;      /* of --wait; 0: the server has to be there */
	uint64_t wait_by_ns;   /* of CLOCK_MONOTONIC, once it has begun */
	const char *silent;    /* the broker that has not answered yet, or NULL */
	hk_error_list *errors; /* of the library call that is being made */
	hk_json_writer *writer;
	hk_json_document *document;
	hki_envelope envelope; /* of --json */
	bool terminal;         /* stdout is one */
	bool stopped;
	bool interrupted; /* by a signal */
	int status;       /* the exit code */
} ipc_session;

/* Everything anew but what ipc_session_wait() has read of the command line; without that
 * @out is zeros before.  Returns 0, or the exit code after telling. */
int ipc_session_open(ipc_session *out, const cmd_call *call);
void ipc_session_close(ipc_session *session);

/* Turn until ipc_session_stop() or a signal.  Returns the exit code. */
int ipc_session_run(ipc_session *session);
void ipc_session_stop(ipc_session *session, int status);

/* Stop with @status when @after_ns have passed.  Returns 0 or an exit code. */
int ipc_session_limit(ipc_session *session, uint64_t after_ns, int status);

/* A broker at @url is to answer, soon: who does not is told to be none, and the session
 * ends.  Returns 0 or an exit code. */
int ipc_session_expect(ipc_session *session, const char *url);
/* It did. */
void ipc_session_answered(ipc_session *session);

/* ---- failing ---- */

/*
 * Tell that what was to be done with @url failed, by the errors collected or by @error,
 * and return the exit code.
 */
int ipc_fail(ipc_session *session, const char *doing, const char *url, int error);
/* The same as the end of the session; the first failure counts. */
void ipc_end_with(ipc_session *session, const char *doing, const char *url, int error);

/* ---- printing ---- */

/* One line, as it is; on a terminal control characters are escaped. */
void ipc_print(ipc_session *session, const char *text, size_t length);

/* An event of --json: the envelope is written; the caller adds members. */
hk_json_writer *ipc_event_begin(ipc_session *session, const char *schema);
/* Print it on one line. */
void ipc_event_end(ipc_session *session);

/* It has begun: on stderr "KIND at URL", with --json an event.  @url may be NULL. */
void ipc_tell_ready(
    ipc_session *session, const char *schema, const char *kind, const char *url);

/* A member "data" for bytes that are JSON, else "text" (and "text_base64"). */
void ipc_write_data(ipc_session *session, const char *bytes, size_t length);

/* ---- reading ---- */

/* Is @text one JSON value?  0, or the exit code after telling. */
int ipc_check_json(ipc_session *session, const char *text, size_t length);
/* The same for a line of standard input, whose number is told. */
int ipc_check_line(ipc_session *session, uint64_t line, const char *text, size_t length);

/* Standard input, line by line, whatever it is. */
typedef struct ipc_input {
	ipc_session *session;
	hk_watch *watch;
	hk_hook *idle; /* instead, for a file */
	hki_buffer text;
	size_t looked_at; /* bytes of it that have no line feed */
	uint64_t line;    /* the number of the one that is handed over, from 1 */
	bool paused;
	bool ended;
	/* A line without its line feed; empty ones are left out. */
	void (*on_line)(struct ipc_input *input, const char *line, size_t length);
	void (*on_end)(struct ipc_input *input);
	void *user;
} ipc_input;

/* @input has its callbacks set.  Returns 0 or an exit code. */
int ipc_input_start(ipc_input *input, ipc_session *session);
/* No lines until it is resumed; legal in on_line. */
void ipc_input_pause(ipc_input *input);
void ipc_input_resume(ipc_input *input);
void ipc_input_stop(ipc_input *input);

/* ---- dialing ---- */

/* The row of --wait, and what it says.  Returns 0 or an exit code. */
#define IPC_WAIT_OPTION(number)                                                          \
	{                                                                                \
		.id = (number), .letter = 'w', .name = "wait", .argument = "TIME",       \
		.help = "wait so long for somebody to listen at URL (not at all)"        \
	}
int ipc_session_wait(ipc_session *session, const cmd_call *call, const cmd_given *given);
/* Options of a connection that is dialed until somebody listens, within --wait. */
void ipc_session_patience(ipc_session *session, hk_ipc_opts *opts);
/* An attempt has failed for @reason: is there time and reason for another one? */
bool ipc_session_goes_on(const ipc_session *session, const hk_ipc *ipc, int reason);

/*
 * Dial for calls.  @opts may have callbacks; without on_close the session ends with what
 * went wrong.  Returns 0, or the exit code after telling.
 */
int ipc_dial(
    hk_ipc_rpc **out, ipc_session *session, const char *url, const hk_ipc_rpc_opts *opts);

#endif /* HOSTKIT_CMD_IPC_SESSION_H */
