/*
 * The global virtual time is the clock of the job picked last, as in start-time
 * fair queueing (Goyal, Vin, Cheng 1996): it never goes back, because the job
 * picked is the furthest behind and nobody may join behind it.  Who comes back
 * from waiting therefore cannot claim the time it did not use.
 */
#include "sched/virtual_time.h"

void hki_virtual_charge(void *state, hk_sched_job *job, int64_t ran, int64_t now)
{
	(void) state;
	(void) now;
	hki_virtual_set(job, hki_virtual_get(job) + hki_virtual_of(job, ran));
}

hk_sched_job *hki_virtual_pick(void *state, int64_t now)
{
	hki_by_key *by_key = state;
	const hki_ready_entry *first = hki_ready_heap_first(&by_key->heap);

	(void) now;
	if (first != NULL && first->key > by_key->floor)
		by_key->floor = first->key;
	return hki_ready_heap_pop(&by_key->heap);
}
