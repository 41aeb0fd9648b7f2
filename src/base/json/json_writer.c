/*
 * The writer keeps one byte a level: is it an array or an object, has it
 * members already, is a key waiting for its value.  That is all it takes to
 * place commas, to indent, and to refuse a call that would make the text
 * invalid.  Because the first error sticks, no call needs its own check.
 */
#include <hostkit/json.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/base64.h"
#include "base/buffer.h"
#include "base/json/json_number.h"
#include "base/json/json_string.h"
#include "base/json/json_writer.h"
#include "base/utf8.h"

/* Deeper indentation than this is a mistake, not a taste. */
#define INDENT_MAX 16

typedef enum level_state {
	LEVEL_OBJECT = 1,  /* else an array */
	LEVEL_MEMBERS = 2, /* something was written in it */
	LEVEL_KEY = 4      /* a key waits for its value */
} level_state;

struct hk_json_writer {
	hki_buffer buffer;
	unsigned int indent;
	int error;
	unsigned int depth;
	bool complete; /* the one value of the document was written */
	unsigned char levels[HK_JSON_DEPTH_MAX];
};

int hk_json_writer_new(hk_json_writer **out, unsigned int indent)
{
	hk_json_writer *writer;

	if (indent > INDENT_MAX)
		return -EINVAL;
	writer = hki_zalloc(sizeof(*writer));
	if (writer == NULL)
		return -ENOMEM;
	writer->indent = indent;
	*out = writer;
	return 0;
}

void hk_json_writer_free(hk_json_writer *writer)
{
	if (writer == NULL)
		return;
	hki_buffer_deinit(&writer->buffer);
	hki_free(writer);
}

void hk_json_writer_reset(hk_json_writer *writer)
{
	hki_buffer_truncate(&writer->buffer, 0);
	writer->error = 0;
	writer->depth = 0;
	writer->complete = false;
}

int hk_json_writer_error(const hk_json_writer *writer)
{
	return writer->error;
}

const char *hk_json_writer_text(const hk_json_writer *writer, size_t *out_length)
{
	if (writer->error < 0 || !writer->complete)
		return NULL;
	if (out_length != NULL)
		*out_length = writer->buffer.length;
	return writer->buffer.data;
}

static void fail(hk_json_writer *writer, int error)
{
	if (writer->error == 0 && error < 0)
		writer->error = error;
}

void hki_json_writer_fail(hk_json_writer *writer, int error)
{
	fail(writer, error);
}

static void put(hk_json_writer *writer, const char *bytes, size_t length)
{
	if (writer->error == 0)
		fail(writer, hki_buffer_append(&writer->buffer, bytes, length));
}

static void put_text(hk_json_writer *writer, const char *text)
{
	put(writer, text, strlen(text));
}

static void put_quoted(hk_json_writer *writer, const char *text, size_t length)
{
	put(writer, "\"", 1);
	if (writer->error == 0)
		fail(writer, hki_json_escape_append(&writer->buffer, text, length));
	put(writer, "\"", 1);
}

static void put_line_break(hk_json_writer *writer)
{
	static const char spaces[INDENT_MAX + 1] = "                ";

	if (writer->indent == 0)
		return;
	put(writer, "\n", 1);
	for (unsigned int level = 0; level < writer->depth; level++)
		put(writer, spaces, writer->indent);
}

static unsigned char *current_level(hk_json_writer *writer)
{
	return writer->depth > 0 ? &writer->levels[writer->depth - 1] : NULL;
}

/* Separate what comes next from what was written before it on this level. */
static void put_separator(hk_json_writer *writer, unsigned char *level)
{
	if (*level & LEVEL_MEMBERS)
		put(writer, ",", 1);
	*level |= LEVEL_MEMBERS;
	put_line_break(writer);
}

/* May a value stand here?  If so, write what goes before it. */
static bool begin_value(hk_json_writer *writer)
{
	unsigned char *level = current_level(writer);

	if (writer->error < 0)
		return false;
	if (level == NULL ? writer->complete
			  : (*level & (LEVEL_OBJECT | LEVEL_KEY)) == LEVEL_OBJECT) {
		fail(writer, -EINVAL);
		return false;
	}
	if (level == NULL)
		return true;
	if (*level & LEVEL_KEY)
		*level &= (unsigned char) ~LEVEL_KEY;
	else
		put_separator(writer, level);
	return true;
}

static void end_value(hk_json_writer *writer)
{
	if (writer->depth == 0)
		writer->complete = true;
}

static void begin_level(hk_json_writer *writer, unsigned char kind, const char *bracket)
{
	if (writer->error == 0 && writer->depth == HK_JSON_DEPTH_MAX)
		fail(writer, HK_ELIMIT);
	if (!begin_value(writer))
		return;
	writer->levels[writer->depth++] = kind;
	put_text(writer, bracket);
}

static void end_level(hk_json_writer *writer, unsigned char kind, const char *bracket)
{
	const unsigned char *level = current_level(writer);
	unsigned char state;

	if (writer->error < 0)
		return;
	if (level == NULL || (*level & (LEVEL_OBJECT | LEVEL_KEY)) != kind) {
		fail(writer, -EINVAL);
		return;
	}
	state = *level;
	writer->depth--;
	if (state & LEVEL_MEMBERS)
		put_line_break(writer);
	put_text(writer, bracket);
	end_value(writer);
}

void hk_json_write_object_begin(hk_json_writer *writer)
{
	begin_level(writer, LEVEL_OBJECT, "{");
}

void hk_json_write_object_end(hk_json_writer *writer)
{
	end_level(writer, LEVEL_OBJECT, "}");
}

void hk_json_write_array_begin(hk_json_writer *writer)
{
	begin_level(writer, 0, "[");
}

void hk_json_write_array_end(hk_json_writer *writer)
{
	end_level(writer, 0, "]");
}

/* The key is @key and @suffix together. */
static void write_key(
    hk_json_writer *writer, const char *key, size_t length, const char *suffix)
{
	unsigned char *level = current_level(writer);

	if (writer->error < 0)
		return;
	if (level == NULL || (*level & (LEVEL_OBJECT | LEVEL_KEY)) != LEVEL_OBJECT) {
		fail(writer, -EINVAL);
		return;
	}
	put_separator(writer, level);
	*level |= LEVEL_KEY;
	put(writer, "\"", 1);
	if (writer->error == 0)
		fail(writer, hki_json_escape_append(&writer->buffer, key, length));
	put_text(writer, suffix);
	put_text(writer, writer->indent > 0 ? "\": " : "\":");
}

void hk_json_write_key(hk_json_writer *writer, const char *key)
{
	write_key(writer, key, strlen(key), "");
}

void hk_json_write_key_length(hk_json_writer *writer, const char *key, size_t length)
{
	write_key(writer, key, length, "");
}

void hki_json_write_key_base64(hk_json_writer *writer, const char *key)
{
	write_key(writer, key, strlen(key), "_base64");
}

static void write_plain(hk_json_writer *writer, const char *text)
{
	if (!begin_value(writer))
		return;
	put_text(writer, text);
	end_value(writer);
}

void hk_json_write_null(hk_json_writer *writer)
{
	write_plain(writer, "null");
}

void hk_json_write_bool(hk_json_writer *writer, bool value)
{
	write_plain(writer, value ? "true" : "false");
}

void hk_json_write_int64(hk_json_writer *writer, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long) value);
	write_plain(writer, text);
}

void hk_json_write_uint64(hk_json_writer *writer, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long) value);
	write_plain(writer, text);
}

void hk_json_write_double(hk_json_writer *writer, double value)
{
	char text[HKI_JSON_NUMBER_MAX] = "null";

	if (isfinite(value))
		hki_json_number_format(text, value);
	write_plain(writer, text);
}

void hk_json_write_decimal(hk_json_writer *writer, double value, unsigned int decimals)
{
	char text[HKI_JSON_NUMBER_MAX] = "null";

	if (isfinite(value))
		hki_json_decimal_format(text, value, decimals);
	write_plain(writer, text);
}

void hk_json_write_string(hk_json_writer *writer, const char *text)
{
	if (text == NULL)
		hk_json_write_null(writer);
	else
		hk_json_write_string_length(writer, text, strlen(text));
}

void hk_json_write_string_length(hk_json_writer *writer, const char *text, size_t length)
{
	if (!begin_value(writer))
		return;
	put_quoted(writer, text, length);
	end_value(writer);
}

void hk_json_write_raw(hk_json_writer *writer, const char *text, size_t length)
{
	if (!begin_value(writer))
		return;
	put(writer, text, length);
	end_value(writer);
}

void hki_json_write_base64(hk_json_writer *writer, const void *bytes, size_t length)
{
	if (!begin_value(writer))
		return;
	put(writer, "\"", 1);
	if (writer->error == 0)
		fail(writer, hki_base64_append(&writer->buffer, bytes, length));
	put(writer, "\"", 1);
	end_value(writer);
}

void hk_json_write_bytes(
    hk_json_writer *writer, const char *key, const void *bytes, size_t length)
{
	write_key(writer, key, strlen(key), "");
	hk_json_write_string_length(writer, bytes, length);
	if (hki_utf8_valid(bytes, length))
		return;
	hki_json_write_key_base64(writer, key);
	hki_json_write_base64(writer, bytes, length);
}
