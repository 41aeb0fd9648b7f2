/*
 * Jobs in a row: in at the end, out at the front.
 */
#include "sched/row.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"

int hki_row_create(void **out, const hk_sched_policy_opts *opts)
{
	hki_cleanup(hki_freep) hki_row *row = hki_zalloc(sizeof(*row));
	int r;

	if (row == NULL)
		return -ENOMEM;
	r = hki_sched_policy_opts_copy(&row->opts, opts);
	if (r < 0)
		return r;
	*out = hki_take(row);
	return 0;
}

void hki_row_destroy(void *state)
{
	hki_row *row = state;

	if (row == NULL)
		return;
	hki_sched_policy_opts_deinit(&row->opts);
	hki_free(row);
}

int hki_row_reserve(void *state, size_t jobs)
{
	(void) state;
	(void) jobs;
	return 0;
}

void hki_row_ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	hki_row *row = state;

	(void) reason;
	(void) now;
	hki_ready_queue_append(&row->queue, job);
}

hk_sched_job *hki_row_pick(void *state, int64_t now)
{
	hki_row *row = state;

	(void) now;
	return hki_ready_queue_pop(&row->queue);
}

hk_sched_job *hki_row_peek(void *state, int64_t now)
{
	const hki_row *row = state;

	(void) now;
	return row->queue.first;
}

void hki_row_remove(void *state, hk_sched_job *job, int64_t now)
{
	hki_row *row = state;

	(void) now;
	hki_ready_queue_remove(&row->queue, job);
}
