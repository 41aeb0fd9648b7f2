/*
 * A trie with a level a token.  A subject walks down along the child of its next
 * token and along "*", so the work depends on how many tokens it has and on how
 * many patterns agree with it so far, and hardly on how many patterns there are.
 *
 * Children are found by a keyed hash: the tokens come from peers, who shall not be
 * able to choose names that collide.
 */
#include "ipc/subject_table.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/map.h"
#include "ipc/subject.h"

struct hki_subject_node {
	hki_subject_node *parent; /* NULL: the root */
	hki_subject_node *star;   /* the child called "*" */
	hki_subject_node *rest;   /* the child called ">", which has no children */
	hki_name_map children;    /* all others */
	hki_list entries;         /* patterns that end here */
	char token[];
};

static hki_subject_node *node_new(hki_subject_node *parent, const char *token)
{
	size_t length = strlen(token);
	hki_subject_node *node = hki_zalloc(sizeof(*node) + length + 1);

	if (node == NULL)
		return NULL;
	node->parent = parent;
	hki_list_init(&node->entries);
	memcpy(node->token, token, length + 1);
	return node;
}

static void node_free(hki_subject_node *node)
{
	hki_name_map_deinit(&node->children);
	hki_free(node);
}

/* Where the parent keeps a wildcard child; NULL for a token that is none. */
static hki_subject_node **wildcard_of(hki_subject_node *parent, const char *token)
{
	if (token[0] == '*')
		return &parent->star;
	return token[0] == '>' ? &parent->rest : NULL;
}

static hki_subject_node *child_get(hki_subject_node *parent, const char *token)
{
	hki_subject_node **wildcard = wildcard_of(parent, token);

	return wildcard != NULL ? *wildcard : hki_name_map_get(&parent->children, token);
}

/* The child of that name, made if it is not there. */
static hki_subject_node *child_need(hki_subject_node *parent, const char *token)
{
	hki_subject_node **wildcard = wildcard_of(parent, token);
	hki_subject_node *child = child_get(parent, token);

	if (child != NULL || (child = node_new(parent, token)) == NULL)
		return child;
	if (wildcard != NULL) {
		*wildcard = child;
	} else if (hki_name_map_put(&parent->children, token, child) < 0) {
		node_free(child);
		return NULL;
	}
	return child;
}

static bool node_is_empty(const hki_subject_node *node)
{
	return node->star == NULL && node->rest == NULL && node->children.count == 0 &&
	       hki_list_empty(&node->entries);
}

static void child_detach(hki_subject_node *parent, hki_subject_node *child)
{
	hki_subject_node **wildcard = wildcard_of(parent, child->token);

	if (wildcard != NULL)
		*wildcard = NULL;
	else
		(void) hki_name_map_remove(&parent->children, child->token);
}

/* Remove @node and its parents as far as nothing needs them. */
static void prune(hki_subject_table *table, hki_subject_node *node)
{
	while (node != NULL && node_is_empty(node)) {
		hki_subject_node *parent = node->parent;

		if (parent != NULL)
			child_detach(parent, node);
		else
			table->root = NULL;
		node_free(node);
		node = parent;
	}
}

int hki_subject_table_add(
    hki_subject_table *table, hki_subject_entry *entry, const char *pattern)
{
	hki_subject_tokens tokens;
	hki_subject_node *node;
	int r = hki_subject_cut(&tokens, pattern, strlen(pattern), true);

	if (r < 0)
		return r;
	if (table->root == NULL && (table->root = node_new(NULL, "")) == NULL)
		return -ENOMEM;
	node = table->root;
	for (size_t i = 0; i < tokens.count; i++) {
		hki_subject_node *child = child_need(node, tokens.token[i]);

		if (child == NULL) {
			prune(table, node);
			return -ENOMEM;
		}
		node = child;
	}
	hki_list_append(&node->entries, &entry->link);
	entry->node = node;
	table->count++;
	return 0;
}

void hki_subject_table_remove(hki_subject_table *table, hki_subject_entry *entry)
{
	hki_subject_node *node = entry->node;

	if (node == NULL)
		return;
	hki_list_remove(&entry->link);
	entry->node = NULL;
	table->count--;
	prune(table, node);
}

/* ---- a subject finds its entries ---- */

static int found(hki_subject_matches *out, hki_subject_entry *entry)
{
	if (out->count == out->capacity) {
		size_t capacity = out->capacity == 0 ? 16 : out->capacity * 2;
		hki_subject_entry **entries = hki_realloc_array(
		    out->entries, capacity, sizeof(hki_subject_entry *));

		if (entries == NULL)
			return -ENOMEM;
		out->entries = entries;
		out->capacity = capacity;
	}
	out->entries[out->count++] = entry;
	return 0;
}

static int found_all(hki_subject_matches *out, const hki_subject_node *node)
{
	const hki_list *link;
	int r = 0;

	if (node == NULL)
		return 0;
	for (link = node->entries.next; link != &node->entries && r == 0;
	     link = link->next)
		r = found(out, hki_list_entry(link, hki_subject_entry, link));
	return r;
}

/* As deep as a subject has tokens, which HK_IPC_SUBJECT_TOKENS_MAX bounds. */
static int walk(hki_subject_matches *out, const hki_subject_node *node,
    const hki_subject_tokens *tokens, size_t level)
{
	int r;

	if (node == NULL)
		return 0;
	if (level == tokens->count)
		return found_all(out, node);
	r = found_all(out, node->rest);
	if (r == 0)
		r = walk(out, node->star, tokens, level + 1);
	if (r == 0 && node->children.count > 0)
		r = walk(out, hki_name_map_get(&node->children, tokens->token[level]),
		    tokens, level + 1);
	return r;
}

int hki_subject_table_match(hki_subject_matches *out, const hki_subject_table *table,
    const char *subject, size_t length)
{
	hki_subject_tokens tokens;
	int r = hki_subject_cut(&tokens, subject, length, false);

	out->count = 0;
	return r < 0 ? r : walk(out, table->root, &tokens, 0);
}

void hki_subject_matches_deinit(hki_subject_matches *matches)
{
	hki_free(matches->entries);
	memset(matches, 0, sizeof(*matches));
}

/* ---- the end ---- */

/* Some node without children below @node, its own entries forgotten on the way. */
static hki_subject_node *leaf_below(hki_subject_node *node)
{
	for (;;) {
		hki_subject_node *child = node->star != NULL ? node->star : node->rest;
		size_t position = 0;
		const char *name;
		void *value;

		if (child == NULL &&
		    hki_name_map_each(&node->children, &position, &name, &value))
			child = value;
		if (child == NULL)
			return node;
		node = child;
	}
}

void hki_subject_table_deinit(hki_subject_table *table)
{
	while (table->root != NULL) {
		hki_subject_node *leaf = leaf_below(table->root);

		while (!hki_list_empty(&leaf->entries))
			hki_list_entry(
			    hki_list_pop(&leaf->entries), hki_subject_entry, link)
			    ->node = NULL;
		prune(table, leaf);
	}
	table->count = 0;
}
