/*
 * A record as JSON: one member a field, in the order of the table.  What could
 * not be read for lack of permission is named in "denied", so that a script
 * can tell it from what does not exist.
 */
#include <hostkit/record.h>

#include <stdio.h>
#include <string.h>
#include "base/json/json_writer.h"
#include "base/record_internal.h"
#include "base/utf8.h"

static void write_double(
    hk_json_writer *writer, const hk_record_field *field, double value)
{
	if (field->decimals > 0)
		hk_json_write_decimal(writer, value, field->decimals);
	else
		hk_json_write_double(writer, value);
}

/* A value without a name is written as its number, still as a string. */
static void write_enum(
    hk_json_writer *writer, const hk_record_field *field, int32_t value)
{
	const char *name = hki_record_enum_name(field, value);
	char number[16];

	snprintf(number, sizeof(number), "%d", (int) value);
	hk_json_write_string(writer, name != NULL ? name : number);
}

static void write_strings(hk_json_writer *writer, const hk_record_strings *strings)
{
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < strings->count; i++)
		hk_json_write_string(writer, strings->items[i]);
	hk_json_write_array_end(writer);
}

static void write_list(
    hk_json_writer *writer, const hk_record_type *element, const hk_record_list *list)
{
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < list->count && hk_json_writer_error(writer) == 0; i++)
		hk_record_write(writer, element, hki_record_item(element, list, i));
	hk_json_write_array_end(writer);
}

void hki_record_write_value(
    hk_json_writer *writer, const hk_record_field *field, const void *value)
{
	const hk_record_bytes *bytes = value;

	switch (field->kind) {
	case HK_RECORD_BOOL:
		hk_json_write_bool(writer, *(const bool *) value);
		break;
	case HK_RECORD_INT32:
		hk_json_write_int64(writer, *(const int32_t *) value);
		break;
	case HK_RECORD_UINT32:
		hk_json_write_uint64(writer, *(const uint32_t *) value);
		break;
	case HK_RECORD_INT64:
		hk_json_write_int64(writer, *(const int64_t *) value);
		break;
	case HK_RECORD_UINT64:
		hk_json_write_uint64(writer, *(const uint64_t *) value);
		break;
	case HK_RECORD_DOUBLE:
		write_double(writer, field, *(const double *) value);
		break;
	case HK_RECORD_STRING:
		hk_json_write_string(writer, *(const char *const *) value);
		break;
	case HK_RECORD_BYTES:
		hk_json_write_string_length(writer, bytes->data, bytes->length);
		break;
	case HK_RECORD_ENUM:
		write_enum(writer, field, *(const int32_t *) value);
		break;
	case HK_RECORD_LIST:
		write_list(writer, field->element, value);
		break;
	case HK_RECORD_RECORD:
		hk_record_write(writer, field->element, value);
		break;
	case HK_RECORD_STRINGS:
		write_strings(writer, value);
		break;
	}
}

/* If one of the strings is not UTF-8, all of them exactly, so that the places agree. */
static void write_exact_strings(
    hk_json_writer *writer, const char *name, const hk_record_strings *strings)
{
	bool valid = true;

	for (size_t i = 0; i < strings->count && valid; i++)
		valid = hki_utf8_valid(strings->items[i], strlen(strings->items[i]));
	if (valid)
		return;
	hki_json_write_key_base64(writer, name);
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < strings->count; i++)
		hki_json_write_base64(
		    writer, strings->items[i], strlen(strings->items[i]));
	hk_json_write_array_end(writer);
}

static void write_member(
    hk_json_writer *writer, const hk_record_field *field, const void *value)
{
	const hk_record_bytes *bytes = value;
	const char *text;

	switch (field->kind) {
	case HK_RECORD_STRING:
		text = *(const char *const *) value;
		hk_json_write_bytes(writer, field->name, text, strlen(text));
		break;
	case HK_RECORD_BYTES:
		hk_json_write_bytes(writer, field->name, bytes->data, bytes->length);
		break;
	default:
		hk_json_write_key(writer, field->name);
		hki_record_write_value(writer, field, value);
		if (field->kind == HK_RECORD_STRINGS)
			write_exact_strings(writer, field->name, value);
	}
}

static void write_denied(
    hk_json_writer *writer, const hk_record_type *type, const void *record)
{
	bool any = false;

	for (unsigned int i = 0; i < type->field_count; i++) {
		if (!hk_record_is_denied(record, i))
			continue;
		if (!any) {
			hk_json_write_key(writer, "denied");
			hk_json_write_array_begin(writer);
		}
		any = true;
		hk_json_write_string(writer, type->fields[i].name);
	}
	if (any)
		hk_json_write_array_end(writer);
}

void hk_record_write_members(
    hk_json_writer *writer, const hk_record_type *type, const void *record)
{
	for (unsigned int i = 0; i < type->field_count; i++)
		if (hki_record_shows(type, record, i))
			write_member(
			    writer, &type->fields[i], hk_record_value(type, record, i));
	write_denied(writer, type, record);
}

void hk_record_write(
    hk_json_writer *writer, const hk_record_type *type, const void *record)
{
	hk_json_write_object_begin(writer);
	hk_record_write_members(writer, type, record);
	hk_json_write_object_end(writer);
}
