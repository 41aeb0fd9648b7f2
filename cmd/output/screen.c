/*
 * The terminal: how wide it is, and a line on it that is written over.
 */
#include "screen.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "text.h"

#define WIDTH_UNKNOWN   80
#define WIDTH_MAX       10000
#define APPEAR_AFTER_NS (500 * HKI_NS_PER_MS)
#define EVERY_NS        (100 * HKI_NS_PER_MS)

unsigned int cmd_screen_width(FILE *file)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t wanted;

	if (!isatty(fileno(file)))
		return 1;
	if (columns != NULL && hki_uint64_parse(&wanted, columns) == 0 && wanted > 1 &&
	    wanted <= WIDTH_MAX)
		return (unsigned int) wanted;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		return size.ws_col;
	return WIDTH_UNKNOWN;
}

void cmd_progress_begin(cmd_progress *progress, const cmd_output *output)
{
	const char *term = getenv("TERM");

	memset(progress, 0, sizeof(*progress));
	progress->possible = !output->json && isatty(STDERR_FILENO) && term != NULL &&
			     strcmp(term, "dumb") != 0;
	progress->begin_ns = hki_clock_monotonic_ns();
}

void cmd_progress_show(cmd_progress *progress, const char *format, ...)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hki_cleanup(hki_buffer_deinitp) hki_buffer clean = HKI_BUFFER_INIT;
	uint64_t now = hki_clock_monotonic_ns();
	va_list arguments;
	int r;

	if (!progress->possible || now - progress->begin_ns < APPEAR_AFTER_NS ||
	    (progress->shown && now - progress->last_ns < EVERY_NS))
		return;
	va_start(arguments, format);
	r = hki_buffer_append_format_list(&text, format, arguments);
	va_end(arguments);
	if (r < 0 || cmd_text_append_clean(&clean, text.data, text.length) < 0)
		return;
	fprintf(stderr, "\r\033[K%.*s",
	    (int) cmd_text_fit(clean.data, clean.length, cmd_screen_width(stderr) - 1),
	    clean.data);
	fflush(stderr);
	progress->shown = true;
	progress->last_ns = now;
}

void cmd_progress_clear(cmd_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
