/*
 * What the program says, on standard output: a line of JSON each, or with --json an
 * event each in the envelope of all streams.  Printed at the end of every turn of the
 * loop, so that many messages are one write and none waits for the next.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/envelope.h"
#include "ipc/fork.h"
#include "output/fail.h"

struct fork_show {
	const cmd_call *call;
	hk_json_writer *writer;
	hk_hook *hook;
	hki_envelope envelope;
	uint64_t bad; /* told so far */
	int status;   /* other than 0: stdout is broken, and that was told */
	void (*broken)(void *user);
	void *user;
};

/* Told one by one up to here: a program that writes garbage writes a lot of it. */
enum { BAD_TOLD = 10 };

static void flush(hk_hook *hook, void *user)
{
	fork_show *show = user;

	(void) hook;
	if (show->status != 0)
		return;
	show->status = cmd_close_stdout(&show->call->output, 0);
	if (show->status != 0)
		show->broken(show->user);
}

int fork_show_new(fork_show **out, const cmd_call *call, hk_loop *loop,
    void (*broken)(void *user), void *user)
{
	fork_show *show = hki_zalloc(sizeof(*show));
	int r;

	if (show == NULL)
		return -ENOMEM;
	show->call = call;
	show->broken = broken;
	show->user = user;
	hki_envelope_init(&show->envelope);
	if ((r = hk_json_writer_new(&show->writer, 0)) < 0 ||
	    (r = hk_hook_start(&show->hook, loop, HK_HOOK_CHECK, flush, show)) < 0) {
		fork_show_free(show);
		return r;
	}
	*out = show;
	return 0;
}

void fork_show_free(fork_show *show)
{
	if (show == NULL)
		return;
	hk_hook_free(show->hook);
	hk_json_writer_free(show->writer);
	hki_free(show);
}

int fork_show_status(const fork_show *show)
{
	return show->status;
}

/* ---- lines ---- */

static void print_line(fork_show *show)
{
	size_t length;
	const char *text = hk_json_writer_text(show->writer, &length);

	if (text == NULL || show->status != 0)
		return;
	fwrite(text, 1, length, stdout);
	putchar('\n');
}

static void begin_event(fork_show *show, const char *event)
{
	hk_json_writer_reset(show->writer);
	hk_json_write_object_begin(show->writer);
	hki_envelope_write(
	    &show->envelope, show->writer, "hostkit.ipc.fork/1", hki_clock_real_ns());
	hk_json_write_key(show->writer, "event");
	hk_json_write_string(show->writer, event);
}

static void end_event(fork_show *show)
{
	hk_json_write_object_end(show->writer);
	print_line(show);
}

static void write_text(fork_show *show, const char *key, const char *text)
{
	hk_json_write_key(show->writer, key);
	hk_json_write_string(show->writer, text);
}

/* ---- messages ---- */

static bool has_handle(const hk_ipc_channel_message *message)
{
	return hk_ipc_channel_message_handle(message) != HK_IPC_HANDLE_NONE;
}

static void show_event(
    fork_show *show, hk_ipc_channel_message *message, const hk_json *value)
{
	begin_event(show, "message");
	hk_json_write_key(show->writer, "message");
	hk_json_write_value(show->writer, value);
	if (hk_ipc_channel_message_is_tagged(message)) {
		hk_json_write_key(show->writer, "tagged");
		hk_json_write_bool(show->writer, true);
	}
	if (has_handle(message)) {
		hk_json_write_key(show->writer, "handle_closed");
		hk_json_write_bool(show->writer, true);
	}
	end_event(show);
}

void fork_show_message(fork_show *show, hk_ipc_channel_message *message)
{
	const hk_json *value = hk_ipc_channel_message_json(message);

	if (value == NULL) {
		fork_show_bad(show, HK_ELIMIT, "the message means too much to be JSON");
		return;
	}
	if (show->call->output.json) {
		show_event(show, message, value);
		return;
	}
	hk_json_writer_reset(show->writer);
	hk_json_write_value(show->writer, value);
	print_line(show);
	if (has_handle(message))
		cmd_note(&show->call->output,
		    "a socket came with a message; nobody can use it here, so it was "
		    "closed");
}

void fork_show_bad(fork_show *show, int code, const char *reason)
{
	show->bad++;
	if (show->call->output.json) {
		begin_event(show, "bad");
		write_text(show, "error", hk_error_name(code));
		write_text(show, "reason", reason);
		end_event(show);
		return;
	}
	if (show->bad <= BAD_TOLD)
		cmd_note(&show->call->output, "the program sent what is no message: %s",
		    reason);
}

/* ---- ends ---- */

void fork_show_end(fork_show *show, int reason)
{
	if (show->call->output.json) {
		begin_event(show, "disconnect");
		if (reason < 0)
			write_text(show, "error", hk_error_name(reason));
		end_event(show);
		return;
	}
	if (show->bad > BAD_TOLD)
		cmd_note(&show->call->output,
		    "the program sent %" PRIu64 " things that are no message", show->bad);
	if (reason < 0 && reason != -ECONNRESET)
		cmd_note(
		    &show->call->output, "the channel ended: %s", hk_error_text(reason));
}

void fork_show_exit(fork_show *show, const hk_process_exit *how)
{
	if (!show->call->output.json)
		return;
	begin_event(show, "exit");
	if (how->end == HK_END_CODE) {
		hk_json_write_key(show->writer, "exit_code");
		hk_json_write_int64(show->writer, how->code);
	} else if (how->end == HK_END_SIGNAL) {
		write_text(show, "signal", hk_signal_name(how->signal));
	}
	end_event(show);
}
