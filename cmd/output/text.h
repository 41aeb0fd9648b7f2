#ifndef HOSTKIT_CMD_OUTPUT_TEXT_H
#define HOSTKIT_CMD_OUTPUT_TEXT_H

#include <stddef.h>
#include "base/buffer.h"

/*
 * Append text that came from outside so that a terminal can show it: control
 * characters as \n or \x1b, bad UTF-8 as U+FFFD.  0 or -ENOMEM.
 */
int cmd_text_append_clean(hki_buffer *buffer, const char *text, size_t length);

/* Columns @length bytes of clean text take on a terminal. */
size_t cmd_text_width(const char *text, size_t length);

/* How many bytes of clean text fit into @width columns. */
size_t cmd_text_fit(const char *text, size_t length, size_t width);

/*
 * Append @text wrapped at @width columns.  The first line begins at column
 * @column, where the buffer stands already; further ones are indented by
 * @indent.  A line break in @text is kept.  Ends without a line break.
 */
int cmd_text_append_wrapped(
    hki_buffer *buffer, const char *text, size_t column, size_t indent, size_t width);

/* Append @count spaces.  0 or -ENOMEM. */
int cmd_text_append_spaces(hki_buffer *buffer, size_t count);

#endif /* HOSTKIT_CMD_OUTPUT_TEXT_H */
