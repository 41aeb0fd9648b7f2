#include <regex.h>

#include "log/log_internal.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/error_list.h"

/*
 * Waiting for a line.  Lines are put together here, up to a bound, only while
 * somebody waits for one; the comparison runs on the log's thread, so a slow
 * expression holds up output and nothing else.
 */

struct hk_log_watch {
	atomic_uint references; /* the handle's and the log's thread's */
	hki_letter letter;      /* to the log: it exists; to the loop: it has matched */
	hki_letter leave;
	hki_list node; /* [log] in stream->watches */
	hk_log_stream *stream;
	hk_log_match_fn fn;
	void *user;
	bool freed; /* [loop] */
	bool skip;  /* [log] the rest of a line that began before us */
	regex_t expression;
	size_t length; /* [log] then [loop] of line */
	char line[HK_LOG_MATCH_MAX + 1];
};

static void release(hk_log_watch *watch)
{
	if (atomic_fetch_sub(&watch->references, 1) != 1)
		return;
	regfree(&watch->expression);
	hki_log_stream_release(watch->stream);
	hki_free(watch);
}

/* ---- the log's thread ---- */

static void matched(hki_letter *letter)
{
	hk_log_watch *watch = hki_list_entry(letter, hk_log_watch, letter);

	const hk_log *log = watch->stream->log;

	if (!watch->freed && !log->closed && log->outer != NULL)
		watch->fn(watch, watch->line, watch->length, watch->user);
	release(watch);
}

static void finish(hk_log_watch *watch, bool found)
{
	hki_list_remove(&watch->node);
	watch->letter.open = matched;
	if (!found || hki_mailbox_send(&watch->stream->log->to_loop, &watch->letter) < 0)
		release(watch);
}

static void keep(hk_log_watch *watch, const char *bytes, size_t length)
{
	size_t room = HK_LOG_MATCH_MAX - watch->length;

	if (length > room)
		length = room;
	memcpy(watch->line + watch->length, bytes, length);
	watch->length += length;
}

/* The line is complete.  Returns whether it is the one. */
static bool compare(hk_log_watch *watch)
{
	bool found;

	if (watch->length > 0 && watch->line[watch->length - 1] == '\r')
		watch->length--;
	watch->line[watch->length] = '\0';
	found = !watch->skip && regexec(&watch->expression, watch->line, 0, NULL, 0) == 0;
	if (!found)
		watch->length = 0;
	watch->skip = false;
	return found;
}

static void feed(hk_log_watch *watch, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end != NULL ? (size_t) (end - bytes) : length;

		keep(watch, bytes, part);
		if (end == NULL)
			return;
		if (compare(watch)) {
			finish(watch, true);
			return;
		}
		bytes += part + 1;
		length -= part + 1;
	}
}

void hki_log_watches_feed(hk_log_stream *stream, const char *bytes, size_t length)
{
	hki_list *next;

	for (hki_list *node = stream->watches.next; node != &stream->watches;
	     node = next) {
		next = node->next;
		feed(hki_list_entry(node, hk_log_watch, node), bytes, length);
	}
}

void hki_log_watches_end(hk_log_stream *stream)
{
	while (!hki_list_empty(&stream->watches))
		finish(hki_list_entry(stream->watches.next, hk_log_watch, node), false);
}

static void arrive(hki_letter *letter)
{
	hk_log_watch *watch = hki_list_entry(letter, hk_log_watch, letter);

	if (hki_list_empty(&watch->stream->node)) { /* the log has ended */
		release(watch);
		return;
	}
	watch->skip = !watch->stream->at_line_start;
	hki_list_append(&watch->stream->watches, &watch->node);
}

static void leave(hki_letter *letter)
{
	hk_log_watch *watch = hki_list_entry(letter, hk_log_watch, leave);

	if (!hki_list_empty(&watch->node))
		finish(watch, false);
	release(watch); /* the handle's */
}

/* ---- the caller's thread ---- */

static int compile(hk_log_watch *watch, const char *pattern, hk_error_list *errors)
{
	int code = regcomp(&watch->expression, pattern, REG_EXTENDED | REG_NOSUB);
	char reason[128];

	if (code == 0)
		return 0;
	if (code == REG_ESPACE)
		return -ENOMEM;
	(void) regerror(code, &watch->expression, reason, sizeof(reason));
	return hki_error_report_step(errors, HK_EPARSE, "log",
	    "'%s' is no extended regular expression: %s", pattern, reason);
}

int hk_log_watch_line(hk_log_watch **out, hk_log_stream *stream, const char *pattern,
    hk_log_match_fn fn, void *user, hk_error_list *errors)
{
	hk_log_watch *watch;
	int r = hki_log_check(stream->log);

	if (r < 0)
		return r;
	watch = hki_zalloc(sizeof(*watch));
	if (watch == NULL)
		return -ENOMEM;
	r = compile(watch, pattern, errors);
	if (r < 0) {
		hki_free(watch);
		return r;
	}
	atomic_init(&watch->references, 2);
	watch->letter.open = arrive;
	watch->leave.open = leave;
	watch->stream = stream;
	hki_log_stream_reference(stream);
	watch->fn = fn;
	watch->user = user;
	hki_list_init(&watch->node);
	r = hki_log_ask(stream->log, &watch->letter);
	if (r < 0) {
		atomic_store(&watch->references, 1);
		release(watch);
		return r;
	}
	*out = watch;
	return 0;
}

void hk_log_watch_free(hk_log_watch *watch)
{
	if (watch == NULL)
		return;
	watch->freed = true;
	if (hki_log_ask(watch->stream->log, &watch->leave) < 0)
		release(watch);
}
