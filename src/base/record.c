/*
 * The bitmaps and the way from a field's row to its value.  A field is
 * present, denied, or neither; never two of them.
 */
#include <hostkit/record.h>

#include <errno.h>
#include <string.h>
#include "base/assert.h"
#include "base/record_internal.h"

static uint64_t bit_of(unsigned int index)
{
	return UINT64_C(1) << (index % 64);
}

void hk_record_clear(hk_record *record, unsigned int index)
{
	if (index >= HK_RECORD_FIELDS_MAX)
		return;
	record->present[index / 64] &= ~bit_of(index);
	record->denied[index / 64] &= ~bit_of(index);
}

void hk_record_set(hk_record *record, unsigned int index)
{
	hk_record_clear(record, index);
	if (index < HK_RECORD_FIELDS_MAX)
		record->present[index / 64] |= bit_of(index);
}

void hk_record_deny(hk_record *record, unsigned int index)
{
	hk_record_clear(record, index);
	if (index < HK_RECORD_FIELDS_MAX)
		record->denied[index / 64] |= bit_of(index);
}

bool hk_record_has(const hk_record *record, unsigned int index)
{
	return index < HK_RECORD_FIELDS_MAX &&
	       (record->present[index / 64] & bit_of(index)) != 0;
}

bool hk_record_is_denied(const hk_record *record, unsigned int index)
{
	return index < HK_RECORD_FIELDS_MAX &&
	       (record->denied[index / 64] & bit_of(index)) != 0;
}

bool hk_record_has_at(const hk_record_type *type, const void *record, size_t offset)
{
	for (unsigned int i = 0; i < type->field_count; i++)
		if (type->fields[i].offset == offset)
			return hk_record_has(record, i);
	return false;
}

int hk_record_find(const hk_record_type *type, const char *name)
{
	for (size_t i = 0; i < type->field_count; i++)
		if (strcmp(type->fields[i].name, name) == 0)
			return (int) i;
	return -ENOENT;
}

const void *hk_record_value(
    const hk_record_type *type, const void *record, unsigned int index)
{
	hki_assert(index < type->field_count);
	return (const char *) record + type->fields[index].offset;
}

bool hki_record_shows(const hk_record_type *type, const void *record, unsigned int index)
{
	if (!hk_record_has(record, index))
		return false;
	return type->fields[index].kind != HK_RECORD_STRING ||
	       *(const char *const *) hk_record_value(type, record, index) != NULL;
}

const char *hki_record_enum_name(const hk_record_field *field, int32_t value)
{
	if (value < 0 || field->names == NULL)
		return NULL;
	for (int32_t i = 0; field->names[i] != NULL; i++)
		if (i == value)
			return field->names[i];
	return NULL;
}

const void *hki_record_item(
    const hk_record_type *element, const hk_record_list *list, size_t index)
{
	return (const char *) list->items + index * element->struct_size;
}
