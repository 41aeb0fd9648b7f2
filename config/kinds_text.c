/*
 * Texts with a meaning: paths, truth values, words of a fixed choice, signals,
 * regular expressions; and values that another program's file may have but
 * that do nothing here.
 */
#include "kinds.h"

#include <hostkit/process.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json/json_writer.h"
#include "base/nearest_word.h"

/* ---- JSON Schema ---- */

void hki_schema_text(hk_json_writer *writer, const char *key, const char *text)
{
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

void hki_schema_type(hk_json_writer *writer, const char *type)
{
	hki_schema_text(writer, "type", type);
}

void hki_schema_default(hk_json_writer *writer, const hki_key *key)
{
	if (key->initial != NULL)
		hki_schema_text(writer, "default", key->initial);
}

bool hki_no_pointer(const void *field)
{
	const void *pointer;

	memcpy(&pointer, field, sizeof(pointer));
	return pointer == NULL;
}

/* ---- texts and paths ---- */

void hki_write_value(hk_json_writer *writer, const char *text)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer escaped = HKI_BUFFER_INIT;
	int r = 0;

	if (strchr(text, '$') == NULL) {
		hk_json_write_string(writer, text);
		return;
	}
	for (; *text != '\0' && r == 0; text++)
		r = *text == '$' ? hki_buffer_append(&escaped, "$$", 2)
				 : hki_buffer_append_char(&escaped, *text);
	if (r < 0)
		hki_json_writer_fail(writer, r);
	else
		hk_json_write_string(writer, escaped.data);
}

static void read_text(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;

	if (hki_check_scalar(&scalar, check, key, node))
		*(const char **) field = scalar.text;
}

static void read_path(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;
	const char *path;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	path = hki_check_path(check, scalar.text);
	if (path != NULL)
		*(const char **) field = path;
}

static void write_text(hk_json_writer *writer, const hki_key *key, const void *field)
{
	(void) key;
	hki_write_value(writer, *(const char *const *) field);
}

static void schema_text(hk_json_writer *writer, const hki_key *key)
{
	hki_schema_type(writer, "string");
	hk_json_write_key(writer, "minLength");
	hk_json_write_int64(writer, 1);
	hki_schema_default(writer, key);
}

const hki_kind hki_kind_text = { .wants = "a text",
	.read = read_text,
	.absent = hki_no_pointer,
	.write = write_text,
	.schema = schema_text };

const hki_kind hki_kind_path = { .wants = "a path",
	.read = read_path,
	.absent = hki_no_pointer,
	.write = write_text,
	.schema = schema_text };

/* ---- truth values ---- */

static const char *meant_bool(const char *text)
{
	static const char *const words[][2] = { { "yes", "true" }, { "on", "true" },
		{ "y", "true" }, { "true", "true" }, { "1", "true" }, { "no", "false" },
		{ "off", "false" }, { "n", "false" }, { "false", "false" },
		{ "0", "false" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i][0], text) == 0)
			return words[i][1];
	return NULL;
}

static void read_bool(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	const char *meant;
	hki_scalar scalar;
	hki_node plain = { .kind = HKI_NODE_SCALAR, .plain = true };

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	plain.text = scalar.text;
	plain.length = strlen(scalar.text);
	plain.plain = node->plain || scalar.changed || check->lenient;
	if (hki_node_is_bool(field, &plain))
		return;
	meant = meant_bool(scalar.text);
	if (meant != NULL && strcmp(meant, scalar.text) == 0)
		meant = "remove the quotes";
	else if (meant != NULL)
		meant = hki_arena_format(check->arena, "write %s", meant);
	hki_check_complain(check, node, meant, "'%s' wants %s, got '%.40s'", key->name,
	    key->kind->wants, scalar.text);
}

static bool no_truth(const void *field)
{
	return !*(const bool *) field;
}

static void write_bool(hk_json_writer *writer, const hki_key *key, const void *field)
{
	(void) key;
	hk_json_write_bool(writer, *(const bool *) field);
}

static void schema_bool(hk_json_writer *writer, const hki_key *key)
{
	hki_schema_type(writer, "boolean");
	if (key->initial != NULL) {
		hk_json_write_key(writer, "default");
		hk_json_write_bool(writer, strcmp(key->initial, "true") == 0);
	}
}

const hki_kind hki_kind_bool = { .wants = "true or false",
	.read = read_bool,
	.absent = no_truth,
	.write = write_bool,
	.schema = schema_bool };

/* ---- a choice of words ---- */

static void read_word(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	const char *const *words = key->detail;
	const char *nearest = NULL;
	size_t least = (size_t) -1;
	char all[256] = "";
	size_t used = 0;
	hki_scalar scalar;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	for (int i = 0; words[i] != NULL; i++) {
		size_t distance = hki_word_distance(scalar.text, words[i]);

		if (distance == 0) {
			*(int *) field = i;
			return;
		}
		if (distance < least) {
			least = distance;
			nearest = words[i];
		}
		if (used < sizeof(all))
			used += (size_t) snprintf(all + used, sizeof(all) - used, "%s%s",
			    i == 0 ? "" : (words[i + 1] == NULL ? " or " : ", "),
			    words[i]);
	}
	if (hki_word_is_near(scalar.text, least))
		nearest = hki_arena_format(check->arena, "did you mean '%s'?", nearest);
	else
		nearest = NULL;
	hki_check_complain(
	    check, node, nearest, "'%s' is %s, got '%.40s'", key->name, all, scalar.text);
}

static void write_word(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const char *const *words = key->detail;

	hk_json_write_string(writer, words[*(const int *) field]);
}

static void schema_word(hk_json_writer *writer, const hki_key *key)
{
	const char *const *words = key->detail;

	hk_json_write_key(writer, "enum");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; words[i] != NULL; i++)
		hk_json_write_string(writer, words[i]);
	hk_json_write_array_end(writer);
	hki_schema_default(writer, key);
}

const hki_kind hki_kind_word = { .wants = "one of a few words",
	.read = read_word,
	.write = write_word,
	.schema = schema_word };

/* ---- signals ---- */

static void read_signal(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;
	int number;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	number = hk_signal_number(scalar.text);
	if (number > 0)
		*(int *) field = number;
	else
		hki_check_complain(check, node, "'kill -l' lists them",
		    "'%s' wants %s, got '%.40s'", key->name, key->kind->wants,
		    scalar.text);
}

static bool no_signal(const void *field)
{
	return *(const int *) field == 0;
}

static void write_signal(hk_json_writer *writer, const hki_key *key, const void *field)
{
	(void) key;
	hk_json_write_string(writer, hk_signal_name(*(const int *) field));
}

static void schema_signal(hk_json_writer *writer, const hki_key *key)
{
	hk_json_write_key(writer, "type");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "string");
	hk_json_write_string(writer, "integer");
	hk_json_write_array_end(writer);
	hki_schema_default(writer, key);
}

const hki_kind hki_kind_signal = { .wants =
				       "the name or number of a signal, such as SIGTERM",
	.read = read_signal,
	.absent = no_signal,
	.write = write_signal,
	.schema = schema_signal };

/* ---- regular expressions ---- */

/* What regcomp() builds grows with the product of the repetitions, and so does its stack
 * with the length; a line of a log needs little of both. */
#define REGEX_LENGTH_MAX  1000
#define REGEX_REPEATS_MAX 1000

static bool repeats_too_much(const char *pattern)
{
	unsigned long product = 1;

	for (const char *at = pattern; *at != '\0'; at++) {
		if (at[0] == '\\' && at[1] != '\0') {
			at++;
		} else if (*at == '{') {
			unsigned long most = 0;
			char *end = NULL;

			most = strtoul(at + 1, &end, 10);
			if (*end == ',') {
				unsigned long second = strtoul(end + 1, &end, 10);

				most = second > most ? second : most;
			}
			if (most > REGEX_REPEATS_MAX)
				return true;
			product *= most > 1 ? most : 1;
			if (product > REGEX_REPEATS_MAX)
				return true;
		}
	}
	return false;
}

static void read_regex(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;
	regex_t regex;
	char why[128];
	int r;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	if (strlen(scalar.text) > REGEX_LENGTH_MAX) {
		hki_check_complain(check, node, NULL, "'%s' is longer than %d bytes",
		    key->name, REGEX_LENGTH_MAX);
		return;
	}
	if (repeats_too_much(scalar.text)) {
		hki_check_complain(check, node, NULL,
		    "'%s' repeats a part more than %d times", key->name,
		    REGEX_REPEATS_MAX);
		return;
	}
	r = regcomp(&regex, scalar.text, REG_EXTENDED | REG_NOSUB);
	if (r == 0) {
		regfree(&regex);
		*(const char **) field = scalar.text;
		return;
	}
	(void) regerror(r, &regex, why, sizeof(why));
	hki_check_complain(check, node, "a POSIX extended expression, see regex(7)",
	    "'%s' is not a regular expression: %s", key->name, why);
}

static void schema_regex(hk_json_writer *writer, const hki_key *key)
{
	schema_text(writer, key);
}

const hki_kind hki_kind_regex = { .wants = "a regular expression",
	.read = read_regex,
	.absent = hki_no_pointer,
	.write = write_text,
	.schema = schema_regex };

/* ---- values that do nothing ---- */

static void read_ignored(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	(void) field;
	hki_check_warn(
	    check, node, key->detail, "'%s' has no effect in hostkit", key->name);
}

static void read_skipped(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	(void) check;
	(void) key;
	(void) node;
	(void) field;
}

static void schema_anything(hk_json_writer *writer, const hki_key *key)
{
	(void) writer;
	(void) key;
}

const hki_kind hki_kind_ignored = {
	.wants = "anything", .read = read_ignored, .schema = schema_anything
};

const hki_kind hki_kind_skipped = {
	.wants = "anything", .read = read_skipped, .schema = schema_anything
};
