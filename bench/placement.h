#ifndef BENCH_PLACEMENT_H
#define BENCH_PLACEMENT_H

#include <stdbool.h>

/*
 * On which processors the two ends of a talk run.
 *
 * Left to itself the scheduler puts two ends that wake each other on one processor or on
 * two, and stays with it: being woken by another processor, which may be asleep, takes
 * many times as long as being switched to.  So a time back and forth says something only
 * with the placement, and is compared only within one.
 */
typedef enum bench_placement {
	BENCH_ANYWHERE, /* as it falls */
	BENCH_TOGETHER, /* both ends on one processor */
	BENCH_APART     /* each on its own */
} bench_placement;

typedef enum bench_end { BENCH_NEAR, BENCH_FAR } bench_end;

/* For the names of cases. */
const char *bench_placement_name(bench_placement how);

/* Can it be had?  Not BENCH_APART with a single processor. */
bool bench_can_place(bench_placement how);

/* Put the calling thread, and what it starts from now on, where @end belongs. */
bool bench_place(bench_placement how, bench_end end);

/* The processor of @end as a word, for programs that move others; "" for anywhere.
 * Static: until the next call. */
const char *bench_processor(bench_placement how, bench_end end);

#endif /* BENCH_PLACEMENT_H */
