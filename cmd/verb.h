#ifndef HOSTKIT_CMD_VERB_H
#define HOSTKIT_CMD_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include "output/output.h"

/*
 * A verb of the command is one row: its words, its options, examples and exit
 * codes, and the function that does it.  Parsing, help, man pages, completion,
 * docs/cmd and several tests are all made from this row, so nothing about a
 * verb is written twice.
 */
typedef struct cmd_verb cmd_verb;
typedef struct cmd_call cmd_call;

/* Where a verb stands in `hostkit help`, in this order. */
typedef enum cmd_group {
	CMD_GROUP_RUN,
	CMD_GROUP_SEE,
	CMD_GROUP_FILES,
	CMD_GROUP_MEMORY,
	CMD_GROUP_MESSAGES,
	CMD_GROUP_WORK,
	CMD_GROUP_LEARN,
	CMD_GROUP_COUNT
} cmd_group;

/* What shells offer where an option's value or an operand stands. */
typedef enum cmd_complete {
	CMD_COMPLETE_NOTHING, /* or the words in `values` */
	CMD_COMPLETE_FILE,
	CMD_COMPLETE_DIRECTORY,
	CMD_COMPLETE_SIGNAL,
	CMD_COMPLETE_USER,
	CMD_COMPLETE_GROUP,
	CMD_COMPLETE_PROCESS, /* process ids */
	CMD_COMPLETE_PROGRAM, /* a command line: a program, then whatever it takes */
	CMD_COMPLETE_VERB
} cmd_complete;

typedef struct cmd_option {
	int id;               /* for the verb's switch; greater than 0 */
	char letter;          /* short form, or 0 */
	const char *name;     /* long form, without the dashes */
	const char *argument; /* name of its value in the help, or NULL for a switch */
	const char *help;     /* one sentence, lower case, without a full stop */
	const char
	    *heading; /* help puts options of one heading together; NULL: "Options" */
	const char *values; /* the words it takes, separated by spaces, or NULL */
	cmd_complete complete;
} cmd_option;

typedef struct cmd_example {
	const char *command; /* as typed, with "hostkit" in front */
	const char *shows;
} cmd_example;

typedef struct cmd_exit_row {
	const char *code; /* "0", or "128+N" */
	const char *meaning;
} cmd_exit_row;

#define CMD_OPERANDS_ANY (-1)

struct cmd_verb {
	const char *name;    /* one word, or two such as "fs watch" */
	const char *aliases; /* further names, separated by spaces, or NULL */
	cmd_group group;
	const char *arguments;       /* synopsis of what follows the options, or NULL */
	const char *help;            /* one line, lower case, without a full stop */
	const char *description;     /* paragraphs, with an empty line between two */
	const cmd_option *options;   /* up to a row without a name; NULL: none */
	const cmd_example *examples; /* up to a row without a command */
	const cmd_exit_row *exits;   /* up to a row without a code */
	cmd_complete complete;       /* operands */
	const char *values;          /* the words an operand may be, or NULL */
	int operands_min;
	int operands_max; /* CMD_OPERANDS_ANY: no limit */
	bool
	    runs_program; /* the first operand ends the options, and our failures are 125 */
	bool hidden;      /* not in lists */
	int (*run)(const cmd_call *call); /* returns the exit code */
};

/* Every verb, up to NULL, in the order of the help. */
extern const cmd_verb *const cmd_verbs[];

extern const char *const cmd_group_titles[CMD_GROUP_COUNT];

/* Options every verb takes, before or behind the verb. */
enum { CMD_GLOBAL_JSON = 1001, CMD_GLOBAL_COLOUR, CMD_GLOBAL_HELP, CMD_GLOBAL_VERSION };
extern const cmd_option cmd_global_options[];

/*
 * Find the verb at the start of @words (@count of them).  Returns NULL if there is none;
 * *@out_used, which may be NULL, receives how many words its name took.
 */
const cmd_verb *cmd_verb_find(char *const *words, int count, int *out_used);

/* Is @word the first half of verbs with names of two words? */
bool cmd_verb_is_family(const char *word);

/* Does the name of @verb have two words, the first of them @word? */
bool cmd_verb_of_family(const cmd_verb *verb, const char *word);

/* One option as it was given. */
typedef struct cmd_given {
	const cmd_option *option;
	const char *value; /* NULL for a switch */
} cmd_given;

/* A verb together with the command line it was called with. */
struct cmd_call {
	const cmd_verb *verb;
	cmd_output output; /* how to speak: JSON, colour, in whose name */
	cmd_given *given;  /* the verb's own options, in the order given */
	size_t given_count;
	char **operands; /* NULL-terminated */
	int operand_count;
};

/* The last value given for the option @id, or NULL; for a switch "" when given. */
const char *cmd_call_value(const cmd_call *call, int id);

#endif /* HOSTKIT_CMD_VERB_H */
