#ifndef HOSTKIT_CMD_SCHED_SIM_H
#define HOSTKIT_CMD_SCHED_SIM_H

#include "sched.h"

/* What `sched sim` was asked for: sim_options.c takes it, sim.c does it. */

#define POLICIES_MAX 32
#define QUANTA_MAX   64

enum {
	SIM_POLICY = 1,
	SIM_QUANTUM,
	SIM_TIE,
	SIM_PRIORITY,
	SIM_PREEMPTIVE,
	SIM_AGING,
	SIM_BOOST,
	SIM_LEVELS,
	SIM_ALLOTMENT,
	SIM_IO_RESETS,
	SIM_IO_FRONT,
	SIM_LATENCY,
	SIM_SEED,
	SIM_CPUS,
	SIM_SWITCH_COST,
	SIM_UNTIL,
	SIM_FORMAT,
	SIM_GANTT,
	SIM_NO_CHART
};

/* Everything that was asked for. */
typedef struct simulation {
	const cmd_call *call;
	hk_sched_workload *workload;
	hk_sched_policy_opts policy_opts;
	hk_sched_opts opts;
	int64_t quanta[QUANTA_MAX];
	sched_run runs[POLICIES_MAX];
	size_t run_count;
	bool chart;
	const char *gantt; /* the file, or NULL */
} simulation;

/* Read the workload and every option.  0, or the exit code after telling. */
int sim_take_options(simulation *sim);

/* Are ticks nanoseconds? */
bool sim_is_real(const simulation *sim);

#endif /* HOSTKIT_CMD_SCHED_SIM_H */
