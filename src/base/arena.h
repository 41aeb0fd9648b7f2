#ifndef HKI_BASE_ARENA_H
#define HKI_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory that is given back all at once.  A configuration is read, or a
 * description copied, by many small steps that would each have to undo the
 * others; with an arena they only take, and one call gives everything back.
 *
 * Running out of memory sticks: `failed` stays set, so that whoever fills the
 * arena may go on with what there is and look once, at the end.
 *
 * A zeroed arena is empty and ready.
 */
typedef struct hki_arena {
	struct hki_arena_block *blocks;
	bool failed;
} hki_arena;

void hki_arena_deinit(hki_arena *arena);

/* Memory it holds, what is not handed out yet included. */
size_t hki_arena_bytes(const hki_arena *arena);

/* Zeroed and aligned for anything.  NULL when there is no memory. */
void *hki_arena_alloc(hki_arena *arena, size_t bytes) __attribute__((warn_unused_result));
void *hki_arena_array(hki_arena *arena, size_t count, size_t bytes)
    __attribute__((warn_unused_result));

/* @length bytes of @text and a NUL. */
char *hki_arena_text(hki_arena *arena, const char *text, size_t length)
    __attribute__((warn_unused_result));

/* Copies; NULL for NULL: of @length bytes, of a string, of a NULL-terminated list of
 * strings with all its strings. */
void *hki_arena_copy(hki_arena *arena, const void *bytes, size_t length)
    __attribute__((warn_unused_result));
char *hki_arena_string(hki_arena *arena, const char *text)
    __attribute__((warn_unused_result));
const char *const *hki_arena_strings(hki_arena *arena, const char *const *texts)
    __attribute__((warn_unused_result));

char *hki_arena_format(hki_arena *arena, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 2, 3)));

/*
 * A NULL-terminated list of texts that grows in an arena; the texts are
 * Borrowed.  `items` is never NULL once something was added.
 */
typedef struct hki_texts {
	const char **items;
	size_t count;
	size_t capacity;
} hki_texts;

/* False when there is no memory. */
bool hki_texts_add(hki_texts *texts, hki_arena *arena, const char *text);

#endif /* HKI_BASE_ARENA_H */
