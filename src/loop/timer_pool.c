#include "loop/timer_pool.h"

#include <assert.h>
#include <string.h>
#include "base/alloc.h"

/*
 * Chunks are cut from slabs, because the allocator promises no alignment: a
 * slab is one chunk larger than what is cut from it.  Slabs double up to a
 * limit, so that a loop with two timers stays small and the loss is soon
 * nothing.  Cells are used again, last out first in; the memory is kept until
 * the loop goes, at the high water mark of its timers.
 */

#define SLAB_CHUNKS_MAX 64U /* half a megabyte */

static_assert(sizeof(struct hk_timer) == 32, "cells are half a cache line");
static_assert(
    sizeof(hki_timer_chunk) <= sizeof(struct hk_timer), "the header is one cell");
static_assert(
    (HKI_TIMER_CHUNK_BYTES & (HKI_TIMER_CHUNK_BYTES - 1)) == 0, "a power of two");

void hki_timer_pool_deinit(hki_timer_pool *pool)
{
	/* The header of a slab's first chunk lies inside it: backwards, so that it is
	 * freed after the others were looked at. */
	for (uint32_t i = pool->count; i-- > 0;)
		hki_free(pool->chunks[i]->slab);
	hki_free(pool->chunks);
	memset(pool, 0, sizeof(*pool));
}

uint32_t hki_timer_pool_slots(const hki_timer_pool *pool)
{
	return pool->count * HKI_TIMER_CHUNK_CELLS;
}

static int make_room(hki_timer_pool *pool)
{
	uint32_t capacity = pool->capacity == 0 ? 4 : pool->capacity * 2;
	hki_timer_chunk **chunks;

	if (pool->count < pool->capacity)
		return 0;
	chunks = hki_realloc_array(pool->chunks, capacity, sizeof(*chunks));
	if (chunks == NULL)
		return -1;
	pool->chunks = chunks;
	pool->capacity = capacity;
	return 0;
}

/* A new slab; the block to free goes to *out. */
static int new_slab(hki_timer_pool *pool, void **out)
{
	uint32_t chunks = pool->count == 0 ? 1 : pool->count;
	char *block;

	if (chunks > SLAB_CHUNKS_MAX)
		chunks = SLAB_CHUNKS_MAX;
	block = hki_alloc((chunks + 1) * HKI_TIMER_CHUNK_BYTES);
	if (block == NULL)
		return -1;
	pool->next_chunk = block + (-(uintptr_t) block % HKI_TIMER_CHUNK_BYTES);
	pool->unused_chunks = chunks;
	*out = block;
	return 0;
}

static int new_chunk(hki_timer_pool *pool, hk_loop *loop)
{
	hki_timer_chunk *chunk;
	void *slab = NULL;

	if (make_room(pool) < 0 ||
	    (pool->unused_chunks == 0 && new_slab(pool, &slab) < 0))
		return -1;
	chunk = (hki_timer_chunk *) (void *) pool->next_chunk;
	chunk->loop = loop;
	chunk->first_slot = pool->count * HKI_TIMER_CHUNK_CELLS;
	chunk->slab = slab;
	pool->chunks[pool->count++] = chunk;
	pool->next_chunk += HKI_TIMER_CHUNK_BYTES;
	pool->unused_chunks--;
	pool->used_cells = 1;
	return 0;
}

hk_timer *hki_timer_pool_acquire(hki_timer_pool *pool, hk_loop *loop)
{
	hk_timer *timer = pool->free_cells;

	if (timer != NULL) {
		pool->free_cells = timer->user;
		return timer;
	}
	if ((pool->count == 0 || pool->used_cells == HKI_TIMER_CHUNK_CELLS) &&
	    new_chunk(pool, loop) < 0)
		return NULL;
	timer = (hk_timer *) (void *) pool->chunks[pool->count - 1];
	return &timer[pool->used_cells++];
}

void hki_timer_pool_release(hki_timer_pool *pool, hk_timer *timer)
{
	timer->fn = NULL;
	timer->user = pool->free_cells;
	pool->free_cells = timer;
}
