#ifndef HKI_LOOP_TIMER_HEAP_H
#define HKI_LOOP_TIMER_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Numbers in the order of their times: soonest first, and those of the same
 * instant in the order in which they were armed.
 *
 * A key is a slot, 1 and up, and perhaps the background mark.  Room for a slot
 * is reserved beforehand, so that arming never allocates and cannot fail.
 */
typedef struct hki_timer_entry {
	uint64_t due_ns;
	uint32_t sequence; /* counts the armings; wraps, compared by difference */
	uint32_t key;
} hki_timer_entry;

#define HKI_TIMER_BACKGROUND (1U << 31)
#define HKI_TIMER_SLOTS_MAX  (1U << 29) /* indices are 32 bits wide, children lie at 4 i */

/* Entries start here so that four brothers share one cache line. */
#define HKI_TIMER_ROOT 3U

typedef struct hki_timer_heap {
	hki_timer_entry
	    *entries; /* inside block, at a cache line; [ROOT, ROOT + count) */
	void *block;
	uint32_t *positions; /* by slot: index in entries, or 0 when not armed */
	uint32_t count;      /* armed */
	uint32_t capacity;   /* slots there is room for, 0 included */
	uint32_t sequence;   /* of the next arming */
} hki_timer_heap;

/* A zeroed heap is empty and ready. */
void hki_timer_heap_deinit(hki_timer_heap *heap);

/* Room for the slots below @slots.  0 or -ENOMEM. */
int hki_timer_heap_reserve(hki_timer_heap *heap, uint32_t slots);

/* Arm for @due_ns, or arm anew.  Was it armed? */
bool hki_timer_heap_set(hki_timer_heap *heap, uint32_t key, uint64_t due_ns);
/* Disarm.  Returns the key it was armed with, or 0. */
uint32_t hki_timer_heap_remove(hki_timer_heap *heap, uint32_t slot);

static inline uint32_t hki_timer_slot(uint32_t key)
{
	return key & ~HKI_TIMER_BACKGROUND;
}

/* Only when count > 0. */
static inline const hki_timer_entry *hki_timer_heap_first(const hki_timer_heap *heap)
{
	return &heap->entries[HKI_TIMER_ROOT];
}

#endif /* HKI_LOOP_TIMER_HEAP_H */
