/*
 * Where rows live: in blocks that are never moved, so that a row keeps its
 * address while its process lives, and on a list of free ones in between.  A
 * machine whose processes come and go as fast as they come allocates nothing.
 */
#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "system/process_table.h"

#define ROWS_A_BLOCK 32

typedef struct hki_row_block {
	struct hki_row_block *next;
	hki_row rows[ROWS_A_BLOCK];
} hki_row_block;

static int add_block(hk_system_processes *table)
{
	hki_row_block *block = hki_alloc(sizeof(*block));

	if (block == NULL)
		return -ENOMEM;
	block->next = table->blocks;
	table->blocks = block;
	table->row_count += ROWS_A_BLOCK;
	for (size_t i = 0; i < ROWS_A_BLOCK; i++) {
		memset(&block->rows[i].texts, 0, sizeof(block->rows[i].texts));
		block->rows[i].affinity = NULL;
		block->rows[i].next_free = table->free_rows;
		table->free_rows = &block->rows[i];
	}
	return 0;
}

hki_row *hki_row_take(hk_system_processes *table)
{
	hki_row *row;

	if (table->free_rows == NULL && add_block(table) < 0)
		return NULL;
	row = table->free_rows;
	table->free_rows = row->next_free;
	memset(row, 0, sizeof(*row));
	row->row.name = row->name;
	row->stat_fd = -1;
	return row;
}

void hki_row_give(hk_system_processes *table, hki_row *row)
{
	hki_row_close_file(table, row);
	hki_texts_forget(table, row);
	hki_free(row->affinity);
	row->affinity = NULL;
	row->next_free = table->free_rows;
	table->free_rows = row;
}

int hki_rows_reserve(hki_rows *rows, size_t count)
{
	size_t capacity = rows->capacity == 0 ? 64 : rows->capacity;
	hki_row **items;

	if (count <= rows->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	items = hki_realloc_array(rows->items, capacity, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	rows->items = items;
	rows->capacity = capacity;
	return 0;
}

int hki_rows_add(hki_rows *rows, hki_row *row)
{
	int r = hki_rows_reserve(rows, rows->count + 1);

	if (r < 0)
		return r;
	rows->items[rows->count++] = row;
	return 0;
}

static void give_all(hk_system_processes *table, hki_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		hki_row_give(table, rows->items[i]);
	hki_free(rows->items);
}

void hki_rows_deinit(hk_system_processes *table)
{
	give_all(table, &table->rows);
	give_all(table, &table->exited);
	hki_free(table->next.items);
	hki_free(table->started.items);
	hki_free(table->born.items);
	hki_free(table->retired.items);
	while (table->blocks != NULL) {
		hki_row_block *block = table->blocks;

		table->blocks = block->next;
		hki_free(block);
	}
}
