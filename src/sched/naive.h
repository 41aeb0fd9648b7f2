#ifndef HKI_SCHED_NAIVE_H
#define HKI_SCHED_NAIVE_H

#include <hostkit/sched.h>
#include "base/random.h"

/*
 * A simulator that knows nothing of the real one: it walks from tick to tick, keeps
 * everything in one array, and looks at every task for every choice.  It is slow, and
 * simple enough to be believed.
 */
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

/* Run the case to its end. */
void run_naive(naive *n);

/* ---- choices: what the policy says ---- */

/* Is this its name? */
bool is(const naive *n, const char *policy);
int64_t remaining(const task *t);
int levels(const naive *n);
int64_t whole_urgency(const naive *n, const task *t);
/* The task to run next, or NOBODY; lots are drawn for good unless it only looks. */
int best(naive *n, bool only_look);
bool outranks(const naive *n, const task *a, const task *b);
/* Of all that are ready or run. */
int64_t present_tickets(const naive *n);
int64_t slice_of(const naive *n, const task *t);
/* It is ready: where does it stand? */
void line_up(naive *n, task *t, hk_sched_reason reason);

#endif /* HKI_SCHED_NAIVE_H */
