/*
 * The terminal, by ncurses.  Nothing else here knows ncurses: panes say what a text
 * is (a label, a figure that is getting tight), and what that looks like is decided
 * here, by what the terminal can do.  Bold, dim and reverse carry the meaning where
 * there are no colours; colour never carries it alone.
 */
#define NCURSES_WIDECHAR 1

#include "screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncursesw/curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fixed_text.h"
#include "base/utf8.h"

enum { ESCAPE = 27, ESCAPE_DELAY_MS = 25, TEXT_MAX = 2048 };

static struct {
	SCREEN *terminal;
	bool ascii;
	attr_t attributes[TOP_STYLE_COUNT];
	short pairs[TOP_STYLE_COUNT];
} screen;

/* ---- looks ---- */

static const struct {
	attr_t attribute; /* added to the colour, or alone where there are none */
	attr_t mono;      /* only where there are none */
	short colour;     /* -1: that of the terminal */
	short background;
} looks[TOP_STYLE_COUNT] = {
	[TOP_STYLE_PLAIN] = { 0, 0, -1, -1 },
	[TOP_STYLE_DIM] = { A_DIM, 0, -1, -1 },
	[TOP_STYLE_LABEL] = { 0, A_BOLD, COLOR_CYAN, -1 },
	[TOP_STYLE_HEADING] = { 0, A_REVERSE, COLOR_BLACK, COLOR_GREEN },
	[TOP_STYLE_SORTED] = { 0, A_REVERSE | A_BOLD, COLOR_BLACK, COLOR_CYAN },
	[TOP_STYLE_SELECTED] = { 0, A_REVERSE, COLOR_BLACK, COLOR_CYAN },
	[TOP_STYLE_TAGGED] = { A_BOLD, 0, COLOR_YELLOW, -1 },
	[TOP_STYLE_EXITED] = { A_DIM, A_UNDERLINE, COLOR_RED, -1 },
	[TOP_STYLE_KEY] = { 0, A_BOLD, COLOR_BLACK, COLOR_CYAN },
	[TOP_STYLE_LOW] = { 0, 0, COLOR_GREEN, -1 },
	[TOP_STYLE_MEDIUM] = { 0, 0, COLOR_YELLOW, -1 },
	[TOP_STYLE_HIGH] = { A_BOLD, 0, COLOR_RED, -1 },
	[TOP_STYLE_ALERT] = { A_BOLD, A_REVERSE, COLOR_WHITE, COLOR_RED },
};

static void choose_looks(bool mono)
{
	bool colours = !mono && has_colors();

	if (colours) {
		(void) start_color();
		(void) use_default_colors();
	}
	for (short i = 0; i < TOP_STYLE_COUNT; i++) {
		bool coloured =
		    colours && (looks[i].colour >= 0 || looks[i].background >= 0);

		screen.attributes[i] = looks[i].attribute | (colours ? 0 : looks[i].mono);
		screen.pairs[i] = 0;
		if (coloured && init_pair((short) (i + 1), looks[i].colour,
				    looks[i].background) == OK)
			screen.pairs[i] = (short) (i + 1);
	}
}

/* ---- the terminal ---- */

int top_screen_open(const top_screen_opts *opts)
{
	(void) setlocale(LC_CTYPE, "");
	screen.ascii = opts->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	(void) set_escdelay(ESCAPE_DELAY_MS);
	screen.terminal = newterm(NULL, stdout, stdin);
	if (screen.terminal == NULL)
		return -ENOTTY;
	choose_looks(opts->mono);
	(void) cbreak();
	(void) noecho();
	(void) nonl();
	(void) keypad(stdscr, TRUE);
	(void) nodelay(stdscr, TRUE);
	(void) typeahead(-1); /* the loop tells of keys; do not ask while drawing */
	(void) curs_set(0);
	(void) mousemask(BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED |
			     BUTTON4_PRESSED | BUTTON5_PRESSED,
	    NULL);
	(void) mouseinterval(0);
	return 0;
}

void top_screen_close(void)
{
	if (screen.terminal == NULL)
		return;
	(void) endwin();
	delscreen(screen.terminal);
	screen.terminal = NULL;
}

bool top_screen_is_ascii(void)
{
	return screen.ascii;
}

void top_screen_size(int *out_height, int *out_width)
{
	getmaxyx(stdscr, *out_height, *out_width);
}

void top_screen_resize(void)
{
	(void) endwin();
	(void) refresh();
	(void) clear();
}

void top_screen_begin(void)
{
	(void) erase();
}

void top_screen_end(void)
{
	(void) refresh();
}

/* ---- text ---- */

static bool is_inside(int y, int x, int *width)
{
	int height, all;

	getmaxyx(stdscr, height, all);
	if (y < 0 || y >= height || x < 0 || x >= all)
		return false;
	if (*width > all - x)
		*width = all - x;
	return *width > 0;
}

/* Bytes of clean @text that take at most @width columns; *@out_columns: how many. */
static size_t fit(const char *text, int width, int *out_columns)
{
	size_t length = strlen(text), at = 0;
	int columns = 0;

	while (at < length) {
		uint32_t character;
		size_t bytes = hki_utf8_decode(&character, text + at, length - at);
		int wide = hki_utf8_width(character);

		if (columns + wide > width)
			break;
		columns += wide;
		at += bytes;
	}
	*out_columns = columns;
	return at;
}

/* Every byte beyond ASCII becomes a question mark, one a character. */
static void flatten(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (((unsigned char) *text & 0xc0) == 0x80)
			continue;
		*to++ = (unsigned char) *text < 0x80 ? *text : '?';
	}
	*to = '\0';
}

static void use(top_style style)
{
	(void) attr_set(screen.attributes[style], screen.pairs[style], NULL);
}

int top_put(int y, int x, int width, top_style style, const char *text)
{
	char clean[TEXT_MAX];
	hki_fixed_text fixed;
	int columns;
	size_t bytes;

	if (text == NULL || !is_inside(y, x, &width))
		return 0;
	hki_fixed_text_init(&fixed, clean, sizeof(clean));
	hki_fixed_text_append_printable(&fixed, text, strlen(text));
	(void) hki_fixed_text_end(&fixed);
	if (screen.ascii)
		flatten(clean);
	bytes = fit(clean, width, &columns);
	use(style);
	(void) mvaddnstr(y, x, clean, (int) bytes);
	use(TOP_STYLE_PLAIN);
	return columns;
}

int top_put_format(int y, int x, int width, top_style style, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void) vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return top_put(y, x, width, style, text);
}

void top_put_right(int y, int x, int width, top_style style, const char *text)
{
	int columns = 0;

	(void) fit(text, width, &columns);
	(void) top_put(y, x + width - columns, columns, style, text);
}

void top_put_character(int y, int x, top_style style, uint32_t character)
{
	char text[HKI_UTF8_MAX];
	int width = 1;
	size_t length;

	if (!is_inside(y, x, &width))
		return;
	length = hki_utf8_encode(text, character);
	use(style);
	(void) mvaddnstr(y, x, text, (int) length);
	use(TOP_STYLE_PLAIN);
}

void top_fill(int y, int x, int width, top_style style)
{
	if (!is_inside(y, x, &width))
		return;
	use(style);
	(void) mvhline(y, x, ' ', width);
	use(TOP_STYLE_PLAIN);
}

/* ---- keys ---- */

static top_key mouse_key(void)
{
	top_key key = { .code = TOP_KEY_NONE };
	MEVENT event;

	if (getmouse(&event) != OK)
		return key;
	key.y = event.y;
	key.x = event.x;
	if (event.bstate & BUTTON4_PRESSED)
		key.code = TOP_KEY_WHEEL_UP;
	else if (event.bstate & BUTTON5_PRESSED)
		key.code = TOP_KEY_WHEEL_DOWN;
	else if (event.bstate & BUTTON1_DOUBLE_CLICKED)
		key.code = TOP_KEY_DOUBLE_CLICK;
	else if (event.bstate & (BUTTON1_CLICKED | BUTTON1_PRESSED))
		key.code = TOP_KEY_CLICK;
	return key;
}

static const struct {
	int from;
	uint32_t to;
} special[] = {
	{ KEY_UP, TOP_KEY_UP },
	{ KEY_DOWN, TOP_KEY_DOWN },
	{ KEY_LEFT, TOP_KEY_LEFT },
	{ KEY_RIGHT, TOP_KEY_RIGHT },
	{ KEY_PPAGE, TOP_KEY_PAGE_UP },
	{ KEY_NPAGE, TOP_KEY_PAGE_DOWN },
	{ KEY_HOME, TOP_KEY_HOME },
	{ KEY_END, TOP_KEY_END },
	{ KEY_BACKSPACE, TOP_KEY_BACKSPACE },
	{ KEY_DC, TOP_KEY_DELETE },
	{ KEY_ENTER, TOP_KEY_ENTER },
	{ KEY_RESIZE, TOP_KEY_RESIZE },
};

static uint32_t special_key(int code)
{
	if (code >= KEY_F(1) && code <= KEY_F(12))
		return TOP_KEY_F1 + (uint32_t) (code - KEY_F(1));
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (special[i].from == code)
			return special[i].to;
	}
	return TOP_KEY_NONE;
}

static uint32_t character_key(wint_t character)
{
	switch (character) {
	case '\r':
	case '\n':
		return TOP_KEY_ENTER;
	case '\t':
		return TOP_KEY_TAB;
	case ESCAPE:
		return TOP_KEY_ESCAPE;
	case '\b':
	case 127:
		return TOP_KEY_BACKSPACE;
	default:
		return (uint32_t) character;
	}
}

top_key top_screen_key(void)
{
	top_key key = { .code = TOP_KEY_NONE };
	wint_t code;
	int kind = get_wch(&code);

	if (kind == KEY_CODE_YES && code == KEY_MOUSE)
		return mouse_key();
	if (kind == KEY_CODE_YES)
		key.code = special_key((int) code);
	else if (kind == OK)
		key.code = character_key(code);
	return key;
}
