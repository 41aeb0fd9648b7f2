/*
 * Lottery scheduling (Waldspurger, Weihl 1994): every slice is drawn among the
 * tickets of all ready jobs, so shares come out as tickets are held, on average,
 * and nobody with a ticket starves.  The seed makes the draw repeatable.
 *
 * Tickets are counted through the jobs by their index, so that the same seed gives
 * the same winners however the jobs came to be ready.
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "sched/large_pages.h"
#include "sched/policy.h"
#include "sched/ticket_tree.h"

typedef struct lottery {
	hk_sched_policy_opts opts;
	hki_random random;
	hki_ticket_tree tree;
	hk_sched_job **jobs; /* by index */
	size_t capacity;     /* of jobs */
	hk_sched_job *drawn; /* by a peek, before its pick */
} lottery;

static int create(void **out, const hk_sched_policy_opts *opts)
{
	hki_cleanup(hki_freep) lottery *state = hki_zalloc(sizeof(*state));
	int r;

	if (state == NULL)
		return -ENOMEM;
	r = hki_sched_policy_opts_copy(&state->opts, opts);
	if (r < 0)
		return r;
	hki_random_seed(&state->random, state->opts.seed);
	*out = hki_take(state);
	return 0;
}

static void destroy(void *state)
{
	lottery *own = state;

	if (own == NULL)
		return;
	hki_ticket_tree_deinit(&own->tree);
	hki_free(own->jobs);
	hki_sched_policy_opts_deinit(&own->opts);
	hki_free(own);
}

static int reserve(void *state, size_t jobs)
{
	lottery *own = state;
	size_t room = jobs < own->capacity * 2 ? own->capacity * 2 : jobs;
	void *more;

	if (jobs <= own->capacity)
		return 0;
	more = hki_realloc_array(own->jobs, room, sizeof(own->jobs[0]));
	if (more == NULL)
		return -ENOMEM;
	hki_sched_prefer_large_pages(more, room * sizeof(own->jobs[0]));
	own->jobs = more;
	if (hki_ticket_tree_reserve(&own->tree, room) < 0)
		return -ENOMEM;
	own->capacity = room;
	return 0;
}

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	lottery *own = state;

	(void) now;
	if (reason == HK_SCHED_ARRIVED)
		job->own.place = hki_sched_tickets(job);
	own->jobs[job->index] = job;
	own->drawn = NULL;
	hki_ticket_tree_add(&own->tree, job->index, job->own.place);
}

static void take_out(void *state, hk_sched_job *job, int64_t now)
{
	lottery *own = state;

	(void) now;
	own->drawn = NULL;
	hki_ticket_tree_take(&own->tree, job->index, job->own.place);
}

static hk_sched_job *peek(void *state, int64_t now)
{
	lottery *own = state;

	(void) now;
	if (own->drawn == NULL && own->tree.total > 0)
		own->drawn = own->jobs[hki_ticket_tree_find(
		    &own->tree, hki_random_below(&own->random, own->tree.total))];
	return own->drawn;
}

static hk_sched_job *pick(void *state, int64_t now)
{
	hk_sched_job *job = peek(state, now);

	if (job != NULL)
		take_out(state, job, now);
	return job;
}

static int64_t quantum(void *state, const hk_sched_job *job, int64_t now)
{
	const lottery *own = state;

	(void) job;
	(void) now;
	return own->opts.quantum;
}

const hk_sched_policy hki_sched_lottery = {
	.size = sizeof(hk_sched_policy),
	.name = "lottery",
	.title = "lottery",
	.help = "every slice is drawn among all tickets",
	.uses = HK_SCHED_USES_QUANTUM | HK_SCHED_USES_TICKETS | HK_SCHED_USES_SEED,
	.create = create,
	.destroy = destroy,
	.reserve = reserve,
	.ready = ready,
	.pick = pick,
	.peek = peek,
	.quantum = quantum,
	.remove = take_out,
};
