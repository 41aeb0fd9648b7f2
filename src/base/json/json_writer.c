/*
 * The writer keeps one byte a level: is it an array or an object, has it
 * members already, is a key waiting for its value.  That is all it takes to
 * place commas, to indent, and to refuse a call that would make the text
 * invalid.  Because the first error sticks, no call needs its own check.
 */
#include <hostkit/json.h>

#include <errno.h>
#include <math.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/base64.h"
#include "base/buffer.h"
#include "base/json/json_integer.h"
#include "base/json/json_number.h"
#include "base/json/json_string.h"
#include "base/json/json_writer.h"
#include "base/utf8.h"

/* Deeper indentation than this is a mistake, not a taste. */
#define INDENT_MAX 16

typedef enum level_state {
	LEVEL_OBJECT = 1,  /* else an array */
	LEVEL_MEMBERS = 2, /* something was written in it */
	LEVEL_KEY = 4,     /* a key waits for its value */
	LEVEL_DOCUMENT = 8 /* the outside, which takes one value */
} level_state;

struct hk_json_writer {
	hki_buffer buffer;
	unsigned int indent;
	int error;
	unsigned int depth;
	unsigned char levels[HK_JSON_DEPTH_MAX + 1]; /* the first is LEVEL_DOCUMENT */
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
	writer->levels[0] = LEVEL_DOCUMENT;
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
	writer->levels[0] = LEVEL_DOCUMENT;
}

int hk_json_writer_error(const hk_json_writer *writer)
{
	return writer->error;
}

const char *hk_json_writer_text(const hk_json_writer *writer, size_t *out_length)
{
	if (writer->error < 0 || writer->levels[0] == LEVEL_DOCUMENT || writer->depth > 0)
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

/*
 * Room for @bytes behind what is written, or NULL when there is none.  What is written there
 * counts with end_at().  Nearly every call finds it, hence the test here.
 */
static inline char *room(hk_json_writer *writer, size_t bytes)
{
	hki_buffer *buffer = &writer->buffer;
	int r;

	if (__builtin_expect(buffer->capacity - buffer->length < bytes, 0)) {
		r = hki_buffer_reserve(buffer, bytes);
		if (r < 0) {
			fail(writer, r);
			return NULL;
		}
	}
	return buffer->data + buffer->length;
}

static inline void end_at(hk_json_writer *writer, char *at)
{
	*at = '\0';
	writer->buffer.length = (size_t) (at - writer->buffer.data);
}

static inline size_t margin(const hk_json_writer *writer)
{
	return (size_t) writer->indent * writer->depth;
}

static char *put_line_break(const hk_json_writer *writer, char *at)
{
	*at++ = '\n';
	memset(at, ' ', margin(writer));
	return at + margin(writer);
}

/* Separate what comes next from what was written before it on this level. */
static inline char *put_separator(hk_json_writer *writer, char *at)
{
	unsigned char *level = &writer->levels[writer->depth];

	if (*level & LEVEL_MEMBERS)
		*at++ = ',';
	*level |= LEVEL_MEMBERS;
	if (writer->indent > 0 && !(*level & LEVEL_DOCUMENT))
		at = put_line_break(writer, at);
	return at;
}

/* May a value stand on a level in this state? */
static inline bool takes_value(unsigned char state)
{
	if (state & LEVEL_OBJECT)
		return (state & LEVEL_KEY) != 0;
	return state != (LEVEL_DOCUMENT | LEVEL_MEMBERS);
}

/* If a value may stand here, write what goes before it, and make room for @bytes of it.
 * Returns the place, or NULL after a failure. */
static inline char *begin_value(hk_json_writer *writer, size_t bytes)
{
	unsigned char *level = &writer->levels[writer->depth];
	char *at;

	if (writer->error < 0)
		return NULL;
	if (!takes_value(*level)) {
		fail(writer, -EINVAL);
		return NULL;
	}
	at = room(writer, bytes + margin(writer) + 2);
	if (at == NULL)
		return NULL;
	if (!(*level & LEVEL_KEY))
		return put_separator(writer, at);
	*level &= (unsigned char) ~LEVEL_KEY;
	return at;
}

static void begin_level(hk_json_writer *writer, unsigned char kind, char bracket)
{
	char *at;

	if (writer->error == 0 && writer->depth == HK_JSON_DEPTH_MAX)
		fail(writer, HK_ELIMIT);
	at = begin_value(writer, 1);
	if (at == NULL)
		return;
	*at = bracket;
	end_at(writer, at + 1);
	writer->levels[++writer->depth] = kind;
}

static void end_level(hk_json_writer *writer, unsigned char kind, char bracket)
{
	unsigned char state = writer->levels[writer->depth];
	char *at;

	if (writer->error < 0)
		return;
	if ((state & ~LEVEL_MEMBERS) != kind) {
		fail(writer, -EINVAL);
		return;
	}
	at = room(writer, margin(writer) + 2);
	if (at == NULL)
		return;
	writer->depth--;
	if ((state & LEVEL_MEMBERS) && writer->indent > 0)
		at = put_line_break(writer, at);
	*at = bracket;
	end_at(writer, at + 1);
}

void hk_json_write_object_begin(hk_json_writer *writer)
{
	begin_level(writer, LEVEL_OBJECT, '{');
}

void hk_json_write_object_end(hk_json_writer *writer)
{
	end_level(writer, LEVEL_OBJECT, '}');
}

void hk_json_write_array_begin(hk_json_writer *writer)
{
	begin_level(writer, 0, '[');
}

void hk_json_write_array_end(hk_json_writer *writer)
{
	end_level(writer, 0, ']');
}

/*
 * The inside of a string, at @at, where there is room for it if nothing in it wants an
 * escape.  Returns its end, or NULL after a failure; if it took more room, there is room for
 * @behind bytes again.
 */
static inline char *put_inside(
    hk_json_writer *writer, char *at, const char *text, size_t length, size_t behind)
{
	size_t plain = hki_json_copy_plain(at, text, length);

	if (__builtin_expect(plain == length, 1))
		return at + length;
	end_at(writer, at + plain);
	fail(writer,
	    hki_json_escape_append(&writer->buffer, text + plain, length - plain));
	return writer->error < 0 ? NULL : room(writer, behind);
}

static inline char *begin_key(hk_json_writer *writer, size_t bytes)
{
	unsigned char *level = &writer->levels[writer->depth];
	char *at;

	if (writer->error < 0)
		return NULL;
	if ((*level & (LEVEL_OBJECT | LEVEL_KEY)) != LEVEL_OBJECT) {
		fail(writer, -EINVAL);
		return NULL;
	}
	at = room(writer, bytes + margin(writer) + 2);
	if (at == NULL)
		return NULL;
	at = put_separator(writer, at);
	*level |= LEVEL_KEY;
	return at;
}

/* The key is @key and @suffix together. */
static inline void write_key(hk_json_writer *writer, const char *key, size_t length,
    const char *suffix, size_t suffix_length)
{
	/* Two quotes, a colon and a space. */
	size_t behind = suffix_length + 4;
	char *at = begin_key(writer, length + behind);

	if (at == NULL)
		return;
	*at++ = '"';
	at = put_inside(writer, at, key, length, behind);
	if (at == NULL)
		return;
	memcpy(at, suffix, suffix_length);
	at += suffix_length;
	*at++ = '"';
	*at++ = ':';
	if (writer->indent > 0)
		*at++ = ' ';
	end_at(writer, at);
}

void hk_json_write_key_length(hk_json_writer *writer, const char *key, size_t length)
{
	write_key(writer, key, length, "", 0);
}

void hk_json_write_key(hk_json_writer *writer, const char *key)
{
	write_key(writer, key, strlen(key), "", 0);
}

void hki_json_write_key_base64(hk_json_writer *writer, const char *key)
{
	static const char suffix[] = "_base64";

	write_key(writer, key, strlen(key), suffix, sizeof(suffix) - 1);
}

void hk_json_write_raw(hk_json_writer *writer, const char *text, size_t length)
{
	char *at = begin_value(writer, length);

	if (at == NULL)
		return;
	memcpy(at, text, length);
	end_at(writer, at + length);
}

void hk_json_write_null(hk_json_writer *writer)
{
	hk_json_write_raw(writer, "null", 4);
}

void hk_json_write_bool(hk_json_writer *writer, bool value)
{
	if (value)
		hk_json_write_raw(writer, "true", 4);
	else
		hk_json_write_raw(writer, "false", 5);
}

void hk_json_write_int64(hk_json_writer *writer, int64_t value)
{
	char *at = begin_value(writer, HKI_JSON_INTEGER_MAX + 1);

	if (at == NULL)
		return;
	if (value < 0)
		*at++ = '-';
	at +=
	    hki_json_integer_format(at, value < 0 ? -(uint64_t) value : (uint64_t) value);
	end_at(writer, at);
}

void hk_json_write_uint64(hk_json_writer *writer, uint64_t value)
{
	char *at = begin_value(writer, HKI_JSON_INTEGER_MAX);

	if (at != NULL)
		end_at(writer, at + hki_json_integer_format(at, value));
}

void hk_json_write_double(hk_json_writer *writer, double value)
{
	char *at;

	if (!isfinite(value)) {
		hk_json_write_null(writer);
		return;
	}
	at = begin_value(writer, HKI_JSON_NUMBER_MAX);
	if (at != NULL)
		end_at(writer, at + hki_json_number_format(at, value));
}

void hk_json_write_decimal(hk_json_writer *writer, double value, unsigned int decimals)
{
	char *at;

	if (!isfinite(value)) {
		hk_json_write_null(writer);
		return;
	}
	at = begin_value(writer, HKI_JSON_NUMBER_MAX);
	if (at != NULL)
		end_at(writer, at + hki_json_decimal_format(at, value, decimals));
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
	char *at = begin_value(writer, length + 2);

	if (at == NULL)
		return;
	*at++ = '"';
	at = put_inside(writer, at, text, length, 1);
	if (at == NULL)
		return;
	*at++ = '"';
	end_at(writer, at);
}

void hki_json_write_base64(hk_json_writer *writer, const void *bytes, size_t length)
{
	char *at = begin_value(writer, 1);

	if (at == NULL)
		return;
	*at = '"';
	end_at(writer, at + 1);
	fail(writer, hki_base64_append(&writer->buffer, bytes, length));
	fail(writer, hki_buffer_append_char(&writer->buffer, '"'));
}

void hk_json_write_bytes(
    hk_json_writer *writer, const char *key, const void *bytes, size_t length)
{
	hk_json_write_key(writer, key);
	hk_json_write_string_length(writer, bytes, length);
	if (hki_utf8_valid(bytes, length))
		return;
	hki_json_write_key_base64(writer, key);
	hki_json_write_base64(writer, bytes, length);
}
