/*
 * Standing at one sample.  The rows of a sample are made when the view comes
 * there, so that asking for one costs nothing; their texts are those of the
 * block, which a view holds on to.
 */
#include "system/history.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"

struct place {
	uint64_t key;
	unsigned int flags;
};

struct hk_system_history_view {
	const hk_system_history *history;
	hki_history_cursor cursor;
	hki_arena memory; /* of lists inside rows */
	char *rows;       /* one behind the other */
	struct place *places;
	size_t count;
	size_t capacity;
};

int hk_system_history_view_new(
    hk_system_history_view **out, const hk_system_history *history)
{
	hk_system_history_view *view = hki_zalloc(sizeof(*view));

	if (view == NULL)
		return -ENOMEM;
	view->history = history;
	*out = view;
	return 0;
}

void hk_system_history_view_free(hk_system_history_view *view)
{
	if (view == NULL)
		return;
	hki_history_cursor_deinit(&view->cursor);
	hki_arena_deinit(&view->memory);
	hki_free(view->rows);
	hki_free(view->places);
	hki_free(view);
}

static char *row_at(const hk_system_history_view *view, size_t place)
{
	return view->rows + place * view->history->type->struct_size;
}

static int make_room(hk_system_history_view *view, size_t count)
{
	char *rows;
	struct place *places;

	if (count <= view->capacity)
		return 0;
	rows = hki_realloc_array(view->rows, count, view->history->type->struct_size);
	if (rows == NULL)
		return -ENOMEM;
	view->rows = rows;
	places = hki_realloc_array(view->places, count, sizeof(*places));
	if (places == NULL)
		return -ENOMEM;
	view->places = places;
	view->capacity = count;
	return 0;
}

static int make_rows(hk_system_history_view *view)
{
	const hki_history_slots *slots = &view->cursor.slots;
	int r = make_room(view, slots->count);

	for (size_t i = 0; r == 0 && i < slots->count; i++) {
		const hki_history_slot *slot = &slots->items[i];

		if (!slot->used)
			continue;
		view->places[view->count] = (struct place){ slot->key, slot->flags };
		r = hki_history_unflatten(row_at(view, view->count), &view->memory,
		    view->cursor.block, view->history->type, &slot->words);
		view->count += r == 0;
	}
	return r;
}

int64_t hk_system_history_seek(hk_system_history_view *view, size_t index)
{
	int r;

	view->count = 0;
	hki_arena_deinit(&view->memory);
	r = hki_history_cursor_seek(
	    &view->cursor, view->history, view->history->first + index);
	if (r == 0)
		r = make_rows(view);
	if (r < 0)
		view->count = 0;
	return r < 0 ? r : (int64_t) view->count;
}

const void *hk_system_history_row(const hk_system_history_view *view, size_t place,
    uint64_t *out_key, unsigned int *out_flags)
{
	if (place >= view->count)
		return NULL;
	if (out_key != NULL)
		*out_key = view->places[place].key;
	if (out_flags != NULL)
		*out_flags = view->places[place].flags;
	return row_at(view, place);
}

const void *hk_system_history_find(const hk_system_history_view *view, uint64_t key)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->places[i].key == key)
			return row_at(view, i);
	return NULL;
}
