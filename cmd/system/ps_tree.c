/*
 * Who started whom.  A parent stands before its children, siblings by their
 * id.  A filter keeps the ancestors of what it finds, so that every branch hangs
 * on something.
 *
 * Rows come by ascending id and name their parents; everything here is arrays of
 * places among them, so that a chain of a thousand generations needs no stack.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "ps.h"

#define NOBODY SIZE_MAX

typedef struct forest {
	const hk_system_processes *table;
	size_t count;
	size_t *parent;
	size_t *first; /* child */
	size_t *next;  /* sibling */
	bool *keep;
} forest;

static void forest_deinit(forest *trees)
{
	hki_free(trees->parent);
	hki_free(trees->first);
	hki_free(trees->next);
	hki_free(trees->keep);
}

static size_t place_of(const forest *trees, int32_t pid)
{
	size_t low = 0, high = trees->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hk_system_processes_get(trees->table, middle)->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < trees->count && hk_system_processes_get(trees->table, low)->pid == pid)
		return low;
	return NOBODY;
}

/* A parent that started after its child has its id by accident. */
static size_t parent_of(const forest *trees, const hk_system_process *row)
{
	size_t place =
	    row->ppid > 0 && row->ppid != row->pid ? place_of(trees, row->ppid) : NOBODY;

	if (place != NOBODY &&
	    hk_system_processes_get(trees->table, place)->start_ticks > row->start_ticks)
		return NOBODY;
	return place;
}

static int plant(forest *trees, const hk_system_processes *table)
{
	*trees = (forest){ .table = table, .count = hk_system_processes_count(table) };
	trees->parent = hki_alloc_array(trees->count, sizeof(size_t));
	trees->first = hki_alloc_array(trees->count, sizeof(size_t));
	trees->next = hki_alloc_array(trees->count, sizeof(size_t));
	trees->keep = hki_zalloc_array(trees->count, sizeof(bool));
	if (trees->parent == NULL || trees->first == NULL || trees->next == NULL ||
	    trees->keep == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < trees->count; i++)
		trees->first[i] = trees->next[i] = NOBODY;
	/* From the back, so that siblings stand by ascending id. */
	for (size_t i = trees->count; i-- > 0;) {
		size_t parent = parent_of(trees, hk_system_processes_get(table, i));

		trees->parent[i] = parent;
		if (parent == NOBODY)
			continue;
		trees->next[i] = trees->first[parent];
		trees->first[parent] = i;
	}
	return 0;
}

/* Keep what is chosen, with all above it. */
static int mark(forest *trees, const ps_request *request)
{
	for (size_t i = 0; i < trees->count; i++) {
		int r = ps_chooses(request, hk_system_processes_get(trees->table, i));

		if (r < 0)
			return r;
		for (size_t up = i, steps = 0;
		     r > 0 && up != NOBODY && !trees->keep[up] && steps < trees->count;
		     up = trees->parent[up], steps++)
			trees->keep[up] = true;
	}
	return 0;
}

static void mark_below(forest *trees, size_t root)
{
	size_t here = root;

	for (;;) {
		trees->keep[here] = true;
		if (trees->first[here] != NOBODY) {
			here = trees->first[here];
			continue;
		}
		while (here != root && trees->next[here] == NOBODY)
			here = trees->parent[here];
		if (here == root)
			return;
		here = trees->next[here];
	}
}

/* A process that was named is a root: what is above it was not asked for.  One below
 * another that was named stands there. */
static int mark_named(forest *trees, const ps_request *request)
{
	for (size_t i = 0; i < trees->count; i++) {
		int r = ps_chooses(request, hk_system_processes_get(trees->table, i));

		if (r < 0)
			return r;
		if (r > 0 && !trees->keep[i])
			mark_below(trees, i);
	}
	for (size_t i = 0; i < trees->count; i++)
		if (trees->parent[i] != NOBODY && !trees->keep[trees->parent[i]])
			trees->parent[i] = NOBODY;
	return 0;
}

/* Walk down from @root, which has no parent among the rows that are kept. */
static void append_tree(ps_rows *out, const forest *trees, size_t root)
{
	uint32_t depth = 0;
	size_t here = root;

	for (;;) {
		if (trees->keep[here]) {
			out->items[out->count] =
			    *hk_system_processes_get(trees->table, here);
			out->depths[out->count++] = depth;
		}
		if (trees->keep[here] && trees->first[here] != NOBODY) {
			here = trees->first[here];
			depth++;
			continue;
		}
		while (here != root && trees->next[here] == NOBODY) {
			here = trees->parent[here];
			depth--;
		}
		if (here == root)
			return;
		here = trees->next[here];
	}
}

int ps_tree_select(
    ps_rows *out, const ps_request *request, const hk_system_processes *table)
{
	hki_cleanup(forest_deinit) forest trees;
	bool named =
	    request->id_count > 0 && request->filter == NULL && request->users == NULL;
	int r = plant(&trees, table);

	if (r == 0)
		r = named ? mark_named(&trees, request) : mark(&trees, request);
	if (r < 0)
		return r;
	out->items = hki_zalloc_array(trees.count, sizeof(*out->items));
	out->depths = hki_zalloc_array(trees.count, sizeof(*out->depths));
	if (out->items == NULL || out->depths == NULL) {
		ps_rows_deinit(out);
		return -ENOMEM;
	}
	for (size_t i = 0; i < trees.count; i++)
		if (trees.parent[i] == NOBODY)
			append_tree(out, &trees, i);
	if (request->limit > 0 && out->count > request->limit)
		out->count = (size_t) request->limit;
	return 0;
}

/* ---- branches ---- */

/* Does another row of this depth follow before the branch above ends? */
static bool has_sibling(const ps_rows *rows, size_t place, uint32_t depth)
{
	for (size_t i = place + 1; i < rows->count && rows->depths[i] >= depth; i++)
		if (rows->depths[i] == depth)
			return true;
	return false;
}

static int append_command(hki_buffer *out, const hk_system_process *row)
{
	int r = 0;

	if (!hk_record_has(&row->record, HK_SYSTEM_PROCESS_COMMAND) ||
	    row->command.count == 0)
		return hki_buffer_append_format(
		    out, row->kernel ? "[%s]" : "%s", row->name);
	for (size_t i = 0; r == 0 && i < row->command.count; i++)
		r = hki_buffer_append_format(
		    out, "%s%s", i > 0 ? " " : "", row->command.items[i]);
	return r;
}

/* Levels beyond are drawn as one: nobody can see them on a screen. */
#define LEVELS_DRAWN 64

static int draw_one(hki_buffer *out, const ps_rows *rows, size_t place, bool *open)
{
	uint32_t depth = rows->depths[place];
	uint32_t drawn = depth < LEVELS_DRAWN ? depth : LEVELS_DRAWN;
	int r = 0;

	for (uint32_t level = 1; r == 0 && level < drawn; level++)
		r = hki_buffer_append_text(out, open[level] ? "│ " : "  ");
	if (depth > 0 && depth < LEVELS_DRAWN)
		open[depth] = has_sibling(rows, place, depth);
	if (r == 0 && depth > 0)
		r = hki_buffer_append_text(
		    out, depth < LEVELS_DRAWN && open[depth] ? "├─" : "└─");
	return r < 0 ? r : append_command(out, &rows->items[place]);
}

int ps_tree_draw(ps_rows *rows)
{
	bool open[LEVELS_DRAWN] = { false };

	rows->names = hki_zalloc_array(rows->count, sizeof(*rows->names));
	if (rows->names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
		int r = draw_one(&text, rows, i, open);

		if (r < 0)
			return r;
		rows->names[i] = hki_buffer_take(&text);
		if (rows->names[i] == NULL)
			return -ENOMEM;
		rows->name_count++;
		rows->items[i].name = rows->names[i];
	}
	return 0;
}
