#ifndef HOSTKIT_CMD_OUTPUT_FAIL_H
#define HOSTKIT_CMD_OUTPUT_FAIL_H

#include <stdio.h>
#include <hostkit/error.h>
#include "output.h"

/*
 * Tell one failure on stderr, as one line
 *
 *     hostkit VERB: sentence: words of the error (ENAME); hint
 *
 * or with --json as {"error": {"code", "message", "hint"}}.  @error is a
 * negative code, or 0 when the sentence says all; @hint may be NULL.  The
 * sentence is lower case, quotes what people wrote, and ends without a full stop;
 * control characters in it are escaped.
 *
 * Returns the exit code to end with: @exit_code, or 125 where the verb runs a
 * program and @exit_code is not one of those that verb gives (124 and above).
 */
int cmd_fail(const cmd_output *output, int exit_code, int error, const char *hint,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * The same for every error of @list, a line each; with --json one object whose
 * "error" is the first and, if there are several, whose "errors" are all of them.
 * An empty list tells @error alone.
 */
int cmd_fail_list(
    const cmd_output *output, int exit_code, int error, const hk_error_list *list);

/* A remark on stderr that is no failure: "hostkit VERB: sentence".  Silent with --json. */
void cmd_note(const cmd_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Flush stdout and tell if what was printed could not be written, as on a full
 * disk.  Returns @exit_code, or that of the failure.  A verb that goes on printing
 * calls it at every flush; the first failure is told, once.
 */
int cmd_close_stdout(const cmd_output *output, int exit_code);

#endif /* HOSTKIT_CMD_OUTPUT_FAIL_H */
