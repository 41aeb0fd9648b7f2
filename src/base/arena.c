/*
 * Blocks are chained and filled from the front.  Each new one is twice as
 * large as the last, up to a limit, so that a small file costs one block and a
 * large one a handful.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"

/* Some dozen short strings: what one service is described by. */
#define BLOCK_FIRST_BYTES ((size_t) 512)
#define BLOCK_MOST_BYTES  ((size_t) 256 * 1024)

struct hki_arena_block {
	struct hki_arena_block *previous;
	size_t capacity;
	size_t used;
	max_align_t bytes[];
};

void hki_arena_deinit(hki_arena *arena)
{
	while (arena->blocks != NULL) {
		struct hki_arena_block *block = arena->blocks;

		arena->blocks = block->previous;
		hki_free(block);
	}
	arena->failed = false;
}

size_t hki_arena_bytes(const hki_arena *arena)
{
	size_t bytes = 0;

	for (const struct hki_arena_block *block = arena->blocks; block != NULL;
	     block = block->previous)
		bytes += sizeof(*block) + block->capacity;
	return bytes;
}

static bool add_block(hki_arena *arena, size_t least)
{
	size_t capacity = BLOCK_FIRST_BYTES;
	struct hki_arena_block *block;

	if (arena->blocks != NULL)
		capacity = arena->blocks->capacity * 2;
	if (capacity > BLOCK_MOST_BYTES)
		capacity = BLOCK_MOST_BYTES;
	if (capacity < least)
		capacity = least;
	block = hki_alloc(sizeof(*block) + capacity);
	if (block == NULL)
		return false;
	block->previous = arena->blocks;
	block->capacity = capacity;
	block->used = 0;
	arena->blocks = block;
	return true;
}

void *hki_arena_alloc(hki_arena *arena, size_t bytes)
{
	size_t align = sizeof(max_align_t);
	struct hki_arena_block *block = arena->blocks;
	void *memory;

	if (bytes > SIZE_MAX / 4) {
		arena->failed = true;
		return NULL;
	}
	bytes = (bytes + align - 1) / align * align;
	if (block == NULL || block->capacity - block->used < bytes) {
		if (!add_block(arena, bytes)) {
			arena->failed = true;
			return NULL;
		}
		block = arena->blocks;
	}
	memory = (char *) block->bytes + block->used;
	block->used += bytes;
	return memset(memory, 0, bytes);
}

void *hki_arena_array(hki_arena *arena, size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total)) {
		arena->failed = true;
		return NULL;
	}
	return hki_arena_alloc(arena, total);
}

char *hki_arena_text(hki_arena *arena, const char *text, size_t length)
{
	char *copy = hki_arena_alloc(arena, length + 1);

	if (copy != NULL && length > 0)
		memcpy(copy, text, length);
	return copy;
}

void *hki_arena_copy(hki_arena *arena, const void *bytes, size_t length)
{
	void *copy;

	if (bytes == NULL)
		return NULL;
	copy = hki_arena_alloc(arena, length);
	return copy == NULL ? NULL : memcpy(copy, bytes, length);
}

char *hki_arena_string(hki_arena *arena, const char *text)
{
	return text == NULL ? NULL : hki_arena_copy(arena, text, strlen(text) + 1);
}

const char *const *hki_arena_strings(hki_arena *arena, const char *const *texts)
{
	size_t count = 0;
	const char **copy;

	if (texts == NULL)
		return NULL;
	while (texts[count] != NULL)
		count++;
	copy = hki_arena_array(arena, count + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < count; i++)
		copy[i] = hki_arena_string(arena, texts[i]);
	return copy;
}

char *hki_arena_format(hki_arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length >= 0)
		text = hki_arena_alloc(arena, (size_t) length + 1);
	if (text == NULL) {
		arena->failed = true;
		return NULL;
	}
	va_start(arguments, format);
	(void) vsnprintf(text, (size_t) length + 1, format, arguments);
	va_end(arguments);
	return text;
}

bool hki_texts_add(hki_texts *texts, hki_arena *arena, const char *text)
{
	if (texts->count + 1 >= texts->capacity) {
		size_t capacity = texts->capacity == 0 ? 4 : texts->capacity * 2;
		const char **items = hki_arena_array(arena, capacity, sizeof(*items));

		if (items == NULL)
			return false;
		if (texts->count > 0)
			memcpy(items, texts->items, texts->count * sizeof(*items));
		texts->items = items;
		texts->capacity = capacity;
	}
	texts->items[texts->count++] = text;
	texts->items[texts->count] = NULL;
	return true;
}
