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

/* How long the first word of a verb's name is. */
int cmd_completion_first_length(const cmd_verb *verb);

/* Is the first word of @verb, a place in cmd_verbs, to be offered here?  A word that begins
 * several verbs is offered with the first of them. */
bool cmd_completion_offers_first(const cmd_verb *const *verb);

/* The second word of a verb's name, or NULL if there is none. */
const char *cmd_completion_second(const cmd_verb *verb);

#endif /* HOSTKIT_CMD_COMPLETION_H */
