#ifndef HKI_SCHED_LARGE_PAGES_H
#define HKI_SCHED_LARGE_PAGES_H

#include <stddef.h>

/*
 * A million jobs are looked at in no order: with pages of 4 KiB every look would
 * miss the processor's table of pages too.  Ask for large ones, where a block is
 * large itself.  Only a hint: where it is not taken, everything works the same.
 */
void hki_sched_prefer_large_pages(void *block, size_t bytes);

#endif /* HKI_SCHED_LARGE_PAGES_H */
