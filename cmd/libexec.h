#ifndef HOSTKIT_CMD_LIBEXEC_H
#define HOSTKIT_CMD_LIBEXEC_H

#include <stdbool.h>
#include "verb.h"

enum { CMD_LIBEXEC_PATH_MAX = 4096 };

/* The path of the program @name of libexec, for the library to start; false: not there. */
bool cmd_libexec_find(char out[CMD_LIBEXEC_PATH_MAX], const char *name);

/*
 * Become the program @name of libexec, which does what needs a heavy library, with
 * @argv (NULL-terminated, argv[0] included).  Descriptors that it is to have must not
 * be close-on-exec.  Returns only if that failed, with the exit code, told.
 */
int cmd_libexec_run(const cmd_call *call, const char *name, char *const *argv);

#endif /* HOSTKIT_CMD_LIBEXEC_H */
