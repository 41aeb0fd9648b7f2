/*
 * Highest response ratio next: (waited + burst) / burst, chosen when the CPU is
 * free.  Short jobs go first, but every job's ratio grows while it waits, so none
 * starves.
 *
 * The order of two waiting jobs changes with time, once: each ratio is a straight
 * line over time.  So the jobs are kept in a kinetic tournament (Basch, Guibas,
 * Hershberger 1997): a tree whose nodes know the winner below them and until when
 * that holds.  Time moves the few matches whose result has run out; to look at
 * everybody for every choice would be O(n).
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "sched/large_pages.h"
#include "sched/policy.h"
#include "sched/ready_heap.h"

#define NOBODY UINT32_MAX

/* A place below which a job stands, if it waits: its line. */
typedef struct contestant {
	hk_sched_job *job; /* NULL: the place is empty */
	int64_t since;
	int64_t burst;
	uint64_t order;
} contestant;

typedef struct match {
	int64_t expires; /* when the result of this or a lower one is another */
	uint32_t winner; /* index of a contestant, or NOBODY */
	uint32_t reserved;
} match;

typedef struct hrrn {
	hk_sched_policy_opts opts;
	contestant *contestants;
	match *matches;  /* [1] is the root; those from capacity on are the places */
	size_t capacity; /* of places, a power of two, or 0 */
	size_t count;    /* of jobs that wait */
	int64_t now;     /* results hold at this time */
} hrrn;

/*
 * Is @a before @b at @now?  (now - since) / burst compared crosswise, in 128 bits;
 * of equal ratios who came first.
 */
static bool is_before(const contestant *a, const contestant *b, int64_t now)
{
	hki_sched_key left = (hki_sched_key) (now - a->since) * b->burst;
	hki_sched_key right = (hki_sched_key) (now - b->since) * a->burst;

	return left > right || (left == right && a->order < b->order);
}

/*
 * When does @loser overtake @winner?  Its ratio must grow faster, that is, it must
 * be shorter; then the lines meet at (s_l b_w - s_w b_l) / (b_w - b_l).
 */
static int64_t overtakes(const contestant *winner, const contestant *loser, int64_t now)
{
	hki_sched_key gain = (hki_sched_key) winner->burst - loser->burst;
	hki_sched_key lead = (hki_sched_key) loser->since * winner->burst -
			     (hki_sched_key) winner->since * loser->burst;
	hki_sched_key at;

	if (gain <= 0)
		return HK_SCHED_NEVER;
	at = lead / gain; /* lead >= 0: the loser is behind */
	if (at * gain < lead || loser->order > winner->order)
		at++;
	if (at <= now)
		at = (hki_sched_key) now + 1;
	return at < HK_SCHED_NEVER ? (int64_t) at : HK_SCHED_NEVER;
}

/* Play match @node anew from the two below it. */
static void play(hrrn *state, size_t node)
{
	const match *left = &state->matches[node * 2];
	const match *right = &state->matches[node * 2 + 1];
	match result = { .expires = HK_SCHED_NEVER, .winner = left->winner };

	if (left->winner == NOBODY) {
		result.winner = right->winner;
	} else if (right->winner != NOBODY) {
		const contestant *a = &state->contestants[left->winner];
		const contestant *b = &state->contestants[right->winner];

		if (is_before(a, b, state->now)) {
			result.expires = overtakes(a, b, state->now);
		} else {
			result.winner = right->winner;
			result.expires = overtakes(b, a, state->now);
		}
	}
	if (left->expires < result.expires)
		result.expires = left->expires;
	if (right->expires < result.expires)
		result.expires = right->expires;
	state->matches[node] = result;
}

/* Play again what has run out below @node.  As deep as the tree, which has 32 levels
 * at most. */
static void refresh(hrrn *state, size_t node)
{
	if (state->matches[node].expires > state->now)
		return;
	refresh(state, node * 2);
	refresh(state, node * 2 + 1);
	play(state, node);
}

static void move_to(hrrn *state, int64_t now)
{
	state->now = now;
	if (state->capacity > 1)
		refresh(state, 1);
}

static void play_above(hrrn *state, size_t place)
{
	for (size_t node = (state->capacity + place) / 2; node > 0; node /= 2)
		play(state, node);
}

static int create(void **out, const hk_sched_policy_opts *opts)
{
	hki_cleanup(hki_freep) hrrn *state = hki_zalloc(sizeof(*state));
	int r;

	if (state == NULL)
		return -ENOMEM;
	r = hki_sched_policy_opts_copy(&state->opts, opts);
	if (r < 0)
		return r;
	*out = hki_take(state);
	return 0;
}

static void destroy(void *state)
{
	hrrn *own = state;

	if (own == NULL)
		return;
	hki_free(own->contestants);
	hki_free(own->matches);
	hki_sched_policy_opts_deinit(&own->opts);
	hki_free(own);
}

/* All matches of a larger tree, from the places up. */
static void play_all(hrrn *state)
{
	for (size_t place = 0; place < state->capacity; place++)
		state->matches[state->capacity + place] = (match){
			.expires = HK_SCHED_NEVER,
			.winner = state->contestants[place].job == NULL
				      ? NOBODY
				      : (uint32_t) place,
		};
	for (size_t node = state->capacity - 1; node > 0; node--)
		play(state, node);
}

static int reserve(void *state, size_t jobs)
{
	hrrn *own = state;
	size_t capacity = own->capacity == 0 ? 2 : own->capacity;
	contestant *contestants;
	match *matches;

	if (jobs <= own->capacity)
		return 0;
	while (capacity < jobs)
		capacity *= 2;
	matches = hki_alloc_array(capacity * 2, sizeof(matches[0]));
	if (matches == NULL)
		return -ENOMEM;
	contestants =
	    hki_realloc_array(own->contestants, capacity, sizeof(contestants[0]));
	if (contestants == NULL) {
		hki_free(matches);
		return -ENOMEM;
	}
	hki_sched_prefer_large_pages(matches, capacity * 2 * sizeof(matches[0]));
	hki_sched_prefer_large_pages(contestants, capacity * sizeof(contestants[0]));
	for (size_t place = own->capacity; place < capacity; place++)
		contestants[place] = (contestant){ NULL, 0, 0, 0 };
	hki_free(own->matches);
	own->contestants = contestants;
	own->matches = matches;
	own->capacity = capacity;
	play_all(own);
	return 0;
}

static void ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	hrrn *own = state;

	(void) reason;
	move_to(own, now);
	own->contestants[job->index] =
	    (contestant){ job, job->ready_since, job->remaining, job->order };
	own->matches[own->capacity + job->index].winner = job->index;
	own->count++;
	play_above(own, job->index);
}

static void take_out(void *state, hk_sched_job *job, int64_t now)
{
	hrrn *own = state;

	move_to(own, now);
	own->contestants[job->index].job = NULL;
	own->matches[own->capacity + job->index].winner = NOBODY;
	own->count--;
	play_above(own, job->index);
}

static hk_sched_job *peek(void *state, int64_t now)
{
	hrrn *own = state;

	if (own->count == 0)
		return NULL;
	move_to(own, now);
	return own->contestants[own->matches[1].winner].job;
}

static hk_sched_job *pick(void *state, int64_t now)
{
	hk_sched_job *job = peek(state, now);

	if (job != NULL)
		take_out(state, job, now);
	return job;
}

const hk_sched_policy hki_sched_hrrn = {
	.size = sizeof(hk_sched_policy),
	.name = "hrrn",
	.title = "highest response ratio next",
	.help = "who waited longest for its length, until it ends or waits",
	.uses = HK_SCHED_USES_BURST,
	.create = create,
	.destroy = destroy,
	.reserve = reserve,
	.ready = ready,
	.pick = pick,
	.peek = peek,
	.remove = take_out,
};
