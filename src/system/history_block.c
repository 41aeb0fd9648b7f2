/*
 * A block: some minutes of samples that need no other block to be read.  Texts
 * are stored once and known by a number; a row whose name did not change is
 * recognised by comparing with the text it had, without hashing.
 */
#include "system/history.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/assert.h"

/* Not secret: hostile names can at worst put equal texts into a block twice. */
static const uint64_t hash_key[2] = { UINT64_C(0x686f73746b697400),
	UINT64_C(0x68697374) };

hki_history_block *hki_history_block_new(uint64_t first)
{
	hki_history_block *block = hki_zalloc(sizeof(*block));

	if (block == NULL)
		return NULL;
	hki_list_init(&block->node);
	block->references = 1;
	block->first = first;
	return block;
}

void hki_history_block_unref(hki_history_block *block)
{
	if (block == NULL || --block->references > 0)
		return;
	hki_list_remove(&block->node);
	hki_map_deinit(&block->by_hash);
	hki_arena_deinit(&block->memory);
	hki_buffer_deinit(&block->bytes);
	hki_free(block->texts);
	hki_free(block->moments);
	hki_free(block);
}

void hki_history_block_seal(hki_history_block *block)
{
	char *bytes;

	hki_map_deinit(&block->by_hash);
	if (block->bytes.start != 0 || block->bytes.length == block->bytes.capacity)
		return;
	bytes = hki_realloc(block->bytes.data, block->bytes.length + 1);
	if (bytes == NULL)
		return; /* it stays larger than it needs to be */
	block->bytes.data = bytes;
	block->bytes.capacity = block->bytes.length;
}

uint64_t hki_history_block_cost(const hki_history_block *block)
{
	return sizeof(*block) + block->moment_capacity * sizeof(*block->moments) +
	       block->bytes.capacity + hki_arena_bytes(&block->memory) +
	       block->text_capacity * sizeof(*block->texts) +
	       block->by_hash.capacity * 2 * sizeof(uint64_t);
}

/* Room for one more item of @bytes each.  0 or -ENOMEM. */
static int grow(void **items, size_t *capacity, size_t count, size_t bytes)
{
	size_t larger = *capacity == 0 ? 16 : *capacity * 2;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = hki_realloc_array(*items, larger, bytes);
	if (grown == NULL)
		return -ENOMEM;
	*items = grown;
	*capacity = larger;
	return 0;
}

int hki_history_block_add_moment(
    hki_history_block *block, uint64_t time_ns, uint64_t real_ns)
{
	void *moments = block->moments;
	int r = grow(&moments, &block->moment_capacity, block->moment_count,
	    sizeof(*block->moments));

	if (r < 0)
		return r;
	block->moments = moments;
	block->moments[block->moment_count++] =
	    (hki_history_moment){ time_ns, real_ns, block->bytes.length };
	return 0;
}

static uint64_t hash_of(hk_record_kind kind, const void *value)
{
	const hk_record_strings *strings = value;
	const hk_record_bytes *bytes = value;
	const char *string;
	uint64_t hash = (uint64_t) kind;

	switch (kind) {
	case HK_RECORD_STRING:
		string = *(const char *const *) value;
		return hki_siphash(hash_key, string, strlen(string)) ^ hash;
	case HK_RECORD_BYTES:
		return hki_siphash(hash_key, bytes->data, bytes->length) ^ hash;
	default:
		for (size_t i = 0; i < strings->count; i++)
			hash = hash * UINT64_C(0x9e3779b97f4a7c15) +
			       hki_siphash(hash_key, strings->items[i],
				   strlen(strings->items[i]));
		return hash;
	}
}

static bool is_same(const hki_history_text *text, hk_record_kind kind, const void *value)
{
	const hk_record_strings *strings = value;
	const hk_record_bytes *bytes = value;

	if (text == NULL || text->kind != kind)
		return false;
	switch (kind) {
	case HK_RECORD_STRING:
		return strcmp(text->value.string, *(const char *const *) value) == 0;
	case HK_RECORD_BYTES:
		return text->value.bytes.length == bytes->length &&
		       (bytes->length == 0 || memcmp(text->value.bytes.data, bytes->data,
						  bytes->length) == 0);
	default:
		if (text->value.strings.count != strings->count)
			return false;
		for (size_t i = 0; i < strings->count; i++)
			if (strcmp(text->value.strings.items[i], strings->items[i]) != 0)
				return false;
		return true;
	}
}

static void *take(hki_history_block *block, size_t bytes)
{
	return hki_arena_alloc(&block->memory, bytes > 0 ? bytes : 1);
}

static const char *take_string(hki_history_block *block, const char *string)
{
	size_t length = strlen(string) + 1;
	char *copy = take(block, length);

	if (copy != NULL)
		memcpy(copy, string, length);
	return copy;
}

static bool copy_strings(
    hk_record_strings *out, hki_history_block *block, const hk_record_strings *strings)
{
	const char **items = take(block, strings->count * sizeof(*items));

	if (items == NULL)
		return false;
	for (size_t i = 0; i < strings->count; i++) {
		items[i] = take_string(block, strings->items[i]);
		if (items[i] == NULL)
			return false;
	}
	*out = (hk_record_strings){ items, strings->count };
	return true;
}

static bool copy_value(
    hki_history_text *text, hki_history_block *block, const void *value)
{
	const hk_record_bytes *bytes = value;
	void *copy;

	switch (text->kind) {
	case HK_RECORD_STRING:
		text->value.string = take_string(block, *(const char *const *) value);
		return text->value.string != NULL;
	case HK_RECORD_BYTES:
		copy = take(block, bytes->length);
		if (copy != NULL && bytes->length > 0)
			memcpy(copy, bytes->data, bytes->length);
		text->value.bytes = (hk_record_bytes){ copy, bytes->length };
		return copy != NULL;
	default:
		return copy_strings(&text->value.strings, block, value);
	}
}

static int add_text(uint64_t *out, hki_history_block *block, hk_record_kind kind,
    const void *value, uint64_t hash)
{
	hki_history_text *text = take(block, sizeof(*text));
	void *texts = block->texts;
	int r;

	if (text == NULL)
		return -ENOMEM;
	text->kind = kind;
	text->hash = hash;
	if (!copy_value(text, block, value))
		return -ENOMEM;
	r = grow(&texts, &block->text_capacity, block->text_count, sizeof(*block->texts));
	if (r < 0)
		return r;
	block->texts = texts;
	r = hki_map_put(&block->by_hash, hash, (void *) (block->text_count + 1));
	if (r < 0)
		return r;
	block->texts[block->text_count++] = text;
	*out = block->text_count;
	return 0;
}

const hki_history_text *hki_history_text_at(
    const hki_history_block *block, uint64_t number)
{
	if (number == 0)
		return NULL;
	hki_assert(number <= block->text_count);
	return block->texts[number - 1];
}

int hki_history_intern(uint64_t *out, hki_history_block *block, hk_record_kind kind,
    const void *value, uint64_t before)
{
	uint64_t hash, number;

	if (before > 0 && before <= block->text_count &&
	    is_same(block->texts[before - 1], kind, value)) {
		*out = before;
		return 0;
	}
	hash = hash_of(kind, value);
	number = (uint64_t) (uintptr_t) hki_map_get(&block->by_hash, hash);
	if (number > 0 && is_same(block->texts[number - 1], kind, value)) {
		*out = number;
		return 0;
	}
	return add_text(out, block, kind, value, hash);
}
