#ifndef HKI_SCHED_READY_HEAP_H
#define HKI_SCHED_READY_HEAP_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/sched.h>

/* Room for sums of products of times: virtual time, aged priorities. */
__extension__ typedef __int128 hki_sched_key;

/*
 * Jobs by key, the smallest first, and those of one key by order.  Room is
 * reserved beforehand, so that adding cannot fail.  A zeroed heap is empty.
 */
typedef struct hki_ready_entry {
	hki_sched_key key;
	uint64_t order;
	hk_sched_job *job;
} hki_ready_entry;

typedef struct hki_ready_heap {
	hki_ready_entry
	    *entries; /* inside block, so that four brothers share two lines */
	void *block;
	size_t count;
	size_t capacity;
} hki_ready_heap;

void hki_ready_heap_deinit(hki_ready_heap *heap);

/* Room for @capacity entries in all.  0 or -ENOMEM. */
int hki_ready_heap_reserve(hki_ready_heap *heap, size_t capacity);

void hki_ready_heap_add(
    hki_ready_heap *heap, hki_sched_key key, uint64_t order, hk_sched_job *job);

/* The first, or NULL. */
static inline const hki_ready_entry *hki_ready_heap_first(const hki_ready_heap *heap)
{
	return heap->count > 0 ? &heap->entries[0] : NULL;
}

/* Take out the first job; NULL if there is none. */
hk_sched_job *hki_ready_heap_pop(hki_ready_heap *heap);

/* Take out @job, wherever it is: O(n).  False if it is not there. */
bool hki_ready_heap_remove(hki_ready_heap *heap, const hk_sched_job *job);

#endif /* HKI_SCHED_READY_HEAP_H */
