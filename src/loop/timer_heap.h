#ifndef HKI_LOOP_TIMER_HEAP_H
#define HKI_LOOP_TIMER_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Numbers (slots) in the order of their times: soonest first, and those of the
 * same instant in the order in which they were armed.
 *
 * Room for a slot is reserved beforehand, so that arming never allocates and
 * cannot fail.
 */
typedef struct hki_timer_entry {
	uint64_t due_ns;
	uint32_t arming; /* their running number; wraps, compared by difference */
	uint32_t slot;
} hki_timer_entry;

#define HKI_TIMER_SLOTS_MAX (1U << 28) /* indices are 32 bits wide, children lie at 4 i */

/* Entries start here so that four brothers share one cache line. */
#define HKI_TIMER_ROOT 3U

typedef struct hki_timer_heap {
	hki_timer_entry
	    *entries; /* inside block, at a cache line; [ROOT, ROOT + count) */
	void *block;
	uint32_t *armings; /* by slot: that of the entry that counts, or 0: not armed */
	uint32_t count;    /* entries, dead ones among them; the first is never dead */
	uint32_t armed;    /* slots */
	uint32_t slots;    /* there is room for, and for twice as many entries */
	uint32_t arming;   /* the latest */
} hki_timer_heap;

/* A zeroed heap is empty and ready. */
void hki_timer_heap_deinit(hki_timer_heap *heap);

/* Room for the slots below @slots.  0 or -ENOMEM. */
int hki_timer_heap_reserve(hki_timer_heap *heap, uint32_t slots);

/* The number of the next arming, never 0. */
uint32_t hki_timer_heap_draw(hki_timer_heap *heap);
/* Arm for @due_ns as arming @number.  The caller knows whether it is armed: its own memory
 * is at hand, and to look here would be another miss. */
void hki_timer_heap_set(hki_timer_heap *heap, uint32_t slot, uint64_t due_ns,
    uint32_t number, bool was_armed);
/* Disarm what is armed. */
void hki_timer_heap_remove(hki_timer_heap *heap, uint32_t slot);

/* Only when armed > 0. */
static inline const hki_timer_entry *hki_timer_heap_first(const hki_timer_heap *heap)
{
	return &heap->entries[HKI_TIMER_ROOT];
}

#endif /* HKI_LOOP_TIMER_HEAP_H */
