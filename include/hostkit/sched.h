#ifndef HOSTKIT_SCHED_H
#define HOSTKIT_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/json.h>
#include <hostkit/record.h>

HK_BEGIN

/*
 * Scheduling: workloads, policies and the simulator
 *
 * A workload is a list of tasks: when each arrives and how much CPU time it
 * needs.  A policy decides who runs next and for how long.  The simulator
 * brings the two together in virtual time; the executor (sched_executor.h)
 * does so with real processes, under the very same policies.
 *
 * Time is whole ticks in int64_t, so that every result is exact.  What a tick
 * is, the workload says: nothing in particular, or a nanosecond.
 *
 * Threads: nothing here looks at a clock, waits or keeps globals.  A workload
 * that is not being changed may be simulated by any number of threads at once.
 */
typedef struct hk_sched_workload hk_sched_workload;
typedef struct hk_sched_result hk_sched_result;
typedef struct hk_sched_policy hk_sched_policy;

/* No such time; later than every other. */
#define HK_SCHED_NEVER INT64_MAX

/* Times in a workload go up to here, and so does the sum of all its work: beyond, a
 * simulation could pass the end of int64_t. */
#define HK_SCHED_TIME_MAX (INT64_MAX / 4)

/* What the guide's scheduler takes if nothing is said: in ticks, or in milliseconds. */
#define HK_SCHED_BURST_DEFAULT   1000
#define HK_SCHED_QUANTUM_DEFAULT 100

/* ---- tasks ---- */

/* After @after ticks of CPU time the task waits @duration ticks for a device of its own. */
typedef struct hk_sched_io {
	int64_t after; /* more than the one before it, more than 0, less than the burst */
	int64_t duration; /* at least 0 */
} hk_sched_io;

/* How the other task has to end for this one to run. */
typedef enum hk_sched_condition {
	HK_SCHED_AFTER_OK,    /* well */
	HK_SCHED_AFTER_ANY,   /* in any way */
	HK_SCHED_AFTER_NOT_OK /* badly; in a simulation everything that runs ends well */
} hk_sched_condition;

typedef struct hk_sched_dependency {
	const char *id;
	hk_sched_condition condition;
	uint32_t reserved; /* zero */
} hk_sched_dependency;

/* Bits for hk_sched_task.flags. */
enum {
	/* near its end it is not put off: see hk_sched_opts.slack */
	HK_SCHED_SLACK = 1 << 0
};

/* What the executor needs to run a task as a child process.  Times are nanoseconds. */
typedef struct hk_sched_command {
	const char *const *argv; /* NULL-terminated, no shell */
	const char *const
	    *environment; /* "NAME=value" added to ours, NULL-terminated; or NULL */
	const char *working_dir;  /* NULL: ours */
	int64_t queue_timeout_ns; /* give up if not started by then; 0: never */
	int64_t run_timeout_ns;   /* end it after so long (wall clock); 0: never */
	int64_t backoff_ns; /* before the first retry, doubled for each next; 0: 100 ms */
	uint32_t retries;   /* further tries after a failure */
	uint32_t reserved;  /* zero */
} hk_sched_command;

/*
 * One task.  Zero is the default of every field but the burst, whose 0 is a
 * task that ends as soon as its turn comes.
 */
typedef struct hk_sched_task {
	size_t size;         /* set by HK_SCHED_TASK_INIT */
	const char *id;      /* unique; NULL: "T1", "T2" … by its place */
	int64_t arrival;     /* 0 … HK_SCHED_TIME_MAX */
	int64_t start_after; /* not to start before; does not count as waiting */
	int64_t burst;       /* CPU time it needs, without I/O */
	int64_t deadline; /* after its arrival, or each release; 0: the period, or none */
	int64_t period;   /* released again and again, so far apart; 0: once */
	int32_t priority; /* which end is urgent is said by hk_sched_opts.low_first */
	uint32_t queue;   /* of the multilevel policy; 0 is served first */
	uint32_t tickets; /* share for lottery, stride and fair; 0: 100 */
	uint32_t flags;   /* HK_SCHED_SLACK */
	const hk_sched_io *io;
	size_t io_count;
	const hk_sched_dependency *depends_on;
	size_t depends_on_count;
	const hk_sched_command *command; /* for the executor; NULL: none */
} hk_sched_task;

/* clang-format off */
#define HK_SCHED_TASK_INIT { .size = sizeof(hk_sched_task), .burst = HK_SCHED_BURST_DEFAULT }
/* clang-format on */

#define HK_SCHED_TICKETS_DEFAULT 100

/* ---- workloads ---- */

/* An empty workload.  Owned: hk_sched_workload_free().  Returns 0 or -ENOMEM. */
HK_API HK_MUST_USE int hk_sched_workload_new(hk_sched_workload **out);

/* Release a workload and its tasks.  NULL is fine. */
HK_API void hk_sched_workload_free(hk_sched_workload *workload);

/*
 * Add a task.  Copied, with all it points to.  Returns its index, -EEXIST if
 * the id is taken, -EINVAL for a time that cannot be (negative, I/O out of
 * order, or after the end), -ERANGE for one beyond HK_SCHED_TIME_MAX, HK_ELIMIT
 * at UINT32_MAX tasks, -E2BIG for a newer header's fields, or -ENOMEM.
 */
HK_API HK_MUST_USE int64_t hk_sched_workload_add(
    hk_sched_workload *workload, const hk_sched_task *task);

HK_API size_t hk_sched_workload_count(const hk_sched_workload *workload);

/* The task at @index, its id set.  Borrowed until the workload ends; NULL past the last. */
HK_API const hk_sched_task *hk_sched_workload_task(
    const hk_sched_workload *workload, size_t index);

/* The index of the task called @id, or -ENOENT. */
HK_API int64_t hk_sched_workload_find(const hk_sched_workload *workload, const char *id);

/* Nanoseconds a tick: 1 once times were read with units, 0 for ticks of no length. */
HK_API int64_t hk_sched_workload_tick_ns(const hk_sched_workload *workload);

/*
 * Do all dependencies exist, and is there an order?  Every mistake goes to
 * @errors: an unknown id by name, a cycle with all tasks in it.  Returns 0,
 * -ENOENT for an unknown one, or -ELOOP (if both: -ELOOP), or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_sched_workload_check(
    const hk_sched_workload *workload, hk_error_list *errors);

typedef enum hk_sched_format {
	HK_SCHED_FORMAT_AUTO,  /* by the first character, and by what follows */
	HK_SCHED_FORMAT_JSON,  /* {"tasks": […]} or the list alone */
	HK_SCHED_FORMAT_LINES, /* JSON Lines: a task a line */
	HK_SCHED_FORMAT_CSV    /* RFC 4180, the first line naming the columns */
} hk_sched_format;

typedef struct hk_sched_read_opts {
	size_t size;            /* set by HK_SCHED_READ_OPTS_INIT */
	const char *source;     /* for messages, such as the file's name; NULL: none */
	hk_sched_format format; /* 0: found out */
	uint32_t real; /* not 0: ticks are nanoseconds, plain numbers milliseconds */
	/* not 0: to be run, so a task without a command, or with a period, is a mistake */
	uint32_t to_run;
	uint32_t reserved; /* zero */
} hk_sched_read_opts;

/* clang-format off */
#define HK_SCHED_READ_OPTS_INIT { .size = sizeof(hk_sched_read_opts) }
/* clang-format on */

/*
 * Read a workload from text.
 *
 * The keys (columns) of a task are id, arrival, start_after, burst, deadline,
 * period, priority, queue, tickets, io ([{"after": 3, "duration": 5}]; in CSV
 * "3:5 8:2"), depends_on (["A", {"id": "B", "condition": "any"}]; "A B:any"),
 * command (["cc", "-c", "x.c"]; "cc -c 'x y.c'", split as a shell would, without
 * one), environment, working_dir, queue_timeout, run_timeout, retries and
 * backoff.  A list or an object with "tasks" is JSON.
 *
 * Times are whole ticks.  If any is a text with a unit, such as "20ms", all are
 * nanoseconds and plain numbers are milliseconds (the guide's unit), which may
 * then have decimals.  Timeouts and backoff are always milliseconds or texts.  A
 * byte order mark before the text is passed over.
 *
 * Every mistake goes to @errors with its line and column.  Returns 0, HK_EPARSE
 * if there were any, -ELOOP or -ENOENT for dependencies that cannot be, HK_ELIMIT
 * for a text beyond 64 MiB a document, -EINVAL or -E2BIG for @opts, or -ENOMEM.
 * @out: Owned.  @opts may be NULL.
 */
HK_API HK_MUST_USE int hk_sched_workload_read(hk_sched_workload **out, const char *text,
    size_t length, const hk_sched_read_opts *opts, hk_error_list *errors);

/* Write it so that it can be read: the object {"tasks": […]}, one task, CSV (Owned). */
HK_API void hk_sched_workload_write(
    hk_json_writer *writer, const hk_sched_workload *workload);
HK_API void hk_sched_task_write(
    hk_json_writer *writer, const hk_sched_workload *workload, size_t index);
HK_API HK_MUST_USE int hk_sched_workload_csv(
    char **out, const hk_sched_workload *workload);

typedef enum hk_sched_distribution {
	HK_SCHED_UNIFORM,     /* 1 … 2 mean - 1 */
	HK_SCHED_EXPONENTIAL, /* memoryless */
	HK_SCHED_NORMAL,      /* deviation a quarter of the mean, cut at 1 */
	HK_SCHED_PARETO,      /* heavy tail, shape 1.5, cut at 1000 means */
	HK_SCHED_BIMODAL,     /* nine of ten a tenth as long, the tenth the rest */
	HK_SCHED_CONSTANT,
	HK_SCHED_DISTRIBUTION_COUNT
} hk_sched_distribution;

/* "uniform", "exponential" …, or NULL. */
HK_API const char *hk_sched_distribution_name(unsigned int distribution);

typedef struct hk_sched_generate_opts {
	size_t size;   /* set by HK_SCHED_GENERATE_OPTS_INIT */
	size_t count;  /* tasks; 0: 10 */
	uint64_t seed; /* the same seed gives the same workload */
	hk_sched_distribution burst;
	hk_sched_distribution interarrival;
	int64_t burst_mean;        /* 0: 10 */
	int64_t interarrival_mean; /* 0: everybody arrives at 0 */
	uint32_t priorities;       /* priorities are 0 … this - 1; 0: all 0 */
	uint32_t tickets_max;      /* tickets are 1 … this; 0: the default for all */
	uint32_t io_percent;       /* so many of a hundred tasks do I/O, in the midst */
	uint32_t reserved;         /* zero */
	int64_t io_mean;           /* length of such I/O; 0: burst_mean */
	int64_t period_factor;     /* periods of so many bursts; 0: not periodic */
} hk_sched_generate_opts;

/* clang-format off */
#define HK_SCHED_GENERATE_OPTS_INIT { .size = sizeof(hk_sched_generate_opts) }
/* clang-format on */

/*
 * Make up a workload.  @opts may be NULL.  Owned.  Returns 0, -EINVAL for a
 * distribution or a percentage that is none, -ERANGE for times beyond
 * HK_SCHED_TIME_MAX, -E2BIG or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_sched_workload_generate(
    hk_sched_workload **out, const hk_sched_generate_opts *opts);

/* ---- policies ---- */

/*
 * One release of a task as a policy sees it.  The driver (simulator or
 * executor) keeps it up to date; `own` is the policy's, all zero at the start.
 */
typedef struct hk_sched_job {
	const hk_sched_task *task;
	int64_t remaining;   /* CPU time it still needs, as far as is known; at least 0 */
	int64_t ran;         /* CPU time it had */
	int64_t arrival;     /* of this release */
	int64_t deadline;    /* of this release, absolute; HK_SCHED_NEVER: none */
	int64_t ready_since; /* when it was last made ready */
	int64_t priority;    /* larger is more urgent, whatever the task's numbers mean */
	uint64_t order;      /* first come: by arrival, then as listed */
	uint32_t index;      /* a small number of its own, below those reserved for */
	uint32_t cpu;        /* that it runs on, or ran on last */
	struct {
		int64_t value;             /* such as CPU time used at this level */
		uint64_t high;             /* such as virtual time, whole part … */
		uint64_t low;              /* … and fraction */
		struct hk_sched_job *next; /* such as the neighbours in a queue */
		struct hk_sched_job *previous;
		uint32_t place;
		uint32_t level;
	} own;
	void *driver; /* whatever the driver wants to find from here */
} hk_sched_job;

/* Why a job is ready now. */
typedef enum hk_sched_reason {
	HK_SCHED_ARRIVED,     /* for the first time */
	HK_SCHED_PREEMPTED,   /* another one outranked it */
	HK_SCHED_QUANTUM_END, /* its slice is used up */
	HK_SCHED_IO_DONE,     /* what it waited for is there */
	HK_SCHED_RESUMED      /* somebody had paused it, or it is tried again */
} hk_sched_reason;

enum {
	HK_SCHED_PREEMPTIVE = 1 << 0, /* priority: an urgent newcomer takes the CPU */
	/* MLFQ: I/O gives a new allotment, so a task that waits in time is never
	 * lowered; without it, allotments are counted across I/O */
	HK_SCHED_IO_RESETS = 1 << 1,
	HK_SCHED_IO_FRONT = 1 << 2 /* MLFQ: back from I/O to the head of its queue */
};

/* Each policy takes what it knows and leaves the rest.  Copied, the lists too. */
typedef struct hk_sched_policy_opts {
	size_t size;           /* set by HK_SCHED_POLICY_OPTS_INIT */
	int64_t quantum;       /* the longest slice; 0: HK_SCHED_QUANTUM_DEFAULT */
	const int64_t *quanta; /* a slice for each level, first the top; NULL: quantum */
	size_t quanta_count;   /* also how many levels there are, unless levels says */
	uint32_t levels;       /* MLFQ, multilevel; 0: as many as quanta, else 3 */
	uint32_t allotment;    /* MLFQ: slices at a level before it is lowered; 0: 1 */
	int64_t boost;         /* MLFQ: so often everybody goes to the top; 0: never */
	int64_t aging;     /* priority: waiting so long counts as one more; 0: never */
	int64_t latency;   /* fair: everybody has a turn in so long; 0: 8 quanta */
	uint64_t seed;     /* lottery */
	uint32_t flags;    /* HK_SCHED_… */
	uint32_t reserved; /* zero */
} hk_sched_policy_opts;

/* clang-format off */
#define HK_SCHED_POLICY_OPTS_INIT { .size = sizeof(hk_sched_policy_opts) }
/* clang-format on */

/* What a policy makes use of, for those who offer its options. */
enum {
	HK_SCHED_USES_QUANTUM = 1 << 0,
	HK_SCHED_USES_PRIORITY = 1 << 1,
	HK_SCHED_USES_BURST = 1 << 2, /* needs to know how long a task will run */
	HK_SCHED_USES_TICKETS = 1 << 3,
	HK_SCHED_USES_DEADLINE = 1 << 4,
	HK_SCHED_USES_PERIOD = 1 << 5,
	HK_SCHED_USES_QUEUE = 1 << 6,
	HK_SCHED_USES_SEED = 1 << 7
};

/*
 * A policy: functions over a set of ready jobs.  Write your own by filling one.
 *
 * The life of a job: ready() puts it into the set; pick() takes it out and it
 * runs; charge() tells of CPU time it had (in one piece or several); then it is
 * ready() again, or blocked(), or ended().  remove() takes it out of the set
 * without running it.  `now` never goes back.  Jobs stay where they are in memory
 * from their first ready() to ended() or remove().
 *
 * Functions marked * may be NULL.  None but create and reserve can fail.
 */
struct hk_sched_policy {
	size_t size;       /* sizeof(hk_sched_policy) */
	const char *name;  /* one word, as options have it: "rr" */
	const char *title; /* "round robin" */
	const char *help;  /* one sentence, lower case, without a full stop */
	uint32_t uses;     /* HK_SCHED_USES_… */
	uint32_t reserved; /* zero */

	/* *@out is handed to all others.  0 or a negative errno. */
	int (*create)(void **out, const hk_sched_policy_opts *opts);
	void (*destroy)(void *state); /* also of NULL */
	/* There will be @jobs jobs at most, with indexes below that.  0 or -ENOMEM. */
	int (*reserve)(void *state, size_t jobs);

	void (*ready)(
	    void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now);
	/* Take out the job to run next; NULL if none is ready. */
	hk_sched_job *(*pick)(void *state, int64_t now);
	/* The job pick() would give, left where it is; NULL if none.  Needed for outranks. */
	hk_sched_job *(*peek)(void *state, int64_t now); /* * */
	/* Would @ready take the CPU from @running?  NULL: never. */
	bool (*outranks)(void *state, const hk_sched_job *ready,
	    const hk_sched_job *running, int64_t now); /* * */
	/* When would a job that is ready now outrank @running, if nothing else
	 * happens?  A time after @now, or HK_SCHED_NEVER.  NULL: never. */
	int64_t (*overtakes)(
	    void *state, const hk_sched_job *running, int64_t now); /* * */
	/* How long may @job, just picked, run?  More than 0; HK_SCHED_NEVER: to its
	 * end.  NULL: always that. */
	int64_t (*quantum)(void *state, const hk_sched_job *job, int64_t now); /* * */
	/* @job, which runs, had @ran of CPU time; its ran and remaining know. */
	void (*charge)(void *state, hk_sched_job *job, int64_t ran, int64_t now); /* * */
	void (*blocked)(void *state, hk_sched_job *job, int64_t now);             /* * */
	void (*ended)(void *state, hk_sched_job *job, int64_t now);               /* * */
	/* @job, which is ready, is not to run: paused or cancelled. */
	void (*remove)(void *state, hk_sched_job *job, int64_t now);
	/* @job->priority or ->deadline is another one; @is_ready: it is in the set. */
	void (*changed)(
	    void *state, hk_sched_job *job, bool is_ready, int64_t now); /* * */
	/* When event() wants to be called next; HK_SCHED_NEVER. */
	int64_t (*next_event)(void *state, int64_t now); /* * */
	void (*event)(void *state, int64_t now);         /* * */
};

/* The policies of hostkit, by number from 0; NULL past the last.  Static. */
HK_API const hk_sched_policy *hk_sched_policy_at(size_t index);

/* The policy called @name, or NULL. */
HK_API const hk_sched_policy *hk_sched_policy_find(const char *name);

/* ---- simulating ---- */

/* At one and the same tick a slice ends and another task arrives: who is first in line? */
typedef enum hk_sched_tie {
	HK_SCHED_TIE_NEWCOMER, /* as most textbooks have it */
	HK_SCHED_TIE_PREEMPTED /* as OSTEP's simulators have it */
} hk_sched_tie;

typedef struct hk_sched_opts {
	size_t size;                        /* set by HK_SCHED_OPTS_INIT */
	const hk_sched_policy_opts *policy; /* NULL: defaults */
	uint32_t cpus;                      /* 0: 1; at most HK_SCHED_CPUS_MAX */
	hk_sched_tie tie;
	uint32_t low_first; /* not 0: small numbers are urgent priorities */
	uint32_t slices;    /* not 0: keep every slice, for charts */
	/* ticks before a CPU runs another task than the last one it ran; its first is free */
	int64_t switch_cost;
	/* periodic tasks are released before this; 0: up to the last first release
	 * and one hyperperiod */
	int64_t until;
	/* give up beyond so many decisions; 0: HK_SCHED_DECISIONS_DEFAULT */
	uint64_t decisions_max;
	/* a task with HK_SCHED_SLACK that needs so little more than its slice is given
	 * it, as the executor does with programs; at least 0 */
	int64_t slack;
} hk_sched_opts;

/* clang-format off */
#define HK_SCHED_OPTS_INIT { .size = sizeof(hk_sched_opts) }
/* clang-format on */

#define HK_SCHED_CPUS_MAX 1024

/* A huge burst under a small quantum would take years to cut into slices. */
#define HK_SCHED_DECISIONS_DEFAULT 100000000

/* Periodic tasks may be released so often in all; more would rather be a mistake. */
#define HK_SCHED_RELEASES_MAX 10000000

/*
 * Simulate @workload under @policy.  @opts may be NULL.  The result is Owned;
 * it borrows from @workload, which must outlive it.
 *
 * Of ready jobs the policy picks; free CPUs are filled from number 0 up.  What
 * happens at one instant happens in this order: slices and I/O end and tasks
 * arrive (the job whose slice ended lines up behind newcomers, or before them
 * with HK_SCHED_TIE_PREEMPTED; of newcomers those back from I/O first, then by
 * order), the policy's own event, then the CPUs are filled, then the policy may
 * preempt.  A job that ends at the instant its slice does has ended.
 *
 * Switching is not interrupted, and whoever was switched in runs for a tick
 * before it can be preempted.
 *
 * Returns 0, -ELOOP or -ENOENT as hk_sched_workload_check(), -ERANGE if the
 * work is longer than HK_SCHED_TIME_MAX, HK_ELIMIT for more releases than
 * HK_SCHED_RELEASES_MAX or more decisions than allowed, -EINVAL for an option
 * that cannot be, -EPROTO for a policy that keeps a ready job for itself, -E2BIG,
 * -ENOMEM, or what the policy's create() gave.  @errors, which may be NULL, has
 * sentences.
 */
HK_API HK_MUST_USE int hk_sched_simulate(hk_sched_result **out,
    const hk_sched_workload *workload, const hk_sched_policy *policy,
    const hk_sched_opts *opts, hk_error_list *errors);

/* ---- results ---- */

typedef enum hk_sched_outcome {
	HK_SCHED_DONE,
	HK_SCHED_FAILED,            /* executor: it ended badly */
	HK_SCHED_CANCELLED,         /* executor: somebody ended it */
	HK_SCHED_TIMED_OUT,         /* executor: a deadline ended it */
	HK_SCHED_DEPENDENCY_FAILED, /* never ran: what it depends on ended otherwise */
	HK_SCHED_OUTCOME_COUNT
} hk_sched_outcome;

/* "done", "failed", …, or NULL. */
HK_API const char *hk_sched_outcome_name(unsigned int outcome);

/* One job.  Times are ticks; those that never came are absent. */
typedef struct hk_sched_row {
	hk_record record;
	const char *id;
	uint64_t release; /* which one of a periodic task, from 1; else absent */
	int32_t outcome;  /* hk_sched_outcome */
	uint32_t cpu;     /* it ran on last */
	int64_t priority; /* as the task has it */
	int64_t arrival;
	int64_t burst; /* CPU time it had */
	int64_t start; /* its first instruction */
	int64_t end;
	int64_t response;   /* start - arrival */
	int64_t wait;       /* ready and not running: turnaround - burst - io - held */
	int64_t turnaround; /* end - arrival */
	int64_t io;         /* waited for devices */
	int64_t held;       /* for its dependencies, or start_after */
	uint64_t slices;    /* times it was given a CPU */
	int64_t deadline;   /* absolute; absent: none */
	bool late;          /* ended after its deadline; absent without one */
} hk_sched_row;

/* The fields of hk_sched_row. */
HK_API extern const hk_record_type hk_sched_row_type;

/* All of it.  Averages and percentiles are over jobs that ran; absent if none did. */
typedef struct hk_sched_statistics {
	hk_record record;
	uint64_t tasks; /* jobs, that is: releases */
	uint64_t done;
	double response_average;
	double wait_average;
	double turnaround_average;
	int64_t response_p50, response_p90, response_p99, response_max;
	int64_t wait_p50, wait_p90, wait_p99, wait_max;
	int64_t turnaround_p50, turnaround_p90, turnaround_p99, turnaround_max;
	int64_t makespan;  /* from the first arrival to the last end */
	double throughput; /* jobs a tick */
	double
	    utilisation_percent; /* of all CPUs, over the makespan, switching left out */
	double overhead_percent; /* switching */
	double fairness;         /* Jain's index of burst / turnaround: 1 is all alike */
	uint64_t switches;       /* a CPU went on with another job */
	uint64_t preemptions;    /* slices cut short by another job */
	uint64_t decisions;      /* jobs picked */
	uint64_t late;           /* deadlines missed */
} hk_sched_statistics;

HK_API extern const hk_record_type hk_sched_statistics_type;

/* A stretch of CPU time of one job. */
typedef struct hk_sched_slice {
	int64_t start;
	int64_t end;
	uint32_t job; /* its row */
	uint32_t cpu;
} hk_sched_slice;

/* Release a result.  NULL is fine. */
HK_API void hk_sched_result_free(hk_sched_result *result);

/* The jobs: by arrival, then as listed. */
HK_API size_t hk_sched_result_count(const hk_sched_result *result);

/* Row @index.  Borrows the id from the workload.  0, or -ENOENT past the last. */
HK_API int hk_sched_result_row(
    hk_sched_row *out, const hk_sched_result *result, size_t index);

/* The index in the workload of the task of row @index, or -ENOENT. */
HK_API int64_t hk_sched_result_task(const hk_sched_result *result, size_t index);

/* Borrowed. */
HK_API const hk_sched_statistics *hk_sched_result_statistics(
    const hk_sched_result *result);

/* The slices by start, then CPU.  Borrowed; none unless they were asked for. */
HK_API const hk_sched_slice *hk_sched_result_slices(
    const hk_sched_result *result, size_t *out_count);

/*
 * Write the members tasks, average, statistics and, if slices were kept, gantt
 * into the object that is open in @writer.
 */
HK_API void hk_sched_result_write(hk_json_writer *writer, const hk_sched_result *result);

/*
 * The slices as a chart in text of at most @width columns, a block of lines for
 * each CPU and each stretch that does not fit; "" without slices.  Ids are shown
 * safe for terminals.  Owned: hk_free().  Returns 0, -EINVAL for less than 20
 * columns, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_sched_gantt_text(
    char **out, const hk_sched_result *result, unsigned int width);

/* The slices as an SVG document with a line for each CPU.  Owned: hk_free().
 * @title may be NULL.  Returns 0, HK_ELIMIT beyond 100000 slices, or -ENOMEM. */
HK_API HK_MUST_USE int hk_sched_gantt_svg(
    char **out, const hk_sched_result *result, const char *title);

/* ---- can deadlines be kept? ---- */

/*
 * What theory says of the periodic tasks of a workload on one CPU, preemptive
 * and without I/O.  Sufficient tests say yes or don't know; exact ones yes or no.
 */
typedef struct hk_sched_admission {
	hk_record record;
	uint64_t tasks;
	double utilisation; /* sum of burst / period */
	/* rate-monotonic, deadlines = periods: n (2^(1/n) - 1) (Liu, Layland 1973) */
	double liu_layland_bound;
	bool liu_layland;
	/* rate-monotonic: product of (burst / period + 1) <= 2 (Bini, Buttazzo 2003) */
	double hyperbolic_product;
	bool hyperbolic;
	/* rate-monotonic, exact: response times within deadlines (Joseph, Pandya 1986) */
	bool rate_monotonic;
	/* EDF: utilisation <= 1, exact if deadlines = periods; else by density */
	bool edf;
} hk_sched_admission;

HK_API extern const hk_record_type hk_sched_admission_type;

/*
 * Fill @out, and @response_times (one for each task of the workload, which may
 * be NULL) with the worst response time under rate-monotonic priorities: it is
 * HK_SCHED_NEVER where the deadline is missed, and 0 for tasks without a period.
 * Deadlines beyond the period are taken as the period.  Utilisation is in doubles.
 * Returns 0, -ENOENT if no task is periodic, HK_ELIMIT if response-time analysis
 * takes too long, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_sched_admit(
    hk_sched_admission *out, int64_t *response_times, const hk_sched_workload *workload);

HK_END

#endif /* HOSTKIT_SCHED_H */
