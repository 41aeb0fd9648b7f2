/*
 * JSON to V8's structured clone format.
 *
 * The version written is 13, which every Node since 12 reads.  Text goes as
 * Latin-1 where it is ASCII and as UTF-8 where it is not, so that nothing has to be
 * converted.  Keys that name an element are sent as numbers, as V8 does.
 */
#include "ipc/node_value.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <hostkit/error.h>

enum { VERSION = 13, VARINT_MAX = 10 };

/* ---- pieces ---- */

/* Written where there is room for them. */
static char *encode_varint(char *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (char) (value | 0x80);
		value >>= 7;
	}
	*at++ = (char) value;
	return at;
}

/*
 * Room for @bytes behind what is written, or NULL when there is no memory.  Nearly every
 * call finds it, and each value makes a few: hence the test here.
 */
static inline char *room(hki_node_writer *writer, size_t bytes)
{
	hki_buffer *out = writer->out;

	if (__builtin_expect(out->capacity - out->length < bytes, 0) &&
	    hki_buffer_reserve(out, bytes) < 0)
		return NULL;
	return out->data + out->length;
}

/* What was written there ends at @end. */
static inline int commit(hki_node_writer *writer, char *end)
{
	*end = '\0';
	writer->out->length = (size_t) (end - writer->out->data);
	return 0;
}

int hki_node_put_tag(hki_node_writer *writer, char tag)
{
	char *at = room(writer, 1);

	if (at == NULL)
		return -ENOMEM;
	*at = tag;
	return commit(writer, at + 1);
}

int hki_node_put_varint(hki_node_writer *writer, uint64_t value)
{
	char *at = room(writer, VARINT_MAX);

	return at == NULL ? -ENOMEM : commit(writer, encode_varint(at, value));
}

int hki_node_put_double(hki_node_writer *writer, double value)
{
	return hki_buffer_append(writer->out, &value, sizeof(value));
}

static int put_bytes(hki_node_writer *writer, char tag, const char *text, size_t length)
{
	char *at;

	if (length > SIZE_MAX - VARINT_MAX - 1)
		return -ENOMEM;
	at = room(writer, length + VARINT_MAX + 1);
	if (at == NULL)
		return -ENOMEM;
	*at++ = tag;
	at = encode_varint(at, length);
	if (length > 0)
		memcpy(at, text, length);
	return commit(writer, at + length);
}

int hki_node_put_string(hki_node_writer *writer, const char *text, size_t length)
{
	return put_bytes(
	    writer, hki_node_text_is_ascii(text, length) ? '"' : 'S', text, length);
}

static int put_int32(hki_node_writer *writer, int32_t value)
{
	uint32_t sign = (uint32_t) (value >> 31);
	char *at = room(writer, VARINT_MAX + 1);

	if (at == NULL)
		return -ENOMEM;
	*at++ = 'I';
	return commit(writer, encode_varint(at, (uint32_t) value << 1 ^ sign));
}

int hki_node_write_number(hki_node_writer *writer, double number)
{
	int r;

	if (number >= INT32_MIN && number <= INT32_MAX &&
	    (double) (int32_t) number == number && !(number == 0 && signbit(number)))
		return put_int32(writer, (int32_t) number);
	r = hki_node_put_tag(writer, 'N');
	return r < 0 ? r : hki_node_put_double(writer, number);
}

/* An index as JavaScript knows it: decimal, no zero in front, below 2^32 - 1. */
static bool is_index(const char *key, size_t length, double *out)
{
	uint64_t value = 0;

	if (length == 0 || length > 10 || (*key == '0' && length > 1))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (key[i] < '0' || key[i] > '9')
			return false;
		value = value * 10 + (uint64_t) (key[i] - '0');
	}
	*out = (double) value;
	return value < UINT32_MAX;
}

int hki_node_put_key(hki_node_writer *writer, const char *key, size_t length)
{
	double index;

	if (is_index(key, length, &index))
		return hki_node_write_number(writer, index);
	return hki_node_put_string(writer, key, length);
}

int hki_node_open(hki_node_writer *writer)
{
	if (writer->depth >= HK_JSON_DEPTH_MAX) {
		writer->reason = "objects are nested deeper than allowed";
		return HK_ELIMIT;
	}
	writer->open[writer->depth++] = writer->objects++;
	return 0;
}

void hki_node_close(hki_node_writer *writer)
{
	writer->depth--;
}

/* ---- by hand ---- */

int hki_node_write_begin(hki_node_writer *writer, hki_buffer *out, bool tagged)
{
	static const char header[] = { (char) 0xff, VERSION };

	writer->out = out;
	writer->objects = 0;
	writer->depth = 0;
	writer->tagged = tagged;
	writer->reason = NULL;
	return hki_buffer_append(out, header, sizeof(header));
}

int hki_node_write_object_begin(hki_node_writer *writer)
{
	int r = hki_node_open(writer);

	return r < 0 ? r : hki_node_put_tag(writer, 'o');
}

int hki_node_write_text(hki_node_writer *writer, const char *text)
{
	return hki_node_put_string(writer, text, strlen(text));
}

int hki_node_write_key(hki_node_writer *writer, const char *key)
{
	return hki_node_write_text(writer, key);
}

int hki_node_write_object_end(hki_node_writer *writer, uint32_t members)
{
	int r = hki_node_put_tag(writer, '{');

	hki_node_close(writer);
	return r < 0 ? r : hki_node_put_varint(writer, members);
}

/* ---- from JSON ---- */

/* Most numbers are a few digits, which need no rounding.  -0 is none of them. */
static bool read_few_digits(int32_t *out, const char *text, size_t length)
{
	const bool negative = *text == '-';
	int32_t value = 0;

	if (length - negative > 9)
		return false;
	for (size_t i = negative; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*out = negative ? -value : value;
	return !negative || value > 0;
}

/* As JSON.parse() reads it: what is beyond the largest double is infinite. */
static int write_json_number(hki_node_writer *writer, const hk_json *value)
{
	size_t length;
	const char *text = hk_json_get_number_text(value, &length);
	double number = 0;
	int32_t whole;
	int r;

	if (read_few_digits(&whole, text, length))
		return put_int32(writer, whole);
	r = hk_json_get_double(&number, value);

	if (r == -ERANGE)
		number = *text == '-' ? -INFINITY : INFINITY;
	else if (r < 0)
		return r;
	return hki_node_write_number(writer, number);
}

static int write_json_string(hki_node_writer *writer, const hk_json *value)
{
	size_t length;
	const char *text = hk_json_get_string(value, &length);

	return hki_node_put_string(writer, text, length);
}

static bool is_hole(const hki_node_writer *writer, const hk_json *value)
{
	return writer->tagged && hk_json_count(value) == 1 &&
	       hk_json_member(value, "$hole") != NULL;
}

static int put_elements(hki_node_writer *writer, const hk_json *elements)
{
	hk_json_iterator each = hk_json_iterate(elements);
	const hk_json *element;

	while ((element = hk_json_next(&each)) != NULL) {
		int r = is_hole(writer, element) ? hki_node_put_tag(writer, '-')
						 : hki_node_write_json(writer, element);

		if (r < 0)
			return r;
	}
	return 0;
}

int hki_node_put_array(
    hki_node_writer *writer, const hk_json *elements, const hk_json *members)
{
	const size_t length = hk_json_count(elements);
	int r;

	if ((r = hki_node_open(writer)) < 0 || (r = hki_node_put_tag(writer, 'A')) < 0 ||
	    (r = hki_node_put_varint(writer, length)) < 0 ||
	    (r = put_elements(writer, elements)) < 0 ||
	    (r = hki_node_put_members(writer, members)) < 0)
		return r;
	hki_node_close(writer);
	if ((r = hki_node_put_tag(writer, '$')) < 0 ||
	    (r = hki_node_put_varint(writer, hk_json_count(members))) < 0)
		return r;
	return hki_node_put_varint(writer, length);
}

int hki_node_put_members(hki_node_writer *writer, const hk_json *object)
{
	hk_json_iterator each = hk_json_iterate(object);
	const hk_json *value;
	int r;

	while ((value = hk_json_next(&each)) != NULL)
		if ((r = hki_node_put_key(writer, each.key, each.key_length)) < 0 ||
		    (r = hki_node_write_json(writer, value)) < 0)
			return r;
	return 0;
}

static int write_json_object(hki_node_writer *writer, const hk_json *object)
{
	int r;

	if (writer->tagged && hki_node_is_tagged(object))
		return hki_node_write_tagged(writer, object);
	if ((r = hki_node_write_object_begin(writer)) < 0 ||
	    (r = hki_node_put_members(writer, object)) < 0)
		return r;
	return hki_node_write_object_end(writer, (uint32_t) hk_json_count(object));
}

int hki_node_write_json(hki_node_writer *writer, const hk_json *value)
{
	bool truth = false;

	switch (hk_json_kind_of(value)) {
	case HK_JSON_BOOL:
		(void) !hk_json_get_bool(&truth, value);
		return hki_node_put_tag(writer, truth ? 'T' : 'F');
	case HK_JSON_NUMBER:
		return write_json_number(writer, value);
	case HK_JSON_STRING:
		return write_json_string(writer, value);
	case HK_JSON_ARRAY:
		return hki_node_put_array(writer, value, NULL);
	case HK_JSON_OBJECT:
		return write_json_object(writer, value);
	case HK_JSON_ABSENT:
	case HK_JSON_NULL:
	default:
		return hki_node_put_tag(writer, '0');
	}
}
