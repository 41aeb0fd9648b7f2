#ifndef HKI_PROCESS_REAPER_H
#define HKI_PROCESS_REAPER_H

#include <hostkit/process.h>

/* The reaper of @loop, or NULL.  Borrowed. */
hk_reaper *hki_reaper_of(const hk_loop *loop);

/*
 * A child that another thread starts is unknown to the loop until its handle is
 * registered; should it end before, the reaper would take it for an orphan.
 * Hold the reaper (on the loop's thread) when a start is handed to another
 * thread, and release it once the child is registered or has failed.  Both
 * count, and do nothing without a reaper.  A start in the loop's own thread
 * needs neither.
 */
void hki_reaper_hold(hk_loop *loop);
void hki_reaper_release(hk_loop *loop);

#endif /* HKI_PROCESS_REAPER_H */
