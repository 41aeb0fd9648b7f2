#ifndef HOSTKIT_CMD_SCHED_RUN_H
#define HOSTKIT_CMD_SCHED_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/sched_executor.h>
#include "../verb.h"

/* What `hostkit sched run` and `hostkit sched compare` share. */

enum {
	SCHED_RUN_POLICY = 1,
	SCHED_RUN_QUANTUM,
	SCHED_RUN_SLOTS,
	SCHED_RUN_PRIORITY,
	SCHED_RUN_PREEMPTIVE,
	SCHED_RUN_SEED,
	SCHED_RUN_AGING,
	SCHED_RUN_BOOST,
	SCHED_RUN_FREEZE,
	SCHED_RUN_ORPHANS,
	SCHED_RUN_OUTPUT,
	SCHED_RUN_GANTT
};

/* clang-format off */
#define SCHED_RUN_OPTIONS                                                                \
	{ .id = SCHED_RUN_POLICY, .letter = 'p', .name = "policy", .argument = "NAME",   \
	  .help = "who runs next (default rr); `hostkit sched policies` lists them" },   \
	{ .id = SCHED_RUN_QUANTUM, .letter = 'q', .name = "quantum", .argument = "TIME", \
	  .help = "CPU time of a turn (default 100ms), at least 1ms" },                  \
	{ .id = SCHED_RUN_SLOTS, .letter = 's', .name = "slots", .argument = "COUNT",    \
	  .help = "CPUs used at once (default 1)" },                                     \
	{ .id = SCHED_RUN_PRIORITY, .name = "priority", .argument = "WORD",              \
	  .help = "which numbers are urgent: high (default) or low",                     \
	  .values = "high low" },                                                        \
	{ .id = SCHED_RUN_PREEMPTIVE, .name = "preemptive",                              \
	  .help = "an urgent newcomer takes the slot at once (policy priority)" },       \
	{ .id = SCHED_RUN_SEED, .name = "seed", .argument = "NUMBER",                    \
	  .help = "of the policy lottery" },                                             \
	{ .id = SCHED_RUN_AGING, .name = "aging", .argument = "TIME",                    \
	  .help = "waiting so long counts as one more priority" },                       \
	{ .id = SCHED_RUN_BOOST, .name = "boost", .argument = "TIME",                    \
	  .help = "so often everybody goes to the top (policy mlfq)" },                  \
	{ .id = SCHED_RUN_FREEZE, .name = "freeze-by", .argument = "WAY",                \
	  .help = "how a program is taken off its slot: cgroup, signal, or auto "        \
		  "(default: by cgroup, else by signals)",                               \
	  .values = "auto cgroup signal" },                                              \
	{ .id = SCHED_RUN_ORPHANS, .name = "orphans", .argument = "WORD",                \
	  .help = "if hostkit itself is killed: kill the tasks (default), or thaw them", \
	  .values = "kill thaw" },                                                       \
	{ .id = SCHED_RUN_OUTPUT, .letter = 'o', .name = "output",                       \
	  .help = "show what each task wrote" },                                         \
	{ .id = SCHED_RUN_GANTT, .name = "gantt", .argument = "FILE.svg",                \
	  .help = "write a chart of the turns that were measured",                       \
	  .complete = CMD_COMPLETE_FILE }
/* clang-format on */

typedef struct sched_run_opts {
	const hk_sched_policy *policy;
	hk_sched_policy_opts policy_opts;
	uint32_t slots;
	bool low_first;
	hk_sched_preemption preemption;
	hk_sched_orphans orphans;
	bool output;
	const char *gantt; /* NULL: none */
} sched_run_opts;

/* A run that is over. */
typedef struct sched_execution {
	const cmd_call *call;
	sched_run_opts opts;
	hk_loop *loop;
	hk_sched_executor *executor;
	hk_sched_comparison *comparison; /* NULL: nothing could be compared */
	bool interrupted;
} sched_execution;

/* ---- run_input.c ---- */

/* Read options; 0 or an exit code, told. */
int sched_run_read_opts(sched_run_opts *out, const cmd_call *call);
/* Read the workload of the operand.  Owned: hk_sched_workload_free().  0 or an exit code. */
int sched_run_read_workload(hk_sched_workload **out, const cmd_call *call);

/* ---- run_execute.c ---- */

/* Run all of it.  0 or an exit code, told; sched_run_deinit() in any case. */
int sched_run_execute(
    sched_execution *run, const cmd_call *call, const hk_sched_workload *workload);
void sched_run_deinit(sched_execution *run);
/* Every task as a record, in the order of the file.  Owned: hki_free(). */
hk_sched_info *sched_run_infos(const sched_execution *run, size_t *out_count);
/* The exit code of what became of the tasks. */
int sched_run_status(const sched_execution *run);

/* ---- run_print.c ---- */

/* The chart file, if there is to be one.  0 or an exit code. */
int sched_run_write_gantt(const sched_execution *run);
int sched_run_print(const sched_execution *run);
int sched_run_print_document(const sched_execution *run, const char *schema);
/* What the comparison says in a sentence or two, on stdout. */
void sched_run_print_verdict(const sched_execution *run);
/* What is in force: how tasks are frozen, the urgency, the guard; on stdout. */
void sched_run_print_means(const sched_execution *run);

/* ---- run_live.c ---- */

/* A table on the terminal behind stderr that shows how it stands; elsewhere nothing. */
typedef struct sched_live sched_live;

int sched_live_new(sched_live **out, const sched_execution *run);
/* Remove it from the screen and release it.  NULL is fine. */
void sched_live_free(sched_live *live);

#endif /* HOSTKIT_CMD_SCHED_RUN_H */
