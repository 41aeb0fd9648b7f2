#ifndef HKI_CONFIG_INTERPOLATE_H
#define HKI_CONFIG_INTERPOLATE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"

/*
 * Variables in values, with the words of Compose:
 *
 *   ${NAME} $NAME    the value; nothing, with a warning, when it is not set
 *   ${NAME:-text}    text when it is not set or empty     ${NAME-text}  … not set
 *   ${NAME:+text}    text when it is set and not empty    ${NAME+text}  … set
 *   ${NAME:?text}    a mistake when not set or empty      ${NAME?text}  … not set
 *   $$               a dollar
 *
 * text may hold variables itself.  A dollar before anything else is a dollar.
 */

/* The value of the variable whose name is the @length bytes at @name, or NULL.  Borrowed. */
typedef const char *(*hki_lookup_fn)(const char *name, size_t length, void *user);

/* The kernel takes no argument and no environment entry longer than this (MAX_ARG_STRLEN). */
#define HKI_INTERPOLATED_MAX ((size_t) 128 * 1024)
/* What all values of one file together may grow to. */
#define HKI_INTERPOLATED_SUM_MAX   ((size_t) 16 * 1024 * 1024)
#define HKI_INTERPOLATED_DEPTH_MAX 8

typedef struct hki_interpolator {
	hki_arena *arena;
	hki_lookup_fn lookup;
	void *user;
	/* Told what is wrong; @offset is where in the text. */
	void (*complain)(
	    const char *message, const char *hint, size_t offset, void *told);
	void (*warn)(const char *message, const char *hint, size_t offset, void *told);
	void *told;
	size_t sum; /* bytes given out so far */
} hki_interpolator;

/*
 * @text with its variables replaced.  *@out is @text itself when it has none.
 * False, and told, when something is wrong; *@out is then untouched.
 */
bool hki_interpolate(
    const char **out, hki_interpolator *interpolator, const char *text, size_t length);

/* Looks in @user, a NULL-terminated list of "NAME=VALUE". */
const char *hki_lookup_in_list(const char *name, size_t length, void *user);

#endif /* HKI_CONFIG_INTERPOLATE_H */
