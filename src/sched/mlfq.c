/*
 * The multilevel feedback queue of OSTEP (Arpaci-Dusseau, ch. 8), by its five rules:
 * the higher level runs; equals in turn; everybody begins at the top; who has used
 * up its allotment at a level, in however many pieces, goes one down; and every
 * `boost` ticks everybody goes to the top.
 *
 * A boost is one step however many jobs there are: rows are appended whole, lowest
 * first, and a counter (the epoch) goes up.  A job that remembers an older epoch is
 * at the top with a fresh slice, and learns so when it is next looked at.
 */
#include "sched/levels.h"

static uint32_t level_of(const hki_levels *levels, const hk_sched_job *job)
{
	return job->own.low == levels->epoch ? job->own.level : 0;
}

/* Let @job know of boosts it has missed. */
static void catch_up(const hki_levels *levels, hk_sched_job *job)
{
	if (job->own.low == levels->epoch)
		return;
	job->own.low = levels->epoch;
	job->own.level = 0;
	job->own.place = 0;
	job->own.value = 0;
}

static void begin(const hki_levels *levels, hk_sched_job *job)
{
	job->own.low = levels->epoch;
	job->own.level = 0;
	job->own.place = 0;
	job->own.value = 0;
}

/* A slice is used up: maybe the allotment is too. */
static void end_slice(const hki_levels *levels, hk_sched_job *job)
{
	job->own.value = 0;
	if (++job->own.place < levels->opts.allotment)
		return;
	job->own.place = 0;
	if (job->own.level + 1 < levels->opts.levels)
		job->own.level++;
}

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	hki_levels *levels = state;
	uint32_t flags = levels->opts.flags;
	bool first;

	(void) now;
	if (reason == HK_SCHED_ARRIVED)
		begin(levels, job);
	catch_up(levels, job);
	if (reason == HK_SCHED_IO_DONE && (flags & HK_SCHED_IO_RESETS) != 0) {
		job->own.place = 0;
		job->own.value = 0;
	}
	/* Cut short, or boosted in mid slice: it keeps its place and the rest of it. */
	first = reason == HK_SCHED_PREEMPTED || reason == HK_SCHED_QUANTUM_END ||
		(reason == HK_SCHED_IO_DONE && (flags & HK_SCHED_IO_FRONT) != 0);
	if (hki_levels_used_up(levels, job)) {
		end_slice(levels, job);
		first = first && reason == HK_SCHED_IO_DONE;
	}
	if (first)
		hki_levels_prepend(levels, job);
	else
		hki_levels_append(levels, job);
}

static bool outranks(
    void *state, const hk_sched_job *ready_job, const hk_sched_job *running, int64_t now)
{
	const hki_levels *levels = state;

	(void) now;
	return level_of(levels, ready_job) < level_of(levels, running);
}

static void charge(void *state, hk_sched_job *job, int64_t ran, int64_t now)
{
	catch_up(state, job);
	hki_levels_charge(state, job, ran, now);
}

static hk_sched_job *pick(void *state, int64_t now)
{
	hk_sched_job *job = hki_levels_pick(state, now);

	if (job != NULL)
		catch_up(state, job);
	return job;
}

static int64_t next_event(void *state, int64_t now)
{
	const hki_levels *levels = state;
	int64_t boost = levels->opts.boost;

	return boost == 0 ? HK_SCHED_NEVER : now - now % boost + boost;
}

static void event(void *state, int64_t now)
{
	hki_levels *levels = state;

	(void) now;
	for (uint32_t level = levels->opts.levels - 1; level > 0; level--)
		hki_ready_queue_move(&levels->queues[0], &levels->queues[level]);
	levels->occupied = levels->queues[0].first == NULL ? 0 : 1;
	levels->epoch++;
}

const hk_sched_policy hki_sched_mlfq = {
	.size = sizeof(hk_sched_policy),
	.name = "mlfq",
	.title = "multilevel feedback queue",
	.help = "long runners sink, a boost brings them up again; preemptive",
	.uses = HK_SCHED_USES_QUANTUM,
	.create = hki_levels_create,
	.destroy = hki_levels_destroy,
	.reserve = hki_levels_reserve,
	.ready = ready,
	.pick = pick,
	.peek = hki_levels_peek,
	.outranks = outranks,
	.quantum = hki_levels_quantum,
	.charge = charge,
	.remove = hki_levels_remove,
	.next_event = next_event,
	.event = event,
};
