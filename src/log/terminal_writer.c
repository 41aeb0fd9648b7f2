#include "log/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * The thread that writes to a terminal or to whatever standard output is.
 *
 * Standard output is one open file description shared with the shell and with
 * everything it runs, so it must not be made non-blocking.  A thread that does
 * nothing else may wait in write(2) as long as it likes.  It takes whole lines
 * from a bounded queue; what is dropped for lack of room is dropped from the
 * front, where the reader will see a line that says so.
 */

#define GAP_TEXT_MAX 128

static void drop_waiting(hki_terminal *terminal, size_t length)
{
	size_t lines = hki_ring_count(&terminal->waiting, length, '\n');

	hki_ring_drop(&terminal->waiting, length);
	terminal->gap_lines += lines;
	terminal->gap_bytes += length;
	terminal->gap_in_line = terminal->gap_in_line || terminal->cut;
	terminal->cut = false;
	atomic_fetch_add(&terminal->sink.dropped_lines, lines);
	atomic_fetch_add(&terminal->sink.dropped_bytes, length);
}

/* Drop the oldest lines until there is room for @length bytes. */
static void make_room(hki_terminal *terminal, size_t length, size_t limit)
{
	hki_ring *waiting = &terminal->waiting;
	size_t excess = waiting->length + length - limit;
	size_t end = hki_ring_find(waiting, excess > 0 ? excess - 1 : 0, '\n');

	drop_waiting(terminal, end < waiting->length ? end + 1 : waiting->length);
}

bool hki_terminal_queue(
    hki_terminal *terminal, const char *bytes, size_t length, size_t limit)
{
	hki_ring *waiting = &terminal->waiting;

	if (waiting->length + length > limit) {
		if (!terminal->drop)
			return false;
		make_room(terminal, length, limit);
	}
	if (hki_ring_append(waiting, bytes, length) < 0)
		return false;
	atomic_store(&terminal->sink.waiting_bytes, waiting->length);
	return true;
}

/* The line that stands where others are missing. */
static size_t say_gap(hki_terminal *terminal)
{
	int length = 0;

	if (terminal->gap_bytes == 0)
		return 0;
	if (terminal->gap_lines > 0 || terminal->gap_in_line)
		length = snprintf(terminal->out, GAP_TEXT_MAX,
		    "%shostkit: %" PRIu64 " lines dropped, the terminal was too slow\n",
		    terminal->gap_in_line ? "\n" : "", terminal->gap_lines);
	terminal->gap_lines = terminal->gap_bytes = 0;
	terminal->gap_in_line = false;
	return (size_t) length;
}

/* Take what is to be written next: whole lines, unless the first one is too long. */
static size_t take(hki_terminal *terminal)
{
	size_t gap = say_gap(terminal);
	size_t room = sizeof(terminal->out) - gap;
	size_t length = hki_ring_copy(&terminal->waiting, 0, terminal->out + gap, room);
	const char *end = memrchr(terminal->out + gap, '\n', length);

	if (end != NULL)
		length = (size_t) (end - (terminal->out + gap)) + 1;
	hki_ring_drop(&terminal->waiting, length);
	if (length > 0)
		terminal->cut = end == NULL;
	atomic_store(&terminal->sink.waiting_bytes, terminal->waiting.length);
	return gap + length;
}

/* Let the log's thread go on.  With the lock held. */
static void call_back(hki_terminal *terminal)
{
	if (!terminal->blocked || terminal->room_sent)
		return;
	if (!terminal->dead && terminal->waiting.length > terminal->limit / 2)
		return;
	hki_log_sink_reference(&terminal->sink); /* the letter's */
	if (hki_mailbox_send(&terminal->sink.log->to_log, &terminal->room) == 0)
		terminal->room_sent = true;
	else
		hki_log_sink_release(&terminal->sink);
}

/* Wait until it takes something.  -ECANCELED when we shall give up. */
static int wait_writable(hki_terminal *terminal)
{
	struct pollfd fds[2] = { { terminal->fd, POLLOUT, 0 },
		{ terminal->cancel_fd, POLLIN, 0 } };

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return fds[1].revents != 0 ? -ECANCELED : 0;
}

static int write_out(hki_terminal *terminal, size_t length)
{
	const char *bytes = terminal->out;

	while (length > 0) {
		int r = wait_writable(terminal);
		ssize_t done;

		if (r < 0)
			return r;
		done = write(terminal->fd, bytes, length);
		if (done < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (done > 0) {
			atomic_fetch_add(&terminal->sink.written_bytes, (uint64_t) done);
			bytes += done;
			length -= (size_t) done;
		}
	}
	return 0;
}

/* Nobody reads any more: from now on everything is dropped.  With the lock held. */
static void die(hki_terminal *terminal, int error)
{
	terminal->dead = true;
	drop_waiting(terminal, terminal->waiting.length);
	if (error != -ECANCELED)
		hki_log_tell(&terminal->sink, HK_LOG_SINK_CLOSED, error, 0, 0);
}

void *hki_terminal_write(void *user)
{
	hki_terminal *terminal = user;

	(void) pthread_mutex_lock(&terminal->mutex);
	for (;;) {
		size_t length;
		int r;

		while (terminal->waiting.length == 0 && terminal->gap_bytes == 0 &&
		       !terminal->stop && !terminal->dead)
			(void) pthread_cond_wait(&terminal->filled, &terminal->mutex);
		if (terminal->dead ||
		    (terminal->waiting.length == 0 && terminal->gap_bytes == 0))
			break;
		length = take(terminal);
		call_back(terminal);
		(void) pthread_mutex_unlock(&terminal->mutex);
		r = write_out(terminal, length);
		(void) pthread_mutex_lock(&terminal->mutex);
		if (r < 0)
			die(terminal, r);
	}
	call_back(terminal);
	terminal->finished = true;
	(void) pthread_cond_signal(&terminal->ended);
	/* A log that ends does not open it, and waits for finished instead. */
	hki_log_sink_reference(&terminal->sink);
	if (hki_mailbox_send(&terminal->sink.log->to_log, &terminal->gone) < 0)
		hki_log_sink_release(&terminal->sink);
	(void) pthread_mutex_unlock(&terminal->mutex);
	hki_log_sink_release(&terminal->sink);
	return NULL;
}
