/*
 * Priority with round robin among equals: always preemptive.  Whoever loses the
 * CPU, by its quantum or to a more urgent job, goes to the end of the row of its
 * priority, as the textbook's exercises have it.
 */
#include "sched/aging.h"

static int create(void **out, const hk_sched_policy_opts *opts)
{
	int r = hki_by_key_create(out, opts);

	if (r == 0) {
		hki_by_key *state = *out;

		state->opts.flags |= HK_SCHED_PREEMPTIVE;
	}
	return r;
}

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	(void) reason;
	(void) now;
	job->own.level = 0;
	hki_by_key_line_up(state, hki_aging_key(state, job), job);
}

static void changed(void *state, hk_sched_job *job, bool is_ready, int64_t now)
{
	job->own.value = job->priority;
	if (!is_ready)
		return;
	hki_by_key_remove(state, job, now);
	ready(state, job, HK_SCHED_RESUMED, now);
}

const hk_sched_policy hki_sched_priority_round_robin = {
	.size = sizeof(hk_sched_policy),
	.name = "priority-rr",
	.title = "priority with round robin",
	.help = "the most urgent first, preemptive; equals in turn, a quantum each",
	.uses = HK_SCHED_USES_PRIORITY | HK_SCHED_USES_QUANTUM,
	.create = create,
	.destroy = hki_by_key_destroy,
	.reserve = hki_by_key_reserve,
	.ready = ready,
	.pick = hki_aging_pick,
	.peek = hki_by_key_peek,
	.outranks = hki_aging_outranks,
	.overtakes = hki_aging_overtakes,
	.quantum = hki_by_key_quantum,
	.remove = hki_by_key_remove,
	.changed = changed,
};
