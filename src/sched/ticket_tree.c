/*
 * Sixteen numbers are two cache lines, and four levels of them find one of 65536
 * places.  A binary tree of sums would miss the cache at four times as many steps.
 */
#include "sched/ticket_tree.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/assert.h"
#include "sched/fetch.h"
#include "sched/large_pages.h"

#define FAN HKI_TICKET_GROUP

void hki_ticket_tree_deinit(hki_ticket_tree *tree)
{
	for (uint32_t level = 0; level < tree->height; level++)
		hki_free(tree->levels[level]);
	memset(tree, 0, sizeof(*tree));
}

static size_t groups(size_t count)
{
	return (count + FAN - 1) / FAN;
}

/* Levels of zeroes for @capacity places.  0 or -ENOMEM. */
static int build(hki_ticket_tree *out, size_t capacity)
{
	size_t count = groups(capacity) * FAN;

	memset(out, 0, sizeof(*out));
	out->capacity = count;
	for (;;) {
		hki_assert(out->height < HKI_TICKET_HEIGHT_MAX);
		out->levels[out->height] = hki_zalloc_array(count, sizeof(uint64_t));
		if (out->levels[out->height] == NULL) {
			hki_ticket_tree_deinit(out);
			return -ENOMEM;
		}
		hki_sched_prefer_large_pages(
		    out->levels[out->height], count * sizeof(uint64_t));
		out->height++;
		if (count <= FAN)
			return 0;
		count = groups(groups(count)) * FAN;
	}
}

int hki_ticket_tree_reserve(hki_ticket_tree *tree, size_t capacity)
{
	hki_ticket_tree larger;
	int r;

	if (capacity <= tree->capacity)
		return 0;
	if (capacity < tree->capacity * 2)
		capacity = tree->capacity * 2;
	r = build(&larger, capacity);
	if (r < 0)
		return r;
	for (size_t place = 0; place < tree->capacity; place++)
		if (tree->levels[0][place] > 0)
			hki_ticket_tree_add(&larger, place, tree->levels[0][place]);
	hki_ticket_tree_deinit(tree);
	*tree = larger;
	return 0;
}

void hki_ticket_tree_add(hki_ticket_tree *tree, size_t place, uint64_t tickets)
{
	for (uint32_t level = 0; level < tree->height; level++, place /= FAN)
		tree->levels[level][place] += tickets;
	tree->total += tickets;
}

void hki_ticket_tree_take(hki_ticket_tree *tree, size_t place, uint64_t tickets)
{
	hki_assert(tree->levels[0][place] >= tickets);
	for (uint32_t level = 0; level < tree->height; level++, place /= FAN)
		tree->levels[level][place] -= tickets;
	tree->total -= tickets;
}

/* Where *@number is at level @lowest; it becomes its number there. */
static size_t descend(const hki_ticket_tree *tree, uint64_t *number, uint32_t lowest)
{
	size_t place = 0;

	hki_assert(*number < tree->total);
	for (uint32_t level = tree->height; level-- > lowest;) {
		const uint64_t *sums = tree->levels[level];

		place *= FAN;
		while (*number >= sums[place])
			*number -= sums[place++];
	}
	return place;
}

size_t hki_ticket_tree_find(const hki_ticket_tree *tree, uint64_t number)
{
	return descend(tree, &number, 0);
}

size_t hki_ticket_tree_fetch(const hki_ticket_tree *tree, uint64_t *number)
{
	size_t group = descend(tree, number, 1) * FAN;

	hki_sched_fetch_row(&tree->levels[0][group], FAN * sizeof(uint64_t));
	return group;
}
