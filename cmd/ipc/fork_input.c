/*
 * Lines of standard input, as fast as somebody takes them.
 *
 * Standard input is shared with whoever started us, so its mode is left alone: one
 * read when the loop says that there is something does not wait.  A file is always
 * ready and cannot be waited for; it is read piece by piece, a turn each.
 */
#include <errno.h>
#include <unistd.h>
#include "base/alloc.h"
#include "ipc/fork.h"

enum { PIECE = 64 * 1024 };

struct fork_input {
	hk_loop *loop;
	hk_watch *watch; /* NULL: a file, or stopped */
	hk_json_lines *lines;
	hk_json_document *document;
	fork_line_fn fn;
	void *user;
	bool held;
	bool ended;   /* nothing more to read */
	bool stopped; /* told so, or the end was told */
	bool due;     /* a turn of ours is queued */
	char piece[PIECE];
};

static void go_on(void *user);

static void go_on_later(fork_input *input)
{
	if (input->due || input->stopped)
		return;
	input->due = hk_loop_immediate(input->loop, go_on, input) == 0;
}

/* The lines at hand.  False: held, or it is over. */
static bool give_lines(fork_input *input)
{
	while (!input->held && !input->stopped) {
		int r = hk_json_lines_next(input->lines, input->document);

		if (r == 0)
			break;
		input->fn(r == 1 ? hk_json_root(input->document) : NULL,
		    r == 1 ? NULL : hk_json_lines_error(input->lines), input->user);
	}
	if (input->held || input->stopped)
		return false;
	if (!input->ended)
		return true;
	fork_input_stop(input);
	input->fn(NULL, NULL, input->user);
	return false;
}

/* One read. */
static void read_piece(fork_input *input)
{
	ssize_t length = read(STDIN_FILENO, input->piece, PIECE);

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (length <= 0) {
		input->ended = true;
		hk_json_lines_end(input->lines);
	} else if (hk_json_lines_feed(input->lines, input->piece, (size_t) length) < 0) {
		input->ended = true;
	}
}

static void go_on(void *user)
{
	fork_input *input = user;

	input->due = false;
	if (!give_lines(input) || input->watch != NULL)
		return;
	read_piece(input);
	if (give_lines(input))
		go_on_later(input);
}

static void readable(hk_watch *watch, unsigned int events, void *user)
{
	fork_input *input = user;

	(void) watch;
	(void) events;
	if (!give_lines(input))
		return;
	read_piece(input);
	(void) give_lines(input);
}

int fork_input_new(fork_input **out, hk_loop *loop, fork_line_fn fn, void *user)
{
	fork_input *input = hki_zalloc(sizeof(*input));
	int r;

	if (input == NULL)
		return -ENOMEM;
	input->loop = loop;
	input->fn = fn;
	input->user = user;
	if ((r = hk_json_lines_new(&input->lines, 0)) == 0)
		r = hk_json_document_new(&input->document, NULL);
	if (r == 0)
		r = hk_watch_start(
		    &input->watch, loop, STDIN_FILENO, HK_READABLE, readable, input);
	if (r == -EPERM || r == -EBADF) { /* a file, or closed: read() will tell */
		r = 0;
		go_on_later(input);
	}
	if (r < 0) {
		fork_input_free(input);
		return r;
	}
	*out = input;
	return 0;
}

void fork_input_hold(fork_input *input)
{
	if (input->held || input->stopped)
		return;
	input->held = true;
	if (input->watch != NULL)
		(void) !hk_watch_set(input->watch, 0);
}

void fork_input_release(fork_input *input)
{
	if (!input->held || input->stopped)
		return;
	input->held = false;
	if (input->watch != NULL)
		(void) !hk_watch_set(input->watch, HK_READABLE);
	go_on_later(input);
}

void fork_input_stop(fork_input *input)
{
	input->stopped = true;
	hk_watch_free(input->watch);
	input->watch = NULL;
}

void fork_input_free(fork_input *input)
{
	if (input == NULL)
		return;
	hk_watch_free(input->watch);
	hk_json_lines_free(input->lines);
	hk_json_document_free(input->document);
	hki_free(input);
}
