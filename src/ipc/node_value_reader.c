/*
 * What reading V8's format is made of: numbers of varying length, strings, and a
 * tape that grows.  A length is compared with the bytes that are left before
 * anything is kept for it.
 */
#include "ipc/node_value_reader.h"

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"

int hki_node_fail(hki_node_reader *in, const char *reason)
{
	in->values->error = reason;
	return HK_EPARSE;
}

int hki_node_fail_limit(hki_node_reader *in, const char *reason)
{
	in->values->error = reason;
	return HK_ELIMIT;
}

/* ---- pieces ---- */

int hki_node_read_long_varint(hki_node_reader *in, uint32_t *out)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 35; shift += 7) {
		unsigned char byte;

		if (in->at == in->end)
			return hki_node_fail(
			    in, "the value ends in the middle of a number");
		byte = *in->at++;
		value |= (uint64_t) (byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			if (value > UINT32_MAX)
				break;
			*out = (uint32_t) value;
			return 0;
		}
	}
	return hki_node_fail(in, "a number has more than 32 bits");
}

int hki_node_read_double(hki_node_reader *in, double *out)
{
	if (hki_node_left(in) < sizeof(*out))
		return hki_node_fail(in, "the value ends in the middle of a double");
	memcpy(out, in->at, sizeof(*out)); /* of our own byte order: it never travels */
	in->at += sizeof(*out);
	return 0;
}

/* A length and that many bytes. */
int hki_node_read_bytes(hki_node_reader *in, const unsigned char **out, uint32_t *length)
{
	int r = hki_node_read_varint(in, length);

	if (r < 0)
		return r;
	if (hki_node_left(in) < *length)
		return hki_node_fail(in, "a length is longer than the value");
	*out = in->at;
	in->at += *length;
	return 0;
}

/* ---- the tape ---- */

/* It grows to the limit and no further, so only who grows it has to look. */
int hki_node_reserve(hki_node_reader *in)
{
	hk_ipc_values *values = in->values;
	uint32_t capacity =
	    values->capacity == 0 ? 32 : values->capacity + values->capacity / 2;
	hk_ipc_value *tape;

	if (values->capacity >= HK_IPC_VALUES_MAX)
		return hki_node_fail_limit(in, "there are more values than allowed");
	if (capacity > HK_IPC_VALUES_MAX)
		capacity = HK_IPC_VALUES_MAX;
	tape = hki_realloc_array(values->tape, capacity, sizeof(*values->tape));
	if (tape == NULL)
		return -ENOMEM;
	values->tape = tape;
	values->capacity = capacity;
	return 0;
}

int hki_node_push_plain(hki_node_reader *in, hk_ipc_value_kind kind, unsigned int detail)
{
	uint32_t place;
	int r = hki_node_push(in, kind, &place);

	if (r == 0)
		in->values->tape[place].detail = (uint16_t) detail;
	return r;
}

int hki_node_push_number(hki_node_reader *in, hk_ipc_value_kind kind, double number)
{
	uint32_t place;
	int r = hki_node_push(in, kind, &place);

	if (r == 0)
		in->values->tape[place].as.number = number;
	return r;
}

/* A container is complete: everything behind it on the tape is its own. */
void hki_node_close_container(
    hki_node_reader *in, uint32_t place, uint32_t elements, uint32_t pairs)
{
	hk_ipc_value *value = &in->values->tape[place];

	value->elements = elements;
	value->pairs = pairs;
	value->span = in->values->count - place;
}

/* The object that begins at the end of the tape gets the next number. */
int hki_node_number_object(hki_node_reader *in)
{
	hk_ipc_values *values = in->values;

	if (values->object_count == values->object_capacity) {
		uint32_t capacity =
		    values->object_capacity == 0 ? 16 : values->object_capacity * 2;
		uint32_t *objects =
		    hki_realloc_array(values->objects, capacity, sizeof(*objects));

		if (objects == NULL)
			return -ENOMEM;
		values->objects = objects;
		values->object_capacity = capacity;
	}
	values->objects[values->object_count++] = values->count;
	return 0;
}

int hki_node_open_object(hki_node_reader *in, hk_ipc_value_kind kind, uint32_t *out)
{
	int r = hki_node_number_object(in);

	return r < 0 ? r : hki_node_push(in, kind, out);
}

int hki_node_enter(hki_node_reader *in)
{
	if (in->depth >= HK_JSON_DEPTH_MAX)
		return hki_node_fail_limit(in, "objects are nested deeper than allowed");
	in->depth++;
	return 0;
}

/* ---- text ---- */

typedef int text_fn(hki_buffer *out, const unsigned char *bytes, size_t length);

/* Append a string whose tag was @tag to the text; where it begins and how long it is. */
int hki_node_append_string(hki_node_reader *in, int tag, size_t *offset, size_t *length)
{
	text_fn *convert = tag == '"'   ? hki_node_text_latin1
			   : tag == 'c' ? hki_node_text_utf16
			   : tag == 'S' ? hki_node_text_utf8
					: NULL;
	const unsigned char *bytes;
	uint32_t count;
	int r;

	if (convert == NULL)
		return hki_node_fail(in, "a string is expected here");
	r = hki_node_read_bytes(in, &bytes, &count);
	if (r < 0)
		return r;
	if (tag == 'c' && count % 2 != 0)
		return hki_node_fail(in, "a string of two-byte units has an odd length");
	*offset = in->values->text.length;
	r = convert(&in->values->text, bytes, count);
	*length = in->values->text.length - *offset - (r == 0);
	return r;
}

int hki_node_push_text(hki_node_reader *in, hk_ipc_value_kind kind, size_t offset,
    size_t length, uint32_t *out)
{
	int r = hki_node_push(in, kind, out);

	if (r == 0) {
		in->values->tape[*out].as.offset = offset;
		in->values->tape[*out].length = length;
	}
	return r;
}

int hki_node_read_string(hki_node_reader *in, int tag)
{
	uint32_t place;
	size_t offset;
	size_t length;
	int r = hki_node_append_string(in, tag, &offset, &length);

	return r < 0
		   ? r
		   : hki_node_push_text(in, HK_IPC_VALUE_STRING, offset, length, &place);
}

int hki_node_push_own_string(hki_node_reader *in, const char *text, size_t length)
{
	size_t offset = in->values->text.length;
	uint32_t place;
	int r =
	    hki_node_text_utf8(&in->values->text, (const unsigned char *) text, length);

	return r < 0
		   ? r
		   : hki_node_push_text(in, HK_IPC_VALUE_STRING, offset, length, &place);
}

/* Bytes begin where any number may begin. */
static int append_aligned(hki_node_reader *in, const unsigned char *bytes, size_t length)
{
	static const char zeroes[8];
	hki_buffer *text = &in->values->text;
	int r = hki_buffer_append(text, zeroes, -text->length & 7);

	if (r == 0)
		r = hki_buffer_append(text, bytes, length);
	return r;
}

int hki_node_push_bytes(hki_node_reader *in, hk_ipc_value_kind kind, unsigned int detail,
    const unsigned char *bytes, size_t length)
{
	uint32_t place;
	int r = append_aligned(in, bytes, length);

	if (r == 0)
		r = hki_node_push_text(
		    in, kind, in->values->text.length - length, length, &place);
	if (r == 0) {
		in->values->tape[place].detail = (uint16_t) detail;
		r = hki_buffer_append_char(&in->values->text, '\0');
	}
	return r;
}
