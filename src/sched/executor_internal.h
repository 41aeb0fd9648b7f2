#ifndef HKI_SCHED_EXECUTOR_INTERNAL_H
#define HKI_SCHED_EXECUTOR_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <hostkit/sched_executor.h>
#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "loop/loop_internal.h"
#include "sched/cells.h"
#include "sched/guard.h"
#include "sched/outrank.h"
#include "sched/preempt.h"

/*
 * The executor, in three parts that know little of each other, so that a durable queue
 * can take the place of the first one day:
 *
 *   the task list   who there is, who waits for whom, what became of them
 *   the policy      who is ready, who is next (sched.h)
 *   the slots       who runs, and the means to change that
 *
 *	              +-- pause --> PAUSED -- resume --+
 *	              |                                v
 *	WAITING --> READY <--> RUNNING --> STOPPING --> ENDED
 *	   ^                      |                       ^
 *	   +------- retry --------+-----------------------+
 *
 * What a caller asks for changes states at once, but nobody is called back and no slot
 * is given away before the caller is back in the loop: executor->timer fires then.
 */

typedef struct hki_task hki_task;

/* One task waits for the end of another.  In the arena of the one that waits. */
typedef struct hki_edge {
	hki_list node;  /* in on->dependents; alone once it is settled */
	hki_task *task; /* that waits */
	hki_task *on;
	hk_sched_condition condition;
} hki_edge;

/* More than that between two turns of the loop, and the oldest is not told. */
#define HKI_TASK_EVENTS_MAX 8

struct hki_task {
	hki_list node;      /* in executor->tasks, or in the trash */
	hki_list tell_node; /* in executor->telling */
	hki_list end_node;  /* in executor->ending */
	hk_sched_executor *executor;
	hki_arena arena; /* of all that was copied */

	hk_sched_task spec; /* io and dependencies left out */
	bool burst_known;
	hk_process_opts process; /* of a program; argv NULL for a function */
	hk_sched_step_fn step;
	void *user;
	int64_t queue_timeout_ns;
	int64_t run_timeout_ns;
	int64_t backoff_ns;
	uint32_t retries;

	hk_sched_state state;
	hk_sched_outcome outcome;
	hk_sched_job job;
	bool in_policy; /* the policy has it among the ready */
	bool known;     /* the policy has heard of it and not of its end */
	bool arrived;
	bool paused; /* by the user; WAITING tasks wait on, and are not made ready */
	bool cancelled;
	bool timed_out;
	bool compared_badly; /* paused or tried again: no prediction holds for it */
	uint8_t event_count;
	uint8_t events[HKI_TASK_EVENTS_MAX];

	hki_list dependents; /* edges of those that wait for it */
	hki_edge *edges;     /* what it waits for */
	size_t edge_count;
	size_t unmet;
	bool blocked;           /* it will never run: one of them ended otherwise */
	const char *dependency; /* which; in its arena, NULL if there was no memory */

	hk_timer *wake;  /* its arrival, its time, the next try */
	hk_timer *limit; /* how long it may queue, then run; NULL: for ever */
	int64_t arrival_ns;
	int64_t release_ns; /* not to start before */
	int64_t since_ns;   /* it has been in this state */
	int64_t start_ns;   /* -1: never */
	int64_t end_ns;
	int64_t wait_ns;
	int64_t held_ns;
	uint64_t stolen_at_arrival_ns;
	uint64_t stolen_at_end_ns;
	uint64_t slices;
	uint32_t tries;

	bool begun;     /* this try */
	uint32_t place; /* among all that were ever added */
	uint32_t slot;  /* it has or had */
	bool has_slot;
	uint64_t cpu_ns;     /* of this try, as last seen */
	uint64_t told_ns;    /* of that, the policy knows */
	int64_t given_ns;    /* by the policy, for this turn */
	int64_t debt_ns;     /* it had more than its turns gave it */
	uint64_t earlier_ns; /* of the tries before */

	hki_list parked_node; /* it waits for others to end: shortage.c */
	bool parked_before;

	/* a program while it runs */
	hk_process_runner *runner;
	hki_preempt *preempt;
	hki_cell *cell;

	/* what became of the last try */
	hk_process_end end;
	int code;
	int signal;
	int error;
	char *error_text; /* Owned, or NULL */
	uint32_t leftovers;
	struct {
		char *data; /* Owned, or NULL */
		size_t length;
		uint64_t total;
		bool cut;
	} output[2];
};

typedef struct hki_slot {
	hk_sched_executor *executor;
	hki_task *task; /* NULL: free */
	hk_timer *timer;
	int64_t since_ns;     /* the turn began */
	uint64_t base_ns;     /* CPU time of the task then */
	int64_t allowance_ns; /* CPU time of this turn; HK_SCHED_NEVER: to the end */
	int64_t looked_ns;    /* at the clock */
	uint64_t seen_ns;     /* CPU time then */
	bool slackened;       /* it was near its end and got a little more */
} hki_slot;

struct hk_sched_executor {
	hki_loop_member member;
	hki_loop_deferred deferred;
	hk_loop *loop; /* NULL once it is gone */
	pid_t owner;   /* who made it: differs in a forked child */
	bool holds;    /* the loop goes on for us */
	bool freed;    /* only memory is left, until the callback we are in returns */
	uint64_t epoch_ns;

	const hk_sched_policy *policy;
	void *policy_state;
	hk_sched_policy_opts policy_opts; /* as given, quantum filled in */
	int64_t *quanta;                  /* Owned copy */
	int64_t slack_ns;
	bool low_first;
	uint64_t max_output_bytes;
	uint32_t flags;
	hk_sched_event_fn on_event;
	void *user;

	/* the task list */
	hki_list tasks;
	hki_name_map by_id;
	size_t task_count;
	hki_list *walked; /* what was last asked for by index, or NULL */
	size_t walked_index;
	uint64_t unfinished;
	uint64_t numbered; /* ids given out */
	uint32_t added;    /* tasks, ever */
	uint64_t order;    /* of arrivals */
	hki_list telling;  /* tasks with events to tell */
	hki_list ending;   /* ended tasks whose dependents do not know yet */
	hki_list trash;    /* forgotten, to be freed when nobody is looking */
	hk_sched_totals
	    ended; /* counts and sums of all that have ended, forgotten or not */
	double response_sum_ms, wait_sum_ms, turnaround_sum_ms;
	uint64_t ran_count;
	int64_t first_arrival_ns; /* -1: none */
	int64_t last_end_ns;

	/* numbers for the policy */
	uint32_t *free_indexes;
	uint32_t free_count;
	uint32_t index_capacity;

	/* slots */
	hki_slot *slots;
	uint32_t slot_count;
	uint32_t busy;
	uint32_t functions; /* slots that have one */
	size_t ready_count;
	hki_task *stepping; /* whose step is on the stack */
	hk_timer *timer;    /* something was asked for */
	hk_timer *steps;    /* the next steps of functions */
	hk_timer *policy_timer;
	uint64_t stolen_ns; /* of turns that are over */
	uint64_t preemptions;
	uint64_t unconfirmed;
	uint64_t slices;

	/* programs that have been started and not collected; those that could not be,
	 * and how many that ever were */
	size_t programs;
	hki_list parked;
	uint64_t put_off;

	/* means */
	hki_cells cells;
	bool by_cgroup;
	hki_outrank outrank;
	hki_guard guard;

	hk_sched_slice *kept;
	size_t kept_count;
	size_t kept_capacity;
};

/* ---- executor.c ---- */

int hki_executor_check(const hk_sched_executor *executor);
/* Nanoseconds since it was made. */
int64_t hki_executor_now(const hk_sched_executor *executor);
/* Keep the loop going while there is something to run or to tell. */
void hki_executor_hold(hk_sched_executor *executor);
/* Have the loop look after what was asked for. */
void hki_executor_soon(hk_sched_executor *executor);

/* ---- task.c: one task ---- */

/* Copied from @work, whose task is @spec; in no list.  Owned: hki_task_free().  0,
 * -EINVAL, -ENOTSUP … */
int hki_task_new(hki_task **out, hk_sched_executor *executor, const hk_sched_work *work,
    const hk_sched_task *spec, hk_error_list *errors);
void hki_task_free(hki_task *task);
static inline void hki_task_freep(hki_task **task)
{
	hki_task_free(*task);
}
static inline bool hki_task_is_program(const hki_task *task)
{
	return task->process.argv != NULL;
}
/* CPU time it had in this try, never less than it was. */
uint64_t hki_task_cpu(hki_task *task);
/* Count the time in the state it leaves. */
void hki_task_enter(hki_task *task, hk_sched_state state, int64_t now_ns);
/* Remember to tell. */
void hki_task_note(hki_task *task, hk_sched_event event);
/* What the last try failed with; @text is Copied, NULL: the code says it. */
void hki_task_set_error(hki_task *task, int code, const char *text);

/* ---- recipe.c: how a program is started ---- */

/* A deep copy of @opts into @arena.  0, -E2BIG or -ENOMEM. */
int hki_recipe_copy(hk_process_opts *out, hki_arena *arena, const hk_process_opts *opts);
int hki_recipe_from_command(
    hk_process_opts *out, hki_arena *arena, const hk_sched_command *command);

/* ---- tasks.c: the task list ---- */

/* The task called @id that was not forgotten, or NULL. */
hki_task *hki_tasks_find(const hk_sched_executor *executor, const char *id);
/* Put it into the list.  Taken on success.  0, -EEXIST, -ENOMEM, HK_ELIMIT. */
int hki_tasks_enter(hki_task *task, hk_error_list *errors);
/* Have it wait for what @spec names, before the loop turns.  0, -ENOENT, -ENOMEM. */
int hki_tasks_link(hki_task *task, const hk_sched_task *spec, hk_error_list *errors);
/* Undo both, before the loop turns, and release it. */
void hki_tasks_retract(hki_task *task);
/* Its arrival, its time, its dependencies: make it ready if nothing is left to wait for. */
void hki_tasks_try_ready(hki_task *task);
/* The one way to end a task.  It has no slot and no program any more. */
void hki_tasks_end(hki_task *task, hk_sched_outcome outcome);
/* Tell those that wait for ended tasks; some end by that. */
void hki_tasks_settle(hk_sched_executor *executor);
/* A try is over and went badly: the next one, or the end. */
void hki_tasks_try_failed(hki_task *task);
void hki_tasks_on_wake(hk_timer *timer, void *user);
void hki_tasks_on_limit(hk_timer *timer, void *user);
void hki_tasks_empty_trash(hk_sched_executor *executor);
/* Deliver events.  The executor may be freed by that: look at `freed` afterwards. */
void hki_tasks_tell(hk_sched_executor *executor);

/* ---- dispatch.c: slots and policy ---- */

/* The policy gets a job to choose from. */
void hki_dispatch_ready(hki_task *task, hk_sched_reason reason);
/* It is not to be chosen any more: paused, cancelled, ended. */
void hki_dispatch_withdraw(hki_task *task);
/* Take a running task off its slot for as long as it is paused. */
void hki_dispatch_pause(hki_task *task);
/* Its slot is free; the program has ended, or is ending outside of slots. */
void hki_dispatch_vacate(hki_task *task);
/* Fill the slots, see who is outranked, set timers. */
void hki_dispatch(hk_sched_executor *executor);
/* What everything that happens in the loop ends with: settle, dispatch, tell. */
void hki_dispatch_turn(hk_sched_executor *executor);
void hki_dispatch_on_timer(hk_timer *timer, void *user);
void hki_dispatch_on_policy_timer(hk_timer *timer, void *user);
void hki_dispatch_on_slot_timer(hk_timer *timer, void *user);
/* The turn of @slot is used up: the next one, which may be the same task's. */
void hki_dispatch_rotate(hki_slot *slot);

/* ---- turn.c ---- */

/* Tell the policy what a running task had since it was last told. */
void hki_turn_charge(hki_task *task, int64_t now_ns);
/* The task of @slot has just been let go: its turn begins. */
void hki_turn_begin(hki_slot *slot);
/* The turn is over, whatever comes next. */
void hki_turn_end(hki_slot *slot, int64_t now_ns);
/* Look again when what is left of the turn may be used up. */
void hki_turn_arm(const hki_slot *slot);
/* Is it used up?  As of the last look at the task's clock. */
bool hki_turn_is_over(const hki_slot *slot);
/* Nothing was used since the last look, and nobody of it waits for a CPU. */
bool hki_turn_is_asleep(hki_slot *slot, int64_t now_ns);
/* The end that it announced is so near that putting it off would cost a whole round:
 * then the turn is made longer, once. */
bool hki_turn_may_finish(hki_slot *slot);
/* CPU time that slots had and tasks did not, up to now. */
uint64_t hki_turn_stolen(const hk_sched_executor *executor);

/* ---- program.c ---- */

/* Start the program of a task that has just got its slot.  0 or a negative errno. */
int hki_program_start(hki_task *task);
/* The guard has ended although there may be programs to guard: another one. */
void hki_program_on_guard_lost(hki_guard *guard);
/* Have it end: let it go and ask it to, then by force. */
void hki_program_stop(hki_task *task);
/* Kill a program, if there is one, and release what was there for it. */
void hki_program_drop(hki_task *task);

/* ---- shortage.c ---- */

/* A program, which has just left its slot, could not be started: if that was for want of
 * what others hold, true, and it waits for their end. */
bool hki_shortage_park(hki_task *task, int error);
/* A program has ended or was started, so the next may find room. */
void hki_shortage_over(hk_sched_executor *executor);

/* ---- measured.c ---- */

/*
 * What @tasks went through, as a result of the simulator's kind: over @workload, whose
 * tasks are those, times from @origin_ns on.  Owned.  0 or -ENOMEM.
 */
int hki_measured_new(hk_sched_result **out, const hk_sched_executor *executor,
    const hk_sched_workload *workload, const hki_task *const *tasks, size_t count,
    int64_t origin_ns);

/* ---- steps.c ---- */

void hki_steps_on_timer(hk_timer *timer, void *user);

#endif /* HKI_SCHED_EXECUTOR_INTERNAL_H */
