/*
 * A line of time.  Charts of real runs have hundreds of turns and gaps of microseconds;
 * what the eye compares is where the time went, so each column sums up its part.
 */
#include "chart.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"

/* The share of [from, to) that lies in column @column. */
static int64_t overlap(int64_t from, int64_t to, int64_t begin, int64_t end)
{
	int64_t first = from > begin ? from : begin;
	int64_t last = to < end ? to : end;

	return last > first ? last - first : 0;
}

static void add_slice(
    int64_t *had, unsigned int width, int64_t until, const hk_sched_slice *slice)
{
	for (unsigned int i = 0; i < width; i++) {
		int64_t begin = until / width * i;
		int64_t end = i + 1 == width ? until : until / width * (i + 1);

		had[i] += overlap(slice->start, slice->end, begin, end);
	}
}

static char sign(int64_t had, int64_t length, bool there)
{
	if (had * 2 > length)
		return '#';
	if (had > 0)
		return '+';
	return there ? '.' : ' ';
}

int cmd_sched_chart_line(hki_buffer *out, const hk_sched_result *result, size_t row,
    int64_t until, unsigned int width)
{
	hki_cleanup(hki_freep) int64_t *had = hki_zalloc_array(width, sizeof(*had));
	const hk_sched_slice *slices;
	hk_sched_row task;
	size_t count;
	int64_t step = until / width;
	int r = hk_sched_result_row(&task, result, row);

	if (had == NULL || r < 0)
		return r < 0 ? r : -ENOMEM;
	slices = hk_sched_result_slices(result, &count);
	for (size_t i = 0; i < count; i++)
		if (slices[i].job == row)
			add_slice(had, width, until, &slices[i]);
	r = 0;
	for (unsigned int i = 0; i < width && r == 0; i++)
		r = hki_buffer_append_char(
		    out, sign(had[i], step,
			     task.arrival < step * (i + 1) && task.end > step * i));
	return r;
}
