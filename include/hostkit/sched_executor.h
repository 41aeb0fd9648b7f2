#ifndef HOSTKIT_SCHED_EXECUTOR_H
#define HOSTKIT_SCHED_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>
#include <hostkit/process.h>
#include <hostkit/record.h>
#include <hostkit/sched.h>

HK_BEGIN

/*
 * Executing a schedule
 *
 * An executor runs tasks on a loop under a policy of sched.h.  It has slots, which
 * stand for CPUs used at once.  A task is a program, which is taken off its slot by
 * freezing it and goes on where it was, or a function of this process, which is
 * called step by step and leaves the slot between two steps.
 *
 * What counts as time used is CPU time, not the clock on the wall: other load on the
 * machine makes everything later, but turns stay fair and the order stays the same.
 * A turn ends when the quantum is used up, or when the task sleeps and another one
 * could run.
 *
 * Tasks are added, paused, cancelled and changed at any time.  Each has exactly one
 * end.  Should this process die by SIGKILL, a small guard thaws or kills what was
 * frozen, so nothing stays frozen for ever.
 *
 * Times are nanoseconds of the monotonic clock, counted from the making of the
 * executor; setting the machine's clock changes nothing.
 *
 * Threads: an executor belongs to its loop and to its thread.
 */
typedef struct hk_sched_executor hk_sched_executor;
typedef struct hk_sched_comparison hk_sched_comparison;

/* Where a task is in its life. */
typedef enum hk_sched_state {
	HK_SCHED_WAITING, /* for its arrival, its time, other tasks or the next try */
	HK_SCHED_READY,   /* could run; frozen if it has run before */
	HK_SCHED_RUNNING, /* has a slot */
	HK_SCHED_PAUSED,
	HK_SCHED_STOPPING, /* cancelled or out of time, and not yet gone */
	HK_SCHED_ENDED,
	HK_SCHED_STATE_COUNT
} hk_sched_state;

/* "waiting", "ready", …, or NULL. */
HK_API const char *hk_sched_state_name(unsigned int state);

/* ---- making one ---- */

/* How a program is taken off its slot. */
typedef enum hk_sched_preemption {
	HK_SCHED_PREEMPT_AUTO,   /* by cgroup, else by signals */
	HK_SCHED_PREEMPT_CGROUP, /* cgroup.freeze: all of the task, unseen by it */
	/* SIGSTOP and SIGCONT to all processes of its tree that are found; a program
	 * can see it, and who leaves session and group as an orphan is not reached */
	HK_SCHED_PREEMPT_SIGNAL
} hk_sched_preemption;

/* What the guard does with tasks whose executor was killed. */
typedef enum hk_sched_orphans {
	HK_SCHED_ORPHANS_KILL,
	HK_SCHED_ORPHANS_THAW /* let all of them run on, side by side */
} hk_sched_orphans;

/* Bits for hk_sched_executor_opts.flags. */
enum {
	/* the thread that runs the loop becomes more urgent than ordinary programs
	 * until the executor is freed (SCHED_FIFO, else nice -20, if allowed) */
	HK_SCHED_OUTRANK = 1 << 0,
	HK_SCHED_NO_GUARD = 1 << 1,
	HK_SCHED_KEEP_SLICES = 1 << 2 /* for charts; at most HK_SCHED_SLICES_MAX */
};

/* Of an executor that runs for months the chart would grow without bound. */
#define HK_SCHED_SLICES_MAX 1000000

/* Kept of each stream of a task, if nothing is said. */
#define HK_SCHED_OUTPUT_DEFAULT 65536

/* What happened to a task; see hk_sched_event_fn. */
typedef enum hk_sched_event {
	HK_SCHED_EVENT_STARTED,   /* its first turn, of each try */
	HK_SCHED_EVENT_PREEMPTED, /* its slot went to another task */
	HK_SCHED_EVENT_CONTINUED, /* it has a slot again */
	HK_SCHED_EVENT_PAUSED,
	HK_SCHED_EVENT_RESUMED,
	HK_SCHED_EVENT_RETRY, /* a try failed and there will be another */
	HK_SCHED_EVENT_ENDED  /* exactly once a task, the last of it */
} hk_sched_event;

/*
 * Called when something happened to the task called @id (Borrowed).  Calling any
 * function of the executor is fine, hk_sched_executor_free() too.
 */
typedef void (*hk_sched_event_fn)(
    hk_sched_executor *executor, hk_sched_event event, const char *id, void *user);

typedef struct hk_sched_executor_opts {
	size_t size;                   /* set by HK_SCHED_EXECUTOR_OPTS_INIT */
	const hk_sched_policy *policy; /* NULL: round robin.  Borrowed */
	/* its options, times in nanoseconds; NULL, or quantum 0: the guide's 100 ms */
	const hk_sched_policy_opts *policy_opts;
	uint32_t slots;     /* 0: 1; at most HK_SCHED_CPUS_MAX */
	uint32_t low_first; /* not 0: small numbers are urgent priorities */
	hk_sched_preemption preemption;
	hk_sched_orphans orphans;
	uint32_t flags;    /* HK_SCHED_… */
	uint32_t reserved; /* zero */
	/* a task so near its end, by the burst it announced, is not put off: 0: half a
	 * millisecond, or 2 % of the quantum if that is more; HK_SCHED_NEVER: none */
	int64_t slack_ns;
	uint64_t max_output_bytes;  /* of each stream; 0: HK_SCHED_OUTPUT_DEFAULT */
	hk_sched_event_fn on_event; /* NULL: nobody is told */
	void *user;
	/* the guard's program; NULL: where hostkit is installed, or HOSTKIT_LIBEXEC */
	const char *guard;
} hk_sched_executor_opts;

/* clang-format off */
#define HK_SCHED_EXECUTOR_OPTS_INIT { .size = sizeof(hk_sched_executor_opts) }
/* clang-format on */

/*
 * Make an executor on @loop.  @opts may be NULL: the guide's round robin of 100 ms on
 * one slot.  Owned: hk_sched_executor_free().
 *
 * Returns 0, -EINVAL, -E2BIG, -ENOTSUP if the way of preempting that was asked for
 * cannot be had, -ENOMEM, HK_ECLOSED, -ECHILD, or what the policy's create() gave.
 * @errors, which may be NULL, has sentences.
 */
HK_API HK_MUST_USE int hk_sched_executor_new(hk_sched_executor **out, hk_loop *loop,
    const hk_sched_executor_opts *opts, hk_error_list *errors);

/* Release it; programs that have not ended are killed, and no event comes any more.
 * Legal inside callbacks.  NULL is fine. */
HK_API void hk_sched_executor_free(hk_sched_executor *executor);

/* What is in force here, for people; static strings. */
typedef struct hk_sched_means {
	const char *preemption; /* "cgroup" or "signal" */
	const char *rank;       /* "fifo", "nice", or "none" */
	const char *guard;      /* "kill", "thaw", or "none" */
} hk_sched_means;

HK_API hk_sched_means hk_sched_executor_means(const hk_sched_executor *executor);

/* ---- tasks ---- */

/*
 * One step of a function task.  It is called again and again while the task has its
 * turn, and does so much at a time as others may wait for.
 * Returns 0 when the task is done, 1 when there is more to do, negative: it failed.
 * Calling any function of the executor is fine.
 */
typedef int (*hk_sched_step_fn)(void *user);

/* A task with what it does: a step, a process, or the command of the task. */
typedef struct hk_sched_work {
	size_t size; /* set by HK_SCHED_WORK_INIT */
	/* arrival and start_after count from the call; NULL: all defaults.  A burst up to
	 * HK_SCHED_BURST_DEFAULT is one not known, and taken for the guide's 1000 ms.
	 * io is left to the program; period must be 0 */
	const hk_sched_task *task;
	hk_sched_step_fn step;
	void *user; /* handed to step */
	/* more than a command can say; streams left at HK_STDIO_INHERIT are captured,
	 * except stdin, which is empty then; callbacks, spawner, tree, cgroup and
	 * HK_PROCESS_KEEP_LEFTOVERS are not used */
	const hk_process_opts *process;
} hk_sched_work;

/* clang-format off */
#define HK_SCHED_WORK_INIT { .size = sizeof(hk_sched_work) }
/* clang-format on */

/*
 * Add a task; it runs when the policy has it run, also if the executor had nothing
 * left to do.  Copied, but descriptors stay the caller's and have to be open when the
 * task is started.  A task without an id is given one, "T1", "T2" ….
 *
 * Returns 0, -EEXIST if the id is taken, -ENOENT if it depends on a task that is not
 * there, -EINVAL if it does nothing or two things or has a time that cannot be,
 * -ENOTSUP for a period, -E2BIG, -ENOMEM, HK_ECLOSED when the loop is gone, or -ECHILD.
 * @errors, which may be NULL, has sentences.
 */
HK_API HK_MUST_USE int hk_sched_executor_add(
    hk_sched_executor *executor, const hk_sched_work *work, hk_error_list *errors);

/*
 * Add all tasks of @workload, which need commands and times in nanoseconds.
 * Either all are added or none.  Errors as above, and -ELOOP for a cycle.
 */
HK_API HK_MUST_USE int hk_sched_executor_add_workload(hk_sched_executor *executor,
    const hk_sched_workload *workload, hk_error_list *errors);

/*
 * Take a task off, for as long as you like, or let it take part again.  A paused task
 * keeps memory, files and ports; its deadlines run on.  A function that is inside its
 * step is paused after it.  Both return 0, also if it is so already, -ENOENT, or -ESRCH
 * once it has ended or is being stopped.
 */
HK_API HK_MUST_USE int hk_sched_executor_pause(
    hk_sched_executor *executor, const char *id);
HK_API HK_MUST_USE int hk_sched_executor_resume(
    hk_sched_executor *executor, const char *id);

/*
 * End a task, in whatever state it is.  A program gets SIGTERM (or its own stop steps)
 * and then SIGKILL, with its whole tree; a second call takes the next step at once.
 * Returns 0, -ENOENT, or -ESRCH once it has ended.
 */
HK_API HK_MUST_USE int hk_sched_executor_cancel(
    hk_sched_executor *executor, const char *id);

/* Give a task another priority; if the policy cares, it takes effect at once. 0, -ENOENT
 * or -ESRCH. */
HK_API HK_MUST_USE int hk_sched_executor_set_priority(
    hk_sched_executor *executor, const char *id, int32_t priority);

/* Drop what is kept of a task that has ended.  Tasks that depend on it later cannot be
 * added.  0, -ENOENT, or -EBUSY while it has not ended. */
HK_API HK_MUST_USE int hk_sched_executor_forget(
    hk_sched_executor *executor, const char *id);

/* ---- what is known ---- */

/* One task as it is now.  Times that never came are absent. */
typedef struct hk_sched_info {
	hk_record record;
	const char *id;  /* Borrowed until the task is forgotten, as the strings below */
	int32_t state;   /* hk_sched_state */
	int32_t outcome; /* hk_sched_outcome, once it has ended */
	int32_t priority;
	double burst_ms;     /* announced */
	double cpu_ms;       /* CPU time it had, all tries */
	double remaining_ms; /* announced less had; absent once it has ended */
	double arrival_ms;   /* since the executor was made */
	double start_ms;     /* its first turn */
	double end_ms;
	double response_ms;   /* start - arrival */
	double wait_ms;       /* it was ready, and others had the slots */
	double turnaround_ms; /* end - arrival; until now, while it has not ended */
	double held_ms;       /* for dependencies, its time, a pause, or the next try */
	uint64_t slices;      /* turns it had */
	uint32_t tries;
	int64_t pid; /* of the program while there is one */
	int32_t exit_code;
	const char *signal;     /* that ended it */
	const char *error;      /* why it could not start or what it failed with */
	const char *dependency; /* the task whose end kept this one from running */
	uint32_t leftovers;     /* processes it left behind, which were killed */
	uint64_t stdout_bytes;  /* that came, kept or not */
	uint64_t stderr_bytes;
	bool stdout_cut; /* more came than is kept */
	bool stderr_cut;
} hk_sched_info;

HK_API extern const hk_record_type hk_sched_info_type;

/* Tasks that were not forgotten, in the order they were added. */
HK_API size_t hk_sched_executor_count(const hk_sched_executor *executor);
/* 0, or -ENOENT past the last. */
HK_API int hk_sched_executor_get(
    hk_sched_info *out, hk_sched_executor *executor, size_t index);
/* 0 or -ENOENT. */
HK_API int hk_sched_executor_find(
    hk_sched_info *out, const hk_sched_executor *executor, const char *id);

/* What the last try of a program wrote to stdout (1) or stderr (2), once it has ended:
 * Borrowed until the task is forgotten, terminated beyond its length.  "" if there is
 * nothing; NULL for a task that is not there. */
HK_API const char *hk_sched_executor_output(const hk_sched_executor *executor,
    const char *id, unsigned int stream, size_t *out_length);

/* All of it, at any time. */
typedef struct hk_sched_totals {
	hk_record record;
	uint64_t tasks;
	uint64_t waiting, ready, running, paused, stopping, ended;
	uint64_t done, failed, cancelled, timed_out, dependency_failed; /* of the ended */
	double elapsed_ms;   /* from the first arrival to the last end, or until now */
	double cpu_ms;       /* had by tasks */
	double remaining_ms; /* announced by those that have not ended, less had */
	double stolen_ms;    /* tasks had slots in that time, and no CPU */
	double response_average_ms; /* over tasks that ran and have ended */
	double wait_average_ms;
	double turnaround_average_ms;
	uint64_t slices;
	uint64_t preemptions; /* programs frozen for another task */
	uint64_t unconfirmed; /* … that did not stand still at once, as they slept in the
				 kernel */
	/* programs that could not be started for want of descriptors, processes or memory
	 * while others of the executor held some, and waited for the end of one; their
	 * `error` says of what until they start */
	uint64_t put_off;
} hk_sched_totals;

HK_API extern const hk_record_type hk_sched_totals_type;

/* Filled by the call; borrows nothing. */
HK_API void hk_sched_executor_totals(
    hk_sched_totals *out, const hk_sched_executor *executor);

/* Turns so far, by end, if HK_SCHED_KEEP_SLICES: `job` is the place of the task among
 * all that were ever added, `cpu` the slot.  Borrowed until the loop turns. */
HK_API const hk_sched_slice *hk_sched_executor_slices(
    const hk_sched_executor *executor, size_t *out_count);

/* ---- beside the simulator ---- */

/* One task, predicted and measured. */
typedef struct hk_sched_difference {
	hk_record record;
	const char *id;
	double cpu_ms; /* measured; what the prediction starts from */
	double predicted_start_ms, measured_start_ms;
	double predicted_wait_ms, measured_wait_ms;
	double predicted_turnaround_ms, measured_turnaround_ms;
	/* the measured one without the time in which others took the CPU from the slots */
	double undisturbed_turnaround_ms;
	double difference_percent;             /* of the measured turnaround */
	double undisturbed_difference_percent; /* of the undisturbed one */
	uint32_t predicted_place;              /* of its end among all, from 1 */
	uint32_t measured_place;
} hk_sched_difference;

HK_API extern const hk_record_type hk_sched_difference_type;

typedef struct hk_sched_comparison_summary {
	hk_record record;
	uint64_t tasks;  /* that ran and are compared */
	bool same_order; /* they ended in the order predicted */
	double predicted_makespan_ms;
	double measured_makespan_ms;
	double undisturbed_makespan_ms;
	double makespan_difference_percent; /* of the measured one */
	double undisturbed_makespan_difference_percent;
	double worst_difference_percent; /* the largest of any task, either way */
	double worst_undisturbed_difference_percent;
	double stolen_percent; /* of the time in slots */
} hk_sched_comparison_summary;

HK_API extern const hk_record_type hk_sched_comparison_summary_type;

/*
 * Simulate the tasks that have ended with the CPU times they really had, under the
 * executor's own policy and options, and set the prediction beside what was measured.
 * What is left is what scheduling real programs costs.  A cancelled or failed task
 * counts with the CPU time it had; one that never ran, or was tried twice or paused,
 * is left out.  Owned: hk_sched_comparison_free().
 * Returns 0, -ENODATA if nothing can be compared, -ENOMEM, or what
 * hk_sched_simulate() gave.
 */
HK_API HK_MUST_USE int hk_sched_executor_compare(
    hk_sched_comparison **out, const hk_sched_executor *executor, hk_error_list *errors);
HK_API void hk_sched_comparison_free(hk_sched_comparison *comparison);

/* Borrowed. */
HK_API const hk_sched_comparison_summary *hk_sched_comparison_get_summary(
    const hk_sched_comparison *comparison);
HK_API size_t hk_sched_comparison_count(const hk_sched_comparison *comparison);
HK_API const hk_sched_difference *hk_sched_comparison_get(
    const hk_sched_comparison *comparison, size_t index);
/* Of the kind the simulator gives, in nanoseconds from the first arrival on, slices kept;
 * of the measured one only if HK_SCHED_KEEP_SLICES.  Borrowed. */
HK_API const hk_sched_result *hk_sched_comparison_predicted(
    const hk_sched_comparison *comparison);
HK_API const hk_sched_result *hk_sched_comparison_measured(
    const hk_sched_comparison *comparison);

HK_END

#endif /* HOSTKIT_SCHED_EXECUTOR_H */
