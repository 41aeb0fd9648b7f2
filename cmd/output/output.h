#ifndef HOSTKIT_CMD_OUTPUT_H
#define HOSTKIT_CMD_OUTPUT_H

#include <stdbool.h>

typedef enum cmd_colour {
	CMD_COLOUR_AUTO, /* on a terminal, unless the environment says otherwise */
	CMD_COLOUR_ALWAYS,
	CMD_COLOUR_NEVER
} cmd_colour;

/* How a verb speaks.  Everything in cmd/output takes this and nothing else of the command. */
typedef struct cmd_output {
	const char *verb;  /* for messages: "hostkit VERB: …"; NULL: none yet */
	bool json;         /* one document on stdout, errors as objects on stderr */
	cmd_colour colour; /* what --color asked for */
	bool own_failures; /* our failures all exit with 125: the verb runs a program */
} cmd_output;

#endif /* HOSTKIT_CMD_OUTPUT_H */
