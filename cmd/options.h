#ifndef HOSTKIT_CMD_OPTIONS_H
#define HOSTKIT_CMD_OPTIONS_H

#include <stdbool.h>
#include "verb.h"

/* A parsed command line.  Everything in it points into argv, or is released by _deinit. */
typedef struct cmd_line {
	cmd_call call; /* call.verb is NULL when none was named */
	bool help;
	const char *family; /* with help: the first word of verbs of two words, or NULL */
	bool version;
} cmd_line;

/*
 * Read `hostkit [options] VERB [options] [operands]`.
 *
 * Long options are exact: an abbreviation that works today would break the day
 * a second option begins the same way.  "--" ends the options, and so does the
 * first operand of a verb that runs a program.
 *
 * Returns 0, or an exit code after telling the first mistake on stderr.
 */
int cmd_line_parse(cmd_line *out, int argc, char **argv);

void cmd_line_deinit(cmd_line *line);

#endif /* HOSTKIT_CMD_OPTIONS_H */
