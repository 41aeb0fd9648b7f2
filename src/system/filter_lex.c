/*
 * From characters to tokens.  What may stand in a bare word depends on what is
 * expected: a value ends at an operator, but a regular expression is made of
 * such characters, so behind ~ a word goes on until a space, && or ||, or a
 * parenthesis that was not opened inside.
 */
#include "system/filter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/array.h"
#include "base/error_list.h"

#define MESSAGE_MAX 256

int hki_filter_fail(hki_filter_parser *parser, int code, size_t column, const char *hint,
    const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	return hki_error_report(parser->errors, &(hk_error){ .code = code,
						    .line = 1,
						    .column = (int) column,
						    .source = "filter",
						    .text = text,
						    .hint = hint });
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(char c)
{
	return c == '\0' || is_space(c) || strchr("()!=<>~&|'\"", c) != NULL;
}

static const struct sign {
	char text[3];
	hki_filter_token_kind kind;
	hki_filter_op op;
} signs[] = {
	/* Longest first. */
	{ "&&", HKI_FILTER_AND, 0 },
	{ "||", HKI_FILTER_OR, 0 },
	{ "==", HKI_FILTER_COMPARE, HKI_FILTER_EQUAL },
	{ "!=", HKI_FILTER_COMPARE, HKI_FILTER_UNEQUAL },
	{ "<=", HKI_FILTER_COMPARE, HKI_FILTER_LESS_EQUAL },
	{ ">=", HKI_FILTER_COMPARE, HKI_FILTER_GREATER_EQUAL },
	{ "!~", HKI_FILTER_COMPARE, HKI_FILTER_DIFFERS },
	{ "=~", HKI_FILTER_COMPARE, HKI_FILTER_MATCHES },
	{ "=", HKI_FILTER_COMPARE, HKI_FILTER_EQUAL },
	{ "<", HKI_FILTER_COMPARE, HKI_FILTER_LESS },
	{ ">", HKI_FILTER_COMPARE, HKI_FILTER_GREATER },
	{ "~", HKI_FILTER_COMPARE, HKI_FILTER_MATCHES },
	{ "!", HKI_FILTER_NOT, 0 },
	{ "(", HKI_FILTER_OPEN, 0 },
	{ ")", HKI_FILTER_CLOSE, 0 },
};

const char *hki_filter_op_text(hki_filter_op op)
{
	for (size_t i = 0; i < HKI_COUNT(signs); i++)
		if (signs[i].kind == HKI_FILTER_COMPARE && signs[i].op == op)
			return signs[i].text;
	return "";
}

/* The token is @length bytes of the text.  Returns 0 or -ENOMEM. */
static int keep(hki_filter_parser *parser, const char *text, size_t length)
{
	parser->token.text = hki_arena_text(&parser->filter->arena, text, length);
	return parser->token.text != NULL ? 0 : -ENOMEM;
}

/* What stands between @end and the same character before it, a backslash taking the
 * meaning of it (and, in quotes, of another backslash) away. */
static int read_quoted(hki_filter_parser *parser, hki_filter_token_kind kind)
{
	char end = *parser->at++;
	const char *begin = parser->at;
	char *out;

	while (*parser->at != end) {
		if (parser->at[0] == '\\' && parser->at[1] != '\0')
			parser->at++;
		if (*parser->at == '\0')
			return hki_filter_fail(parser, HK_EPARSE, parser->token.column,
			    NULL, "the %c is never closed", end);
		parser->at++;
	}
	out =
	    hki_arena_text(&parser->filter->arena, begin, (size_t) (parser->at - begin));
	if (out == NULL)
		return -ENOMEM;
	parser->token.kind = kind;
	parser->token.text = out;
	for (const char *from = out; *from != '\0'; from++) {
		bool escape =
		    from[0] == '\\' &&
		    (from[1] == end || (kind == HKI_FILTER_STRING && from[1] == '\\'));

		from += escape;
		*out++ = *from;
	}
	*out = '\0';
	parser->at++;
	return 0;
}

static int read_sign(hki_filter_parser *parser)
{
	for (size_t i = 0; i < HKI_COUNT(signs); i++) {
		size_t length = strlen(signs[i].text);

		if (strncmp(parser->at, signs[i].text, length) != 0)
			continue;
		parser->token.kind = signs[i].kind;
		parser->token.op = signs[i].op;
		parser->at += length;
		return 0;
	}
	return hki_filter_fail(parser, HK_EPARSE, parser->token.column,
	    "write && for and, || for or", "'%c' is no operator", *parser->at);
}

static int read_word(hki_filter_parser *parser)
{
	const char *begin = parser->at;

	while (!ends_word(*parser->at))
		parser->at++;
	parser->token.kind = HKI_FILTER_WORD;
	return keep(parser, begin, (size_t) (parser->at - begin));
}

/* "and", "or" and "not" are operators where a name or an operator is expected. */
static void name_operators(hki_filter_token *token)
{
	if (token->kind != HKI_FILTER_WORD)
		return;
	if (strcmp(token->text, "and") == 0)
		token->kind = HKI_FILTER_AND;
	else if (strcmp(token->text, "or") == 0)
		token->kind = HKI_FILTER_OR;
	else if (strcmp(token->text, "not") == 0)
		token->kind = HKI_FILTER_NOT;
}

static void begin_token(hki_filter_parser *parser)
{
	while (is_space(*parser->at))
		parser->at++;
	parser->token = (hki_filter_token){
		.kind = HKI_FILTER_END,
		.column = (size_t) (parser->at - parser->text) + 1,
		.text = "",
	};
}

int hki_filter_next(hki_filter_parser *parser)
{
	char c;
	int r;

	begin_token(parser);
	c = *parser->at;
	if (c == '\0')
		return 0;
	if (c == '\'' || c == '"')
		return read_quoted(parser, HKI_FILTER_STRING);
	if (c == '/')
		return read_quoted(parser, HKI_FILTER_REGEX);
	if (ends_word(c))
		return read_sign(parser);
	r = read_word(parser);
	if (r == 0)
		name_operators(&parser->token);
	return r;
}

int hki_filter_next_value(hki_filter_parser *parser)
{
	begin_token(parser);
	if (*parser->at == '\0' || ends_word(*parser->at))
		return hki_filter_next(parser);
	return read_word(parser);
}

/* Behind a bracket that opens a list of characters: its end, or that of the text. */
static const char *skip_list(const char *at)
{
	at += *at == '^';
	at += *at == ']';
	while (*at != '\0' && *at != ']')
		at++;
	return *at == ']' ? at + 1 : at;
}

static const char *pattern_end(const char *at)
{
	unsigned int open = 0;

	while (*at != '\0' && !is_space(*at)) {
		bool both = at[0] == at[1] && (*at == '&' || *at == '|');

		if (open == 0 && (both || *at == ')'))
			break;
		if (*at == '[') {
			at = skip_list(at + 1);
			continue;
		}
		open += *at == '(';
		open -= *at == ')';
		at += 1 + (at[0] == '\\' && at[1] != '\0');
	}
	return at;
}

int hki_filter_next_pattern(hki_filter_parser *parser)
{
	const char *begin;

	begin_token(parser);
	begin = parser->at;
	if (*begin == '\'' || *begin == '"')
		return read_quoted(parser, HKI_FILTER_STRING);
	if (*begin == '/')
		return read_quoted(parser, HKI_FILTER_REGEX);
	parser->at = pattern_end(begin);
	if (parser->at == begin)
		return 0;
	parser->token.kind = HKI_FILTER_WORD;
	return keep(parser, begin, (size_t) (parser->at - begin));
}
