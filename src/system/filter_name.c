/*
 * Which field a word means.  A column's key carries its unit so that a reader of
 * JSON cannot mistake it; a person who types leaves it out.
 */
#include "system/filter.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "base/array.h"
#include "base/nearest_word.h"

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

/* @name without its unit counts as @name too: "cpi" is near to cpu_percent. */
static void offer(hki_nearest_word *nearest, const char *name)
{
	size_t away = hki_word_distance(nearest->word, name);
	size_t length = strlen(name);

	for (size_t i = 0; i < HKI_COUNT(units); i++) {
		size_t unit = strlen(units[i]);
		size_t without = SIZE_MAX;

		if (length > unit && strcmp(name + length - unit, units[i]) == 0)
			without =
			    hki_word_distance_to(nearest->word, name, length - unit);
		if (without < away)
			away = without;
	}
	hki_nearest_word_offer_at(nearest, name, away);
}

const char *hki_filter_nearest_field(const hk_record_type *type, const char *word)
{
	hki_nearest_word found = { .word = word };

	for (size_t i = 0; i < type->field_count; i++)
		offer(&found, type->fields[i].name);
	return found.best;
}

const char *hki_filter_nearest_name(const char *const *names, const char *word)
{
	hki_nearest_word found = { .word = word };

	for (; *names != NULL; names++)
		offer(&found, *names);
	return found.best;
}
