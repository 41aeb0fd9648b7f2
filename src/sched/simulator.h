#ifndef HKI_SCHED_SIMULATOR_H
#define HKI_SCHED_SIMULATOR_H

#include "sched/ready_heap.h"
#include "sched/result.h"

/* Where a job is. */
typedef enum hki_sim_state {
	HKI_SIM_FUTURE, /* has not arrived, or is held back */
	HKI_SIM_READY,
	HKI_SIM_RUNNING,
	HKI_SIM_BLOCKED, /* waits for a device */
	HKI_SIM_ENDED
} hki_sim_state;

/*
 * A job: what the policy sees, and right behind it, in a cache line of its own, what
 * the simulator wants to know at every decision.  The task itself and the outcome are
 * looked at when the job arrives or ends, and not in between.
 */
typedef struct hki_sim_job {
	hk_sched_job job; /* first: a policy gives back its address */
	int64_t next_io;  /* CPU time at which it waits next, or HK_SCHED_NEVER */
	int64_t start;    /* HK_SCHED_NEVER: not yet */
	int64_t io_time;  /* it waited for devices, or was sent to */
	uint64_t slices;
	const hk_sched_io *io; /* the next of those that are left, if any is */
	size_t io_left;
	uint32_t state;  /* hki_sim_state */
	uint32_t waits;  /* dependencies that have not ended */
	uint32_t doomed; /* one of them ended otherwise than it had to */
	uint32_t slack;  /* near its end it is let finish */
} hki_sim_job;

/* The job that a policy gave back. */
static inline hki_sim_job *hki_sim_of(hk_sched_job *job)
{
	return (hki_sim_job *) job;
}

typedef struct hki_sim_cpu {
	hk_sched_job *job;  /* NULL: idle */
	int64_t begin;      /* of the slice: behind the switch */
	int64_t end;        /* planned */
	int64_t charged_to; /* CPU time up to here was charged */
	uint32_t last;      /* index of the job it ran last, or UINT32_MAX */
	bool switched;      /* the slice began with a switch that took time */
} hki_sim_cpu;

/* Who waits for whom, by index of jobs; only where there are dependencies. */
typedef struct hki_sim_waits {
	size_t *first; /* of job i, in to: those that wait for it */
	uint32_t *to;
	uint32_t *conditions; /* hk_sched_condition, beside to */
	uint32_t *work;       /* room for a list of jobs */
} hki_sim_waits;

/* A simulation under way. */
typedef struct hki_sim {
	const hk_sched_workload *workload;
	const hk_sched_policy *policy;
	void *state; /* of the policy */
	hk_sched_opts opts;
	hk_sched_result *result;
	hk_error_list *errors;
	int64_t now;
	int64_t event_at; /* when the policy's own event is due */
	uint64_t events;  /* of the policy, so far */
	int failure;      /* sticky: -ENOMEM while noting slices */

	hki_sim_job *jobs; /* inside jobs_block, each in cache lines of its own */
	void *jobs_block;
	size_t count;   /* of jobs */
	size_t left;    /* that have not ended */
	size_t ready;   /* in the policy's set */
	size_t arrived; /* how many of the jobs were looked at, in order of arrival */

	hki_ready_heap held;    /* arrived, by the time they may start */
	hki_ready_heap devices; /* by the time I/O is done */

	hki_sim_cpu *cpus;
	uint32_t busy;     /* CPUs with a job */
	uint32_t *expired; /* jobs whose slice ended at this instant */
	uint32_t expired_count;

	hki_sim_waits waits;
} hki_sim;

/* The CPU time at which the first of @left that follow begins, or HK_SCHED_NEVER. */
static inline int64_t hki_sim_next_io(const hk_sched_io *io, size_t left)
{
	return left > 0 ? io->after : HK_SCHED_NEVER;
}

/* Run to the end.  0, HK_ELIMIT, -ERANGE or -EPROTO, told; or -ENOMEM. */
int hki_sim_run(hki_sim *sim);

/* Count who waits for whom.  0, -ENOMEM, or -EINVAL, told, for a periodic task. */
int hki_sim_waits_begin(hki_sim *sim);
void hki_sim_waits_deinit(hki_sim_waits *waits);

/*
 * The job @index has ended well: those who waited for that may run, those who
 * waited for something else never will, and what waited for them is told in turn.
 */
void hki_sim_waits_end(hki_sim *sim, uint32_t index);

/* Nothing holds the job @index any more but its times. */
void hki_sim_let_go(hki_sim *sim, uint32_t index);

#endif /* HKI_SCHED_SIMULATOR_H */
