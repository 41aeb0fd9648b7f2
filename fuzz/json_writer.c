/*
 * The JSON writer, driven by bytes as a program of calls in any order.  It never
 * crashes, a misplaced call sticks as an error, and what it calls a finished document
 * is one: jansson reads it, where jansson is installed.
 */
#include <string.h>
#include <hostkit/json.h>
#include "target.h"
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

/* Up to @wanted bytes off the front of the input. */
static const uint8_t *next(const uint8_t **data, size_t *size, size_t *wanted)
{
	const uint8_t *bytes = *data;

	if (*wanted > *size)
		*wanted = *size;
	*data += *wanted;
	*size -= *wanted;
	return bytes;
}

static void write_text(
    hk_json_writer *writer, const uint8_t **data, size_t *size, uint8_t op)
{
	size_t length = op >> 4;
	const uint8_t *bytes = next(data, size, &length);
	char text[16] = { 0 };

	memcpy(text, bytes, length);
	switch (op & 3) {
	case 0:
		hk_json_write_key(writer, text);
		break;
	case 1:
		hk_json_write_string(writer, text);
		break;
	case 2:
		hk_json_write_string_length(writer, (const char *) bytes, length);
		break;
	default:
		hk_json_write_bytes(writer, "bytes", bytes, length);
	}
}

static void write_number(
    hk_json_writer *writer, const uint8_t **data, size_t *size, uint8_t op)
{
	uint64_t bits = 0;
	size_t length = sizeof(bits);
	const uint8_t *bytes = next(data, size, &length);
	double value;

	memcpy(&bits, bytes, length);
	memcpy(&value, &bits, sizeof(value));
	switch (op & 3) {
	case 0:
		hk_json_write_int64(writer, (int64_t) bits);
		break;
	case 1:
		hk_json_write_uint64(writer, bits);
		break;
	case 2:
		hk_json_write_double(writer, value);
		break;
	default:
		hk_json_write_decimal(writer, value, op >> 4);
	}
}

static void step(hk_json_writer *writer, const uint8_t **data, size_t *size)
{
	uint8_t op = **data;

	(*data)++;
	(*size)--;
	switch (op & 12) {
	case 0:
		write_text(writer, data, size, op);
		break;
	case 4:
		write_number(writer, data, size, op);
		break;
	case 8:
		if (op & 1)
			hk_json_write_object_begin(writer);
		else
			hk_json_write_object_end(writer);
		break;
	default:
		if ((op & 3) == 0)
			hk_json_write_array_begin(writer);
		else if ((op & 3) == 1)
			hk_json_write_array_end(writer);
		else if ((op & 3) == 2)
			hk_json_write_null(writer);
		else
			hk_json_write_bool(writer, op >> 7);
	}
}

static void check_document(const char *text, size_t length)
{
	FUZZ_MUST(strlen(text) == length);
#ifdef HAVE_JANSSON
	json_error_t error;
	json_t *read = json_loadb(text, length,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);

	/* Exact integers and doubles may lie beyond what jansson can hold. */
	FUZZ_MUST(read != NULL || strstr(error.text, "overflow") != NULL);
	json_decref(read);
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hk_json_writer *writer = NULL;
	const char *text;
	size_t length = 0;

	if (size == 0 || hk_json_writer_new(&writer, data[0] % 5) < 0)
		return 0;
	data++;
	size--;
	while (size > 0)
		step(writer, &data, &size);
	text = hk_json_writer_text(writer, &length);
	if (text != NULL && length > 0) {
		FUZZ_MUST(hk_json_writer_error(writer) == 0);
		check_document(text, length);
	}
	hk_json_writer_free(writer);
	return 0;
}
