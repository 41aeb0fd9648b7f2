#ifndef HKI_CONFIG_SOURCE_H
#define HKI_CONFIG_SOURCE_H

#include <stddef.h>
#include <hostkit/error.h>
#include "base/arena.h"

/* A configuration file that was found and read; everything lives in the arena. */
typedef struct hki_source {
	const char *path;      /* as messages name it */
	const char *directory; /* absolute, links resolved */
	const char
	    *text; /* NUL-terminated, without a byte order mark; NULL for JavaScript */
	size_t length;
} hki_source;

/*
 * Find and read the file that hki_config_options.path means.  Returns 0, or a
 * negative code after saying why in @errors.
 */
int hki_config_source_read(hki_source *out, hki_arena *arena, const char *path,
    hk_error_list *errors, hk_error_list *warnings);

/* Is it JavaScript, by its name? */
int hki_is_javascript(const char *path);
/* Is it JSON, by its name?  What JavaScript exports is, too. */
int hki_is_json(const char *path);
/* Is it a Procfile, by its name: Procfile, Procfile.dev, x.procfile? */
int hki_is_procfile(const char *path);

#endif /* HKI_CONFIG_SOURCE_H */
