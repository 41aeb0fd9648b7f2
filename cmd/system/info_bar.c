/*
 * Lines of an overview: labels, sizes and bars.  A page is put together whole and
 * printed at once.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../exit.h"
#include "../output/colour.h"
#include "../output/fail.h"
#include "../output/screen.h"
#include "../output/text.h"
#include "base/quantity.h"
#include "info.h"

#define LABEL_WIDTH 10
#define BAR_CELLS   24

/* As the environment says what the terminal understands. */
static bool shows_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return strcasestr(value, "utf-8") != NULL ||
			       strcasestr(value, "utf8") != NULL;
	}
	return false;
}

void info_page_begin(info_page *page, const cmd_call *call)
{
	*page = (info_page){ .out = HKI_BUFFER_INIT,
		.colour = cmd_colour_wanted(&call->output, STDOUT_FILENO),
		.width = cmd_screen_width(stdout) };
	page->blocks = page->width > 1 && shows_utf8();
}

int info_page_end(info_page *page, const cmd_call *call)
{
	int status = CMD_EXIT_OK;

	if (page->out.data == NULL)
		status = cmd_fail(&call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot put the page together");
	else
		fwrite(page->out.data, 1, page->out.length, stdout);
	hki_buffer_deinit(&page->out);
	return status;
}

/* A page that lost a piece is shorter; one that lost all says so at its end. */
void info_add(info_page *page, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void) hki_buffer_append_format_list(&page->out, format, arguments);
	va_end(arguments);
}

void info_add_text(info_page *page, const char *text)
{
	(void) cmd_text_append_clean(&page->out, text, strlen(text));
}

void info_heading(info_page *page, const char *text)
{
	info_add(page, "\n%s%s%s\n", cmd_colour_begin(page->colour, CMD_STYLE_HEADING),
	    text, cmd_colour_end(page->colour));
}

void info_label(info_page *page, const char *text)
{
	info_add(page, "%s%-*s%s", cmd_colour_begin(page->colour, CMD_STYLE_QUIET),
	    LABEL_WIDTH, text, cmd_colour_end(page->colour));
}

static cmd_style style_of(double percent)
{
	if (percent >= 90)
		return CMD_STYLE_BAD;
	return percent >= 70 ? CMD_STYLE_WARN : CMD_STYLE_GOOD;
}

void info_bar(info_page *page, double percent)
{
	int filled = (int) (percent * BAR_CELLS / 100 + 0.5);

	if (filled == 0 && percent > 0)
		filled = 1; /* a little is not nothing */
	if (filled > BAR_CELLS)
		filled = BAR_CELLS;
	info_add(page, "%s", cmd_colour_begin(page->colour, style_of(percent)));
	for (int i = 0; i < filled; i++)
		info_add(page, "%s", page->blocks ? "█" : "#");
	info_add(page, "%s%s", cmd_colour_end(page->colour),
	    cmd_colour_begin(page->colour, CMD_STYLE_QUIET));
	for (int i = filled; i < BAR_CELLS; i++)
		info_add(page, "%s", page->blocks ? "░" : ".");
	info_add(page, "%s %3.0f%%", cmd_colour_end(page->colour), percent);
}

size_t info_room(const info_page *page)
{
	const size_t used = LABEL_WIDTH + BAR_CELLS + sizeof(" 100%") - 1;

	if (page->width <= 1)
		return SIZE_MAX;
	return page->width > used ? page->width - used : 0;
}

void info_size(info_page *page, uint64_t bytes)
{
	char text[HKI_QUANTITY_TEXT_MAX];

	(void) hki_size_format(text, sizeof(text), bytes);
	info_add(page, "%s", text);
}
