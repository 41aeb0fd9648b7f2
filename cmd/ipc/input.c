/*
 * Standard input of the verbs of messages: a pipe or a terminal is read when it has
 * something, a file whenever there is nothing else to do.  Its flags are shared with
 * others and stay as they are: what is ready does not block.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "exit.h"
#include "output/fail.h"
#include "session.h"

#define PIECE ((size_t) 64 * 1024)
/* A line longer than any message may be is a mistake of whoever writes it. */
#define INPUT_LINE_MAX ((size_t) 64 << 20)

static void end(ipc_input *input)
{
	if (input->ended)
		return;
	input->ended = true;
	ipc_input_stop(input);
	input->line++;
	if (input->text.length > 0)
		input->on_line(input, input->text.data, input->text.length);
	hki_buffer_truncate(&input->text, 0);
	input->on_end(input);
}

/* Hand over the whole lines there are, until somebody pauses. */
static void hand_over(ipc_input *input)
{
	while (!input->paused && !input->session->stopped) {
		char *begin = input->text.data;
		size_t looked_at = input->looked_at;
		char *feed = NULL;
		size_t length;

		if (begin != NULL)
			feed = memchr(
			    begin + looked_at, '\n', input->text.length - looked_at);
		input->looked_at = input->text.length;
		if (feed == NULL)
			return;
		input->looked_at = 0;
		input->line++;
		length = (size_t) (feed - begin);
		if (length > 0)
			input->on_line(input, begin, length);
		hki_buffer_consume(&input->text, length + 1);
	}
}

static void fail(ipc_input *input, int error)
{
	ipc_session *session = input->session;

	ipc_input_stop(input);
	ipc_session_stop(session, cmd_fail(&session->call->output, CMD_EXIT_FAILED, error,
				      NULL, "cannot read standard input"));
}

static void fail_line(ipc_input *input)
{
	ipc_session *session = input->session;

	ipc_input_stop(input);
	ipc_session_stop(
	    session, cmd_fail(&session->call->output, CMD_EXIT_FAILED, 0, NULL,
			 "a line of standard input is longer than %zu MiB; messages are "
			 "one a line",
			 INPUT_LINE_MAX >> 20));
}

static void read_more(ipc_input *input)
{
	ssize_t got;
	int r = hki_buffer_reserve(&input->text, PIECE);

	if (r < 0) {
		fail(input, r);
		return;
	}
	if (input->text.length > INPUT_LINE_MAX) {
		fail_line(input);
		return;
	}
	got = read(STDIN_FILENO, input->text.data + input->text.length, PIECE);
	if (got < 0 && errno != EINTR && errno != EAGAIN) {
		fail(input, -errno);
	} else if (got == 0) {
		end(input);
	} else if (got > 0) {
		hki_buffer_commit(&input->text, (size_t) got);
		hand_over(input);
	}
}

static void on_readable(hk_watch *watch, unsigned int events, void *user)
{
	(void) watch;
	(void) events;
	read_more(user);
}

static void on_idle(hk_hook *hook, void *user)
{
	(void) hook;
	read_more(user);
}

/* Begin to wait for input.  0 or a negative errno. */
static int wait_for_input(ipc_input *input)
{
	hk_loop *loop = input->session->loop;
	int r = hk_watch_start(
	    &input->watch, loop, STDIN_FILENO, HK_READABLE, on_readable, input);

	if (r == -EPERM) /* a file is always ready */
		r = hk_hook_start(&input->idle, loop, HK_HOOK_IDLE, on_idle, input);
	return r;
}

int ipc_input_start(ipc_input *input, ipc_session *session)
{
	int r;

	input->session = session;
	r = wait_for_input(input);
	if (r < 0)
		return cmd_fail(&session->call->output, CMD_EXIT_FAILED, r, NULL,
		    "cannot read standard input");
	return 0;
}

static void stop_waiting(ipc_input *input)
{
	hk_watch_free(input->watch);
	hk_hook_free(input->idle);
	input->watch = NULL;
	input->idle = NULL;
}

void ipc_input_pause(ipc_input *input)
{
	input->paused = true;
	stop_waiting(input);
}

void ipc_input_resume(ipc_input *input)
{
	int r = 0;

	if (!input->paused || input->ended)
		return;
	input->paused = false;
	hand_over(input);
	if (!input->paused && input->watch == NULL && input->idle == NULL)
		r = wait_for_input(input);
	if (r < 0)
		fail(input, r);
}

void ipc_input_stop(ipc_input *input)
{
	stop_waiting(input);
	if (input->ended)
		return;
	input->paused = true;
}
