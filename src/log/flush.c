#include "log/log_internal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include "base/alloc.h"
#include "base/clock.h"

/*
 * Knowing that a program's last words have been read.  What it printed before
 * its end is in the pipe when its end is seen, so the number of bytes readable
 * at that moment says how far to read; a grandchild that goes on printing
 * cannot move the mark.
 */

struct flush {
	hki_letter letter;
	hki_list node; /* [log] in stream->flushes */
	hk_log_stream *stream;
	hk_log_flush_fn fn;
	void *user;
	uint64_t limit_ns;
	uint64_t target;
	hk_timer *timer; /* [log] */
};

uint64_t hki_log_stream_readable(const hk_log_stream *stream)
{
	int bytes = 0;

	if (stream->read_fd < 0 || ioctl(stream->read_fd, FIONREAD, &bytes) < 0)
		return 0;
	return bytes > 0 ? (uint64_t) bytes : 0;
}

void hki_log_stream_end_lines(hk_log_stream *stream)
{
	for (hki_list *node = stream->attachments.next; node != &stream->attachments;
	     node = node->next) {
		hki_log_attachment *attachment =
		    hki_list_entry(node, hki_log_attachment, node);

		if (!attachment->sink->closed)
			attachment->sink->kind->end_line(attachment->sink, attachment);
	}
}

static void flush_free(struct flush *flush)
{
	hki_log_stream_release(flush->stream);
	hki_free(flush);
}

static void answer(hki_letter *letter)
{
	struct flush *flush = hki_list_entry(letter, struct flush, letter);
	hk_log_stream *stream = flush->stream;
	hk_log *log = stream->log;

	if (log->outer != NULL) {
		log->holds--;
		hki_loop_release(log->outer);
	}
	if (!stream->freed && !log->closed && log->outer != NULL)
		flush->fn(stream, flush->user);
	flush_free(flush);
}

static void done(struct flush *flush)
{
	hk_timer_free(flush->timer);
	hki_list_remove(&flush->node);
	flush->letter.open = answer;
	/* Nobody there to be told: the loop is gone, and with it what we held. */
	if (hki_mailbox_send(&flush->stream->log->to_loop, &flush->letter) < 0)
		flush_free(flush);
}

static void too_late(hk_timer *timer, void *user)
{
	(void) timer;
	done(user);
}

void hki_log_flushes_check(hk_log_stream *stream)
{
	uint64_t total = atomic_load(&stream->total);
	hki_list *next;

	for (hki_list *node = stream->flushes.next; node != &stream->flushes;
	     node = next) {
		struct flush *flush = hki_list_entry(node, struct flush, node);

		next = node->next;
		if (total < flush->target && !stream->ended)
			continue;
		hki_log_stream_end_lines(stream);
		done(flush);
	}
}

void hki_log_flushes_end(hk_log_stream *stream)
{
	while (!hki_list_empty(&stream->flushes))
		done(hki_list_entry(stream->flushes.next, struct flush, node));
}

static void asked(hki_letter *letter)
{
	struct flush *flush = hki_list_entry(letter, struct flush, letter);
	hk_log_stream *stream = flush->stream;
	uint64_t ms = (flush->limit_ns + HKI_NS_PER_MS - 1) / HKI_NS_PER_MS;

	hki_list_append(&stream->flushes, &flush->node);
	if (hki_list_empty(&stream->node)) { /* the log has ended */
		done(flush);
		return;
	}
	flush->target = atomic_load(&stream->total) + hki_log_stream_readable(stream);
	if (hk_timer_after(&flush->timer, stream->log->inner, ms, too_late, flush) < 0)
		done(flush);
	else
		hki_log_flushes_check(stream);
}

int hk_log_stream_flush(
    hk_log_stream *stream, uint64_t limit_ns, hk_log_flush_fn fn, void *user)
{
	struct flush *flush;
	int r = hki_log_check(stream->log);

	if (r == 0 && stream->log->outer == NULL)
		r = HK_ECLOSED;
	if (r < 0)
		return r;
	flush = hki_zalloc(sizeof(*flush));
	if (flush == NULL)
		return -ENOMEM;
	flush->letter.open = asked;
	flush->stream = stream;
	flush->fn = fn;
	flush->user = user;
	flush->limit_ns = limit_ns;
	hki_list_init(&flush->node);
	hki_log_stream_reference(stream);
	r = hki_log_ask(stream->log, &flush->letter);
	if (r < 0) {
		flush_free(flush);
		return r;
	}
	stream->log->holds++;
	hki_loop_hold(stream->log->outer);
	return 0;
}
