/*
 * Asking a record.  Answers have three values (S. C. Kleene): what a record does
 * not hold is unknown, and unknown stays unknown when it is denied, so that
 * `!(cpu > 5)` never lists what nobody measured.
 */
#include "system/filter.h"

#include <errno.h>
#include <string.h>
#include "base/record_internal.h"

enum { NO, UNKNOWN, YES };

static int denied(int answer)
{
	return answer < 0 ? answer : YES - answer;
}

static long double number_of(hk_record_kind kind, const void *value)
{
	switch (kind) {
	case HK_RECORD_BOOL:
		return *(const bool *) value;
	case HK_RECORD_INT32:
		return *(const int32_t *) value;
	case HK_RECORD_UINT32:
		return *(const uint32_t *) value;
	case HK_RECORD_INT64:
		return (long double) *(const int64_t *) value;
	case HK_RECORD_UINT64:
		return (long double) *(const uint64_t *) value;
	default:
		return *(const double *) value;
	}
}

static bool holds(long double value, hki_filter_op op, long double bound)
{
	switch (op) {
	case HKI_FILTER_EQUAL:
		return value == bound;
	case HKI_FILTER_UNEQUAL:
		return value != bound;
	case HKI_FILTER_LESS:
		return value < bound;
	case HKI_FILTER_LESS_EQUAL:
		return value <= bound;
	case HKI_FILTER_GREATER:
		return value > bound;
	default:
		return value >= bound;
	}
}

/* A list of texts as one, with spaces between them. */
static int join(hki_buffer *out, const hk_record_strings *strings)
{
	int r = hki_buffer_append_text(out, "");

	for (size_t i = 0; r == 0 && i < strings->count; i++) {
		if (i > 0)
			r = hki_buffer_append_char(out, ' ');
		if (r == 0)
			r = hki_buffer_append_text(out, strings->items[i]);
	}
	return r;
}

static int copy_bytes(hki_buffer *out, const hk_record_bytes *bytes)
{
	int r = hki_buffer_append(out, bytes->data, bytes->length);

	/* Regular expressions end at a NUL; a space is as good a border. */
	for (size_t i = 0; r == 0 && i < out->length; i++)
		if (out->data[i] == '\0')
			out->data[i] = ' ';
	return r;
}

/* The field as text.  1, 0 when it has none, or -ENOMEM. */
static int text_of(
    const char **out, hk_system_filter *filter, const void *record, unsigned int index)
{
	const hk_record_field *field = &filter->type->fields[index];
	const void *value;
	const char *text = NULL;
	int r = 0;

	if (!hki_record_shows(filter->type, record, index))
		return 0;
	value = hk_record_value(filter->type, record, index);
	hki_buffer_truncate(&filter->text, 0);
	switch (field->kind) {
	case HK_RECORD_STRING:
		text = *(const char *const *) value;
		break;
	case HK_RECORD_ENUM:
		text = hki_record_enum_name(field, *(const int32_t *) value);
		break;
	case HK_RECORD_STRINGS:
		r = join(&filter->text, value);
		text = filter->text.data;
		break;
	case HK_RECORD_BYTES:
		r = copy_bytes(&filter->text, value);
		text = filter->text.data != NULL ? filter->text.data : "";
		break;
	default:
		break;
	}
	if (r < 0 || text == NULL)
		return r;
	*out = text;
	return 1;
}

static int ask_pattern(const hki_filter_node *node, const char *text)
{
	int r = regexec(&node->expression, text, 0, NULL, 0);

	if (r == REG_ESPACE)
		return -ENOMEM;
	return r == 0 ? YES : NO;
}

static int ask_text(
    hk_system_filter *filter, const hki_filter_node *node, const void *record)
{
	const char *text = NULL;
	int r = text_of(&text, filter, record, node->field);
	int answer;

	if (r <= 0)
		return r < 0 ? r : UNKNOWN;
	if (node->kind == HKI_FILTER_NODE_PATTERN) {
		answer = ask_pattern(node, text);
		return node->op == HKI_FILTER_DIFFERS ? denied(answer) : answer;
	}
	answer = strcmp(text, node->text) == 0 ? YES : NO;
	return node->op == HKI_FILTER_UNEQUAL ? denied(answer) : answer;
}

/* Unknown only if the record shows no text at all. */
static int ask_any(
    hk_system_filter *filter, const hki_filter_node *node, const void *record)
{
	int answer = UNKNOWN;

	for (unsigned int i = 0; i < filter->type->field_count; i++) {
		const char *text = NULL;
		int r = text_of(&text, filter, record, i);

		if (r > 0)
			r = ask_pattern(node, text);
		else if (r == 0)
			continue;
		if (r < 0 || r == YES)
			return r;
		answer = NO;
	}
	return answer;
}

static int ask_present(
    hk_system_filter *filter, const hki_filter_node *node, const void *record)
{
	bool shows = hki_record_shows(filter->type, record, node->field);
	const void *value = hk_record_value(filter->type, record, node->field);

	if (filter->type->fields[node->field].kind != HK_RECORD_BOOL)
		return shows ? YES : NO;
	if (!shows)
		return UNKNOWN;
	return *(const bool *) value ? YES : NO;
}

static int ask_number(
    hk_system_filter *filter, const hki_filter_node *node, const void *record)
{
	const void *value;

	if (!hki_record_shows(filter->type, record, node->field))
		return UNKNOWN;
	value = hk_record_value(filter->type, record, node->field);
	return holds(number_of(filter->type->fields[node->field].kind, value), node->op,
		   node->number)
		   ? YES
		   : NO;
}

/* YES, NO, UNKNOWN, or a negative code.  As deep as the tree, which is bounded. */
static int ask(hk_system_filter *filter, const hki_filter_node *node, const void *record)
{
	int left, right;

	switch (node->kind) {
	case HKI_FILTER_NODE_NOT:
		return denied(ask(filter, node->left, record));
	case HKI_FILTER_NODE_PRESENT:
		return ask_present(filter, node, record);
	case HKI_FILTER_NODE_NUMBER:
		return ask_number(filter, node, record);
	case HKI_FILTER_NODE_TEXT:
	case HKI_FILTER_NODE_PATTERN:
		return ask_text(filter, node, record);
	case HKI_FILTER_NODE_ANY:
		return ask_any(filter, node, record);
	default:
		break;
	}
	left = ask(filter, node->left, record);
	if (left < 0 || left == (node->kind == HKI_FILTER_NODE_AND ? NO : YES))
		return left;
	right = ask(filter, node->right, record);
	if (right < 0)
		return right;
	if (node->kind == HKI_FILTER_NODE_AND)
		return left < right ? left : right;
	return left > right ? left : right;
}

int hk_system_filter_match(hk_system_filter *filter, const void *record)
{
	int answer = ask(filter, filter->root, record);

	return answer < 0 ? answer : answer == YES;
}
