/*
 * "Did you mean …?"  Three rows of the edit-distance matrix are enough, since
 * a swap looks back two rows at most.  A hint must be worth reading: words that
 * merely share a letter or two are not offered.
 */
#include "base/nearest_word.h"
#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t hki_word_distance_to(const char *a, const char *b, size_t b_length)
{
	size_t rows[3][HKI_WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t a_length = strlen(a);

	if (a_length > HKI_WORD_MAX || b_length > HKI_WORD_MAX)
		return SIZE_MAX;

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t exchanged = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = least(exchanged, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_length];
}

size_t hki_word_distance(const char *a, const char *b)
{
	return hki_word_distance_to(a, b, strlen(b));
}

bool hki_word_is_near(const char *word, size_t distance)
{
	size_t allowed = strlen(word) / 3;

	if (allowed < 1)
		allowed = 1;
	return distance <= (allowed > 3 ? 3 : allowed);
}

void hki_nearest_word_offer_at(
    hki_nearest_word *nearest, const char *candidate, size_t distance)
{
	size_t length = strlen(nearest->word);

	/* An abbreviation is one mistake, however much it leaves out. */
	if (distance > 1 && length > 0 && strncmp(nearest->word, candidate, length) == 0)
		distance = 1;
	if (!hki_word_is_near(nearest->word, distance) || distance >= strlen(candidate))
		return;
	if (nearest->best == NULL || distance < nearest->distance) {
		nearest->best = candidate;
		nearest->distance = distance;
	}
}

void hki_nearest_word_offer(hki_nearest_word *nearest, const char *candidate)
{
	hki_nearest_word_offer_at(
	    nearest, candidate, hki_word_distance(nearest->word, candidate));
}
