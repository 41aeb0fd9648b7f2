/*
 * A kernel may keep tasks out of walks over them (sandboxes do).  So sweeps hold the
 * walk against the list of /proc, and who is missing from it is read from files, in
 * between the others.
 *
 * Listing all of /proc costs as much as half a walk.  But the kernel tells how many
 * processes there are, in the number of links of /proc, and as long as the walk
 * misses as many of them as when we looked, nobody can have been hidden since, unless
 * somebody else ended at the same time.  For that one the list is read from time to
 * time all the same.
 */
#include "system/engine_bpf.h"

#include <errno.h>
#include <sys/stat.h>
#include "os/procfs.h"

#define LOOK_EVERY_SWEEPS 10

static int read_from_files(hk_system_processes *table, int32_t pid)
{
	uint32_t read = table->read;
	int r;

	table->read = table->file_read;
	r = hki_read_process(table, pid, NULL);
	table->read = read;
	return r;
}

int hki_hidden_read(hki_hidden *hidden, hk_system_processes *table, int32_t before)
{
	while (hidden->at < hidden->count && hidden->pids[hidden->at] < before) {
		int r = read_from_files(table, hidden->pids[hidden->at]);

		if (r < 0)
			return r;
		hidden->at++;
	}
	if (hidden->at < hidden->count && hidden->pids[hidden->at] == before)
		hidden->at++;
	return 0;
}

/* ---- who is missing ---- */

/* Has it been there since before the walk? */
static bool is_older_than_walk(const hk_system_processes *table, int32_t pid)
{
	hki_proc_stat stat;

	return hki_proc_stat_read(&stat, pid) == 0 &&
	       (stat.start_ticks + 1) * table->tick_ns < table->boot_now_ns;
}

static int add_hidden(hki_hidden *hidden, int32_t pid)
{
	void *items = hidden->pids;
	int r =
	    hki_reserve_one(&items, hidden->count, &hidden->capacity, sizeof(int32_t));

	hidden->pids = items;
	if (r == 0)
		hidden->pids[hidden->count++] = pid;
	return r;
}

/* How many the walk misses, and a constant.  In a namespace the kernel counts those of
 * others as well; then it is seldom the same, and the list is read. */
static int64_t missed_by(const hk_system_processes *table)
{
	struct stat status;

	if (fstat(table->proc, &status) < 0)
		return -1;
	return (int64_t) status.st_nlink - (int64_t) table->next.count;
}

int hki_hidden_look(hki_hidden *hidden, hk_system_processes *table)
{
	size_t before = hidden->count;
	size_t count;
	size_t at = 0;
	int64_t missed = missed_by(table);
	int r;

	if (missed == hidden->missed && ++hidden->unlooked < LOOK_EVERY_SWEEPS)
		return 0;
	r = hki_proc_list(table, &count);
	if (r < 0)
		return r;
	hidden->count = 0;
	hidden->missed = missed;
	hidden->unlooked = 0;
	for (size_t i = 0; i < count; i++) {
		int32_t pid = table->pids[i];
		bool known;

		while (at < table->next.count && table->next.items[at]->row.pid < pid)
			at++;
		known = at < table->next.count && table->next.items[at]->row.pid == pid;
		/* Rows that were read from files are the hidden ones we know. */
		if (known && table->next.items[at]->walked)
			continue;
		if (!known && !is_older_than_walk(table, pid))
			continue;
		r = add_hidden(hidden, pid);
		if (r < 0)
			return r;
	}
	return hidden->count > before;
}
