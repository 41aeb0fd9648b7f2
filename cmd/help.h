#ifndef HOSTKIT_CMD_HELP_H
#define HOSTKIT_CMD_HELP_H

#include <stdio.h>
#include "base/buffer.h"
#include "verb.h"

/*
 * The same rows in five forms.  Each appends to @out and returns 0 or -ENOMEM;
 * @verb NULL means the command as a whole.
 */
int cmd_help_append(hki_buffer *out, const cmd_verb *verb, bool colour); /* for --help */
int cmd_man_append(hki_buffer *out, const cmd_verb *verb);  /* scdoc source */
int cmd_page_append(hki_buffer *out, const cmd_verb *verb); /* docs/cmd/VERB.md */
int cmd_help_append_json(hki_buffer *out, const cmd_verb *verb);

/* The verbs that begin with the word @family, as `hostkit FAMILY --help` lists them. */
int cmd_help_append_family(hki_buffer *out, const char *family, bool colour);
int cmd_help_print_family(const cmd_output *output, const char *family);

/* Print the help to @file: stdout when asked for, stderr when something was missing. */
int cmd_help_print(const cmd_output *output, const cmd_verb *verb, FILE *file);

#endif /* HOSTKIT_CMD_HELP_H */
