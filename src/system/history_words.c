/*
 * A record as a row of 64-bit words: its bitmaps, then a word a field.  Numbers
 * are themselves, texts are numbers of the block, a list is its length and then
 * its elements.  Two samples of a row differ in few words and by little, whatever
 * the record is about.
 *
 * A double that its field shows with so many decimals is kept as a whole number
 * of the last of them: the bits of 7.3 and 7.4 have nothing in common, 73 and 74
 * are one apart.
 */
#include "system/history.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/assert.h"

/* Whole numbers up to here are doubles, and so come back as they went. */
#define SCALED_MAX 9007199254740992.0

int hki_history_words_reserve(hki_history_words *words, size_t count)
{
	size_t larger = words->capacity == 0 ? 32 : words->capacity;
	uint64_t *items;

	if (count <= words->capacity)
		return 0;
	while (larger < count)
		larger *= 2;
	items = hki_realloc_array(words->items, larger, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	words->items = items;
	words->capacity = larger;
	return 0;
}

static size_t bitmap_words(const hk_record_type *type)
{
	return (type->field_count + 63) / 64;
}

size_t hki_history_width(const hk_record_type *type)
{
	size_t width = 2 * bitmap_words(type);

	for (size_t i = 0; i < type->field_count; i++)
		width += type->fields[i].kind == HK_RECORD_RECORD
			     ? hki_history_width(type->fields[i].element)
			     : 1;
	return width;
}

static double scale_of(const hk_record_field *field)
{
	double scale = 1;

	for (unsigned int i = 0; i < field->decimals; i++)
		scale *= 10;
	return scale;
}

/* False when the value is not finite or too large to be kept so. */
static bool word_of_double(uint64_t *out, const hk_record_field *field, double value)
{
	double scaled;

	if (field->decimals == 0) {
		memcpy(out, &value, sizeof(value));
		return true;
	}
	scaled = value * scale_of(field);
	if (!(scaled > -SCALED_MAX && scaled < SCALED_MAX))
		return false;
	*out = (uint64_t) (int64_t) (scaled + (scaled < 0 ? -0.5 : 0.5));
	return true;
}

static double double_of_word(const hk_record_field *field, uint64_t word)
{
	double value;

	if (field->decimals > 0)
		return (double) (int64_t) word / scale_of(field);
	memcpy(&value, &word, sizeof(value));
	return value;
}

/* ---- to words ---- */

typedef struct writer {
	hki_history_words *words;
	const hki_history_words *before; /* of the same row, or NULL */
	hki_history_block *texts;
} writer;

static int put(writer *to, uint64_t word)
{
	int r = hki_history_words_reserve(to->words, to->words->count + 1);

	if (r == 0)
		to->words->items[to->words->count++] = word;
	return r;
}

static int put_record(writer *to, const hk_record_type *type, const void *record);

static int put_list(writer *to, const hk_record_type *element, const hk_record_list *list)
{
	int r = put(to, list->count);

	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = put_record(
		    to, element, (const char *) list->items + i * element->struct_size);
	return r;
}

static int put_text(writer *to, hk_record_kind kind, const void *value)
{
	uint64_t number = 0;
	/* What stood here before is a good guess. */
	uint64_t before = to->before != NULL && to->words->count < to->before->count
			      ? to->before->items[to->words->count]
			      : 0;
	int r = hki_history_intern(&number, to->texts, kind, value, before);

	return r < 0 ? r : put(to, number);
}

/* @bitmap is where the record's bitmaps stand: a double may have to lose its bit. */
static int put_value(writer *to, const hk_record_type *type, unsigned int index,
    const void *value, size_t bitmap)
{
	const hk_record_field *field = &type->fields[index];
	uint64_t word = 0;

	switch (field->kind) {
	case HK_RECORD_BOOL:
		return put(to, *(const bool *) value);
	case HK_RECORD_INT32:
	case HK_RECORD_ENUM:
		return put(to, (uint64_t) (int64_t) * (const int32_t *) value);
	case HK_RECORD_UINT32:
		return put(to, *(const uint32_t *) value);
	case HK_RECORD_INT64:
	case HK_RECORD_UINT64:
		return put(to, *(const uint64_t *) value);
	case HK_RECORD_DOUBLE:
		if (!word_of_double(&word, field, *(const double *) value))
			to->words->items[bitmap + index / 64] &=
			    ~(UINT64_C(1) << (index % 64));
		return put(to, word);
	case HK_RECORD_STRING:
	case HK_RECORD_STRINGS:
	case HK_RECORD_BYTES:
		return put_text(to, field->kind, value);
	case HK_RECORD_LIST:
		return put_list(to, field->element, value);
	case HK_RECORD_RECORD:
		return put_record(to, field->element, value);
	}
	return 0;
}

/* A field without a value is as many zeros. */
static int put_nothing(writer *to, const hk_record_field *field)
{
	size_t count =
	    field->kind == HK_RECORD_RECORD ? hki_history_width(field->element) : 1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = put(to, 0);
	return r;
}

static bool has_value(const hk_record_type *type, const void *record, unsigned int index)
{
	return hk_record_has(record, index) &&
	       (type->fields[index].kind != HK_RECORD_STRING ||
		   *(const char *const *) hk_record_value(type, record, index) != NULL);
}

static int put_record(writer *to, const hk_record_type *type, const void *record)
{
	const hk_record *header = record;
	size_t bitmap = to->words->count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < bitmap_words(type); i++)
		r = put(to, header->present[i]);
	for (size_t i = 0; r == 0 && i < bitmap_words(type); i++)
		r = put(to, header->denied[i]);
	for (unsigned int i = 0; r == 0 && i < type->field_count; i++)
		r = has_value(type, record, i)
			? put_value(to, type, i, hk_record_value(type, record, i), bitmap)
			: put_nothing(to, &type->fields[i]);
	return r;
}

int hki_history_flatten(hki_history_words *out, const hki_history_words *before,
    hki_history_block *texts, const hk_record_type *type, const void *record)
{
	writer to = { .words = out, .before = before, .texts = texts };

	out->count = 0;
	return put_record(&to, type, record);
}

/* ---- and back ---- */

typedef struct reader {
	const uint64_t *at;
	const uint64_t *end;
	const hki_history_block *texts;
	hki_arena *memory;
} reader;

static uint64_t get(reader *from)
{
	hki_assert(from->at < from->end);
	return *from->at++;
}

static int get_record(reader *from, const hk_record_type *type, void *record);

static int get_list(reader *from, const hk_record_type *element, hk_record_list *out)
{
	size_t count = (size_t) get(from);
	char *items = NULL;
	int r = 0;

	if (count > 0) {
		items = hki_arena_array(from->memory, count, element->struct_size);
		if (items == NULL)
			return -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		r = get_record(from, element, items + i * element->struct_size);
	*out = (hk_record_list){ items, count };
	return r;
}

static void get_text(reader *from, hk_record_kind kind, void *value)
{
	const hki_history_text *text = hki_history_text_at(from->texts, get(from));

	if (text == NULL)
		return;
	if (kind == HK_RECORD_STRING)
		*(const char **) value = text->value.string;
	else if (kind == HK_RECORD_STRINGS)
		*(hk_record_strings *) value = text->value.strings;
	else
		*(hk_record_bytes *) value = text->value.bytes;
}

static int get_value(reader *from, const hk_record_field *field, void *value)
{
	switch (field->kind) {
	case HK_RECORD_BOOL:
		*(bool *) value = get(from) != 0;
		return 0;
	case HK_RECORD_INT32:
	case HK_RECORD_ENUM:
	case HK_RECORD_UINT32:
		*(uint32_t *) value = (uint32_t) get(from);
		return 0;
	case HK_RECORD_INT64:
	case HK_RECORD_UINT64:
		*(uint64_t *) value = get(from);
		return 0;
	case HK_RECORD_DOUBLE:
		*(double *) value = double_of_word(field, get(from));
		return 0;
	case HK_RECORD_STRING:
	case HK_RECORD_STRINGS:
	case HK_RECORD_BYTES:
		get_text(from, field->kind, value);
		return 0;
	case HK_RECORD_LIST:
		return get_list(from, field->element, value);
	case HK_RECORD_RECORD:
		return get_record(from, field->element, value);
	}
	return 0;
}

static int get_record(reader *from, const hk_record_type *type, void *record)
{
	hk_record *header = record;
	int r = 0;

	for (size_t i = 0; i < bitmap_words(type); i++)
		header->present[i] = get(from);
	for (size_t i = 0; i < bitmap_words(type); i++)
		header->denied[i] = get(from);
	for (unsigned int i = 0; r == 0 && i < type->field_count; i++)
		r = get_value(
		    from, &type->fields[i], (char *) record + type->fields[i].offset);
	return r;
}

int hki_history_unflatten(void *out, hki_arena *memory, const hki_history_block *texts,
    const hk_record_type *type, const hki_history_words *words)
{
	reader from = {
		.at = words->items,
		.end = words->items + words->count,
		.texts = texts,
		.memory = memory,
	};

	memset(out, 0, type->struct_size);
	return get_record(&from, type, out);
}

static size_t skip_record(
    const hk_record_type *type, const hki_history_words *words, size_t at);

/* Behind the first @count fields of a record whose fields begin at @at. */
static size_t skip_fields(
    const hk_record_type *type, const hki_history_words *words, size_t at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const hk_record_field *field = &type->fields[i];
		uint64_t elements;

		if (field->kind == HK_RECORD_RECORD) {
			at = skip_record(field->element, words, at);
			continue;
		}
		elements = field->kind == HK_RECORD_LIST ? words->items[at] : 0;
		at++;
		for (; elements > 0; elements--)
			at = skip_record(field->element, words, at);
	}
	return at;
}

static size_t skip_record(
    const hk_record_type *type, const hki_history_words *words, size_t at)
{
	return skip_fields(type, words, at + 2 * bitmap_words(type), type->field_count);
}

bool hki_history_number(double *out, const hk_record_type *type,
    const hki_history_words *words, unsigned int field)
{
	const hk_record_field *row = &type->fields[field];
	uint64_t word;

	if ((words->items[field / 64] >> (field % 64) & 1) == 0)
		return false;
	word = words->items[skip_fields(type, words, 2 * bitmap_words(type), field)];
	switch (row->kind) {
	case HK_RECORD_DOUBLE:
		*out = double_of_word(row, word);
		return true;
	case HK_RECORD_UINT32:
	case HK_RECORD_UINT64:
	case HK_RECORD_BOOL:
		*out = (double) word;
		return true;
	case HK_RECORD_INT32:
	case HK_RECORD_INT64:
	case HK_RECORD_ENUM:
		*out = (double) (int64_t) word;
		return true;
	default:
		return false;
	}
}
