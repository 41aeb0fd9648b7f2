/*
 * libyaml's events become a tree that remembers where everything stood.  We
 * read events rather than libyaml's documents because limits then hold while
 * reading, and because the place of every key and alias is known.
 *
 * Aliases share nodes.  What could grow is bounded by `weight`, the number of
 * values with every alias written out: a document that would expand beyond
 * HKI_TREE_VALUES_MAX is refused at the alias that does it.  An alias to a
 * value that is still open would be a circle and is refused too, so whoever
 * walks the tree needs no care.
 */
#include "yaml_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>
#include "base/map.h"

#define TAG_PREFIX "tag:yaml.org,2002:"

/* A list or mapping that is still open. */
struct frame {
	hki_node *node;
	size_t capacity;
	hki_node *key;    /* mapping: waits for its value */
	bool key_pending; /* … also when the key could not be used */
	hki_name_map keys;
	hki_node **merges;
	size_t merge_count;
	size_t merge_capacity;
};

struct composer {
	yaml_parser_t parser;
	hki_diagnostics *diagnostics;
	hki_arena *arena;
	const char *text;
	size_t length;
	hki_name_map anchors;
	struct frame frames[HKI_TREE_DEPTH_MAX];
	size_t depth;
	hki_node *root;
	bool ended;  /* nothing more to read */
	bool failed; /* the document cannot be used */
};

static hki_place place_of(yaml_mark_t mark)
{
	return (
	    hki_place){ .line = (int) mark.line + 1, .column = (int) mark.column + 1 };
}

__attribute__((format(printf, 4, 5))) static void give_up(
    struct composer *composer, hki_place place, const char *hint, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	(void) vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	hki_complain(composer->diagnostics, place, NULL, hint, "%s", text);
	composer->failed = true;
	composer->ended = true;
}

static void out_of_memory(struct composer *composer)
{
	composer->arena->failed = true;
	composer->failed = true;
	composer->ended = true;
}

/* ---- what libyaml objects to ---- */

/* libyaml gives the offset of a bad byte, not its line. */
static hki_place place_of_offset(const struct composer *composer, size_t offset)
{
	hki_place place = { .line = 1, .column = 1 };

	for (size_t i = 0; i < offset && i < composer->length; i++) {
		unsigned char byte = (unsigned char) composer->text[i];

		if (byte == '\n') {
			place.line++;
			place.column = 1;
		} else if ((byte & 0xC0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

static char byte_at(const struct composer *composer, hki_place place)
{
	const char *at = composer->text;
	const char *end = at + composer->length;

	for (int line = 1; line < place.line; line++) {
		at = memchr(at, '\n', (size_t) (end - at));
		if (at == NULL)
			return '\0';
		at++;
	}
	if (end - at < place.column)
		return '\0';
	return at[place.column - 1];
}

static const char *hint_for(
    const struct composer *composer, hki_place place, const char *problem)
{
	switch (byte_at(composer, place)) {
	case '\t':
		return "indent with spaces; YAML does not take tabs";
	case '@':
	case '`':
	case '%':
		return "put the text in quotes";
	default:
		break;
	}
	if (strstr(problem, "mapping values are not allowed") != NULL)
		return "put a text that contains ': ' in quotes, or check the "
		       "indentation";
	if (strstr(problem, "expected key") != NULL ||
	    strstr(problem, "expected '-'") != NULL)
		return "check the indentation of this line and the one before";
	return NULL;
}

static void complain_of_syntax(struct composer *composer)
{
	const yaml_parser_t *parser = &composer->parser;
	const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
	hki_place place = place_of(parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR) {
		out_of_memory(composer);
	} else if (parser->error == YAML_READER_ERROR) {
		place = place_of_offset(composer, parser->problem_offset);
		if (strstr(problem, "control") != NULL)
			give_up(composer, place,
			    "remove it, or write it as an escape in quotes",
			    "the control character U+%04X is not allowed here",
			    (unsigned int) parser->problem_value);
		else
			give_up(composer, place, "save the file as UTF-8",
			    "the text is not valid UTF-8: %s", problem);
	} else if (parser->context != NULL && parser->context_mark.line + 1 != 0 &&
		   parser->context_mark.line != parser->problem_mark.line) {
		give_up(composer, place, hint_for(composer, place, problem),
		    "%s, %s that begins at line %d", problem, parser->context,
		    place_of(parser->context_mark).line);
	} else {
		give_up(
		    composer, place, hint_for(composer, place, problem), "%s", problem);
	}
}

/* ---- building ---- */

static hki_node *node_new(struct composer *composer, hki_node_kind kind, yaml_mark_t mark)
{
	hki_node *node = hki_arena_alloc(composer->arena, sizeof(*node));

	if (node == NULL) {
		out_of_memory(composer);
		return NULL;
	}
	node->kind = kind;
	node->place = place_of(mark);
	node->weight = 1;
	return node;
}

/* @array with room for one more of @element bytes each, or NULL. */
static void *grown(struct composer *composer, void *array, size_t count, size_t *capacity,
    size_t element)
{
	size_t wanted = *capacity == 0 ? 4 : *capacity * 2;
	void *larger;

	if (count < *capacity)
		return array;
	larger = hki_arena_array(composer->arena, wanted, element);
	if (larger == NULL) {
		out_of_memory(composer);
		return NULL;
	}
	if (count > 0)
		memcpy(larger, array, count * element);
	*capacity = wanted;
	return larger;
}

static void add_weight(
    struct composer *composer, struct frame *frame, const hki_node *child)
{
	frame->node->weight += child->weight;
	if (frame->node->weight > HKI_TREE_VALUES_MAX)
		give_up(composer, child->place, "a configuration needs far fewer",
		    "more than %d values, aliases written out", HKI_TREE_VALUES_MAX);
}

static void add_member(
    struct composer *composer, struct frame *frame, hki_node *key, hki_node *value)
{
	hki_node *map = frame->node;
	hki_member *members = grown(
	    composer, map->members, map->count, &frame->capacity, sizeof(*map->members));

	if (members == NULL)
		return;
	map->members = members;
	if (hki_name_map_put(&frame->keys, key->text, key) < 0) {
		out_of_memory(composer);
		return;
	}
	map->members[map->count++] = (hki_member){ .key = key, .value = value };
	add_weight(composer, frame, value);
}

static void add_item(struct composer *composer, struct frame *frame, hki_node *value)
{
	hki_node *list = frame->node;
	hki_node **items = grown(
	    composer, list->items, list->count, &frame->capacity, sizeof(*list->items));

	if (items == NULL)
		return;
	list->items = items;
	list->items[list->count++] = value;
	add_weight(composer, frame, value);
}

static void add_merge(struct composer *composer, struct frame *frame, hki_node *value)
{
	hki_node **merges = grown(composer, frame->merges, frame->merge_count,
	    &frame->merge_capacity, sizeof(*frame->merges));

	if (merges == NULL)
		return;
	frame->merges = merges;
	frame->merges[frame->merge_count++] = value;
}

static void add_value(
    struct composer *composer, struct frame *frame, hki_node *key, hki_node *value)
{
	char quoted[HKI_NODE_DESCRIPTION_MAX];
	const hki_node *first;

	if (key->plain && strcmp(key->text, "<<") == 0) {
		add_merge(composer, frame, value);
		return;
	}
	first = hki_name_map_get(&frame->keys, key->text);
	if (first == NULL) {
		add_member(composer, frame, key, value);
		return;
	}
	hki_text_quote(quoted, sizeof(quoted), key->text, key->length);
	hki_complain(composer->diagnostics, key->place, NULL, "keep one of them",
	    "key %s is given twice, first at line %d, column %d", quoted,
	    first->place.line, first->place.column);
}

/* Put a finished value where it belongs: the document, the open list or mapping. */
static void attach(struct composer *composer, hki_node *node)
{
	struct frame *frame;

	if (composer->depth == 0) {
		composer->root = node;
		return;
	}
	frame = &composer->frames[composer->depth - 1];
	if (frame->node->kind == HKI_NODE_LIST) {
		add_item(composer, frame, node);
	} else if (!frame->key_pending) {
		frame->key_pending = true;
		frame->key = node->kind == HKI_NODE_SCALAR ? node : NULL;
		if (frame->key == NULL)
			hki_complain(composer->diagnostics, node->place, NULL, NULL,
			    "a key must be a word, not a list or a mapping");
	} else {
		frame->key_pending = false;
		if (frame->key != NULL)
			add_value(composer, frame, frame->key, node);
	}
}

/* ---- merge keys ---- */

static void merge_map(
    struct composer *composer, struct frame *frame, const hki_node *from)
{
	if (from->kind != HKI_NODE_MAP) {
		hki_complain(composer->diagnostics, from->place, NULL, NULL,
		    "'<<' merges a mapping or a list of mappings");
		return;
	}
	for (size_t i = 0; i < from->count && !composer->failed; i++) {
		hki_node *key = from->members[i].key;

		if (hki_name_map_get(&frame->keys, key->text) == NULL)
			add_member(composer, frame, key, from->members[i].value);
	}
}

/* Keys of the mapping itself win over merged ones, earlier merges over later. */
static void merge_all(struct composer *composer, struct frame *frame)
{
	for (size_t i = 0; i < frame->merge_count && !composer->failed; i++) {
		const hki_node *from = frame->merges[i];

		if (from->kind != HKI_NODE_LIST) {
			merge_map(composer, frame, from);
			continue;
		}
		for (size_t j = 0; j < from->count && !composer->failed; j++)
			merge_map(composer, frame, from->items[j]);
	}
}

/* ---- events ---- */

static void remember_anchor(
    struct composer *composer, const yaml_char_t *anchor, hki_node *node)
{
	if (anchor != NULL &&
	    hki_name_map_put(&composer->anchors, (const char *) anchor, node) < 0)
		out_of_memory(composer);
}

static const char *standard_tag(const yaml_char_t *tag)
{
	size_t prefix = strlen(TAG_PREFIX);

	if (strncmp((const char *) tag, TAG_PREFIX, prefix) != 0)
		return NULL;
	return (const char *) tag + prefix;
}

static void complain_of_tag(
    struct composer *composer, const hki_node *node, const yaml_char_t *tag)
{
	char quoted[HKI_NODE_DESCRIPTION_MAX];

	hki_text_quote(
	    quoted, sizeof(quoted), (const char *) tag, strlen((const char *) tag));
	hki_complain(composer->diagnostics, node->place, NULL, "remove it",
	    "the tag %s means nothing here", quoted);
}

static void take_scalar(struct composer *composer, const yaml_event_t *event)
{
	const yaml_char_t *tag = event->data.scalar.tag;
	hki_node *node = node_new(composer, HKI_NODE_SCALAR, event->start_mark);
	const char *standard;

	if (node == NULL)
		return;
	node->length = event->data.scalar.length;
	node->text = hki_arena_text(
	    composer->arena, (const char *) event->data.scalar.value, node->length);
	if (node->text == NULL) {
		out_of_memory(composer);
		return;
	}
	if (strlen(node->text) != node->length) {
		hki_complain(composer->diagnostics, node->place, NULL, "remove the \\0",
		    "the text contains a NUL character");
		node->length = strlen(node->text);
	}
	node->plain = tag == NULL && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (tag != NULL && strcmp((const char *) tag, "!") != 0) {
		standard = standard_tag(tag);
		if (standard == NULL)
			complain_of_tag(composer, node, tag);
		else if (strcmp(standard, "str") != 0)
			node->plain = true;
	}
	remember_anchor(composer, event->data.scalar.anchor, node);
	attach(composer, node);
}

static void open_collection(struct composer *composer, hki_node_kind kind,
    yaml_mark_t mark, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	hki_node *node = node_new(composer, kind, mark);

	if (node == NULL)
		return;
	if (composer->depth == HKI_TREE_DEPTH_MAX) {
		give_up(composer, node->place, "a configuration needs far fewer",
		    "more than %d levels of lists and mappings", HKI_TREE_DEPTH_MAX);
		return;
	}
	if (tag != NULL && standard_tag(tag) == NULL &&
	    strcmp((const char *) tag, "!") != 0)
		complain_of_tag(composer, node, tag);
	remember_anchor(composer, anchor, node);
	composer->frames[composer->depth++] = (struct frame){ .node = node };
}

static void close_collection(struct composer *composer)
{
	struct frame *frame = &composer->frames[composer->depth - 1];

	merge_all(composer, frame);
	hki_name_map_deinit(&frame->keys);
	composer->depth--;
	if (!composer->failed)
		attach(composer, frame->node);
}

static void take_alias(struct composer *composer, const yaml_event_t *event)
{
	const char *name = (const char *) event->data.alias.anchor;
	hki_node *node = hki_name_map_get(&composer->anchors, name);
	hki_place place = place_of(event->start_mark);

	if (node == NULL) {
		hki_complain(composer->diagnostics, place, NULL,
		    "define it first with '&', or put the text in quotes",
		    "the alias '*%.64s' stands for nothing", name);
		node = node_new(composer, HKI_NODE_SCALAR, event->start_mark);
		if (node == NULL)
			return;
		node->text = hki_arena_text(composer->arena, name, strlen(name));
		if (node->text == NULL) {
			out_of_memory(composer);
			return;
		}
		node->length = strlen(name);
	}
	for (size_t i = 0; i < composer->depth; i++) {
		if (composer->frames[i].node == node) {
			give_up(composer, place, NULL,
			    "the alias '*%.64s' stands for a value that contains it",
			    name);
			return;
		}
	}
	attach(composer, node);
}

static void take_event(struct composer *composer, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		take_scalar(composer, event);
		break;
	case YAML_ALIAS_EVENT:
		take_alias(composer, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		open_collection(composer, HKI_NODE_LIST, event->start_mark,
		    event->data.sequence_start.anchor, event->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		open_collection(composer, HKI_NODE_MAP, event->start_mark,
		    event->data.mapping_start.anchor, event->data.mapping_start.tag);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_collection(composer);
		break;
	case YAML_DOCUMENT_START_EVENT:
		if (composer->root != NULL)
			give_up(composer, place_of(event->start_mark), NULL,
			    "a second document begins here; a file holds one");
		break;
	case YAML_STREAM_END_EVENT:
		composer->ended = true;
		break;
	default:
		break;
	}
}

static void compose(struct composer *composer)
{
	while (!composer->ended) {
		yaml_event_t event;

		if (!yaml_parser_parse(&composer->parser, &event)) {
			complain_of_syntax(composer);
			break;
		}
		take_event(composer, &event);
		yaml_event_delete(&event);
	}
	while (composer->depth > 0)
		hki_name_map_deinit(&composer->frames[--composer->depth].keys);
	hki_name_map_deinit(&composer->anchors);
}

hki_node *hki_tree_read(const char *text, size_t length, hki_diagnostics *diagnostics)
{
	struct composer *composer =
	    hki_arena_alloc(diagnostics->arena, sizeof(*composer));

	if (composer == NULL || !yaml_parser_initialize(&composer->parser)) {
		diagnostics->arena->failed = true;
		return NULL;
	}
	composer->diagnostics = diagnostics;
	composer->arena = diagnostics->arena;
	composer->text = text;
	composer->length = length;
	yaml_parser_set_encoding(&composer->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &composer->parser, (const unsigned char *) text, length);
	compose(composer);
	yaml_parser_delete(&composer->parser);
	if (composer->failed)
		return NULL;
	if (composer->root == NULL)
		hki_complain(diagnostics, (hki_place){ 1, 1 }, NULL,
		    "begin with 'services:'", "the file is empty");
	return composer->root;
}
