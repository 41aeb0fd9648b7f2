/*
 * Linear probing: a slot is searched from the place its hash names onwards, up
 * to the first empty one.  Removing closes the hole by moving later entries of
 * the same run back, so that there are no tombstones and a map that is filled
 * and emptied for years stays as fast as a new one.
 *
 * Keys are numbers we or the kernel gave out (pids, descriptors, ids), so a
 * fixed mixing function is enough; names from outside go to name_map.c.
 */
#include "base/map.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/assert.h"

struct hki_map_slot {
	uint64_t key;
	void *value; /* NULL: empty */
};

#define CAPACITY_MIN 8

/* The finalizer of splitmix64 (S. Vigna): every bit of the key moves half of the result. */
static uint64_t mix(uint64_t key)
{
	key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9ULL;
	key = (key ^ key >> 27) * 0x94d049bb133111ebULL;
	return key ^ key >> 31;
}

static size_t home_of(const hki_map *map, uint64_t key)
{
	return (size_t) mix(key) & (map->capacity - 1);
}

static size_t after(const hki_map *map, size_t index)
{
	return (index + 1) & (map->capacity - 1);
}

/* The slot of @key, or the empty one where it belongs.  There is always an empty slot. */
static size_t find(const hki_map *map, uint64_t key)
{
	size_t index = home_of(map, key);

	while (map->slots[index].value != NULL && map->slots[index].key != key)
		index = after(map, index);
	return index;
}

static int grow(hki_map *map)
{
	hki_map larger = { NULL, 0, 0 };
	size_t position = 0;
	uint64_t key;
	void *value;

	if (__builtin_mul_overflow(map->capacity, (size_t) 2, &larger.capacity))
		return -ENOMEM;
	if (larger.capacity == 0)
		larger.capacity = CAPACITY_MIN;
	larger.slots = hki_zalloc_array(larger.capacity, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return -ENOMEM;

	while (hki_map_each(map, &position, &key, &value))
		larger.slots[find(&larger, key)] =
		    (struct hki_map_slot){ .key = key, .value = value };
	larger.count = map->count;
	hki_free(map->slots);
	*map = larger;
	return 0;
}

/* At most three quarters are used: beyond, runs grow long. */
static bool is_full(const hki_map *map)
{
	return map->count >= map->capacity - map->capacity / 4;
}

void hki_map_deinit(hki_map *map)
{
	if (map == NULL)
		return;
	hki_free(map->slots);
	*map = (hki_map){ NULL, 0, 0 };
}

int hki_map_put(hki_map *map, uint64_t key, void *value)
{
	size_t index;
	int r;

	hki_assert(value != NULL);
	if (map->capacity > 0) {
		index = find(map, key);
		if (map->slots[index].value != NULL) {
			map->slots[index].value = value;
			return 0;
		}
	}
	if (is_full(map)) {
		r = grow(map);
		if (r < 0)
			return r;
	}
	map->slots[find(map, key)] = (struct hki_map_slot){ .key = key, .value = value };
	map->count++;
	return 0;
}

void *hki_map_get(const hki_map *map, uint64_t key)
{
	if (map->count == 0)
		return NULL;
	return map->slots[find(map, key)].value;
}

/* May the entry at @index fill the hole, or would that put it before its home? */
static bool may_fill(const hki_map *map, size_t index, size_t hole)
{
	size_t mask = map->capacity - 1;
	size_t from_home = (index - home_of(map, map->slots[index].key)) & mask;
	size_t from_hole = (index - hole) & mask;

	return from_home >= from_hole;
}

static void close_hole(hki_map *map, size_t hole)
{
	size_t index = after(map, hole);

	while (map->slots[index].value != NULL) {
		if (may_fill(map, index, hole)) {
			map->slots[hole] = map->slots[index];
			hole = index;
		}
		index = after(map, index);
	}
	map->slots[hole] = (struct hki_map_slot){ .key = 0, .value = NULL };
}

void *hki_map_remove(hki_map *map, uint64_t key)
{
	size_t index;
	void *value;

	if (map->count == 0)
		return NULL;
	index = find(map, key);
	value = map->slots[index].value;
	if (value == NULL)
		return NULL;
	close_hole(map, index);
	map->count--;
	return value;
}

bool hki_map_each(const hki_map *map, size_t *position, uint64_t *key, void **value)
{
	for (; *position < map->capacity; (*position)++) {
		const struct hki_map_slot *slot = &map->slots[*position];

		if (slot->value == NULL)
			continue;
		*key = slot->key;
		*value = slot->value;
		(*position)++;
		return true;
	}
	return false;
}
