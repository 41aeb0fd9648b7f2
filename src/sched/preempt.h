#ifndef HKI_SCHED_PREEMPT_H
#define HKI_SCHED_PREEMPT_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/process.h>
#include "sched/cells.h"

/*
 * Taking the CPU from a program that runs, and giving it back
 *
 * Two ways behind one face.  A cgroup is frozen by the kernel: all of it, unseen by
 * the program, and nobody else can undo it.  Where there are none, SIGSTOP goes to
 * every process of the tree until no new one is found; programs can see that, anybody
 * may send SIGCONT, and an orphan that has left session and group is not reached.
 *
 * Freezing is asked for and takes effect within microseconds; the confirmation that
 * nothing runs any more is a step of its own, so that the next task can be let go in
 * between.
 */
typedef struct hki_preempt hki_preempt;

/* Of a process that belongs to it and is not the main one. */
typedef void (*hki_preempt_other_fn)(const hk_process_id *id, void *user);

typedef struct hki_preempt_way {
	const char *name;
	int (*freeze)(hki_preempt *preempt);
	int (*thaw)(hki_preempt *preempt);
	/* Does nothing of it run any more?  1, 0 or a negative errno. */
	int (*is_frozen)(hki_preempt *preempt);
	/* CPU time so far of all of it, as good as can be had now. */
	int (*cpu)(hki_preempt *preempt, uint64_t *out_ns);
	/* Is a process of it running or waiting for a CPU, rather than asleep? */
	bool (*wants_cpu)(hki_preempt *preempt);
	/* Calls @fn for every process it knows besides the main one; NULL: it knows none,
	 * and need not. */
	void (*each_other)(hki_preempt *preempt, hki_preempt_other_fn fn, void *user);
	void (*free)(hki_preempt *preempt);
} hki_preempt_way;

struct hki_preempt {
	const hki_preempt_way *way;
	hk_process *process; /* Borrowed; NULL once it has ended */
	hki_cell *cell;      /* Borrowed; NULL: by signals */
	bool frozen;
	/* Told of others before they are stopped, so that whoever guards against our death
	 * knows them too: an orphan that left session and group is found by us alone.  And
	 * told when one has ended.  NULL: nobody. */
	hki_preempt_other_fn on_other;
	hki_preempt_other_fn on_other_gone;
	void *user;
};

/* Of a process that was started in @cell, or, if @cell is NULL, as the leader of its
 * group.  Owned: hki_preempt_free().  0 or -ENOMEM. */
int hki_preempt_new(hki_preempt **out, hk_process *process, hki_cell *cell);
/* Of what was frozen, members of a tree go on; a cgroup is left to its cell. */
void hki_preempt_free(hki_preempt *preempt);

/* Hold it still, or let it go; nothing happens if it is so already.  0 or a negative
 * errno; a process that has ended is no error. */
int hki_preempt_freeze(hki_preempt *preempt);
int hki_preempt_thaw(hki_preempt *preempt);
/*
 * Wait until nothing of it runs: at most three looks of a few microseconds, then
 * short naps for a millisecond in all.  1 confirmed; 0 not yet, as when a process
 * sleeps uninterruptibly, which takes no CPU either; or a negative errno.
 */
int hki_preempt_confirm(hki_preempt *preempt);

static inline int hki_preempt_cpu(hki_preempt *preempt, uint64_t *out_ns)
{
	return preempt->way->cpu(preempt, out_ns);
}

static inline bool hki_preempt_wants_cpu(hki_preempt *preempt)
{
	return preempt->way->wants_cpu(preempt);
}

static inline void hki_preempt_each_other(
    hki_preempt *preempt, hki_preempt_other_fn fn, void *user)
{
	if (preempt->way->each_other != NULL)
		preempt->way->each_other(preempt, fn, user);
}

/* The CPU clock of the whole process @pid, exact also while it runs.  0, or -ESRCH. */
int hki_process_cpu(pid_t pid, uint64_t *out_ns);

/* ---- the two ways ---- */

int hki_preempt_cgroup_new(hki_preempt **out, hki_cell *cell);
int hki_preempt_signal_new(hki_preempt **out);

#endif /* HKI_SCHED_PREEMPT_H */
