#ifndef HKI_LOOP_TIMER_POOL_H
#define HKI_LOOP_TIMER_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/loop.h>

/*
 * Where the handles of timers live: cells in chunks, numbered through, so that
 * the heap can name a timer by 32 bits.
 */
struct hk_timer {
	hk_loop *loop; /* what arming needs comes first, for the sake of cache lines */
	uint32_t slot : 31;
	uint32_t background : 1;
	uint32_t number; /* of its arming, which decides among equals; 0: not armed */
	uint64_t due_ns; /* while it is armed; its entry in the heap may lie earlier */
	uint64_t interval_ns;
	hk_timer_fn fn;
	void *user; /* of a free cell: the next free one */
};

#define HKI_TIMER_CHUNK 128U /* cells, which makes six kilobytes */

typedef struct hki_timer_pool {
	hk_timer **chunks; /* by slot / CHUNK */
	uint32_t capacity; /* of that table */
	uint32_t used;     /* cells that were ever in use */
	hk_timer *free_cells;
} hki_timer_pool;

/* A zeroed pool is empty and ready. */
void hki_timer_pool_deinit(hki_timer_pool *pool);

/* A cell with its slot set, the rest undefined.  NULL: no memory. */
hk_timer *hki_timer_pool_acquire(hki_timer_pool *pool);
void hki_timer_pool_release(hki_timer_pool *pool, hk_timer *timer);

static inline hk_timer *hki_timer_at(const hki_timer_pool *pool, uint32_t slot)
{
	return &pool->chunks[slot / HKI_TIMER_CHUNK][slot % HKI_TIMER_CHUNK];
}

#endif /* HKI_LOOP_TIMER_POOL_H */
