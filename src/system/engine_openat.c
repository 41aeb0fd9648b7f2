/*
 * The engine that always works: every /proc/PID/stat, opened, read and closed.  It
 * needs no privilege and no cleverness of the kernel; the others are held
 * against it.
 */
#include "system/process_table.h"

static int open_engine(hk_system_processes *table, const char **why)
{
	(void) table;
	(void) why;
	return 0;
}

static int each(hk_system_processes *table, int32_t pid)
{
	return hki_read_process(table, pid, NULL);
}

static int walk(hk_system_processes *table)
{
	return hki_proc_walk(table, each);
}

static void close_engine(hk_system_processes *table)
{
	(void) table;
}

const hki_engine hki_engine_openat = {
	.name = "openat",
	.open = open_engine,
	.walk = walk,
	.close = close_engine,
};
