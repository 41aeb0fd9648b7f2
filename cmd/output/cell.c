/*
 * One field of one record, as tables and cards need it.
 */
#include "cell.h"
#include <ctype.h>
#include <string.h>
#include "base/alloc.h"

char *cmd_cell_text(const hk_record_type *type, const void *record, unsigned int index)
{
	size_t length = hk_record_format(NULL, 0, type, record, index);
	char *text = hki_alloc(length + 1);

	if (text != NULL)
		hk_record_format(text, length + 1, type, record, index);
	return text;
}

bool cmd_cell_is_number(const hk_record_field *field)
{
	switch (field->kind) {
	case HK_RECORD_INT32:
	case HK_RECORD_UINT32:
	case HK_RECORD_INT64:
	case HK_RECORD_UINT64:
	case HK_RECORD_DOUBLE:
		return true;
	default:
		return false;
	}
}

bool cmd_cell_is_flat(const hk_record_field *field)
{
	return field->kind != HK_RECORD_LIST && field->kind != HK_RECORD_RECORD;
}

static int compare_numbers(hk_record_kind kind, const void *a, const void *b)
{
	switch (kind) {
	case HK_RECORD_INT32:
		return (*(const int32_t *) a > *(const int32_t *) b) -
		       (*(const int32_t *) a < *(const int32_t *) b);
	case HK_RECORD_UINT32:
		return (*(const uint32_t *) a > *(const uint32_t *) b) -
		       (*(const uint32_t *) a < *(const uint32_t *) b);
	case HK_RECORD_INT64:
		return (*(const int64_t *) a > *(const int64_t *) b) -
		       (*(const int64_t *) a < *(const int64_t *) b);
	case HK_RECORD_UINT64:
		return (*(const uint64_t *) a > *(const uint64_t *) b) -
		       (*(const uint64_t *) a < *(const uint64_t *) b);
	default:
		return (*(const double *) a > *(const double *) b) -
		       (*(const double *) a < *(const double *) b);
	}
}

static int compare_texts(
    const hk_record_type *type, const void *a, const void *b, unsigned int index)
{
	char *text_a = cmd_cell_text(type, a, index);
	char *text_b = cmd_cell_text(type, b, index);
	int order = 0;

	if (text_a != NULL && text_b != NULL)
		order = strcmp(text_a, text_b);
	hki_free(text_a);
	hki_free(text_b);
	return order;
}

int cmd_cell_compare(
    const hk_record_type *type, const void *a, const void *b, unsigned int index)
{
	bool has_a = hk_record_has(a, index), has_b = hk_record_has(b, index);

	if (!has_a || !has_b)
		return has_b - has_a;
	if (cmd_cell_is_number(&type->fields[index]))
		return compare_numbers(type->fields[index].kind,
		    hk_record_value(type, a, index), hk_record_value(type, b, index));
	return compare_texts(type, a, b, index);
}

char *cmd_cell_title(const hk_record_field *field)
{
	char *title = hki_strdup(field->title != NULL ? field->title : field->name);

	for (char *c = title; field->title == NULL && c != NULL && *c != '\0'; c++)
		*c = *c == '_' ? ' ' : (char) toupper((unsigned char) *c);
	return title;
}
