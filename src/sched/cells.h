#ifndef HKI_SCHED_CELLS_H
#define HKI_SCHED_CELLS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/list.h"
#include "os/cgroup/cgroup.h"

/*
 * Cells: cgroup v2 directories in which tasks live, one a task, below one
 * directory of the executor's.  A cell whose task has ended is used again: making
 * and removing a directory costs more than a short task.  The directory above is
 * all a guard has to know to reach everybody.
 */
typedef struct hki_cell {
	hki_list node; /* in the pool */
	char *path;
	int freeze_fd;    /* cgroup.freeze */
	int events_fd;    /* cgroup.events */
	int stat_fd;      /* cpu.stat */
	uint64_t base_ns; /* the CPU time of the tenants before */
	bool frozen;
} hki_cell;

typedef struct hki_cells {
	hki_cgroup *above; /* NULL: not opened */
	hki_list free;
	unsigned int made; /* names given out */
} hki_cells;

/* Their directory is called so, then the id of this process. */
#define HKI_CELLS_PREFIX "hostkit-sched-"

/* A zeroed hki_cells holds nothing; init, then open.  0, or why cgroups cannot be had. */
void hki_cells_init(hki_cells *cells);
int hki_cells_open(hki_cells *cells);
/* The directory above, or NULL.  Borrowed. */
const char *hki_cells_path(const hki_cells *cells);
/* Thaw, kill and remove everything. */
void hki_cells_deinit(hki_cells *cells);
/* In a forked child: they are the parent's; memory and descriptors alone. */
void hki_cells_abandon(hki_cells *cells);
void hki_cell_abandon(hki_cell *cell);

/* An empty cell that is not frozen.  Owned: hki_cells_give().  0 or a negative errno. */
int hki_cells_take(hki_cell **out, hki_cells *cells);
/* Whoever is left in it is killed.  NULL is fine. */
void hki_cells_give(hki_cells *cells, hki_cell *cell);

/* Ask the kernel to hold everybody in it still, or to let them go.  0 or a negative errno. */
int hki_cell_freeze(hki_cell *cell, bool frozen);
/* Does nobody in it run any more?  1, 0 or a negative errno. */
int hki_cell_is_frozen(const hki_cell *cell);
/* CPU time of the present tenant, all of its processes, the ended ones too.  Exact while
 * it is frozen, else up to a tick of the kernel behind.  0 or a negative errno. */
int hki_cell_cpu(const hki_cell *cell, uint64_t *out_ns);

#endif /* HKI_SCHED_CELLS_H */
