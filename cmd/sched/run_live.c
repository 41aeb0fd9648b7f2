/*
 * How it stands, on the terminal: a line for the whole and one for each task that has
 * or had a turn and has not ended, written over ten times a second.  Printed to stderr
 * and taken away in the end, so that stdout holds the result alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "../output/colour.h"
#include "../output/screen.h"
#include "../output/text.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "run.h"

#define EVERY_NS    (100 * HKI_NS_PER_MS)
#define APPEAR_NS   (300 * HKI_NS_PER_MS)
#define LINES_MOST  12
#define BAR_COLUMNS 20

struct sched_live {
	const sched_execution *run;
	hk_timer *timer;
	unsigned int lines; /* on the screen now */
	bool colour;
};

static bool is_possible(const cmd_output *output)
{
	const char *term = getenv("TERM");

	return !output->json && isatty(STDERR_FILENO) && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

static unsigned int room(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 4)
		return LINES_MOST;
	return size.ws_row - 3U < LINES_MOST ? size.ws_row - 3U : LINES_MOST;
}

/* ---- the lines ---- */

static int append_bar(hki_buffer *out, const hk_sched_info *info)
{
	double part = info->burst_ms > 0 ? info->cpu_ms / info->burst_ms : 0;
	int full = part >= 1 ? BAR_COLUMNS : (int) (part * BAR_COLUMNS);
	int r = 0;

	for (int i = 0; i < BAR_COLUMNS && r == 0; i++)
		r = hki_buffer_append_char(out, i < full ? '#' : '.');
	return r;
}

static int append_task(hki_buffer *out, const sched_live *live, const hk_sched_info *info)
{
	cmd_style style = info->state == HK_SCHED_RUNNING    ? CMD_STYLE_GOOD
			  : info->state == HK_SCHED_STOPPING ? CMD_STYLE_WARN
							     : CMD_STYLE_QUIET;
	size_t length = strlen(info->id);
	size_t begin = out->length;
	size_t width;
	int r = cmd_text_append_clean(out, info->id, length > 64 ? 64 : length);

	if (r < 0)
		return r;
	width = cmd_text_fit(out->data + begin, out->length - begin, 16);
	hki_buffer_truncate(out, begin + width);
	width = cmd_text_width(out->data + begin, width);
	r = cmd_text_append_spaces(out, 18 - width);
	if (r == 0)
		r = hki_buffer_append_format(out, "%s%-9s%s ",
		    cmd_colour_begin(live->colour, style),
		    hk_sched_state_name((unsigned int) info->state),
		    cmd_colour_end(live->colour));
	if (r == 0)
		r = append_bar(out, info);
	if (r == 0)
		r = hki_buffer_append_format(
		    out, " %.0f of %.0f ms\x1b[K\n", info->cpu_ms, info->burst_ms);
	return r;
}

static int append_head(hki_buffer *out, const sched_live *live)
{
	hk_sched_totals totals;

	hk_sched_executor_totals(&totals, live->run->executor);
	return hki_buffer_append_format(out,
	    "%llu of %llu tasks ended, %llu running, %llu ready, %llu waiting, "
	    "%.1f s\x1b[K\n",
	    (unsigned long long) totals.ended, (unsigned long long) totals.tasks,
	    (unsigned long long) totals.running, (unsigned long long) totals.ready,
	    (unsigned long long) totals.waiting, totals.elapsed_ms / 1000);
}

static bool is_shown(const hk_sched_info *info)
{
	return info->state == HK_SCHED_RUNNING || info->state == HK_SCHED_STOPPING ||
	       (info->state == HK_SCHED_READY && info->slices > 0);
}

static int append_tasks(hki_buffer *out, const sched_live *live, unsigned int *lines)
{
	unsigned int most = room();
	hk_sched_info info;
	int r = 0;

	for (size_t i = 0; *lines < most && r == 0 &&
			   hk_sched_executor_get(&info, live->run->executor, i) == 0;
	     i++) {
		if (!is_shown(&info))
			continue;
		r = append_task(out, live, &info);
		++*lines;
	}
	return r;
}

/* ---- drawing ---- */

static void put(const hki_buffer *text)
{
	/* A terminal that is gone is no reason to stop working. */
	(void) !write(STDERR_FILENO, text->data, text->length);
}

static void on_tick(hk_timer *timer, void *user)
{
	sched_live *live = user;
	hki_buffer text = HKI_BUFFER_INIT;
	unsigned int lines = 1;
	int r = 0;

	(void) timer;
	if (live->lines > 0)
		r = hki_buffer_append_format(&text, "\x1b[%uA\r", live->lines);
	if (r == 0)
		r = append_head(&text, live);
	if (r == 0)
		r = append_tasks(&text, live, &lines);
	if (r == 0)
		r = hki_buffer_append_text(&text, "\x1b[J");
	if (r == 0) {
		put(&text);
		live->lines = lines;
	}
	hki_buffer_deinit(&text);
}

int sched_live_new(sched_live **out, const sched_execution *run)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	sched_live *live;
	int r;

	*out = NULL;
	if (!is_possible(&run->call->output))
		return 0;
	live = hki_zalloc(sizeof(*live));
	if (live == NULL)
		return -ENOMEM;
	live->run = run;
	live->colour = cmd_colour_wanted(&run->call->output, STDERR_FILENO);
	opts.after_ns = APPEAR_NS;
	opts.interval_ns = EVERY_NS;
	opts.fn = on_tick;
	opts.user = live;
	opts.background = 1;
	r = hk_timer_start(&live->timer, run->loop, &opts);
	if (r < 0) {
		hki_free(live);
		return r;
	}
	*out = live;
	return 0;
}

void sched_live_free(sched_live *live)
{
	char text[32];
	int length;

	if (live == NULL)
		return;
	hk_timer_free(live->timer);
	if (live->lines > 0) {
		length = snprintf(text, sizeof(text), "\x1b[%uA\r\x1b[J", live->lines);
		(void) !write(STDERR_FILENO, text, (size_t) length);
	}
	hki_free(live);
}
