#ifndef HKI_CONFIG_DIAGNOSTICS_H
#define HKI_CONFIG_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/error.h>
#include "base/arena.h"

/* Where something stands: line and character, from 1.  0 where that is not known. */
typedef struct hki_place {
	int line;
	int column;
} hki_place;

/*
 * Everything that is wrong or doubtful in one file.  Readers complain as they
 * find it, in any order; hki_diagnostics_report() hands it over in the order
 * of the file, each complaint once.
 */
typedef struct hki_diagnostics {
	hki_arena *arena;
	const char *source; /* as messages name the file */
	const char *text;   /* the file itself, to turn characters into bytes */
	size_t length;
	bool placeless; /* lines are not those of the file people wrote */
	struct hki_problem *errors;
	struct hki_problem *warnings;
	size_t error_count;
	size_t warning_count;
} hki_diagnostics;

/*
 * A mistake: the file will not be used.  @step names the part, such as
 * "services.api"; it is shown only when places mean nothing.  @hint says what
 * to do and may be NULL.  Copied.
 */
void hki_complain(hki_diagnostics *diagnostics, hki_place place, const char *step,
    const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Something a person should know, though the file can be used. */
void hki_warn(hki_diagnostics *diagnostics, hki_place place, const char *step,
    const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Hand everything over.  Either list may be NULL.  Returns 0, or HK_EPARSE if there are errors. */
int hki_diagnostics_report(
    hki_diagnostics *diagnostics, hk_error_list *errors, hk_error_list *warnings);

#endif /* HKI_CONFIG_DIAGNOSTICS_H */
