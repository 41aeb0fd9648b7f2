/*
 * The engine that always works: every /proc/PID/stat.  It needs no privilege and no
 * cleverness of the kernel; the others are held against it.
 *
 * Opening and closing is a third of what a file costs, so some stay open, those of
 * the processes that have been there longest.  Each pins some 5 KB in the kernel,
 * hence the cap.  An open file also belongs to its process for ever: once that has
 * ended it reads as such, whoever has the id by then.
 */
#include <sys/resource.h>
#include "system/process_table.h"

#define KEPT_MAX 192U

static int open_engine(hk_system_processes *table, const char **why)
{
	struct rlimit limit;

	(void) why;
	table->kept_max = 0;
	/* At most an eighth of what the whole program may open. */
	if (table->root == NULL && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		table->kept_max = limit.rlim_cur / 8 < KEPT_MAX
				      ? (unsigned int) (limit.rlim_cur / 8)
				      : KEPT_MAX;
	return 0;
}

static int each(hk_system_processes *table, int32_t pid)
{
	hki_row *row;
	int r = hki_merge_find(table, &row, pid);

	if (r < 0)
		return r;
	if (row != NULL && hki_read_kept(table, row))
		return hki_merge_keep(table, row);
	return hki_read_process(table, pid, NULL);
}

static int walk(hk_system_processes *table)
{
	return hki_proc_walk(table, each);
}

static void close_engine(hk_system_processes *table)
{
	table->kept_max = 0;
	for (size_t i = 0; i < table->rows.count; i++)
		hki_row_close_file(table, table->rows.items[i]);
}

const hki_engine hki_engine_openat = {
	.name = "openat",
	.open = open_engine,
	.walk = walk,
	.close = close_engine,
};
