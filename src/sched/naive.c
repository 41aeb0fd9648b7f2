/*
 * Time, tick by tick: who comes, who goes, who runs.
 */
#include "sched/naive.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

void run_naive(naive *n)
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
