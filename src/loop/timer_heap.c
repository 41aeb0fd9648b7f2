#include "loop/timer_heap.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"

/*
 * A four-ary heap.  With a million timers its cost is cache misses, so an entry
 * holds its whole order beside a 32-bit key, four brothers fill one cache line
 * (the root sits at index 3 for that), and where an entry lies is noted in a
 * dense array by slot, not in the timers, which are ten times as large.  A
 * removal lets the hole sink to a leaf and then lifts the last entry into it:
 * that entry nearly always belongs down there, so comparing it on the way down
 * would be wasted.  While four brothers are compared, their children are
 * already on their way into the cache.
 */

#define CACHE_LINE     64U
#define FIRST_CAPACITY 256U

static uint32_t parent_of(uint32_t index)
{
	return index / 4 + 2;
}

static uint32_t first_child_of(uint32_t index)
{
	return index * 4 - 8;
}

static inline bool before(const hki_timer_entry *left, const hki_timer_entry *right)
{
	if (left->due_ns != right->due_ns)
		return left->due_ns < right->due_ns;
	return (int32_t) (left->sequence - right->sequence) < 0;
}

void hki_timer_heap_deinit(hki_timer_heap *heap)
{
	hki_free(heap->block);
	hki_free(heap->positions);
	memset(heap, 0, sizeof(*heap));
}

/* Entries move to a new block: realloc() would not keep them on their lines. */
static int grow_entries(hki_timer_heap *heap, uint32_t capacity)
{
	size_t bytes = ((size_t) capacity + HKI_TIMER_ROOT) * sizeof(hki_timer_entry);
	char *block = hki_alloc(bytes + CACHE_LINE);
	hki_timer_entry *entries;

	if (block == NULL)
		return -ENOMEM;
	entries =
	    (hki_timer_entry *) (void *) (block + (-(uintptr_t) block % CACHE_LINE));
	if (heap->count > 0)
		memcpy(&entries[HKI_TIMER_ROOT], &heap->entries[HKI_TIMER_ROOT],
		    heap->count * sizeof(*entries));
	hki_free(heap->block);
	heap->block = block;
	heap->entries = entries;
	return 0;
}

int hki_timer_heap_reserve(hki_timer_heap *heap, uint32_t slots)
{
	uint32_t capacity = heap->capacity == 0 ? FIRST_CAPACITY : heap->capacity;
	uint32_t *positions;

	if (slots <= heap->capacity)
		return 0;
	if (slots > HKI_TIMER_SLOTS_MAX)
		return -ENOMEM;
	while (capacity < slots)
		capacity *= 2;
	positions = hki_realloc_array(heap->positions, capacity, sizeof(*positions));
	if (positions == NULL)
		return -ENOMEM;
	heap->positions = positions;
	if (grow_entries(heap, capacity) < 0)
		return -ENOMEM;
	memset(positions + heap->capacity, 0,
	    (capacity - heap->capacity) * sizeof(*positions));
	heap->capacity = capacity;
	return 0;
}

static inline void place(
    hki_timer_heap *heap, uint32_t index, const hki_timer_entry *entry)
{
	heap->entries[index] = *entry;
	heap->positions[hki_timer_slot(entry->key)] = index;
}

/* The hole at @index rises until @entry fits into it. */
static void rise(hki_timer_heap *heap, uint32_t index, hki_timer_entry entry)
{
	while (index > HKI_TIMER_ROOT) {
		uint32_t parent = parent_of(index);

		if (!before(&entry, &heap->entries[parent]))
			break;
		place(heap, index, &heap->entries[parent]);
		index = parent;
	}
	place(heap, index, &entry);
}

/* All four brothers are there: pairs first, so that the comparisons overlap. */
static inline uint32_t soonest_of_four(const hki_timer_entry *entries, uint32_t child)
{
	uint32_t left = child + before(&entries[child + 1], &entries[child]);
	uint32_t right = child + 2 + before(&entries[child + 3], &entries[child + 2]);

	return before(&entries[right], &entries[left]) ? right : left;
}

static uint32_t soonest_of_few(
    const hki_timer_entry *entries, uint32_t child, uint32_t end)
{
	uint32_t soonest = child;

	for (uint32_t other = child + 1; other < end; other++)
		if (before(&entries[other], &entries[soonest]))
			soonest = other;
	return soonest;
}

/* The four lines with the children of four brothers. */
static inline void fetch_children(
    const hki_timer_entry *entries, uint32_t child, uint32_t end)
{
	uint32_t grandchild = first_child_of(child);

	if (grandchild + 16 > end)
		return;
	for (uint32_t line = 0; line < 16; line += 4)
		__builtin_prefetch(&entries[grandchild + line]);
}

/* The hole at @index sinks to a leaf; returns where it is then. */
static uint32_t sink(hki_timer_heap *heap, uint32_t index)
{
	uint32_t end = HKI_TIMER_ROOT + heap->count;

	for (;;) {
		uint32_t child = first_child_of(index);

		if (child >= end)
			return index;
		fetch_children(heap->entries, child, end);
		child = child + 4 <= end ? soonest_of_four(heap->entries, child)
					 : soonest_of_few(heap->entries, child, end);
		place(heap, index, &heap->entries[child]);
		index = child;
	}
}

bool hki_timer_heap_set(hki_timer_heap *heap, uint32_t key, uint64_t due_ns)
{
	hki_timer_entry entry = { due_ns, heap->sequence++, key };
	uint32_t index = heap->positions[hki_timer_slot(key)];
	uint32_t leaf;

	if (index == 0) {
		rise(heap, HKI_TIMER_ROOT + heap->count++, entry);
		return false;
	}
	if (before(&entry, &heap->entries[index])) {
		rise(heap, index, entry);
		return true;
	}
	leaf = sink(heap, index);
	if (leaf == index) /* it was one, and later than its parent it is still */
		place(heap, index, &entry);
	else
		rise(heap, leaf, entry);
	return true;
}

uint32_t hki_timer_heap_remove(hki_timer_heap *heap, uint32_t slot)
{
	uint32_t index = heap->positions[slot];
	uint32_t last;
	uint32_t key;

	if (index == 0)
		return 0;
	key = heap->entries[index].key;
	heap->positions[slot] = 0;
	last = HKI_TIMER_ROOT + --heap->count;
	if (index != last)
		rise(heap, sink(heap, index), heap->entries[last]);
	return key;
}
