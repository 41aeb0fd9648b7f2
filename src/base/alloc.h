#ifndef HKI_BASE_ALLOC_H
#define HKI_BASE_ALLOC_H

#include <stddef.h>
#include <hostkit/allocator.h>

/*
 * All heap use of hostkit.  Every function returns NULL when there is no
 * memory; sizes of zero are served as one byte, products are checked for
 * overflow.  Release with hki_free().
 */
void *hki_alloc(size_t bytes) __attribute__((malloc, warn_unused_result));
void *hki_zalloc(size_t bytes) __attribute__((malloc, warn_unused_result));
void *hki_alloc_array(size_t count, size_t bytes)
    __attribute__((malloc, warn_unused_result));
void *hki_zalloc_array(size_t count, size_t bytes)
    __attribute__((malloc, warn_unused_result));

/* As realloc(): on failure the old block stays valid. */
void *hki_realloc(void *block, size_t bytes) __attribute__((warn_unused_result));
void *hki_realloc_array(void *block, size_t count, size_t bytes)
    __attribute__((warn_unused_result));

void hki_free(void *block);

char *hki_strdup(const char *text) __attribute__((malloc, warn_unused_result));
/* At most @length bytes of @text, always terminated. */
char *hki_strndup(const char *text, size_t length)
    __attribute__((malloc, warn_unused_result));
void *hki_memdup(const void *bytes, size_t length)
    __attribute__((malloc, warn_unused_result));

/* A formatted string.  NULL when there is no memory or the format is bad. */
char *hki_format(const char *format, ...)
    __attribute__((malloc, warn_unused_result, format(printf, 1, 2)));

#endif /* HKI_BASE_ALLOC_H */
