#ifndef HOSTKIT_CMD_EXIT_H
#define HOSTKIT_CMD_EXIT_H

/*
 * What the command's exit code says.  Scripts branch on these, so a number
 * never changes its meaning and every verb uses the same ones.
 *
 * Verbs that run a program give the program's own code instead, as a shell
 * does; whatever goes wrong on hostkit's side is then CMD_EXIT_RUN_FAILED, so
 * that it can be told from the program's affairs.
 */
enum {
	CMD_EXIT_OK = 0,          /* done, or the answer is yes */
	CMD_EXIT_NO = 1,          /* the answer is no: a check, a verdict */
	CMD_EXIT_USAGE = 2,       /* the command line is wrong */
	CMD_EXIT_NOT_RUNNING = 3, /* it exists, but is not running or not ready */
	CMD_EXIT_ABSENT = 4,      /* no such thing */
	CMD_EXIT_AGENT = 5,       /* the agent cannot be reached */
	CMD_EXIT_PERMISSION = 6,  /* not allowed */
	CMD_EXIT_CONFIG = 7,      /* the configuration is invalid */
	CMD_EXIT_PARTLY = 8,      /* some of it was done */
	CMD_EXIT_FAILED = 9,      /* it failed for another reason */

	CMD_EXIT_TIMED_OUT = 124,      /* the program ran out of time and was ended */
	CMD_EXIT_RUN_FAILED = 125,     /* hostkit could not do its part */
	CMD_EXIT_NOT_EXECUTABLE = 126, /* the program is there but cannot be executed */
	CMD_EXIT_NOT_FOUND = 127,      /* there is no such program */
	CMD_EXIT_SIGNAL = 128 /* plus the number of the signal that ended the program */
};

/* The exit code for a failure known by its negative errno or HK_E code. */
int cmd_exit_from_error(int code);

/* One word for an exit code of hostkit's own, as errors in JSON carry it: "USAGE". */
const char *cmd_exit_name(int exit_code);

#endif /* HOSTKIT_CMD_EXIT_H */
