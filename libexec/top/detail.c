/*
 * One process closely: what it is, and its own last minutes as graphs.  All of it
 * comes from the rows that are kept, so it works for the past and for processes that
 * have ended as well.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/quantity.h"
#include "columns.h"
#include "meter.h"
#include "panes.h"

enum { TEXT_MAX = 4096, VALUES_MAX = 1024, FACTS = 8 };

/* A fact: the title and the value of a field. */
static int draw_fact(int y, int x, int width, const hk_system_process *process,
    hk_system_process_field field, const char *title)
{
	char text[TEXT_MAX];
	int used;

	(void) hk_record_format(
	    text, sizeof(text), &hk_system_process_type, process, field);
	used = top_put(y, x, width, TOP_STYLE_LABEL, title);
	used += top_put(y, x + used, width - used, TOP_STYLE_PLAIN, " ");
	used += top_put(y, x + used, width - used, TOP_STYLE_PLAIN, text);
	return used + 2;
}

static void draw_facts(const top_area *area, const top_row *row)
{
	static const struct {
		hk_system_process_field field;
		const char *title;
	} facts[FACTS] = {
		{ HK_SYSTEM_PROCESS_PID, "pid" },
		{ HK_SYSTEM_PROCESS_PPID, "parent" },
		{ HK_SYSTEM_PROCESS_USER, "user" },
		{ HK_SYSTEM_PROCESS_STATE, "state" },
		{ HK_SYSTEM_PROCESS_THREADS, "threads" },
		{ HK_SYSTEM_PROCESS_CPU, "time" },
		{ HK_SYSTEM_PROCESS_RSS, "memory" },
		{ HK_SYSTEM_PROCESS_START_TIME, "since" },
	};
	char command[TEXT_MAX];
	int x = area->x;

	for (size_t i = 0; i < FACTS && x < area->x + area->width; i++)
		x += draw_fact(area->y, x, area->x + area->width - x, row->process,
		    facts[i].field, facts[i].title);
	if (row->exited)
		(void) top_put(area->y, x, area->x + area->width - x, TOP_STYLE_ALERT,
		    " has ended ");
	top_command_text(command, sizeof(command), row->process);
	(void) top_put(area->y + 1, area->x, area->width, TOP_STYLE_PLAIN, command);
	x = area->x + draw_fact(area->y + 2, area->x, area->width / 2, row->process,
			  HK_SYSTEM_PROCESS_CGROUP, "cgroup");
	(void) draw_fact(area->y + 2, x, area->x + area->width - x, row->process,
	    HK_SYSTEM_PROCESS_WORKING_DIRECTORY, "in");
}

/* The largest of the values, at least @least. */
static double largest(const double *values, size_t count, double least)
{
	for (size_t i = 0; i < count; i++) {
		if (!isnan(values[i]) && values[i] > least)
			least = values[i];
	}
	return least;
}

static void draw_course(const top_view *view, const top_area *area, uint64_t key,
    hk_system_process_field field, const char *title, double least)
{
	double values[VALUES_MAX];
	top_area graph = { area->y + 1, area->x, area->height - 1, area->width };
	size_t count = (size_t) area->width * 2;
	char top[HKI_QUANTITY_TEXT_MAX];
	double most;

	count = count > VALUES_MAX ? VALUES_MAX : count;
	count = top_model_process_course(view->model, key, field, values, count);
	most = largest(values, count, least);
	if (field == HK_SYSTEM_PROCESS_RSS)
		(void) hki_size_format(top, sizeof(top), (uint64_t) most);
	else
		(void) snprintf(top, sizeof(top), "%.0f%%", most);
	(void) top_put_format(
	    area->y, area->x, area->width, TOP_STYLE_DIM, "%s, up to %s", title, top);
	top_draw_course(&graph, values, count, most);
}

void top_draw_detail(const top_view *view)
{
	const top_area *area = &view->layout.detail;
	const top_row *row = top_view_row(view);
	top_area left, right;

	if (area->height == 0 || row == NULL)
		return;
	draw_facts(area, row);
	left = (top_area){ area->y + 3, area->x, area->height - 3, area->width / 2 - 1 };
	right = (top_area){ left.y, area->x + area->width / 2, left.height,
		area->width - area->width / 2 };
	draw_course(
	    view, &left, row->key, HK_SYSTEM_PROCESS_CPU_PERCENT, "processor", 10);
	draw_course(view, &right, row->key, HK_SYSTEM_PROCESS_RSS, "memory", 1);
}
