/*
 * V8's structured clone format onto a tape, in one pass and without looking back.
 *
 * The format is a tag and what follows it, values within values.  Every object
 * has a number, in the order in which they begin, and a later mention of it is
 * that number alone: so cycles are possible here, but the tape stays a tree in
 * which a mention is a leaf.
 *
 * It comes from another process and may be anything.  A length is compared with
 * the bytes that are left before anything is kept for it, depth and values are
 * limited, and numbers of objects must have been given.
 */
#include "ipc/node_value_reader.h"

#include <errno.h>

/* The newest version known, and the oldest with tags for all that we read. */
enum { VERSION_NEWEST = 15, VERSION_OLDEST = 12 };

static int read_integer(hki_node_reader *in, bool zigzag)
{
	uint32_t value;
	int r = hki_node_read_varint(in, &value);

	if (r < 0)
		return r;
	if (!zigzag)
		return hki_node_push_number(in, HK_IPC_VALUE_NUMBER, value);
	return hki_node_push_number(
	    in, HK_IPC_VALUE_NUMBER, (int32_t) (value >> 1 ^ -(value & 1)));
}

static int read_number(hki_node_reader *in, hk_ipc_value_kind kind)
{
	double number;
	int r = hki_node_read_double(in, &number);

	return r < 0 ? r : hki_node_push_number(in, kind, number);
}

/* A field of the sign and the number of bytes, then those, lowest first. */
static int read_bigint(hki_node_reader *in)
{
	const unsigned char *bytes;
	uint32_t field;
	uint32_t length;
	int r = hki_node_read_varint(in, &field);

	if (r < 0)
		return r;
	length = field >> 1;
	if (hki_node_left(in) < length)
		return hki_node_fail(in, "a BigInt is longer than the value");
	bytes = in->at;
	in->at += length;
	while (length > 0 && bytes[length - 1] == 0)
		length--;
	return hki_node_push_bytes(
	    in, HK_IPC_VALUE_BIGINT, field & (length > 0), bytes, length);
}

static int read_date(hki_node_reader *in)
{
	int r = hki_node_number_object(in);

	return r < 0 ? r : read_number(in, HK_IPC_VALUE_DATE);
}

/* Source and flags, one terminated behind the other. */
static int read_regexp(hki_node_reader *in)
{
	static const char letters[] = HKI_NODE_REGEXP_FLAGS;
	uint32_t place;
	uint32_t flags;
	size_t offset;
	size_t length;
	int r = hki_node_number_object(in);

	if (r < 0 ||
	    (r = hki_node_append_string(in, hki_node_take_tag(in), &offset, &length)) <
		0 ||
	    (r = hki_node_read_varint(in, &flags)) < 0)
		return r;
	if (flags >> (sizeof(letters) - 1) != 0)
		return hki_node_fail(in, "a RegExp has flags that are not known");
	for (size_t i = 0; r == 0 && i < sizeof(letters) - 1; i++)
		if ((flags >> i & 1) != 0)
			r = hki_buffer_append_char(&in->values->text, letters[i]);
	if (r == 0)
		r = hki_buffer_append_char(&in->values->text, '\0');
	return r < 0
		   ? r
		   : hki_node_push_text(in, HK_IPC_VALUE_REGEXP, offset, length, &place);
}

/* An object around a plain value. */
static int read_box(hki_node_reader *in, int tag)
{
	uint32_t place;
	int r = hki_node_open_object(in, HK_IPC_VALUE_BOXED, &place);

	if (r < 0)
		return r;
	if (tag == 'y' || tag == 'x')
		r = hki_node_push_plain(in, HK_IPC_VALUE_BOOL, tag == 'y');
	else if (tag == 'n')
		r = read_number(in, HK_IPC_VALUE_NUMBER);
	else if (tag == 'z')
		r = read_bigint(in);
	else
		r = hki_node_read_string(in, hki_node_take_tag(in));
	if (r == 0)
		hki_node_close_container(in, place, 1, 0);
	return r;
}

static int read_reference(hki_node_reader *in)
{
	const hk_ipc_values *values = in->values;
	uint32_t number;
	uint32_t place;
	int r = hki_node_read_varint(in, &number);

	if (r < 0)
		return r;
	if (number >= values->object_count || values->objects[number] >= values->count)
		return hki_node_fail(in, "an object is mentioned that there is not");
	r = hki_node_push(in, HK_IPC_VALUE_REFERENCE, &place);
	if (r == 0)
		values->tape[place].as.distance =
		    (ptrdiff_t) place - values->objects[number];
	return r;
}

/* A count of objects that may stand before a value; nothing to us. */
static int pass_object_count(hki_node_reader *in)
{
	uint32_t count;

	while (hki_node_peek_tag(in) == '?') {
		int r;

		in->at++;
		if ((r = hki_node_read_varint(in, &count)) < 0)
			return r;
	}
	return 0;
}

int hki_node_read_value(hki_node_reader *in)
{
	int r = pass_object_count(in);
	int tag = hki_node_take_tag(in);

	if (r < 0)
		return r;
	switch (tag) {
	case -1:
		return hki_node_fail(in, "the value ends before it is complete");
	case '_':
		return hki_node_push_plain(in, HK_IPC_VALUE_UNDEFINED, 0);
	case '0':
		return hki_node_push_plain(in, HK_IPC_VALUE_NULL, 0);
	case 'T':
	case 'F':
		return hki_node_push_plain(in, HK_IPC_VALUE_BOOL, tag == 'T');
	case 'I':
	case 'U':
		return read_integer(in, tag == 'I');
	case 'N':
		return read_number(in, HK_IPC_VALUE_NUMBER);
	case 'Z':
		return read_bigint(in);
	case '"':
	case 'c':
	case 'S':
		return hki_node_read_string(in, tag);
	case 'D':
		return read_date(in);
	case 'R':
		return read_regexp(in);
	case 'y':
	case 'x':
	case 'n':
	case 'z':
	case 's':
		return read_box(in, tag);
	case '^':
		return read_reference(in);
	case 'B':
	case '~':
		return hki_node_read_array_buffer(in, tag == '~');
	case '\\':
		return hki_node_read_host_object(in);
	default:
		return hki_node_read_container(in, tag);
	}
}

static int read_header(hki_node_reader *in)
{
	if (hki_node_left(in) < 2 || *in->at != 0xff)
		return hki_node_fail(in, "the header of V8's format is missing");
	in->at++;
	int r = hki_node_read_varint(in, &in->version);
	if (r < 0)
		return r;
	if (in->version < VERSION_OLDEST || in->version > VERSION_NEWEST)
		return hki_node_fail(in, "the version of V8's format is not known");
	return 0;
}

/* The text will not move any more. */
static void place_texts(hk_ipc_values *values)
{
	for (uint32_t i = 0; i < values->count; i++)
		if (hki_node_value_has_text(&values->tape[i]))
			values->tape[i].as.text =
			    values->text.data + values->tape[i].as.offset;
}

int hk_ipc_values_read(hk_ipc_values *values, const void *bytes, size_t length)
{
	hki_node_reader in = { .values = values, .at = bytes };
	int r;

	values->count = 0;
	values->object_count = 0;
	values->complete = false;
	values->error = NULL;
	hki_buffer_truncate(&values->text, 0);
	if (length > HK_JSON_LENGTH_MAX)
		return hki_node_fail_limit(&in, "the value is longer than allowed");
	in.end = in.at + length;
	r = read_header(&in);
	if (r == 0)
		r = hki_node_read_value(&in);
	if (r == 0 && in.at != in.end)
		r = hki_node_fail(&in, "there is more behind the value");
	if (r == -ENOMEM)
		values->error = "there is no memory for it";
	if (r == 0) {
		place_texts(values);
		values->complete = true;
	}
	return r;
}
