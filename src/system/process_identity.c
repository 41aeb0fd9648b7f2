/*
 * Who a row belongs to.  A process id is handed on; with the start time it is
 * unique except for processes that start within one clock tick, which a busy
 * machine does (and an attacker can).  The inode of the pidfd is unique, but asking
 * for it costs three calls, too many for every process and sample.  So it is asked
 * when it can make a difference:
 *
 *  - once, when a process is first seen;
 *  - once more by the next sample, if the first look fell into the very tick of the
 *    start.  Seen alive in a later tick, the process cannot share both its id and
 *    its start with any other: whoever gets the id after it starts later.
 *
 * Between the read of stat and the pidfd the id could go to a newcomer.  Then the
 * row's process has ended, the next sample sees another start under that id and
 * retires the row; nobody can be signalled by mistake meanwhile, because start and
 * inode of the row belong to no process.
 */
#include <unistd.h>
#include "os/pidref.h"
#include "os/syscall.h"
#include "system/process_table.h"

/* 0 where the kernel has none. */
static uint64_t inode_of(int32_t pid)
{
	int pidfd = hki_pidfd_open(pid);
	uint64_t inode;

	if (pidfd < 0)
		return 0;
	inode = hki_pidfd_inode(pidfd);
	(void) close(pidfd);
	return inode;
}

void hki_identity_read(hk_system_processes *table, hki_row *row)
{
	uint64_t start_ns = row->row.start_ticks * table->tick_ns;

	if (table->root != NULL)
		return;
	row->row.inode = inode_of(row->row.pid);
	if (row->row.inode == 0)
		return;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_INODE);
	row->unsettled = table->boot_now_ns < start_ns + 2 * table->tick_ns;
}

bool hki_identity_holds(hk_system_processes *table, hki_row *row)
{
	uint64_t inode = inode_of(row->row.pid);

	if (inode != 0 && inode != row->row.inode)
		return false;
	row->unsettled = table->boot_now_ns < (row->row.start_ticks + 2) * table->tick_ns;
	return true;
}
