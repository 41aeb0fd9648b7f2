/*
 * Feedback, as in Stallings: nobody's length is known, so everybody begins at the
 * top, and who uses up a slice goes a level down.  A slice is not cut short by a
 * newcomer, and a job that is alone stays where it is: there is nobody to make
 * room for.
 */
#include "sched/levels.h"

static int create(void **out, const hk_sched_policy_opts *opts)
{
	int r = hki_levels_create(out, opts);

	if (r == 0) {
		hki_levels *levels = *out;

		/* The list says how long slices are, not how far down it goes. */
		if (opts == NULL || opts->levels == 0)
			levels->opts.levels = HKI_SCHED_LEVELS_MAX;
	}
	return r;
}

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	hki_levels *levels = state;

	(void) now;
	if (reason == HK_SCHED_ARRIVED)
		job->own.level = 0;
	if (reason == HK_SCHED_QUANTUM_END && levels->occupied != 0 &&
	    job->own.level + 1 < levels->opts.levels)
		job->own.level++;
	job->own.value = 0;
	hki_levels_append(levels, job);
}

const hk_sched_policy hki_sched_feedback = {
	.size = sizeof(hk_sched_policy),
	.name = "feedback",
	.title = "feedback",
	.help = "a level down for each slice used up; slices are never cut short",
	.uses = HK_SCHED_USES_QUANTUM,
	.create = create,
	.destroy = hki_levels_destroy,
	.reserve = hki_levels_reserve,
	.ready = ready,
	.pick = hki_levels_pick,
	.peek = hki_levels_peek,
	.quantum = hki_levels_quantum,
	.charge = hki_levels_charge,
	.remove = hki_levels_remove,
};
