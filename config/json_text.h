#ifndef HKI_CONFIG_JSON_TEXT_H
#define HKI_CONFIG_JSON_TEXT_H

#include <stddef.h>
#include "base/arena.h"

/*
 * JSON is read as YAML, which it is but for a few characters in strings: some
 * that YAML does not allow or takes for line breaks, and pairs of escaped
 * surrogates.  They are put into a form that both understand.
 *
 * Returns @text itself when there is nothing to do, else a copy in @arena, with
 * its length in *@length; NULL when there is no memory.
 */
const char *hki_json_text(hki_arena *arena, const char *text, size_t *length);

#endif /* HKI_CONFIG_JSON_TEXT_H */
