#ifndef HKI_BASE_NEAREST_WORD_H
#define HKI_BASE_NEAREST_WORD_H

#include <stdbool.h>
#include <stddef.h>

/* "Did you mean …?" */

/* Longer words, in bytes, are like nothing. */
#define HKI_WORD_MAX 64

/*
 * How many single-letter mistakes lie between two words: letters left out, put
 * in, exchanged, or swapped with their neighbour (Damerau 1964, in the
 * restricted form: no part is edited twice).  Words longer than
 * HKI_WORD_MAX count as entirely different: SIZE_MAX.
 */
size_t hki_word_distance(const char *a, const char *b);
/* The same for the first @b_length bytes of @b. */
size_t hki_word_distance_to(const char *a, const char *b, size_t b_length);

/* Is @distance small enough that @word was probably meant?  A third of the letters may
 * be wrong: at least one, at most three. */
bool hki_word_is_near(const char *word, size_t distance);

/*
 * Remembers the best of the candidates offered so far.  Begin with the word and
 * zeros; a candidate counts if it is near.  A beginning of it counts as one mistake
 * away, and one that shares no letter with the word never counts.
 */
typedef struct hki_nearest_word {
	const char *word;
	const char *best; /* NULL: nothing is near */
	size_t distance;
} hki_nearest_word;

void hki_nearest_word_offer(hki_nearest_word *nearest, const char *candidate);
/* The same where the caller knows of a reading of it that is @distance away. */
void hki_nearest_word_offer_at(
    hki_nearest_word *nearest, const char *candidate, size_t distance);

#endif /* HKI_BASE_NEAREST_WORD_H */
