/*
 * madvise(2) takes whole large pages; what a block has before the first and behind
 * the last stays as it is.
 */
#include "sched/large_pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

/* On x86_64 and, with pages of 4 KiB, on aarch64. */
#define LARGE ((size_t) 2 << 20)

void hki_sched_prefer_large_pages(void *block, size_t bytes)
{
	uintptr_t first = ((uintptr_t) block + LARGE - 1) / LARGE * LARGE;
	uintptr_t end = ((uintptr_t) block + bytes) / LARGE * LARGE;
	int before = errno;

	if (end <= first)
		return;
	(void) madvise((void *) first, end - first, MADV_HUGEPAGE);
	errno = before;
}
