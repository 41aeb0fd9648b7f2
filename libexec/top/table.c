/*
 * The table of processes.
 */
#include <stdio.h>
#include <string.h>
#include "columns.h"
#include "meter.h"
#include "panes.h"
#include "screen.h"

enum { TEXT_MAX = 4096, DEPTH_MAX = 20, COLUMNS_MAX = 32 };

static void draw_headings(
    const top_view *view, const top_column *const *shown, size_t count, int elastic)
{
	const top_area *area = &view->layout.processes;
	int x = area->x;

	top_fill(area->y, area->x, area->width, TOP_STYLE_HEADING);
	for (size_t i = 0; i < count; i++) {
		const top_column *column = shown[i];
		int width = column->width > 0 ? column->width : elastic;
		bool sorted = column->field == view->order.field;
		top_style style = sorted ? TOP_STYLE_SORTED : TOP_STYLE_HEADING;
		char title[32];

		/* The arrow says what the colour says. */
		(void) snprintf(title, sizeof(title), "%s%s", column->title,
		    !sorted                                ? ""
		    : (int) strlen(column->title) >= width ? ""
		    : view->order.descending               ? "v"
							   : "^");
		if (column->right)
			top_put_right(area->y, x, width, style, title);
		else
			(void) top_put(area->y, x, width, style, title);
		x += width + 1;
	}
}

/* Lines that lead from a parent to its children. */
static void branch_text(char *out, size_t capacity, const top_row *row)
{
	bool ascii = top_screen_is_ascii();
	size_t length = 0;

	out[0] = '\0';
	if (row->depth == 0)
		return;
	for (unsigned int i = 1; i < row->depth && i < DEPTH_MAX; i++)
		length += (size_t) snprintf(out + length, capacity - length, "%s",
		    (row->open >> i & 1) == 0 ? "  "
		    : ascii                   ? "| "
					      : "\u2502 ");
	(void) snprintf(out + length, capacity - length, "%s",
	    row->last ? (ascii ? "`-" : "\u2514\u2500")
		      : (ascii ? "|-" : "\u251c\u2500"));
}

static void draw_command(
    const top_view *view, int y, int x, int width, top_style style, const top_row *row)
{
	char text[TEXT_MAX], branch[4 * DEPTH_MAX + 16];
	int used;
	size_t skip = (size_t) view->sideways;

	branch_text(branch, sizeof(branch), view->order.tree ? row : &(top_row){ 0 });
	used = top_put(
	    y, x, width, style == TOP_STYLE_PLAIN ? TOP_STYLE_DIM : style, branch);
	if (row->folded)
		used += top_put(y, x + used, width - used, style, "+ ");
	top_command_text(text, sizeof(text), row->process);
	if (skip < strlen(text))
		(void) top_put(y, x + used, width - used, style, text + skip);
}

static top_style style_of(const top_view *view, const top_row *row, bool selected)
{
	if (selected)
		return TOP_STYLE_SELECTED;
	if (row->exited)
		return TOP_STYLE_EXITED;
	return top_view_is_tagged(view, row->key) ? TOP_STYLE_TAGGED : TOP_STYLE_PLAIN;
}

/* Figures that are getting tight stand out, unless the whole line does. */
static top_style figure_style(
    const top_column *column, const hk_system_process *process, top_style line)
{
	double percent = 0;

	if (line != TOP_STYLE_PLAIN)
		return line;
	if (column->field == HK_SYSTEM_PROCESS_CPU_PERCENT)
		percent = process->cpu_percent;
	else if (column->field == HK_SYSTEM_PROCESS_MEMORY_PERCENT)
		percent = process->memory_percent * 2;
	else
		return line;
	if (!hk_record_has(&process->record, column->field) || percent < 0.05)
		return TOP_STYLE_DIM;
	return percent < 50 ? line : top_style_of(percent);
}

static void draw_row(const top_view *view, int y, const top_row *row, bool selected,
    const top_column *const *shown, size_t count, int elastic)
{
	const top_area *area = &view->layout.processes;
	top_style style = style_of(view, row, selected);
	int x = area->x;

	if (selected)
		top_fill(y, area->x, area->width, style);
	for (size_t i = 0; i < count; i++) {
		const top_column *column = shown[i];
		char text[64];

		if (column->width == 0) {
			draw_command(view, y, x, elastic, style, row);
			return;
		}
		top_column_text(text, sizeof(text), column, row->process);
		if (column->right)
			top_put_right(y, x, column->width,
			    figure_style(column, row->process, style), text);
		else
			(void) top_put(y, x, column->width, style, text);
		x += column->width + 1;
	}
}

void top_draw_table(const top_view *view)
{
	const top_area *area = &view->layout.processes;
	const top_column *shown[COLUMNS_MAX];
	int elastic;
	size_t count;

	if (area->height == 0)
		return;
	count = top_columns_choose(shown, area->width, &elastic);
	draw_headings(view, shown, count, elastic);
	for (int line = 1; line < area->height; line++) {
		long at = view->scroll + line - 1;

		if (at >= (long) view->rows.count)
			break;
		draw_row(view, area->y + line, &view->rows.items[at], at == view->cursor,
		    shown, count, elastic);
	}
	if (view->rows.count == 0)
		(void) top_put(area->y + 1, area->x, area->width, TOP_STYLE_DIM,
		    "no process is like that");
}
