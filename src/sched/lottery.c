/*
 * Lottery scheduling (Waldspurger, Weihl 1994): every slice is drawn among the
 * tickets of all ready jobs, so shares come out as tickets are held, on average,
 * and nobody with a ticket starves.  The seed makes the draw repeatable.
 *
 * Tickets are counted through the jobs by their index, so that the same seed gives
 * the same winners however the jobs came to be ready.
 *
 * Winners lie anywhere, so among many jobs each draw would wait for memory, three
 * times over: for the tickets, for the job's address, for the job.  But the numbers to
 * come are known already, and so, if nobody comes or goes, are the winners.  So they
 * are fetched ahead of time; a guess that fails costs time alone.
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "sched/fetch.h"
#include "sched/large_pages.h"
#include "sched/policy.h"
#include "sched/ticket_tree.h"

/* So many jobs stay in the caches by themselves. */
#define NEAR 16384

/* So many draws ahead numbers are looked at. */
#define AHEAD 2

typedef struct lottery {
	hk_sched_policy_opts opts;
	hki_random random;
	hki_random ahead;     /* as random will be AHEAD draws later */
	uint64_t next_number; /* the next draw's, probably … */
	size_t next_group;    /* … among the places from here on */
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
	own->ahead = own->random;
	for (int i = 0; i < AHEAD; i++)
		(void) hki_random_next(&own->ahead);
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

/* The probable winner of the next draw: its tickets should be there by now. */
static void fetch_next(const lottery *own)
{
	const uint64_t *tickets = &own->tree.levels[0][own->next_group];
	uint64_t number = own->next_number;

	for (size_t i = 0; i < HKI_TICKET_GROUP; i++) {
		if (number < tickets[i]) {
			hki_sched_fetch(own->jobs[own->next_group + i]);
			return;
		}
		number -= tickets[i];
	}
}

/* While who was just drawn runs, the next two are fetched, each by a step. */
static void look_ahead(lottery *own)
{
	fetch_next(own);
	own->next_number = hki_random_below(&own->ahead, own->tree.total);
	own->next_group = hki_ticket_tree_fetch(&own->tree, &own->next_number);
	hki_sched_fetch_row(
	    &own->jobs[own->next_group], HKI_TICKET_GROUP * sizeof(own->jobs[0]));
}

static hk_sched_job *peek(void *state, int64_t now)
{
	lottery *own = state;

	(void) now;
	if (own->drawn == NULL && own->tree.total > 0) {
		own->drawn = own->jobs[hki_ticket_tree_find(
		    &own->tree, hki_random_below(&own->random, own->tree.total))];
		if (own->capacity > NEAR)
			look_ahead(own);
	}
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
