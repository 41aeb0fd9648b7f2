#ifndef HKI_BASE_WORDS_H
#define HKI_BASE_WORDS_H

#include <stddef.h>
#include "arena.h"

/* Why a line could not be split. */
typedef struct hki_words_error {
	const char *message; /* static */
	const char *hint;    /* static or NULL */
	size_t offset;       /* in the line */
} hki_words_error;

/*
 * Split a line into words as the POSIX shell does, without being one: blanks
 * separate; '…' takes everything as it is; in "…" a backslash escapes only
 * $ ` " \ and a line break; elsewhere it escapes the next character.  Nothing
 * is expanded, and characters such as | and > mean themselves.
 *
 * @out receives a NULL-terminated list in @arena, empty for a blank line.
 * Returns 0, HK_EPARSE with *@error filled, or -ENOMEM.
 */
int hki_words_split(
    const char *const **out, hki_arena *arena, const char *line, hki_words_error *error);

/*
 * The first place where a shell would do something that splitting does not:
 * an unquoted | & ; < > ( ) ` * ?, or ~ and # where a word begins.  Variables are
 * not its business.  NULL if there is none.
 */
const char *hki_words_find_shell(const char *line);

#endif /* HKI_BASE_WORDS_H */
