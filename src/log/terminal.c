#include "log/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"
#include "base/utf8.h"

/*
 * Many programs on one screen: whole lines, each behind the coloured label of
 * its stream.  This file puts the lines together on the log's thread and queues
 * them; terminal_writer.c carries them out.
 *
 * A line longer than what is kept back comes in pieces.  As long as no other
 * stream has something to say the pieces join up exactly; when one does, the
 * line is ended first and goes on, labelled again, behind it.
 */

#define BUFFER_BYTES ((size_t) 512 * 1024)
#define BUFFER_LEAST ((size_t) 64 * 1024)
/* Beyond the limit for programs there is this much room for words of our own. */
#define NOTE_ROOM ((size_t) 64 * 1024)
/* A line is queued in pieces of this size, so that it never has to fit at once. */
#define PIECE ((size_t) 4096)
#define RESET "\033[0m"

/* Readable on dark and on light; red is left to errors. */
static const char *const colors[] = { "\033[36m", "\033[33m", "\033[32m", "\033[35m",
	"\033[34m", "\033[96m", "\033[93m", "\033[92m", "\033[95m", "\033[94m" };

static hki_terminal *terminal_of(hk_log_sink *sink)
{
	return hki_list_entry(sink, hki_terminal, sink);
}

/* ---- labels ---- */

static unsigned int columns(const char *text)
{
	size_t length = strlen(text);
	unsigned int width = 0;

	while (length > 0) {
		uint32_t character;
		size_t used = hki_utf8_decode(&character, text, length);

		width += (unsigned int) hki_utf8_width(character);
		text += used;
		length -= used;
	}
	return width;
}

static void make_prefix(hki_terminal *terminal, const hki_log_attachment *from)
{
	unsigned int width = atomic_load(&terminal->label_width);
	unsigned int used;
	hki_buffer *prefix = &terminal->prefix;

	if (terminal->prefix_from == from && terminal->prefix_width == width)
		return;
	hki_buffer_truncate(prefix, 0);
	terminal->prefix_from = from;
	terminal->prefix_width = width;
	if (from->label == NULL)
		return;
	used = columns(from->label);
	/* Without memory a label is missing; the line is not. */
	if (terminal->color)
		(void) hki_buffer_append_text(
		    prefix, colors[from->color % HKI_COUNT(colors)]);
	(void) hki_buffer_append_text(prefix, from->label);
	(void) hki_buffer_append_format(
	    prefix, "%*s | ", width > used ? (int) (width - used) : 0, "");
	if (terminal->color)
		(void) hki_buffer_append_text(prefix, RESET);
}

/* ---- queueing, with the lock held ---- */

static bool queue_line(hki_terminal *terminal, const char *bytes, size_t length)
{
	bool ends = bytes[length - 1] == '\n';
	bool styled = terminal->color && memchr(bytes, '\033', length) != NULL;
	size_t plain = ends && styled ? length - 1 : length;

	while (plain > 0) {
		size_t part = plain < PIECE ? plain : PIECE;

		if (!hki_terminal_queue(terminal, bytes, part, terminal->waiting.limit))
			return false;
		bytes += part;
		plain -= part;
	}
	/* A program that forgets to reset its colours does not paint the others. */
	if (ends && styled)
		return hki_terminal_queue(
		    terminal, RESET "\n", sizeof(RESET), terminal->waiting.limit);
	return true;
}

/* Queue the lines in @bytes as far as there is room.  Returns how much that was. */
static size_t queue_lines(hki_terminal *terminal, hki_log_attachment *from,
    const char *bytes, size_t length, size_t limit)
{
	hk_log_sink *sink = &terminal->sink;
	size_t used = 0;

	make_prefix(terminal, from);
	while (used < length) {
		const char *at = bytes + used;
		const char *end = memchr(at, '\n', length - used);
		size_t part = end != NULL ? (size_t) (end - at) + 1 : length - used;

		if (!terminal->drop && terminal->waiting.length > 0 &&
		    terminal->waiting.length + terminal->prefix.length + part > limit)
			break;
		if (sink->open_line != NULL && sink->open_line != from) {
			(void) hki_terminal_queue(
			    terminal, "\n", 1, terminal->waiting.limit);
			sink->open_line = NULL;
		}
		if (sink->open_line == NULL && terminal->prefix.length > 0)
			(void) hki_terminal_queue(terminal, terminal->prefix.data,
			    terminal->prefix.length, terminal->waiting.limit);
		if (!queue_line(terminal, at, part)) {
			atomic_fetch_add(&sink->dropped_bytes, part);
			atomic_fetch_add(&sink->dropped_lines, end != NULL);
		}
		sink->open_line = end != NULL ? NULL : from;
		used += part;
	}
	return used;
}

static void lose(hki_terminal *terminal, const char *bytes, size_t length)
{
	atomic_fetch_add(&terminal->sink.dropped_bytes, length);
	atomic_fetch_add(
	    &terminal->sink.dropped_lines, hki_log_lines_count(bytes, length));
}

/* Keep what did not fit until the writer calls; the streams are not read meanwhile. */
static void hold(
    hki_terminal *terminal, hki_log_attachment *from, const char *bytes, size_t length)
{
	terminal->blocked = true;
	terminal->sink.stalled = true;
	terminal->held_from = from;
	if (terminal->held.length + length > HKI_LOG_CHUNK_SLOW * 2 ||
	    hki_buffer_append(&terminal->held, bytes, length) < 0)
		lose(terminal, bytes, length);
}

static void put(hk_log_sink *sink, hki_log_attachment *from, const char *bytes,
    size_t length, bool whole)
{
	hki_terminal *terminal = terminal_of(sink);
	size_t used = 0;

	(void) whole;
	(void) pthread_mutex_lock(&terminal->mutex);
	if (terminal->dead) {
		lose(terminal, bytes, length);
	} else {
		if (!terminal->blocked)
			used =
			    queue_lines(terminal, from, bytes, length, terminal->limit);
		else if (terminal->held_from != from)
			/* The end of a last line, of another stream: it gets the reserve. */
			used = queue_lines(
			    terminal, from, bytes, length, terminal->waiting.limit);
		if (used < length &&
		    (terminal->held_from == NULL || terminal->held_from == from))
			hold(terminal, from, bytes + used, length - used);
		else if (used < length)
			lose(terminal, bytes + used, length - used);
		(void) pthread_cond_signal(&terminal->filled);
	}
	(void) pthread_mutex_unlock(&terminal->mutex);
}

/* The writer's letter: there is room again. */
static void go_on(hki_letter *letter)
{
	hki_terminal *terminal = hki_list_entry(letter, hki_terminal, room);
	hki_buffer held;
	hki_log_attachment *from;

	(void) pthread_mutex_lock(&terminal->mutex);
	terminal->room_sent = false;
	terminal->blocked = false;
	held = terminal->held;
	from = terminal->held_from;
	terminal->held = (hki_buffer) HKI_BUFFER_INIT;
	terminal->held_from = NULL;
	(void) pthread_mutex_unlock(&terminal->mutex);

	if (held.length > 0)
		put(&terminal->sink, from, held.data, held.length, false);
	hki_buffer_deinit(&held);
	if (terminal->held_from == NULL && !terminal->sink.closed)
		hki_log_sink_resume(&terminal->sink);
	hki_log_sink_release(&terminal->sink); /* the letter's */
}

/* ---- what a sink does ---- */

static void terminal_stream(
    hk_log_sink *sink, hki_log_attachment *from, const char *bytes, size_t length)
{
	(void) sink;
	hki_log_lines_feed(from, bytes, length, true, put);
}

static void terminal_end_line(hk_log_sink *sink, hki_log_attachment *from)
{
	hki_terminal *terminal = terminal_of(sink);

	hki_log_lines_end(from, put);
	(void) pthread_mutex_lock(&terminal->mutex);
	if (sink->open_line == from) {
		(void) hki_terminal_queue(terminal, "\n", 1, terminal->waiting.limit);
		sink->open_line = NULL;
		(void) pthread_cond_signal(&terminal->filled);
	}
	if (terminal->held_from == from) {
		/* The stream may be gone before there is room: its rest goes into the reserve. */
		(void) queue_line(terminal, terminal->held.data, terminal->held.length);
		hki_buffer_deinit(&terminal->held);
		terminal->held_from = NULL;
	}
	if (terminal->prefix_from == from)
		terminal->prefix_from = NULL;
	(void) pthread_mutex_unlock(&terminal->mutex);
}

/* Directly into the queue, so that it is said even while the log's thread waits. */
static int terminal_say(hk_log_sink *sink, const char *bytes, size_t length, bool add_end)
{
	hki_terminal *terminal = terminal_of(sink);
	size_t limit = terminal->waiting.limit;
	int r = 0;

	(void) pthread_mutex_lock(&terminal->mutex);
	if (terminal->dead || terminal->stop) {
		r = HK_ECLOSED;
	} else if (!terminal->drop && terminal->waiting.length + length + 2 > limit) {
		lose(terminal, bytes, length);
		r = -EAGAIN;
	} else {
		if (sink->open_line != NULL)
			(void) hki_terminal_queue(terminal, "\n", 1, limit);
		sink->open_line = NULL;
		if (!queue_line(terminal, bytes, length) ||
		    (add_end && !hki_terminal_queue(terminal, "\n", 1, limit)))
			r = -ENOMEM;
		(void) pthread_cond_signal(&terminal->filled);
	}
	(void) pthread_mutex_unlock(&terminal->mutex);
	return r;
}

static void terminal_reopen(hk_log_sink *sink)
{
	(void) sink;
}

/* With the lock held.  Has the writer ended within @ns? */
static bool wait_for_end(hki_terminal *terminal, uint64_t ns)
{
	struct timespec until;
	int r = 0;

	ns += hki_clock_monotonic_ns();
	until.tv_sec = (time_t) (ns / HKI_NS_PER_S);
	until.tv_nsec = (long) (ns % HKI_NS_PER_S);
	while (!terminal->finished && r == 0)
		r = pthread_cond_timedwait(&terminal->ended, &terminal->mutex, &until);
	return terminal->finished;
}

/* The writer has nothing more to do.  One that ended because its reader went away
 * waits to be joined until the sink is closed. */
static void gone(hki_letter *letter)
{
	hki_terminal *terminal = hki_list_entry(letter, hki_terminal, gone);

	if (terminal->sink.closed && !hki_list_empty(&terminal->sink.node)) {
		(void) pthread_join(terminal->thread, NULL);
		hki_log_sink_closed(&terminal->sink);
	}
	hki_log_sink_release(&terminal->sink); /* the letter's */
}

static bool terminal_close(hk_log_sink *sink)
{
	hki_terminal *terminal = terminal_of(sink);
	uint64_t one = 1;
	bool ended;

	(void) pthread_mutex_lock(&terminal->mutex);
	terminal->stop = true;
	(void) pthread_cond_signal(&terminal->filled);
	ended = terminal->finished;
	/* While the log goes on, the writer finishes in its own time. */
	if (!ended && sink->log->finishing) {
		ended = wait_for_end(terminal, sink->log->flush_ns);
		if (!ended && write(terminal->cancel_fd, &one, sizeof(one)) > 0)
			ended = wait_for_end(terminal, 50 * HKI_NS_PER_MS);
	}
	(void) pthread_mutex_unlock(&terminal->mutex);
	if (!ended && !sink->log->finishing)
		return false;
	if (ended)
		(void) pthread_join(terminal->thread, NULL);
	else
		(void) pthread_detach(terminal->thread);
	return true;
}

static void terminal_release(hk_log_sink *sink)
{
	hki_terminal *terminal = terminal_of(sink);

	hki_closep(&terminal->fd);
	hki_closep(&terminal->cancel_fd);
	hki_ring_deinit(&terminal->waiting);
	hki_buffer_deinit(&terminal->held);
	hki_buffer_deinit(&terminal->prefix);
	(void) pthread_cond_destroy(&terminal->filled);
	(void) pthread_cond_destroy(&terminal->ended);
	(void) pthread_mutex_destroy(&terminal->mutex);
	hki_log_sink_deinit(sink);
	hki_free(terminal);
}

static const hki_log_sink_kind terminal_kind = {
	.write = terminal_stream,
	.end_line = terminal_end_line,
	.say = terminal_say,
	.reopen = terminal_reopen,
	.close = terminal_close,
	.release = terminal_release,
};

/* ---- the caller's thread ---- */

static void init_locks(hki_terminal *terminal)
{
	pthread_condattr_t monotonic;

	(void) pthread_mutex_init(&terminal->mutex, NULL);
	(void) pthread_cond_init(&terminal->filled, NULL);
	(void) pthread_condattr_init(&monotonic);
	(void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void) pthread_cond_init(&terminal->ended, &monotonic);
	(void) pthread_condattr_destroy(&monotonic);
}

static int open_descriptors(hki_terminal *terminal, int fd)
{
	terminal->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (terminal->fd < 0)
		return -errno;
	terminal->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return terminal->cancel_fd < 0 ? -errno : 0;
}

static int start_writer(hki_terminal *terminal)
{
	int r;

	hki_log_sink_reference(&terminal->sink); /* the writer's */
	r = hki_log_thread_start(&terminal->thread, hki_terminal_write, terminal);
	if (r < 0)
		atomic_fetch_sub(&terminal->sink.references, 1);
	return r;
}

static void terminal_freep(hki_terminal **terminal)
{
	if (*terminal != NULL)
		terminal_release(&(*terminal)->sink);
}

int hk_log_terminal_new(hk_log_sink **out, hk_log *log, const hk_log_terminal_opts *opts)
{
	hki_cleanup(terminal_freep) hki_terminal *terminal = NULL;
	hk_log_terminal_opts own;
	int r;

	r = hki_opts_copy(&own, sizeof(own), opts, opts->size,
	    offsetof(hk_log_terminal_opts, fd) + sizeof(own.fd));
	if (r < 0)
		return r;
	if (own.stall > HK_LOG_STALL_BLOCK)
		return -EINVAL;
	r = hki_log_check(log);
	if (r < 0)
		return r;
	terminal = hki_zalloc(sizeof(*terminal));
	if (terminal == NULL)
		return -ENOMEM;
	terminal->fd = terminal->cancel_fd = -1;
	init_locks(terminal);
	terminal->room.open = go_on;
	terminal->gone.open = gone;
	terminal->sink.slow = true;
	terminal->drop = own.stall == HK_LOG_STALL_DROP ||
			 (own.stall == HK_LOG_STALL_AUTO && isatty(own.fd) == 1);
	terminal->color = own.color != 0;
	atomic_init(&terminal->label_width, own.label_width);
	terminal->limit =
	    own.buffer_bytes != 0 ? (size_t) own.buffer_bytes : BUFFER_BYTES;
	if (terminal->limit < BUFFER_LEAST)
		terminal->limit = BUFFER_LEAST;
	hki_ring_init(&terminal->waiting, terminal->limit + NOTE_ROOM);

	if ((r = open_descriptors(terminal, own.fd)) < 0 ||
	    (r = hki_log_sink_init(&terminal->sink, &terminal_kind, log,
		 own.name != NULL ? own.name : "terminal")) < 0 ||
	    (r = start_writer(terminal)) < 0)
		return r;
	/* From here on the writer lives, so the end is the way of every sink. */
	r = hki_log_sink_announce(&terminal->sink);
	if (r < 0) {
		hk_log_sink *sink = &hki_take(terminal)->sink;

		/* The log has ended on its own: its patience is over, too. */
		log->finishing = true;
		(void) terminal_close(sink);
		hki_log_sink_release(sink);
		hki_log_sink_release(sink);
		return r;
	}
	*out = &hki_take(terminal)->sink;
	return 0;
}

void hk_log_sink_set_label_width(hk_log_sink *sink, unsigned int width)
{
	if (sink->kind == &terminal_kind)
		atomic_store(&terminal_of(sink)->label_width, width);
}
