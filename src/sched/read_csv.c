/*
 * Workloads as CSV (RFC 4180): the first line names the columns, each further one is
 * a task.  Fields may be quoted, and then hold commas, line breaks and quotes, the
 * last doubled.  An empty field is one that is not given.
 */
#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "sched/reader.h"

/* A row has so many fields at most: a column for each key, and no key twice. */
#define COLUMNS_MAX HKI_KEY_COUNT

typedef struct csv_field {
	size_t place; /* of its first byte, behind a quote */
	size_t text;  /* in the row's texts */
	size_t length;
} csv_field;

typedef struct csv_text {
	hki_reader *reader;
	size_t at;
	hki_buffer texts; /* of the fields of a row, each terminated */
	csv_field fields[COLUMNS_MAX];
	size_t count; /* of the row, those beyond COLUMNS_MAX too */
	hki_sched_key_id columns[COLUMNS_MAX];
	size_t column_count;
} csv_text;

static bool is_at_end(const csv_text *csv)
{
	return csv->at >= csv->reader->length;
}

static char here(const csv_text *csv)
{
	return csv->reader->text[csv->at];
}

static bool is_line_end(const csv_text *csv)
{
	return is_at_end(csv) || here(csv) == '\n' ||
	       (here(csv) == '\r' && csv->at + 1 < csv->reader->length &&
		   csv->reader->text[csv->at + 1] == '\n');
}

static void keep(csv_text *csv, char byte)
{
	if (hki_buffer_append_char(&csv->texts, byte) < 0)
		hki_reader_no_memory(csv->reader);
}

static void read_quoted(csv_text *csv)
{
	size_t opening = csv->at++;

	while (!is_at_end(csv)) {
		char byte = here(csv);

		csv->at++;
		if (byte != '"') {
			keep(csv, byte);
		} else if (!is_at_end(csv) && here(csv) == '"') {
			keep(csv, '"');
			csv->at++;
		} else {
			return;
		}
	}
	hki_reader_tell(csv->reader, opening, "csv", NULL, "the quote is not closed");
}

static void read_plain(csv_text *csv)
{
	while (!is_line_end(csv) && here(csv) != ',')
		keep(csv, csv->reader->text[csv->at++]);
}

/* Blanks around what is not quoted do not count. */
static void trim(csv_text *csv, csv_field *field)
{
	const char *text = csv->texts.data + field->text;
	size_t lead = strspn(text, " \t");

	while (field->length > lead &&
	       (text[field->length - 1] == ' ' || text[field->length - 1] == '\t'))
		field->length--;
	field->text += lead;
	field->place += lead;
	field->length -= lead;
	csv->texts.data[field->text + field->length] = '\0';
}

static void read_field(csv_text *csv)
{
	bool quoted = !is_at_end(csv) && here(csv) == '"';
	csv_field field = { .place = csv->at + quoted, .text = csv->texts.length };

	if (quoted) {
		read_quoted(csv);
		if (!is_line_end(csv) && here(csv) != ',') {
			hki_reader_tell(csv->reader, csv->at, "csv",
			    "a quote inside a field is written twice",
			    "there is something behind the closing quote");
			read_plain(csv);
		}
	} else {
		read_plain(csv);
	}
	field.length = csv->texts.length - field.text;
	keep(csv, '\0');
	if (csv->reader->failure == -ENOMEM)
		return;
	if (memchr(csv->texts.data + field.text, '\0', field.length) != NULL)
		hki_reader_tell(csv->reader, field.place, "csv", NULL,
		    "the field has a NUL character in it");
	if (!quoted)
		trim(csv, &field);
	if (csv->count < COLUMNS_MAX)
		csv->fields[csv->count] = field;
	csv->count++;
}

/* Read a row.  False at the end of the text. */
static bool read_row(csv_text *csv)
{
	csv->count = 0;
	hki_buffer_truncate(&csv->texts, 0);
	if (is_at_end(csv) || hki_reader_is_over(csv->reader))
		return false;
	for (;;) {
		read_field(csv);
		if (hki_reader_is_over(csv->reader))
			return false;
		if (is_line_end(csv))
			break;
		csv->at++;
	}
	if (!is_at_end(csv) && here(csv) == '\r')
		csv->at++;
	csv->at++;
	return true;
}

static const char *text_of(const csv_text *csv, size_t column)
{
	return csv->texts.data + csv->fields[column].text;
}

static bool is_empty_row(const csv_text *csv)
{
	return csv->count == 1 && csv->fields[0].length == 0;
}

static bool is_known_column(const csv_text *csv, hki_sched_key_id key)
{
	for (size_t i = 0; i < csv->column_count; i++)
		if (csv->columns[i] == key)
			return true;
	return false;
}

static void read_header(csv_text *csv)
{
	hki_reader *reader = csv->reader;

	if (csv->count > COLUMNS_MAX) {
		hki_reader_tell(reader, 0, "csv", "there are no more keys than that",
		    "there are %zu columns, more than %d", csv->count, COLUMNS_MAX);
		csv->count = COLUMNS_MAX;
	}
	for (size_t i = 0; i < csv->count; i++) {
		const char *name = text_of(csv, i);
		hki_sched_key_id key = hki_sched_key_find(name, strlen(name));

		if (key == HKI_KEY_COUNT)
			hki_reader_tell(reader, csv->fields[i].place, "csv",
			    "the first line names the columns, such as id,arrival,burst",
			    "unknown column '%s'", name);
		else if (is_known_column(csv, key))
			hki_reader_tell(reader, csv->fields[i].place, "csv", NULL,
			    "the column '%s' is there twice", name);
		csv->columns[csv->column_count++] = key;
	}
}

static void read_task(csv_text *csv, size_t place)
{
	hki_reader *reader = csv->reader;
	size_t count = csv->count < csv->column_count ? csv->count : csv->column_count;

	hki_draft_begin(reader, place);
	if (csv->count != csv->column_count)
		hki_reader_tell(reader, place, "csv", NULL,
		    "the row has %zu fields, the first line %zu", csv->count,
		    csv->column_count);
	for (size_t i = 0; i < count; i++)
		if (csv->fields[i].length > 0 && csv->columns[i] != HKI_KEY_COUNT)
			hki_draft_set_text(reader, csv->columns[i], csv->fields[i].place,
			    text_of(csv, i));
	hki_draft_end(reader);
}

static void skip_byte_order_mark(csv_text *csv)
{
	if (csv->reader->length >= 3 && memcmp(csv->reader->text, "\xef\xbb\xbf", 3) == 0)
		csv->at = 3;
}

void hki_reader_csv(hki_reader *reader)
{
	csv_text csv = { .reader = reader };
	size_t place;

	skip_byte_order_mark(&csv);
	if (read_row(&csv)) {
		read_header(&csv);
		place = csv.at;
		while (read_row(&csv)) {
			if (!is_empty_row(&csv))
				read_task(&csv, place);
			place = csv.at;
		}
	}
	hki_buffer_deinit(&csv.texts);
}
