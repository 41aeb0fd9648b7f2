/*
 * The engine of the checker: sections and keys, whatever they are about.  What
 * a value may look like is the business of the kinds.
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/nearest_word.h"

#define STEP_MAX 256

/* ---- complaints ---- */

/* "services.api.command[2]" */
static size_t write_step(char *out, size_t capacity, const hki_step *step)
{
	size_t used = 0;
	int length;

	if (step == NULL)
		return 0;
	used = write_step(out, capacity, step->parent);
	if (used >= capacity)
		return used;
	if (step->name != NULL)
		length = snprintf(
		    out + used, capacity - used, "%s%s", used > 0 ? "." : "", step->name);
	else
		length = snprintf(out + used, capacity - used, "[%zu]", step->index);
	return length < 0 ? used : used + (size_t) length;
}

void hki_check_complain(
    hki_check *check, const hki_node *node, const char *hint, const char *format, ...)
{
	char step[STEP_MAX] = "";
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	(void) vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void) write_step(step, sizeof(step), check->step);
	hki_complain(check->diagnostics, node->place, step, hint, "%s", text);
}

void hki_check_warn(
    hki_check *check, const hki_node *node, const char *hint, const char *format, ...)
{
	char step[STEP_MAX] = "";
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	(void) vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void) write_step(step, sizeof(step), check->step);
	hki_warn(check->diagnostics, node->place, step, hint, "%s", text);
}

void hki_check_refuse(hki_check *check, const hki_key *key, const hki_node *node)
{
	char got[HKI_NODE_DESCRIPTION_MAX];

	hki_node_describe(got, sizeof(got), node);
	hki_check_complain(
	    check, node, NULL, "'%s' wants %s, got %s", key->name, key->kind->wants, got);
}

/* ---- scalars ---- */

/* What the interpolator needs to complain in the right place. */
struct place {
	hki_check *check;
	const hki_key *key;
	const hki_node *node;
};

static void complain_of_variable(
    const char *message, const char *hint, size_t offset, void *told)
{
	const struct place *place = told;

	(void) offset;
	hki_check_complain(
	    place->check, place->node, hint, "'%s': %s", place->key->name, message);
}

static void warn_of_variable(
    const char *message, const char *hint, size_t offset, void *told)
{
	const struct place *place = told;

	(void) offset;
	hki_check_warn(
	    place->check, place->node, hint, "'%s': %s", place->key->name, message);
}

bool hki_check_value(
    hki_scalar *out, hki_check *check, const hki_key *key, const hki_node *node)
{
	hki_interpolator *interpolator = check->interpolator;
	struct place place = { .check = check, .key = key, .node = node };
	hki_node read = *node;

	if (node->kind != HKI_NODE_SCALAR || hki_node_is_null(node)) {
		hki_check_refuse(check, key, node);
		return false;
	}
	if (interpolator != NULL) {
		interpolator->complain = complain_of_variable;
		interpolator->warn = warn_of_variable;
		interpolator->told = &place;
		if (!hki_interpolate(&read.text, interpolator, node->text, node->length))
			return false;
	}
	out->changed = read.text != node->text;
	read.plain = node->plain || out->changed || check->lenient;
	out->text = read.text;
	out->number = hki_node_is_number(&read);
	return true;
}

bool hki_check_scalar(
    hki_scalar *out, hki_check *check, const hki_key *key, const hki_node *node)
{
	hki_scalar scalar;

	if (!hki_check_value(&scalar, check, key, node))
		return false;
	if (scalar.text[0] == '\0') {
		hki_check_complain(check, node, NULL, "'%s' is empty; it wants %s",
		    key->name, key->kind->wants);
		return false;
	}
	*out = scalar;
	return true;
}

const char *hki_check_path(hki_check *check, const char *path)
{
	const char *between = "/";

	if (path[0] == '/')
		return path;
	while (path[0] == '.' && path[1] == '/') {
		path += 2;
		while (path[0] == '/')
			path++;
	}
	if (strcmp(path, ".") == 0 || path[0] == '\0')
		return check->directory;
	if (strcmp(check->directory, "/") == 0)
		between = "";
	return hki_arena_format(check->arena, "%s%s%s", check->directory, between, path);
}

/* ---- sections ---- */

const hki_key *hki_section_find(const hki_section *section, const char *name)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	return NULL;
}

static const char *foreign_word(const hki_section *section, const char *word)
{
	const hki_foreign *each = section->foreign;

	for (; each != NULL && each->word != NULL; each++)
		if (strcmp(each->word, word) == 0)
			return each->instead;
	return NULL;
}

static const hki_key *nearest_key(const hki_section *section, const char *word)
{
	const hki_key *nearest = NULL;
	size_t least = (size_t) -1;

	for (size_t i = 0; i < section->count; i++) {
		size_t distance = hki_word_distance(word, section->keys[i].name);

		if (distance < least) {
			least = distance;
			nearest = &section->keys[i];
		}
	}
	return nearest != NULL && hki_word_is_near(word, least) ? nearest : NULL;
}

/* "one of a, b, c" for small sections; a long list helps nobody. */
static const char *all_keys(hki_check *check, const hki_section *section)
{
	char text[256] = "";
	size_t used = 0;

	if (section->count > 12)
		return NULL;
	for (size_t i = 0; i < section->count && used < sizeof(text); i++)
		used += (size_t) snprintf(text + used, sizeof(text) - used, "%s%s",
		    i > 0 ? ", " : "", section->keys[i].name);
	return hki_arena_format(check->arena, "%s has: %s", section->what, text);
}

static void complain_of_unknown(
    hki_check *check, const hki_section *section, const hki_node *key)
{
	const char *hint = foreign_word(section, key->text);
	const hki_key *nearest = nearest_key(section, key->text);
	char quoted[HKI_NODE_DESCRIPTION_MAX];

	hki_text_quote(quoted, sizeof(quoted), key->text, key->length);
	if (hint == NULL && nearest != NULL)
		hint =
		    hki_arena_format(check->arena, "did you mean '%s'?", nearest->name);
	if (hint == NULL)
		hint = all_keys(check, section);
	if (check->lenient)
		hki_check_warn(
		    check, key, hint, "%s is not known and has no effect", quoted);
	else
		hki_check_complain(check, key, hint, "unknown key %s", quoted);
}

void hki_section_begin(hki_check *check, const hki_section *section, void *out)
{
	for (size_t i = 0; i < section->count; i++) {
		const hki_key *key = &section->keys[i];
		hki_node node = { .kind = HKI_NODE_SCALAR, .plain = true, .weight = 1 };

		if (key->initial == NULL)
			continue;
		node.text = key->initial;
		node.length = strlen(key->initial);
		key->kind->read(check, key, &node, (char *) out + key->offset);
	}
}

void hki_section_read_keys(
    hki_check *check, const hki_section *section, const hki_node *node, void *out)
{
	const hki_step *outer = check->step;

	for (size_t i = 0; i < node->count; i++) {
		const hki_node *name = node->members[i].key;
		const hki_key *key = hki_section_find(section, name->text);
		hki_step step = { .parent = outer, .name = name->text };

		if (strncmp(name->text, "x-", 2) == 0)
			continue;
		check->step = &step;
		if (key == NULL)
			complain_of_unknown(check, section, name);
		else
			key->kind->read(check, key, node->members[i].value,
			    (char *) out + key->offset);
		check->step = outer;
	}
	if (section->finish != NULL)
		section->finish(check, node, out);
}

void hki_section_read(
    hki_check *check, const hki_section *section, const hki_node *node, void *out)
{
	char got[HKI_NODE_DESCRIPTION_MAX];

	hki_section_begin(check, section, out);
	if (node->kind == HKI_NODE_MAP) {
		hki_section_read_keys(check, section, node, out);
		return;
	}
	hki_node_describe(got, sizeof(got), node);
	hki_check_complain(check, node, NULL,
	    "%s is a mapping of keys and values, got %s", section->what, got);
}

/* ---- printing and describing ---- */

void hki_section_write(
    hk_json_writer *writer, const hki_section *section, const void *values)
{
	hk_json_write_object_begin(writer);
	for (size_t i = 0; i < section->count; i++) {
		const hki_key *key = &section->keys[i];
		const void *field = (const char *) values + key->offset;

		if (key->silent || key->kind->write == NULL)
			continue;
		if (key->initial == NULL && key->kind->absent != NULL &&
		    key->kind->absent(field))
			continue;
		hk_json_write_key(writer, key->name);
		key->kind->write(writer, key, field);
	}
	hk_json_write_object_end(writer);
}

void hki_section_schema(hk_json_writer *writer, const hki_section *section)
{
	hk_json_write_key(writer, "type");
	hk_json_write_string(writer, "object");
	hk_json_write_key(writer, "additionalProperties");
	hk_json_write_bool(writer, false);
	hk_json_write_key(writer, "patternProperties");
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "^x-");
	hk_json_write_object_begin(writer);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_key(writer, "properties");
	hk_json_write_object_begin(writer);
	for (size_t i = 0; i < section->count; i++) {
		const hki_key *key = &section->keys[i];

		hk_json_write_key(writer, key->name);
		hk_json_write_object_begin(writer);
		hk_json_write_key(writer, "description");
		hk_json_write_string(writer, key->help);
		key->kind->schema(writer, key);
		hk_json_write_object_end(writer);
	}
	hk_json_write_object_end(writer);
}
