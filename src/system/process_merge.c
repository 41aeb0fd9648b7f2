/*
 * A sample as a merge.  The kernel lists processes by ascending id, and the rows
 * stand in that order, so one cursor is enough to find each process's row, to see
 * which rows were stepped over (they have ended) and where new ones belong.  No
 * hashing, no searching, and the next order is written as the merge goes.
 *
 * Until hki_merge_commit() the old order stands, so that a failure in the middle
 * loses nothing.
 */
#include "system/process_table.h"

#include <errno.h>

/* So many rows ahead of the cursor memory is asked for. */
#define AHEAD 4

static void fetch(const hki_row *row)
{
	const char *at = (const char *) row;

	__builtin_prefetch(at, 1);
	__builtin_prefetch(at + 64, 1);
	__builtin_prefetch(at + 128, 1);
	__builtin_prefetch(at + 192, 1);
}

void hki_merge_begin(hk_system_processes *table)
{
	table->cursor = 0;
	table->next.count = 0;
	table->retired.count = 0;
	table->born.count = 0;
}

/* Step over rows below @pid: nobody has seen them. */
static int retire_below(hk_system_processes *table, int32_t pid)
{
	while (table->cursor < table->rows.count &&
	       table->rows.items[table->cursor]->row.pid < pid) {
		int r = hki_rows_add(&table->retired, table->rows.items[table->cursor]);

		if (r < 0)
			return r;
		table->cursor++;
	}
	return 0;
}

int hki_merge_find(hk_system_processes *table, hki_row **out, int32_t pid)
{
	int r = retire_below(table, pid);

	if (r < 0)
		return r;
	*out = NULL;
	/* Rows are larger than the cache line that a loop would fetch by itself. */
	if (table->cursor + AHEAD < table->rows.count)
		fetch(table->rows.items[table->cursor + AHEAD]);
	if (table->cursor < table->rows.count &&
	    table->rows.items[table->cursor]->row.pid == pid)
		*out = table->rows.items[table->cursor];
	return 0;
}

int hki_merge_keep(hk_system_processes *table, hki_row *row)
{
	int r = hki_rows_add(&table->next, row);

	if (r == 0)
		table->cursor++;
	return r;
}

int hki_merge_add(hk_system_processes *table, hki_row **out, int32_t pid)
{
	hki_row *row;
	int r = retire_below(table, pid + 1);

	if (r < 0)
		return r;
	r = hki_rows_reserve(&table->next, table->next.count + 1);
	if (r == 0)
		r = hki_rows_reserve(&table->born, table->born.count + 1);
	if (r < 0)
		return r;
	row = hki_row_take(table);
	if (row == NULL)
		return -ENOMEM;
	row->row.pid = pid;
	row->fresh = true;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_PID);
	table->next.items[table->next.count++] = row;
	table->born.items[table->born.count++] = row;
	*out = row;
	return 0;
}

static void swap(hki_rows *one, hki_rows *other)
{
	hki_rows kept = *one;

	*one = *other;
	*other = kept;
}

int hki_merge_finish(hk_system_processes *table)
{
	return retire_below(table, INT32_MAX);
}

void hki_merge_commit(hk_system_processes *table)
{
	for (size_t i = 0; i < table->exited.count; i++)
		hki_row_give(table, table->exited.items[i]);
	table->exited.count = 0;
	swap(&table->exited, &table->retired);
	swap(&table->started, &table->born);
	swap(&table->rows, &table->next);
}

void hki_merge_abort(hk_system_processes *table)
{
	for (size_t i = 0; i < table->born.count; i++)
		hki_row_give(table, table->born.items[i]);
	table->born.count = 0;
	table->retired.count = 0;
	table->next.count = 0;
}
