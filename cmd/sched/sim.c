/*
 * `hostkit sched sim`: what a policy, or each of several, makes of a workload.
 */
#include <errno.h>
#include <stdio.h>
#include <hostkit/allocator.h>
#include "../exit.h"
#include "../output/document.h"
#include "../output/fail.h"
#include "../verbs.h"
#include "base/cleanup.h"
#include "sim.h"

static void sim_deinit(simulation *sim)
{
	for (size_t i = 0; i < sim->run_count; i++)
		hk_sched_result_free(sim->runs[i].result);
	hk_sched_workload_free(sim->workload);
}

/* ---- running and telling ---- */

static void free_errors(hk_error_list **errors)
{
	hk_error_list_free(*errors);
}

static int simulate(simulation *sim, sched_run *run)
{
	hki_cleanup(free_errors) hk_error_list *errors = NULL;
	int r = hk_error_list_new(&errors);

	run->policy_opts = sim->policy_opts;
	run->opts = sim->opts;
	run->opts.policy = &run->policy_opts;
	if (r == 0)
		r = hk_sched_simulate(
		    &run->result, sim->workload, run->policy, &run->opts, errors);
	if (r == 0)
		return 0;
	return cmd_fail_list(&sim->call->output,
	    r == -ENOMEM ? CMD_EXIT_FAILED : CMD_EXIT_CONFIG, r, errors);
}

static int write_file(const simulation *sim, const char *text)
{
	FILE *file = fopen(sim->gantt, "we");
	int r = file == NULL ? -errno : 0;

	if (r == 0 && fputs(text, file) < 0)
		r = -EIO;
	if (file != NULL && fclose(file) != 0 && r == 0)
		r = -errno;
	if (r < 0)
		return cmd_fail(&sim->call->output, cmd_exit_from_error(r), r, NULL,
		    "cannot write '%s'", sim->gantt);
	return 0;
}

static int draw(const simulation *sim)
{
	char *svg;
	int status;
	int r = hk_sched_gantt_svg(&svg, sim->runs[0].result, sim->runs[0].policy->title);

	if (r < 0)
		return cmd_fail(&sim->call->output, CMD_EXIT_FAILED, r, NULL,
		    "cannot draw '%s'", sim->gantt);
	status = write_file(sim, svg);
	hk_free(svg);
	return status;
}

void sched_write_run(hk_json_writer *writer, const sched_run *run)
{
	const hk_sched_policy_opts *opts = &run->policy_opts;
	uint32_t uses = run->policy->uses;

	hk_json_write_key(writer, "policy");
	hk_json_write_string(writer, run->policy->name);
	if ((uses & HK_SCHED_USES_QUANTUM) != 0 && opts->quanta_count == 0) {
		hk_json_write_key(writer, "quantum");
		hk_json_write_int64(writer, opts->quantum);
	} else if ((uses & HK_SCHED_USES_QUANTUM) != 0) {
		hk_json_write_key(writer, "quanta");
		hk_json_write_array_begin(writer);
		for (size_t i = 0; i < opts->quanta_count; i++)
			hk_json_write_int64(writer, opts->quanta[i]);
		hk_json_write_array_end(writer);
	}
	hk_json_write_key(writer, "tie");
	hk_json_write_string(
	    writer, run->opts.tie == HK_SCHED_TIE_PREEMPTED ? "preempted" : "newcomer");
	if ((uses & HK_SCHED_USES_PRIORITY) != 0) {
		hk_json_write_key(writer, "priority");
		hk_json_write_string(writer, run->opts.low_first != 0 ? "low" : "high");
	}
	if ((uses & HK_SCHED_USES_SEED) != 0) {
		hk_json_write_key(writer, "seed");
		hk_json_write_uint64(writer, opts->seed);
	}
	hk_json_write_key(writer, "cpus");
	hk_json_write_uint64(writer, run->opts.cpus);
	hk_json_write_key(writer, "switch_cost");
	hk_json_write_int64(writer, run->opts.switch_cost);
}

/* For policies that go by periods: what theory says beforehand. */
static void write_admission(
    hk_json_writer *writer, const simulation *sim, const sched_run *run)
{
	hk_sched_admission admission;

	if ((run->policy->uses & HK_SCHED_USES_PERIOD) == 0 ||
	    hk_sched_admit(&admission, NULL, sim->workload) < 0)
		return;
	hk_json_write_key(writer, "admission");
	hk_record_write(writer, &hk_sched_admission_type, &admission);
}

static int tell_json(const simulation *sim)
{
	hk_json_writer *writer =
	    cmd_document_begin(&sim->call->output, "hostkit.sched/1");

	if (writer == NULL)
		return cmd_document_end(&sim->call->output, writer, CMD_EXIT_FAILED);
	if (sim_is_real(sim)) {
		hk_json_write_key(writer, "tick_ns");
		hk_json_write_int64(writer, 1);
	}
	hk_json_write_key(writer, "runs");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < sim->run_count; i++) {
		hk_json_write_object_begin(writer);
		sched_write_run(writer, &sim->runs[i]);
		write_admission(writer, sim, &sim->runs[i]);
		hk_sched_result_write(writer, sim->runs[i].result);
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
	return cmd_document_end(&sim->call->output, writer, CMD_EXIT_OK);
}

static int tell(const simulation *sim)
{
	int status;

	if (sim->call->output.json)
		return tell_json(sim);
	if (sim->run_count == 1)
		status =
		    sched_show_run(sim->call, sim->workload, &sim->runs[0], sim->chart);
	else
		status = sched_show_comparison(
		    sim->call, sim->workload, sim->runs, sim->run_count);
	return cmd_close_stdout(&sim->call->output, status);
}

static int run_sim(const cmd_call *call)
{
	hki_cleanup(sim_deinit) simulation sim = {
		.call = call,
		.policy_opts = HK_SCHED_POLICY_OPTS_INIT,
		.opts = HK_SCHED_OPTS_INIT,
		.chart = true,
	};
	int status = sim_take_options(&sim);

	for (size_t i = 0; i < sim.run_count && status == 0; i++)
		status = simulate(&sim, &sim.runs[i]);
	if (status == 0 && sim.gantt != NULL)
		status = draw(&sim);
	return status == 0 ? tell(&sim) : status;
}

static const cmd_option options[] = {
	{ .id = SIM_POLICY,
	    .letter = 'p',
	    .name = "policy",
	    .argument = "P[,P…]",
	    .help = "policies by name (see 'hostkit sched policies'), or all; several "
		    "are compared; rr if not given" },
	{ .id = SIM_QUANTUM,
	    .letter = 'q',
	    .name = "quantum",
	    .argument = "TIME[,TIME…]",
	    .help = "the longest slice, or one for each level, 0 for no end; 100 if not "
		    "given" },
	{ .id = SIM_CPUS,
	    .name = "cpus",
	    .argument = "N",
	    .help = "so many CPUs share the ready tasks; 1 if not given" },
	{ .id = SIM_FORMAT,
	    .name = "format",
	    .argument = "WORD",
	    .help = "how the workload is written: json, lines, csv, or auto (found out "
		    "by how it begins) if not given",
	    .values = "auto json lines csv" },
	{ .id = SIM_GANTT,
	    .name = "gantt",
	    .argument = "FILE.svg",
	    .help = "draw the chart into this file",
	    .complete = CMD_COMPLETE_FILE },
	{ .id = SIM_NO_CHART,
	    .name = "no-chart",
	    .help = "leave the chart out, in JSON too" },
	{ .id = SIM_TIE,
	    .name = "tie",
	    .argument = "WORD",
	    .help = "at the instant a slice ends and a task arrives: who is first in "
		    "line (newcomer, as in textbooks, or preempted, as in OSTEP)",
	    .heading = "Rules that differ from book to book",
	    .values = "newcomer preempted" },
	{ .id = SIM_PRIORITY,
	    .name = "priority",
	    .argument = "WORD",
	    .help = "which numbers are urgent: high (if not given) or low",
	    .heading = "Rules that differ from book to book",
	    .values = "high low" },
	{ .id = SIM_PREEMPTIVE,
	    .name = "preemptive",
	    .help = "priority: an urgent newcomer takes the CPU",
	    .heading = "Rules that differ from book to book" },
	{ .id = SIM_SWITCH_COST,
	    .name = "switch-cost",
	    .argument = "TIME",
	    .help = "time a CPU needs to go on with another task",
	    .heading = "Rules that differ from book to book" },
	{ .id = SIM_AGING,
	    .name = "aging",
	    .argument = "TIME",
	    .help = "priority: so long a wait counts as one more",
	    .heading = "Of single policies" },
	{ .id = SIM_LEVELS,
	    .name = "levels",
	    .argument = "N",
	    .help = "mlfq, multilevel, feedback: levels; 3 if there is no list of quanta",
	    .heading = "Of single policies" },
	{ .id = SIM_BOOST,
	    .name = "boost",
	    .argument = "TIME",
	    .help = "mlfq: so often everybody goes to the top",
	    .heading = "Of single policies" },
	{ .id = SIM_ALLOTMENT,
	    .name = "allotment",
	    .argument = "N",
	    .help = "mlfq: slices at a level before it goes down; 1 if not given",
	    .heading = "Of single policies" },
	{ .id = SIM_IO_RESETS,
	    .name = "io-resets",
	    .help = "mlfq: I/O gives a new allotment (and a way to cheat)",
	    .heading = "Of single policies" },
	{ .id = SIM_IO_FRONT,
	    .name = "io-front",
	    .help = "mlfq: back from I/O to the head of its queue",
	    .heading = "Of single policies" },
	{ .id = SIM_LATENCY,
	    .name = "latency",
	    .argument = "TIME",
	    .help = "fair: everybody has a turn in so long; 8 quanta if not given",
	    .heading = "Of single policies" },
	{ .id = SIM_SEED,
	    .name = "seed",
	    .argument = "N",
	    .help = "lottery: the same seed draws the same winners",
	    .heading = "Of single policies" },
	{ .id = SIM_UNTIL,
	    .name = "until",
	    .argument = "TIME",
	    .help = "release periodic tasks before this; one hyperperiod if not given",
	    .heading = "Of single policies" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit sched sim tasks.json --policy rr --quantum 4",
	    "shows the table, the averages and the chart of a round robin" },
	{ "hostkit sched sim tasks.csv --policy fcfs,sjf,srtf,rr",
	    "compares four policies over one workload" },
	{ "hostkit sched gen --count 1000 --arrival 11 | hostkit sched sim -p all -q 4",
	    "compares all policies over a workload nobody had to think up" },
	{ "hostkit sched sim --json tasks.json --policy mlfq --quantum 1,2,4 --boost 50",
	    "gives the schedule as data" },
	{ "hostkit sched sim tasks.json --policy srtf --gantt srtf.svg",
	    "draws the chart into a file" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "it was simulated" },
	{ "2", "the command line is wrong" },
	{ "4", "there is no such file" },
	{ "6", "the file may not be read" },
	{ "7", "the workload is wrong: every mistake is told with its line and column" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_sched_sim = {
	.name = "sched sim",
	.group = CMD_GROUP_WORK,
	.arguments = "[FILE|-]",
	.help = "simulate a workload under one policy or several",
	.description =
	    "Reads tasks from a file or standard input and runs them in virtual time, to "
	    "the tick. The workload is JSON, {\"tasks\": [{\"id\": \"A\", \"arrival\": "
	    "0, "
	    "\"burst\": 24, \"priority\": 3}]} or the list alone; JSON Lines, a task a "
	    "line; or CSV with a header line.\n\n"
	    "Keys: id, arrival, start_after, burst, deadline, period, priority, queue "
	    "(of "
	    "multilevel), tickets (of lottery, stride, fair), io ([{\"after\": 3, "
	    "\"duration\": 5}], in CSV 3:5), depends_on ([\"A\", {\"id\": \"B\", "
	    "\"condition\": \"any\"}]; ok, any or not_ok). Those of 'hostkit sched run' "
	    "are read and kept: command, environment, working_dir, queue_timeout, "
	    "run_timeout, retries, backoff.\n\n"
	    "Times are whole ticks. If one of them carries a unit, as \"20ms\" does, in "
	    "the "
	    "file or on the command line, all are real time, and plain numbers are "
	    "milliseconds.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_FILE,
	.operands_min = 0,
	.operands_max = 1,
	.run = run_sim,
};
