/*
 * Reading a workload: which format it is, where mistakes are, and what can only be
 * judged when all of it was read.
 *
 * Whether plain numbers are ticks or milliseconds shows only when a time with a unit
 * comes along.  Reading then begins again, with that known: it is rare, and cheaper
 * than remembering of every number how it was written.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/opts.h"
#include "sched/reader.h"

static void reader_deinit(hki_reader *reader)
{
	hki_draft_deinit(&reader->draft);
	hki_free(reader->waits_places.items);
	hki_free(reader->first_waits.items);
	hk_sched_workload_free(reader->workload);
}

/* ---- telling ---- */

/* Lines and columns are counted on from the last mistake: they mostly come in order. */
static void find_line(hki_reader *reader, size_t place)
{
	if (place > reader->length)
		place = reader->length;
	if (place < reader->counted || reader->line == 0) {
		reader->counted = 0;
		reader->line = 1;
		reader->line_start = 0;
	}
	while (reader->counted < place) {
		const char *from = reader->text + reader->counted;
		const char *feed = memchr(from, '\n', place - reader->counted);

		if (feed == NULL)
			break;
		reader->line++;
		reader->counted = (size_t) (feed - reader->text) + 1;
		reader->line_start = reader->counted;
	}
	reader->counted = place;
}

static int bounded(size_t number)
{
	return number < INT32_MAX ? (int) number : INT32_MAX;
}

void hki_reader_tell(hki_reader *reader, size_t place, const char *key, const char *hint,
    const char *format, ...)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hk_error error = { .code = HK_EPARSE, .source = reader->source, .step = key };
	va_list arguments;

	if (reader->failure == 0)
		reader->failure = HK_EPARSE;
	if (reader->errors == NULL ||
	    hk_error_list_count(reader->errors) >= HK_ERROR_LIST_MAX) {
		(void) hki_error_report(reader->errors, &error);
		return;
	}
	find_line(reader, place);
	error.line = bounded(reader->line);
	error.column = bounded(place - reader->line_start + 1);
	va_start(arguments, format);
	if (hki_buffer_append_format_list(&text, format, arguments) == 0)
		error.text = text.data;
	va_end(arguments);
	error.hint = hint == NULL ? "" : hint;
	(void) hki_error_report(reader->errors, &error);
}

void hki_reader_no_memory(hki_reader *reader)
{
	reader->failure = -ENOMEM;
}

/* ---- dependencies ---- */

static void tell_dependency(
    void *user, size_t task, size_t dependency, const char *sentence)
{
	hki_reader *reader = user;
	const size_t *places = reader->waits_places.items;
	const size_t *firsts = reader->first_waits.items;

	hki_reader_tell(reader, places[firsts[task] + dependency], "depends_on", NULL,
	    "%s", sentence);
}

/* ---- formats ---- */

static size_t skip_blank(const char *text, size_t length, size_t at)
{
	while (at < length && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
		at++;
	return at;
}

/*
 * A list is JSON.  An object is JSON too, unless its first line is whole and more
 * than blanks follow: then it is JSON Lines.  All else is CSV.
 */
static hk_sched_format guess_format(const hki_reader *reader)
{
	const char *text = reader->text;
	size_t at = skip_blank(text, reader->length, 0);
	const char *feed;
	size_t depth = 0;
	bool in_string = false;

	if (at == reader->length || text[at] == '[')
		return HK_SCHED_FORMAT_JSON;
	if (text[at] != '{')
		return HK_SCHED_FORMAT_CSV;
	feed = memchr(text + at, '\n', reader->length - at);
	if (feed == NULL)
		return memmem(text + at, reader->length - at, "\"tasks\"", 7) != NULL
			   ? HK_SCHED_FORMAT_JSON
			   : HK_SCHED_FORMAT_LINES;
	for (; text + at < feed; at++) {
		if (text[at] == '"' && (at == 0 || text[at - 1] != '\\'))
			in_string = !in_string;
		else if (!in_string && (text[at] == '{' || text[at] == '['))
			depth++;
		else if (!in_string && (text[at] == '}' || text[at] == ']'))
			depth--;
	}
	if (depth > 0)
		return HK_SCHED_FORMAT_JSON;
	at = skip_blank(text, reader->length, (size_t) (feed - text));
	if (at < reader->length)
		return HK_SCHED_FORMAT_LINES;
	return memmem(text, (size_t) (feed - text), "\"tasks\"", 7) != NULL
		   ? HK_SCHED_FORMAT_JSON
		   : HK_SCHED_FORMAT_LINES;
}

/* What editors of some systems put before the text, to say that it is UTF-8. */
static void skip_mark(hki_reader *reader)
{
	static const char mark[] = "\xEF\xBB\xBF";
	const size_t length = sizeof(mark) - 1;

	if (reader->length < length || memcmp(reader->text, mark, length) != 0)
		return;
	reader->text += length;
	reader->length -= length;
}

static int begin(hki_reader *reader)
{
	hk_sched_workload_free(reader->workload);
	reader->workload = NULL;
	reader->waits_places.count = 0;
	reader->first_waits.count = 0;
	reader->restart = false;
	reader->failure = 0;
	return hk_sched_workload_new(&reader->workload);
}

static int read_once(hki_reader *reader, hk_sched_format format)
{
	int r = begin(reader);

	if (r < 0)
		return r;
	reader->workload->tick_ns = reader->real ? 1 : 0;
	switch (format) {
	case HK_SCHED_FORMAT_AUTO:
	case HK_SCHED_FORMAT_JSON:
		hki_reader_json(reader);
		break;
	case HK_SCHED_FORMAT_LINES:
		hki_reader_json_lines(reader);
		break;
	case HK_SCHED_FORMAT_CSV:
		hki_reader_csv(reader);
		break;
	}
	return reader->failure;
}

static int read_all(hki_reader *reader, hk_sched_format format)
{
	size_t told = hk_error_list_count(reader->errors);
	int r;

	if (format == HK_SCHED_FORMAT_AUTO)
		format = guess_format(reader);
	r = read_once(reader, format);
	if (reader->restart) {
		/* What the first look said would be said twice. */
		if (told == 0)
			hk_error_list_clear(reader->errors);
		reader->real = true;
		r = read_once(reader, format);
	}
	return r;
}

int hk_sched_workload_read(hk_sched_workload **out, const char *text, size_t length,
    const hk_sched_read_opts *given, hk_error_list *errors)
{
	hk_sched_read_opts opts = HK_SCHED_READ_OPTS_INIT;
	hki_cleanup(reader_deinit) hki_reader reader = {
		.errors = errors,
		.text = text,
		.length = length,
	};
	int r = 0;
	int dependencies;

	if (given != NULL)
		r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
		    offsetof(hk_sched_read_opts, format));
	if (r < 0)
		return r;
	if (opts.format > HK_SCHED_FORMAT_CSV)
		return -EINVAL;
	reader.source = opts.source == NULL ? "" : opts.source;
	reader.real = opts.real != 0;
	reader.to_run = opts.to_run != 0;
	skip_mark(&reader);
	r = read_all(&reader, opts.format);
	if (r == -ENOMEM)
		return r;
	dependencies =
	    hki_sched_dependencies_check(reader.workload, tell_dependency, &reader);
	if (r < 0 || dependencies < 0)
		return dependencies == -ENOMEM || r == 0 ? dependencies : r;
	*out = hki_take(reader.workload);
	return 0;
}
