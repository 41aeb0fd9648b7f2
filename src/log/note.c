#include "log/log_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"

/*
 * Words of our own between those of programs: "api started".  They are copied
 * and sent to the log's thread, which alone writes to files, so whoever speaks
 * never waits; how much may be under way is bounded.
 */

struct note {
	hki_letter letter;
	hk_log_sink *sink;
	size_t length;
	char bytes[];
};

static void free_note(struct note *note)
{
	atomic_fetch_sub(&note->sink->queued, note->length);
	hki_log_sink_release(note->sink);
	hki_free(note);
}

static void arrived(hki_letter *letter)
{
	struct note *note = hki_list_entry(letter, struct note, letter);

	if (!note->sink->closed)
		note->sink->kind->note(note->sink, note->bytes, note->length);
	free_note(note);
}

int hki_log_note_send(hk_log_sink *sink, const char *bytes, size_t length, bool add_end)
{
	size_t total = length + add_end;
	struct note *note;

	if (atomic_load(&sink->queued) + total > HKI_LOG_QUEUED_MAX) {
		atomic_fetch_add(&sink->dropped_bytes, length);
		atomic_fetch_add(
		    &sink->dropped_lines, hki_log_lines_count(bytes, length));
		return -EAGAIN;
	}
	note = hki_alloc(sizeof(*note) + total);
	if (note == NULL)
		return -ENOMEM;
	note->letter.open = arrived;
	note->sink = sink;
	note->length = total;
	memcpy(note->bytes, bytes, length);
	if (add_end)
		note->bytes[length] = '\n';
	atomic_fetch_add(&sink->queued, total);
	hki_log_sink_reference(sink);
	if (hki_log_ask(sink->log, &note->letter) == 0)
		return 0;
	free_note(note);
	return HK_ECLOSED;
}

int hk_log_sink_write(hk_log_sink *sink, const void *bytes, size_t length)
{
	const char *text = bytes;

	if (sink->log->owner != getpid())
		return -ECHILD;
	if (length == 0)
		return 0;
	return sink->kind->say(sink, text, length, text[length - 1] != '\n');
}
