#ifndef HKI_SCHED_FETCH_H
#define HKI_SCHED_FETCH_H

#include <hostkit/sched.h>

/*
 * Begin to fetch a job that will probably be picked next: by then it is there.
 * What is behind it belongs to the driver, which the simulator keeps close.
 */
static inline void hki_sched_fetch(const hk_sched_job *job)
{
	__builtin_prefetch(job, 1);
	__builtin_prefetch((const char *) job + 64, 1);
	__builtin_prefetch((const char *) job + 128, 1);
}

/* Begin to fetch the @bytes, more than none, from @first on. */
static inline void hki_sched_fetch_row(const void *first, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 64)
		__builtin_prefetch((const char *) first + at);
	__builtin_prefetch((const char *) first + bytes - 1);
}

#endif /* HKI_SCHED_FETCH_H */
