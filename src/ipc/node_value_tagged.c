/*
 * Tagged JSON to V8's format: the reverse of node_value_json.c, for what people and
 * scripts write.  An object whose first member begins with "$" is a tag and must be
 * one that is known, with nothing in it that has no meaning there.
 */
#include "ipc/node_value.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/base64.h"

typedef int write_fn(
    hki_node_writer *writer, const hk_json *object, const hk_json *value);

typedef struct tag_row {
	const char *name;   /* of the first member */
	const char *others; /* further members, separated by spaces */
	write_fn *write;
	const char *reason; /* what the value should have been */
} tag_row;

static int refuse(hki_node_writer *writer, const char *reason)
{
	writer->reason = reason;
	return HK_EPARSE;
}

/* ---- what holds nothing ---- */

static int write_undefined(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	bool truth;

	(void) object;
	if (hk_json_get_bool(&truth, value) < 0 || !truth)
		return HK_EPARSE;
	return hki_node_put_tag(writer, '_');
}

static int special_number(double *out, const hk_json *value)
{
	if (hk_json_is_string(value, "NaN"))
		*out = NAN;
	else if (hk_json_is_string(value, "Infinity"))
		*out = INFINITY;
	else if (hk_json_is_string(value, "-Infinity"))
		*out = -INFINITY;
	else
		return HK_EPARSE;
	return 0;
}

static int write_number(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	double number;
	int r = special_number(&number, value);

	(void) object;
	return r < 0 ? r : hki_node_write_number(writer, number);
}

/* The field is only known with the number of bytes, which is known from the digits. */
static int put_bigint(hki_node_writer *writer, const char *text, size_t length)
{
	hki_buffer bytes = HKI_BUFFER_INIT;
	bool negative = false;
	int r = hki_node_bigint_parse(&bytes, &negative, text, length);

	if (r == 0)
		r = hki_node_put_varint(writer, bytes.length << 1 | negative);
	if (r == 0)
		r = hki_buffer_append(writer->out, bytes.data, bytes.length);
	hki_buffer_deinit(&bytes);
	return r;
}

static int write_bigint(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	size_t length;
	const char *text = hk_json_get_string(value, &length);
	int r;

	(void) object;
	if (text == NULL)
		return HK_EPARSE;
	r = hki_node_put_tag(writer, 'Z');
	return r < 0 ? r : put_bigint(writer, text, length);
}

static int write_date(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	size_t length;
	const char *text = hk_json_get_string(value, &length);
	double ms = NAN;
	int r;

	(void) object;
	if (text != NULL ? hki_node_date_parse(&ms, text, length) < 0
			 : hk_json_kind_of(value) != HK_JSON_NULL)
		return HK_EPARSE;
	if ((r = hki_node_open(writer)) < 0 || (r = hki_node_put_tag(writer, 'D')) < 0)
		return r;
	hki_node_close(writer);
	return hki_node_put_double(writer, ms);
}

static int write_regexp(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	static const char letters[] = HKI_NODE_REGEXP_FLAGS;
	const hk_json *named = hk_json_member(object, "$flags");
	const char *flags = named == NULL ? "" : hk_json_get_string(named, NULL);
	size_t length;
	const char *source = hk_json_get_string(value, &length);
	uint32_t bits = 0;
	int r;

	if (source == NULL || flags == NULL)
		return HK_EPARSE;
	for (; *flags != '\0'; flags++) {
		const char *at = strchr(letters, *flags);

		if (at == NULL)
			return HK_EPARSE;
		bits |= UINT32_C(1) << (at - letters);
	}
	if ((r = hki_node_open(writer)) < 0 || (r = hki_node_put_tag(writer, 'R')) < 0 ||
	    (r = hki_node_put_string(writer, source, length)) < 0)
		return r;
	hki_node_close(writer);
	return hki_node_put_varint(writer, bits);
}

static int bytes_kind(const hk_json *type)
{
	if (type == NULL)
		return HK_IPC_BYTES_BUFFER;
	for (int kind = 0; kind < HK_IPC_BYTES_KINDS; kind++)
		if (hk_json_is_string(type, hk_ipc_bytes_kind_name(kind)))
			return kind;
	return HK_EPARSE;
}

static int put_byte_text(
    hki_node_writer *writer, int kind, const char *bytes, size_t length)
{
	int r;

	if (length % hki_node_bytes_width(kind) != 0)
		return HK_EPARSE;
	if ((r = hki_node_open(writer)) < 0)
		return r;
	hki_node_close(writer);
	if (kind == HK_IPC_BYTES_ARRAY_BUFFER)
		r = hki_node_put_tag(writer, 'B');
	else if ((r = hki_node_put_tag(writer, '\\')) == 0 &&
		 (r = hki_node_put_varint(writer, 0)) == 0)
		r = hki_node_put_varint(writer, (uint64_t) kind);
	if (r < 0 || (r = hki_node_put_varint(writer, length)) < 0)
		return r;
	return hki_buffer_append(writer->out, bytes, length);
}

static int write_bytes(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	hki_buffer bytes = HKI_BUFFER_INIT;
	size_t length;
	const char *text = hk_json_get_string(value, &length);
	int kind = bytes_kind(hk_json_member(object, "$type"));
	int r;

	if (text == NULL || kind < 0)
		return HK_EPARSE;
	r = hki_base64_decode(&bytes, text, length);
	if (r == 0)
		r = put_byte_text(writer, kind, bytes.data, bytes.length);
	hki_buffer_deinit(&bytes);
	return r;
}

static int put_boxed_number(hki_node_writer *writer, double number)
{
	int r = hki_node_put_tag(writer, 'n');

	return r < 0 ? r : hki_node_put_double(writer, number);
}

/* What is tagged itself inside of the box. */
static int put_boxed_tag(hki_node_writer *writer, const hk_json *value)
{
	const hk_json *named = hk_json_member(value, "$number");
	double number;
	size_t length;
	const char *text;
	int r;

	if (hk_json_count(value) != 1)
		return HK_EPARSE;
	if (named != NULL) {
		r = special_number(&number, named);
		return r < 0 ? r : put_boxed_number(writer, number);
	}
	text = hk_json_get_string(hk_json_member(value, "$bigint"), &length);
	if (text == NULL)
		return HK_EPARSE;
	r = hki_node_put_tag(writer, 'z');
	return r < 0 ? r : put_bigint(writer, text, length);
}

static int write_box(hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	bool truth = false;
	size_t length;
	const char *text = hk_json_get_string(value, &length);
	double number;
	int r;

	(void) object;
	if ((r = hki_node_open(writer)) < 0)
		return r;
	hki_node_close(writer);
	if (text != NULL) {
		r = hki_node_put_tag(writer, 's');
		return r < 0 ? r : hki_node_put_string(writer, text, length);
	}
	if (hk_json_get_bool(&truth, value) == 0)
		return hki_node_put_tag(writer, truth ? 'y' : 'x');
	if (hk_json_get_double(&number, value) == 0)
		return put_boxed_number(writer, number);
	return put_boxed_tag(writer, value);
}

/* ---- what holds others ---- */

static int write_set(hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	hk_json_iterator each = hk_json_iterate(value);
	const hk_json *element;
	int r;

	(void) object;
	if (hk_json_kind_of(value) != HK_JSON_ARRAY)
		return HK_EPARSE;
	if ((r = hki_node_open(writer)) < 0 || (r = hki_node_put_tag(writer, '\'')) < 0)
		return r;
	while ((element = hk_json_next(&each)) != NULL)
		if ((r = hki_node_write_json(writer, element)) < 0)
			return r;
	hki_node_close(writer);
	r = hki_node_put_tag(writer, ',');
	return r < 0 ? r : hki_node_put_varint(writer, hk_json_count(value));
}

static int write_map(hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	hk_json_iterator each = hk_json_iterate(value);
	const hk_json *pair;
	int r;

	(void) object;
	if (hk_json_kind_of(value) != HK_JSON_ARRAY)
		return HK_EPARSE;
	if ((r = hki_node_open(writer)) < 0 || (r = hki_node_put_tag(writer, ';')) < 0)
		return r;
	while ((pair = hk_json_next(&each)) != NULL) {
		if (hk_json_kind_of(pair) != HK_JSON_ARRAY || hk_json_count(pair) != 2)
			return HK_EPARSE;
		if ((r = hki_node_write_json(writer, hk_json_element(pair, 0))) < 0 ||
		    (r = hki_node_write_json(writer, hk_json_element(pair, 1))) < 0)
			return r;
	}
	hki_node_close(writer);
	r = hki_node_put_tag(writer, ':');
	return r < 0 ? r : hki_node_put_varint(writer, 2 * hk_json_count(value));
}

static int put_error_part(hki_node_writer *writer, const char *key, const hk_json *value)
{
	size_t length;
	const char *text = hk_json_get_string(value, &length);
	int r = hki_node_put_tag(writer, *key); /* of message, stack, cause: m, s, c */

	if (r < 0)
		return r;
	if (*key == 'c')
		return hki_node_write_json(writer, value);
	return text == NULL ? HK_EPARSE : hki_node_put_string(writer, text, length);
}

/* Names that are no error of the language are plain errors. */
static int put_error_name(hki_node_writer *writer, const char *name)
{
	static const struct {
		const char *name;
		char tag;
	} rows[] = { { "EvalError", 'E' }, { "RangeError", 'R' },
		{ "ReferenceError", 'F' }, { "SyntaxError", 'S' }, { "TypeError", 'T' },
		{ "URIError", 'U' } };

	for (size_t i = 0; i < HKI_COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return hki_node_put_tag(writer, rows[i].tag);
	return 0;
}

/* The parts keep their order; that they are known was checked. */
static int write_error(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	const char *name = hk_json_get_string(value, NULL);
	hk_json_iterator each = hk_json_iterate(object);
	const hk_json *part;
	int r;

	if (name == NULL)
		return HK_EPARSE;
	if ((r = hki_node_open(writer)) < 0 || (r = hki_node_put_tag(writer, 'r')) < 0 ||
	    (r = put_error_name(writer, name)) < 0)
		return r;
	(void) hk_json_next(&each); /* the tag itself */
	while ((part = hk_json_next(&each)) != NULL)
		if ((r = put_error_part(writer, each.key, part)) < 0)
			return r;
	hki_node_close(writer);
	return hki_node_put_tag(writer, '.');
}

static int write_array(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	const hk_json *members = hk_json_member(object, "$members");

	if (hk_json_kind_of(value) != HK_JSON_ARRAY ||
	    (members != NULL && hk_json_kind_of(members) != HK_JSON_OBJECT))
		return HK_EPARSE;
	return hki_node_put_array(writer, value, members);
}

static int write_sparse(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	uint64_t length;
	int r;

	if (hk_json_kind_of(value) != HK_JSON_OBJECT ||
	    hk_json_get_uint64(&length, hk_json_member(object, "$length")) < 0 ||
	    length > UINT32_MAX)
		return HK_EPARSE;
	if ((r = hki_node_open(writer)) < 0 || (r = hki_node_put_tag(writer, 'a')) < 0 ||
	    (r = hki_node_put_varint(writer, length)) < 0 ||
	    (r = hki_node_put_members(writer, value)) < 0)
		return r;
	hki_node_close(writer);
	if ((r = hki_node_put_tag(writer, '@')) < 0 ||
	    (r = hki_node_put_varint(writer, hk_json_count(value))) < 0)
		return r;
	return hki_node_put_varint(writer, length);
}

static int write_circular(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	uint64_t out;
	int r;

	(void) object;
	if (hk_json_get_uint64(&out, value) < 0 || out == 0 || out > writer->depth)
		return HK_EPARSE;
	r = hki_node_put_tag(writer, '^');
	return r < 0 ? r : hki_node_put_varint(writer, writer->open[writer->depth - out]);
}

static int write_object(
    hki_node_writer *writer, const hk_json *object, const hk_json *value)
{
	int r;

	(void) object;
	if (hk_json_kind_of(value) != HK_JSON_OBJECT)
		return HK_EPARSE;
	if ((r = hki_node_write_object_begin(writer)) < 0 ||
	    (r = hki_node_put_members(writer, value)) < 0)
		return r;
	return hki_node_write_object_end(writer, (uint32_t) hk_json_count(value));
}

/* ---- the table ---- */

static const tag_row rows[] = {
	{ "$undefined", "", write_undefined, "$undefined is true" },
	{ "$number", "", write_number, "$number is NaN, Infinity or -Infinity" },
	{ "$bigint", "", write_bigint,
	    "$bigint is a string of at most 1,233 decimal digits, or 0x and "
	    "hexadecimal ones" },
	{ "$date", "", write_date,
	    "$date is a string such as 2026-11-22T20:05:00.000Z, or null" },
	{ "$map", "", write_map, "$map is an array of arrays [key, value]" },
	{ "$set", "", write_set, "$set is an array" },
	{ "$regexp", " $flags ", write_regexp,
	    "$regexp is a string, with $flags of the letters " HKI_NODE_REGEXP_FLAGS },
	{ "$error", " message stack cause ", write_error,
	    "$error, message and stack are strings" },
	{ "$bytes", " $type ", write_bytes,
	    "$bytes is base64 of whole elements, $type a name such as Buffer" },
	{ "$boxed", "", write_box,
	    "$boxed is a truth, number, string, $number or $bigint" },
	{ "$array", " $members ", write_array,
	    "$array is an array, its $members an object" },
	{ "$sparse", " $length ", write_sparse,
	    "$sparse is an object, its $length a whole number below 2^32" },
	{ "$circular", "", write_circular,
	    "$circular is the number of levels to an object further out" },
	{ "$object", "", write_object, "$object is an object" },
};

bool hki_node_is_tagged(const hk_json *object)
{
	hk_json_iterator each = hk_json_iterate(object);

	return hk_json_next(&each) != NULL && each.key_length > 0 && each.key[0] == '$';
}

static const tag_row *find_row(const char *name)
{
	for (size_t i = 0; i < HKI_COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* Is " @key " one of the words of @words? */
static bool has_word(const char *words, const char *key)
{
	const char *at = strstr(words, key);

	return *key != '\0' && strchr(key, ' ') == NULL && at != NULL && at > words &&
	       at[-1] == ' ' && at[strlen(key)] == ' ';
}

int hki_node_write_tagged(hki_node_writer *writer, const hk_json *object)
{
	hk_json_iterator each = hk_json_iterate(object);
	const hk_json *first = hk_json_next(&each);
	const tag_row *row = find_row(each.key);
	int r;

	if (row == NULL)
		return refuse(writer, "there is no such tag; an object of that kind is "
				      "written as {\"$object\":{…}}");
	while (hk_json_next(&each) != NULL)
		if (!has_word(row->others, each.key))
			return refuse(writer, row->reason);
	r = row->write(writer, object, first);
	if (r == HK_EPARSE && writer->reason == NULL)
		writer->reason = row->reason;
	return r;
}
