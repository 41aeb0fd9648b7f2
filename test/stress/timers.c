/*
 * Many timers, set, moved, stopped and freed at random while others fire.  Each fires
 * as often as it was armed, never early, and none after it was stopped.
 */
#include <stdint.h>
#include <stdlib.h>
#include <hostkit/loop.h>
#include "stress.h"

#define TIMERS     4000
#define LONGEST_NS 50000000u

typedef struct alarm_row {
	hk_timer *timer;
	uint64_t due_ns; /* 0: must not fire */
} alarm_row;

typedef struct board {
	hk_loop *loop;
	alarm_row *alarms;
	unsigned int count;
	unsigned int fired;
	unsigned int early;
	unsigned int unasked;
	unsigned int armed; /* how often in all */
	unsigned int disarmed;
	unsigned int moves; /* left */
	uint64_t random;
} board;

static board *the_board;

static void arm(board *all, alarm_row *alarm)
{
	uint64_t after_ns = stress_random(&all->random) % LONGEST_NS;

	if (alarm->due_ns != 0)
		all->disarmed++;
	hk_timer_set(alarm->timer, after_ns, 0);
	alarm->due_ns = hk_loop_now_ns(all->loop) + after_ns;
	all->armed++;
}

/* Move, stop or do nothing to a timer that has nothing to do with the one that fired. */
static void disturb(board *all)
{
	alarm_row *other = &all->alarms[stress_random(&all->random) % all->count];

	if (all->moves == 0)
		return;
	all->moves--;
	switch (stress_random(&all->random) % 3) {
	case 0:
		arm(all, other);
		break;
	case 1:
		hk_timer_stop(other->timer);
		all->disarmed += other->due_ns != 0;
		other->due_ns = 0;
		break;
	default:
		break;
	}
}

static void fired(hk_timer *timer, void *user)
{
	alarm_row *alarm = user;
	board *all = the_board;

	(void) timer;
	all->fired++;
	all->unasked += alarm->due_ns == 0;
	all->early += hk_loop_now_ns(all->loop) < alarm->due_ns;
	alarm->due_ns = 0;
	disturb(all);
}

int main(void)
{
	unsigned int count = TIMERS * stress_factor();
	board all = { .count = count, .moves = 4 * count, .random = 88172645463325252u };

	the_board = &all;
	stress_plan(3);
	stress_need(hk_loop_new(&all.loop) == 0, "no loop");
	all.alarms = calloc(count, sizeof(*all.alarms));
	stress_need(all.alarms != NULL, "no memory");
	for (unsigned int i = 0; i < count; i++) {
		alarm_row *alarm = &all.alarms[i];

		stress_need(
		    hk_timer_after(&alarm->timer, all.loop, 60000, fired, alarm) == 0,
		    "no timer");
		arm(&all, alarm);
	}
	stress_need(hk_loop_run(all.loop) == 0, "the loop failed");

	stress_check(all.fired == all.armed - all.disarmed,
	    "%u fired of %u armed, %u of them taken back", all.fired, all.armed,
	    all.disarmed);
	stress_check(all.early == 0, "%u fired early", all.early);
	stress_check(all.unasked == 0, "%u fired after they were stopped", all.unasked);
	for (unsigned int i = 0; i < count; i++)
		hk_timer_free(all.alarms[i].timer);
	free(all.alarms);
	hk_loop_free(all.loop);
	return stress_status();
}
