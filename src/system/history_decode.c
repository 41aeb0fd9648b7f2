/*
 * Reading a block from its beginning, sample by sample.  The bytes are our own,
 * so what does not fit is a mistake of ours and asserted.
 */
#include "system/history.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/assert.h"

int hki_history_slots_reach(hki_history_slots *slots, size_t index)
{
	size_t larger = slots->capacity == 0 ? 16 : slots->capacity;
	hki_history_slot *items;

	if (index >= slots->capacity) {
		while (larger <= index)
			larger *= 2;
		items = hki_realloc_array(slots->items, larger, sizeof(*items));
		if (items == NULL)
			return -ENOMEM;
		memset(items + slots->capacity, 0,
		    (larger - slots->capacity) * sizeof(*items));
		slots->items = items;
		slots->capacity = larger;
	}
	if (index >= slots->count)
		slots->count = index + 1;
	return 0;
}

void hki_history_slots_deinit(hki_history_slots *slots)
{
	for (size_t i = 0; i < slots->capacity; i++)
		hki_free(slots->items[i].words.items);
	hki_free(slots->items);
	*slots = (hki_history_slots){ .items = NULL };
}

void hki_history_cursor_deinit(hki_history_cursor *cursor)
{
	hki_history_block_unref(cursor->block);
	hki_history_slots_deinit(&cursor->slots);
	*cursor = (hki_history_cursor){ .block = NULL };
}

static uint64_t get(hki_history_cursor *cursor)
{
	const unsigned char *bytes = (const unsigned char *) cursor->block->bytes.data;
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		unsigned char byte;

		hki_assert(cursor->offset < cursor->block->bytes.length);
		byte = bytes[cursor->offset++];
		value |= (uint64_t) (byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			break;
	}
	return value;
}

static uint64_t unfold(uint64_t value)
{
	return value >> 1 ^ -(value & 1);
}

static int get_words(hki_history_cursor *cursor, hki_history_words *words)
{
	size_t count = (size_t) get(cursor);
	size_t changed = (size_t) get(cursor);
	size_t at = 0;
	int r = hki_history_words_reserve(words, count);

	if (r < 0)
		return r;
	for (size_t i = words->count; i < count; i++)
		words->items[i] = 0;
	words->count = count;
	for (size_t i = 0; i < changed; i++) {
		at += (size_t) get(cursor);
		hki_assert(at < count);
		words->items[at] += unfold(get(cursor));
		at++;
	}
	return 0;
}

static int get_new(hki_history_cursor *cursor, size_t index)
{
	int r = hki_history_slots_reach(&cursor->slots, index);
	hki_history_slot *slot;

	if (r < 0)
		return r;
	slot = &cursor->slots.items[index];
	slot->key = get(cursor);
	slot->flags = (unsigned int) get(cursor);
	slot->words.count = 0;
	slot->used = true;
	return get_words(cursor, &slot->words);
}

static int get_operation(hki_history_cursor *cursor, uint64_t operation)
{
	size_t index = (size_t) (operation >> 2) - 1;
	unsigned int kind = operation & 3;
	hki_history_slot *slot;

	if (kind == HKI_HISTORY_NEW)
		return get_new(cursor, index);
	hki_assert(index < cursor->slots.count);
	slot = &cursor->slots.items[index];
	if (kind == HKI_HISTORY_GONE) {
		slot->used = false;
		return 0;
	}
	if (kind == HKI_HISTORY_EXITED)
		slot->flags |= HK_SYSTEM_HISTORY_EXITED;
	return get_words(cursor, &slot->words);
}

/* Read one sample: rows that ended in the one before are gone first. */
static int step(hki_history_cursor *cursor)
{
	uint64_t operation;
	int r = 0;

	for (size_t i = 0; i < cursor->slots.count; i++)
		if ((cursor->slots.items[i].flags & HK_SYSTEM_HISTORY_EXITED) != 0)
			cursor->slots.items[i].used = false;
	while (r == 0 && (operation = get(cursor)) != 0)
		r = get_operation(cursor, operation);
	if (r == 0)
		cursor->position++;
	return r;
}

static void rewind_to(hki_history_cursor *cursor, hki_history_block *block)
{
	block->references++;
	hki_history_block_unref(cursor->block);
	cursor->block = block;
	cursor->position = 0;
	cursor->offset = 0;
	for (size_t i = 0; i < cursor->slots.count; i++) {
		cursor->slots.items[i].used = false;
		cursor->slots.items[i].flags = 0;
	}
	cursor->slots.count = 0;
}

int hki_history_cursor_seek(
    hki_history_cursor *cursor, const hk_system_history *history, uint64_t number)
{
	hki_history_block *block = hki_history_block_of(history, number);
	size_t wanted;
	int r = 0;

	if (block == NULL)
		return -ENOENT;
	wanted = (size_t) (number - block->first) + 1;
	if (cursor->block != block || cursor->position > wanted)
		rewind_to(cursor, block);
	while (r == 0 && cursor->position < wanted)
		r = step(cursor);
	/* Half a sample was read: the next seek begins anew. */
	if (r < 0)
		cursor->position = SIZE_MAX;
	return r;
}

const hki_history_slot *hki_history_cursor_find(
    const hki_history_cursor *cursor, uint64_t key)
{
	for (size_t i = 0; i < cursor->slots.count; i++)
		if (cursor->slots.items[i].used && cursor->slots.items[i].key == key)
			return &cursor->slots.items[i];
	return NULL;
}
