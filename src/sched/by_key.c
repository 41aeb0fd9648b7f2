/*
 * One heap serves every policy whose order does not change while jobs wait.  That
 * is most of them, once the key is chosen well: see priority.c, where even aging
 * needs no key to change.
 */
#include "sched/by_key.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"

int hki_by_key_create(void **out, const hk_sched_policy_opts *opts)
{
	hki_cleanup(hki_freep) hki_by_key *state = hki_zalloc(sizeof(*state));
	int r;

	if (state == NULL)
		return -ENOMEM;
	r = hki_sched_policy_opts_copy(&state->opts, opts);
	if (r < 0)
		return r;
	*out = hki_take(state);
	return 0;
}

void hki_by_key_destroy(void *state)
{
	hki_by_key *by_key = state;

	if (by_key == NULL)
		return;
	hki_ready_heap_deinit(&by_key->heap);
	hki_sched_policy_opts_deinit(&by_key->opts);
	hki_free(by_key);
}

int hki_by_key_reserve(void *state, size_t jobs)
{
	hki_by_key *by_key = state;

	return hki_ready_heap_reserve(&by_key->heap, jobs);
}

hk_sched_job *hki_by_key_pick(void *state, int64_t now)
{
	hki_by_key *by_key = state;

	(void) now;
	return hki_ready_heap_pop(&by_key->heap);
}

hk_sched_job *hki_by_key_peek(void *state, int64_t now)
{
	const hki_by_key *by_key = state;
	const hki_ready_entry *first = hki_ready_heap_first(&by_key->heap);

	(void) now;
	return first == NULL ? NULL : first->job;
}

void hki_by_key_remove(void *state, hk_sched_job *job, int64_t now)
{
	hki_by_key *by_key = state;

	(void) now;
	(void) hki_ready_heap_remove(&by_key->heap, job);
}

int64_t hki_by_key_quantum(void *state, const hk_sched_job *job, int64_t now)
{
	const hki_by_key *by_key = state;

	(void) job;
	(void) now;
	return by_key->opts.quantum;
}

void hki_by_key_add(hki_by_key *state, hki_sched_key key, hk_sched_job *job)
{
	hki_ready_heap_add(&state->heap, key, job->order, job);
}

void hki_by_key_line_up(hki_by_key *state, hki_sched_key key, hk_sched_job *job)
{
	hki_ready_heap_add(&state->heap, key, state->sequence++, job);
}
