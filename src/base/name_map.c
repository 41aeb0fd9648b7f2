/*
 * The same table as map.c for names that come from outside.  Each slot keeps
 * the whole hash beside the name: most mismatches are seen without touching
 * the name, and growing needs no hashing.
 */
#include "base/map.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/assert.h"
#include "base/random.h"

struct hki_name_slot {
	uint64_t hash;
	char *name; /* NULL: empty */
	void *value;
};

#define CAPACITY_MIN 8

static uint64_t hash_of(const hki_name_map *map, const char *name)
{
	return hki_siphash(map->hash_key, name, strlen(name));
}

static size_t after(const hki_name_map *map, size_t index)
{
	return (index + 1) & (map->capacity - 1);
}

/* The slot of @name, or the empty one where it belongs.  There is always an empty slot. */
static size_t find(const hki_name_map *map, uint64_t hash, const char *name)
{
	size_t index = (size_t) hash & (map->capacity - 1);

	while (
	    map->slots[index].name != NULL &&
	    (map->slots[index].hash != hash || strcmp(map->slots[index].name, name) != 0))
		index = after(map, index);
	return index;
}

static int grow(hki_name_map *map)
{
	hki_name_map larger = *map;

	if (__builtin_mul_overflow(map->capacity, (size_t) 2, &larger.capacity))
		return -ENOMEM;
	if (larger.capacity == 0) {
		larger.capacity = CAPACITY_MIN;
		hki_random_hash_key(larger.hash_key);
	}
	larger.slots = hki_zalloc_array(larger.capacity, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return -ENOMEM;

	for (size_t i = 0; i < map->capacity; i++) {
		const struct hki_name_slot *slot = &map->slots[i];

		if (slot->name != NULL)
			larger.slots[find(&larger, slot->hash, slot->name)] = *slot;
	}
	hki_free(map->slots);
	*map = larger;
	return 0;
}

/* At most three quarters are used: beyond, runs grow long. */
static bool is_full(const hki_name_map *map)
{
	return map->count >= map->capacity - map->capacity / 4;
}

void hki_name_map_deinit(hki_name_map *map)
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->capacity; i++)
		hki_free(map->slots[i].name);
	hki_free(map->slots);
	*map = (hki_name_map){ NULL, 0, 0, { 0, 0 } };
}

static struct hki_name_slot *lookup(const hki_name_map *map, const char *name)
{
	struct hki_name_slot *slot;

	if (map->count == 0)
		return NULL;
	slot = &map->slots[find(map, hash_of(map, name), name)];
	return slot->name != NULL ? slot : NULL;
}

static int insert(hki_name_map *map, const char *name, void *value)
{
	uint64_t hash;
	char *copy;
	int r;

	if (is_full(map)) {
		r = grow(map);
		if (r < 0)
			return r;
	}
	copy = hki_strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	hash = hash_of(map, name);
	map->slots[find(map, hash, name)] =
	    (struct hki_name_slot){ .hash = hash, .name = copy, .value = value };
	map->count++;
	return 0;
}

int hki_name_map_put(hki_name_map *map, const char *name, void *value)
{
	struct hki_name_slot *slot = lookup(map, name);

	hki_assert(value != NULL);
	if (slot == NULL)
		return insert(map, name, value);
	slot->value = value;
	return 0;
}

void *hki_name_map_get(const hki_name_map *map, const char *name)
{
	const struct hki_name_slot *slot = lookup(map, name);

	return slot != NULL ? slot->value : NULL;
}

/* Move later entries of the run back over the hole, unless that puts them before home. */
static void close_hole(hki_name_map *map, size_t hole)
{
	size_t mask = map->capacity - 1;

	for (size_t i = after(map, hole); map->slots[i].name != NULL; i = after(map, i)) {
		size_t from_home = (i - (size_t) map->slots[i].hash) & mask;

		if (from_home >= ((i - hole) & mask)) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	map->slots[hole] =
	    (struct hki_name_slot){ .hash = 0, .name = NULL, .value = NULL };
}

void *hki_name_map_remove(hki_name_map *map, const char *name)
{
	struct hki_name_slot *slot = lookup(map, name);
	void *value;

	if (slot == NULL)
		return NULL;
	value = slot->value;
	hki_free(slot->name);
	close_hole(map, (size_t) (slot - map->slots));
	map->count--;
	return value;
}

bool hki_name_map_each(
    const hki_name_map *map, size_t *position, const char **name, void **value)
{
	for (; *position < map->capacity; (*position)++) {
		const struct hki_name_slot *slot = &map->slots[*position];

		if (slot->name == NULL)
			continue;
		*name = slot->name;
		*value = slot->value;
		(*position)++;
		return true;
	}
	return false;
}
