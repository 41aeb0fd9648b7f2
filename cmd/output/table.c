/*
 * Tables.  All cells are formatted first, because only then the widths are
 * known.  When the screen is too narrow whole columns leave, those with the
 * largest priority number first: half a number misleads, a missing column that
 * is announced does not.  What may never leave is cut at its end, with a mark.
 */
#include "table.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../exit.h"
#include "base/nearest_word.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "cell.h"
#include "colour.h"
#include "fail.h"
#include "screen.h"
#include "text.h"

#define GAP      2 /* spaces between two columns */
#define CUT_MARK "\xe2\x80\xa6"
/* An elastic column keeps this much before others leave for it. */
#define ELASTIC_LEAST 20

struct column {
	unsigned int field;
	char *title;
	size_t width;
	bool hidden;
};

struct row {
	const struct table *table;
	const void *record;
	size_t place; /* in the order given: makes sorting stable */
	char **cells; /* one a column */
};

struct table {
	const hk_record_type *type;
	struct column *columns;
	size_t column_count;
	struct row *rows;
	size_t row_count;
	unsigned int sort_field;
	bool sorted;
	bool descending;
};

static void table_deinit(struct table *table)
{
	for (size_t i = 0; table->rows != NULL && i < table->row_count; i++) {
		for (size_t j = 0;
		     table->rows[i].cells != NULL && j < table->column_count; j++)
			hki_free(table->rows[i].cells[j]);
		hki_free(table->rows[i].cells);
	}
	for (size_t j = 0; table->columns != NULL && j < table->column_count; j++)
		hki_free(table->columns[j].title);
	hki_free(table->rows);
	hki_free(table->columns);
}

static int fail_column(
    const cmd_output *output, const hk_record_type *type, const char *name)
{
	hki_nearest_word nearest = { .word = name };
	hki_cleanup(hki_buffer_deinitp) hki_buffer hint = HKI_BUFFER_INIT;

	for (size_t i = 0; i < type->field_count; i++)
		hki_nearest_word_offer(&nearest, type->fields[i].name);
	if (nearest.best != NULL) {
		(void) hki_buffer_append_format(
		    &hint, "did you mean '%s'?", nearest.best);
	} else {
		(void) hki_buffer_append_text(&hint, "there are");
		for (size_t i = 0; i < type->field_count; i++)
			(void) hki_buffer_append_format(
			    &hint, " %s", type->fields[i].name);
	}
	return cmd_fail(
	    output, CMD_EXIT_USAGE, 0, hint.data, "no column is called '%s'", name);
}

static int add_column(struct table *table, unsigned int field)
{
	struct column *column = &table->columns[table->column_count];

	column->field = field;
	column->title = cmd_cell_title(&table->type->fields[field]);
	if (column->title == NULL)
		return -ENOMEM;
	table->column_count++;
	return 0;
}

/* The columns asked for by name.  Returns 0, -ENOMEM, or an exit code. */
static int choose_columns(
    struct table *table, const cmd_output *output, const char *names)
{
	while (*names != '\0') {
		size_t length = strcspn(names, ",");
		hki_cleanup(hki_freep) char *name = hki_strndup(names, length);
		int field, r;

		if (name == NULL)
			return -ENOMEM;
		field = hk_record_find(table->type, name);
		if (field < 0 || !cmd_cell_is_flat(&table->type->fields[field]))
			return fail_column(output, table->type, name);
		if (table->column_count == table->type->field_count)
			return cmd_fail(
			    output, CMD_EXIT_USAGE, 0, NULL, "too many columns");
		r = add_column(table, (unsigned int) field);
		if (r < 0)
			return r;
		names += length + (names[length] == ',');
	}
	return 0;
}

static int all_columns(struct table *table)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < table->type->field_count; i++)
		if (cmd_cell_is_flat(&table->type->fields[i]))
			r = add_column(table, i);
	return r;
}

static int make_columns(
    struct table *table, const cmd_output *output, const cmd_table_opts *opts)
{
	table->columns =
	    hki_zalloc_array(table->type->field_count, sizeof(struct column));
	if (table->columns == NULL)
		return -ENOMEM;
	if (opts->columns != NULL)
		return choose_columns(table, output, opts->columns);
	return all_columns(table);
}

static int make_rows(struct table *table, const void *records, size_t count)
{
	table->rows = hki_zalloc_array(count, sizeof(struct row));
	if (table->rows == NULL)
		return -ENOMEM;
	table->row_count = count;

	for (size_t i = 0; i < count; i++) {
		struct row *row = &table->rows[i];

		row->table = table;
		row->place = i;
		row->record = (const char *) records + i * table->type->struct_size;
		row->cells = hki_zalloc_array(table->column_count, sizeof(char *));
		if (row->cells == NULL)
			return -ENOMEM;
		for (size_t j = 0; j < table->column_count; j++) {
			row->cells[j] = cmd_cell_text(
			    table->type, row->record, table->columns[j].field);
			if (row->cells[j] == NULL)
				return -ENOMEM;
		}
	}
	return 0;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	const struct table *table = a->table;
	bool both = hk_record_has(a->record, table->sort_field) &&
		    hk_record_has(b->record, table->sort_field);
	int order =
	    cmd_cell_compare(table->type, a->record, b->record, table->sort_field);

	if (order != 0)
		return table->descending && both ? -order : order;
	return a->place < b->place ? -1 : 1;
}

/* Which field to sort by.  0, or an exit code. */
static int choose_sort(struct table *table, const cmd_output *output, const char *sort)
{
	int field;

	if (sort == NULL)
		return 0;
	table->sorted = true;
	table->descending = sort[0] == '-';
	field = hk_record_find(table->type, sort + table->descending);
	if (field < 0)
		return fail_column(output, table->type, sort + table->descending);
	table->sort_field = (unsigned int) field;
	return 0;
}

static void measure(struct table *table, bool header)
{
	for (size_t j = 0; j < table->column_count; j++) {
		struct column *column = &table->columns[j];

		column->width =
		    header ? cmd_text_width(column->title, strlen(column->title)) : 0;
		for (size_t i = 0; i < table->row_count; i++) {
			const char *cell = table->rows[i].cells[j];
			size_t width = cmd_text_width(cell, strlen(cell));

			if (width > column->width)
				column->width = width;
		}
	}
}

static size_t total_width(const struct table *table)
{
	size_t total = 0;

	for (size_t j = 0; j < table->column_count; j++)
		if (!table->columns[j].hidden)
			total += table->columns[j].width + (total > 0 ? GAP : 0);
	return total;
}

/* The column that leaves next, or NULL when all that are left must stay. */
static struct column *least_important(struct table *table)
{
	struct column *found = NULL;
	unsigned int priority = 0;

	for (size_t j = 0; j < table->column_count; j++) {
		unsigned int here = table->type->fields[table->columns[j].field].priority;

		if (!table->columns[j].hidden && here > 0 && here >= priority) {
			found = &table->columns[j];
			priority = here;
		}
	}
	return found;
}

/* The widest text column that is left: it gives way when nothing else can. */
static struct column *widest(struct table *table)
{
	struct column *found = NULL;

	for (size_t j = 0; j < table->column_count; j++) {
		struct column *column = &table->columns[j];

		if (!column->hidden && (found == NULL || column->width > found->width))
			found = column;
	}
	return found;
}

static struct column *column_called(struct table *table, const char *name)
{
	for (size_t j = 0; name != NULL && j < table->column_count; j++)
		if (strcmp(table->type->fields[table->columns[j].field].name, name) == 0)
			return &table->columns[j];
	return NULL;
}

static void fit(struct table *table, size_t width, const char *elastic_name)
{
	struct column *elastic = column_called(table, elastic_name);
	size_t natural = elastic != NULL ? elastic->width : 0;
	struct column *column;

	if (natural > ELASTIC_LEAST)
		elastic->width = ELASTIC_LEAST;
	while (total_width(table) > width && (column = least_important(table)) != NULL)
		column->hidden = true;
	while (total_width(table) > width && (column = widest(table)) != NULL &&
	       column->width > 1)
		column->width--;
	if (elastic == NULL || elastic->hidden || total_width(table) >= width)
		return;
	elastic->width += width - total_width(table);
	if (elastic->width > natural)
		elastic->width = natural;
}

static int append_cell(hki_buffer *line, const char *text, const struct column *column,
    bool right, bool last)
{
	size_t length = strlen(text);
	size_t width = cmd_text_width(text, length);
	size_t space;
	int r = 0;

	if (width > column->width) {
		length = cmd_text_fit(text, length, column->width - 1);
		width = cmd_text_width(text, length) + 1;
	}
	space = column->width - width;
	if (right)
		r = cmd_text_append_spaces(line, space);
	if (r == 0)
		r = hki_buffer_append(line, text, length);
	if (r == 0 && text[length] != '\0')
		r = hki_buffer_append_text(line, CUT_MARK);
	if (r == 0 && !right && !last)
		r = cmd_text_append_spaces(line, space);
	return r;
}

static size_t last_shown(const struct table *table)
{
	size_t last = 0;

	for (size_t j = 0; j < table->column_count; j++)
		if (!table->columns[j].hidden)
			last = j;
	return last;
}

/* One line for a screen: the headings (@row NULL) or a record. */
static int append_aligned(
    hki_buffer *out, const struct table *table, const struct row *row, bool colour)
{
	size_t last = last_shown(table);
	bool first = true;
	int r = 0;

	if (row == NULL)
		r = hki_buffer_append_text(
		    out, cmd_colour_begin(colour, CMD_STYLE_HEADING));
	for (size_t j = 0; r == 0 && j < table->column_count; j++) {
		const struct column *column = &table->columns[j];
		bool right = cmd_cell_is_number(&table->type->fields[column->field]);

		if (column->hidden)
			continue;
		if (!first)
			r = cmd_text_append_spaces(out, GAP);
		first = false;
		if (r == 0)
			r = append_cell(out, row != NULL ? row->cells[j] : column->title,
			    column, right, j == last);
	}
	if (r == 0 && row == NULL)
		r = hki_buffer_append_text(out, cmd_colour_end(colour));
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

/* One line for a program. */
static int append_plain(hki_buffer *out, const struct table *table, const struct row *row)
{
	int r = 0;

	for (size_t j = 0; r == 0 && j < table->column_count; j++) {
		if (j > 0)
			r = hki_buffer_append_char(out, '\t');
		if (r == 0)
			r = hki_buffer_append_text(
			    out, row != NULL ? row->cells[j] : table->columns[j].title);
	}
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

static int append_table(
    hki_buffer *out, const struct table *table, bool header, bool screen, bool colour)
{
	int r = 0;

	if (header)
		r = screen ? append_aligned(out, table, NULL, colour)
			   : append_plain(out, table, NULL);
	for (size_t i = 0; r == 0 && i < table->row_count; i++)
		r = screen ? append_aligned(out, table, &table->rows[i], false)
			   : append_plain(out, table, &table->rows[i]);
	return r;
}

static void tell_hidden(const cmd_output *output, const struct table *table)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer names = HKI_BUFFER_INIT;
	unsigned int hidden = 0;

	for (size_t j = 0; j < table->column_count; j++)
		if (table->columns[j].hidden)
			(void) hki_buffer_append_format(&names, "%s%s",
			    hidden++ > 0 ? "," : "",
			    table->type->fields[table->columns[j].field].name);
	if (hidden > 0 && names.data != NULL)
		cmd_note(output,
		    "the screen is too narrow for %u column%s: %s; --json has all",
		    hidden, hidden == 1 ? "" : "s", names.data);
}

static int print(const cmd_output *output, FILE *file, const cmd_table_opts *opts,
    struct table *table, const void *records, size_t count)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer out = HKI_BUFFER_INIT;
	unsigned int width =
	    opts->terminal != 0 ? opts->terminal : cmd_screen_width(file);
	bool screen = width > 1;
	int r;

	if ((r = make_columns(table, output, opts)) != 0 ||
	    (r = choose_sort(table, output, opts->sort)) != 0 ||
	    (r = make_rows(table, records, count)) != 0)
		return r;
	if (table->sorted)
		qsort(table->rows, table->row_count, sizeof(struct row), compare_rows);
	if (screen) {
		measure(table, !opts->no_header);
		fit(table, width, opts->elastic);
	}
	r = append_table(&out, table, !opts->no_header, screen,
	    cmd_colour_wanted(output, fileno(file)));
	if (r < 0)
		return r;
	if (out.length > 0)
		fwrite(out.data, 1, out.length, file);
	fflush(file);
	tell_hidden(output, table);
	return 0;
}

int cmd_table_check(
    const cmd_output *output, const cmd_table_opts *opts, const hk_record_type *type)
{
	struct table table = { .type = type };
	int r = make_columns(&table, output, opts);

	if (r == 0)
		r = choose_sort(&table, output, opts->sort);
	table_deinit(&table);
	if (r < 0)
		return cmd_fail(
		    output, CMD_EXIT_FAILED, r, NULL, "cannot prepare the table");
	return r;
}

int cmd_table_print(const cmd_output *output, FILE *file, const cmd_table_opts *opts,
    const hk_record_type *type, const void *records, size_t count)
{
	struct table table = { .type = type };
	int r = print(output, file, opts, &table, records, count);

	table_deinit(&table);
	if (r < 0)
		return cmd_fail(
		    output, CMD_EXIT_FAILED, r, NULL, "cannot print the table");
	return r;
}
