/*
 * Between our streams and the terminal made for the program.
 *
 * Our own terminal, if stdin is one, goes into raw mode: every key, Ctrl-C
 * included, belongs to the program, whose terminal gives it its meaning.  Output
 * is read only when the last of it could be written, so a stopped screen stops
 * the program and fills no memory.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "run.h"

/* What fits a pipe that poll(2) calls writable, so that writing never blocks. */
#define CHUNK       4096
#define END_OF_FILE 0x04 /* Ctrl-D: what VEOF is on a new terminal */

struct run_pty {
	hk_loop *loop;
	int master;
	hk_watch *from_program;
	hk_watch *to_screen;
	hk_watch *from_keys;
	hki_buffer keys;   /* typed, not taken by the program yet */
	hki_buffer screen; /* shown, not taken by our stdout yet; or what was captured */
	bool capture;
	uint64_t keep_bytes;
	uint64_t total;
	bool raw;
	struct termios saved;
};

static void restore_terminal(run_pty *pty)
{
	if (pty->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &pty->saved);
	pty->raw = false;
}

static void enter_raw_mode(run_pty *pty)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &pty->saved) < 0)
		return;
	raw = pty->saved;
	cfmakeraw(&raw);
	pty->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static bool our_size(struct winsize *out)
{
	return ioctl(STDIN_FILENO, TIOCGWINSZ, out) == 0 ||
	       ioctl(STDOUT_FILENO, TIOCGWINSZ, out) == 0;
}

void run_pty_begin_size(hk_process_opts *opts)
{
	struct winsize size;

	if (!our_size(&size))
		return;
	opts->terminal_rows = size.ws_row;
	opts->terminal_columns = size.ws_col;
}

void run_pty_resize(run_pty *pty)
{
	struct winsize size;

	if (our_size(&size))
		(void) ioctl(pty->master, TIOCSWINSZ, &size);
}

/* ---- output ---- */

static void keep(run_pty *pty, const char *bytes, size_t length)
{
	uint64_t limit = pty->keep_bytes != 0 ? pty->keep_bytes : 1024 * 1024;
	size_t room =
	    pty->screen.length < limit ? (size_t) (limit - pty->screen.length) : 0;

	pty->total += length;
	if (hki_buffer_append(&pty->screen, bytes, length < room ? length : room) < 0)
		pty->keep_bytes = pty->screen.length > 0 ? pty->screen.length : 1;
}

/* Write without waiting.  False when stdout takes no more for now. */
static bool flush_screen(run_pty *pty)
{
	struct pollfd ready = { STDOUT_FILENO, POLLOUT, 0 };

	while (pty->screen.length > 0) {
		size_t length = pty->screen.length < CHUNK ? pty->screen.length : CHUNK;
		ssize_t written;

		if (poll(&ready, 1, 0) == 0)
			return false;
		written = write(STDOUT_FILENO, pty->screen.data, length);
		if (written < 0 && errno == EAGAIN)
			return false;
		if (written < 0 &&
		    errno != EINTR) /* nobody reads: drop it as a closed pipe would */
			hki_buffer_truncate(&pty->screen, 0);
		else if (written > 0)
			hki_buffer_consume(&pty->screen, (size_t) written);
	}
	return true;
}

static void on_program(hk_watch *watch, unsigned int events, void *user);

static void on_screen(hk_watch *watch, unsigned int events, void *user)
{
	run_pty *pty = user;

	(void) events;
	if (!flush_screen(pty))
		return;
	(void) !hk_watch_set(watch, 0);
	(void) !hk_watch_set(pty->from_program, HK_READABLE);
}

/* stdout is full: stop reading the program until it is not. */
static void wait_for_screen(run_pty *pty)
{
	int r;

	if (pty->to_screen != NULL)
		r = hk_watch_set(pty->to_screen, HK_WRITABLE);
	else
		r = hk_watch_start(&pty->to_screen, pty->loop, STDOUT_FILENO, HK_WRITABLE,
		    on_screen, pty);
	if (r == 0 && pty->to_screen != NULL)
		hk_watch_set_background(pty->to_screen, true);
	if (r == 0 && pty->from_program != NULL)
		(void) !hk_watch_set(pty->from_program, 0);
}

static void flush_keys(run_pty *pty)
{
	while (pty->keys.length > 0) {
		ssize_t written = write(pty->master, pty->keys.data, pty->keys.length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		hki_buffer_consume(&pty->keys, (size_t) written);
	}
}

/* The program takes keys again: listen to the keyboard again. */
static void resume_keys(run_pty *pty)
{
	flush_keys(pty);
	if (pty->keys.length > 0)
		return;
	(void) !hk_watch_set(pty->from_program, HK_READABLE);
	if (pty->from_keys != NULL)
		(void) !hk_watch_set(pty->from_keys, HK_READABLE);
}

static void on_program(hk_watch *watch, unsigned int events, void *user)
{
	run_pty *pty = user;
	char bytes[CHUNK];
	ssize_t length;

	if ((events & HK_WRITABLE) != 0)
		resume_keys(pty);
	if ((events & ~(unsigned int) HK_WRITABLE) == 0)
		return;
	length = read(pty->master, bytes, sizeof(bytes));
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) { /* EIO: the last holder of the terminal has closed it */
		(void) !hk_watch_set(watch, 0);
		hk_watch_free(watch);
		pty->from_program = NULL;
		return;
	}
	keep(pty, bytes, (size_t) length);
	if (!pty->capture && !flush_screen(pty))
		wait_for_screen(pty);
}

/* ---- input ---- */

static void end_of_keys(run_pty *pty)
{
	hk_watch_free(pty->from_keys);
	pty->from_keys = NULL;
	(void) !hki_buffer_append_char(&pty->keys, END_OF_FILE);
	flush_keys(pty);
}

static void on_keys(hk_watch *watch, unsigned int events, void *user)
{
	run_pty *pty = user;
	char bytes[CHUNK];
	ssize_t length = read(STDIN_FILENO, bytes, sizeof(bytes));

	(void) events;
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		end_of_keys(pty);
		return;
	}
	(void) !hki_buffer_append(&pty->keys, bytes, (size_t) length);
	flush_keys(pty);
	if (pty->keys.length > 0 && pty->from_program != NULL) {
		(void) !hk_watch_set(watch, 0);
		(void) !hk_watch_set(pty->from_program, HK_READABLE | HK_WRITABLE);
	}
}

/* A regular file cannot be waited for; what is in it is there at once. */
static void read_file_keys(run_pty *pty)
{
	char bytes[CHUNK];
	ssize_t length;

	while ((length = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		if (hki_buffer_append(&pty->keys, bytes, (size_t) length) < 0)
			break;
	end_of_keys(pty);
	if (pty->keys.length > 0 && pty->from_program != NULL)
		(void) !hk_watch_set(pty->from_program, HK_READABLE | HK_WRITABLE);
}

/* ---- life ---- */

static int listen_to_both(run_pty *pty)
{
	int r = hk_watch_start(
	    &pty->from_program, pty->loop, pty->master, HK_READABLE, on_program, pty);

	if (r < 0)
		return r;
	hk_watch_set_background(pty->from_program, true);
	r = hk_watch_start(
	    &pty->from_keys, pty->loop, STDIN_FILENO, HK_READABLE, on_keys, pty);
	if (r == -EPERM)
		read_file_keys(pty);
	else if (r < 0)
		return r;
	else
		hk_watch_set_background(pty->from_keys, true);
	return 0;
}

int run_pty_new(
    run_pty **out, hk_loop *loop, int master, bool capture, uint64_t keep_bytes)
{
	run_pty *pty = hki_zalloc(sizeof(*pty));
	int r;

	if (pty == NULL) {
		(void) close(master);
		return -ENOMEM;
	}
	pty->loop = loop;
	pty->master = master;
	pty->capture = capture;
	pty->keep_bytes = capture ? keep_bytes : UINT64_MAX;
	enter_raw_mode(pty);
	r = listen_to_both(pty);
	if (r < 0) {
		run_pty_free(pty);
		return r;
	}
	*out = pty;
	return 0;
}

void run_pty_finish(run_pty *pty)
{
	char bytes[CHUNK];
	ssize_t length;

	while ((length = read(pty->master, bytes, sizeof(bytes))) > 0 ||
	       (length < 0 && errno == EINTR)) {
		if (length > 0)
			keep(pty, bytes, (size_t) length);
	}
	while (!pty->capture && !flush_screen(pty)) {
		struct pollfd ready = { STDOUT_FILENO, POLLOUT, 0 };

		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			break;
	}
	restore_terminal(pty);
}

const hki_buffer *run_pty_output(const run_pty *pty, uint64_t *out_total)
{
	*out_total = pty->total;
	return &pty->screen;
}

void run_pty_free(run_pty *pty)
{
	if (pty == NULL)
		return;
	restore_terminal(pty);
	hk_watch_free(pty->from_program);
	hk_watch_free(pty->to_screen);
	hk_watch_free(pty->from_keys);
	hki_buffer_deinit(&pty->keys);
	hki_buffer_deinit(&pty->screen);
	(void) close(pty->master);
	hki_free(pty);
}
