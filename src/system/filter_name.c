/*
 * Which field a word means.  A column's key carries its unit so that a reader of
 * JSON cannot mistake it; a person who types leaves it out.
 */
#include "system/filter.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "base/array.h"

/* Longer words are like nothing. */
#define WORD_MAX 64

/* What keys end in to say their unit; the first that makes a field is meant: "cpu" is
 * cpu_percent, though there is cpu_s. */
static const char *const units[] = {
	"_percent",
	"_bytes",
	"_s",
	"_celsius",
	"_hertz",
	"_bytes_per_s",
	"_per_s",
};

/* Is @field called @name, of @length bytes, followed by @unit? */
static bool is_short_for(
    const char *name, size_t length, const char *unit, const char *field)
{
	return strncmp(name, field, length) == 0 && strcmp(field + length, unit) == 0;
}

int hk_system_filter_field(const hk_record_type *type, const char *name)
{
	int found = hk_record_find(type, name);
	size_t length = strlen(name);

	if (length == 0)
		return -ENOENT;
	for (size_t u = 0; found < 0 && u < HKI_COUNT(units); u++)
		for (size_t i = 0; found < 0 && i < type->field_count; i++)
			if (is_short_for(name, length, units[u], type->fields[i].name))
				found = (int) i;
	return found;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to leave out, put in, exchange or swap (Damerau 1964), the last row of three. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
			    least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

struct nearest {
	const char *word;
	const char *best; /* NULL: nothing is near */
	size_t distance;
};

/* @name without its unit counts as @name too: "cpi" is near to cpu_percent. */
static void offer(struct nearest *nearest, const char *name)
{
	size_t word = strlen(nearest->word), length = strlen(name);
	size_t allowed = word / 3 > 0 ? word / 3 : 1;
	size_t away;

	if (word > WORD_MAX || length > WORD_MAX)
		return;
	away = distance(nearest->word, word, name, length);
	for (size_t i = 0; i < HKI_COUNT(units); i++) {
		size_t unit = strlen(units[i]);

		if (length > unit && strcmp(name + length - unit, units[i]) == 0)
			away = least(
			    away, distance(nearest->word, word, name, length - unit));
	}
	if (strncmp(nearest->word, name, word) == 0)
		away = least(away, 1);
	if (away > allowed || away >= length)
		return;
	if (nearest->best == NULL || away < nearest->distance) {
		nearest->best = name;
		nearest->distance = away;
	}
}

const char *hki_filter_nearest_field(const hk_record_type *type, const char *word)
{
	struct nearest found = { .word = word };

	for (size_t i = 0; i < type->field_count; i++)
		offer(&found, type->fields[i].name);
	return found.best;
}

const char *hki_filter_nearest_name(const char *const *names, const char *word)
{
	struct nearest found = { .word = word };

	for (; *names != NULL; names++)
		offer(&found, *names);
	return found.best;
}
