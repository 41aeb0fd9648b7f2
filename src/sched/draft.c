/*
 * A task while it is read.  Its lists are used again for the next one, and its texts
 * are those of the input, so that reading a million tasks allocates what the
 * workload keeps and little else.
 */
#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/quantity.h"
#include "base/words.h"
#include "sched/reader.h"

#define NS_PER_MS 1000000
#define MS_SCALE  6 /* a millisecond is 10^6 ns */

void *hki_draft_list_add(hki_reader *reader, hki_draft_list *list, size_t bytes)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
		void *items = hki_realloc_array(list->items, capacity, bytes);

		if (items == NULL) {
			hki_reader_no_memory(reader);
			return NULL;
		}
		list->items = items;
		list->capacity = capacity;
	}
	return (char *) list->items + bytes * list->count++;
}

static void drop_variables(hki_draft *draft)
{
	char **variables = draft->environment.items;

	for (size_t i = 0; i < draft->environment.count; i++)
		hki_free(variables[i]);
	draft->environment.count = 0;
}

void hki_draft_deinit(hki_draft *draft)
{
	drop_variables(draft);
	hki_free(draft->io.items);
	hki_free(draft->depends_on.items);
	hki_free(draft->waits_places.items);
	hki_free(draft->argv.items);
	hki_free(draft->environment.items);
}

void hki_draft_begin(hki_reader *reader, size_t place)
{
	hki_draft *draft = &reader->draft;

	draft->task = (hk_sched_task) HK_SCHED_TASK_INIT;
	draft->command = (hk_sched_command){ .argv = NULL };
	draft->has_command = false;
	draft->burst_is_unknown = false;
	draft->place = place;
	memset(draft->places, 0, sizeof(draft->places));
	draft->io.count = 0;
	draft->depends_on.count = 0;
	draft->waits_places.count = 0;
	draft->argv.count = 0;
	drop_variables(draft);
}

/* ---- numbers and times ---- */

static void *target(hki_reader *reader, hki_sched_key_id key)
{
	const hki_sched_key_row *row = &hki_sched_keys[key];

	if (!row->in_command)
		return (char *) &reader->draft.task + row->offset;
	return (char *) &reader->draft.command + row->offset;
}

/* Tell why a number will not do. */
static void tell_number(
    hki_reader *reader, int error, hki_sched_key_id key, size_t place, bool whole_ticks)
{
	const char *name = hki_sched_keys[key].name;

	if (error == -ERANGE)
		hki_reader_tell(reader, place, name, NULL, "the number is too large");
	else if (error != -EDOM)
		hki_reader_tell(
		    reader, place, name, "such as 25, or \"25ms\"", "this is not a time");
	else if (whole_ticks)
		hki_reader_tell(reader, place, name, "with a unit, as \"0.4ms\", it may",
		    "a number of ticks has no fraction");
	else
		hki_reader_tell(
		    reader, place, name, NULL, "the time has a fraction of a nanosecond");
}

/* A time with a unit, in nanoseconds. */
static bool read_duration(hki_reader *reader, int64_t *out, hki_sched_key_id key,
    size_t place, const char *text, size_t length)
{
	char copy[64];
	uint64_t ns;
	int r = -EINVAL;

	if (length < sizeof(copy)) {
		memcpy(copy, text, length);
		copy[length] = '\0';
		r = hki_duration_parse(&ns, copy);
	}
	if (r == 0 && ns > INT64_MAX)
		r = -ERANGE;
	if (r < 0) {
		tell_number(reader, r, key, place, false);
		return false;
	}
	*out = (int64_t) ns;
	return true;
}

bool hki_reader_time(hki_reader *reader, int64_t *out, hki_sched_key_id key, size_t place,
    const char *text, size_t length, bool may_unit)
{
	bool real = reader->real || hki_sched_keys[key].kind == HKI_KIND_SPAN;
	int r = hki_sched_decimal(out, text, length, real ? MS_SCALE : 0);

	if (r == -EINVAL && may_unit) {
		if (!read_duration(reader, out, key, place, text, length))
			return false;
		/* Now all plain numbers are milliseconds, those read before too. */
		if (!real)
			reader->restart = true;
		return true;
	}
	if (r < 0) {
		tell_number(reader, r, key, place, !real);
		return false;
	}
	if (*out < 0) {
		hki_reader_tell(reader, place, hki_sched_keys[key].name, NULL,
		    "a time is not negative");
		return false;
	}
	return true;
}

static void set_time(hki_reader *reader, hki_sched_key_id key, size_t place,
    const char *text, size_t length, bool may_unit)
{
	int64_t time;

	if (hki_reader_time(reader, &time, key, place, text, length, may_unit))
		memcpy(target(reader, key), &time, sizeof(time));
	else if (key == HKI_KEY_BURST)
		reader->draft.burst_is_unknown = true;
}

static void set_integer(hki_reader *reader, hki_sched_key_id key, size_t place,
    const char *text, size_t length)
{
	const hki_sched_key_row *row = &hki_sched_keys[key];
	bool has_sign = row->kind == HKI_KIND_INT32;
	int64_t least = has_sign ? INT32_MIN : 0;
	int64_t most = has_sign ? INT32_MAX : UINT32_MAX;
	int64_t value;
	int32_t small;

	if (hki_sched_decimal(&value, text, length, 0) < 0 || value < least ||
	    value > most) {
		hki_reader_tell(reader, place, row->name, NULL,
		    "this is not a whole number from %lld to %lld", (long long) least,
		    (long long) most);
		return;
	}
	if (key == HKI_KEY_TICKETS && value == 0) {
		hki_reader_tell(reader, place, row->name, "leave it out for 100",
		    "without a ticket a task would never run");
		return;
	}
	small = (int32_t) (uint32_t) value;
	memcpy(target(reader, key), &small, sizeof(small));
}

static void note_command(hki_reader *reader, hki_sched_key_id key)
{
	if (key == HKI_KEY_COMMAND)
		reader->draft.has_command = true;
}

void hki_draft_set_number(hki_reader *reader, hki_sched_key_id key, size_t place,
    const char *digits, size_t length)
{
	reader->draft.places[key] = place + 1;
	switch (hki_sched_keys[key].kind) {
	case HKI_KIND_TIME:
	case HKI_KIND_SPAN:
		set_time(reader, key, place, digits, length, false);
		return;
	case HKI_KIND_INT32:
	case HKI_KIND_UINT32:
		set_integer(reader, key, place, digits, length);
		return;
	case HKI_KIND_TEXT:
	case HKI_KIND_LIST:
		break;
	}
	hki_reader_tell(
	    reader, place, hki_sched_keys[key].name, NULL, "a number cannot stand here");
}

/* ---- lists, as text ---- */

/* The next word of *@at, which blanks divide: its length, 0 at the end. */
static size_t next_word(const char **at)
{
	*at += strspn(*at, " \t");
	return strcspn(*at, " \t");
}

static void read_io(hki_reader *reader, size_t place, const char *text)
{
	const char *at = text;
	size_t length;

	while ((length = next_word(&at)) > 0) {
		const char *colon = memchr(at, ':', length);
		size_t here = place + (size_t) (at - text);
		int64_t after;
		int64_t duration;

		if (colon == NULL) {
			hki_reader_tell(reader, here, "io", "as in \"3:5 8:2\"",
			    "I/O is written AFTER:DURATION");
			return;
		}
		if (!hki_reader_time(reader, &after, HKI_KEY_IO, here, at,
			(size_t) (colon - at), true) ||
		    !hki_reader_time(reader, &duration, HKI_KEY_IO, here, colon + 1,
			length - (size_t) (colon - at) - 1, true))
			return;
		hki_draft_add_io(reader, after, duration);
		at += length;
	}
}

/* @text is cut into words in place. */
static void read_dependencies(hki_reader *reader, size_t place, char *text)
{
	char *at = text;

	for (;;) {
		const char *word = at;
		size_t length = next_word(&word);
		hk_sched_condition condition = HK_SCHED_AFTER_OK;
		char *colon;
		bool last;

		if (length == 0)
			return;
		at = text + (word - text);
		last = at[length] == '\0';
		at[length] = '\0';
		colon = strrchr(at, ':');
		if (colon != NULL && hki_sched_condition_find(&condition, colon + 1))
			*colon = '\0';
		hki_draft_add_dependency(
		    reader, place + (size_t) (at - text), at, condition);
		if (last)
			return;
		at += length + 1;
	}
}

/* Split as hostkit.yaml is: quotes and backslashes as in a shell, and no shell. */
static void read_command(hki_reader *reader, size_t place, const char *text)
{
	hki_words_error error = { .message = NULL };
	const char *const *words;
	int r = hki_words_split(&words, &reader->workload->arena, text, &error);

	if (r == HK_EPARSE) {
		hki_reader_tell(reader, place + error.offset, "command", error.hint, "%s",
		    error.message);
		hki_draft_add_argument(reader, ""); /* or it were empty, too */
	} else if (r < 0) {
		hki_reader_no_memory(reader);
	} else {
		for (; *words != NULL; words++)
			hki_draft_add_argument(reader, *words);
	}
}

static void read_environment(hki_reader *reader, size_t place, const char *text)
{
	const char *at = text;
	size_t length;

	while ((length = next_word(&at)) > 0) {
		const char *equals = memchr(at, '=', length);
		char *value;

		if (equals == NULL || equals == at) {
			hki_reader_tell(reader, place + (size_t) (at - text),
			    "environment", "as in \"LANG=C N=3\"",
			    "a variable is written NAME=VALUE");
			return;
		}
		value = hki_strndup(equals + 1, length - (size_t) (equals - at) - 1);
		if (value == NULL) {
			hki_reader_no_memory(reader);
			return;
		}
		hki_draft_add_variable(reader, place, at, (size_t) (equals - at), value);
		hki_free(value);
		at += length;
	}
}

static void set_list(
    hki_reader *reader, hki_sched_key_id key, size_t place, const char *text)
{
	char *copy;

	if (key == HKI_KEY_IO) {
		read_io(reader, place, text);
		return;
	}
	if (key == HKI_KEY_ENVIRONMENT) {
		read_environment(reader, place, text);
		return;
	}
	if (key == HKI_KEY_COMMAND) {
		read_command(reader, place, text);
		return;
	}
	/* The words outlive this call: they belong to the workload's arena. */
	copy = hki_arena_string(&reader->workload->arena, text);
	if (copy == NULL)
		hki_reader_no_memory(reader);
	else
		read_dependencies(reader, place, copy);
}

void hki_draft_set_text(
    hki_reader *reader, hki_sched_key_id key, size_t place, const char *text)
{
	reader->draft.places[key] = place + 1;
	note_command(reader, key);
	switch (hki_sched_keys[key].kind) {
	case HKI_KIND_TEXT:
		if (text[0] == '\0')
			hki_reader_tell(reader, place, hki_sched_keys[key].name, NULL,
			    "the text is empty");
		memcpy(target(reader, key), &text, sizeof(text));
		return;
	case HKI_KIND_TIME:
	case HKI_KIND_SPAN:
		set_time(reader, key, place, text, strlen(text), true);
		return;
	case HKI_KIND_INT32:
	case HKI_KIND_UINT32:
		set_integer(reader, key, place, text, strlen(text));
		return;
	case HKI_KIND_LIST:
		set_list(reader, key, place, text);
		return;
	}
}

/* ---- parts of lists ---- */

void hki_draft_add_io(hki_reader *reader, int64_t after, int64_t duration)
{
	hk_sched_io *io = hki_draft_list_add(reader, &reader->draft.io, sizeof(*io));

	if (io != NULL)
		*io = (hk_sched_io){ after, duration };
}

void hki_draft_add_dependency(
    hki_reader *reader, size_t place, const char *id, hk_sched_condition condition)
{
	hki_draft *draft = &reader->draft;
	hk_sched_dependency *dependency =
	    hki_draft_list_add(reader, &draft->depends_on, sizeof(*dependency));
	size_t *noted = hki_draft_list_add(reader, &draft->waits_places, sizeof(*noted));

	if (dependency == NULL || noted == NULL)
		return;
	*dependency = (hk_sched_dependency){ .id = id, .condition = condition };
	*noted = place;
}

void hki_draft_add_argument(hki_reader *reader, const char *text)
{
	const char **argument =
	    hki_draft_list_add(reader, &reader->draft.argv, sizeof(*argument));

	if (argument != NULL)
		*argument = text;
}

void hki_draft_add_variable(hki_reader *reader, size_t place, const char *name,
    size_t name_length, const char *value)
{
	char **variable;

	if (name_length == 0 || memchr(name, '=', name_length) != NULL) {
		hki_reader_tell(reader, place, "environment", NULL,
		    "the name of a variable is not empty and has no =");
		return;
	}
	variable =
	    hki_draft_list_add(reader, &reader->draft.environment, sizeof(*variable));
	if (variable == NULL)
		return;
	*variable = hki_format("%.*s=%s", (int) name_length, name, value);
	if (*variable == NULL)
		hki_reader_no_memory(reader);
}

/* ---- the end of a task ---- */

static bool is_command_key(hki_sched_key_id key)
{
	return hki_sched_keys[key].in_command && key != HKI_KEY_COMMAND;
}

/* What can be simulated and not run. */
static void check_runs(hki_reader *reader)
{
	const hki_draft *draft = &reader->draft;
	const char *id = draft->task.id;

	if (!draft->has_command)
		hki_reader_tell(reader, draft->place, "command",
		    "a simulation needs none",
		    "%s%s%s has none, so there is nothing to run", id == NULL ? "" : "'",
		    id == NULL ? "the task" : id, id == NULL ? "" : "'");
	if (draft->task.period > 0)
		hki_reader_tell(reader, draft->places[HKI_KEY_PERIOD] - 1, "period",
		    "give each release a task of its own, with start_after",
		    "a periodic task can be simulated and not run");
}

/* What a task must have, and what has no meaning without the other. */
static void check_whole(hki_reader *reader)
{
	hki_draft *draft = &reader->draft;

	if (reader->to_run)
		check_runs(reader);
	else if (draft->places[HKI_KEY_BURST] == 0 && !draft->has_command) {
		draft->burst_is_unknown = true;
		hki_reader_tell(reader, draft->place, "burst",
		    "only a task with a command may leave it out", "it is missing");
	}
	if (draft->has_command && draft->argv.count == 0)
		hki_reader_tell(reader, draft->places[HKI_KEY_COMMAND] - 1, "command",
		    NULL, "it is empty");
	for (unsigned int key = 0; key < HKI_KEY_COUNT; key++)
		if (is_command_key((hki_sched_key_id) key) && draft->places[key] > 0 &&
		    !draft->has_command)
			hki_reader_tell(reader, draft->places[key] - 1,
			    hki_sched_keys[key].name, NULL,
			    "it has no meaning without a command");
}

static void put_together(hki_reader *reader)
{
	hki_draft *draft = &reader->draft;
	hk_sched_task *task = &draft->task;

	task->io = draft->io.items;
	task->io_count = draft->io.count;
	task->depends_on = draft->depends_on.items;
	task->depends_on_count = draft->depends_on.count;
	if (draft->places[HKI_KEY_BURST] == 0 && reader->real)
		task->burst *= NS_PER_MS;
	if (!draft->has_command)
		return;
	hki_draft_add_argument(reader, NULL);
	draft->command.argv = draft->argv.items;
	if (draft->environment.count > 0) {
		char **end =
		    hki_draft_list_add(reader, &draft->environment, sizeof(*end));

		if (end != NULL)
			*end = NULL;
		draft->command.environment = draft->environment.items;
	}
	task->command = &draft->command;
}

static size_t place_of(const hki_draft *draft, hki_sched_key_id key)
{
	return key < HKI_KEY_COUNT && draft->places[key] > 0 ? draft->places[key] - 1
							     : draft->place;
}

/*
 * Values that are fine alone may not be so together.  What is at fault is left out,
 * so that the task can join all the same: others may wait for it.
 */
static void check_together(hki_reader *reader)
{
	hki_draft *draft = &reader->draft;
	hk_sched_task *task = &draft->task;
	const char *key;
	const char *fault;
	int code;

	/* Against a burst that nobody could read, I/O cannot be judged. */
	if (draft->burst_is_unknown)
		task->io_count = 0;
	fault = hki_sched_task_fault(task, &code, &key);
	if (fault == NULL)
		return;
	hki_reader_tell(reader, place_of(draft, hki_sched_key_find(key, strlen(key))),
	    key, NULL, "%s", fault);
	task->io_count = 0;
	task->arrival = 0;
	task->start_after = 0;
	task->burst = 0;
	task->deadline = 0;
	task->period = 0;
}

/* The workload refused it: say so where it is written. */
static void tell_refused(hki_reader *reader, int error)
{
	hki_draft *draft = &reader->draft;

	if (error == -ENOMEM)
		hki_reader_no_memory(reader);
	else if (error == -EEXIST && draft->task.id != NULL)
		hki_reader_tell(reader, place_of(draft, HKI_KEY_ID), "id",
		    "ids are unique", "another task is called '%s' already",
		    draft->task.id);
	else
		hki_reader_tell(
		    reader, draft->place, "task", NULL, "%s", hk_error_text(error));
}

/* Where its dependencies are written, for who finds fault with them later. */
static void keep_places(hki_reader *reader)
{
	hki_draft *draft = &reader->draft;
	const size_t *places = draft->waits_places.items;
	size_t *kept = hki_draft_list_add(reader, &reader->first_waits, sizeof(*kept));

	if (kept != NULL)
		*kept = reader->waits_places.count;
	for (size_t i = 0; i < draft->waits_places.count; i++) {
		kept = hki_draft_list_add(reader, &reader->waits_places, sizeof(*kept));
		if (kept != NULL)
			*kept = places[i];
	}
}

void hki_draft_end(hki_reader *reader)
{
	hki_draft *draft = &reader->draft;
	int64_t added;

	check_whole(reader);
	put_together(reader);
	check_together(reader);
	if (hki_reader_is_over(reader))
		return;
	added = hk_sched_workload_add(reader->workload, &draft->task);
	if (added >= 0)
		keep_places(reader);
	else
		tell_refused(reader, (int) added);
}
