#include "log/log_internal.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/opts.h"

/*
 * What files and terminals have in common: a life shared by two threads,
 * counters, and the rule that a stalled sink pauses the streams that print to
 * it.  The caller's handle and the log's thread each hold a reference, so
 * either may let go first.
 */

void hki_log_sink_reference(hk_log_sink *sink)
{
	atomic_fetch_add(&sink->references, 1);
}

void hki_log_sink_release(hk_log_sink *sink)
{
	if (atomic_fetch_sub(&sink->references, 1) == 1)
		sink->kind->release(sink);
}

void hki_log_sink_close(hk_log_sink *sink)
{
	if (sink->closed)
		return;
	sink->closed = true;
	hki_list_remove(&sink->node);
	hki_list_append(&sink->log->closing, &sink->node);
	if (sink->kind->close(sink))
		hki_log_sink_closed(sink);
}

void hki_log_sink_closed(hk_log_sink *sink)
{
	hki_list_remove(&sink->node);
	hki_log_sink_release(sink); /* the log's thread's */
}

static void arrive(hki_letter *letter)
{
	hk_log_sink *sink = hki_list_entry(letter, hk_log_sink, arrive);

	hki_list_append(&sink->log->sinks, &sink->node);
}

/* The handle is gone; streams that still print here keep the sink open. */
static void leave(hki_letter *letter)
{
	hk_log_sink *sink = hki_list_entry(letter, hk_log_sink, leave);

	sink->freed = true;
	if (sink->attachments == 0)
		hki_log_sink_close(sink);
	hki_log_sink_release(sink); /* the handle's */
}

int hki_log_sink_init(
    hk_log_sink *sink, const hki_log_sink_kind *kind, hk_log *log, const char *name)
{
	sink->name = hki_strdup(name);
	if (sink->name == NULL)
		return -ENOMEM;
	sink->kind = kind;
	atomic_init(&sink->references, 2); /* the handle's and the log's thread's */
	sink->log = log;
	hki_log_reference(log);
	hki_list_init(&sink->node);
	sink->arrive.open = arrive;
	sink->leave.open = leave;
	return 0;
}

void hki_log_sink_deinit(hk_log_sink *sink)
{
	hki_free(sink->name);
	if (sink->log != NULL)
		hki_log_release(sink->log);
}

int hki_log_sink_announce(hk_log_sink *sink)
{
	return hki_log_ask(sink->log, &sink->arrive);
}

void hki_log_sink_resume(hk_log_sink *sink)
{
	hk_log *log = sink->log;
	hki_list *node;
	hki_list *next;

	sink->stalled = false;
	for (node = log->streams.next; node != &log->streams; node = next) {
		next = node->next; /* a stream that leaves may end here */
		hki_log_stream_resume(hki_list_entry(node, hk_log_stream, node));
	}
	hki_log_check_finished(log);
}

void hk_log_sink_free(hk_log_sink *sink)
{
	if (sink == NULL)
		return;
	if (hki_log_ask(sink->log, &sink->leave) < 0)
		hki_log_sink_release(sink);
}

struct reopen {
	hki_letter letter;
	hk_log_sink *sink;
};

static void reopen(hki_letter *letter)
{
	struct reopen *request = hki_list_entry(letter, struct reopen, letter);

	if (!request->sink->closed)
		request->sink->kind->reopen(request->sink);
	hki_log_sink_release(request->sink);
	hki_free(request);
}

void hk_log_sink_reopen(hk_log_sink *sink)
{
	struct reopen *request = hki_alloc(sizeof(*request));

	/* Without memory for the request the old file stays open, as if it came later. */
	if (request == NULL)
		return;
	request->letter.open = reopen;
	request->sink = sink;
	hki_log_sink_reference(sink);
	if (hki_log_ask(sink->log, &request->letter) < 0) {
		hki_log_sink_release(sink);
		hki_free(request);
	}
}

int hk_log_sink_read_counts(const hk_log_sink *sink, hk_log_sink_counts *out)
{
	hk_log_sink_counts counts = {
		.size = out->size,
		.written_bytes = atomic_load(&sink->written_bytes),
		.dropped_bytes = atomic_load(&sink->dropped_bytes),
		.dropped_lines = atomic_load(&sink->dropped_lines),
		.rotations = atomic_load(&sink->rotations),
		.waiting_bytes = atomic_load(&sink->waiting_bytes),
	};

	if (out->size < sizeof(size_t) + sizeof(uint64_t))
		return -EINVAL;
	memcpy(out, &counts, out->size < sizeof(counts) ? out->size : sizeof(counts));
	return 0;
}
