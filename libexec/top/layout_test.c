#include "layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const top_area *const *areas_of(const top_layout *layout)
{
	static const top_area *areas[10];

	areas[0] = &layout->title;
	areas[1] = &layout->cpu_bars;
	areas[2] = &layout->meters;
	areas[3] = &layout->pressure;
	areas[4] = &layout->traffic;
	areas[5] = &layout->graph;
	areas[6] = &layout->detail;
	areas[7] = &layout->processes;
	areas[8] = &layout->status;
	areas[9] = NULL;
	return areas;
}

static int overlaps(const top_area *a, const top_area *b)
{
	return a->height > 0 && b->height > 0 && a->y < b->y + b->height &&
	       b->y < a->y + a->height && a->x < b->x + b->width &&
	       b->x < a->x + a->width;
}

/* Every area lies on the screen, and no two share a place. */
static void holds(int height, int width, const top_layout_wish *wish)
{
	top_layout layout;
	const top_area *const *areas;

	top_layout_make(&layout, height, width, wish);
	areas = areas_of(&layout);
	for (int i = 0; areas[i] != NULL; i++) {
		if (areas[i]->height == 0)
			continue;
		assert_in_range(areas[i]->y, 0, height - 1);
		assert_in_range(areas[i]->y + areas[i]->height, 1, height);
		assert_in_range(areas[i]->x, 0, width - 1);
		assert_in_range(areas[i]->x + areas[i]->width, 1, width);
		for (int j = 0; j < i; j++)
			assert_false(overlaps(areas[i], areas[j]));
	}
}

static void every_size_and_every_wish_fits(void **state)
{
	static const unsigned int processors[] = { 0, 1, 2, 5, 8, 64, 1024 };

	(void) state;
	for (int height = 1; height <= 60; height++) {
		for (int width = 1; width <= 200; width += width < 20 ? 1 : 9) {
			for (unsigned int boxes = 0; boxes <= TOP_BOX_ALL; boxes++) {
				top_layout_wish wish = { .boxes = boxes,
					.processors = processors[boxes % 7],
					.detail = boxes % 2 == 1 };

				holds(height, width, &wish);
			}
		}
	}
}

static void an_ordinary_terminal_shows_everything_but_the_graph(void **state)
{
	const top_layout_wish wish = { .boxes = TOP_BOX_ALL, .processors = 2 };
	top_layout layout;

	(void) state;
	top_layout_make(&layout, 24, 80, &wish);
	assert_int_equal(1, layout.title.height);
	assert_int_equal(2, layout.cpu_bars.height);
	assert_int_equal(2, layout.meters.height);
	assert_int_equal(1, layout.pressure.height);
	assert_int_equal(2, layout.traffic.height);
	assert_int_equal(0, layout.graph.height);
	assert_in_range(layout.processes.height, 8, 24);
	assert_int_equal(23, layout.status.y);
	top_layout_make(&layout, 40, 80, &wish);
	assert_int_equal(3, layout.graph.height);
}

static void processes_keep_a_third_of_the_lines(void **state)
{
	(void) state;
	for (int height = 13; height <= 60; height++) {
		const top_layout_wish wish = { .boxes = TOP_BOX_ALL, .processors = 1024 };
		top_layout layout;

		top_layout_make(&layout, height, 80, &wish);
		assert_in_range(layout.processes.height, height / 3, height);
	}
}

static void two_lines_show_a_process_and_the_status(void **state)
{
	const top_layout_wish wish = { .boxes = TOP_BOX_ALL, .processors = 2 };
	top_layout layout;

	(void) state;
	top_layout_make(&layout, 3, 20, &wish);
	assert_int_equal(2, layout.processes.height);
	assert_int_equal(1, layout.status.height);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_and_every_wish_fits),
		cmocka_unit_test(an_ordinary_terminal_shows_everything_but_the_graph),
		cmocka_unit_test(processes_keep_a_third_of_the_lines),
		cmocka_unit_test(two_lines_show_a_process_and_the_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
