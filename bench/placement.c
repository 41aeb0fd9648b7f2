#include "placement.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* What this program may use, asked before anything is moved. */
static cpu_set_t allowed;
static bool asked;

/* The @index-th processor we may use, or -1. */
static int processor(int index)
{
	if (!asked && sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		abort();
	asked = true;
	for (int number = 0; number < CPU_SETSIZE; number++)
		if (CPU_ISSET(number, &allowed) && index-- == 0)
			return number;
	return -1;
}

static int processor_of(bench_placement how, bench_end end)
{
	return processor(how == BENCH_APART && end == BENCH_FAR ? 1 : 0);
}

const char *bench_placement_name(bench_placement how)
{
	static const char *const names[] = {
		[BENCH_ANYWHERE] = "as it falls",
		[BENCH_TOGETHER] = "on one processor",
		[BENCH_APART] = "on two processors",
	};

	return names[how];
}

bool bench_can_place(bench_placement how)
{
	return how != BENCH_APART || processor(1) >= 0;
}

bool bench_place(bench_placement how, bench_end end)
{
	const int number = processor_of(how, end);
	cpu_set_t set = allowed;

	if (number < 0)
		return false;
	if (how != BENCH_ANYWHERE) {
		CPU_ZERO(&set);
		CPU_SET(number, &set);
	}
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

const char *bench_processor(bench_placement how, bench_end end)
{
	static char word[16];

	word[0] = '\0';
	if (how != BENCH_ANYWHERE)
		(void) snprintf(word, sizeof(word), "%d", processor_of(how, end));
	return word;
}
