/*
 * What multilevel queues, feedback queues and MLFQ share: the rows, and the slice
 * of each level, which survives preemption and waiting.
 */
#include "sched/levels.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"

int hki_levels_create(void **out, const hk_sched_policy_opts *opts)
{
	hki_cleanup(hki_freep) hki_levels *levels = hki_zalloc(sizeof(*levels));
	int r;

	if (levels == NULL)
		return -ENOMEM;
	r = hki_sched_policy_opts_copy(&levels->opts, opts);
	if (r < 0)
		return r;
	*out = hki_take(levels);
	return 0;
}

void hki_levels_destroy(void *state)
{
	hki_levels *levels = state;

	if (levels == NULL)
		return;
	hki_sched_policy_opts_deinit(&levels->opts);
	hki_free(levels);
}

int hki_levels_reserve(void *state, size_t jobs)
{
	(void) state;
	(void) jobs;
	return 0;
}

static void take_out(hki_levels *levels, hk_sched_job *job, uint32_t level)
{
	hki_ready_queue_remove(&levels->queues[level], job);
	if (levels->queues[level].first == NULL)
		levels->occupied &= ~(UINT64_C(1) << level);
}

hk_sched_job *hki_levels_peek(void *state, int64_t now)
{
	const hki_levels *levels = state;

	(void) now;
	if (levels->occupied == 0)
		return NULL;
	return levels->queues[__builtin_ctzll(levels->occupied)].first;
}

hk_sched_job *hki_levels_pick(void *state, int64_t now)
{
	hki_levels *levels = state;
	hki_ready_queue *highest;
	hk_sched_job *job;

	(void) now;
	if (levels->occupied == 0)
		return NULL;
	highest = &levels->queues[__builtin_ctzll(levels->occupied)];
	job = hki_ready_queue_pop(highest);
	/* Its lowest bit is the highest level. */
	if (highest->first == NULL)
		levels->occupied &= levels->occupied - 1;
	return job;
}

void hki_levels_remove(void *state, hk_sched_job *job, int64_t now)
{
	hki_levels *levels = state;

	(void) now;
	/* After a boost it stands at the top, whatever it remembers. */
	take_out(levels, job, job->own.low == levels->epoch ? job->own.level : 0);
}

void hki_levels_charge(void *state, hk_sched_job *job, int64_t ran, int64_t now)
{
	(void) state;
	(void) now;
	job->own.value += ran;
}

int64_t hki_levels_quantum(void *state, const hk_sched_job *job, int64_t now)
{
	const hki_levels *levels = state;
	int64_t slice = hki_sched_quantum_at(&levels->opts, job->own.level);

	(void) now;
	if (slice == 0)
		return HK_SCHED_NEVER;
	return slice > job->own.value ? slice - job->own.value : slice;
}

bool hki_levels_used_up(const hki_levels *levels, const hk_sched_job *job)
{
	int64_t slice = hki_sched_quantum_at(&levels->opts, job->own.level);

	return slice != 0 && job->own.value >= slice;
}

void hki_levels_append(hki_levels *levels, hk_sched_job *job)
{
	hki_ready_queue_append(&levels->queues[job->own.level], job);
	levels->occupied |= UINT64_C(1) << job->own.level;
}

void hki_levels_prepend(hki_levels *levels, hk_sched_job *job)
{
	hki_ready_queue_prepend(&levels->queues[job->own.level], job);
	levels->occupied |= UINT64_C(1) << job->own.level;
}
