#ifndef HOSTKIT_CMD_NEAREST_H
#define HOSTKIT_CMD_NEAREST_H

#include <stddef.h>

/*
 * How many single-letter mistakes lie between two words: letters left out, put
 * in, exchanged, or swapped with their neighbour (Damerau 1964, in the
 * restricted form: no part is edited twice).  Words longer than
 * CMD_NEAREST_WORD_MAX count as entirely different.
 */
size_t cmd_edit_distance(const char *a, const char *b);

#define CMD_NEAREST_WORD_MAX 64

/*
 * Remembers the best of the candidates offered so far.  Begin with the word and
 * zeros; a candidate counts if it is at most a third of the word's length away
 * (at least one, at most three mistakes).  A beginning of it counts as one mistake away.
 */
typedef struct cmd_nearest {
	const char *word;
	const char *best; /* NULL: nothing is near */
	size_t distance;
} cmd_nearest;

void cmd_nearest_offer(cmd_nearest *nearest, const char *candidate);

#endif /* HOSTKIT_CMD_NEAREST_H */
