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
#include <errno.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "os/pidref.h"
#include "os/syscall.h"
#include "system/process_table.h"

/* 0 where the kernel has none. */
static uint64_t inode_of(hk_system_processes *table, int pidfd)
{
	struct stat status;
	uint64_t inode;

	if (table->pidfs)
		return fstat(pidfd, &status) == 0 ? (uint64_t) status.st_ino : 0;
	inode = hki_pidfd_inode(pidfd);
	table->pidfs = inode != 0;
	return inode;
}

static int read_ids(hk_system_processes *table, hki_row *row, int pidfd)
{
	hki_pidfd_info info = { .mask = HKI_PIDFD_INFO_CREDENTIALS };
	int r = hki_pidfd_get_info(pidfd, &info);
	uint32_t ids[8];

	if (r < 0)
		return r;
	if ((info.mask & HKI_PIDFD_INFO_CREDENTIALS) == 0)
		return -EOPNOTSUPP;
	/* User and group of each kind; rows have the users first. */
	for (int i = 0; i < 4; i++) {
		ids[i] = info.ids[2 * i];
		ids[4 + i] = info.ids[2 * i + 1];
	}
	hki_row_set_ids(table, row, ids);
	return 0;
}

int hki_identity_read_ids(hk_system_processes *table, hki_row *row)
{
	hki_cleanup(hki_closep) int pidfd = -1;

	if (table->root != NULL)
		return -EOPNOTSUPP;
	pidfd = hki_pidfd_open(row->row.pid);
	return pidfd < 0 ? pidfd : read_ids(table, row, pidfd);
}

void hki_identity_read(hk_system_processes *table, hki_row *row)
{
	hki_cleanup(hki_closep) int pidfd = -1;
	uint64_t start_ns = row->row.start_ticks * table->tick_ns;

	if (table->root != NULL)
		return;
	pidfd = hki_pidfd_open(row->row.pid);
	if (pidfd < 0)
		return;
	/* The descriptor is there: one call more, instead of a file. */
	if ((table->read & (HKI_READ_IDS | HKI_READ_STATUS)) == HKI_READ_IDS)
		row->ids_read = read_ids(table, row, pidfd) == 0;
	row->row.inode = inode_of(table, pidfd);
	if (row->row.inode == 0)
		return;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_INODE);
	row->unsettled = table->boot_now_ns < start_ns + 2 * table->tick_ns;
}

bool hki_identity_holds(hk_system_processes *table, hki_row *row)
{
	hki_cleanup(hki_closep) int pidfd = hki_pidfd_open(row->row.pid);
	uint64_t inode = pidfd < 0 ? 0 : inode_of(table, pidfd);

	if (inode != 0 && inode != row->row.inode)
		return false;
	row->unsettled = table->boot_now_ns < (row->row.start_ticks + 2) * table->tick_ns;
	return true;
}
