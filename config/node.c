/*
 * What a node is, in the few senses a configuration knows.  Only `true` and
 * `false` are truth values, so that the country NO stays a text; numbers are
 * decimal, so that 010 and 0x1F do not surprise anybody.
 */
#include "yaml_tree.h"

#include <stdio.h>
#include <string.h>

hki_node *hki_node_get(const hki_node *map, const char *key)
{
	if (map->kind != HKI_NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->members[i].key->text, key) == 0)
			return map->members[i].value;
	return NULL;
}

bool hki_node_is_null(const hki_node *node)
{
	if (node->kind != HKI_NODE_SCALAR || !node->plain)
		return false;
	return node->length == 0 || strcmp(node->text, "~") == 0 ||
	       strcmp(node->text, "null") == 0;
}

bool hki_node_is_bool(bool *out, const hki_node *node)
{
	bool is_true;

	if (node->kind != HKI_NODE_SCALAR || !node->plain)
		return false;
	is_true = strcmp(node->text, "true") == 0;
	if (!is_true && strcmp(node->text, "false") != 0)
		return false;
	*out = is_true;
	return true;
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

bool hki_node_is_number(const hki_node *node)
{
	const char *at = node->text;
	size_t whole;
	size_t fraction = 0;

	if (node->kind != HKI_NODE_SCALAR || !node->plain)
		return false;
	at += *at == '-' || *at == '+';
	whole = digits(at);
	at += whole;
	if (*at == '.') {
		fraction = digits(at + 1);
		at += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '-' || *at == '+';
		if (digits(at) == 0)
			return false;
		at += digits(at);
	}
	return *at == '\0';
}

void hki_text_quote(char *out, size_t capacity, const char *text, size_t length)
{
	size_t used = 0;
	size_t i = 0;

	if (capacity < 16) {
		if (capacity > 0)
			out[0] = '\0';
		return;
	}
	out[used++] = '\'';
	/* Room for one more escape, the dots, the quote and the NUL. */
	while (i < length && used < capacity - 12) {
		unsigned char byte = (unsigned char) text[i++];

		if (byte == '\n')
			used += (size_t) sprintf(out + used, "\\n");
		else if (byte == '\t')
			used += (size_t) sprintf(out + used, "\\t");
		else if (byte < 0x20 || byte == 0x7F)
			used +=
			    (size_t) sprintf(out + used, "\\x%02X", (unsigned int) byte);
		else
			out[used++] = (char) byte;
	}
	/* Never cut inside a character. */
	if (i < length) {
		while (i > 0 && ((unsigned char) text[i] & 0xC0) == 0x80 && used > 1) {
			used--;
			i--;
		}
		used += (size_t) sprintf(out + used, "...");
	}
	out[used++] = '\'';
	out[used] = '\0';
}

void hki_node_describe(char *out, size_t capacity, const hki_node *node)
{
	char quoted[HKI_NODE_DESCRIPTION_MAX - 10];
	bool truth;

	if (node->kind == HKI_NODE_LIST) {
		(void) snprintf(out, capacity, "a list");
	} else if (node->kind == HKI_NODE_MAP) {
		(void) snprintf(out, capacity, "a mapping");
	} else if (hki_node_is_null(node)) {
		(void) snprintf(out, capacity, "nothing");
	} else if (hki_node_is_bool(&truth, node)) {
		(void) snprintf(out, capacity, "%s", truth ? "true" : "false");
	} else if (hki_node_is_number(node) && node->length < 40) {
		(void) snprintf(out, capacity, "the number %s", node->text);
	} else {
		hki_text_quote(quoted, sizeof(quoted), node->text, node->length);
		(void) snprintf(out, capacity, "the text %s", quoted);
	}
}
