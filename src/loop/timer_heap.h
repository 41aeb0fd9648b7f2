#ifndef HKI_LOOP_TIMER_HEAP_H
#define HKI_LOOP_TIMER_HEAP_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/loop.h>

/*
 * The armed timers of a loop, soonest first, those due at the same instant in
 * the order in which they were armed.
 *
 * A timer holds a slot from birth to release, and a slot brings room in the
 * heap with it, so that arming never allocates and cannot fail.
 */
typedef struct hki_timer_entry {
	uint64_t due_ns;
	uint32_t sequence; /* counts the armings; wraps, compared by difference */
	uint32_t slot;
} hki_timer_entry;

/* Entries start here so that four brothers share one cache line. */
#define HKI_TIMER_ROOT 3U
#define HKI_TIMER_NONE UINT32_MAX

typedef struct hki_timer_heap {
	hki_timer_entry
	    *entries; /* inside block, at a cache line; [ROOT, ROOT + count) */
	void *block;
	uint32_t *positions; /* by slot: index in entries, or 0 when not armed */
	hk_timer **owners;   /* by slot */
	uint32_t count;      /* armed */
	uint32_t capacity;   /* slots */
	uint32_t free_slot;  /* first of the free slots, chained through positions */
	uint32_t sequence;   /* of the next arming */
} hki_timer_heap;

void hki_timer_heap_init(hki_timer_heap *heap);
void hki_timer_heap_deinit(hki_timer_heap *heap);

/* Give @owner a slot.  0 or -ENOMEM. */
int hki_timer_heap_acquire(hki_timer_heap *heap, uint32_t *out_slot, hk_timer *owner);
/* The slot must not be armed. */
void hki_timer_heap_release(hki_timer_heap *heap, uint32_t slot);

/* Arm for @due_ns, or arm anew. */
void hki_timer_heap_set(hki_timer_heap *heap, uint32_t slot, uint64_t due_ns);
/* Disarm; true if it was armed. */
bool hki_timer_heap_remove(hki_timer_heap *heap, uint32_t slot);

static inline bool hki_timer_heap_armed(const hki_timer_heap *heap, uint32_t slot)
{
	return heap->positions[slot] != 0;
}

/* Only when count > 0. */
static inline const hki_timer_entry *hki_timer_heap_first(const hki_timer_heap *heap)
{
	return &heap->entries[HKI_TIMER_ROOT];
}

#endif /* HKI_LOOP_TIMER_HEAP_H */
