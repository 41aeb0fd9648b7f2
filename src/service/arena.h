#ifndef HKI_SERVICE_ARENA_H
#define HKI_SERVICE_ARENA_H

#include <stddef.h>

/*
 * Copies of what a caller described, all released at once.  A failed copy makes
 * the arena fail, so that many copies are checked in one place.
 */
typedef struct hki_arena {
	struct hki_arena_block *blocks;
	int error; /* 0 or -ENOMEM, for ever */
} hki_arena;

void hki_arena_deinit(hki_arena *arena);

/* NULL for NULL, and after a failure.  Alignment suits every type. */
void *hki_arena_copy(hki_arena *arena, const void *bytes, size_t length);
char *hki_arena_text(hki_arena *arena, const char *text);
/* A NULL-terminated array of texts. */
const char *const *hki_arena_texts(hki_arena *arena, const char *const *texts);

#endif /* HKI_SERVICE_ARENA_H */
