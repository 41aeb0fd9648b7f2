#ifndef HKI_SCHED_READER_H
#define HKI_SCHED_READER_H

#include "base/buffer.h"
#include "sched/workload.h"

/*
 * Reading a workload.  Three formats give the same thing, key by key: a value and
 * its place in the text.  The draft of a task takes them, says what is wrong with
 * each, and becomes a task when its row or object ends.  Nothing stops at the first
 * mistake but what makes the rest unreadable.
 */

/* The keys of a task: columns of CSV, members in JSON.  keys.c has a row for each. */
typedef enum hki_sched_key_id {
	HKI_KEY_ID,
	HKI_KEY_ARRIVAL,
	HKI_KEY_START_AFTER,
	HKI_KEY_BURST,
	HKI_KEY_DEADLINE,
	HKI_KEY_PERIOD,
	HKI_KEY_PRIORITY,
	HKI_KEY_QUEUE,
	HKI_KEY_TICKETS,
	HKI_KEY_IO,
	HKI_KEY_DEPENDS_ON,
	HKI_KEY_COMMAND,
	HKI_KEY_ENVIRONMENT,
	HKI_KEY_WORKING_DIR,
	HKI_KEY_QUEUE_TIMEOUT,
	HKI_KEY_RUN_TIMEOUT,
	HKI_KEY_RETRIES,
	HKI_KEY_BACKOFF,
	HKI_KEY_COUNT
} hki_sched_key_id;

/* How the value of a key is read and where it goes. */
typedef enum hki_key_kind {
	HKI_KIND_TEXT,
	HKI_KIND_TIME, /* ticks */
	HKI_KIND_SPAN, /* always of real time */
	HKI_KIND_INT32,
	HKI_KIND_UINT32,
	HKI_KIND_LIST /* of its own shape */
} hki_key_kind;

typedef struct hki_sched_key_row {
	const char *name;
	hki_key_kind kind;
	bool in_command; /* the offset is inside hk_sched_command, else the task */
	size_t offset;
} hki_sched_key_row;

extern const hki_sched_key_row hki_sched_keys[HKI_KEY_COUNT];

/* The key called @name (of @length bytes), or HKI_KEY_COUNT. */
hki_sched_key_id hki_sched_key_find(const char *name, size_t length);

/* A list that grows and is used again for the next task. */
typedef struct hki_draft_list {
	void *items;
	size_t count;
	size_t capacity;
} hki_draft_list;

/* The task that is being read.  Texts are Borrowed from where they were read. */
typedef struct hki_draft {
	hk_sched_task task;
	hk_sched_command command;
	bool has_command;
	bool burst_is_unknown;        /* it was told */
	size_t place;                 /* of the whole */
	size_t places[HKI_KEY_COUNT]; /* of each value, + 1; 0: not given */
	hki_draft_list io;            /* hk_sched_io */
	hki_draft_list depends_on;    /* hk_sched_dependency */
	hki_draft_list waits_places;  /* size_t, beside depends_on */
	hki_draft_list argv;          /* const char *, NULL at the end */
	hki_draft_list environment;   /* the same, of strings the draft owns */
} hki_draft;

typedef struct hki_reader {
	hk_sched_workload *workload;
	hk_error_list *errors;
	const char *source;
	const char *text;
	size_t length;
	bool real;    /* ticks are nanoseconds, plain numbers milliseconds */
	bool to_run;  /* by the executor, which wants commands and knows no periods */
	bool restart; /* a unit was met, and real was not set: begin again with it */
	int failure;  /* 0, HK_EPARSE, HK_ELIMIT or -ENOMEM; the last is final */
	hki_draft draft;
	hki_draft_list waits_places; /* size_t: of every dependency, in their order */
	hki_draft_list first_waits; /* size_t: of every task, its first in waits_places */
	/* what was counted last: the line and its beginning, up to a place */
	size_t counted;
	size_t line;
	size_t line_start;
} hki_reader;

/* Tell what is wrong at @place (bytes from the beginning of the text). */
void hki_reader_tell(hki_reader *reader, size_t place, const char *key, const char *hint,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

void hki_reader_no_memory(hki_reader *reader);

/* Is there any use in reading on? */
static inline bool hki_reader_is_over(const hki_reader *reader)
{
	return reader->restart || reader->failure == -ENOMEM;
}

/* Room for one more of @bytes in @list; NULL, told, without memory. */
void *hki_draft_list_add(hki_reader *reader, hki_draft_list *list, size_t bytes);

/* Begin a task, which is at @place; end it, so that it joins the workload. */
void hki_draft_begin(hki_reader *reader, size_t place);
void hki_draft_end(hki_reader *reader);
void hki_draft_deinit(hki_draft *draft);

/* A value of a key, as text: what CSV has, and strings in JSON.  Terminated. */
void hki_draft_set_text(
    hki_reader *reader, hki_sched_key_id key, size_t place, const char *text);

/* A number of a key as it is written. */
void hki_draft_set_number(hki_reader *reader, hki_sched_key_id key, size_t place,
    const char *digits, size_t length);

/* Read a time of @key as written: a plain number, or with @may_unit a text with a unit.
 * True and *@out; false when told. */
bool hki_reader_time(hki_reader *reader, int64_t *out, hki_sched_key_id key, size_t place,
    const char *text, size_t length, bool may_unit);

/* Parts of lists. */
void hki_draft_add_io(hki_reader *reader, int64_t after, int64_t duration);
void hki_draft_add_dependency(
    hki_reader *reader, size_t place, const char *id, hk_sched_condition condition);
void hki_draft_add_argument(hki_reader *reader, const char *text);
void hki_draft_add_variable(hki_reader *reader, size_t place, const char *name,
    size_t name_length, const char *value);

/* "ok", "any", "not_ok" as conditions; false for anything else. */
bool hki_sched_condition_find(hk_sched_condition *out, const char *word);
const char *hki_sched_condition_name(hk_sched_condition condition);

/*
 * A decimal number times 10^@scale as a whole one.  0, -EINVAL if it is no number,
 * -EDOM if that is no whole one, -ERANGE.
 */
int hki_sched_decimal(int64_t *out, const char *text, size_t length, int scale);

/* The formats. */
void hki_reader_json(hki_reader *reader);
void hki_reader_json_lines(hki_reader *reader);
void hki_reader_csv(hki_reader *reader);

#endif /* HKI_SCHED_READER_H */
