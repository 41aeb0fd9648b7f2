/* Three rows of the distance table are enough: a swap looks back two. */
#include "nearest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t hki_word_distance(const char *left, const char *right)
{
	size_t rows[3][WORD_MAX + 1];
	size_t left_length = strlen(left);
	size_t right_length = strlen(right);

	if (left_length > WORD_MAX || right_length > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= right_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= left_length; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= right_length; j++) {
			size_t change = left[i - 1] != right[j - 1];

			row[j] =
			    least(least(above[j], row[j - 1]) + 1, above[j - 1] + change);
			if (i > 1 && j > 1 && left[i - 1] == right[j - 2] &&
			    left[i - 2] == right[j - 1])
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[left_length % 3][right_length];
}

int hki_word_is_near(const char *word, size_t distance)
{
	size_t allowed = strlen(word) / 3;

	return distance <= (allowed == 0 ? 1 : allowed);
}
