#include "loop/timer_pool.h"

#include <string.h>
#include "base/alloc.h"

/*
 * Cells are used again, last out first in: that one is still in the cache.
 * Memory is kept until the loop goes, at the high water mark of its timers.
 */

void hki_timer_pool_deinit(hki_timer_pool *pool)
{
	for (uint32_t slot = 0; slot < pool->used; slot += HKI_TIMER_CHUNK)
		hki_free(pool->chunks[slot / HKI_TIMER_CHUNK]);
	hki_free(pool->chunks);
	memset(pool, 0, sizeof(*pool));
}

static int add_chunk(hki_timer_pool *pool)
{
	uint32_t count = pool->used / HKI_TIMER_CHUNK;
	hk_timer **chunks = pool->chunks;

	if (count == pool->capacity) {
		uint32_t capacity = count == 0 ? 4 : count * 2;

		chunks = hki_realloc_array(chunks, capacity, sizeof(hk_timer *));
		if (chunks == NULL)
			return -1;
		pool->chunks = chunks;
		pool->capacity = capacity;
	}
	chunks[count] = hki_alloc_array(HKI_TIMER_CHUNK, sizeof(hk_timer));
	return chunks[count] == NULL ? -1 : 0;
}

hk_timer *hki_timer_pool_acquire(hki_timer_pool *pool)
{
	hk_timer *timer = pool->free_cells;

	if (timer != NULL) {
		pool->free_cells = timer->user;
		return timer;
	}
	if (pool->used % HKI_TIMER_CHUNK == 0 && add_chunk(pool) < 0)
		return NULL;
	timer = hki_timer_at(pool, pool->used);
	timer->slot = pool->used++;
	return timer;
}

void hki_timer_pool_release(hki_timer_pool *pool, hk_timer *timer)
{
	timer->fn = NULL;
	timer->user = pool->free_cells;
	pool->free_cells = timer;
}
