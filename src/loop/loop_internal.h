#ifndef HKI_LOOP_INTERNAL_H
#define HKI_LOOP_INTERNAL_H

#include <stdbool.h>
#include <hostkit/loop.h>
#include "base/list.h"

/* What the other concepts may ask of a loop beyond its public header. */

/*
 * An object that belongs to a loop, such as its registry of processes.  When
 * the loop is freed, `on_loop_free` runs (before the descriptors are closed) so
 * that the object can let go of it.
 */
typedef struct hki_loop_member {
	hki_list node;
	void (*on_loop_free)(struct hki_loop_member *member);
} hki_loop_member;

void hki_loop_join(hk_loop *loop, hki_loop_member *member);
void hki_loop_leave(hki_loop_member *member); /* idempotent */

/* -ECHILD in a process forked from the one that made the loop, else 0.  Any thread. */
int hki_loop_check(const hk_loop *loop);

/* One pointer a concept for its per-loop state; the concept frees it as a member. */
enum { HKI_LOOP_PROCESS, HKI_LOOP_REAPER, HKI_LOOP_IPC, HKI_LOOP_SLOTS };
void *hki_loop_get_slot(const hk_loop *loop, unsigned int slot);
void hki_loop_set_slot(hk_loop *loop, unsigned int slot, void *value);

/* Keep hk_loop_run() going while the count is above zero. */
void hki_loop_hold(hk_loop *loop);
void hki_loop_release(hk_loop *loop);

/*
 * Let the coming wait look again and again for @ns instead of sleeping: for a talk in
 * which the answer takes less than falling asleep and being woken up.  It takes a whole
 * processor meanwhile, so the one who asks has to know that the answer is near.
 */
void hki_loop_stay_awake(hk_loop *loop, uint64_t ns);

/* Run fn in the close phase of this turn; storage is the caller's, so it cannot fail.
 * The place to free objects that may be on the call stack. */
typedef struct hki_loop_deferred {
	hki_list node;
	void (*fn)(struct hki_loop_deferred *deferred);
} hki_loop_deferred;
/* Runs at once if @loop is NULL or not inside a turn. */
void hki_loop_defer(hk_loop *loop, hki_loop_deferred *deferred);
/* The same, but never at once: outside a turn it waits for the end of the next one. */
void hki_loop_defer_later(hk_loop *loop, hki_loop_deferred *deferred);

#endif /* HKI_LOOP_INTERNAL_H */
