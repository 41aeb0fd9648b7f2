#ifndef HKI_SYSTEM_FILTER_H
#define HKI_SYSTEM_FILTER_H

#include <hostkit/system_filter.h>
#include <regex.h>
#include "base/arena.h"
#include "base/buffer.h"

/*
 * The inside of a filter: text becomes tokens (filter_lex.c), tokens a tree of
 * nodes (filter_parse.c), literals values of the field's kind (filter_value.c),
 * and the tree is asked record by record (filter_match.c).
 */

/* Nobody types more terms; it bounds the depth of every recursion over the tree. */
#define HKI_FILTER_NODES_MAX 256
#define HKI_FILTER_DEPTH_MAX 64 /* of parentheses and negations */
/* An expression's bytes, and the product of its repetition bounds: libc unfolds
 * a{9}{9}{9} in memory. */
#define HKI_FILTER_PATTERN_MAX 256
#define HKI_FILTER_REPEAT_MAX  1000

typedef enum hki_filter_token_kind {
	HKI_FILTER_END,
	HKI_FILTER_WORD,   /* a bare word: a name, a number, a text */
	HKI_FILTER_STRING, /* quoted */
	HKI_FILTER_REGEX,  /* between slashes */
	HKI_FILTER_OPEN,
	HKI_FILTER_CLOSE,
	HKI_FILTER_NOT,
	HKI_FILTER_AND,
	HKI_FILTER_OR,
	HKI_FILTER_COMPARE /* op tells which */
} hki_filter_token_kind;

typedef enum hki_filter_op {
	HKI_FILTER_EQUAL,
	HKI_FILTER_UNEQUAL,
	HKI_FILTER_LESS,
	HKI_FILTER_LESS_EQUAL,
	HKI_FILTER_GREATER,
	HKI_FILTER_GREATER_EQUAL,
	HKI_FILTER_MATCHES,
	HKI_FILTER_DIFFERS /* !~ */
} hki_filter_op;

typedef struct hki_filter_token {
	hki_filter_token_kind kind;
	hki_filter_op op;
	size_t column;    /* from 1 */
	const char *text; /* in the filter's arena, unescaped */
} hki_filter_token;

typedef enum hki_filter_node_kind {
	HKI_FILTER_NODE_AND,
	HKI_FILTER_NODE_OR,
	HKI_FILTER_NODE_NOT,
	HKI_FILTER_NODE_PRESENT, /* the field has a value */
	HKI_FILTER_NODE_NUMBER,  /* field op number */
	HKI_FILTER_NODE_TEXT,    /* field == or != text */
	HKI_FILTER_NODE_PATTERN, /* field ~ expression */
	HKI_FILTER_NODE_ANY      /* some text of the record ~ expression */
} hki_filter_node_kind;

typedef struct hki_filter_node {
	hki_filter_node_kind kind;
	hki_filter_op op;
	unsigned int field;
	struct hki_filter_node *left; /* also what NOT denies */
	struct hki_filter_node *right;
	long double number; /* holds every 64-bit integer exactly */
	const char *text;
	regex_t expression;
	bool compiled;
	struct hki_filter_node *next; /* all nodes, to release expressions */
} hki_filter_node;

struct hk_system_filter {
	const hk_record_type *type;
	hki_arena arena;
	hki_filter_node *nodes;
	size_t node_count;
	hki_filter_node *root;
	hki_buffer text; /* of the field that is being compared */
	uint64_t uses[HK_RECORD_FIELDS_MAX / 64];
};

typedef struct hki_filter_parser {
	hk_system_filter *filter;
	hk_error_list *errors;
	const char *text;
	const char *at;
	hki_filter_token token; /* the one to be read next */
	unsigned int depth;
} hki_filter_parser;

/* Tell a mistake at @column.  Returns @code. */
int hki_filter_fail(hki_filter_parser *parser, int code, size_t column, const char *hint,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Read the next token into parser->token.  0 or an error. */
int hki_filter_next(hki_filter_parser *parser);
/* The same where a value is expected: words are words, and slashes stand in paths. */
int hki_filter_next_value(hki_filter_parser *parser);
/* The same where a regular expression is expected: a bare word then holds operators. */
int hki_filter_next_pattern(hki_filter_parser *parser);

/* Give @node the value @token has for its field and operator.  0 or an error. */
int hki_filter_value(
    hki_filter_parser *parser, hki_filter_node *node, const hki_filter_token *token);
int hki_filter_compile(
    hki_filter_parser *parser, hki_filter_node *node, const hki_filter_token *token);

/* Tell that no field is meant by the word. */
int hki_filter_fail_field(hki_filter_parser *parser, const hki_filter_token *token);
/* The name nearest to @word among the fields, or the NULL-terminated @names; or NULL. */
const char *hki_filter_nearest_field(const hk_record_type *type, const char *word);
const char *hki_filter_nearest_name(const char *const *names, const char *word);

/* Can texts be compared with this kind? */
bool hki_filter_is_text(hk_record_kind kind);
/* The name of @op, as it is typed. */
const char *hki_filter_op_text(hki_filter_op op);

#endif /* HKI_SYSTEM_FILTER_H */
