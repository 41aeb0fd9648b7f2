#ifndef HKI_BASE_TORTURE_H
#define HKI_BASE_TORTURE_H

#include <stddef.h>

/*
 * For tests only: run @scenario with the first allocation failing, then the
 * second, and so on until a run in which none failed.  After each run no block
 * may be left.  A scenario returns 0 when it succeeded, and must then not have
 * met a failure it could not absorb; otherwise the negative code it got.
 *
 * Asserts with cmocka.  Returns how many allocations the scenario made.
 */
size_t hki_torture(int (*scenario)(void *user), void *user);

/* Blocks that are allocated now, while hki_torture_watch() counts. */
size_t hki_torture_live_blocks(void);
void hki_torture_watch(void);
void hki_torture_unwatch(void);

#endif /* HKI_BASE_TORTURE_H */
