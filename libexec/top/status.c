/*
 * The last line, lists to choose from, and help.
 */
#include <stdio.h>
#include <string.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "menu.h"
#include "panes.h"
#include "screen.h"

enum { MENU_WIDTH = 56, TEXT_MAX = 512 };

/* ---- the status line ---- */

static const struct {
	const char *key;
	const char *does;
} hints[] = {
	{ "F1", "help" },
	{ "/", "search" },
	{ "\\", "filter" },
	{ "t", "tree" },
	{ "F6", "order" },
	{ "F9", "kill" },
	{ "Z", "pause" },
	{ "q", "quit" },
};

static int draw_hints(const top_area *area, int width)
{
	int x = area->x;

	for (size_t i = 0; i < HKI_COUNT(hints); i++) {
		int needed = (int) (strlen(hints[i].key) + strlen(hints[i].does)) + 2;

		if (x + needed > area->x + width)
			break;
		x += top_put(area->y, x, width, TOP_STYLE_KEY, hints[i].key);
		x += top_put(area->y, x, width, TOP_STYLE_PLAIN, hints[i].does);
		x++;
	}
	return x;
}

static int draw_prompt(const top_view *view, int width)
{
	const top_area *area = &view->layout.status;
	const char *label = view->mode == TOP_MODE_SEARCH ? "search: " : "filter: ";
	int x = area->x;

	x += top_put(area->y, x, width, TOP_STYLE_KEY, label);
	x += top_put(area->y, x, width - x, TOP_STYLE_PLAIN, view->prompt);
	x += top_put(area->y, x, width - x, TOP_STYLE_SELECTED, " ");
	if (view->message[0] != '\0')
		(void) top_put_format(area->y, x, width - x,
		    view->message_is_error ? TOP_STYLE_HIGH : TOP_STYLE_DIM, "  %s",
		    view->message);
	return x;
}

/* What looking costs, and by which way it looks. */
static int draw_cost(const top_view *view)
{
	const top_area *area = &view->layout.status;
	char text[96];
	int width;

	width = snprintf(text, sizeof(text), " %s%zu of %zu  self %.1f%% %s",
	    view->filter != NULL || view->user[0] != '\0' ? "filtered, " : "",
	    view->rows.count, view->rows.total, top_model_cost(view->model),
	    top_model_engine(view->model, NULL));
	if (area->width < 60)
		return 0;
	top_put_right(area->y, area->x, area->width, TOP_STYLE_DIM, text);
	return width;
}

void top_draw_status(const top_view *view)
{
	const top_area *area = &view->layout.status;
	int width = area->width;

	if (area->height == 0)
		return;
	if (view->mode == TOP_MODE_SEARCH || view->mode == TOP_MODE_FILTER) {
		(void) draw_prompt(view, width);
		return;
	}
	if (view->message[0] != '\0') {
		(void) top_put(area->y, area->x, width,
		    view->message_is_error ? TOP_STYLE_ALERT : TOP_STYLE_PLAIN,
		    view->message);
		return;
	}
	(void) draw_hints(area, width - draw_cost(view));
}

/* ---- lists ---- */

void top_draw_menu(const top_view *view)
{
	const top_area *area = &view->layout.processes;
	int width = area->width < MENU_WIDTH ? area->width : MENU_WIDTH;
	long count = top_menu_count(view), lines = area->height - 1, first = 0;

	if (area->height < 2)
		return;
	top_fill(area->y, area->x, width, TOP_STYLE_SORTED);
	(void) top_put_format(area->y, area->x, width, TOP_STYLE_SORTED,
	    " %s  (Enter: do it, Esc: leave it)", top_menu_title(view));
	if (view->menu >= lines)
		first = view->menu - lines + 1;
	for (long i = 0; i < lines; i++) {
		top_style style =
		    first + i == view->menu ? TOP_STYLE_SELECTED : TOP_STYLE_PLAIN;
		char text[TEXT_MAX];

		top_fill(area->y + 1 + (int) i, area->x, width, style);
		if (first + i >= count)
			continue;
		top_menu_text(text, sizeof(text), view, first + i);
		(void) top_put_format(
		    area->y + 1 + (int) i, area->x, width, style, " %s", text);
	}
}

/* ---- help ---- */

static const struct {
	const char *keys;
	const char *does;
} help[] = {
	{ "Up Down PgUp PgDn Home End", "move; Left Right in the past: step" },
	{ "/ or F3, n N", "search as you type; the next, the one before" },
	{ "\\ or F4", "filter: a word, or cpu>5 && user==www && name~regex" },
	{ "F6 < > P M T N I", "order by: a list, CPU, memory, time, pid; invert" },
	{ "t or F5, + - *", "tree; unfold, fold, all" },
	{ "u K x", "one user; threads of the kernel; hide what ended" },
	{ "Space U c", "tag; untag all; tag with all children" },
	{ "k or F9", "send a signal to what is tagged, or the line" },
	{ "[ ] or F8 F7", "nicer, less nice" },
	{ "Enter", "one process closely, with its own graphs" },
	{ "F", "follow the process under the cursor" },
	{ "Z, Left Right, { }, 0", "pause; a sample back and forth, a minute; now" },
	{ "1 2 3 4 5", "processors, memory, traffic, processes, pressure" },
	{ "d D", "look more often, less often" },
	{ "q F10", "end" },
};

static int draw_about(const top_view *view, int y)
{
	char size[HKI_QUANTITY_TEXT_MAX], span[HKI_QUANTITY_TEXT_MAX],
	    interval[HKI_QUANTITY_TEXT_MAX];
	uint64_t bytes, span_ns;
	const char *why;
	size_t samples = top_model_kept(view->model, &bytes, &span_ns);
	int width = view->layout.width;

	(void) hki_size_format(size, sizeof(size), bytes);
	(void) hki_duration_format(span, sizeof(span), span_ns);
	(void) hki_duration_format(interval, sizeof(interval), view->interval_ns);
	(void) top_put_format(y++, 1, width, TOP_STYLE_PLAIN,
	    "It looks every %s; %zu samples of the last %s are kept in %s.", interval,
	    samples, span, size);
	(void) top_put_format(y++, 1, width, TOP_STYLE_PLAIN,
	    "Processes are read by the engine \"%s\"; it costs %.2f%% of a processor.",
	    top_model_engine(view->model, &why), top_model_cost(view->model));
	if (why != NULL)
		(void) top_put(y++, 1, width, TOP_STYLE_DIM, why);
	return y;
}

void top_draw_help(const top_view *view)
{
	int y = 0, width = view->layout.width;

	(void) top_put(y, 1, width, TOP_STYLE_LABEL, "hostkit top");
	y += 2;
	for (size_t i = 0; i < HKI_COUNT(help) && y < view->layout.height - 4; i++, y++) {
		(void) top_put(y, 1, 27, TOP_STYLE_LABEL, help[i].keys);
		(void) top_put(y, 29, width - 29, TOP_STYLE_PLAIN, help[i].does);
	}
	y = draw_about(view, y + 1);
	(void) top_put(
	    view->layout.height - 1, 1, width, TOP_STYLE_KEY, "any key goes back");
}

/* ---- all of it ---- */

void top_draw(const top_view *view)
{
	top_screen_begin();
	if (view->mode == TOP_MODE_HELP) {
		top_draw_help(view);
		top_screen_end();
		return;
	}
	top_draw_title(view);
	top_draw_processors(view);
	top_draw_meters(view);
	top_draw_pressure(view);
	top_draw_traffic(view);
	top_draw_graph(view);
	top_draw_detail(view);
	top_draw_table(view);
	if (view->mode == TOP_MODE_SIGNAL || view->mode == TOP_MODE_SORT ||
	    view->mode == TOP_MODE_USER)
		top_draw_menu(view);
	top_draw_status(view);
	top_screen_end();
}
