#ifndef HKI_BASE_MAP_H
#define HKI_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Hash maps by open addressing with linear probing and backward-shift
 * deletion: from a 64-bit number, or from a byte string, to a pointer.  Values
 * are Borrowed and never NULL.  String keys are Copied; their hash is SipHash
 * with a key drawn once a map, so that hostile names cannot make it slow.
 * A zeroed map is empty and ready.
 */
typedef struct hki_map {
	struct hki_map_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
} hki_map;

void hki_map_deinit(hki_map *map);
/* Put or replace.  0 or -ENOMEM. */
int hki_map_put(hki_map *map, uint64_t key, void *value);
void *hki_map_get(const hki_map *map, uint64_t key);
/* Take the value out, or NULL.  Never fails for lack of memory. */
void *hki_map_remove(hki_map *map, uint64_t key);
/* Walk: start with *position = 0; false at the end.  The map must not change meanwhile. */
bool hki_map_each(const hki_map *map, size_t *position, uint64_t *key, void **value);

typedef struct hki_name_map {
	struct hki_name_slot *slots;
	size_t capacity;
	size_t count;
	uint64_t hash_key[2];
} hki_name_map;

void hki_name_map_deinit(hki_name_map *map);
int hki_name_map_put(hki_name_map *map, const char *name, void *value);
void *hki_name_map_get(const hki_name_map *map, const char *name);
void *hki_name_map_remove(hki_name_map *map, const char *name);
bool hki_name_map_each(
    const hki_name_map *map, size_t *position, const char **name, void **value);

/* SipHash-1-3 of @length bytes (Aumasson and Bernstein, 2012). */
uint64_t hki_siphash(const uint64_t key[2], const void *bytes, size_t length);

#endif /* HKI_BASE_MAP_H */
