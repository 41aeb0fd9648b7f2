#ifndef HOSTKIT_CMD_SCHED_H
#define HOSTKIT_CMD_SCHED_H

#include <hostkit/sched.h>
#include "../verb.h"

/*
 * What the verbs `sched …` share.
 */

/*
 * Read the workload in @operand ("-" or NULL: standard input).  With @real plain
 * numbers are milliseconds; with @to_run every task needs a command.  Returns 0 and *@out (Owned), or the exit code after
 * telling every mistake: CMD_EXIT_CONFIG for a workload that is wrong.
 */
int sched_input_read(hk_sched_workload **out, const cmd_call *call, const char *operand,
    hk_sched_format format, bool real, bool to_run);

/* Tell that there is no policy @name, and which one may be meant.  Returns the exit code. */
int sched_tell_policy(const cmd_call *call, const char *name);

/* Is the text a plain number: ticks, or milliseconds? */
bool sched_time_is_plain(const char *text);

/*
 * A time from the command line: in ticks for a workload of ticks, in nanoseconds
 * (plain numbers being milliseconds) for a real one.  0, or the exit code after
 * telling.
 */
int sched_time_parse(int64_t *out, const cmd_call *call, const cmd_given *given,
    const char *text, bool real);

/* One way to schedule. */
typedef struct sched_run {
	const hk_sched_policy *policy;
	hk_sched_policy_opts policy_opts;
	hk_sched_opts opts;
	hk_sched_result *result; /* Owned */
} sched_run;

/* Print one run as text: its tasks, averages and chart; or several beside each other. */
int sched_show_run(const cmd_call *call, const hk_sched_workload *workload,
    const sched_run *run, bool chart);
int sched_show_comparison(const cmd_call *call, const hk_sched_workload *workload,
    const sched_run *runs, size_t count);

/* The members of a run before those of its result: policy, quantum, cpus … */
void sched_write_run(hk_json_writer *writer, const sched_run *run);

#endif /* HOSTKIT_CMD_SCHED_H */
