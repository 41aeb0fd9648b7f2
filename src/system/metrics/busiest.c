/*
 * Processes by what they have used, the busiest first: a heap that is taken apart from
 * its top.  It sorts in place, where qsort(3) takes memory behind our back.
 */
#include "system/metrics/busiest.h"

#include <stdbool.h>

/* Of two rows, by index, who goes first: the busier, else the older. */
static bool goes_before(const hk_system_process *const *rows, size_t one, size_t other)
{
	if (rows[one]->cpu_s != rows[other]->cpu_s)
		return rows[one]->cpu_s > rows[other]->cpu_s;
	return one < other;
}

/* Let the index at @top sink until none below it goes later. */
static void sink(
    size_t *order, const hk_system_process *const *rows, size_t top, size_t count)
{
	size_t sinking = order[top];

	for (size_t next; (next = 2 * top + 1) < count; top = next) {
		if (next + 1 < count && goes_before(rows, order[next], order[next + 1]))
			next++;
		if (!goes_before(rows, sinking, order[next]))
			break;
		order[top] = order[next];
	}
	order[top] = sinking;
}

void hki_busiest_first(size_t *order, const hk_system_process *const *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count / 2; i-- > 0;)
		sink(order, rows, i, count);
	for (size_t end = count; end > 1;) {
		size_t last = order[0];

		end--;
		order[0] = order[end];
		order[end] = last;
		sink(order, rows, 0, end);
	}
}
