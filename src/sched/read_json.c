/*
 * Workloads in JSON: {"tasks": […]}, the list alone, or a task a line.
 *
 * The JSON reader lends strings and numbers from its copy of the text, at the very
 * offset at which they were written; so their places need not be kept.  Those of
 * everything else are found from a key or a bracket nearby, when there is something
 * to tell.
 */
#include <errno.h>
#include <string.h>
#include "base/json/json_document.h"
#include "sched/reader.h"

/* One parsed text: the whole, or a line of it. */
typedef struct json_source {
	hki_reader *reader;
	hk_json_document *document;
	const char *text;
	size_t base; /* where it begins in the reader's text */
	/* the element of the list of tasks that was found last */
	size_t element;
	size_t element_at;
} json_source;

/* ---- places ---- */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static size_t skip_blanks(const char *text, size_t at)
{
	while (is_blank(text[at]))
		at++;
	return at;
}

/* Behind the string that begins at @at.  The text is known to be JSON. */
static size_t skip_string(const char *text, size_t at)
{
	for (at++; text[at] != '"'; at++)
		if (text[at] == '\\')
			at++;
	return at + 1;
}

/* Behind the value that begins at @at. */
static size_t skip_value(const char *text, size_t at)
{
	size_t depth = 0;

	for (;;) {
		if (text[at] == '"') {
			at = skip_string(text, at);
			if (depth == 0)
				return at;
			continue;
		}
		if (text[at] == '{' || text[at] == '[')
			depth++;
		if (depth == 0 && (text[at] == ',' || text[at] == '}' ||
				      text[at] == ']' || is_blank(text[at])))
			return at;
		if ((text[at] == '}' || text[at] == ']') && --depth == 0)
			return at + 1;
		at++;
	}
}

/* Where task @index of the list at @list begins; asked for one after the other. */
static size_t task_place(json_source *source, size_t list, size_t index)
{
	const char *text = source->text;

	if (source->element_at == 0 || index < source->element) {
		source->element = 0;
		source->element_at = skip_blanks(text, list + 1);
	}
	for (; source->element < index; source->element++) {
		size_t at = skip_blanks(text, skip_value(text, source->element_at));

		source->element_at = skip_blanks(text, at + 1);
	}
	return source->element_at;
}

/* Where a key is written, by its text: at its quote. */
static size_t key_place(const json_source *source, const char *key)
{
	return (size_t) (key - source->document->text) - 1;
}

/* Where the value of a member is written. */
static size_t member_place(const json_source *source, const char *key)
{
	size_t at = skip_string(source->text, key_place(source, key));

	return skip_blanks(source->text, skip_blanks(source->text, at) + 1);
}

/* ---- what a task holds ---- */

static const char *kind_name(const hk_json *value)
{
	static const char *const names[] = { "nothing", "null", "true or false",
		"a number", "a text", "a list", "an object" };

	return names[hk_json_kind_of(value)];
}

static void tell_kind(json_source *source, size_t place, const char *key,
    const char *wanted, const hk_json *value)
{
	hki_reader_tell(source->reader, source->base + place, key, NULL,
	    "it has to be %s, not %s", wanted, kind_name(value));
}

/* A string without NUL, as everything that is handed to C must be. */
static const char *get_text(
    json_source *source, size_t place, const char *key, const hk_json *value)
{
	size_t length;
	const char *text = hk_json_get_string(value, &length);

	if (text == NULL) {
		tell_kind(source, place, key, "a text", value);
		return NULL;
	}
	if (strlen(text) != length) {
		hki_reader_tell(source->reader, source->base + place, key, NULL,
		    "the text has a NUL character in it");
		return NULL;
	}
	return text;
}

/* A time inside a list: a number, or a text with a unit. */
static bool get_time(json_source *source, int64_t *out, size_t place, const char *key,
    const hk_json *value)
{
	hki_reader *reader = source->reader;
	size_t length;
	const char *digits = hk_json_get_number_text(value, &length);
	const char *text;

	if (digits != NULL)
		return hki_reader_time(
		    reader, out, HKI_KEY_IO, source->base + place, digits, length, false);
	if (hk_json_kind_of(value) != HK_JSON_STRING) {
		tell_kind(source, place, key, "a time", value);
		return false;
	}
	text = get_text(source, place, key, value);
	return text != NULL && hki_reader_time(reader, out, HKI_KEY_IO,
				   source->base + place, text, strlen(text), true);
}

static void read_io_item(json_source *source, size_t place, const hk_json *item)
{
	hk_json_iterator each = hk_json_iterate(item);
	const hk_json *value;
	int64_t times[2] = { -1, -1 };

	if (hk_json_kind_of(item) != HK_JSON_OBJECT) {
		tell_kind(source, place, "io", "{\"after\": …, \"duration\": …}", item);
		return;
	}
	while ((value = hk_json_next(&each)) != NULL) {
		size_t at = member_place(source, each.key);
		int which = strcmp(each.key, "after") == 0      ? 0
			    : strcmp(each.key, "duration") == 0 ? 1
								: -1;

		if (which < 0)
			hki_reader_tell(source->reader,
			    source->base + key_place(source, each.key), "io",
			    "keys are after and duration", "unknown key '%s'", each.key);
		else if (!get_time(source, &times[which], at, "io", value))
			return;
	}
	if (times[0] < 0 || times[1] < 0)
		hki_reader_tell(source->reader, source->base + place, "io", NULL,
		    "%s is missing", times[0] < 0 ? "after" : "duration");
	else
		hki_draft_add_io(source->reader, times[0], times[1]);
}

static void read_dependency_object(json_source *source, size_t place, const hk_json *item)
{
	hk_json_iterator each = hk_json_iterate(item);
	hk_sched_condition condition = HK_SCHED_AFTER_OK;
	const char *id = NULL;
	const hk_json *value;

	while ((value = hk_json_next(&each)) != NULL) {
		size_t at = member_place(source, each.key);
		bool is_id = strcmp(each.key, "id") == 0;
		const char *text;

		if (!is_id && strcmp(each.key, "condition") != 0) {
			hki_reader_tell(source->reader,
			    source->base + key_place(source, each.key), "depends_on",
			    "keys are id and condition", "unknown key '%s'", each.key);
			continue;
		}
		text = get_text(source, at, "depends_on", value);
		if (text == NULL)
			return;
		if (is_id)
			id = text;
		else if (!hki_sched_condition_find(&condition, text))
			hki_reader_tell(source->reader, source->base + at, "depends_on",
			    "ok, any or not_ok", "unknown condition '%s'", text);
	}
	if (id == NULL)
		hki_reader_tell(source->reader, source->base + place, "depends_on", NULL,
		    "id is missing");
	else
		hki_draft_add_dependency(
		    source->reader, source->base + place, id, condition);
}

static void read_dependency(json_source *source, size_t place, const hk_json *item)
{
	const char *id;

	if (hk_json_kind_of(item) == HK_JSON_OBJECT) {
		read_dependency_object(source, place, item);
		return;
	}
	id = get_text(source, place, "depends_on", item);
	if (id != NULL)
		hki_draft_add_dependency(
		    source->reader, source->base + place, id, HK_SCHED_AFTER_OK);
}

static void read_argument(json_source *source, size_t place, const hk_json *item)
{
	const char *text = get_text(source, place, "command", item);

	if (text != NULL)
		hki_draft_add_argument(source->reader, text);
}

static void read_environment(json_source *source, size_t place, const hk_json *object)
{
	hk_json_iterator each = hk_json_iterate(object);
	const hk_json *value;

	if (hk_json_kind_of(object) != HK_JSON_OBJECT) {
		tell_kind(source, place, "environment", "an object of texts", object);
		return;
	}
	while ((value = hk_json_next(&each)) != NULL) {
		size_t at = member_place(source, each.key);
		const char *text = get_text(source, at, "environment", value);

		if (strlen(each.key) != each.key_length)
			hki_reader_tell(source->reader, source->base + at, "environment",
			    NULL, "the name has a NUL character in it");
		else if (text != NULL)
			hki_draft_add_variable(source->reader, source->base + at,
			    each.key, each.key_length, text);
	}
}

typedef void (*item_fn)(json_source *source, size_t place, const hk_json *item);

static void read_list(json_source *source, hki_sched_key_id key, size_t place,
    const hk_json *list, item_fn read_item)
{
	hk_json_iterator each = hk_json_iterate(list);
	const hk_json *item;
	size_t at = skip_blanks(source->text, place + 1);

	source->reader->draft.places[key] = source->base + place + 1;
	if (key == HKI_KEY_COMMAND)
		source->reader->draft.has_command = true;
	if (hk_json_kind_of(list) != HK_JSON_ARRAY) {
		tell_kind(source, place, hki_sched_keys[key].name, "a list", list);
		return;
	}
	while ((item = hk_json_next(&each)) != NULL) {
		read_item(source, at, item);
		if (each.left > 0)
			at = skip_blanks(source->text,
			    skip_blanks(source->text, skip_value(source->text, at)) + 1);
	}
}

static void read_member(
    json_source *source, hki_sched_key_id key, size_t place, const hk_json *value)
{
	hki_reader *reader = source->reader;
	hk_json_kind kind = hk_json_kind_of(value);
	const char *text;
	size_t length;

	if (kind == HK_JSON_NUMBER) {
		text = hk_json_get_number_text(value, &length);
		hki_draft_set_number(reader, key, source->base + place, text, length);
	} else if (key == HKI_KEY_ENVIRONMENT) {
		reader->draft.places[key] = source->base + place + 1;
		read_environment(source, place, value);
	} else if (key == HKI_KEY_IO && kind != HK_JSON_STRING) {
		read_list(source, key, place, value, read_io_item);
	} else if (key == HKI_KEY_DEPENDS_ON && kind != HK_JSON_STRING) {
		read_list(source, key, place, value, read_dependency);
	} else if (key == HKI_KEY_COMMAND && kind != HK_JSON_STRING) {
		read_list(source, key, place, value, read_argument);
	} else if (kind == HK_JSON_STRING) {
		text = get_text(source, place, hki_sched_keys[key].name, value);
		if (text != NULL)
			hki_draft_set_text(reader, key, source->base + place, text);
	} else {
		reader->draft.places[key] = source->base + place + 1;
		tell_kind(source, place, hki_sched_keys[key].name,
		    hki_sched_keys[key].kind == HKI_KIND_TEXT ? "a text" : "a number",
		    value);
	}
}

static void read_task(json_source *source, size_t place, const hk_json *task)
{
	hk_json_iterator each = hk_json_iterate(task);
	const hk_json *value;

	if (hk_json_kind_of(task) != HK_JSON_OBJECT) {
		tell_kind(source, place, "tasks", "an object", task);
		return;
	}
	hki_draft_begin(source->reader, source->base + place);
	while ((value = hk_json_next(&each)) != NULL) {
		hki_sched_key_id key = hki_sched_key_find(each.key, each.key_length);

		if (key == HKI_KEY_COUNT)
			hki_reader_tell(source->reader,
			    source->base + key_place(source, each.key), "task",
			    "hostkit help sched sim lists the keys", "unknown key '%s'",
			    each.key);
		else
			read_member(source, key, member_place(source, each.key), value);
	}
	hki_draft_end(source->reader);
}

/* ---- the whole ---- */

static void read_tasks(json_source *source, size_t place, const hk_json *list)
{
	hk_json_iterator each = hk_json_iterate(list);
	const hk_json *task;
	size_t index = 0;

	if (hk_json_kind_of(list) != HK_JSON_ARRAY) {
		tell_kind(source, place, "tasks", "a list", list);
		return;
	}
	while (
	    (task = hk_json_next(&each)) != NULL && !hki_reader_is_over(source->reader))
		read_task(source, task_place(source, place, index++), task);
}

static void read_document(json_source *source)
{
	const hk_json *root = hk_json_root(source->document);
	size_t place = skip_blanks(source->text, 0);
	hk_json_iterator each = hk_json_iterate(root);
	const hk_json *value;
	bool has_tasks = false;

	if (hk_json_kind_of(root) == HK_JSON_ARRAY) {
		read_tasks(source, place, root);
		return;
	}
	while (hk_json_kind_of(root) == HK_JSON_OBJECT &&
	       (value = hk_json_next(&each)) != NULL) {
		if (strcmp(each.key, "tasks") == 0) {
			has_tasks = true;
			read_tasks(source, member_place(source, each.key), value);
		} else if (strcmp(each.key, "schema") != 0) {
			hki_reader_tell(source->reader, key_place(source, each.key),
			    "workload", "keys are tasks and schema", "unknown key '%s'",
			    each.key);
		}
	}
	if (!has_tasks)
		hki_reader_tell(source->reader, place, "workload",
		    "{\"tasks\": [{\"id\": \"A\", \"burst\": 24}]}",
		    "there are no tasks in it");
}

/* Parse @length bytes at @base.  False when told. */
static bool parse(json_source *source, size_t base, size_t length)
{
	hki_reader *reader = source->reader;
	const hk_json_error *error;

	source->base = base;
	source->text = reader->text + base;
	source->element_at = 0;
	if (hk_json_parse(source->document, source->text, length) == 0)
		return true;
	error = hk_json_document_error(source->document);
	if (error->code == -ENOMEM) {
		hki_reader_no_memory(reader);
		return false;
	}
	hki_reader_tell(reader, base + error->offset, "json", NULL, "%s", error->reason);
	if (error->code == HK_ELIMIT)
		reader->failure = HK_ELIMIT;
	return false;
}

static bool open_source(json_source *out, hki_reader *reader)
{
	*out = (json_source){ .reader = reader };
	if (hk_json_document_new(&out->document, NULL) == 0)
		return true;
	hki_reader_no_memory(reader);
	return false;
}

void hki_reader_json(hki_reader *reader)
{
	json_source source;

	if (!open_source(&source, reader))
		return;
	if (parse(&source, 0, reader->length))
		read_document(&source);
	hk_json_document_free(source.document);
}

void hki_reader_json_lines(hki_reader *reader)
{
	size_t at = 0;
	json_source source;

	if (!open_source(&source, reader))
		return;
	while (at < reader->length && !hki_reader_is_over(reader)) {
		const char *line = reader->text + at;
		const char *feed = memchr(line, '\n', reader->length - at);
		size_t length =
		    feed == NULL ? reader->length - at : (size_t) (feed - line);
		size_t blank = 0;

		while (blank < length && is_blank(line[blank]))
			blank++;
		if (blank < length && parse(&source, at, length))
			read_task(&source, blank, hk_json_root(source.document));
		at += length + 1;
	}
	hk_json_document_free(source.document);
}
