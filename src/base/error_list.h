#ifndef HKI_BASE_ERROR_LIST_H
#define HKI_BASE_ERROR_LIST_H

#include <hostkit/error.h>

/*
 * Add an error; every string is Copied.  @list may be NULL.  Returns @error's
 * code, so that a caller can write `return hki_error_report(…)`.  When there is
 * no memory the error is only counted.
 */
int hki_error_report(hk_error_list *list, const hk_error *error);

/* The common case: a step and a formatted sentence without a place. */
int hki_error_report_step(hk_error_list *list, int code, const char *step,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif /* HKI_BASE_ERROR_LIST_H */
