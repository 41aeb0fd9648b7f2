/*
 * Regular expressions that cannot hurt.  libc's engine walks an automaton, in
 * time proportional to the text, unless the expression refers back to a group;
 * and it unfolds repetitions, a{99}{99}{99} into a million states, and each + of
 * a++++ into two of what is before it.  The first is refused, the second bounded,
 * before libc sees the expression.
 */
#include "system/filter.h"

#include <errno.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The larger number of {m,n} at @at, behind the brace. */
static unsigned long repetition(const char *at)
{
	unsigned long most = 0, number = 0;

	for (; *at != '\0' && *at != '}'; at++) {
		number = is_digit(*at) ? number * 10 + (unsigned long) (*at - '0') : 0;
		if (number > most)
			most = number;
		if (most > HKI_FILTER_REPEAT_MAX)
			break;
	}
	return most;
}

/* Behind the [ of a list of characters, to its last character. */
static const char *list_end(const char *at)
{
	at += *at == '^';
	at += *at == ']';
	while (*at != '\0' && *at != ']') {
		/* [:alpha:], [.x.] and [=x=] hold a ] of their own. */
		if (at[0] == '[' && at[1] != '\0' && strchr(":.=", at[1]) != NULL) {
			char sign = at[1];

			for (at += 2; *at != '\0' && !(at[0] == sign && at[1] == ']');)
				at++;
			if (*at == '\0')
				return at;
			at++;
		}
		at++;
	}
	return at;
}

/* States that libc will make of a group so far. */
typedef struct group {
	size_t before; /* of all but its last part */
	size_t last;   /* of the part that a repetition would repeat */
} group;

static void add_part(group *to, size_t states)
{
	to->before += to->last;
	to->last = states > 0 ? states : 1;
}

/* What stands at @at, at the innermost of the @depth groups.  Returns the new depth. */
static size_t take(group *groups, size_t depth, const char *at)
{
	group *here = &groups[depth];

	switch (*at) {
	case '(':
		groups[depth + 1] = (group){ 0, 0 };
		return depth + 1;
	case ')':
		if (depth == 0)
			break; /* regcomp() tells it */
		add_part(here - 1, here->before + here->last);
		return depth - 1;
	case '+':
		/* Once, and a copy as often as one likes. */
		here->last *= 2;
		return depth;
	case '*':
	case '?':
		here->last++;
		return depth;
	case '{':
		here->last *= repetition(at + 1) + 1;
		return depth;
	default:
		break;
	}
	add_part(here, 1);
	return depth;
}

/* Why the expression is not taken, or NULL. */
static const char *danger(const char *text)
{
	group groups[HKI_FILTER_PATTERN_MAX + 1] = { { 0, 0 } };
	size_t depth = 0;

	if (strlen(text) > HKI_FILTER_PATTERN_MAX)
		return "it is too long";
	for (const char *at = text; *at != '\0'; at++) {
		depth = take(groups, depth, at);
		if (groups[depth].last > HKI_FILTER_REPEAT_MAX)
			return "it repeats too often";
		if (*at == '[') {
			at = list_end(at + 1);
			if (*at == '\0')
				return NULL; /* regcomp() tells it */
		} else if (*at == '{') {
			/* Its numbers are no parts. */
			at += strspn(at + 1, "0123456789,");
			at += at[1] == '}';
		} else if (*at == '\\') {
			if (is_digit(at[1]))
				return "it refers back to a group";
			if (*++at == '\0')
				return NULL;
		}
	}
	return NULL;
}

int hki_filter_compile(
    hki_filter_parser *parser, hki_filter_node *node, const hki_filter_token *token)
{
	const char *why = danger(token->text);
	char text[128];
	int r;

	if (why != NULL)
		return hki_filter_fail(parser, HK_EPARSE, token->column, NULL,
		    "this expression is not taken: %s", why);
	r = regcomp(&node->expression, token->text, REG_EXTENDED | REG_NOSUB);
	if (r == REG_ESPACE)
		return -ENOMEM;
	if (r != 0) {
		regerror(r, &node->expression, text, sizeof(text));
		return hki_filter_fail(parser, HK_EPARSE, token->column, NULL,
		    "'%.60s' is no regular expression: %s", token->text, text);
	}
	node->compiled = true;
	if (node->kind == HKI_FILTER_NODE_PRESENT)
		node->kind = HKI_FILTER_NODE_PATTERN;
	return 0;
}
