#include "log/log_internal.h"

#include <string.h>

/*
 * From bytes to lines, for sinks that show several streams or put something
 * before each line.  Most bytes pass through as they came, many lines at a
 * time; only the beginning of a line whose end has not arrived is copied and
 * kept, up to a bound.  A longer line goes on in pieces.
 */

uint64_t hki_log_lines_count(const char *bytes, size_t length)
{
	uint64_t count = 0;

	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end != NULL ? (size_t) (end - bytes) + 1 : length;

		count++;
		bytes += part;
		length -= part;
	}
	return count;
}

/* Bring a kept beginning together with what has come.  Returns how much of it was used. */
static size_t complete(
    hki_log_attachment *from, const char *bytes, size_t length, hki_log_put_fn put)
{
	hki_buffer *kept = &from->partial;
	const char *end = memchr(bytes, '\n', length);
	size_t part = end != NULL ? (size_t) (end - bytes) + 1 : length;

	if (kept->length + part <= HKI_LOG_PARTIAL_MAX &&
	    hki_buffer_append(kept, bytes, part) == 0) {
		if (end != NULL)
			put(from->sink, from, kept->data, kept->length, true);
	} else {
		put(from->sink, from, kept->data, kept->length, false);
		put(from->sink, from, bytes, part, end != NULL);
		hki_buffer_truncate(kept, 0);
	}
	if (end != NULL)
		hki_buffer_deinit(kept); /* most streams are quiet most of the time */
	return part;
}

void hki_log_lines_feed(hki_log_attachment *from, const char *bytes, size_t length,
    bool hold, hki_log_put_fn put)
{
	const char *last;
	size_t whole;

	if (from->partial.length > 0) {
		size_t used = complete(from, bytes, length, put);

		bytes += used;
		length -= used;
	}
	if (length == 0)
		return;
	last = memrchr(bytes, '\n', length);
	whole = last != NULL ? (size_t) (last - bytes) + 1 : 0;
	if (whole > 0)
		put(from->sink, from, bytes, whole, true);
	bytes += whole;
	length -= whole;
	if (length == 0)
		return;
	if (!hold || length > HKI_LOG_PARTIAL_MAX ||
	    hki_buffer_append(&from->partial, bytes, length) < 0)
		put(from->sink, from, bytes, length, false);
}

void hki_log_lines_end(hki_log_attachment *from, hki_log_put_fn put)
{
	if (from->partial.length > 0)
		put(from->sink, from, from->partial.data, from->partial.length, false);
	hki_buffer_deinit(&from->partial);
}
