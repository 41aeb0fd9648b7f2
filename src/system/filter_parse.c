/*
 * The grammar, by recursive descent: || binds least, then &&, then !.
 * Each rule leaves the token behind it in parser->token.  Depth and number of
 * nodes are bounded, so neither parsing nor asking can run out of stack.
 */
#include "system/filter.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"

static int parse_or(hki_filter_node **out, hki_filter_parser *parser);

static int new_node(
    hki_filter_node **out, hki_filter_parser *parser, hki_filter_node_kind kind)
{
	hk_system_filter *filter = parser->filter;
	hki_filter_node *node;

	if (filter->node_count == HKI_FILTER_NODES_MAX)
		return hki_filter_fail(parser, HK_ELIMIT, parser->token.column, NULL,
		    "more than %d terms", HKI_FILTER_NODES_MAX);
	node = hki_arena_alloc(&filter->arena, sizeof(*node));
	if (node == NULL)
		return -ENOMEM;
	node->kind = kind;
	node->next = filter->nodes;
	filter->nodes = node;
	filter->node_count++;
	*out = node;
	return 0;
}

static void mark_used(hk_system_filter *filter, unsigned int field)
{
	if (field < HK_RECORD_FIELDS_MAX)
		filter->uses[field / 64] |= UINT64_C(1) << (field % 64);
}

/* /REGEX/ alone: some text of the record matches. */
static int parse_any(hki_filter_node **out, hki_filter_parser *parser)
{
	const hk_record_type *type = parser->filter->type;
	hki_filter_node *node = NULL;
	int r = new_node(&node, parser, HKI_FILTER_NODE_ANY);

	if (r == 0)
		r = hki_filter_compile(parser, node, &parser->token);
	if (r == 0)
		r = hki_filter_next(parser);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < type->field_count; i++)
		if (hki_filter_is_text(type->fields[i].kind))
			mark_used(parser->filter, i);
	*out = node;
	return 0;
}

/* The rest of FIELD OP VALUE. */
static int parse_comparison(
    hki_filter_parser *parser, hki_filter_node *node, size_t column)
{
	bool pattern;
	int r;

	node->op = parser->token.op;
	pattern = node->op == HKI_FILTER_MATCHES || node->op == HKI_FILTER_DIFFERS;
	r = pattern ? hki_filter_next_pattern(parser) : hki_filter_next_value(parser);
	if (r < 0)
		return r;
	if (parser->token.kind != HKI_FILTER_WORD &&
	    parser->token.kind != HKI_FILTER_STRING &&
	    !(pattern && parser->token.kind == HKI_FILTER_REGEX))
		return hki_filter_fail(parser, HK_EPARSE, parser->token.column, NULL,
		    "a value belongs behind '%s'", hki_filter_op_text(node->op));
	if (pattern &&
	    !hki_filter_is_text(parser->filter->type->fields[node->field].kind))
		return hki_filter_fail(parser, HK_EPARSE, column,
		    "compare it with == != < <= > or >=",
		    "'%s' is no text, so it matches no expression",
		    parser->filter->type->fields[node->field].name);
	r = pattern ? hki_filter_compile(parser, node, &parser->token)
		    : hki_filter_value(parser, node, &parser->token);
	return r < 0 ? r : hki_filter_next(parser);
}

static int parse_field(hki_filter_node **out, hki_filter_parser *parser)
{
	const hk_record_type *type = parser->filter->type;
	hki_filter_token name = parser->token;
	hki_filter_node *node = NULL;
	int field = hk_system_filter_field(type, name.text);
	int r;

	if (field < 0)
		return hki_filter_fail_field(parser, &name);
	r = new_node(&node, parser, HKI_FILTER_NODE_PRESENT);
	if (r == 0)
		r = hki_filter_next(parser);
	if (r < 0)
		return r;
	node->field = (unsigned int) field;
	mark_used(parser->filter, node->field);
	if (parser->token.kind == HKI_FILTER_COMPARE)
		r = parse_comparison(parser, node, name.column);
	if (r == 0)
		*out = node;
	return r;
}

static int parse_group(hki_filter_node **out, hki_filter_parser *parser)
{
	size_t column = parser->token.column;
	int r = hki_filter_next(parser);

	if (r == 0)
		r = parse_or(out, parser);
	if (r < 0)
		return r;
	if (parser->token.kind != HKI_FILTER_CLOSE)
		return hki_filter_fail(
		    parser, HK_EPARSE, column, NULL, "this '(' is never closed");
	return hki_filter_next(parser);
}

static int parse_not(hki_filter_node **out, hki_filter_parser *parser);

static int parse_denied(hki_filter_node **out, hki_filter_parser *parser)
{
	hki_filter_node *node = NULL;
	int r = new_node(&node, parser, HKI_FILTER_NODE_NOT);

	if (r == 0)
		r = hki_filter_next(parser);
	if (r == 0)
		r = parse_not(&node->left, parser);
	if (r == 0)
		*out = node;
	return r;
}

static int parse_term(hki_filter_node **out, hki_filter_parser *parser)
{
	switch (parser->token.kind) {
	case HKI_FILTER_NOT:
		return parse_denied(out, parser);
	case HKI_FILTER_OPEN:
		return parse_group(out, parser);
	case HKI_FILTER_REGEX:
		return parse_any(out, parser);
	case HKI_FILTER_WORD:
		return parse_field(out, parser);
	default:
		return hki_filter_fail(parser, HK_EPARSE, parser->token.column,
		    "as in cpu > 5 && user == www", "a column's name is expected");
	}
}

static int parse_not(hki_filter_node **out, hki_filter_parser *parser)
{
	int r;

	if (parser->depth == HKI_FILTER_DEPTH_MAX)
		return hki_filter_fail(parser, HK_ELIMIT, parser->token.column, NULL,
		    "more than %d things inside each other", HKI_FILTER_DEPTH_MAX);
	parser->depth++;
	r = parse_term(out, parser);
	parser->depth--;
	return r;
}

/* TERM { SIGN TERM }, where @parse reads a term. */
static int parse_chain(hki_filter_node **out, hki_filter_parser *parser,
    hki_filter_token_kind sign, hki_filter_node_kind kind,
    int (*parse)(hki_filter_node **, hki_filter_parser *))
{
	hki_filter_node *left = NULL;
	int r = parse(&left, parser);

	while (r == 0 && parser->token.kind == sign) {
		hki_filter_node *both = NULL;

		r = new_node(&both, parser, kind);
		if (r == 0)
			r = hki_filter_next(parser);
		if (r == 0)
			r = parse(&both->right, parser);
		if (r < 0)
			return r;
		both->left = left;
		left = both;
	}
	if (r == 0)
		*out = left;
	return r;
}

static int parse_and(hki_filter_node **out, hki_filter_parser *parser)
{
	return parse_chain(out, parser, HKI_FILTER_AND, HKI_FILTER_NODE_AND, parse_not);
}

static int parse_or(hki_filter_node **out, hki_filter_parser *parser)
{
	return parse_chain(out, parser, HKI_FILTER_OR, HKI_FILTER_NODE_OR, parse_and);
}

static int parse_all(hki_filter_parser *parser)
{
	int r;

	if (strlen(parser->text) > HK_SYSTEM_FILTER_TEXT_MAX)
		return hki_filter_fail(parser, HK_ELIMIT, HK_SYSTEM_FILTER_TEXT_MAX + 1,
		    NULL, "longer than %d bytes", HK_SYSTEM_FILTER_TEXT_MAX);
	r = hki_filter_next(parser);
	if (r == 0)
		r = parse_or(&parser->filter->root, parser);
	if (r < 0)
		return r;
	if (parser->token.kind == HKI_FILTER_CLOSE)
		return hki_filter_fail(parser, HK_EPARSE, parser->token.column, NULL,
		    "no '(' belongs to this ')'");
	if (parser->token.kind != HKI_FILTER_END)
		return hki_filter_fail(parser, HK_EPARSE, parser->token.column,
		    "quote texts that hold spaces", "&& or || is missing here");
	return 0;
}

void hk_system_filter_free(hk_system_filter *filter)
{
	if (filter == NULL)
		return;
	for (hki_filter_node *node = filter->nodes; node != NULL; node = node->next)
		if (node->compiled)
			regfree(&node->expression);
	hki_buffer_deinit(&filter->text);
	hki_arena_deinit(&filter->arena);
	hki_free(filter);
}

static void filter_freep(hk_system_filter **filter)
{
	hk_system_filter_free(*filter);
}

int hk_system_filter_new(hk_system_filter **out, const hk_record_type *type,
    const char *text, hk_error_list *errors)
{
	hki_cleanup(filter_freep) hk_system_filter *filter = hki_zalloc(sizeof(*filter));
	hki_filter_parser parser = {
		.filter = filter,
		.errors = errors,
		.text = text,
		.at = text,
	};
	int r;

	if (filter == NULL)
		return -ENOMEM;
	filter->type = type;
	r = parse_all(&parser);
	if (r < 0)
		return r;
	*out = hki_take(filter);
	return 0;
}

bool hk_system_filter_uses(const hk_system_filter *filter, unsigned int index)
{
	return index < HK_RECORD_FIELDS_MAX &&
	       (filter->uses[index / 64] >> (index % 64) & 1) != 0;
}
