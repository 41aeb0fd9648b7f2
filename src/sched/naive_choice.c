/*
 * Who is next, who outranks whom, how long a slice is: every policy by its rule, said
 * once more and as plainly as can be.
 */
#include "sched/naive.h"

#include <string.h>

bool is(const naive *n, const char *policy)
{
	return strcmp(n->policy, policy) == 0;
}

int64_t remaining(const task *t)
{
	return t->burst - t->ran;
}

static int64_t slice_at(const naive *n, int level)
{
	int64_t count = (int64_t) n->opts.quanta_count;

	if (count == 0)
		return n->opts.quantum;
	return n->quanta[level < count ? level : count - 1];
}

int levels(const naive *n)
{
	if (is(n, "feedback"))
		return n->opts.levels ? (int) n->opts.levels : 64;
	if (n->opts.levels)
		return (int) n->opts.levels;
	return n->opts.quanta_count ? (int) n->opts.quanta_count : 3;
}

static wide urgency(const naive *n, const task *t)
{
	wide priority = n->low ? -t->priority : t->priority;

	return priority * (n->opts.aging ? n->opts.aging : 1);
}

static wide waited_urgency(const naive *n, const task *t)
{
	return urgency(n, t) + (n->opts.aging ? n->now - t->since : 0);
}

/* In whole steps. */
int64_t whole_urgency(const naive *n, const task *t)
{
	return (n->low ? -t->priority : t->priority) +
	       (n->opts.aging ? (n->now - t->since) / n->opts.aging : 0);
}

/* Less than 0: @a is chosen before @b. */
static int by(wide a, wide b)
{
	return a < b ? -1 : a > b;
}

static int compare_keys(const naive *n, const task *a, const task *b)
{
	if (is(n, "sjf") || is(n, "srtf"))
		return by(remaining(a), remaining(b));
	if (is(n, "hrrn"))
		return by((wide) (n->now - b->since) * remaining(a),
		    (wide) (n->now - a->since) * remaining(b));
	if (is(n, "priority") || is(n, "priority-rr"))
		return by(waited_urgency(n, b), waited_urgency(n, a));
	if (is(n, "multilevel") || is(n, "feedback") || is(n, "mlfq"))
		return by(a->level, b->level);
	if (is(n, "stride") || is(n, "fair"))
		return by(a->pass, b->pass);
	if (is(n, "edf"))
		return by(a->deadline ? a->arrival + a->deadline : INT64_MAX,
		    b->deadline ? b->arrival + b->deadline : INT64_MAX);
	return 0;
}

/* Of one key: as listed, or as they lined up. */
static bool lines_up(const naive *n)
{
	return !is(n, "sjf") && !is(n, "srtf") && !is(n, "hrrn") && !is(n, "priority") &&
	       !is(n, "edf") && !is(n, "rm");
}

static int draw_lot(naive *n, bool only_look)
{
	uint64_t total = 0;
	uint64_t lot;

	for (int i = 0; i < n->count; i++)
		if (n->tasks[i].place == READY)
			total += (uint64_t) n->tasks[i].tickets;
	if (total == 0 || only_look)
		return NOBODY;
	lot = hki_random_below(&n->lots, total);
	for (int i = 0;; i++) {
		if (n->tasks[i].place != READY)
			continue;
		if (lot < (uint64_t) n->tasks[i].tickets)
			return i;
		lot -= (uint64_t) n->tasks[i].tickets;
	}
}

int best(naive *n, bool only_look)
{
	int found = NOBODY;

	if (is(n, "lottery"))
		return draw_lot(n, only_look);
	for (int i = 0; i < n->count; i++) {
		const task *t = &n->tasks[i];
		int order;

		if (t->place != READY)
			continue;
		if (found == NOBODY) {
			found = i;
			continue;
		}
		order = compare_keys(n, t, &n->tasks[found]);
		if (order < 0 ||
		    (order == 0 && lines_up(n) && t->line < n->tasks[found].line))
			found = i;
	}
	return found;
}

bool outranks(const naive *n, const task *a, const task *b)
{
	if (is(n, "srtf"))
		return remaining(a) < remaining(b);
	if (is(n, "edf"))
		return compare_keys(n, a, b) < 0;
	if (is(n, "multilevel") || is(n, "mlfq"))
		return a->level < b->level;
	if (is(n, "priority") && !(n->opts.flags & HK_SCHED_PREEMPTIVE))
		return false;
	if (is(n, "priority") || is(n, "priority-rr"))
		return (a->place == RUNNING ? a->gained : whole_urgency(n, a)) >
		       b->gained;
	if (is(n, "fair") && a->place == RUNNING)
		return a->pass < b->pass;
	if (is(n, "fair"))
		return a->woke && a->since == n->now &&
		       a->pass + (wide) n->opts.quantum * ((1LL << 40) / a->tickets) <
			   b->pass;
	return false;
}

/* Tickets of all who are ready or run. */
int64_t present_tickets(const naive *n)
{
	int64_t total = 0;

	for (int i = 0; i < n->count; i++)
		if (n->tasks[i].place == READY || n->tasks[i].place == RUNNING)
			total += n->tasks[i].tickets;
	return total;
}

int64_t slice_of(const naive *n, const task *t)
{
	if (is(n, "fair")) {
		int64_t share = n->latency * t->tickets / present_tickets(n);

		return share > n->opts.quantum ? share : n->opts.quantum;
	}
	if (is(n, "multilevel") || is(n, "feedback") || is(n, "mlfq")) {
		int64_t slice = slice_at(n, t->level);

		return slice == 0 ? INT64_MAX : slice > t->used ? slice - t->used : slice;
	}
	if (is(n, "rr") || is(n, "priority-rr") || is(n, "lottery") || is(n, "stride"))
		return n->opts.quantum;
	return INT64_MAX;
}

static bool has_others(const naive *n)
{
	for (int i = 0; i < n->count; i++)
		if (n->tasks[i].place == READY)
			return true;
	return false;
}

/* Line up in a policy of levels.  True: at the front. */
static bool choose_level(naive *n, task *t, hk_sched_reason reason)
{
	int lowest = levels(n) - 1;
	int64_t slice;
	bool front;

	if (is(n, "multilevel")) {
		t->level = t->queue < lowest ? t->queue : lowest;
		slice = slice_at(n, t->level);
		if (reason == HK_SCHED_PREEMPTED && (slice == 0 || t->used < slice))
			return true;
		t->used = 0;
		return false;
	}
	if (is(n, "feedback")) {
		if (reason == HK_SCHED_QUANTUM_END && has_others(n) && t->level < lowest)
			t->level++;
		t->used = 0;
		return false;
	}
	if (reason == HK_SCHED_IO_DONE && (n->opts.flags & HK_SCHED_IO_RESETS))
		t->used = t->used_slices = 0;
	front = reason == HK_SCHED_PREEMPTED || reason == HK_SCHED_QUANTUM_END ||
		(reason == HK_SCHED_IO_DONE && (n->opts.flags & HK_SCHED_IO_FRONT));
	slice = slice_at(n, t->level);
	if (slice != 0 && t->used >= slice) {
		front = front && reason == HK_SCHED_IO_DONE;
		t->used = 0;
		if (++t->used_slices >=
		    (n->opts.allotment ? (int) n->opts.allotment : 1)) {
			t->used_slices = 0;
			if (t->level < lowest)
				t->level++;
		}
	}
	return front;
}

void line_up(naive *n, task *t, hk_sched_reason reason)
{
	bool away = reason != HK_SCHED_PREEMPTED && reason != HK_SCHED_QUANTUM_END;
	bool front = false;

	t->since = n->now;
	t->woke = away;
	if (is(n, "multilevel") || is(n, "feedback") || is(n, "mlfq"))
		front = choose_level(n, t, reason);
	if (away && (is(n, "stride") || is(n, "fair"))) {
		wide floor = n->floor;

		if (is(n, "fair") && reason == HK_SCHED_IO_DONE)
			floor -= (wide) (n->latency / 2) * ((1LL << 40) / 100);
		if (t->pass < floor)
			t->pass = floor;
	}
	t->line = front ? --n->front : ++n->back;
	t->place = READY;
}

/* Has what it waits for ended, and as it must?  1, 0: not yet, -1: it never will. */
