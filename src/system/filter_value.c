/*
 * What stands behind an operator, read as the field in front of it wants it:
 * 512M is a size beside rss_bytes, 90s a time beside elapsed_s, and a mistake
 * beside pid.  So a filter that compiles means what it seems to mean.
 */
#include "system/filter.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/fixed_text.h"
#include "base/json/nearest.h"
#include "base/quantity.h"

#define HINT_MAX 256

/* Every int64_t and uint64_t is compared exactly. */
_Static_assert(LDBL_MANT_DIG >= 64, "a long double holds 64-bit integers");

bool hki_filter_is_text(hk_record_kind kind)
{
	return kind == HK_RECORD_STRING || kind == HK_RECORD_STRINGS ||
	       kind == HK_RECORD_BYTES || kind == HK_RECORD_ENUM;
}

static const hk_record_field *field_of(
    const hki_filter_parser *parser, const hki_filter_node *node)
{
	return &parser->filter->type->fields[node->field];
}

static int fail_value(hki_filter_parser *parser, const hki_filter_node *node,
    const hki_filter_token *token, const char *what, const char *hint)
{
	return hki_filter_fail(parser, HK_EPARSE, token->column, hint,
	    "'%s' is %s, not '%.60s'", field_of(parser, node)->name, what, token->text);
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* "[-]12.5e-3": a fraction and a power of ten may be there, digits have to. */
static bool is_decimal(const char *text)
{
	size_t before, behind = 0;

	text += *text == '-';
	before = count_digits(text);
	text += before;
	if (*text == '.') {
		behind = count_digits(++text);
		text += behind;
	}
	if (before + behind == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '+' || *text == '-';
		if (count_digits(text) == 0)
			return false;
		text += count_digits(text);
	}
	return *text == '\0';
}

/* A decimal number, with a fraction and a power of ten or without. */
static int read_number(long double *out, const char *text)
{
	uint64_t whole;
	double real;
	bool negative = text[0] == '-';

	if (hki_uint64_parse(&whole, text + negative) == 0) {
		*out = negative ? -(long double) whole : (long double) whole;
		return 0;
	}
	text += text[0] == '+' && text[1] != '-';
	/* The reader behind it takes what is well formed, and nothing else. */
	if (!is_decimal(text) || hki_nearest_double(&real, text, strlen(text)) < 0 ||
	    !isfinite(real))
		return HK_EPARSE;
	*out = real;
	return 0;
}

/* Times and sizes have no sign of their own; differences do. */
static int read_quantity(
    long double *out, const char *text, int (*parse)(uint64_t *, const char *))
{
	bool negative = text[0] == '-';
	uint64_t value;
	int r = parse(&value, text + negative);

	if (r == 0)
		*out = negative ? -(long double) value : (long double) value;
	return r;
}

static int read_percent(long double *out, const char *text)
{
	char number[HKI_QUANTITY_TEXT_MAX];
	size_t length = strlen(text);

	if (length == 0 || length >= sizeof(number))
		return HK_EPARSE;
	memcpy(number, text, length + 1);
	if (number[length - 1] == '%')
		number[length - 1] = '\0';
	return read_number(out, number);
}

/* By the unit of the field.  Tells what is wrong. */
static int number_value(
    hki_filter_parser *parser, hki_filter_node *node, const hki_filter_token *token)
{
	switch (field_of(parser, node)->unit) {
	case HK_UNIT_BYTES:
		if (read_quantity(&node->number, token->text, hki_size_parse) == 0)
			return 0;
		return fail_value(
		    parser, node, token, "a size", "write 512M, 64K or 1.5G");
	case HK_UNIT_SECONDS:
		if (read_quantity(&node->number, token->text, hki_duration_parse) < 0)
			return fail_value(
			    parser, node, token, "a time", "write 90s, 250ms or 2h");
		node->number /= HKI_NS_PER_S;
		return 0;
	case HK_UNIT_PERCENT:
		if (read_percent(&node->number, token->text) == 0)
			return 0;
		return fail_value(parser, node, token, "a percentage", "write 5 or 5%");
	default:
		if (read_number(&node->number, token->text) == 0)
			return 0;
		return fail_value(parser, node, token, "a number", NULL);
	}
}

static int bool_value(
    hki_filter_parser *parser, hki_filter_node *node, const hki_filter_token *token)
{
	static const char *const yes[] = { "true", "yes", "1", NULL };
	static const char *const no[] = { "false", "no", "0", NULL };

	for (size_t i = 0; yes[i] != NULL; i++) {
		if (strcasecmp(token->text, yes[i]) != 0 &&
		    strcasecmp(token->text, no[i]) != 0)
			continue;
		node->number = strcasecmp(token->text, yes[i]) == 0;
		return 0;
	}
	return fail_value(parser, node, token, "yes or no", "write true or false");
}

/* All names of an enum, for a hint. */
static void list_names(char *out, size_t capacity, const char *const *names)
{
	hki_fixed_text text;

	hki_fixed_text_init(&text, out, capacity);
	hki_fixed_text_append_text(&text, "one of:");
	for (; *names != NULL; names++)
		hki_fixed_text_append_format(&text, " %s", *names);
	(void) hki_fixed_text_end(&text);
}

static int enum_value(
    hki_filter_parser *parser, hki_filter_node *node, const hki_filter_token *token)
{
	const hk_record_field *field = field_of(parser, node);
	const char *near;
	char hint[HINT_MAX];

	for (size_t i = 0; field->names[i] != NULL; i++) {
		if (strcasecmp(field->names[i], token->text) == 0) {
			node->text = field->names[i];
			return 0;
		}
	}
	near = hki_filter_nearest_name(field->names, token->text);
	if (near != NULL)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	else
		list_names(hint, sizeof(hint), field->names);
	return hki_filter_fail(parser, HK_EPARSE, token->column, hint,
	    "'%s' is never '%.60s'", field->name, token->text);
}

static bool is_ordering(hki_filter_op op)
{
	return op != HKI_FILTER_EQUAL && op != HKI_FILTER_UNEQUAL;
}

int hki_filter_value(
    hki_filter_parser *parser, hki_filter_node *node, const hki_filter_token *token)
{
	const hk_record_field *field = field_of(parser, node);

	if (field->kind == HK_RECORD_LIST || field->kind == HK_RECORD_RECORD)
		return hki_filter_fail(parser, HK_EPARSE, token->column, NULL,
		    "'%s' has parts and cannot be compared", field->name);
	if (is_ordering(node->op) &&
	    (hki_filter_is_text(field->kind) || field->kind == HK_RECORD_BOOL))
		return hki_filter_fail(parser, HK_EPARSE, token->column,
		    field->kind == HK_RECORD_BOOL ? "compare it with == or !="
						  : "compare it with == != ~ or !~",
		    "'%s' has no order", field->name);
	if (hki_filter_is_text(field->kind)) {
		node->kind = HKI_FILTER_NODE_TEXT;
		node->text = token->text;
		return field->kind == HK_RECORD_ENUM && field->names != NULL
			   ? enum_value(parser, node, token)
			   : 0;
	}
	node->kind = HKI_FILTER_NODE_NUMBER;
	return field->kind == HK_RECORD_BOOL ? bool_value(parser, node, token)
					     : number_value(parser, node, token);
}

int hki_filter_fail_field(hki_filter_parser *parser, const hki_filter_token *token)
{
	const hk_record_type *type = parser->filter->type;
	const char *near = hki_filter_nearest_field(type, token->text);
	char hint[HINT_MAX] = "";

	if (near != NULL)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	return hki_filter_fail(parser, HK_EPARSE, token->column, hint,
	    "no column is called '%.60s'", token->text);
}
