/*
 * Text on a terminal.  A name, an argument or an output of a program may hold
 * escape sequences that move the cursor or change the title; nothing that came
 * from outside reaches a terminal without passing here.
 */
#include "text.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/utf8.h"

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

static int append_escaped(hki_buffer *buffer, uint32_t character)
{
	switch (character) {
	case '\n':
		return hki_buffer_append_text(buffer, "\\n");
	case '\r':
		return hki_buffer_append_text(buffer, "\\r");
	case '\t':
		return hki_buffer_append_text(buffer, "\\t");
	default:
		return hki_buffer_append_format(buffer, "\\x%02x", character);
	}
}

int cmd_text_append_clean(hki_buffer *buffer, const char *text, size_t length)
{
	int r = 0;

	while (r == 0 && length > 0) {
		uint32_t character;
		size_t bytes = hki_utf8_decode(&character, text, length);

		if (is_control(character))
			r = append_escaped(buffer, character);
		else if (character == 0xfffd)
			r = hki_buffer_append_text(buffer, "\xef\xbf\xbd");
		else
			r = hki_buffer_append(buffer, text, bytes);
		text += bytes;
		length -= bytes;
	}
	return r;
}

size_t cmd_text_fit(const char *text, size_t length, size_t width)
{
	size_t used = 0, fits = 0;

	while (fits < length) {
		uint32_t character;
		size_t bytes = hki_utf8_decode(&character, text + fits, length - fits);

		used += (size_t) hki_utf8_width(character);
		if (used > width)
			break;
		fits += bytes;
	}
	return fits;
}

size_t cmd_text_width(const char *text, size_t length)
{
	size_t width = 0;

	while (length > 0) {
		uint32_t character;
		size_t bytes = hki_utf8_decode(&character, text, length);

		width += (size_t) hki_utf8_width(character);
		text += bytes;
		length -= bytes;
	}
	return width;
}

int cmd_text_append_spaces(hki_buffer *buffer, size_t count)
{
	int r = 0;

	while (r == 0 && count-- > 0)
		r = hki_buffer_append_char(buffer, ' ');
	return r;
}

static int append_line_break(hki_buffer *buffer, size_t indent)
{
	int r = hki_buffer_append_char(buffer, '\n');

	return r < 0 ? r : cmd_text_append_spaces(buffer, indent);
}

int cmd_text_append_wrapped(
    hki_buffer *buffer, const char *text, size_t column, size_t indent, size_t width)
{
	bool line_start = true;
	int r = 0;

	while (r == 0 && *text != '\0') {
		size_t word = strcspn(text, " \n");
		size_t columns = cmd_text_width(text, word);

		if (word > 0 && !line_start && column + 1 + columns > width) {
			r = append_line_break(buffer, indent);
			column = indent;
			line_start = true;
		}
		if (r == 0 && word > 0 && !line_start) {
			r = hki_buffer_append_char(buffer, ' ');
			column++;
		}
		if (r == 0 && word > 0) {
			r = hki_buffer_append(buffer, text, word);
			column += columns;
			line_start = false;
		}
		text += word;
		if (r == 0 && *text == '\n') {
			r = append_line_break(buffer, text[1] == '\n' ? 0 : indent);
			column = indent;
			line_start = true;
		}
		text += *text != '\0';
	}
	return r;
}
