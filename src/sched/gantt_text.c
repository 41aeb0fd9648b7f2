/*
 * The chart of the textbooks:
 *
 *	| A   | B      | A |
 *	0     4        11  13
 *
 * Boxes are as wide as their time if that fits into one line; if not, each is as
 * wide as its words need, lines are broken between boxes, and every beginning is
 * written under its box, so that nothing is lost.
 */
#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/fixed_text.h"
#include "base/quantity.h"
#include "base/utf8.h"
#include "sched/result.h"

#define WIDTH_MIN 20

/* Longer names are cut, so that a few boxes always share a line. */
#define LABEL_MAX   12
#define LABEL_BYTES 64

/* A box of the chart: a slice, or the time nobody ran before the next. */
typedef struct gantt_box {
	int64_t start;
	int64_t end;
	char label[LABEL_BYTES]; /* "" for idle time */
	size_t columns;          /* of the label */
	size_t width;            /* columns inside, without the bar before it */
} gantt_box;

typedef struct gantt_chart {
	const hk_sched_result *result;
	hki_buffer text;
	hki_buffer bars;  /* the line of boxes that is being written … */
	hki_buffer times; /* … and the one below it */
	size_t width;
	size_t used;        /* columns of bars */
	size_t times_used;  /* columns of times */
	double per_tick;    /* columns a tick; 0: as wide as the words */
	int64_t line_start; /* of the first box of the line */
} gantt_chart;

static void chart_deinit(gantt_chart *chart)
{
	hki_buffer_deinit(&chart->text);
	hki_buffer_deinit(&chart->bars);
	hki_buffer_deinit(&chart->times);
}

static size_t format_time(
    char out[HKI_QUANTITY_TEXT_MAX], const gantt_chart *chart, int64_t at)
{
	return hki_sched_time_format(
	    out, HKI_QUANTITY_TEXT_MAX, chart->result->workload, at);
}

/* Bytes of @text that take at most @columns columns; how many goes to *@out_columns. */
static size_t cut(size_t *out_columns, const char *text, size_t columns)
{
	size_t length = strlen(text);
	size_t at = 0;
	size_t count = 0;

	while (at < length) {
		uint32_t character;
		size_t bytes = hki_utf8_decode(&character, text + at, length - at);
		size_t wide = (size_t) hki_utf8_width(character);

		if (count + wide > columns)
			break;
		at += bytes;
		count += wide;
	}
	*out_columns = count;
	return at;
}

static void make_label(gantt_box *box, const hk_sched_result *result, uint32_t row)
{
	const hki_sched_outcome *job = &result->jobs[row];
	const char *id = result->workload->tasks[job->task].id;
	hki_fixed_text text;

	hki_fixed_text_init(&text, box->label, sizeof(box->label));
	hki_fixed_text_append_printable(&text, id, strnlen(id, LABEL_MAX * 4));
	if (job->release > 0)
		hki_fixed_text_append_format(&text, "#%u", job->release);
	(void) hki_fixed_text_end(&text);
	box->label[cut(&box->columns, box->label, LABEL_MAX)] = '\0';
}

/* The least room for the words of @box: its label with a space on both sides, and its
 * beginning, which stands under the bar, with one behind it. */
static size_t least_width(const gantt_chart *chart, const gantt_box *box)
{
	char time[HKI_QUANTITY_TEXT_MAX];
	size_t digits = format_time(time, chart, box->start);
	size_t label = box->columns == 0 ? 2 : box->columns + 2;

	return digits > label ? digits : label;
}

static size_t width_of(const gantt_chart *chart, const gantt_box *box)
{
	double exact = (double) (box->end - chart->line_start) * chart->per_tick;

	if (chart->per_tick == 0)
		return least_width(chart, box);
	/* From where it should end to where the one before did end. */
	return (size_t) exact - chart->used - 1;
}

static int append_spaces(hki_buffer *buffer, size_t count)
{
	int r = 0;

	while (r == 0 && count-- > 0)
		r = hki_buffer_append_char(buffer, ' ');
	return r;
}

/* Write the time under the next bar. */
static int append_time(gantt_chart *chart, int64_t at)
{
	char time[HKI_QUANTITY_TEXT_MAX];
	size_t length = format_time(time, chart, at);
	int r = append_spaces(&chart->times, chart->used - chart->times_used);

	chart->times_used = chart->used + length;
	return r < 0 ? r : hki_buffer_append(&chart->times, time, length);
}

/* End the line of boxes at @end. */
static int break_line(gantt_chart *chart, int64_t end)
{
	int r = 0;

	if (chart->used == 0)
		return 0;
	if ((r = hki_buffer_append_char(&chart->bars, '|')) < 0 ||
	    (r = append_time(chart, end)) < 0 ||
	    (r = hki_buffer_append(&chart->text, chart->bars.data, chart->bars.length)) <
		0 ||
	    (r = hki_buffer_append_char(&chart->text, '\n')) < 0 ||
	    (r = hki_buffer_append(
		 &chart->text, chart->times.data, chart->times.length)) < 0)
		return r;
	hki_buffer_truncate(&chart->bars, 0);
	hki_buffer_truncate(&chart->times, 0);
	chart->used = 0;
	chart->times_used = 0;
	return hki_buffer_append_char(&chart->text, '\n');
}

static int append_box(gantt_chart *chart, const gantt_box *box)
{
	size_t left = (box->width - box->columns) / 2;
	int r = append_time(chart, box->start);

	if (r < 0 || (r = hki_buffer_append_char(&chart->bars, '|')) < 0 ||
	    (r = append_spaces(&chart->bars, left)) < 0 ||
	    (r = hki_buffer_append_text(&chart->bars, box->label)) < 0 ||
	    (r = append_spaces(&chart->bars, box->width - box->columns - left)) < 0)
		return r;
	chart->used += box->width + 1;
	return 0;
}

static int place_box(gantt_chart *chart, gantt_box *box)
{
	char time[HKI_QUANTITY_TEXT_MAX];
	size_t end = format_time(time, chart, box->end);
	int r = 0;

	if (chart->used == 0)
		chart->line_start = box->start;
	box->width = width_of(chart, box);
	if (chart->used > 0 && chart->used + 1 + box->width + end > chart->width) {
		r = break_line(chart, box->start);
		chart->line_start = box->start;
		box->width = width_of(chart, box);
	}
	return r < 0 ? r : append_box(chart, box);
}

/* ---- the boxes of one CPU ---- */

typedef int (*box_fn)(gantt_chart *chart, gantt_box *box);

/* Call @fn for every box of @cpu, idle time included; *@out_end is the last end. */
static int each_box(gantt_chart *chart, uint32_t cpu, box_fn fn, int64_t *out_end)
{
	const hk_sched_result *result = chart->result;
	int64_t at = -1;
	int r = 0;

	for (size_t i = 0; i < result->slice_count && r == 0; i++) {
		const hk_sched_slice *slice = &result->slices[i];
		gantt_box next = { .start = slice->start, .end = slice->end };

		if (slice->cpu != cpu)
			continue;
		if (at >= 0 && slice->start > at) {
			gantt_box idle = { .start = at, .end = slice->start };

			r = fn(chart, &idle);
		}
		make_label(&next, result, slice->job);
		if (r == 0)
			r = fn(chart, &next);
		at = slice->end;
	}
	*out_end = at;
	return r;
}

/* Would @box have room for its words at the scale of the chart?  1 if not. */
static int is_tight(gantt_chart *chart, gantt_box *box)
{
	size_t width = width_of(chart, box);

	if (width > chart->width || width < least_width(chart, box))
		return 1;
	chart->used += width + 1;
	return 0;
}

/* The scale at which the boxes of @cpu fill one line, or 0 if some would be too small. */
static double choose_scale(gantt_chart *chart, uint32_t cpu, int64_t end)
{
	char time[HKI_QUANTITY_TEXT_MAX];
	size_t room = chart->width - format_time(time, chart, end);
	int64_t ignored;
	int tight;

	for (size_t i = 0; i < chart->result->slice_count; i++) {
		if (chart->result->slices[i].cpu != cpu)
			continue;
		chart->line_start = chart->result->slices[i].start;
		break;
	}
	chart->per_tick = (double) room / (double) (end - chart->line_start);
	chart->used = 0;
	tight = each_box(chart, cpu, is_tight, &ignored);
	chart->used = 0;
	return tight == 0 ? chart->per_tick : 0;
}

static int no_box(gantt_chart *chart, gantt_box *box)
{
	(void) chart;
	(void) box;
	return 0;
}

static int draw_cpu(gantt_chart *chart, uint32_t cpu)
{
	int64_t end;
	int r = each_box(chart, cpu, no_box, &end);

	if (r < 0 || end < 0)
		return r;
	if (chart->result->cpus > 1 &&
	    (r = hki_buffer_append_format(&chart->text, "cpu %u\n", cpu)) < 0)
		return r;
	chart->per_tick = choose_scale(chart, cpu, end);
	r = each_box(chart, cpu, place_box, &end);
	return r < 0 ? r : break_line(chart, end);
}

int hk_sched_gantt_text(char **out, const hk_sched_result *result, unsigned int width)
{
	hki_cleanup(chart_deinit)
	    gantt_chart chart = { .result = result, .width = width };
	char *text;
	int r = hki_buffer_append_text(&chart.text, "");

	if (width < WIDTH_MIN)
		return -EINVAL;
	for (uint32_t cpu = 0; cpu < result->cpus && r == 0; cpu++)
		r = draw_cpu(&chart, cpu);
	if (r < 0)
		return r;
	text = hki_buffer_take(&chart.text);
	if (text == NULL)
		return -ENOMEM;
	*out = text;
	return 0;
}
