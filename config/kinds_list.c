/*
 * Lists and mappings of texts, commands, environments; and sections within
 * sections.  Wherever a list is wanted, one text may stand for a list of one.
 */
#include "kinds.h"

#include <stdio.h>
#include <string.h>
#include "base/map.h"
#include "base/words.h"

/* ---- lists of texts ---- */

void hki_schema_text_or_list(hk_json_writer *writer)
{
	hk_json_write_key(writer, "oneOf");
	hk_json_write_array_begin(writer);
	hk_json_write_object_begin(writer);
	hki_schema_type(writer, "string");
	hk_json_write_object_end(writer);
	hk_json_write_object_begin(writer);
	hki_schema_type(writer, "array");
	hk_json_write_key(writer, "items");
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "type");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "string");
	hk_json_write_string(writer, "number");
	hk_json_write_string(writer, "boolean");
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_array_end(writer);
}

static void add_text(hki_check *check, const hki_key *key, const hki_node *node,
    bool path, hki_texts *texts)
{
	hki_scalar scalar;
	const char *text;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	text = path ? hki_check_path(check, scalar.text) : scalar.text;
	if (text != NULL)
		(void) hki_texts_add(texts, check->arena, text);
}

static void read_list(hki_check *check, const hki_key *key, const hki_node *node,
    bool path, hki_config_texts *out)
{
	hki_texts texts = { 0 };

	if (node->kind == HKI_NODE_MAP) {
		hki_check_refuse(check, key, node);
		return;
	}
	if (node->kind == HKI_NODE_SCALAR)
		add_text(check, key, node, path, &texts);
	for (size_t i = 0; i < node->count; i++) {
		hki_step step = { .parent = check->step, .index = i };

		check->step = &step;
		add_text(check, key, node->items[i], path, &texts);
		check->step = step.parent;
	}
	if (texts.items != NULL)
		*out = texts.items;
}

static void read_texts(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	read_list(check, key, node, false, field);
}

static void read_paths(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	read_list(check, key, node, true, field);
}

static bool no_texts(const void *field)
{
	hki_config_texts texts = *(const hki_config_texts *) field;

	return texts == NULL || texts[0] == NULL;
}

static void write_texts(hk_json_writer *writer, const hki_key *key, const void *field)
{
	hki_config_texts texts = *(const hki_config_texts *) field;

	(void) key;
	hk_json_write_array_begin(writer);
	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
		hki_write_value(writer, texts[i]);
	hk_json_write_array_end(writer);
}

static void schema_texts(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hki_schema_text_or_list(writer);
}

const hki_kind hki_kind_texts = { .wants = "a text or a list of texts",
	.read = read_texts,
	.absent = no_texts,
	.write = write_texts,
	.schema = schema_texts };

const hki_kind hki_kind_paths = { .wants = "a path or a list of paths",
	.read = read_paths,
	.absent = no_texts,
	.write = write_texts,
	.schema = schema_texts };

/* ---- commands ---- */

bool hki_read_words(const char *const **out, hki_check *check, const hki_key *key,
    const hki_node *node, const char *line, const char *shell_hint)
{
	hki_words_error error = { 0 };
	const char *const *words = NULL;
	const char *shell;
	int r = hki_words_split(&words, check->arena, line, &error);

	if (r == HK_EPARSE)
		hki_check_complain(
		    check, node, error.hint, "'%s': %s", key->name, error.message);
	if (r < 0)
		return false;
	if (words[0] == NULL) {
		hki_check_complain(check, node, NULL, "'%s' is empty", key->name);
		return false;
	}
	shell = hki_words_find_shell(line);
	if (shell != NULL)
		hki_check_warn(check, node, shell_hint,
		    "'%s': '%c' is handed to the program as it is", key->name, *shell);
	*out = words;
	return true;
}

static void read_command_list(
    hki_check *check, const hki_key *key, const hki_node *node, hki_config_texts *out)
{
	hki_texts words = { 0 };
	bool whole = true;

	for (size_t i = 0; i < node->count; i++) {
		hki_step step = { .parent = check->step, .index = i };
		hki_scalar scalar;

		check->step = &step;
		/* An argument may be empty, the program may not. */
		if (i == 0 ? hki_check_scalar(&scalar, check, key, node->items[i])
			   : hki_check_value(&scalar, check, key, node->items[i]))
			whole &= hki_texts_add(&words, check->arena, scalar.text);
		else
			whole = false;
		check->step = step.parent;
	}
	if (node->count == 0)
		hki_check_complain(check, node, NULL, "'%s' is empty", key->name);
	else if (whole)
		*out = words.items;
}

static void read_command(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;

	if (node->kind == HKI_NODE_LIST)
		read_command_list(check, key, node, field);
	else if (hki_check_scalar(&scalar, check, key, node))
		(void) hki_read_words(field, check, key, node, scalar.text,
		    "no shell runs: put it in quotes, or use 'shell:' if one is meant");
}

const hki_kind hki_kind_command = { .wants = "a line of words or a list of them",
	.read = read_command,
	.absent = no_texts,
	.write = write_texts,
	.schema = schema_texts };

/* ---- environments ---- */

static bool variable_name_is_good(hki_check *check, const hki_key *key,
    const hki_node *node, const char *name, size_t length)
{
	char quoted[HKI_NODE_DESCRIPTION_MAX];

	if (length > 0 && memchr(name, '=', length) == NULL)
		return true;
	hki_text_quote(quoted, sizeof(quoted), name, length);
	hki_check_complain(
	    check, node, NULL, "'%s': %s is no name for a variable", key->name, quoted);
	return false;
}

/* A name without a value stands for the value it has now; unset, it is left out. */
static void add_present_value(
    hki_check *check, hki_texts *texts, const char *name, size_t length)
{
	const char *value = NULL;
	const char *entry;

	if (check->interpolator != NULL)
		value =
		    check->interpolator->lookup(name, length, check->interpolator->user);
	if (value == NULL)
		return;
	entry = hki_arena_format(check->arena, "%.*s=%s", (int) length, name, value);
	if (entry != NULL)
		(void) hki_texts_add(texts, check->arena, entry);
}

static void read_environment_member(
    hki_check *check, const hki_key *key, const hki_member *member, hki_texts *texts)
{
	const hki_node *name = member->key;
	hki_scalar scalar;
	const char *entry;

	if (!variable_name_is_good(check, key, name, name->text, name->length))
		return;
	if (hki_node_is_null(member->value)) {
		add_present_value(check, texts, name->text, name->length);
		return;
	}
	if (!hki_check_value(&scalar, check, key, member->value))
		return;
	entry = hki_arena_format(check->arena, "%s=%s", name->text, scalar.text);
	if (entry != NULL)
		(void) hki_texts_add(texts, check->arena, entry);
}

/* A mapping cannot repeat a name, a list can. */
static bool is_new_name(hki_check *check, const hki_key *key, const hki_node *node,
    const char *name, size_t length, hki_name_map *seen)
{
	const char *copy = hki_arena_text(check->arena, name, length);

	if (copy == NULL)
		return false;
	if (hki_name_map_get(seen, copy) != NULL) {
		hki_check_complain(check, node, "keep one of them",
		    "'%s': the variable '%.64s' is given twice", key->name, copy);
		return false;
	}
	if (hki_name_map_put(seen, copy, check) < 0)
		check->arena->failed = true;
	return true;
}

static void read_environment_item(hki_check *check, const hki_key *key,
    const hki_node *node, hki_texts *texts, hki_name_map *seen)
{
	hki_scalar scalar;
	size_t length;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	length = strcspn(scalar.text, "=");
	if (!variable_name_is_good(check, key, node, scalar.text, length) ||
	    !is_new_name(check, key, node, scalar.text, length, seen))
		return;
	if (scalar.text[length] == '=')
		(void) hki_texts_add(texts, check->arena, scalar.text);
	else
		add_present_value(check, texts, scalar.text, length);
}

static void read_environment(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_texts texts = { 0 };
	hki_name_map seen = { 0 };

	if (node->kind == HKI_NODE_SCALAR) {
		hki_check_refuse(check, key, node);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		hki_step step = { .parent = check->step, .index = i };

		if (node->kind == HKI_NODE_MAP)
			step.name = node->members[i].key->text;
		check->step = &step;
		if (node->kind == HKI_NODE_MAP)
			read_environment_member(check, key, &node->members[i], &texts);
		else
			read_environment_item(check, key, node->items[i], &texts, &seen);
		check->step = step.parent;
	}
	hki_name_map_deinit(&seen);
	if (texts.items != NULL)
		*(hki_config_texts *) field = texts.items;
}

static void schema_environment(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hk_json_write_key(writer, "type");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "object");
	hk_json_write_string(writer, "array");
	hk_json_write_array_end(writer);
	hk_json_write_key(writer, "additionalProperties");
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "type");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "string");
	hk_json_write_string(writer, "number");
	hk_json_write_string(writer, "boolean");
	hk_json_write_string(writer, "null");
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_key(writer, "items");
	hk_json_write_object_begin(writer);
	hki_schema_type(writer, "string");
	hk_json_write_object_end(writer);
}

const hki_kind hki_kind_environment = {
	.wants = "a mapping of names to values, or a list of NAME=VALUE",
	.read = read_environment,
	.absent = no_texts,
	.write = write_texts,
	.schema = schema_environment
};

/* ---- sections ---- */

static void read_section(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	const hki_section *section = key->detail;

	if (key->initial != NULL && node->text == key->initial)
		hki_section_begin(check, section, field);
	else if (node->kind != HKI_NODE_MAP)
		hki_check_refuse(check, key, node);
	else
		hki_section_read_keys(check, section, node, field);
}

static void write_section(hk_json_writer *writer, const hki_key *key, const void *field)
{
	hki_section_write(writer, key->detail, field);
}

static void schema_section(hk_json_writer *writer, const hki_key *key)
{
	hki_section_schema(writer, key->detail);
}

/* The default of such a key is written "{}". */
const hki_kind hki_kind_section = { .wants = "a mapping",
	.read = read_section,
	.write = write_section,
	.schema = schema_section };

static void read_optional(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	const hki_section *section = key->detail;
	void *values;

	if (node->kind != HKI_NODE_MAP) {
		hki_check_refuse(check, key, node);
		return;
	}
	values = hki_arena_alloc(check->arena, section->size);
	if (values == NULL)
		return;
	hki_section_begin(check, section, values);
	hki_section_read_keys(check, section, node, values);
	memcpy(field, &values, sizeof(values));
}

static void write_optional(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const void *values;

	memcpy(&values, field, sizeof(values));
	hki_section_write(writer, key->detail, values);
}

const hki_kind hki_kind_optional = { .wants = "a mapping",
	.read = read_optional,
	.absent = hki_no_pointer,
	.write = write_optional,
	.schema = schema_section };
