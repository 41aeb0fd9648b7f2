/*
 * Objects, arrays, maps, sets and errors: what holds other values.
 */
#include "ipc/node_value_reader.h"

#include <errno.h>
#include <string.h>
#include "base/array.h"
#include "base/json/json_integer.h"

/* Keys that are numbers become text, as JavaScript sees them.  Only the index of an
 * element is sent as a number, so it is whole. */
static int read_number_key(hki_node_reader *in, int tag)
{
	char text[HKI_JSON_INTEGER_MAX];
	double number = 0;
	uint32_t value = 0;
	int r = tag == 'N' ? hki_node_read_double(in, &number)
			   : hki_node_read_varint(in, &value);

	if (r < 0)
		return r;
	if (tag == 'I' && (value & 1) != 0)
		return hki_node_fail(in, "the number of an element is below zero");
	if (tag == 'N') {
		if (!(number >= 0 && number < UINT32_MAX) ||
		    (double) (uint32_t) number != number)
			return hki_node_fail(in, "a key is a number and no index");
		value = (uint32_t) number;
	}
	return hki_node_push_own_string(
	    in, text, hki_json_integer_format(text, tag == 'I' ? value >> 1 : value));
}

static int read_key(hki_node_reader *in)
{
	int tag = hki_node_take_tag(in);

	if (tag == 'I' || tag == 'U' || tag == 'N')
		return read_number_key(in, tag);
	return hki_node_read_string(in, tag);
}

/* Pairs up to the tag @end; their number. */
static int read_pairs(hki_node_reader *in, int end, uint32_t *count)
{
	uint32_t pairs = 0;
	int r;

	while (hki_node_peek_tag(in) != end) {
		if (in->at == in->end)
			return hki_node_fail(in, "the value ends within an object");
		r = end == ':' ? hki_node_read_value(in) : read_key(in);
		if (r < 0 || (r = hki_node_read_value(in)) < 0)
			return r;
		pairs++;
	}
	in->at++;
	*count = pairs;
	return 0;
}

/* What follows the end of a container has to agree with what was in it. */
static int check_count(hki_node_reader *in, uint64_t counted)
{
	uint32_t said;
	int r = hki_node_read_varint(in, &said);

	if (r < 0)
		return r;
	return said == counted
		   ? 0
		   : hki_node_fail(in, "an object has not as much as it says");
}

static int read_object(hki_node_reader *in, uint32_t place)
{
	uint32_t pairs = 0;
	int r = read_pairs(in, '{', &pairs);

	if (r == 0)
		r = check_count(in, pairs);
	if (r == 0)
		hki_node_close_container(in, place, 0, pairs);
	return r;
}

static int read_map(hki_node_reader *in, uint32_t place)
{
	uint32_t pairs = 0;
	int r = read_pairs(in, ':', &pairs);

	if (r == 0)
		r = check_count(in, (uint64_t) pairs * 2);
	if (r == 0)
		hki_node_close_container(in, place, 0, pairs);
	return r;
}

static int read_set(hki_node_reader *in, uint32_t place)
{
	uint32_t elements = 0;
	int r;

	while (hki_node_peek_tag(in) != ',') {
		if (in->at == in->end)
			return hki_node_fail(in, "the value ends within a set");
		r = hki_node_read_value(in);
		if (r < 0)
			return r;
		elements++;
	}
	in->at++;
	r = check_count(in, elements);
	if (r == 0)
		hki_node_close_container(in, place, elements, 0);
	return r;
}

static int read_dense_array(hki_node_reader *in, uint32_t place)
{
	uint32_t length;
	uint32_t pairs = 0;
	int r = hki_node_read_varint(in, &length);

	if (r < 0)
		return r;
	if (length > hki_node_left(in))
		return hki_node_fail(in, "an array is longer than the value");
	for (uint32_t i = 0; i < length; i++) {
		if (hki_node_peek_tag(in) == '-') {
			in->at++;
			r = hki_node_push_plain(in, HK_IPC_VALUE_HOLE, 0);
		} else {
			r = hki_node_read_value(in);
		}
		if (r < 0)
			return r;
	}
	if ((r = read_pairs(in, '$', &pairs)) < 0 || (r = check_count(in, pairs)) < 0 ||
	    (r = check_count(in, length)) < 0)
		return r;
	hki_node_close_container(in, place, length, pairs);
	return 0;
}

/* Do the pairs of the container at @place begin with the elements 0 … @length - 1? */
static bool has_all_elements(const hki_node_reader *in, uint32_t place, uint32_t length)
{
	const hk_ipc_value *key = &in->values->tape[place + 1];
	const char *text = in->values->text.data;

	for (uint32_t i = 0; i < length; i++) {
		char expected[HKI_JSON_INTEGER_MAX];
		size_t digits = hki_json_integer_format(expected, i);

		if (key->length != digits ||
		    memcmp(text + key->as.offset, expected, digits) != 0)
			return false;
		key += 1 + key[1].span;
	}
	return true;
}

static int read_sparse_array(hki_node_reader *in, uint32_t place)
{
	hk_ipc_value *array;
	uint32_t length;
	uint32_t pairs = 0;
	int r = hki_node_read_varint(in, &length);

	if (r < 0 || (r = read_pairs(in, '@', &pairs)) < 0 ||
	    (r = check_count(in, pairs)) < 0 || (r = check_count(in, length)) < 0)
		return r;
	hki_node_close_container(in, place, 0, pairs);
	array = &in->values->tape[place];
	array->as.number = length;
	if (length > pairs || !has_all_elements(in, place, length))
		return 0;
	array->kind = HK_IPC_VALUE_ARRAY;
	array->detail = HKI_NODE_KEYED;
	array->elements = length;
	array->pairs = pairs - length;
	return 0;
}

/* ---- errors ---- */

static const char *error_name(int tag)
{
	switch (tag) {
	case 'E':
		return "EvalError";
	case 'R':
		return "RangeError";
	case 'F':
		return "ReferenceError";
	case 'S':
		return "SyntaxError";
	case 'T':
		return "TypeError";
	case 'U':
		return "URIError";
	default:
		return NULL;
	}
}

static int read_error_part(hki_node_reader *in, int tag)
{
	const char *key = tag == 'm' ? "message" : tag == 's' ? "stack" : "cause";
	int r = hki_node_push_own_string(in, key, strlen(key));

	if (r < 0)
		return r;
	return tag == 'c' ? hki_node_read_value(in)
			  : hki_node_read_string(in, hki_node_take_tag(in));
}

/* Parts of an error, each with a tag of its own, become members. */
static int read_error(hki_node_reader *in, uint32_t place)
{
	const char *name = error_name(hki_node_peek_tag(in));
	uint32_t pairs = 1;
	int tag;
	int r;

	if (name != NULL)
		in->at++;
	else
		name = "Error";
	if ((r = hki_node_push_own_string(in, "name", 4)) < 0 ||
	    (r = hki_node_push_own_string(in, name, strlen(name))) < 0)
		return r;
	while ((tag = hki_node_take_tag(in)) != '.') {
		if (tag != 'm' && tag != 's' && tag != 'c')
			return hki_node_fail(in, "an error has a part that is not known");
		r = read_error_part(in, tag);
		if (r < 0)
			return r;
		pairs++;
	}
	hki_node_close_container(in, place, 0, pairs);
	return 0;
}

/* ---- everything ---- */

typedef struct container {
	int tag;
	hk_ipc_value_kind kind;
	int (*read)(hki_node_reader *in, uint32_t place);
} container;

static const container containers[] = {
	{ 'o', HK_IPC_VALUE_OBJECT, read_object },
	{ 'A', HK_IPC_VALUE_ARRAY, read_dense_array },
	{ 'a', HK_IPC_VALUE_SPARSE, read_sparse_array },
	{ ';', HK_IPC_VALUE_MAP, read_map },
	{ '\'', HK_IPC_VALUE_SET, read_set },
	{ 'r', HK_IPC_VALUE_ERROR, read_error },
};

int hki_node_read_container(hki_node_reader *in, int tag)
{
	for (size_t i = 0; i < HKI_COUNT(containers); i++) {
		uint32_t place;
		int r;

		if (containers[i].tag != tag)
			continue;
		if ((r = hki_node_enter(in)) < 0 ||
		    (r = hki_node_open_object(in, containers[i].kind, &place)) < 0)
			return r;
		r = containers[i].read(in, place);
		in->depth--;
		return r;
	}
	return hki_node_fail(
	    in, strchr("upwmt", tag) != NULL
		    ? "shared memory and modules cannot leave their process"
		    : "there is no such kind of value");
}
