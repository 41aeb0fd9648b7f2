/*
 * The frame around every verb of messages.
 *
 * Lines for stdout gather while the loop is busy and leave before it waits, so that a
 * flood is cheap and a single message is not held back.
 */
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "ending.h"
#include "exit.h"
#include "output/fail.h"
#include "output/text.h"
#include "values.h"

/* Of what is refused, in bytes. */
#define SHOWN_MAX ((size_t) 60)
/* What takes a connection and has not answered for so long is no broker. */
#define SILENCE_NS (10 * HKI_NS_PER_S)

/* ---- its life ---- */

static void told_to_end(void *user)
{
	ipc_session *session = user;

	session->interrupted = true;
	ipc_session_stop(session, session->status);
}

static void on_prepare(hk_hook *hook, void *user)
{
	ipc_session *session = user;

	(void) hook;
	/* What hung until we were told to end has failed for that reason alone. */
	(void) fflush(stdout);
	if (cmd_ending_is_told())
		return;
	/* At once, because only now the reason is known. */
	if (cmd_close_stdout(&session->call->output, CMD_EXIT_OK) != CMD_EXIT_OK)
		ipc_session_stop(session, CMD_EXIT_FAILED);
}

static int open_all(ipc_session *session)
{
	int r;

	if ((r = hk_loop_new(&session->loop)) < 0 ||
	    (r = cmd_ending_start(session->loop, told_to_end, session)) < 0 ||
	    (r = hk_hook_start(&session->flusher, session->loop, HK_HOOK_PREPARE,
		 on_prepare, session)) < 0 ||
	    (r = hk_error_list_new(&session->errors)) < 0 ||
	    (r = hk_json_document_new(&session->document, NULL)) < 0)
		return r;
	return hk_json_writer_new(&session->writer, 0);
}

int ipc_session_open(ipc_session *out, const cmd_call *call)
{
	uint64_t wait_ns = out->wait_ns; /* was read before */
	int r;

	memset(out, 0, sizeof(*out));
	out->wait_ns = wait_ns;
	out->call = call;
	out->terminal = isatty(STDOUT_FILENO) == 1;
	hki_envelope_init(&out->envelope);
	r = open_all(out);
	if (r == 0)
		return 0;
	ipc_session_close(out);
	return cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL, "cannot start");
}

void ipc_session_close(ipc_session *session)
{
	hk_timer_free(session->deadline);
	hk_timer_free(session->silence);
	hk_hook_free(session->flusher);
	cmd_ending_stop();
	hk_json_writer_free(session->writer);
	hk_json_document_free(session->document);
	hk_error_list_free(session->errors);
	hk_loop_free(session->loop);
}

void ipc_session_stop(ipc_session *session, int status)
{
	if (!session->stopped)
		session->status = status;
	session->stopped = true;
	hk_loop_stop(session->loop, 0);
}

int ipc_session_run(ipc_session *session)
{
	int r = 0;

	if (!session->stopped)
		r = hk_loop_run(session->loop);
	if (r < 0)
		return cmd_fail(&session->call->output, CMD_EXIT_FAILED, r, NULL,
		    "cannot wait for messages");
	if (cmd_ending_is_told())
		cmd_ending_stop();
	return cmd_close_stdout(&session->call->output, session->status);
}

/* A timer that keeps nobody waiting.  0, or the exit status after saying why not. */
static int set_limit(
    hk_timer **out, ipc_session *session, uint64_t after_ns, hk_timer_fn fn)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r;

	opts.after_ns = after_ns;
	opts.fn = fn;
	opts.user = session;
	opts.background = 1;
	r = hk_timer_start(out, session->loop, &opts);
	if (r < 0)
		return cmd_fail(&session->call->output, CMD_EXIT_FAILED, r, NULL,
		    "cannot set the time limit");
	return 0;
}

/* Who has not answered until now will not. */
static void end_silent(ipc_session *session)
{
	ipc_session_stop(
	    session, cmd_fail(&session->call->output, CMD_EXIT_ABSENT, 0,
			 "'hostkit ipc serve' makes a broker",
			 "'%s' does not answer: it is no broker, or it is stopped",
			 session->silent));
}

static void on_silence(hk_timer *timer, void *user)
{
	ipc_session *session = user;

	(void) timer;
	if (session->silent != NULL)
		end_silent(session);
}

int ipc_session_expect(ipc_session *session, const char *url)
{
	session->silent = url;
	return set_limit(
	    &session->silence, session, SILENCE_NS + session->wait_ns, on_silence);
}

void ipc_session_answered(ipc_session *session)
{
	session->silent = NULL;
}

static void on_limit(hk_timer *timer, void *user)
{
	ipc_session *session = user;

	(void) timer;
	if (!session->stopped && session->silent != NULL)
		end_silent(session);
	if (!session->stopped && session->status == CMD_EXIT_NO)
		(void) cmd_fail(&session->call->output, CMD_EXIT_NO, 0, NULL,
		    "not enough came in time");
	ipc_session_stop(session, session->status);
}

int ipc_session_limit(ipc_session *session, uint64_t after_ns, int status)
{
	session->status = status;
	return set_limit(&session->deadline, session, after_ns, on_limit);
}

/* ---- failing ---- */

static int exit_of(int error)
{
	switch (error) {
	case HK_EPARSE:
	case -EINVAL:
	case -EPROTONOSUPPORT: /* a URL of another kind than the verb is for */
		return CMD_EXIT_USAGE;
	case -ECONNREFUSED:
	case -ENXIO:
		return CMD_EXIT_NOT_RUNNING;
	case HK_ENONAME:
		return CMD_EXIT_ABSENT;
	default:
		return cmd_exit_from_error(error);
	}
}

/* Has the verb an option that gives more time? */
static bool has_timeout(const ipc_session *session)
{
	const cmd_option *option = session->call->verb->options;

	while (option != NULL && option->name != NULL &&
	       strcmp(option->name, "timeout") != 0)
		option++;
	return option != NULL && option->name != NULL;
}

static const char *hint_of_pipe(int error)
{
	switch (error) {
	case -ENOENT:
		return "'hostkit ipc listen' makes the pipe, and so does mkfifo";
	case -ENXIO:
		return "nobody reads from the pipe";
	case -EACCES:
	case -EPERM:
		return "the mode of the pipe says who may write to it";
	default:
		return NULL;
	}
}

static const char *hint_of_datagram(int error)
{
	switch (error) {
	case -ECONNREFUSED:
		return "nobody receives there; 'hostkit ipc listen' does";
	case -EMSGSIZE:
		return "a datagram has at most 65507 bytes, and 1200 to another machine; "
		       "larger messages go over unix: or tcp:";
	case -EADDRINUSE:
		return "somebody receives there already";
	default:
		return NULL;
	}
}

static const char *hint_of_connection(const ipc_session *session, int error)
{
	switch (error) {
	case HK_ENONAME:
		return "no host of this name is known";
	case -ECONNREFUSED:
	case -ENOENT:
		return "nobody listens there; 'hostkit ipc serve' and 'hostkit ipc "
		       "listen' do";
	case -EADDRINUSE:
		return "somebody listens there already";
	case -EACCES:
	case -EPERM:
		return "a socket is open to its own user unless its server says "
		       "otherwise";
	case -EMSGSIZE:
		return "a message has at most 1 MiB; send more in pieces, or as a file";
	case -ETIMEDOUT:
		return has_timeout(session) ? "--timeout gives it longer" : NULL;
	default:
		return NULL;
	}
}

static const char *hint_of(const ipc_session *session, const char *url, int error)
{
	if (strncmp(url, "udp:", 4) == 0)
		return hint_of_datagram(error);
	if (strncmp(url, "fifo:", 5) == 0)
		return hint_of_pipe(error);
	return hint_of_connection(session, error);
}

int ipc_fail(ipc_session *session, const char *doing, const char *url, int error)
{
	const cmd_output *output = &session->call->output;

	if (hk_error_list_count(session->errors) > 0)
		return cmd_fail_list(output, exit_of(error), error, session->errors);
	return cmd_fail(output, exit_of(error), error, hint_of(session, url, error),
	    "cannot %s '%s'", doing, url);
}

void ipc_end_with(ipc_session *session, const char *doing, const char *url, int error)
{
	if (!session->stopped)
		ipc_session_stop(session, ipc_fail(session, doing, url, error));
}

/* ---- printing ---- */

void ipc_print(ipc_session *session, const char *text, size_t length)
{
	hki_buffer clean = HKI_BUFFER_INIT;

	if (session->terminal && cmd_text_append_clean(&clean, text, length) == 0)
		fwrite(clean.data != NULL ? clean.data : "", 1, clean.length, stdout);
	else
		fwrite(text, 1, length, stdout);
	putchar('\n');
	hki_buffer_deinit(&clean);
}

hk_json_writer *ipc_event_begin(ipc_session *session, const char *schema)
{
	hk_json_writer_reset(session->writer);
	hk_json_write_object_begin(session->writer);
	hki_envelope_write(
	    &session->envelope, session->writer, schema, hki_clock_real_ns());
	return session->writer;
}

void ipc_tell_ready(
    ipc_session *session, const char *schema, const char *kind, const char *url)
{
	const cmd_output *output = &session->call->output;
	hk_json_writer *writer;

	if (!output->json) {
		cmd_note(output, url != NULL ? "%s at %s" : "%s", kind, url);
		return;
	}
	writer = ipc_event_begin(session, schema);
	hk_json_write_key(writer, "kind");
	hk_json_write_string(writer, kind);
	if (url != NULL) {
		hk_json_write_key(writer, "url");
		hk_json_write_string(writer, url);
	}
	ipc_event_end(session);
}

void ipc_event_end(ipc_session *session)
{
	const char *text;
	size_t length;

	hk_json_write_object_end(session->writer);
	text = hk_json_writer_text(session->writer, &length);
	if (text == NULL) {
		ipc_session_stop(
		    session, cmd_fail(&session->call->output, CMD_EXIT_FAILED,
				 hk_json_writer_error(session->writer), NULL,
				 "cannot write an event"));
		return;
	}
	fwrite(text, 1, length, stdout);
	putchar('\n');
}

void ipc_write_data(ipc_session *session, const char *bytes, size_t length)
{
	if (hk_json_parse(session->document, bytes, length) < 0) {
		hk_json_write_bytes(session->writer, "text", bytes, length);
		return;
	}
	hk_json_write_key(session->writer, "data");
	hk_json_write_value(session->writer, hk_json_root(session->document));
}

/* ---- reading ---- */

/* As much of @text as a failure shows, whole characters.  A line of the input has its
 * neighbours behind it, and no NUL. */
static int shown_length(const char *text, size_t length)
{
	size_t shown = length;

	if (length > SHOWN_MAX) {
		shown = SHOWN_MAX;
		while (shown > 0 && ((unsigned char) text[shown] & 0xc0) == 0x80)
			shown--;
	}
	return (int) shown;
}

int ipc_check_line(ipc_session *session, uint64_t line, const char *text, size_t length)
{
	const hk_json_error *error;

	if (hk_json_parse(session->document, text, length) == 0)
		return 0;
	error = hk_json_document_error(session->document);
	return cmd_fail(&session->call->output, CMD_EXIT_USAGE, 0,
	    "text is JSON in quotes of its own: '\"text\"'",
	    "stdin:%" PRIu64 ":%zu: %s, in '%.*s'", line, error->column, error->reason,
	    shown_length(text, length), text);
}

int ipc_check_json(ipc_session *session, const char *text, size_t length)
{
	const hk_json_error *error;

	if (hk_json_parse(session->document, text, length) == 0)
		return 0;
	error = hk_json_document_error(session->document);
	return cmd_fail(&session->call->output, CMD_EXIT_USAGE, 0,
	    "text is JSON in quotes of its own: '\"text\"'",
	    "'%.*s' is not JSON: %s, at column %zu", shown_length(text, length), text,
	    error->reason, error->column);
}

/* ---- dialing ---- */

static void on_close(hk_ipc_rpc *rpc, int reason, void *user)
{
	ipc_session *session = hk_ipc_rpc_get_data(rpc);

	(void) user;
	ipc_end_with(session, "keep talking to", session->call->operands[0],
	    reason == 0 ? -ECONNRESET : reason);
}

/* Pauses between attempts are short: whoever waits has started the server just now. */
#define PAUSE_MAX_NS (50 * HKI_NS_PER_MS)

int ipc_session_wait(ipc_session *session, const cmd_call *call, const cmd_given *given)
{
	return cmd_value_duration(&session->wait_ns, call, given);
}

void ipc_session_patience(ipc_session *session, hk_ipc_opts *opts)
{
	if (session->wait_ns == 0)
		return;
	session->wait_by_ns = hki_clock_monotonic_ns() + session->wait_ns;
	opts->reconnect = 1;
	opts->reconnect_max_ns = PAUSE_MAX_NS;
}

bool ipc_session_goes_on(const ipc_session *session, const hk_ipc *ipc, int reason)
{
	hk_ipc_stats stats = { .size = sizeof(stats) };

	if (hk_ipc_stats_read(ipc, &stats) < 0 || stats.connects > 0)
		return false;
	return (reason == -ENOENT || reason == -ECONNREFUSED) &&
	       hki_clock_monotonic_ns() < session->wait_by_ns;
}

static void on_retry(hk_ipc_rpc *rpc, int reason, void *user)
{
	ipc_session *session = hk_ipc_rpc_get_data(rpc);

	(void) user;
	if (!ipc_session_goes_on(session, hk_ipc_rpc_connection(rpc), reason))
		ipc_end_with(session, "dial", session->call->operands[0],
		    reason == 0 ? -ECONNRESET : reason);
}

int ipc_dial(
    hk_ipc_rpc **out, ipc_session *session, const char *url, const hk_ipc_rpc_opts *given)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	int r;

	if (given != NULL)
		opts = *given;
	if (opts.connection != NULL)
		connection = *opts.connection;
	opts.connection = &connection;
	ipc_session_patience(session, &connection);
	if (opts.on_retry == NULL)
		opts.on_retry = on_retry;
	if (opts.on_close == NULL)
		opts.on_close = on_close;
	r = hk_ipc_rpc_dial(out, session->loop, url, &opts, session->errors);
	if (r < 0)
		return ipc_fail(session, "dial", url, r);
	hk_ipc_rpc_set_data(*out, session);
	return 0;
}
