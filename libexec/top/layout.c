/*
 * Who gets which lines.  From the top: a title, bars on the left and meters on the
 * right, a graph if there are lines to spare, one process closely if asked for, the
 * table, the status.  All of it is arithmetic on a size, so every size can be tested.
 */
#include "layout.h"

#include <string.h>

enum {
	METERS_ONE_COLUMN = 60, /* narrower terminals have meters below bars */
	BAR_LINES_MAX = 8,
	METER_LINES = 2,
	PRESSURE_LINES = 1,
	TRAFFIC_LINES = 2,
	GRAPH_LINES = 3,
	DETAIL_LINES = 8,
	ROOMY = 30, /* lines from which on there is a graph */
	TABLE_LINES_MIN = 4
};

static int least(int one, int other)
{
	return one < other ? one : other;
}

static top_area take(top_layout *out, int *y, int lines, int room)
{
	top_area area = { *y, 0, lines <= room ? lines : 0, out->width };

	*y += area.height;
	return area;
}

/* Lines that the bars of all processors need in @width columns: one a line while the
 * meters beside them have as many lines, for long bars; as few as possible for more. */
static int bar_lines(unsigned int processors, int width, int side)
{
	int columns = width / TOP_BAR_WIDTH_MIN;
	int lines;

	if (columns < 1)
		columns = 1;
	if (processors <= (unsigned int) side)
		return processors < 1 ? 1 : (int) processors;
	lines = ((int) processors + columns - 1) / columns;
	lines = lines < side ? side : lines;
	return least(lines, BAR_LINES_MAX);
}

/* Lines of what stands beside the bars. */
static int side_lines(unsigned int boxes)
{
	int lines = 0;

	if (boxes & TOP_BOX_MEMORY)
		lines += METER_LINES;
	if (boxes & TOP_BOX_PRESSURE)
		lines += PRESSURE_LINES;
	if (boxes & TOP_BOX_TRAFFIC)
		lines += TRAFFIC_LINES;
	return lines;
}

/* Memory, pressure and traffic one below the other from @y on, as far as @room goes. */
static void place_side(
    top_layout *out, unsigned int boxes, int y, int x, int width, int room)
{
	const struct {
		unsigned int box;
		int lines;
		top_area *area;
	} parts[] = {
		{ TOP_BOX_MEMORY, METER_LINES, &out->meters },
		{ TOP_BOX_PRESSURE, PRESSURE_LINES, &out->pressure },
		{ TOP_BOX_TRAFFIC, TRAFFIC_LINES, &out->traffic },
	};

	for (unsigned int i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!(boxes & parts[i].box) || parts[i].lines > room)
			continue;
		*parts[i].area = (top_area){ y, x, parts[i].lines, width };
		y += parts[i].lines;
		room -= parts[i].lines;
	}
}

/* Bars and what stands beside or below them.  Returns the lines used. */
static int place_head(top_layout *out, const top_layout_wish *wish, int y, int room)
{
	bool cpu = wish->boxes & TOP_BOX_CPU;
	int side = side_lines(wish->boxes);
	int left = side > 0 && cpu ? out->width / 2 : out->width;
	int bars;

	if (!cpu) {
		side = least(side, room);
		place_side(out, wish->boxes, y, 0, out->width, side);
		return side;
	}
	if (out->width < METERS_ONE_COLUMN)
		left = out->width;
	bars = least(bar_lines(wish->processors, left, side), room);
	out->cpu_bars = (top_area){ y, 0, bars, left - (left < out->width ? 1 : 0) };
	if (left < out->width) {
		side = least(side, room);
		place_side(out, wish->boxes, y, left, out->width - left, side);
		return bars > side ? bars : side;
	}
	side = least(side, room - bars);
	place_side(out, wish->boxes, y + bars, 0, out->width, side);
	return bars + side;
}

void top_layout_make(top_layout *out, int height, int width, const top_layout_wish *wish)
{
	bool table = wish->boxes & TOP_BOX_PROCESSES;
	int y = 0, room;

	memset(out, 0, sizeof(*out));
	out->height = height;
	out->width = width;
	if (height < 1 || width < 1)
		return;
	out->status = (top_area){ height - 1, 0, 1, width };
	/* What is left when the table has its share. */
	room =
	    height - 1 -
	    (table ? (height > 3 * TABLE_LINES_MIN ? height / 3 : TABLE_LINES_MIN) : 0);
	if (room > 0) {
		out->title = take(out, &y, 1, room);
		y += place_head(out, wish, y, room - y);
	}
	if ((wish->boxes & TOP_BOX_CPU) && height >= ROOMY)
		out->graph = take(out, &y, GRAPH_LINES, room - y);
	if (wish->detail)
		out->detail =
		    take(out, &y, DETAIL_LINES, height - 1 - TABLE_LINES_MIN - y);
	if (table && height - 1 - y > 0)
		out->processes = (top_area){ y, 0, height - 1 - y, width };
}
