/*
 * The chart as a picture: a lane for each CPU, a box for each slice, an axis below.
 * A colour belongs to a task, turned round the colour circle by the golden angle, so
 * that neighbours in the list are easy to tell apart; every box has a title that
 * says it in words, so that colour is never all there is.
 */
#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "base/utf8.h"
#include "sched/result.h"

/* Browsers grow slow beyond. */
#define SLICES_MAX 100000

#define LEFT   60 /* for "cpu 12" */
#define CHART  1000
#define RIGHT  40
#define TOP    34
#define LANE   36
#define BOX    28
#define BOTTOM 30

typedef struct svg_picture {
	const hk_sched_result *result;
	hki_buffer text;
	int64_t start;
	int64_t end;
} svg_picture;

static void picture_deinit(svg_picture *picture)
{
	hki_buffer_deinit(&picture->text);
}

static int append_character(hki_buffer *out, uint32_t character)
{
	char bytes[HKI_UTF8_MAX];

	switch (character) {
	case '&':
		return hki_buffer_append_text(out, "&amp;");
	case '<':
		return hki_buffer_append_text(out, "&lt;");
	case '>':
		return hki_buffer_append_text(out, "&gt;");
	default:
		break;
	}
	/* XML has no control characters, and no U+FFFE and U+FFFF. */
	if (character < 0x20 || character == 0xfffe || character == 0xffff)
		character = 0xfffd;
	return hki_buffer_append(out, bytes, hki_utf8_encode(bytes, character));
}

/* Text of people inside XML: what has a meaning there, and what may not be there. */
static int append_escaped(hki_buffer *out, const char *text)
{
	size_t length = strlen(text);
	int r = 0;

	while (length > 0 && r == 0) {
		uint32_t character;
		size_t bytes = hki_utf8_decode(&character, text, length);

		r = append_character(out, character);
		text += bytes;
		length -= bytes;
	}
	return r;
}

static double x_of(const svg_picture *picture, int64_t at)
{
	return LEFT + CHART * ((double) (at - picture->start) /
				  (double) (picture->end - picture->start));
}

static int append_time(svg_picture *picture, int64_t at)
{
	char text[HKI_QUANTITY_TEXT_MAX];

	(void) hki_sched_time_format(text, sizeof(text), picture->result->workload, at);
	return hki_buffer_append_text(&picture->text, text);
}

static int append_name(svg_picture *picture, uint32_t row)
{
	const hki_sched_outcome *job = &picture->result->jobs[row];
	int r = append_escaped(
	    &picture->text, picture->result->workload->tasks[job->task].id);

	if (r == 0 && job->release > 0)
		r = hki_buffer_append_format(&picture->text, "#%u", job->release);
	return r;
}

static int append_box(svg_picture *picture, const hk_sched_slice *slice)
{
	uint32_t task = picture->result->jobs[slice->job].task;
	double x = x_of(picture, slice->start);
	double width = x_of(picture, slice->end) - x;
	unsigned int y = TOP + slice->cpu * LANE;
	unsigned int hue = task * 137U % 360;
	int r = hki_buffer_append_format(&picture->text,
	    "<g><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" "
	    "fill=\"hsl(%u,60%%,75%%)\" stroke=\"#444\" "
	    "stroke-width=\"0.5\"/><title>",
	    x, y, width, BOX, hue);

	if (r < 0 || (r = append_name(picture, slice->job)) < 0 ||
	    (r = hki_buffer_append_text(&picture->text, ": ")) < 0 ||
	    (r = append_time(picture, slice->start)) < 0 ||
	    (r = hki_buffer_append_text(&picture->text, " - ")) < 0 ||
	    (r = append_time(picture, slice->end)) < 0 ||
	    (r = hki_buffer_append_text(&picture->text, "</title>")) < 0)
		return r;
	/* A name where there is room for at least two letters. */
	if (width >= 18) {
		r = hki_buffer_append_format(&picture->text,
		    "<text x=\"%.2f\" y=\"%u\" text-anchor=\"middle\">", x + width / 2,
		    y + BOX / 2 + 4);
		if (r == 0)
			r = append_name(picture, slice->job);
		if (r == 0)
			r = hki_buffer_append_text(&picture->text, "</text>");
	}
	return r < 0 ? r : hki_buffer_append_text(&picture->text, "</g>\n");
}

/* A round number of ticks that divides the axis into about ten. */
static int64_t choose_step(int64_t span)
{
	static const int64_t factors[] = { 1, 2, 5 };
	int64_t power = 1;

	for (;;) {
		for (size_t i = 0; i < 3; i++)
			if (span / 10 <= power * factors[i])
				return power * factors[i];
		power *= 10;
	}
}

static int append_mark(svg_picture *picture, int64_t at, unsigned int bottom)
{
	double x = x_of(picture, at);
	int r = hki_buffer_append_format(&picture->text,
	    "<line x1=\"%.2f\" y1=\"%d\" x2=\"%.2f\" y2=\"%u\" stroke=\"#bbb\" "
	    "stroke-width=\"0.5\"/><text x=\"%.2f\" y=\"%u\" text-anchor=\"middle\">",
	    x, TOP - 4, x, bottom, x, bottom + 16);

	if (r == 0)
		r = append_time(picture, at);
	return r < 0 ? r : hki_buffer_append_text(&picture->text, "</text>\n");
}

static int append_axis(svg_picture *picture, unsigned int bottom)
{
	int64_t step = choose_step(picture->end - picture->start);
	int64_t first = (picture->start + step - 1) / step * step;
	int r = 0;

	for (int64_t at = first; at <= picture->end && r == 0; at += step)
		r = append_mark(picture, at, bottom);
	for (uint32_t cpu = 0; cpu < picture->result->cpus && r == 0; cpu++)
		r = hki_buffer_append_format(&picture->text,
		    "<text x=\"8\" y=\"%u\">cpu %u</text>\n",
		    TOP + cpu * LANE + BOX / 2 + 4, cpu);
	return r;
}

static int append_head(svg_picture *picture, const char *title, unsigned int height)
{
	int r = hki_buffer_append_format(&picture->text,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
	    "width=\"%d\" height=\"%u\" font-family=\"sans-serif\" font-size=\"12\">\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
	    LEFT + CHART + RIGHT, height, LEFT + CHART + RIGHT, height);

	if (r < 0 || title == NULL)
		return r;
	if ((r = hki_buffer_append_format(&picture->text,
		 "<text x=\"%d\" y=\"20\" font-size=\"15\">", LEFT)) < 0 ||
	    (r = append_escaped(&picture->text, title)) < 0)
		return r;
	return hki_buffer_append_text(&picture->text, "</text>\n");
}

/* From the first beginning to the last end; an empty chart spans one tick. */
static void find_span(svg_picture *picture)
{
	const hk_sched_result *result = picture->result;

	picture->start = result->slice_count > 0 ? result->slices[0].start : 0;
	picture->end = picture->start + 1;
	for (size_t i = 0; i < result->slice_count; i++)
		if (result->slices[i].end > picture->end)
			picture->end = result->slices[i].end;
}

int hk_sched_gantt_svg(char **out, const hk_sched_result *result, const char *title)
{
	hki_cleanup(picture_deinit) svg_picture picture = { .result = result };
	unsigned int bottom = TOP + result->cpus * LANE;
	char *text;
	int r;

	if (result->slice_count > SLICES_MAX)
		return HK_ELIMIT;
	find_span(&picture);
	r = append_head(&picture, title, bottom + BOTTOM);
	if (r == 0)
		r = append_axis(&picture, bottom);
	for (size_t i = 0; i < result->slice_count && r == 0; i++)
		r = append_box(&picture, &result->slices[i]);
	if (r == 0)
		r = hki_buffer_append_text(&picture.text, "</svg>\n");
	if (r < 0)
		return r;
	text = hki_buffer_take(&picture.text);
	if (text == NULL)
		return -ENOMEM;
	*out = text;
	return 0;
}
