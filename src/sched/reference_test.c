/*
 * The simulator against another one that knows nothing of it: it walks from tick to
 * tick, keeps everything in one array, and looks at every task for every choice.  It
 * is slow, and simple enough to be believed.  Thousands of small random workloads
 * have to come out the same under every policy, switch by switch.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/sched.h>
#include "base/random.h"

#define CASES   1500
#define TASKS   7
#define CPUS    3
#define LONGEST 400
#define NOBODY  (-1)

__extension__ typedef __int128 wide;

typedef enum place { FUTURE, READY, RUNNING, WAITING, ENDED, SKIPPED } place;

typedef struct task {
	int64_t arrival, start_after, burst, deadline;
	int priority, tickets, queue;
	hk_sched_io io[2];
	int io_count;
	int needs; /* index of the task it waits for, or NOBODY */
	hk_sched_condition condition;

	place place;
	int64_t ran, since, io_until, start, end, waited_io, held;
	int io_next, slices;
	int64_t line; /* its place in line: smaller is before */
	int level, used_slices;
	int64_t used;
	int64_t gained; /* its priority while it runs */
	wide pass;
	bool woke;
} task;

typedef struct cpu {
	int task, last;
	int64_t begin, slice_end;
	bool switched;
} cpu;

/* One random case, and the state of the naive simulation of it. */
typedef struct naive {
	const char *policy;
	hk_sched_policy_opts opts;
	int64_t quanta[3];
	int64_t cost, latency;
	int cpus, count;
	bool newcomer, low;

	task tasks[TASKS];
	cpu cpu[CPUS];
	int64_t now, front, back, switches, preemptions;
	wide floor, floor_rest; /* the clock of all, for policies of virtual time */
	hki_random lots;
} naive;

static bool is(const naive *n, const char *policy)
{
	return strcmp(n->policy, policy) == 0;
}

static int64_t remaining(const task *t)
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

static int levels(const naive *n)
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
static int64_t whole_urgency(const naive *n, const task *t)
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

static int best(naive *n, bool only_look)
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

static bool outranks(const naive *n, const task *a, const task *b)
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
static int64_t present_tickets(const naive *n)
{
	int64_t total = 0;

	for (int i = 0; i < n->count; i++)
		if (n->tasks[i].place == READY || n->tasks[i].place == RUNNING)
			total += n->tasks[i].tickets;
	return total;
}

static int64_t slice_of(const naive *n, const task *t)
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

static void line_up(naive *n, task *t, hk_sched_reason reason)
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
static int may_start(const naive *n, const task *t)
{
	const task *other;
	bool good;

	if (t->needs == NOBODY)
		return 1;
	other = &n->tasks[t->needs];
	if (other->place != ENDED && other->place != SKIPPED)
		return 0;
	good = other->place == ENDED;
	if (t->condition == HK_SCHED_AFTER_ANY ||
	    good == (t->condition == HK_SCHED_AFTER_OK))
		return 1;
	return -1;
}

static void skip_hopeless(naive *n)
{
	for (int round = 0; round < n->count; round++)
		for (int i = 0; i < n->count; i++)
			if (n->tasks[i].place == FUTURE && may_start(n, &n->tasks[i]) < 0)
				n->tasks[i].place = SKIPPED;
}

static void newcomers(naive *n)
{
	for (int i = 0; i < n->count; i++) {
		task *t = &n->tasks[i];

		if (t->place == WAITING && t->io_until <= n->now)
			line_up(n, t, HK_SCHED_IO_DONE);
	}
	for (int i = 0; i < n->count; i++) {
		task *t = &n->tasks[i];

		if (t->place != FUTURE || t->arrival > n->now ||
		    t->start_after > n->now || may_start(n, t) <= 0)
			continue;
		t->held = n->now - t->arrival;
		line_up(n, t, HK_SCHED_ARRIVED);
	}
}

static void run_on(naive *n, cpu *c, int index)
{
	task *t = &n->tasks[index];
	bool other = c->last != NOBODY && c->last != index;

	c->switched = other && n->cost > 0;
	c->begin = n->now + (other ? n->cost : 0);
	n->switches += other;
	t->place = RUNNING;
	t->gained = whole_urgency(n, t);
	c->task = c->last = index;
	t->slices++;
	if (t->start < 0)
		t->start = c->begin;
	{
		int64_t slice = slice_of(n, t);

		c->slice_end = slice > LONGEST * 4 ? INT64_MAX : c->begin + slice;
	}
}

static void boost(naive *n)
{
	int64_t line[TASKS];
	int order = 0;

	if (!is(n, "mlfq") || n->opts.boost == 0 || n->now == 0 ||
	    n->now % n->opts.boost != 0)
		return;
	/* First who is at the top, then from the lowest level up, each row in its order. */
	for (int step = 0; step < levels(n); step++) {
		int level = step == 0 ? 0 : levels(n) - step;
		int64_t after = INT64_MIN;

		for (;;) {
			int next = NOBODY;

			for (int i = 0; i < n->count; i++)
				if (n->tasks[i].place == READY &&
				    n->tasks[i].level == level &&
				    n->tasks[i].line > after &&
				    (next == NOBODY ||
					n->tasks[i].line < n->tasks[next].line))
					next = i;
			if (next == NOBODY)
				break;
			after = n->tasks[next].line;
			line[next] = ++order;
		}
	}
	for (int i = 0; i < n->count; i++) {
		task *t = &n->tasks[i];

		if (t->place == READY)
			t->line = n->back + line[i];
		t->level = 0;
		t->used = 0;
		t->used_slices = 0;
	}
	n->back += order;
}

static void preempt(naive *n)
{
	for (int round = 0; round < n->cpus; round++) {
		int candidate = best(n, true);
		cpu *victim = NULL;
		task *out;

		for (int i = 0; candidate != NOBODY && i < n->cpus; i++) {
			cpu *c = &n->cpu[i];

			if (c->task == NOBODY || n->now < c->begin + c->switched)
				continue;
			if (!outranks(n, &n->tasks[candidate], &n->tasks[c->task]))
				continue;
			if (victim == NULL ||
			    outranks(n, &n->tasks[victim->task], &n->tasks[c->task]))
				victim = c;
		}
		if (victim == NULL)
			return;
		n->preemptions++;
		out = &n->tasks[victim->task];
		victim->task = NOBODY;
		line_up(n, out, HK_SCHED_PREEMPTED);
		run_on(n, victim, best(n, false));
	}
}

/* Who leaves the CPU at this instant; those whose slice ended go to @expired. */
static int leave_cpus(naive *n, int expired[CPUS])
{
	int count = 0;

	for (int i = 0; i < n->cpus; i++) {
		cpu *c = &n->cpu[i];
		task *t = c->task == NOBODY ? NULL : &n->tasks[c->task];

		if (t == NULL || n->now < c->begin)
			continue;
		if (remaining(t) == 0) {
			t->place = ENDED;
			t->end = n->now;
		} else if (t->io_next < t->io_count &&
			   t->io[t->io_next].after == t->ran) {
			t->place = WAITING;
			t->io_until = n->now + t->io[t->io_next].duration;
			t->waited_io += t->io[t->io_next++].duration;
		} else if (n->now >= c->slice_end) {
			expired[count++] = c->task;
		} else {
			continue;
		}
		c->task = NOBODY;
	}
	return count;
}

static void instant(naive *n, bool first)
{
	int expired[CPUS];
	int count = leave_cpus(n, expired);

	skip_hopeless(n);
	if (!n->newcomer)
		for (int i = 0; i < count; i++)
			line_up(n, &n->tasks[expired[i]], HK_SCHED_QUANTUM_END);
	newcomers(n);
	if (n->newcomer)
		for (int i = 0; i < count; i++)
			line_up(n, &n->tasks[expired[i]], HK_SCHED_QUANTUM_END);
	if (first)
		boost(n);
	for (int i = 0; i < n->cpus; i++)
		if (n->cpu[i].task == NOBODY) {
			int next = best(n, false);

			if (next != NOBODY)
				run_on(n, &n->cpu[i], next);
		}
	preempt(n);
}

/* Does somebody end, or begin to wait, without time going by? */
static bool is_restless(const naive *n)
{
	for (int i = 0; i < n->cpus; i++) {
		const cpu *c = &n->cpu[i];

		if (c->task != NOBODY && n->now >= c->begin &&
		    remaining(&n->tasks[c->task]) == 0)
			return true;
	}
	for (int i = 0; i < n->count; i++)
		if (n->tasks[i].place == WAITING && n->tasks[i].io_until <= n->now)
			return true;
	return false;
}

static void tick(naive *n)
{
	int64_t total = present_tickets(n);
	bool ran = false;

	for (int i = 0; i < n->cpus; i++) {
		cpu *c = &n->cpu[i];
		task *t = c->task == NOBODY ? NULL : &n->tasks[c->task];

		if (t == NULL || n->now < c->begin)
			continue;
		t->ran++;
		t->used++;
		t->pass += (1LL << 40) / t->tickets;
		n->floor_rest += 1LL << 40;
		ran = true;
	}
	if (ran) {
		n->floor += n->floor_rest / total;
		n->floor_rest %= total;
	}
	n->now++;
}

static bool is_over(const naive *n)
{
	for (int i = 0; i < n->count; i++)
		if (n->tasks[i].place != ENDED && n->tasks[i].place != SKIPPED)
			return false;
	return true;
}

static void run_naive(naive *n)
{
	for (int i = 0; i < n->cpus; i++)
		n->cpu[i] = (cpu){ .task = NOBODY, .last = NOBODY };
	hki_random_seed(&n->lots, n->opts.seed);
	while (!is_over(n) && n->now < LONGEST) {
		bool first = true;

		do {
			instant(n, first);
			first = false;
		} while (is_restless(n));
		if (!is_over(n))
			tick(n);
	}
	assert_true(is_over(n));
}

/* ---- random cases ---- */

static int64_t below(hki_random *random, uint64_t bound)
{
	return (int64_t) hki_random_below(random, bound);
}

static void make_task(naive *n, int index, hki_random *random)
{
	task *t = &n->tasks[index];
	int64_t after = 0;

	*t = (task){ .needs = NOBODY, .start = -1, .end = -1 };
	if (index > 0)
		t->arrival = n->tasks[index - 1].arrival + below(random, 4);
	t->burst = below(random, 10);
	t->priority = (int) below(random, 4);
	t->tickets = 1 + (int) below(random, 5);
	t->queue = (int) below(random, 4);
	t->deadline = below(random, 2) ? 1 + below(random, 30) : 0;
	if (below(random, 5) == 0)
		t->start_after = below(random, 15);
	if (index > 0 && below(random, 6) == 0) {
		t->needs = (int) below(random, (uint64_t) index);
		t->condition = (hk_sched_condition) below(random, 3);
	}
	for (int i = 0; i < 2 && below(random, 3) == 0; i++) {
		after += 1 + below(random, 4);
		if (after >= t->burst)
			break;
		t->io[t->io_count++] = (hk_sched_io){ after, below(random, 5) };
	}
}

static void make_case(naive *n, const char *policy, uint64_t seed)
{
	hki_random random;

	hki_random_seed(&random, seed);
	memset(n, 0, sizeof(*n));
	n->policy = policy;
	n->opts = (hk_sched_policy_opts) HK_SCHED_POLICY_OPTS_INIT;
	n->opts.quantum = 1 + below(&random, 4);
	n->opts.seed = seed;
	n->cpus = below(&random, 2) ? 1 : 1 + (int) below(&random, CPUS);
	n->cost = below(&random, 3) == 0 ? 1 + below(&random, 2) : 0;
	n->newcomer = below(&random, 2) == 0;
	n->low = below(&random, 2) == 0;
	if (below(&random, 2) == 0)
		n->opts.aging = 1 + below(&random, 5);
	if (below(&random, 2) == 0)
		n->opts.boost = 3 + below(&random, 12);
	if (below(&random, 2) == 0)
		n->opts.levels = 1 + (uint32_t) below(&random, 4);
	n->opts.allotment = (uint32_t) below(&random, 3);
	n->opts.flags = (uint32_t) below(&random, 8);
	for (int i = 0; i < 3; i++)
		n->quanta[i] = 1 + below(&random, 5);
	if (is(n, "multilevel") && below(&random, 3) == 0)
		n->quanta[2] = 0;
	if (below(&random, 2) == 0) {
		n->opts.quanta = n->quanta;
		n->opts.quanta_count = 3;
	}
	n->opts.latency = 1 + below(&random, 20);
	n->latency = n->opts.latency;
	n->count = 1 + (int) below(&random, TASKS);
	for (int i = 0; i < n->count; i++)
		make_task(n, i, &random);
}

static hk_sched_workload *workload_of(const naive *n)
{
	hk_sched_workload *workload;
	char ids[TASKS][16];

	assert_int_equal(0, hk_sched_workload_new(&workload));
	for (int i = 0; i < n->count; i++) {
		const task *t = &n->tasks[i];
		hk_sched_task description = HK_SCHED_TASK_INIT;
		hk_sched_dependency needs = { .condition = t->condition };

		snprintf(ids[i], sizeof(ids[i]), "t%d", i);
		description.id = ids[i];
		description.arrival = t->arrival;
		description.start_after = t->start_after;
		description.burst = t->burst;
		description.priority = t->priority;
		description.tickets = (uint32_t) t->tickets;
		description.queue = (uint32_t) t->queue;
		description.deadline = t->deadline;
		description.io = t->io;
		description.io_count = (size_t) t->io_count;
		if (t->needs != NOBODY) {
			needs.id = ids[t->needs];
			description.depends_on = &needs;
			description.depends_on_count = 1;
		}
		assert_int_equal(i, hk_sched_workload_add(workload, &description));
	}
	return workload;
}

static void differ(const naive *n, uint64_t seed, int index, const char *what,
    int64_t expected, int64_t found)
{
	if (expected == found)
		return;
	for (int i = 0; i < n->count; i++)
		print_error(
		    "  t%d arrival %lld burst %lld priority %d: start %lld end %lld\n", i,
		    (long long) n->tasks[i].arrival, (long long) n->tasks[i].burst,
		    n->tasks[i].priority, (long long) n->tasks[i].start,
		    (long long) n->tasks[i].end);
	fail_msg("%s, case %llu: t%d: %s: expected %lld, found %lld", n->policy,
	    (unsigned long long) seed, index, what, (long long) expected,
	    (long long) found);
}

static void compare(const naive *n, uint64_t seed, const hk_sched_result *result)
{
	const hk_sched_statistics *statistics = hk_sched_result_statistics(result);

	for (int i = 0; i < n->count; i++) {
		const task *t = &n->tasks[i];
		hk_sched_row row;

		assert_int_equal(0, hk_sched_result_row(&row, result, (size_t) i));
		differ(n, seed, i, "outcome",
		    t->place == ENDED ? HK_SCHED_DONE : HK_SCHED_DEPENDENCY_FAILED,
		    row.outcome);
		if (t->place != ENDED)
			continue;
		differ(n, seed, i, "start", t->start, row.start);
		differ(n, seed, i, "end", t->end, row.end);
		differ(n, seed, i, "slices", t->slices, (int64_t) row.slices);
		differ(n, seed, i, "held", t->held, row.held);
		differ(n, seed, i, "wait",
		    t->end - t->arrival - t->burst - t->waited_io - t->held, row.wait);
	}
	differ(n, seed, 0, "switches", n->switches, (int64_t) statistics->switches);
	differ(
	    n, seed, 0, "preemptions", n->preemptions, (int64_t) statistics->preemptions);
}

static void run_case(const char *policy, uint64_t seed)
{
	static naive n;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_workload *workload;
	hk_sched_result *result;

	make_case(&n, policy, seed);
	workload = workload_of(&n);
	opts.policy = &n.opts;
	opts.cpus = (uint32_t) n.cpus;
	opts.switch_cost = n.cost;
	opts.tie = n.newcomer ? HK_SCHED_TIE_NEWCOMER : HK_SCHED_TIE_PREEMPTED;
	opts.low_first = n.low;
	opts.slices = 1;
	assert_int_equal(0, hk_sched_simulate(&result, workload,
				hk_sched_policy_find(policy), &opts, NULL));
	run_naive(&n);
	compare(&n, seed, result);
	hk_sched_result_free(result);
	hk_sched_workload_free(workload);
}

static void a_policy_does_what_the_naive_one_does(void **state)
{
	for (uint64_t seed = 1; seed <= CASES; seed++)
		run_case(*state, seed);
}

#define POLICY(name)                                                                     \
	{                                                                                \
		name " is as the naive simulation has it",                               \
		    a_policy_does_what_the_naive_one_does, NULL, NULL, (void *) name     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY("fcfs"),
		POLICY("sjf"),
		POLICY("srtf"),
		POLICY("hrrn"),
		POLICY("rr"),
		POLICY("priority"),
		POLICY("priority-rr"),
		POLICY("multilevel"),
		POLICY("feedback"),
		POLICY("mlfq"),
		POLICY("lottery"),
		POLICY("stride"),
		POLICY("fair"),
		POLICY("edf"),
		POLICY("rm"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
