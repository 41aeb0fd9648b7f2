#ifndef HOSTKIT_CMD_VALUES_H
#define HOSTKIT_CMD_VALUES_H

#include <stdint.h>
#include "verb.h"

/*
 * The values of options, read strictly.  Each writes *out and returns 0, or tells
 * what is wrong with the value, and how to write it, and returns the exit code.
 */
int cmd_value_duration(uint64_t *out_ns, const cmd_call *call, const cmd_given *given);
int cmd_value_size(uint64_t *out_bytes, const cmd_call *call, const cmd_given *given);
int cmd_value_signal(int *out, const cmd_call *call, const cmd_given *given);
int cmd_value_integer(int64_t *out, const cmd_call *call, const cmd_given *given,
    int64_t least, int64_t most);

/* One of the words of the option's row; *out is its place among them. */
int cmd_value_word(int *out, const cmd_call *call, const cmd_given *given);

/* For other kinds: tell that the value is not @what (hint: @how) and return the exit code. */
int cmd_value_fail(
    const cmd_call *call, const cmd_given *given, const char *what, const char *how);

#endif /* HOSTKIT_CMD_VALUES_H */
