#include "service/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include "base/alloc.h"

/*
 * A service is described once and started many times, so the description has
 * to live as long as it does.  It is made of some dozen small strings; one
 * chain of blocks with one end is simpler than a destructor for each field.
 */

struct hki_arena_block {
	struct hki_arena_block *next;
	alignas(max_align_t) char bytes[];
};

void hki_arena_deinit(hki_arena *arena)
{
	while (arena->blocks != NULL) {
		struct hki_arena_block *block = arena->blocks;

		arena->blocks = block->next;
		hki_free(block);
	}
}

static void *reserve(hki_arena *arena, size_t length)
{
	struct hki_arena_block *block = NULL;

	if (arena->error == 0)
		block = hki_alloc(sizeof(*block) + length);
	if (block == NULL) {
		arena->error = -ENOMEM;
		return NULL;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	return block->bytes;
}

void *hki_arena_copy(hki_arena *arena, const void *bytes, size_t length)
{
	void *copy;

	if (bytes == NULL)
		return NULL;
	copy = reserve(arena, length);
	if (copy != NULL)
		memcpy(copy, bytes, length);
	return copy;
}

char *hki_arena_text(hki_arena *arena, const char *text)
{
	return text != NULL ? hki_arena_copy(arena, text, strlen(text) + 1) : NULL;
}

const char *const *hki_arena_texts(hki_arena *arena, const char *const *texts)
{
	size_t count = 0;
	const char **copy;

	if (texts == NULL)
		return NULL;
	while (texts[count] != NULL)
		count++;
	copy = reserve(arena, (count + 1) * sizeof(*copy));
	if (copy == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		copy[i] = hki_arena_text(arena, texts[i]);
	copy[count] = NULL;
	return copy;
}
