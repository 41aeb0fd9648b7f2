#ifndef HOSTKIT_CMD_OUTPUT_COLOUR_H
#define HOSTKIT_CMD_OUTPUT_COLOUR_H

#include <stdbool.h>
#include "output.h"

/* What a piece of text means; colour only repeats what its words say. */
typedef enum cmd_style {
	CMD_STYLE_HEADING,
	CMD_STYLE_STRONG,
	CMD_STYLE_QUIET,
	CMD_STYLE_GOOD,
	CMD_STYLE_WARN,
	CMD_STYLE_BAD
} cmd_style;

/*
 * May output on @fd be coloured?  --color decides first; then NO_COLOR (set and
 * not empty: never), CLICOLOR_FORCE (set and not "0": always), and last whether
 * @fd is a terminal and TERM is not "dumb".
 */
bool cmd_colour_wanted(const cmd_output *output, int fd);

/* The escape sequence that begins @style, or "" when @wanted is false. */
const char *cmd_colour_begin(bool wanted, cmd_style style);

/* The one that ends it. */
const char *cmd_colour_end(bool wanted);

/* Colour number @index of the eight that tell several things apart, such as programs. */
const char *cmd_colour_of_many(bool wanted, unsigned int index);

#endif /* HOSTKIT_CMD_OUTPUT_COLOUR_H */
