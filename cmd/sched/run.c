/*
 * `hostkit sched run`: the tasks of a file as real processes, under the policies that
 * `hostkit sched sim` simulates.
 */
#include "run.h"
#include "../verbs.h"

static int run_tasks(const cmd_call *call)
{
	hk_sched_workload *workload = NULL;
	sched_execution run = { .loop = NULL };
	int status = sched_run_read_opts(&run.opts, call);

	if (status != 0)
		return status;
	status = sched_run_read_workload(&workload, call);
	if (status == 0)
		status = sched_run_execute(&run, call, workload);
	if (status == 0)
		status = sched_run_write_gantt(&run);
	if (status == 0)
		status = call->output.json
			     ? sched_run_print_document(&run, "hostkit.sched.run/1")
			     : sched_run_print(&run);
	sched_run_deinit(&run);
	hk_sched_workload_free(workload);
	return status;
}

static const cmd_option options[] = {
	SCHED_RUN_OPTIONS,
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit sched run jobs.json", "round robin, 100 ms each, one at a time" },
	{ "hostkit sched run jobs.json --policy priority --preemptive --slots 2",
	    "two at a time, the urgent first" },
	{ "hostkit sched run --policy fcfs --slots 4 - < jobs.csv",
	    "a batch from standard input, four at a time" },
	{ "hostkit sched run jobs.json --quantum 5ms --gantt turns.svg --json",
	    "what was measured, and a chart of it" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "every task ended well" },
	{ "2", "the command line is wrong" },
	{ "4", "there is no such file" },
	{ "6", "the file may not be read" },
	{ "7", "the tasks are not described correctly, or cannot be run" },
	{ "8", "some tasks failed, were cancelled or ran out of time" },
	{ "9", "none ended well, or it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_sched_run = {
	.name = "sched run",
	.group = CMD_GROUP_WORK,
	.arguments = "[FILE]",
	.help = "run tasks under a scheduling policy",
	.description =
	    "Runs the commands of a workload (JSON, JSON Lines or CSV, - for standard "
	    "input) as the policy says: programs are frozen in the middle and go on "
	    "later. Turns are counted in CPU time, so other load makes them later and "
	    "not shorter. At the end, what the simulator predicts from the CPU times "
	    "measured stands beside what happened.\n\n"
	    "A workload is {\"tasks\": [{\"id\": \"A\", \"command\": [\"make\", "
	    "\"-s\"]}]} or the list alone. A command is a list of words, or a text that "
	    "is split into words as a shell would, but no shell runs: for pipes and "
	    "variables write [\"sh\", \"-c\", \"…\"].\n\n"
	    "A task has id, command, and what it needs of arrival, start_after, burst, "
	    "priority, deadline, tickets, queue, depends_on, environment, working_dir, "
	    "queue_timeout, run_timeout, retries and backoff. Times are texts such as "
	    "\"20ms\", or numbers of milliseconds. Tasks write to nowhere unless "
	    "--output asks for it.\n\n"
	    "Ctrl-C cancels all tasks; again, and they are killed. Should hostkit "
	    "itself be killed, a guard ends what is frozen, or lets it go.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_FILE,
	.operands_max = 1,
	.run = run_tasks,
};
