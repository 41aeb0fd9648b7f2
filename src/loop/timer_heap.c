#include "loop/timer_heap.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"

/*
 * A four-ary heap that forgets late.
 *
 * With a million timers the cost is cache misses, so an entry holds its whole
 * order itself, four brothers fill one cache line (the root sits at index 3 for
 * that), and while they are compared their children are fetched.  Nothing notes
 * where in the heap an entry lies, which would be another miss for every step
 * of every move.  Instead each arming has a number, and an entry counts only
 * while its slot has the same: arming anew adds an entry, disarming just clears
 * the number, and what is left behind is dead.  Dead entries go when they come
 * to the front, or all at once when the array is full; it has room for two
 * entries a slot, so that costs a constant share of each arming.
 */

#define CACHE_LINE  64U
#define FIRST_SLOTS 64U
/* At so many armings dead entries are swept out, long before their numbers come again. */
#define SWEEP_INTERVAL (1U << 30)

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
	return (int32_t) (left->arming - right->arming) < 0;
}

static inline bool is_dead(const hki_timer_heap *heap, const hki_timer_entry *entry)
{
	return heap->armings[entry->slot] != entry->arming;
}

/* ---- room ---- */

void hki_timer_heap_deinit(hki_timer_heap *heap)
{
	hki_free(heap->block);
	hki_free(heap->armings);
	memset(heap, 0, sizeof(*heap));
}

/* Entries move to a new block: realloc() would not keep them on their lines. */
static int grow_entries(hki_timer_heap *heap, uint32_t slots)
{
	size_t bytes = (2 * (size_t) slots + HKI_TIMER_ROOT) * sizeof(hki_timer_entry);
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
	uint32_t rounded = heap->slots == 0 ? FIRST_SLOTS : heap->slots;
	uint32_t *armings;

	if (slots <= heap->slots)
		return 0;
	if (slots > HKI_TIMER_SLOTS_MAX)
		return -ENOMEM;
	while (rounded < slots)
		rounded *= 2;
	armings = hki_realloc_array(heap->armings, rounded, sizeof(*armings));
	if (armings == NULL)
		return -ENOMEM;
	heap->armings = armings;
	if (grow_entries(heap, rounded) < 0)
		return -ENOMEM;
	memset(armings + heap->slots, 0, (rounded - heap->slots) * sizeof(*armings));
	heap->slots = rounded;
	return 0;
}

/* ---- moves ---- */

/* The hole at @index rises until @entry fits into it. */
static void rise(hki_timer_heap *heap, uint32_t index, hki_timer_entry entry)
{
	while (index > HKI_TIMER_ROOT) {
		uint32_t parent = parent_of(index);

		if (!before(&entry, &heap->entries[parent]))
			break;
		heap->entries[index] = heap->entries[parent];
		index = parent;
	}
	heap->entries[index] = entry;
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
		heap->entries[index] = heap->entries[child];
		index = child;
	}
}

/* The last entry nearly always belongs far down: let the hole sink first, then look up. */
static void drop_first(hki_timer_heap *heap)
{
	uint32_t last = HKI_TIMER_ROOT + --heap->count;

	if (heap->count > 0)
		rise(heap, sink(heap, HKI_TIMER_ROOT), heap->entries[last]);
}

/* ---- the dead ---- */

/* Drop all of them and make a heap of the rest, from the bottom up (R. Floyd, 1964). */
static void sweep(hki_timer_heap *heap)
{
	hki_timer_entry *entries = heap->entries;
	uint32_t end = HKI_TIMER_ROOT + heap->count;
	uint32_t kept = HKI_TIMER_ROOT;

	for (uint32_t index = HKI_TIMER_ROOT; index < end; index++)
		if (!is_dead(heap, &entries[index]))
			entries[kept++] = entries[index];
	heap->count = kept - HKI_TIMER_ROOT;
	if (heap->count < 2)
		return;
	for (uint32_t index = parent_of(kept - 1) + 1; index-- > HKI_TIMER_ROOT;) {
		hki_timer_entry entry = entries[index];
		uint32_t hole = sink(heap, index);

		while (hole > index && before(&entry, &entries[parent_of(hole)])) {
			entries[hole] = entries[parent_of(hole)];
			hole = parent_of(hole);
		}
		entries[hole] = entry;
	}
}

/* The first entry must be alive again. */
static void purge_first(hki_timer_heap *heap)
{
	if (heap->armed == 0)
		heap->count = 0;
	while (heap->count > 0 && is_dead(heap, hki_timer_heap_first(heap))) {
		if (heap->count / 2 > heap->armed)
			sweep(heap);
		else
			drop_first(heap);
	}
}

uint32_t hki_timer_heap_draw(hki_timer_heap *heap)
{
	if (++heap->arming == 0)
		heap->arming = 1;
	if (heap->arming % SWEEP_INTERVAL == 1)
		sweep(heap);
	return heap->arming;
}

static bool is_first(const hki_timer_heap *heap, uint32_t slot)
{
	return heap->count > 0 && hki_timer_heap_first(heap)->slot == slot;
}

void hki_timer_heap_set(
    hki_timer_heap *heap, uint32_t slot, uint64_t due_ns, uint32_t number, bool was_armed)
{
	hki_timer_entry entry = { due_ns, number, slot };

	heap->armed += !was_armed;
	heap->armings[slot] = number;
	if (is_first(heap, slot)) { /* its old entry is the hole */
		rise(heap, sink(heap, HKI_TIMER_ROOT), entry);
		purge_first(heap);
		return;
	}
	if (heap->count == 2 * heap->slots)
		sweep(heap);
	rise(heap, HKI_TIMER_ROOT + heap->count++, entry);
}

void hki_timer_heap_remove(hki_timer_heap *heap, uint32_t slot)
{
	heap->armings[slot] = 0;
	heap->armed--;
	if (is_first(heap, slot))
		purge_first(heap);
}
