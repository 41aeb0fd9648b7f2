#ifndef HKI_CONFIG_YAML_TREE_H
#define HKI_CONFIG_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "diagnostics.h"

typedef enum hki_node_kind { HKI_NODE_SCALAR, HKI_NODE_LIST, HKI_NODE_MAP } hki_node_kind;

/*
 * A value of a YAML or JSON document and where it stands.  Nodes are shared
 * where the document uses an alias, never in a circle.
 */
typedef struct hki_node {
	hki_node_kind kind;
	hki_place place;
	bool plain;       /* a scalar without quotes: it may be a number, true or null */
	const char *text; /* scalar: UTF-8 without NUL */
	size_t length;
	size_t count;  /* of items or members */
	size_t weight; /* values in here, each alias counted in full */
	struct hki_node **items;
	struct hki_member *members;
} hki_node;

typedef struct hki_member {
	hki_node *key; /* a scalar */
	hki_node *value;
} hki_member;

/* Levels a document may nest: ours has six. */
#define HKI_TREE_DEPTH_MAX 64
/* Values a document may hold with its aliases written out. */
#define HKI_TREE_VALUES_MAX 100000

/*
 * Read the one document in @text, which may be JSON too.  Duplicate keys are
 * mistakes, `<<` is replaced by what it merges.  Mistakes go to @diagnostics;
 * the tree lives in its arena.  Returns NULL when the text cannot be used at
 * all: not YAML, empty, too deep, too large.
 */
hki_node *hki_tree_read(const char *text, size_t length, hki_diagnostics *diagnostics);

/* The value of @key in a mapping, or NULL. */
hki_node *hki_node_get(const hki_node *map, const char *key);

/* A plain scalar that means "nothing": empty, ~ or null. */
bool hki_node_is_null(const hki_node *node);
/* A plain scalar `true` or `false`; *@out says which. */
bool hki_node_is_bool(bool *out, const hki_node *node);
/* A plain scalar that looks like a number. */
bool hki_node_is_number(const hki_node *node);

#define HKI_NODE_DESCRIPTION_MAX 80

/* "a list", "the number 5", "the text 'abc'", "nothing" …  Always terminated. */
void hki_node_describe(char *out, size_t capacity, const hki_node *node);

/* @length bytes of @text for a message: control characters shown, long text cut. */
void hki_text_quote(char *out, size_t capacity, const char *text, size_t length);

#endif /* HKI_CONFIG_YAML_TREE_H */
