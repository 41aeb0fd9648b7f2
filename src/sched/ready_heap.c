/*
 * A heap of four children a node: half as deep as a binary one, and the four lie
 * in two cache lines that are fetched side by side.  An entry carries its key, and
 * jobs do not know their place: to tell them would be a cache miss at every step
 * of a sift.  The price is that taking a job out of the middle looks for it; that
 * is what a person does who pauses or cancels, never what a policy does.
 */
#include "sched/ready_heap.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "base/alloc.h"
#include "base/assert.h"
#include "sched/fetch.h"
#include "sched/large_pages.h"

#define CHILDREN 4
#define LINE     64

/* So many entries stay in the caches by themselves; below, fetching pays. */
#define NEAR 16384

void hki_ready_heap_deinit(hki_ready_heap *heap)
{
	hki_free(heap->block);
	*heap = (hki_ready_heap){ NULL, NULL, 0, 0 };
}

/* Children of i are 4 i + 1 … 4 i + 4: entry 1 stands at the beginning of a line. */
static hki_ready_entry *align(void *block)
{
	uintptr_t first = (uintptr_t) block + sizeof(hki_ready_entry);

	first = (first + LINE - 1) / LINE * LINE;
	return (hki_ready_entry *) (first - sizeof(hki_ready_entry));
}

int hki_ready_heap_reserve(hki_ready_heap *heap, size_t capacity)
{
	size_t room;
	void *block;

	if (capacity <= heap->capacity)
		return 0;
	room = heap->capacity == 0 ? capacity : heap->capacity * 2;
	if (room < capacity)
		room = capacity;
	block = hki_alloc_array(room + 3, sizeof(hki_ready_entry));
	if (block == NULL)
		return -ENOMEM;
	hki_sched_prefer_large_pages(block, (room + 3) * sizeof(hki_ready_entry));
	if (heap->count > 0)
		memcpy(
		    align(block), heap->entries, heap->count * sizeof(hki_ready_entry));
	hki_free(heap->block);
	heap->block = block;
	heap->entries = align(block);
	heap->capacity = room;
	return 0;
}

static inline bool is_before(const hki_ready_entry *a, const hki_ready_entry *b)
{
	return a->key < b->key || (a->key == b->key && a->order < b->order);
}

/* Put @entry at @hole or above. */
static void sift_up(hki_ready_heap *heap, size_t hole, hki_ready_entry entry)
{
	while (hole > 0) {
		size_t parent = (hole - 1) / CHILDREN;

		if (!is_before(&entry, &heap->entries[parent]))
			break;
		heap->entries[hole] = heap->entries[parent];
		hole = parent;
	}
	heap->entries[hole] = entry;
}

static size_t least_child(const hki_ready_heap *heap, size_t parent)
{
	size_t first = parent * CHILDREN + 1;
	size_t end = first + CHILDREN < heap->count ? first + CHILDREN : heap->count;
	size_t least = first;

	for (size_t child = first + 1; child < end; child++)
		if (is_before(&heap->entries[child], &heap->entries[least]))
			least = child;
	return least;
}

/* The children of four brothers lie in a row of eight lines. */
static void fetch_children(const hki_ready_heap *heap, size_t brothers)
{
	const char *first = (const char *) &heap->entries[brothers * CHILDREN + 1];

	if ((brothers + CHILDREN) * CHILDREN < heap->count)
		for (size_t at = 0; at < CHILDREN * CHILDREN * sizeof(hki_ready_entry);
		     at += LINE)
			__builtin_prefetch(first + at);
}

/*
 * Fill the hole: walk it down to a leaf along the least children, then @entry up
 * from there.  What fills a hole comes from the end, so it rarely rises again.
 */
static void fill_hole(hki_ready_heap *heap, size_t hole, hki_ready_entry entry)
{
	while (hole * CHILDREN + 1 < heap->count) {
		size_t child;

		/* While the children are compared, theirs are on their way. */
		if (hole * CHILDREN >= NEAR / CHILDREN)
			fetch_children(heap, hole * CHILDREN + 1);
		child = least_child(heap, hole);
		/* The next one to be picked is on its way while the rest is sorted out. */
		if (hole == 0)
			hki_sched_fetch(heap->entries[child].job);
		heap->entries[hole] = heap->entries[child];
		hole = child;
	}
	sift_up(heap, hole, entry);
}

void hki_ready_heap_add(
    hki_ready_heap *heap, hki_sched_key key, uint64_t order, hk_sched_job *job)
{
	hki_assert(heap->count < heap->capacity);
	sift_up(heap, heap->count++, (hki_ready_entry){ key, order, job });
}

hk_sched_job *hki_ready_heap_pop(hki_ready_heap *heap)
{
	hk_sched_job *job;

	if (heap->count == 0)
		return NULL;
	job = heap->entries[0].job;
	heap->count--;
	if (heap->count > 0)
		fill_hole(heap, 0, heap->entries[heap->count]);
	return job;
}

bool hki_ready_heap_remove(hki_ready_heap *heap, const hk_sched_job *job)
{
	for (size_t i = 0; i < heap->count; i++) {
		if (heap->entries[i].job != job)
			continue;
		heap->count--;
		if (i < heap->count) {
			hki_ready_entry last = heap->entries[heap->count];

			/* From another branch it may belong above the hole. */
			if (i > 0 && is_before(&last, &heap->entries[(i - 1) / CHILDREN]))
				sift_up(heap, i, last);
			else
				fill_hole(heap, i, last);
		}
		return true;
	}
	return false;
}
