#ifndef HOSTKIT_CMD_COMPLETION_H
#define HOSTKIT_CMD_COMPLETION_H

#include "base/buffer.h"
#include "verb.h"

/* Append the completion script of a shell, made from the rows.  0 or -ENOMEM. */
int cmd_completion_bash(hki_buffer *out);
int cmd_completion_zsh(hki_buffer *out);
int cmd_completion_fish(hki_buffer *out);

/*
 * Append @text so that it stands inside single quotes of a POSIX-like shell,
 * with a backslash before each character of @special.
 */
int cmd_completion_quote(hki_buffer *out, const char *text, const char *special);

#endif /* HOSTKIT_CMD_COMPLETION_H */
