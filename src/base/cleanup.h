#ifndef HKI_BASE_CLEANUP_H
#define HKI_BASE_CLEANUP_H

#include <stddef.h>
#include <unistd.h>
#include "base/alloc.h"

/* Run fn(&variable) when the variable leaves its scope.  Internal code only. */
#define hki_cleanup(fn) __attribute__((cleanup(fn)))

static inline void hki_freep(void *pointer)
{
	hki_free(*(void **) pointer);
}

static inline void hki_closep(int *fd)
{
	if (*fd >= 0)
		(void) close(*fd);
}

/* Hand the value to somebody else: return it and leave nothing to clean up. */
#define hki_take(pointer)                                                                \
	__extension__({                                                                  \
		__typeof__(pointer) taken_ = (pointer);                                  \
		(pointer) = NULL;                                                        \
		taken_;                                                                  \
	})

static inline int hki_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif /* HKI_BASE_CLEANUP_H */
