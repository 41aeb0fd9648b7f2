/*
 * The upper part of the screen: who and when, processors, memory, pressure, traffic,
 * and the last minutes as a graph.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/quantity.h"
#include "meter.h"
#include "panes.h"

enum { LABEL_WIDTH = 5, GRAPH_VALUES_MAX = 1024, NAME_MAX_LENGTH = 65 };

static const top_figures *figures_of(const top_view *view)
{
	return top_model_moment(view->model)->figures;
}

static bool has(const top_figures *figures, unsigned int index)
{
	return figures != NULL && hk_record_has(&figures->record, index);
}

/* ---- the title ---- */

static void clock_text(char out[16], uint64_t real_ns)
{
	time_t seconds = (time_t) (real_ns / HKI_NS_PER_S);
	struct tm local;

	out[0] = '\0';
	if (localtime_r(&seconds, &local) != NULL)
		(void) strftime(out, 16, "%H:%M:%S", &local);
}

/* Living processes, and how many of them are in a state. */
static size_t count_state(const top_moment *moment, int state)
{
	size_t count = 0;

	for (size_t i = 0; i < moment->count; i++)
		count += !moment->exited[i] &&
			 (state < 0 || moment->processes[i]->state == state);
	return count;
}

void top_draw_title(const top_view *view)
{
	const top_moment *moment = top_model_moment(view->model);
	const top_figures *figures = moment->figures;
	const top_area *area = &view->layout.title;
	char host[NAME_MAX_LENGTH] = "", now[16], up[HKI_QUANTITY_TEXT_MAX] = "";
	char text[256];
	int x;

	if (area->height == 0)
		return;
	(void) gethostname(host, sizeof(host) - 1);
	clock_text(now, moment->real_ns);
	if (has(figures, TOP_FIGURE_UPTIME))
		(void) hki_duration_format(
		    up, sizeof(up), (uint64_t) figures->uptime_s * HKI_NS_PER_S);
	x = top_put(area->y, area->x, area->width, TOP_STYLE_LABEL, host);
	x += top_put_format(area->y, x, area->width - x, TOP_STYLE_PLAIN,
	    "  up %s  %zu processes, %zu running", up, count_state(moment, -1),
	    count_state(moment, HK_SYSTEM_STATE_RUNNING));
	if (has(figures, TOP_FIGURE_LOAD_1))
		(void) top_put_format(area->y, x, area->width - x - 10, TOP_STYLE_PLAIN,
		    "  load %.2f %.2f %.2f", figures->load_1, figures->load_5,
		    figures->load_15);
	if (moment->past)
		(void) snprintf(
		    text, sizeof(text), " %s, %zu samples ago ", now, moment->behind);
	else
		(void) snprintf(text, sizeof(text), " %s", now);
	top_put_right(area->y, area->x, area->width,
	    moment->past ? TOP_STYLE_ALERT : TOP_STYLE_PLAIN, text);
}

/* ---- processors ---- */

static void draw_processor(int y, int x, int width, const top_processor *processor)
{
	const top_share shares[] = {
		{ processor->user_percent, TOP_STYLE_LOW, '|' },
		{ processor->system_percent, TOP_STYLE_HIGH, '#' },
		{ processor->other_percent, TOP_STYLE_DIM, ':' },
	};
	char label[16], text[16] = "-";

	(void) snprintf(
	    label, sizeof(label), "%3llu", (unsigned long long) processor->number);
	if (hk_record_has(&processor->record, TOP_PROCESSOR_USED))
		(void) snprintf(text, sizeof(text), "%.0f%%", processor->used_percent);
	top_draw_bar(y, x, width, label, shares, 3, text);
}

/* The processors @from up to @to as one bar, where there are more than fit. */
static void average(top_processor *out, const top_processor *all, size_t from, size_t to)
{
	memset(out, 0, sizeof(*out));
	*out = all[from];
	for (size_t i = from + 1; i < to; i++) {
		out->user_percent += all[i].user_percent;
		out->system_percent += all[i].system_percent;
		out->other_percent += all[i].other_percent;
		out->used_percent += all[i].used_percent;
	}
	out->user_percent /= (double) (to - from);
	out->system_percent /= (double) (to - from);
	out->other_percent /= (double) (to - from);
	out->used_percent /= (double) (to - from);
}

void top_draw_processors(const top_view *view)
{
	const top_figures *figures = figures_of(view);
	const top_area *area = &view->layout.cpu_bars;
	const top_processor *all;
	size_t count, bars, columns;
	int width;

	if (area->height == 0 || !has(figures, TOP_FIGURE_PROCESSORS))
		return;
	all = figures->processors.items;
	count = figures->processors.count;
	columns = (count + (size_t) area->height - 1) / (size_t) area->height;
	if (columns > (size_t) area->width / TOP_BAR_WIDTH_MIN)
		columns = (size_t) area->width / TOP_BAR_WIDTH_MIN;
	if (columns < 1)
		columns = 1;
	bars = columns * (size_t) area->height;
	bars = bars > count ? count : bars;
	width = area->width / (int) columns;
	for (size_t i = 0; i < bars; i++) {
		top_processor bar;

		average(&bar, all, i * count / bars, (i + 1) * count / bars);
		draw_processor(area->y + (int) (i % (size_t) area->height),
		    area->x + (int) (i / (size_t) area->height) * width,
		    width - (columns > 1), &bar);
	}
}

/* ---- memory, pressure, traffic ---- */

static void draw_memory(
    const top_area *area, int line, const char *label, uint64_t used, uint64_t total)
{
	double percent = total == 0 ? 0 : 100.0 * (double) used / (double) total;
	const top_share share = { percent, top_style_of(percent), '|' };
	char text[80], used_text[HKI_QUANTITY_TEXT_MAX],
	    total_text[HKI_QUANTITY_TEXT_MAX];

	if (total == 0) {
		(void) top_put(
		    area->y + line, area->x, area->width, TOP_STYLE_LABEL, label);
		(void) top_put(area->y + line, area->x + LABEL_WIDTH,
		    area->width - LABEL_WIDTH, TOP_STYLE_DIM, "none");
		return;
	}
	(void) hki_size_format(used_text, sizeof(used_text), used);
	(void) hki_size_format(total_text, sizeof(total_text), total);
	(void) snprintf(text, sizeof(text), "%s/%s", used_text, total_text);
	top_draw_bar(area->y + line, area->x, area->width, label, &share, 1, text);
}

void top_draw_meters(const top_view *view)
{
	const top_figures *figures = figures_of(view);
	const top_area *area = &view->layout.meters;

	if (area->height == 0 || !has(figures, TOP_FIGURE_MEMORY_TOTAL))
		return;
	draw_memory(
	    area, 0, "mem  ", figures->memory_used_bytes, figures->memory_total_bytes);
	draw_memory(area, 1, "swap ", figures->swap_used_bytes,
	    has(figures, TOP_FIGURE_SWAP_TOTAL) ? figures->swap_total_bytes : 0);
}

void top_draw_pressure(const top_view *view)
{
	static const struct {
		unsigned int index;
		size_t offset;
		const char *name;
	} parts[] = {
		{ TOP_FIGURE_PRESSURE_CPU, offsetof(top_figures, pressure_cpu_percent),
		    "cpu" },
		{ TOP_FIGURE_PRESSURE_MEMORY,
		    offsetof(top_figures, pressure_memory_percent), "mem" },
		{ TOP_FIGURE_PRESSURE_IO, offsetof(top_figures, pressure_io_percent),
		    "io" },
	};
	const top_figures *figures = figures_of(view);
	const top_area *area = &view->layout.pressure;
	int x = area->x;

	if (area->height == 0)
		return;
	x += top_put(area->y, x, area->width, TOP_STYLE_LABEL, "pressure");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double percent = 0;

		x += top_put_format(area->y, x, area->x + area->width - x, TOP_STYLE_DIM,
		    " %s ", parts[i].name);
		if (!has(figures, parts[i].index)) {
			x += top_put(
			    area->y, x, area->x + area->width - x, TOP_STYLE_DIM, "-");
			continue;
		}
		memcpy(
		    &percent, (const char *) figures + parts[i].offset, sizeof(percent));
		/* A tenth of the time spent waiting is much already. */
		x += top_put_format(area->y, x, area->x + area->width - x,
		    top_style_of(percent * 4), "%.1f%%", percent);
	}
}

static void draw_rate(const top_area *area, int line, const char *label, bool there,
    const char *names[2], double in, double out)
{
	char in_text[HKI_QUANTITY_TEXT_MAX], out_text[HKI_QUANTITY_TEXT_MAX];
	int x = area->x;

	x += top_put(area->y + line, x, area->width, TOP_STYLE_LABEL, label);
	if (!there) {
		(void) top_put(
		    area->y + line, x, area->x + area->width - x, TOP_STYLE_DIM, "-");
		return;
	}
	(void) hki_size_format(in_text, sizeof(in_text), (uint64_t) in);
	(void) hki_size_format(out_text, sizeof(out_text), (uint64_t) out);
	(void) top_put_format(area->y + line, x, area->x + area->width - x,
	    TOP_STYLE_PLAIN, "%s %s/s  %s %s/s", names[0], in_text, names[1], out_text);
}

void top_draw_traffic(const top_view *view)
{
	static const char *net[2] = { "in", "out" }, *disk[2] = { "read", "written" };
	const top_figures *figures = figures_of(view);
	const top_area *area = &view->layout.traffic;

	if (area->height == 0 || figures == NULL)
		return;
	draw_rate(area, 0, "net  ", has(figures, TOP_FIGURE_RECEIVE), net,
	    figures->receive_bytes_per_s, figures->transmit_bytes_per_s);
	draw_rate(area, 1, "disk ", has(figures, TOP_FIGURE_READ), disk,
	    figures->read_bytes_per_s, figures->written_bytes_per_s);
}

/* ---- the graph ---- */

void top_draw_graph(const top_view *view)
{
	double values[GRAPH_VALUES_MAX];
	top_area area = view->layout.graph;
	size_t count;

	if (area.height == 0)
		return;
	(void) top_put(area.y, area.x, area.width, TOP_STYLE_DIM, "100%");
	(void) top_put(
	    area.y + area.height - 1, area.x, area.width, TOP_STYLE_DIM, "cpu");
	area.x += LABEL_WIDTH;
	area.width -= LABEL_WIDTH;
	count = area.width > 0 ? (size_t) area.width * 2 : 0;
	if (count > GRAPH_VALUES_MAX)
		count = GRAPH_VALUES_MAX;
	count = top_model_figure_course(view->model, TOP_FIGURE_CPU, values, count);
	top_draw_course(&area, values, count, 100.0);
}
