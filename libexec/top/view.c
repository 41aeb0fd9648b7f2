/*
 * How the machine is looked at.  Keys change a view, panes draw it; neither knows of
 * the other.
 */
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/clock.h"

void top_view_init(top_view *view, top_model *model)
{
	memset(view, 0, sizeof(*view));
	view->model = model;
	view->boxes = TOP_BOX_ALL;
	view->order.field = HK_SYSTEM_PROCESS_CPU_PERCENT;
	view->order.descending = true;
	view->order.folded = &view->folded;
	view->interval_ns = HKI_NS_PER_S;
}

void top_view_deinit(top_view *view)
{
	top_rows_deinit(&view->rows);
	hki_map_deinit(&view->folded);
	hki_map_deinit(&view->tagged);
	hk_system_filter_free(view->filter);
}

/* Lines of the table, without its headings. */
static long visible(const top_view *view)
{
	long lines = view->layout.processes.height - 1;

	return lines < 1 ? 1 : lines;
}

/* Put the cursor inside the rows, and the rows that are shown around the cursor. */
static void settle(top_view *view)
{
	long count = (long) view->rows.count, lines = visible(view);

	if (view->cursor >= count)
		view->cursor = count - 1;
	if (view->cursor < 0)
		view->cursor = 0;
	if (view->scroll > view->cursor)
		view->scroll = view->cursor;
	if (view->scroll < view->cursor - lines + 1)
		view->scroll = view->cursor - lines + 1;
	if (view->scroll > count - lines)
		view->scroll = count - lines;
	if (view->scroll < 0)
		view->scroll = 0;
	view->selected = count > 0 ? view->rows.items[view->cursor].key : view->selected;
}

/* Does the cursor belong to a process, and not to a line?  While a signal is chosen it
 * does: the table must not slip another process under it. */
static bool is_pinned(const top_view *view)
{
	return view->follow || view->detail || view->mode == TOP_MODE_SIGNAL;
}

/* Keep the cursor on its process; one that is not shown stays the one that is meant. */
static void settle_pinned(top_view *view)
{
	uint64_t selected = view->selected;
	long at = is_pinned(view) ? top_rows_find(&view->rows, selected) : -1;

	if (at >= 0)
		view->cursor = at;
	settle(view);
	if (is_pinned(view) && at < 0)
		view->selected = selected;
}

void top_view_refresh(top_view *view)
{
	view->order.filter = view->filter;
	view->order.user = view->user[0] == '\0' ? NULL : view->user;
	if (top_rows_make(&view->rows, top_model_moment(view->model), &view->order) < 0)
		top_view_say(view, true, "out of memory");
	settle_pinned(view);
}

const top_row *top_view_row(const top_view *view)
{
	const top_row *row;

	if (view->cursor < 0 || (size_t) view->cursor >= view->rows.count)
		return NULL;
	row = &view->rows.items[view->cursor];
	return is_pinned(view) && row->key != view->selected ? NULL : row;
}

void top_view_go(top_view *view, long line)
{
	view->cursor = line;
	settle(view);
}

void top_view_move(top_view *view, long lines)
{
	top_view_go(view, view->cursor + lines);
}

/* ---- filtering and order ---- */

/* A word alone is looked for in every text of a process. */
static bool is_word(const char *text)
{
	return strpbrk(text, "<>=!~&|()/") == NULL;
}

static int compile(hk_system_filter **out, const char *text, hk_error_list *errors)
{
	char pattern[TOP_PROMPT_MAX + 2];
	int r;

	if (!is_word(text))
		return hk_system_filter_new(out, &hk_system_process_type, text, errors);
	/* "kernel" is a field that is true or not; "node" is neither, so a pattern. */
	r = hk_system_filter_field(&hk_system_process_type, text);
	if (r >= 0 && hk_system_process_type.fields[r].kind == HK_RECORD_BOOL)
		return hk_system_filter_new(out, &hk_system_process_type, text, errors);
	(void) snprintf(pattern, sizeof(pattern), "/%s/", text);
	return hk_system_filter_new(out, &hk_system_process_type, pattern, errors);
}

/* Fields that the filter asks for have to be read. */
static void want_fields(top_view *view)
{
	for (unsigned int i = 0; i < HK_SYSTEM_PROCESS_FIELD_COUNT; i++) {
		if (view->filter != NULL && hk_system_filter_uses(view->filter, i))
			top_model_want(view->model, (hk_system_process_field) i);
	}
}

bool top_view_filter(top_view *view, const char *text)
{
	hk_system_filter *filter = NULL;
	hk_error_list *errors = NULL;
	int r = 0;

	if (*text != '\0') {
		r = hk_error_list_new(&errors);
		if (r == 0)
			r = compile(&filter, text, errors);
	}
	if (r < 0) {
		const hk_error *first = hk_error_list_get(errors, 0);
		char sentence[TOP_MESSAGE_MAX] = "";

		if (first != NULL)
			(void) hk_error_format(sentence, sizeof(sentence), first);
		top_view_say(
		    view, true, "%s", first != NULL ? sentence : hk_error_text(r));
		hk_error_list_free(errors);
		return false;
	}
	hk_error_list_free(errors);
	hk_system_filter_free(view->filter);
	view->filter = filter;
	if (text != view->filter_text)
		(void) snprintf(view->filter_text, sizeof(view->filter_text), "%s", text);
	want_fields(view);
	top_view_refresh(view);
	return true;
}

/* Numbers are most interesting where they are large, names where they begin. */
static bool is_text(unsigned int field)
{
	hk_record_kind kind = hk_system_process_type.fields[field].kind;

	return kind == HK_RECORD_STRING || kind == HK_RECORD_STRINGS ||
	       field == HK_SYSTEM_PROCESS_PID || field == HK_SYSTEM_PROCESS_PPID ||
	       field == HK_SYSTEM_PROCESS_NICE || field == HK_SYSTEM_PROCESS_STATE;
}

void top_view_sort(top_view *view, unsigned int field)
{
	if (view->order.field == field && !view->order.tree)
		view->order.descending = !view->order.descending;
	else
		view->order.descending = !is_text(field);
	view->order.field = field;
	view->order.tree = false;
	top_view_refresh(view);
}

/* ---- small things ---- */

void top_view_say(top_view *view, bool error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void) vsnprintf(view->message, sizeof(view->message), format, arguments);
	va_end(arguments);
	view->message_is_error = error;
}

void top_view_tag(top_view *view, uint64_t key)
{
	if (hki_map_remove(&view->tagged, key) == NULL &&
	    hki_map_put(&view->tagged, key, view) < 0)
		top_view_say(view, true, "out of memory");
}

bool top_view_is_tagged(const top_view *view, uint64_t key)
{
	return hki_map_get(&view->tagged, key) != NULL;
}
