#include "loop/timer_heap.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"

/*
 * A four-ary heap.  With a million timers its cost is cache misses, so an
 * entry holds its whole key beside a 32-bit slot, four brothers fill one cache
 * line (the root sits at index 3 for that), and where an entry lies is noted in
 * a dense array by slot, not in the timers themselves, which are spread over
 * the heap of the program.  A removal lets the hole sink to a leaf and then
 * lifts the last entry into it: that entry nearly always belongs down there, so
 * comparing it on the way down would be wasted.
 */

#define CACHE_LINE     64U
#define FIRST_CAPACITY 16U

static uint32_t parent_of(uint32_t index)
{
	return index / 4 + 2;
}

static uint32_t first_child_of(uint32_t index)
{
	return index * 4 - 8;
}

static bool before(const hki_timer_entry *left, const hki_timer_entry *right)
{
	if (left->due_ns != right->due_ns)
		return left->due_ns < right->due_ns;
	return (int32_t) (left->sequence - right->sequence) < 0;
}

void hki_timer_heap_init(hki_timer_heap *heap)
{
	memset(heap, 0, sizeof(*heap));
	heap->free_slot = HKI_TIMER_NONE;
}

void hki_timer_heap_deinit(hki_timer_heap *heap)
{
	hki_free(heap->block);
	hki_free(heap->positions);
	hki_free(heap->owners);
	hki_timer_heap_init(heap);
}

static hki_timer_entry *align_to_line(void *block)
{
	uintptr_t address = (uintptr_t) block;

	return (hki_timer_entry *) ((address + CACHE_LINE - 1) &
				    ~(uintptr_t) (CACHE_LINE - 1));
}

/* Entries move to a new block: realloc() would not keep them on their lines. */
static int grow_entries(hki_timer_heap *heap, uint32_t capacity)
{
	size_t bytes = ((size_t) capacity + HKI_TIMER_ROOT) * sizeof(hki_timer_entry);
	void *block = hki_alloc(bytes + CACHE_LINE);
	hki_timer_entry *entries;

	if (block == NULL)
		return -ENOMEM;
	entries = align_to_line(block);
	if (heap->count > 0)
		memcpy(&entries[HKI_TIMER_ROOT], &heap->entries[HKI_TIMER_ROOT],
		    heap->count * sizeof(hki_timer_entry));
	hki_free(heap->block);
	heap->block = block;
	heap->entries = entries;
	return 0;
}

static int grow(hki_timer_heap *heap)
{
	uint32_t capacity = heap->capacity == 0 ? FIRST_CAPACITY : heap->capacity * 2;
	uint32_t *positions;
	hk_timer **owners;

	if (capacity > UINT32_MAX / 8)
		return -ENOMEM; /* indices are 32 bits wide, and children lie at 4 i */
	positions = hki_realloc_array(heap->positions, capacity, sizeof(*positions));
	if (positions == NULL)
		return -ENOMEM;
	heap->positions = positions;
	owners = hki_realloc_array(heap->owners, capacity, sizeof(hk_timer *));
	if (owners == NULL)
		return -ENOMEM;
	heap->owners = owners;
	if (grow_entries(heap, capacity) < 0)
		return -ENOMEM;

	for (uint32_t slot = capacity; slot-- > heap->capacity;) {
		heap->positions[slot] = heap->free_slot;
		heap->free_slot = slot;
	}
	heap->capacity = capacity;
	return 0;
}

int hki_timer_heap_acquire(hki_timer_heap *heap, uint32_t *out_slot, hk_timer *owner)
{
	uint32_t slot;

	if (heap->free_slot == HKI_TIMER_NONE && grow(heap) < 0)
		return -ENOMEM;
	slot = heap->free_slot;
	heap->free_slot = heap->positions[slot];
	heap->positions[slot] = 0;
	heap->owners[slot] = owner;
	*out_slot = slot;
	return 0;
}

void hki_timer_heap_release(hki_timer_heap *heap, uint32_t slot)
{
	heap->owners[slot] = NULL;
	heap->positions[slot] = heap->free_slot;
	heap->free_slot = slot;
}

static inline void place(
    hki_timer_heap *heap, uint32_t index, const hki_timer_entry *entry)
{
	heap->entries[index] = *entry;
	heap->positions[entry->slot] = index;
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

static uint32_t soonest_child(const hki_timer_heap *heap, uint32_t child, uint32_t end)
{
	const hki_timer_entry *entries = heap->entries;

	if (child + 4 <= end) {
		uint32_t left =
		    before(&entries[child + 1], &entries[child]) ? child + 1 : child;
		uint32_t right = before(&entries[child + 3], &entries[child + 2])
				     ? child + 3
				     : child + 2;

		return before(&entries[right], &entries[left]) ? right : left;
	}
	uint32_t soonest = child;
	for (uint32_t other = child + 1; other < end; other++)
		if (before(&entries[other], &entries[soonest]))
			soonest = other;
	return soonest;
}

/* The hole at @index sinks to a leaf; returns where it is then. */
static uint32_t sink(hki_timer_heap *heap, uint32_t index)
{
	uint32_t end = HKI_TIMER_ROOT + heap->count;

	for (;;) {
		uint32_t child = first_child_of(index);

		if (child >= end)
			return index;
		child = soonest_child(heap, child, end);
		place(heap, index, &heap->entries[child]);
		index = child;
	}
}

static void take_out(hki_timer_heap *heap, uint32_t index)
{
	uint32_t last = HKI_TIMER_ROOT + --heap->count;

	if (index != last)
		rise(heap, sink(heap, index), heap->entries[last]);
}

void hki_timer_heap_set(hki_timer_heap *heap, uint32_t slot, uint64_t due_ns)
{
	hki_timer_entry entry = { due_ns, heap->sequence++, slot };
	uint32_t index = heap->positions[slot];

	if (index == 0)
		rise(heap, HKI_TIMER_ROOT + heap->count++, entry);
	else if (before(&entry, &heap->entries[index]))
		rise(heap, index, entry);
	else
		rise(heap, sink(heap, index), entry);
}

bool hki_timer_heap_remove(hki_timer_heap *heap, uint32_t slot)
{
	uint32_t index = heap->positions[slot];

	if (index == 0)
		return false;
	heap->positions[slot] = 0;
	take_out(heap, index);
	return true;
}
