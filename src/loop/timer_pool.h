#ifndef HKI_LOOP_TIMER_POOL_H
#define HKI_LOOP_TIMER_POOL_H

#include <stdint.h>
#include <hostkit/loop.h>

/*
 * Where the handles of timers live: cells of 32 bytes in chunks that lie at
 * multiples of their own size.  The number of a cell, its slot, follows from
 * its address and from the chunk's first cell, which is the header; and so does
 * the loop, without a look at the handle.
 */
struct hk_timer {
	hk_timer_fn fn;
	void *user; /* of a free cell: the next free one */
	uint64_t interval_ns;
	uint32_t background; /* 0 or HKI_TIMER_BACKGROUND */
	uint32_t reserved;
};

#define HKI_TIMER_CHUNK_CELLS 256U
#define HKI_TIMER_CHUNK_BYTES (HKI_TIMER_CHUNK_CELLS * sizeof(struct hk_timer))

typedef struct hki_timer_chunk {
	hk_loop *loop;
	uint32_t first_slot; /* of this header itself; a multiple of CELLS */
	uint32_t reserved;
	void *
	    slab; /* the block it is part of, in the first chunk of that block; or NULL */
	uint64_t unused;
} hki_timer_chunk;

typedef struct hki_timer_pool {
	hki_timer_chunk **chunks; /* by slot / CELLS */
	uint32_t count;           /* chunks in use */
	uint32_t capacity;
	uint32_t used_cells; /* of the last chunk, its header included */
	char *next_chunk;    /* unused chunks of the last slab */
	uint32_t unused_chunks;
	hk_timer *free_cells;
} hki_timer_pool;

/* A zeroed pool is empty and ready. */
void hki_timer_pool_deinit(hki_timer_pool *pool);

/* A cell for a timer of @loop, its contents undefined.  NULL: no memory. */
hk_timer *hki_timer_pool_acquire(hki_timer_pool *pool, hk_loop *loop);
void hki_timer_pool_release(hki_timer_pool *pool, hk_timer *timer);

/* One more than the highest slot that was ever acquired. */
uint32_t hki_timer_pool_slots(const hki_timer_pool *pool);

static inline hki_timer_chunk *hki_timer_chunk_of(const hk_timer *timer)
{
	uintptr_t address = (uintptr_t) timer;

	return (hki_timer_chunk *) (address - address % HKI_TIMER_CHUNK_BYTES);
}

static inline uint32_t hki_timer_slot_of(const hk_timer *timer)
{
	uintptr_t offset = (uintptr_t) timer % HKI_TIMER_CHUNK_BYTES;

	return hki_timer_chunk_of(timer)->first_slot +
	       (uint32_t) (offset / sizeof(*timer));
}

static inline hk_timer *hki_timer_at(const hki_timer_pool *pool, uint32_t slot)
{
	hk_timer *cells =
	    (hk_timer *) (void *) pool->chunks[slot / HKI_TIMER_CHUNK_CELLS];

	return &cells[slot % HKI_TIMER_CHUNK_CELLS];
}

#endif /* HKI_LOOP_TIMER_POOL_H */
