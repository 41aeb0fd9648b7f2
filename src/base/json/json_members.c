/*
 * Keys of an object: that none is there twice, and finding one among many.
 *
 * While an object is read, each key sets one of 64 bits.  Only where a bit was
 * set already can two keys be the same; a small object is then compared pair by
 * pair.  A large one always gets an index: a hash table of distances, stored on
 * the tape behind the members, which answers both questions.  Its hash has a
 * key drawn for the document, so nobody can choose names that collide.
 */
#include "base/json/json_document.h"

#include <string.h>
#include <hostkit/error.h>
#include "base/map.h"

/* Places on the tape that one index takes: the hash key, then the slots. */
#define SLOTS_A_VALUE ((uint32_t) (sizeof(hk_json) / sizeof(uint32_t)))

static bool is_same_key(const hk_json *a, const hk_json *b)
{
	return a->size == b->size && memcmp(a->as.text, b->as.text, a->size) == 0;
}

/*
 * @first and @second, in the order of the text, have the same name.  Returns the one that
 * stays, or NULL when that was told.
 */
static hk_json *settle(
    hk_json_document *document, uint32_t place, hk_json *first, hk_json *second)
{
	bool keep_first = document->opts.duplicates == HK_JSON_DUPLICATES_FIRST;

	if (document->opts.duplicates == HK_JSON_DUPLICATES_REFUSE) {
		hki_json_fail(document, HK_EPARSE, second->as.text - 1,
		    "the object has a member of this name already");
		return NULL;
	}
	(keep_first ? second : first)->tag |= HKI_JSON_SHADOWED;
	document->tape[place].size--;
	return keep_first ? first : second;
}

static hk_json *next_key(hk_json *key)
{
	return key + (hki_json_behind(key + 1) - key);
}

static int compare_pairs(hk_json_document *document, uint32_t place, uint32_t count)
{
	hk_json *keys[HKI_JSON_SMALL_OBJECT];
	hk_json *key = &document->tape[place + 1];

	for (uint32_t i = 0; i < count; i++, key = next_key(key)) {
		keys[i] = key;
		for (uint32_t j = 0; j < i; j++) {
			if ((keys[j]->tag & HKI_JSON_SHADOWED) ||
			    !is_same_key(keys[j], key))
				continue;
			if (settle(document, place, keys[j], key) == NULL)
				return HK_EPARSE;
			break;
		}
	}
	return 0;
}

/* The index of an object: its hash key, its slots, and their number less one. */
typedef struct key_index {
	uint64_t hash_key[2];
	uint32_t *slots; /* distance of a key from the object, or 0 */
	uint32_t mask;
} key_index;

static key_index index_of(const hk_json *object)
{
	const hk_json *table = object + object->as.inside.index;
	key_index found;

	memcpy(found.hash_key, table, sizeof(found.hash_key));
	found.slots = (uint32_t *) (void *) (table + 1);
	found.mask =
	    (object->as.inside.span - object->as.inside.index - 1) * SLOTS_A_VALUE - 1;
	return found;
}

/* The slot where @key is, or where it would go. */
static uint32_t *find_slot(
    const key_index *index, const hk_json *object, const char *key, size_t length)
{
	uint32_t at = (uint32_t) hki_siphash(index->hash_key, key, length) & index->mask;

	while (index->slots[at] != 0) {
		const hk_json *other = object + index->slots[at];

		if (other->size == length && memcmp(other->as.text, key, length) == 0)
			break;
		at = (at + 1) & index->mask;
	}
	return &index->slots[at];
}

/* Put an empty index behind the object. */
static int append_index(hk_json_document *document, uint32_t place, uint32_t count)
{
	uint32_t slots = UINT32_C(1) << (33 - __builtin_clz(count));
	uint32_t values = 1 + slots / SLOTS_A_VALUE;
	hk_json *object;
	hk_json *table;
	int r;

	r = hki_json_reserve(document, values);
	if (r < 0)
		return r;
	object = &document->tape[place];
	table = &document->tape[document->count];
	memset(table, 0, values * sizeof(*table));
	memcpy(table, document->hash_key, sizeof(document->hash_key));
	document->count += values;
	object->tag |= HKI_JSON_INDEXED;
	object->as.inside.index = object->as.inside.span;
	object->as.inside.span += values;
	return 0;
}

static int build_index(hk_json_document *document, uint32_t place, uint32_t count)
{
	key_index index;
	hk_json *object;
	hk_json *key;
	int r;

	r = append_index(document, place, count);
	if (r < 0)
		return r;
	object = &document->tape[place];
	index = index_of(object);
	key = object + 1;
	for (uint32_t i = 0; i < count; i++, key = next_key(key)) {
		uint32_t *slot = find_slot(&index, object, key->as.text, key->size);
		hk_json *stays = key;

		if (*slot != 0)
			stays = settle(document, place, object + *slot, key);
		if (stays == NULL)
			return HK_EPARSE;
		*slot = (uint32_t) (stays - object);
	}
	return 0;
}

int hki_json_finish_object(hk_json_document *document, uint32_t place, bool doubtful)
{
	uint32_t count = document->tape[place].size;

	if (count > HKI_JSON_SMALL_OBJECT)
		return build_index(document, place, count);
	return doubtful ? compare_pairs(document, place, count) : 0;
}

const hk_json *hki_json_find_indexed(
    const hk_json *object, const char *key, size_t length)
{
	key_index index = index_of(object);
	const uint32_t *slot = find_slot(&index, object, key, length);

	return *slot == 0 ? NULL : object + *slot + 1;
}
