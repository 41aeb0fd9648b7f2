/*
 * Of a thousand processes a dozen run in a second, and one that has not run has
 * hardly changed.  The kernel keeps a clock for every process that anybody may
 * read by id, with clock_gettime(2): the nanoseconds of all its threads.  Asking it
 * costs a tenth of reading stat and needs no open file, so only processes whose
 * clock has moved are read.
 *
 * What can change while a process sleeps (its parent ends, memory is taken from
 * it, somebody changes its priority) is seen by a full sweep every so many samples.
 */
#include <errno.h>
#include <unistd.h>
#include "base/clock.h"
#include "system/process_table.h"

static int open_engine(hk_system_processes *table, const char **why)
{
	uint64_t runtime_ns;

	if (table->root != NULL) {
		*why = "a captured tree has no clocks";
		return -EOPNOTSUPP;
	}
	/* Any process but ourselves would do; process 1 is always there. */
	if (hki_process_clock_ns(&runtime_ns, 1) < 0) {
		*why = "the kernel does not tell the clocks of processes";
		return -EOPNOTSUPP;
	}
	return 0;
}

static int each(hk_system_processes *table, int32_t pid)
{
	uint64_t runtime_ns;
	hki_row *row;
	int r = hki_merge_find(table, &row, pid);

	if (r < 0)
		return r;
	/* No clock: it has ended since it was listed. */
	if (hki_process_clock_ns(&runtime_ns, pid) < 0)
		return 0;
	if (row == NULL || table->full || row->unsettled || !row->exact ||
	    runtime_ns != row->totals.runtime_ns)
		return hki_read_process(table, pid, &runtime_ns);
	hki_row_rest(table, row, table->now_ns);
	hki_row_rest_io(table, row, table->now_ns);
	return hki_merge_keep(table, row);
}

static int walk(hk_system_processes *table)
{
	return hki_proc_walk(table, each);
}

static void close_engine(hk_system_processes *table)
{
	(void) table;
}

const hki_engine hki_engine_adaptive = {
	.name = "adaptive",
	.open = open_engine,
	.walk = walk,
	.close = close_engine,
};
