/*
 * A record as a CSV line (RFC 4180).  The text of a value is the one JSON has,
 * so that both are read by the same rules; only strings shed their JSON quotes
 * and escapes for those of CSV.  A line is a C string of valid UTF-8: what is not
 * becomes U+FFFD, NUL bytes included.
 */
#include <hostkit/record.h>

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/record_internal.h"
#include "base/utf8.h"

static void writer_freep(hk_json_writer **writer)
{
	hk_json_writer_free(*writer);
}

static bool needs_quotes(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == '"' || text[i] == ',' || text[i] == '\r' ||
		    text[i] == '\n')
			return true;
	return length > 0 && (text[0] == ' ' || text[length - 1] == ' ');
}

static int append_character(hki_buffer *line, uint32_t character)
{
	char encoded[HKI_UTF8_MAX];
	int r;

	if (character == 0)
		character = 0xfffd;
	if (character == '"') {
		r = hki_buffer_append_char(line, '"');
		if (r < 0)
			return r;
	}
	return hki_buffer_append(line, encoded, hki_utf8_encode(encoded, character));
}

static int append_text(hki_buffer *line, const char *text, size_t length)
{
	bool quotes = needs_quotes(text, length);
	int r = 0;

	if (quotes)
		r = hki_buffer_append_char(line, '"');
	while (r == 0 && length > 0) {
		uint32_t character;
		size_t used = hki_utf8_decode(&character, text, length);

		r = append_character(line, character);
		text += used;
		length -= used;
	}
	if (r == 0 && quotes)
		r = hki_buffer_append_char(line, '"');
	return r;
}

static int append_json(hki_buffer *line, const hk_record_field *field, const void *value)
{
	hki_cleanup(writer_freep) hk_json_writer *writer = NULL;
	const char *text;
	size_t length;
	int r = hk_json_writer_new(&writer, 0);

	if (r < 0)
		return r;
	hki_record_write_value(writer, field, value);
	text = hk_json_writer_text(writer, &length);
	if (text == NULL)
		return hk_json_writer_error(writer);
	if (strcmp(text, "null") == 0)
		return 0;
	return append_text(line, text, length);
}

static int append_value(hki_buffer *line, const hk_record_field *field, const void *value)
{
	const hk_record_bytes *bytes = value;
	const char *text;

	switch (field->kind) {
	case HK_RECORD_STRING:
		text = *(const char *const *) value;
		return append_text(line, text, strlen(text));
	case HK_RECORD_BYTES:
		return append_text(line, bytes->data, bytes->length);
	case HK_RECORD_ENUM:
		text = hki_record_enum_name(field, *(const int32_t *) value);
		if (text != NULL)
			return append_text(line, text, strlen(text));
		return hki_buffer_append_format(
		    line, "%d", (int) *(const int32_t *) value);
	default:
		return append_json(line, field, value);
	}
}

/* End the line and hand it over. */
static int finish(char **out, hki_buffer *line)
{
	char *text;
	int r = hki_buffer_append_text(line, "\r\n");

	if (r < 0)
		return r;
	text = hki_buffer_take(line);
	if (text == NULL)
		return -ENOMEM;
	*out = text;
	return 0;
}

int hk_record_csv_header(char **out, const hk_record_type *type)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
	int r = 0;

	for (size_t i = 0; i < type->field_count; i++) {
		const char *name = type->fields[i].name;

		if (i > 0)
			r = hki_buffer_append_char(&line, ',');
		if (r == 0)
			r = append_text(&line, name, strlen(name));
		if (r < 0)
			return r;
	}
	return finish(out, &line);
}

int hk_record_csv_line(char **out, const hk_record_type *type, const void *record)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
	int r = 0;

	for (unsigned int i = 0; i < type->field_count; i++) {
		if (i > 0)
			r = hki_buffer_append_char(&line, ',');
		if (r == 0 && hki_record_shows(type, record, i))
			r = append_value(
			    &line, &type->fields[i], hk_record_value(type, record, i));
		if (r < 0)
			return r;
	}
	return finish(out, &line);
}
