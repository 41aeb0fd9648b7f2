/*
 * What keys mean: the letters of htop, the numbers of btop.
 */
#include "keys.h"

#include <stdio.h>
#include <string.h>
#include "act.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "columns.h"
#include "menu.h"

enum { MINUTE_S = 60, COLUMNS_MAX = 32, SIDEWAYS_STEP = 8, CONTROL_U = 21 };

#define INTERVAL_MIN (HKI_NS_PER_S / 10)
#define INTERVAL_MAX (60 * HKI_NS_PER_S)

#define F(number) (TOP_KEY_F1 + (number) -1)

/* ---- typing a text ---- */

static void open_prompt(top_view *view, top_mode mode)
{
	view->mode = mode;
	view->prompt[0] = '\0';
	if (mode == TOP_MODE_FILTER)
		(void) snprintf(
		    view->prompt, sizeof(view->prompt), "%s", view->filter_text);
}

static void append(char *text, size_t capacity, uint32_t character)
{
	char bytes[HKI_UTF8_MAX];
	size_t length = strlen(text), more;

	if (character < ' ' || character >= TOP_KEY_UP)
		return;
	more = hki_utf8_encode(bytes, character);
	if (length + more + 1 > capacity)
		return;
	memcpy(text + length, bytes, more);
	text[length + more] = '\0';
}

/* Take the last character away. */
static void shorten(char *text)
{
	size_t length = strlen(text);

	if (length == 0)
		return;
	do
		length--;
	while (length > 0 && ((unsigned char) text[length] & 0xc0) == 0x80);
	text[length] = '\0';
}

static void search(top_view *view, long from, int step)
{
	const char *text =
	    view->mode == TOP_MODE_SEARCH ? view->prompt : view->search_text;
	long found;

	if (*text == '\0')
		return;
	found = top_rows_search(&view->rows, text, from, step);
	if (found >= 0)
		top_view_go(view, found);
	else
		top_view_say(view, true, "nothing holds '%s'", text);
}

static void press_in_prompt(top_view *view, top_key key)
{
	bool searching = view->mode == TOP_MODE_SEARCH;

	switch (key.code) {
	case TOP_KEY_ESCAPE:
		view->mode = TOP_MODE_TABLE;
		return;
	case TOP_KEY_ENTER:
		if (searching)
			memcpy(view->search_text, view->prompt, sizeof(view->prompt));
		else if (!top_view_filter(view, view->prompt))
			return; /* the mistake is shown; it can be mended */
		view->mode = TOP_MODE_TABLE;
		return;
	case TOP_KEY_BACKSPACE:
		shorten(view->prompt);
		break;
	case CONTROL_U:
		view->prompt[0] = '\0';
		break;
	case TOP_KEY_DOWN:
	case F(3):
		search(view, view->cursor + 1, 1);
		return;
	case TOP_KEY_UP:
		search(view, view->cursor - 1, -1);
		return;
	default:
		append(view->prompt, sizeof(view->prompt), key.code);
	}
	if (searching)
		search(view, view->cursor, 1);
}

/* ---- lists ---- */

static void press_in_menu(top_view *view, top_key key)
{
	long count = top_menu_count(view);

	switch (key.code) {
	case TOP_KEY_UP:
		view->menu -= view->menu > 0;
		break;
	case TOP_KEY_DOWN:
		view->menu += view->menu < count - 1;
		break;
	case TOP_KEY_HOME:
		view->menu = 0;
		break;
	case TOP_KEY_END:
		view->menu = count - 1;
		break;
	case TOP_KEY_ENTER:
		top_menu_choose(view);
		break;
	case TOP_KEY_ESCAPE:
	case 'q':
		view->mode = TOP_MODE_TABLE;
		break;
	default:
		break;
	}
}

/* ---- the table ---- */

/* Lines of the table less one, so that a line is seen on both pages. */
static long page(const top_view *view)
{
	long lines = view->layout.processes.height - 2;

	return lines < 1 ? 1 : lines;
}

static void sideways(top_view *view, int by)
{
	view->sideways += by;
	if (view->sideways < 0)
		view->sideways = 0;
}

/* In the past the arrows step through it. */
static void press_arrow(top_view *view, int direction)
{
	if (top_model_moment(view->model)->past) {
		top_model_step(view->model, direction);
		top_view_refresh(view);
	} else {
		sideways(view, direction * SIDEWAYS_STEP);
	}
}

static void step(top_view *view, int64_t seconds)
{
	int64_t steps = seconds * (int64_t) HKI_NS_PER_S / (int64_t) view->interval_ns;

	top_model_step(view->model, (int) (steps == 0 ? (seconds < 0 ? -1 : 1) : steps));
	top_view_refresh(view);
}

static void pause(top_view *view, bool on)
{
	top_model_pause(view->model, on);
	top_view_refresh(view);
}

static bool press_move(top_view *view, top_key key)
{
	switch (key.code) {
	case TOP_KEY_UP:
		top_view_move(view, -1);
		return true;
	case TOP_KEY_DOWN:
		top_view_move(view, 1);
		return true;
	case TOP_KEY_WHEEL_UP:
		top_view_move(view, -3);
		return true;
	case TOP_KEY_WHEEL_DOWN:
		top_view_move(view, 3);
		return true;
	case TOP_KEY_PAGE_UP:
		top_view_move(view, -page(view));
		return true;
	case TOP_KEY_PAGE_DOWN:
		top_view_move(view, page(view));
		return true;
	case TOP_KEY_HOME:
		top_view_go(view, 0);
		return true;
	case TOP_KEY_END:
		top_view_go(view, (long) view->rows.count - 1);
		return true;
	case TOP_KEY_LEFT:
		press_arrow(view, -1);
		return true;
	case TOP_KEY_RIGHT:
		press_arrow(view, 1);
		return true;
	default:
		return false;
	}
}

/* ---- time ---- */

static void change_interval(top_view *view, bool shorter)
{
	uint64_t interval = shorter ? view->interval_ns / 2 : view->interval_ns * 2;

	if (interval < INTERVAL_MIN || interval > INTERVAL_MAX)
		return;
	view->interval_ns = interval;
	view->interval_changed = true;
	top_view_say(view, false, "looking every %.2g s",
	    (double) interval / (double) HKI_NS_PER_S);
}

static bool press_time(top_view *view, top_key key)
{
	switch (key.code) {
	case 'Z':
		pause(view, !top_model_moment(view->model)->past);
		return true;
	case '0':
		pause(view, false);
		return true;
	case '{':
		step(view, -MINUTE_S);
		return true;
	case '}':
		step(view, MINUTE_S);
		return true;
	case 'd':
		change_interval(view, true);
		return true;
	case 'D':
		change_interval(view, false);
		return true;
	default:
		return false;
	}
}

/* ---- order ---- */

/* The column @by places from the one that rows are ordered by. */
static void sort_beside(top_view *view, int by)
{
	for (size_t i = 0; i < top_column_count; i++) {
		size_t other = (i + top_column_count + (size_t) by) % top_column_count;

		if (top_columns[i].field != view->order.field)
			continue;
		top_view_sort(view, top_columns[other].field);
		return;
	}
}

static bool press_order(top_view *view, top_key key)
{
	switch (key.code) {
	case 'P':
		top_view_sort(view, HK_SYSTEM_PROCESS_CPU_PERCENT);
		return true;
	case 'M':
		top_view_sort(view, HK_SYSTEM_PROCESS_RSS);
		return true;
	case 'T':
		top_view_sort(view, HK_SYSTEM_PROCESS_CPU);
		return true;
	case 'N':
		if (view->search_text[0] != '\0')
			search(view, view->cursor - 1, -1);
		else
			top_view_sort(view, HK_SYSTEM_PROCESS_PID);
		return true;
	case 'I':
		view->order.descending = !view->order.descending;
		top_view_refresh(view);
		return true;
	case '<':
		sort_beside(view, -1);
		return true;
	case '>':
		sort_beside(view, 1);
		return true;
	case '.':
	case F(6):
		top_menu_open(view, TOP_MODE_SORT);
		return true;
	default:
		return false;
	}
}

/* ---- the tree ---- */

static void fold(top_view *view, bool folded)
{
	const top_row *row = top_view_row(view);

	if (row == NULL || !view->order.tree)
		return;
	if (!folded)
		(void) hki_map_remove(&view->folded, row->key);
	else if (hki_map_put(&view->folded, row->key, view) < 0)
		top_view_say(view, true, "out of memory");
	view->follow = true; /* the line stays where the process is */
	top_view_refresh(view);
	view->follow = false;
}

static bool press_tree(top_view *view, top_key key)
{
	switch (key.code) {
	case 't':
	case F(5):
		view->order.tree = !view->order.tree;
		top_view_refresh(view);
		return true;
	case '+':
	case '=':
		fold(view, false);
		return true;
	case '-':
		fold(view, true);
		return true;
	case '*':
		hki_map_deinit(&view->folded);
		memset(&view->folded, 0, sizeof(view->folded));
		top_view_refresh(view);
		return true;
	default:
		return false;
	}
}

/* ---- what is meant ---- */

static void tag_family(top_view *view)
{
	const top_row *row = top_view_row(view);
	unsigned int depth;

	if (row == NULL)
		return;
	depth = row->depth;
	for (long i = view->cursor; i < (long) view->rows.count; i++) {
		const top_row *one = &view->rows.items[i];

		if (i > view->cursor && (!view->order.tree || one->depth <= depth))
			break;
		if (!top_view_is_tagged(view, one->key))
			top_view_tag(view, one->key);
	}
}

static bool press_choice(top_view *view, top_key key)
{
	const top_row *row = top_view_row(view);

	switch (key.code) {
	case ' ':
		if (row != NULL)
			top_view_tag(view, row->key);
		top_view_move(view, 1);
		return true;
	case 'U':
		hki_map_deinit(&view->tagged);
		memset(&view->tagged, 0, sizeof(view->tagged));
		return true;
	case 'c':
		tag_family(view);
		return true;
	case 'F':
		view->follow = !view->follow;
		top_view_say(view, false,
		    view->follow ? "following the process" : "staying on the line");
		return true;
	case 'k':
	case F(9):
		top_menu_open(view, TOP_MODE_SIGNAL);
		return true;
	case '[':
	case F(8):
		top_act_renice(view, 1);
		return true;
	case ']':
	case F(7):
		top_act_renice(view, -1);
		return true;
	default:
		return false;
	}
}

/* ---- what is shown ---- */

static void toggle_detail(top_view *view)
{
	view->detail = !view->detail;
	if (view->detail) {
		top_model_want(view->model, HK_SYSTEM_PROCESS_CGROUP);
		top_model_want(view->model, HK_SYSTEM_PROCESS_WORKING_DIRECTORY);
	}
}

static bool press_show(top_view *view, top_key key)
{
	switch (key.code) {
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
		view->boxes ^= 1U << (key.code - '1');
		return true;
	case TOP_KEY_ENTER:
		toggle_detail(view);
		return true;
	case 'u':
		top_menu_open(view, TOP_MODE_USER);
		return true;
	case 'x':
		view->order.living = !view->order.living;
		top_view_refresh(view);
		return true;
	case 'K':
		view->order.kernel = !view->order.kernel;
		top_view_refresh(view);
		return true;
	case '/':
	case F(3):
		open_prompt(view, TOP_MODE_SEARCH);
		return true;
	case '\\':
	case F(4):
		open_prompt(view, TOP_MODE_FILTER);
		return true;
	case 'n':
		search(view, view->cursor + 1, 1);
		return true;
	case '?':
	case 'h':
	case F(1):
		view->mode = TOP_MODE_HELP;
		return true;
	default:
		return false;
	}
}

/* ---- the mouse ---- */

static void click_heading(top_view *view, int x)
{
	const top_column *shown[COLUMNS_MAX];
	int elastic, at = view->layout.processes.x;
	size_t count = top_columns_choose(shown, view->layout.processes.width, &elastic);

	for (size_t i = 0; i < count; i++) {
		at += (shown[i]->width > 0 ? shown[i]->width : elastic) + 1;
		if (x < at) {
			top_view_sort(view, shown[i]->field);
			return;
		}
	}
}

static void click(top_view *view, top_key key)
{
	const top_area *table = &view->layout.processes;
	long line = view->scroll + key.y - table->y - 1;

	if (table->height == 0 || key.y < table->y || key.y >= table->y + table->height)
		return;
	if (key.y == table->y) {
		click_heading(view, key.x);
		return;
	}
	if (line >= (long) view->rows.count)
		return;
	/* A second click on a line opens it. */
	if (key.code == TOP_KEY_DOUBLE_CLICK || line == view->cursor)
		toggle_detail(view);
	top_view_go(view, line);
}

/* ---- all keys ---- */

static void press_in_table(top_view *view, top_key key)
{
	if (key.code == 'q' || key.code == F(10)) {
		view->quit = true;
		return;
	}
	if (key.code == TOP_KEY_CLICK || key.code == TOP_KEY_DOUBLE_CLICK) {
		click(view, key);
		return;
	}
	if (key.code == TOP_KEY_ESCAPE) {
		view->detail = false;
		return;
	}
	(void) (press_move(view, key) || press_time(view, key) ||
		press_order(view, key) || press_tree(view, key) ||
		press_choice(view, key) || press_show(view, key));
}

void top_key_press(top_view *view, top_key key)
{
	if (key.code == TOP_KEY_NONE || key.code == TOP_KEY_RESIZE)
		return;
	view->message[0] = '\0';
	switch (view->mode) {
	case TOP_MODE_TABLE:
		press_in_table(view, key);
		break;
	case TOP_MODE_SEARCH:
	case TOP_MODE_FILTER:
		press_in_prompt(view, key);
		break;
	case TOP_MODE_SIGNAL:
	case TOP_MODE_SORT:
	case TOP_MODE_USER:
		press_in_menu(view, key);
		break;
	case TOP_MODE_HELP:
		view->mode = TOP_MODE_TABLE;
		break;
	}
}
