#ifndef HKI_CONFIG_NEAREST_H
#define HKI_CONFIG_NEAREST_H

#include <stddef.h>

/*
 * How many letters must be changed, added, dropped or swapped with their
 * neighbour to make one word of the other (optimal string alignment; Damerau
 * 1964).  Words longer than 64 bytes are as far as can be: SIZE_MAX.
 */
size_t hki_word_distance(const char *left, const char *right);

/*
 * Is @distance small enough that @word was probably meant?  A third of the
 * letters may differ, at least one.
 */
int hki_word_is_near(const char *word, size_t distance);

#endif /* HKI_CONFIG_NEAREST_H */
