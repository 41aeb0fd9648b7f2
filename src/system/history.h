#ifndef HKI_SYSTEM_HISTORY_H
#define HKI_SYSTEM_HISTORY_H

#include <hostkit/system_history.h>
#include "base/arena.h"
#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"

/*
 * The inside of a history.
 *
 * A row is turned into words, 64 bits each, whatever its type
 * (history_words.c).  Samples are written as the words that differ from the
 * sample before (history_encode.c) into blocks that stand alone: a block begins
 * with whole rows and has its own texts (history_block.c).  So the oldest block
 * can go without looking at the others, and reading begins at the start of one
 * (history_decode.c).
 */

typedef struct hki_history_words {
	uint64_t *items;
	size_t count;
	size_t capacity;
} hki_history_words;

/* A text, a list of texts or bytes that rows of a block share. */
typedef struct hki_history_text {
	hk_record_kind kind;
	uint64_t hash;
	union {
		const char *string;
		hk_record_strings strings;
		hk_record_bytes bytes;
	} value;
} hki_history_text;

typedef struct hki_history_moment {
	uint64_t time_ns;
	uint64_t real_ns;
	size_t offset; /* of its rows in the block's bytes */
} hki_history_moment;

typedef struct hki_history_block {
	hki_list node;
	unsigned int references; /* the ring's and the views' */
	uint64_t first; /* number of its first sample, counted from the beginning */
	hki_history_moment *moments;
	size_t moment_count;
	size_t moment_capacity;
	hki_buffer bytes;
	hki_arena memory;         /* of texts */
	hki_history_text **texts; /* text i has the number i + 1 */
	size_t text_count;
	size_t text_capacity;
	hki_map by_hash; /* only while it is written */
} hki_history_block;

/* One row as it was last written or read. */
typedef struct hki_history_slot {
	uint64_t key;
	hki_history_words words;
	unsigned int flags;
	bool used;
	uint64_t seen; /* writing: the sample it was last added to */
} hki_history_slot;

typedef struct hki_history_slots {
	hki_history_slot *items;
	size_t count;
	size_t capacity;
} hki_history_slots;

struct hk_system_history {
	const hk_record_type *type;
	uint64_t age_max_ns;
	uint64_t bytes_max;
	uint64_t samples_max;

	hki_list blocks; /* the oldest first */
	uint64_t first;  /* number of the oldest sample that is kept */
	uint64_t next;   /* number of the sample that is written next */
	uint64_t dropped;

	/* the newest block, while samples are added to it */
	hki_history_block *open;
	hki_history_slots slots;
	hki_map by_key;     /* slot + 1 */
	size_t *free_slots; /* numbers of unused ones; room for all there are */
	size_t free_count;
	size_t free_capacity;
	hki_history_words words; /* of the row that is being added */
	bool writing;            /* between begin and end */
	size_t begin_bytes;      /* of the open block when the sample was begun */
};

/* ---- history_words.c ---- */

/* The words of @record.  @texts turns texts into numbers; @before, the words of the
 * same row in the sample before, or NULL, saves it searching.  0 or -ENOMEM. */
int hki_history_flatten(hki_history_words *out, const hki_history_words *before,
    hki_history_block *texts, const hk_record_type *type, const void *record);

/* The record of the words, lists in @memory, texts in @texts.  0 or -ENOMEM. */
int hki_history_unflatten(void *out, hki_arena *memory, const hki_history_block *texts,
    const hk_record_type *type, const hki_history_words *words);

/* How many words a record of @type has when its lists are empty. */
size_t hki_history_width(const hk_record_type *type);

/* Field @field of a row's words as a number.  False when it has none. */
bool hki_history_number(double *out, const hk_record_type *type,
    const hki_history_words *words, unsigned int field);

int hki_history_words_reserve(hki_history_words *words, size_t count);

/* ---- history_block.c ---- */

hki_history_block *hki_history_block_new(uint64_t first);
void hki_history_block_unref(hki_history_block *block);
/* Nothing is written to it any more: give back what only writing needs. */
void hki_history_block_seal(hki_history_block *block);
uint64_t hki_history_block_cost(const hki_history_block *block);
int hki_history_block_add_moment(
    hki_history_block *block, uint64_t time_ns, uint64_t real_ns);

/* The number of a text in this block; @before is a number it may well be.  0 or -ENOMEM. */
int hki_history_intern(uint64_t *out, hki_history_block *block, hk_record_kind kind,
    const void *value, uint64_t before);
/* The text of a number, or NULL. */
const hki_history_text *hki_history_text_at(
    const hki_history_block *block, uint64_t number);

/* ---- slots, in history_decode.c ---- */

/* Make slot @index there.  0 or -ENOMEM. */
int hki_history_slots_reach(hki_history_slots *slots, size_t index);
void hki_history_slots_deinit(hki_history_slots *slots);

/* ---- history_encode.c: one row, or its end, behind the open block's bytes ---- */

enum { HKI_HISTORY_GONE, HKI_HISTORY_NEW, HKI_HISTORY_CHANGED, HKI_HISTORY_EXITED };

int hki_history_encode_gone(hki_buffer *out, size_t slot);
int hki_history_encode_row(hki_buffer *out, size_t slot, bool is_new, uint64_t key,
    unsigned int flags, const hki_history_words *before, const hki_history_words *now);
int hki_history_encode_end(hki_buffer *out);

/* ---- history_decode.c ---- */

/* A reader that stands behind sample position - 1 of a block. */
typedef struct hki_history_cursor {
	hki_history_block *block; /* NULL: nowhere */
	size_t position;          /* samples of the block that were read */
	size_t offset;
	hki_history_slots slots;
} hki_history_cursor;

void hki_history_cursor_deinit(hki_history_cursor *cursor);
/* Stand at sample number @number, counted from the beginning of the history.
 * 0, -ENOENT, -ENOMEM. */
int hki_history_cursor_seek(
    hki_history_cursor *cursor, const hk_system_history *history, uint64_t number);
/* The slot of @key, or NULL. */
const hki_history_slot *hki_history_cursor_find(
    const hki_history_cursor *cursor, uint64_t key);

/* ---- history.c ---- */

/* The block that holds sample @number, or NULL. */
hki_history_block *hki_history_block_of(
    const hk_system_history *history, uint64_t number);
const hki_history_moment *hki_history_moment_of(
    const hk_system_history *history, uint64_t number);

#endif /* HKI_SYSTEM_HISTORY_H */
