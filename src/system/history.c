/*
 * The ring: samples go into the newest block, the oldest block goes.  Limits of
 * age and number are exact, since the first samples of the oldest block can be
 * hidden before it goes; the limit of bytes counts blocks and working memory as
 * they are held.
 *
 * A sample that fails half-way closes its block at the sample before: nothing of
 * it can be seen, and the next sample begins with whole rows again.
 */
#include "system/history.h"

#include <errno.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/opts.h"

#define AGE_DEFAULT_NS (15 * 60 * HKI_NS_PER_S)
#define BYTES_DEFAULT  (UINT64_C(8) << 20)

/* A block holds at most so much of what is allowed, so that dropping one leaves most of
 * the history. */
#define BLOCKS_AT_LEAST 8

/* ---- blocks ---- */

static hki_history_block *block_at(const hki_list *node)
{
	return hki_list_entry(node, hki_history_block, node);
}

hki_history_block *hki_history_block_of(const hk_system_history *history, uint64_t number)
{
	if (number < history->first || number >= history->next)
		return NULL;
	for (hki_list *node = history->blocks.previous; node != &history->blocks;
	     node = node->previous)
		if (block_at(node)->first <= number)
			return block_at(node);
	return NULL;
}

const hki_history_moment *hki_history_moment_of(
    const hk_system_history *history, uint64_t number)
{
	const hki_history_block *block = hki_history_block_of(history, number);

	return block != NULL ? &block->moments[number - block->first] : NULL;
}

/* Nothing more is written to the newest block, and its rows are forgotten. */
static void close_block(hk_system_history *history)
{
	if (history->open == NULL)
		return;
	hki_history_block_seal(history->open);
	history->open = NULL;
	hki_map_deinit(&history->by_key);
	history->free_count = 0;
	for (size_t i = 0; i < history->slots.count; i++) {
		history->slots.items[i].used = false;
		history->slots.items[i].flags = 0;
	}
	history->slots.count = 0;
}

static void drop_block(hk_system_history *history)
{
	hki_history_block *block = block_at(history->blocks.next);

	if (block == history->open)
		close_block(history);
	hki_list_remove(&block->node);
	hki_history_block_unref(block);
}

static bool is_full(const hk_system_history *history, uint64_t time_ns)
{
	const hki_history_block *block = history->open;

	if (block->moment_count == 0)
		return false;
	return hki_history_block_cost(block) >= history->bytes_max / BLOCKS_AT_LEAST ||
	       time_ns - block->moments[0].time_ns >=
		   history->age_max_ns / BLOCKS_AT_LEAST * 2 ||
	       (history->samples_max > 0 &&
		   block->moment_count >= history->samples_max / 2 + 1);
}

static int open_block(hk_system_history *history)
{
	hki_history_block *block = hki_history_block_new(history->next);

	if (block == NULL)
		return -ENOMEM;
	hki_list_append(&history->blocks, &block->node);
	history->open = block;
	return 0;
}

/* ---- limits ---- */

uint64_t hk_system_history_bytes(const hk_system_history *history)
{
	uint64_t bytes = sizeof(*history) +
			 history->slots.capacity *
			     (sizeof(hki_history_slot) + sizeof(*history->free_slots)) +
			 history->words.capacity * sizeof(uint64_t) +
			 history->by_key.capacity * 2 * sizeof(uint64_t);

	for (size_t i = 0; i < history->slots.capacity; i++)
		bytes += history->slots.items[i].words.capacity * sizeof(uint64_t);
	for (const hki_list *node = history->blocks.next; node != &history->blocks;
	     node = node->next)
		bytes += hki_history_block_cost(block_at(node));
	return bytes;
}

static void drop_sample(hk_system_history *history)
{
	history->first++;
	history->dropped++;
}

static void drop_blocks_behind(hk_system_history *history)
{
	while (!hki_list_empty(&history->blocks)) {
		hki_history_block *block = block_at(history->blocks.next);

		if (block->first + block->moment_count > history->first ||
		    (block == history->open && history->first < history->next))
			return;
		drop_block(history);
	}
}

static void keep_age_and_number(hk_system_history *history)
{
	const hki_history_moment *newest =
	    hki_history_moment_of(history, history->next - 1);
	uint64_t now = newest->time_ns;

	while (history->samples_max > 0 &&
	       history->next - history->first > history->samples_max)
		drop_sample(history);
	while (history->first + 1 < history->next &&
	       now - hki_history_moment_of(history, history->first)->time_ns >
		   history->age_max_ns)
		drop_sample(history);
	drop_blocks_behind(history);
}

/* 0, or HK_ELIMIT when even the newest sample had to go. */
static int keep_bytes(hk_system_history *history)
{
	while (!hki_list_empty(&history->blocks) &&
	       hk_system_history_bytes(history) > history->bytes_max) {
		const hki_history_block *oldest = block_at(history->blocks.next);

		while (history->first < oldest->first + oldest->moment_count)
			drop_sample(history);
		drop_block(history);
	}
	if (history->first < history->next)
		return 0;
	hki_history_slots_deinit(&history->slots);
	return HK_ELIMIT;
}

/* ---- writing ---- */

/* Nothing of the sample that was begun stays. */
static void give_up(hk_system_history *history)
{
	hki_history_block *block = history->open;

	if (!history->writing)
		return;
	history->writing = false;
	hki_buffer_truncate(&block->bytes, history->begin_bytes);
	block->moment_count--;
	if (block->moment_count == 0) {
		close_block(history);
		hki_list_remove(&block->node);
		hki_history_block_unref(block);
		return;
	}
	close_block(history);
}

/* Rows that ended in the sample before are not in this one. */
static void forget_exited(hk_system_history *history)
{
	for (size_t i = 0; i < history->slots.count; i++) {
		hki_history_slot *slot = &history->slots.items[i];

		if (!slot->used || (slot->flags & HK_SYSTEM_HISTORY_EXITED) == 0)
			continue;
		slot->used = false;
		slot->flags = 0;
		(void) hki_map_remove(&history->by_key, slot->key);
		history->free_slots[history->free_count++] = i;
	}
}

int hk_system_history_begin(
    hk_system_history *history, uint64_t time_ns, uint64_t real_ns)
{
	const hki_history_moment *last;
	int r;

	give_up(history);
	last = history->next > history->first
		   ? hki_history_moment_of(history, history->next - 1)
		   : NULL;
	if (last != NULL && time_ns < last->time_ns)
		return -EINVAL;
	if (history->open != NULL && is_full(history, time_ns))
		close_block(history);
	if (history->open == NULL) {
		r = open_block(history);
		if (r < 0)
			return r;
	}
	r = hki_history_block_add_moment(history->open, time_ns, real_ns);
	if (r < 0) {
		if (history->open->moment_count == 0) {
			hki_history_block *empty = history->open;

			close_block(history);
			hki_list_remove(&empty->node);
			hki_history_block_unref(empty);
		}
		return r;
	}
	forget_exited(history);
	history->begin_bytes = history->open->bytes.length;
	history->writing = true;
	return 0;
}

/* A slot that is not used, with room in the list of free ones for every slot. */
static int take_slot(size_t *out, hk_system_history *history)
{
	size_t *free_slots;
	int r;

	if (history->free_count > 0) {
		*out = history->free_slots[--history->free_count];
		return 0;
	}
	r = hki_history_slots_reach(&history->slots, history->slots.count);
	if (r < 0)
		return r;
	*out = history->slots.count - 1;
	if (history->free_capacity >= history->slots.capacity)
		return 0;
	free_slots = hki_realloc_array(
	    history->free_slots, history->slots.capacity, sizeof(*history->free_slots));
	if (free_slots == NULL)
		return -ENOMEM;
	history->free_slots = free_slots;
	history->free_capacity = history->slots.capacity;
	return 0;
}

/* The slot of @key: the one it has, or a new one.  1 when it is new, 0, or an error. */
static int slot_of(size_t *out, hk_system_history *history, uint64_t key)
{
	size_t found = (size_t) hki_map_get(&history->by_key, key);
	hki_history_slot *slot;
	int r;

	if (found > 0) {
		*out = found - 1;
		return history->slots.items[*out].seen == history->next ? -EEXIST : 0;
	}
	r = take_slot(out, history);
	if (r < 0)
		return r;
	slot = &history->slots.items[*out];
	slot->key = key;
	slot->used = true;
	slot->words.count = 0;
	r = hki_map_put(&history->by_key, key, (void *) (*out + 1));
	return r < 0 ? r : 1;
}

static void swap_words(hki_history_words *a, hki_history_words *b)
{
	hki_history_words held = *a;

	*a = *b;
	*b = held;
}

static int add(
    hk_system_history *history, uint64_t key, unsigned int flags, const void *record)
{
	hki_history_slot *slot;
	size_t index = 0;
	int is_new = slot_of(&index, history, key);
	int r;

	if (is_new < 0)
		return is_new;
	slot = &history->slots.items[index];
	r = hki_history_flatten(&history->words, is_new ? NULL : &slot->words,
	    history->open, history->type, record);
	if (r == 0)
		r = hki_history_encode_row(&history->open->bytes, index, is_new, key,
		    flags, &slot->words, &history->words);
	if (r < 0)
		return r;
	swap_words(&slot->words, &history->words);
	slot->flags = flags;
	slot->seen = history->next;
	return 0;
}

int hk_system_history_add(
    hk_system_history *history, uint64_t key, unsigned int flags, const void *record)
{
	int r;

	if (!history->writing)
		return -EINVAL;
	r = add(history, key, flags, record);
	if (r < 0)
		give_up(history);
	return r;
}

/* Rows of the sample before that nobody added again. */
static int end_missing(hk_system_history *history)
{
	for (size_t i = 0; i < history->slots.count; i++) {
		hki_history_slot *slot = &history->slots.items[i];
		int r;

		if (!slot->used || slot->seen == history->next)
			continue;
		r = hki_history_encode_gone(&history->open->bytes, i);
		if (r < 0)
			return r;
		slot->used = false;
		(void) hki_map_remove(&history->by_key, slot->key);
		history->free_slots[history->free_count++] = i;
	}
	return hki_history_encode_end(&history->open->bytes);
}

int hk_system_history_end(hk_system_history *history)
{
	int r;

	if (!history->writing)
		return -EINVAL;
	r = end_missing(history);
	if (r < 0) {
		give_up(history);
		return r;
	}
	history->writing = false;
	history->next++;
	keep_age_and_number(history);
	return keep_bytes(history);
}

/* ---- what there is ---- */

size_t hk_system_history_count(const hk_system_history *history)
{
	return (size_t) (history->next - history->first);
}

uint64_t hk_system_history_time_ns(const hk_system_history *history, size_t index)
{
	const hki_history_moment *moment =
	    hki_history_moment_of(history, history->first + index);

	return moment != NULL ? moment->time_ns : 0;
}

uint64_t hk_system_history_real_ns(const hk_system_history *history, size_t index)
{
	const hki_history_moment *moment =
	    hki_history_moment_of(history, history->first + index);

	return moment != NULL ? moment->real_ns : 0;
}

int64_t hk_system_history_at(const hk_system_history *history, uint64_t time_ns)
{
	size_t low = 0, high = hk_system_history_count(history);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hk_system_history_time_ns(history, middle) <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? (int64_t) low - 1 : -ENOENT;
}

uint64_t hk_system_history_dropped(const hk_system_history *history)
{
	return history->dropped;
}

/* ---- life ---- */

int hk_system_history_new(hk_system_history **out, const hk_system_history_opts *opts)
{
	hk_system_history_opts own;
	hk_system_history *history;
	int r = hki_opts_copy(&own, sizeof(own), opts, opts->size,
	    offsetof(hk_system_history_opts, type) + sizeof(own.type));

	if (r < 0)
		return r;
	if (own.type == NULL)
		return -EINVAL;
	history = hki_zalloc(sizeof(*history));
	if (history == NULL)
		return -ENOMEM;
	hki_list_init(&history->blocks);
	history->type = own.type;
	history->age_max_ns = own.age_max_ns > 0 ? own.age_max_ns : AGE_DEFAULT_NS;
	history->bytes_max = own.bytes_max > 0 ? own.bytes_max : BYTES_DEFAULT;
	history->samples_max = own.samples_max;
	*out = history;
	return 0;
}

void hk_system_history_free(hk_system_history *history)
{
	if (history == NULL)
		return;
	close_block(history);
	while (!hki_list_empty(&history->blocks))
		drop_block(history);
	hki_history_slots_deinit(&history->slots);
	hki_free(history->words.items);
	hki_free(history->free_slots);
	hki_free(history);
}
