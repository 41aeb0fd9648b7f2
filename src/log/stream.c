#include "log/log_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/opts.h"

/*
 * A stream: the read end of a pipe on the log's thread, and the list of sinks
 * its bytes go to.
 *
 * The pipe is ours and outlives the programs that print into it.  So nothing
 * is lost between two incarnations, no end-of-file has to be waited for, and a
 * grandchild that keeps the write end holds nothing up.  Its reading end alone
 * is non-blocking: the write end is another open file description, which
 * programs find in the blocking mode they expect.
 *
 * Back-pressure is the pipe itself.  While one of its sinks is stalled the
 * stream is not read, the pipe fills, and the program waits in write(2).
 */

#define TAIL_BYTES (8 * 1024)
#define TAIL_LINES 20

void hki_log_stream_reference(hk_log_stream *stream)
{
	atomic_fetch_add(&stream->references, 1);
}

void hki_log_stream_release(hk_log_stream *stream)
{
	if (atomic_fetch_sub(&stream->references, 1) != 1)
		return;
	hki_closep(&stream->read_fd);
	hki_closep(&stream->write_fd);
	hki_ring_deinit(&stream->tail);
	(void) pthread_mutex_destroy(&stream->mutex);
	hki_log_release(stream->log);
	hki_free(stream);
}

/* ---- reading, on the log's thread ---- */

bool hki_log_stream_must_wait(const hk_log_stream *stream)
{
	for (const hki_list *node = stream->attachments.next;
	     node != &stream->attachments; node = node->next)
		if (hki_list_entry(node, hki_log_attachment, node)->sink->stalled)
			return true;
	return false;
}

static void attachment_free(hki_log_attachment *attachment)
{
	hk_log_sink *sink = attachment->sink;

	hki_list_remove(&attachment->node);
	hki_buffer_deinit(&attachment->partial);
	hki_free(attachment->label);
	hki_free(attachment);
	hki_log_sink_release(sink);
}

static void detach_all(hk_log_stream *stream)
{
	while (!hki_list_empty(&stream->attachments)) {
		hki_log_attachment *attachment =
		    hki_list_entry(stream->attachments.next, hki_log_attachment, node);
		hk_log_sink *sink = attachment->sink;

		if (!sink->closed)
			sink->kind->end_line(sink, attachment);
		sink->attachments--;
		if (sink->attachments == 0 && sink->freed)
			hki_log_sink_close(sink);
		attachment_free(attachment);
	}
}

/* The log's thread lets go of it for good. */
void hki_log_stream_abandon(hk_log_stream *stream)
{
	hk_log *log = stream->log;

	hki_list_remove(&stream->node);
	stream->ended = true;
	hk_watch_free(stream->watch);
	stream->watch = NULL;
	hki_closep(&stream->read_fd);
	stream->read_fd = -1;
	hki_log_watches_end(stream);
	hki_log_flushes_end(stream);
	detach_all(stream);
	hki_log_stream_release(stream);
	hki_log_check_finished(log);
}

static void remember(hk_log_stream *stream, const char *bytes, size_t length)
{
	(void) pthread_mutex_lock(&stream->mutex);
	hki_ring_append_newest(&stream->tail, bytes, length);
	(void) pthread_mutex_unlock(&stream->mutex);
}

static void deliver(hk_log_stream *stream, const char *bytes, size_t length)
{
	atomic_fetch_add(&stream->total, length);
	remember(stream, bytes, length);
	if (!hki_list_empty(&stream->watches))
		hki_log_watches_feed(stream, bytes, length);
	stream->at_line_start = bytes[length - 1] == '\n';
	for (hki_list *node = stream->attachments.next; node != &stream->attachments;
	     node = node->next) {
		hki_log_attachment *attachment =
		    hki_list_entry(node, hki_log_attachment, node);

		if (!attachment->sink->closed)
			attachment->sink->kind->write(
			    attachment->sink, attachment, bytes, length);
	}
}

static char *chunk_of(hk_log *log, const hk_log_stream *stream, size_t *size)
{
	bool slow = false;

	if (log->chunk == NULL)
		log->chunk = hki_alloc(HKI_LOG_CHUNK);
	if (log->chunk == NULL) {
		*size = sizeof(log->spare);
		return log->spare;
	}
	for (const hki_list *node = stream->attachments.next;
	     node != &stream->attachments; node = node->next)
		slow = slow || hki_list_entry(node, hki_log_attachment, node)->sink->slow;
	*size = slow ? HKI_LOG_CHUNK_SLOW : HKI_LOG_CHUNK;
	return log->chunk;
}

/* A program that fills the pipe between two reads gets a larger one.  Not all of
 * them from the start: pipes of one user may not hold more than 64 MiB in all. */
static void enlarge_pipe(hk_log_stream *stream)
{
	stream->large_pipe = true;
	if (stream->owned_pipe)
		(void) fcntl(stream->read_fd, F_SETPIPE_SZ, HKI_LOG_PIPE_BYTES);
}

/* One read.  Returns false when there is nothing (more) to read now. */
static bool read_once(hk_log_stream *stream)
{
	size_t size;
	char *chunk = chunk_of(stream->log, stream, &size);
	ssize_t got;

	do
		got = read(stream->read_fd, chunk, size);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		if (!stream->large_pipe && (size_t) got >= HKI_LOG_CHUNK_SLOW)
			enlarge_pipe(stream);
		deliver(stream, chunk, (size_t) got);
		return true;
	}
	/* EIO is how the master of a terminal says that the other side is closed. */
	if (got == 0 || errno != EAGAIN)
		stream->ended = true;
	return false;
}

static void stop_watching(hk_log_stream *stream)
{
	hk_watch_free(stream->watch);
	stream->watch = NULL;
}

static void end_if_drained(hk_log_stream *stream)
{
	if (stream->ended) {
		stop_watching(stream);
		hki_log_stream_end_lines(stream);
		if (!stream->at_line_start)
			hki_log_watches_feed(stream, "\n", 1);
		stream->at_line_start = true;
	}
	hki_log_flushes_check(stream);
	if (stream->leaving &&
	    (stream->ended || atomic_load(&stream->total) >= stream->drain_to))
		hki_log_stream_abandon(stream);
}

/* What was asked before a program printed holds for what it prints: sinks are
 * attached, lines waited for, files reopened before the bytes are looked at. */
static bool hear_letters(hk_log_stream *stream)
{
	bool still_there;

	hki_log_stream_reference(stream);
	hki_mailbox_open(&stream->log->to_log);
	still_there = stream->watch != NULL;
	hki_log_stream_release(stream);
	return still_there;
}

static void readable(hk_watch *watch, unsigned int events, void *user)
{
	hk_log_stream *stream = user;

	(void) watch;
	(void) events;
	if (!hear_letters(stream))
		return;
	if (hki_log_stream_must_wait(stream)) {
		/* Without a watch, a closed other end cannot wake us in vain. */
		stream->paused = true;
		stop_watching(stream);
		return;
	}
	(void) read_once(stream);
	end_if_drained(stream);
}

static void begin_watching(hk_log_stream *stream)
{
	if (stream->ended || stream->watch != NULL)
		return;
	if (hk_watch_start(&stream->watch, stream->log->inner, stream->read_fd,
		HK_READABLE, readable, stream) < 0) {
		/* No memory: better to tell the program (EPIPE) than to let it wait for ever. */
		stream->ended = true;
		hki_closep(&stream->read_fd);
		stream->read_fd = -1;
	}
}

void hki_log_stream_resume(hk_log_stream *stream)
{
	if (!stream->paused || hki_log_stream_must_wait(stream))
		return;
	stream->paused = false;
	begin_watching(stream);
	end_if_drained(stream);
}

void hki_log_stream_leave(hk_log_stream *stream)
{
	if (!stream->leaving) {
		stream->leaving = true;
		stream->drain_to =
		    atomic_load(&stream->total) + hki_log_stream_readable(stream);
	}
	while (!stream->ended && atomic_load(&stream->total) < stream->drain_to &&
	       !hki_log_stream_must_wait(stream))
		if (!read_once(stream))
			break;
	end_if_drained(stream);
}

/* ---- letters ---- */

static void arrived(hki_letter *letter)
{
	hk_log_stream *stream = hki_list_entry(letter, hk_log_stream, arrive);

	hki_list_append(&stream->log->streams, &stream->node);
	begin_watching(stream);
}

static void left(hki_letter *letter)
{
	hk_log_stream *stream = hki_list_entry(letter, hk_log_stream, leave);

	/* It is off the list already if the log has ended in between. */
	if (!hki_list_empty(&stream->node))
		hki_log_stream_leave(stream);
	hki_log_stream_release(stream); /* the handle's */
}

static void attached(hki_letter *letter)
{
	hki_log_attachment *attachment =
	    hki_list_entry(letter, hki_log_attachment, arrive);
	hk_log_stream *stream = attachment->stream;

	if (hki_list_empty(&stream->node) || attachment->sink->closed) {
		attachment_free(attachment);
	} else {
		attachment->sink->attachments++;
		hki_list_append(&stream->attachments, &attachment->node);
	}
	hki_log_stream_release(stream); /* the letter's */
}

/* ---- the caller's thread ---- */

static int open_pipe(hk_log_stream *stream)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	stream->read_fd = ends[0];
	stream->write_fd = ends[1];
	stream->owned_pipe = true;
	return 0;
}

/* Our end must not block.  A descriptor of somebody else's is refused, never changed. */
static int check_mode(hk_log_stream *stream, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if (!stream->owned_pipe)
		return (flags & O_NONBLOCK) != 0 ? 0 : -EINVAL;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

/* Hand the stream to the log's thread.  @given is Taken on success. */
static int take_over(hk_log_stream *stream, int given)
{
	int r = check_mode(stream, stream->owned_pipe ? stream->read_fd : given);

	if (r < 0)
		return r;
	if (!stream->owned_pipe)
		stream->read_fd = given;
	atomic_fetch_add(&stream->references, 1); /* the log's thread's */
	r = hki_log_ask(stream->log, &stream->arrive);
	if (r < 0) {
		atomic_fetch_sub(&stream->references, 1);
		if (!stream->owned_pipe)
			stream->read_fd = -1;
	}
	return r;
}

static void init_members(
    hk_log_stream *stream, hk_log *log, const hk_log_stream_opts *opts)
{
	atomic_init(&stream->references, 1);
	stream->read_fd = stream->write_fd = -1;
	stream->log = log;
	hki_log_reference(log);
	stream->arrive.open = arrived;
	stream->leave.open = left;
	stream->at_line_start = true;
	hki_list_init(&stream->node);
	hki_list_init(&stream->attachments);
	hki_list_init(&stream->watches);
	hki_list_init(&stream->flushes);
	(void) pthread_mutex_init(&stream->mutex, NULL);
	hki_ring_init(
	    &stream->tail, opts->tail_bytes != 0 ? opts->tail_bytes : TAIL_BYTES);
	stream->tail_lines = opts->tail_lines != 0 ? opts->tail_lines : TAIL_LINES;
}

static void streamp_release(hk_log_stream **stream)
{
	if (*stream != NULL)
		hki_log_stream_release(*stream);
}

int hk_log_stream_new(hk_log_stream **out, hk_log *log, const hk_log_stream_opts *opts)
{
	hki_cleanup(streamp_release) hk_log_stream *stream = NULL;
	hk_log_stream_opts own = HK_LOG_STREAM_OPTS_INIT;
	int r = hki_log_check(log);

	if (r < 0)
		return r;
	if (opts != NULL) {
		r = hki_opts_copy(&own, sizeof(own), opts, opts->size, sizeof(size_t));
		if (r < 0)
			return r;
	}
	stream = hki_zalloc(sizeof(*stream));
	if (stream == NULL)
		return -ENOMEM;
	init_members(stream, log, &own);
	if ((own.flags & HK_LOG_STREAM_TAKE_FD) == 0) {
		r = open_pipe(stream);
		if (r < 0)
			return r;
	}
	r = take_over(stream, own.fd);
	if (r < 0)
		return r;
	*out = hki_take(stream);
	return 0;
}

int hk_log_stream_fd(const hk_log_stream *stream)
{
	return stream->write_fd >= 0 ? stream->write_fd : -EBADF;
}

int hk_log_stream_attach(
    hk_log_stream *stream, hk_log_sink *sink, const char *label, unsigned int color)
{
	hki_log_attachment *attachment;
	int r = hki_log_check(stream->log);

	if (r < 0)
		return r;
	attachment = hki_zalloc(sizeof(*attachment));
	if (attachment == NULL)
		return -ENOMEM;
	if (label != NULL) {
		attachment->label = hki_strdup(label);
		if (attachment->label == NULL) {
			hki_free(attachment);
			return -ENOMEM;
		}
	}
	attachment->color = color;
	attachment->arrive.open = attached;
	attachment->stream = stream;
	attachment->sink = sink;
	hki_list_init(&attachment->node);
	hki_log_sink_reference(sink);
	hki_log_stream_reference(stream);
	if (hki_log_ask(stream->log, &attachment->arrive) < 0) {
		attachment_free(attachment);
		hki_log_stream_release(stream);
		return HK_ECLOSED;
	}
	return 0;
}

/* Where the last @lines lines of @text begin. */
static size_t last_lines(const char *text, size_t length, uint32_t lines)
{
	size_t at = length;

	if (at > 0 && text[at - 1] == '\n')
		at--;
	while (lines-- > 0) {
		const char *before = at > 0 ? memrchr(text, '\n', at) : NULL;

		if (before == NULL)
			return 0;
		if (lines == 0)
			return (size_t) (before - text) + 1;
		at = (size_t) (before - text);
	}
	return length;
}

int hk_log_stream_tail(const hk_log_stream *stream, char **out, size_t *out_length)
{
	hk_log_stream *own = (hk_log_stream *) (uintptr_t) stream; /* for its lock */
	size_t length;
	size_t from = 0;
	bool cut;
	char *text;

	if (stream->log->owner != getpid())
		return -ECHILD;
	(void) pthread_mutex_lock(&own->mutex);
	length = own->tail.length;
	cut = atomic_load(&own->total) > length;
	text = hki_alloc(length + 1);
	if (text != NULL)
		(void) hki_ring_copy(&own->tail, 0, text, length);
	(void) pthread_mutex_unlock(&own->mutex);
	if (text == NULL)
		return -ENOMEM;

	/* What is left of a line whose beginning is gone is not shown, unless it is all. */
	if (cut) {
		const char *end = memchr(text, '\n', length);

		if (end != NULL && (size_t) (end - text) + 1 < length)
			from = (size_t) (end - text) + 1;
	}
	from += last_lines(text + from, length - from, own->tail_lines);
	memmove(text, text + from, length - from);
	text[length - from] = '\0';
	if (out_length != NULL)
		*out_length = length - from;
	*out = text;
	return 0;
}

uint64_t hk_log_stream_total(const hk_log_stream *stream)
{
	return atomic_load(&stream->total);
}

void hk_log_stream_free(hk_log_stream *stream)
{
	if (stream == NULL)
		return;
	stream->freed = true;
	hki_closep(&stream->write_fd);
	stream->write_fd = -1;
	if (hki_log_ask(stream->log, &stream->leave) < 0)
		hki_log_stream_release(stream);
}
