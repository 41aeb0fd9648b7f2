#ifndef HKI_PROCESS_INTERNAL_H
#define HKI_PROCESS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <hostkit/process.h>
#include "base/list.h"
#include "base/map.h"
#include "loop/loop_internal.h"
#include "os/pidref.h"
#include "process/spawn_plan.h"
#include "process/tree.h"

/*
 * The life of a handle
 *
 *     STARTING -> RUNNING -> STOPPING -> EXITED        FAILED
 *
 * and beside its state, what is being done about it now (hki_work): waiting
 * for the end of a stop step, killing the tree round by round.  One timer
 * serves that; it exists from the start, so ending a process needs no memory.
 *
 * A handle that its user frees or detaches while the process lives is buried:
 * it stays on the registry's second list, unreachable, until the kernel's last
 * word has been collected, so that no zombie is left.
 */

typedef enum hki_work {
	HKI_WORK_NONE,
	HKI_WORK_STOP_STEP, /* asked to end: the step's wait runs */
	HKI_WORK_KILL, /* stop steps are used up: rounds of killing, the main process alive */
	HKI_WORK_LEFTOVERS /* the main process has ended: rounds against the rest */
} hki_work;

/* Starts that failed, as lists show them. */
typedef struct hki_failed_start {
	char **argv; /* one block, with the name in it */
	const char *name;
	hk_process_type type;
	uint64_t time_ns;
	int code;
	const char *step;
} hki_failed_start;

/* A person looks at the last few; more would grow without bound. */
#define HKI_FAILED_STARTS_MAX 32

/* What a loop knows about its processes. */
typedef struct hki_registry {
	hki_loop_member member;
	hk_loop *loop;
	pid_t owner;        /* who we were when it was made: differs after a fork */
	hki_map by_pid;     /* those that run */
	hki_list processes; /* handles of users, in order of start */
	hki_list buried;
	hki_failed_start failed[HKI_FAILED_STARTS_MAX]; /* a ring */
	size_t failed_total;
} hki_registry;

struct hk_process {
	hki_list node;
	hki_registry *registry; /* NULL once the loop is gone */
	pid_t owner;
	hk_process_type type;
	hk_process_state state;
	hki_work work;
	bool buried;
	bool detached; /* buried and to be left alone */
	bool holds_loop;
	bool stop_wanted; /* asked to end while it was starting */
	bool keeper;      /* HK_TREE_KEEPER: the keeper tells about the end */

	hki_pidref ref; /* empty before the start and once collected */
	hk_process_id id;
	hki_tree *tree;
	bool tree_started;
	hk_tree level;
	hk_watch *watch; /* of the pidfd or the keeper */
	hk_timer *timer;
	unsigned int rounds;    /* of killing */
	unsigned int leftovers; /* that outlived the main process */
	unsigned int survivors; /* that could not be ended */

	char **argv;
	const char *name;
	uint32_t flags;
	hk_stop_step *steps; /* NULL: the default ones */
	size_t step_count;
	size_t next_step;
	int ends[3];

	uint64_t started_ns;      /* CLOCK_MONOTONIC */
	uint64_t started_real_ns; /* for people */
	uint64_t ended_real_ns;
	uint64_t
	    own_max_rss_bytes; /* our peak when it started, which its count begins with */
	hk_process_exit exit;
	hk_process_exit_fn on_exit;
	hk_process_start_fn on_start;
	void *user;

	/* a start under way */
	hki_plan plan;
	char **
	    keeper_command; /* what is executed in its place at HK_TREE_KEEPER; one block */
	bool leads_group;
	bool leads_session;
	bool orphaned;               /* only the spawner's thread knows it any more */
	hk_process_spawner *spawner; /* who has the start in hand, or NULL */
	hki_list spawner_node;
	int spawn_result; /* of hki_process_act() */
};

/* ---- registry.c ---- */

int hki_registry_of(hki_registry **out, hk_loop *loop);
/* Remember a failed start; the command line is Taken from @process. */
void hki_registry_note_failure(
    hki_registry *registry, hk_process *process, int code, const char *step);

/* ---- process.c ---- */

/* A handle without a process, listed nowhere.  Owned: hki_process_release(). */
int hki_process_new(hk_process **out, hki_registry *registry, const hk_process_opts *opts,
    hk_process_type type);
/* Memory and descriptors; nobody is killed. */
void hki_process_release(hk_process *process);
static inline void hki_process_releasep(hk_process **process)
{
	hki_process_release(*process);
}
/* -ECHILD in a forked child, else 0. */
int hki_process_check(const hk_process *process);
/* Whether the main process is there to be signalled. */
bool hki_process_is_alive(const hk_process *process);
void hki_process_hold(hk_process *process);
void hki_process_unhold(hk_process *process);
/* Close our ends of pipes and terminal. */
void hki_process_close_ends(hk_process *process);

/* Not found by its id any more. */
void hki_process_unlist(hk_process *process);
/* The loop goes, or gives it to another thread: no watch, no timer, in no list. */
void hki_process_leave_loop(hk_process *process);

/* ---- spawn.c ---- */

int hki_process_spawn(hk_process **out, hk_loop *loop, const hk_process_opts *opts,
    hk_process_type type, hk_error_list *errors);
/* Carry the plan out, on any thread, without the loop.  0: it runs and `ref` holds
 * it; or a negative errno, and plan.failed_step says where. */
int hki_process_act(hk_process *process);
/* A process with a reference: watch it and have it found by id, RUNNING from now
 * on.  On failure it is as before. */
int hki_process_register(hk_process *process);
/* A start in another thread is over: spawn_result tells. */
void hki_process_spawned_elsewhere(hk_process *process);

/* ---- exit.c ---- */

/* The watch of the main process's end. */
void hki_process_on_end(hk_watch *watch, unsigned int events, void *user);
/* One round against what is left of the tree; ends in the callback. */
void hki_process_leftover_round(hk_process *process);
/* It never started: HK_END_FAILED goes to the callback. */
void hki_process_fail(hk_process *process, int code, const char *step);

/* ---- stop.c ---- */

void hki_process_on_timer(hk_timer *timer, void *user);
/* Begin the stop steps; legal while it is alive. */
void hki_process_begin_stop(hk_process *process);
/* The pause before round number @round of killing; 0 when patience is at its end. */
uint64_t hki_process_round_pause_ns(unsigned int round);

/* ---- bury.c ---- */

/* Nobody holds the handle any more: collect what is left, later. */
void hki_process_bury(hk_process *process);
/* Rounds of killing, driven by the timer, against a buried process that runs. */
void hki_process_kill_buried(hk_process *process);
/* End what runs of it and collect it, waiting at most HKI_TREE_KILL_TIMEOUT_NS. */
void hki_process_kill_now(hk_process *process);
/* The end of a handle without a loop: killed unless detached, collected, released. */
void hki_process_end_now(hk_process *process);

/* ---- spawner.c ---- */

hk_loop *hki_spawner_loop(const hk_process_spawner *spawner);
/* Hand over a prepared start; its end comes to hki_process_spawned_elsewhere(). */
void hki_spawner_submit(hk_process_spawner *spawner, hk_process *process);
/* Nobody waits for it any more, the loop included: it is ended and released, here
 * or, if it is being started right now, by the spawner's thread. */
void hki_spawner_abandon(hk_process *process);

#endif /* HKI_PROCESS_INTERNAL_H */
