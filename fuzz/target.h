#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * What libFuzzer and replay.c call: one input in memory of exactly its size, so
 * that a sanitizer sees a read past its end.  Returns 0.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* State what must hold.  Unlike assert() it stays in builds without assertions. */
#define FUZZ_MUST(condition)                                                             \
	do {                                                                             \
		if (!(condition))                                                        \
			abort();                                                         \
	} while (0)

/* The input as a string; what follows a NUL inside is not seen.  free() it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_MUST(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif /* FUZZ_TARGET_H */
