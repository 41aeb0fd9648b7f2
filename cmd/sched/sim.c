/*
 * `hostkit sched sim`: what a policy, or each of several, makes of a workload.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/allocator.h>
#include "../exit.h"
#include "../nearest.h"
#include "../output/document.h"
#include "../output/fail.h"
#include "../values.h"
#include "../verbs.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "sched.h"

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

static void sim_deinit(simulation *sim)
{
	for (size_t i = 0; i < sim->run_count; i++)
		hk_sched_result_free(sim->runs[i].result);
	hk_sched_workload_free(sim->workload);
}

/* ---- policies ---- */

static int tell_policy(const cmd_call *call, const char *name)
{
	cmd_nearest nearest = { .word = name };
	char hint[CMD_NEAREST_WORD_MAX + 32] = "'hostkit sched policies' lists them";
	const hk_sched_policy *policy;

	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++)
		cmd_nearest_offer(&nearest, policy->name);
	if (nearest.best != NULL)
		(void) snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return cmd_fail(&call->output, CMD_EXIT_USAGE, 0, hint,
	    "option '--policy': there is no policy '%s'", name);
}

static int add_policy(simulation *sim, const char *name)
{
	const hk_sched_policy *policy = hk_sched_policy_find(name);

	if (policy == NULL)
		return tell_policy(sim->call, name);
	if (sim->run_count == POLICIES_MAX)
		return cmd_fail(&sim->call->output, CMD_EXIT_USAGE, 0, NULL,
		    "option '--policy': more than %d policies", POLICIES_MAX);
	sim->runs[sim->run_count++].policy = policy;
	return 0;
}

/* Names between commas; "all" is every one. */
static int take_policies(simulation *sim, const char *names)
{
	hki_cleanup(hki_freep) char *copy = hki_strdup(names);
	const hk_sched_policy *policy;
	char *rest = copy;
	char *name;
	int status = 0;

	if (copy == NULL)
		return cmd_fail(&sim->call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot read '%s'", names);
	if (strcmp(names, "all") == 0)
		for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++)
			(void) add_policy(sim, policy->name);
	else
		while (status == 0 && (name = strsep(&rest, ",")) != NULL)
			status = add_policy(sim, name);
	return status;
}

/* ---- options ---- */

static bool is_real(const simulation *sim)
{
	return hk_sched_workload_tick_ns(sim->workload) == 1;
}

static int take_time(simulation *sim, int64_t *out, const cmd_given *given)
{
	return sched_time_parse(out, sim->call, given, given->value, is_real(sim));
}

/* One quantum, or one for each level. */
static int take_quanta(simulation *sim, const cmd_given *given)
{
	hki_cleanup(hki_freep) char *copy = hki_strdup(given->value);
	char *rest = copy;
	char *text;
	size_t count = 0;

	if (copy == NULL)
		return cmd_value_fail(sim->call, given, "readable", NULL);
	while ((text = strsep(&rest, ",")) != NULL) {
		int status;

		if (count == QUANTA_MAX)
			return cmd_value_fail(
			    sim->call, given, "a list of at most 64 quanta", NULL);
		status = sched_time_parse(
		    &sim->quanta[count++], sim->call, given, text, is_real(sim));
		if (status != 0)
			return status;
	}
	if (count == 1) {
		if (sim->quanta[0] == 0)
			return cmd_value_fail(sim->call, given, "a quantum",
			    "it is more than 0; fcfs has none");
		sim->policy_opts.quantum = sim->quanta[0];
		return 0;
	}
	sim->policy_opts.quanta = sim->quanta;
	sim->policy_opts.quanta_count = count;
	return 0;
}

static int take_word(simulation *sim, uint32_t *out, const cmd_given *given)
{
	int word;
	int status = cmd_value_word(&word, sim->call, given);

	if (status == 0)
		*out = (uint32_t) word;
	return status;
}

static int take_number(
    simulation *sim, uint32_t *out, const cmd_given *given, int64_t least, int64_t most)
{
	int64_t number;
	int status = cmd_value_integer(&number, sim->call, given, least, most);

	if (status == 0)
		*out = (uint32_t) number;
	return status;
}

static int take_seed(simulation *sim, const cmd_given *given)
{
	if (hki_uint64_parse(&sim->policy_opts.seed, given->value) < 0)
		return cmd_value_fail(
		    sim->call, given, "a seed", "write a number from 0");
	return 0;
}

static int take_tie(simulation *sim, const cmd_given *given)
{
	uint32_t tie;
	int status = take_word(sim, &tie, given);

	if (status == 0)
		sim->opts.tie = (hk_sched_tie) tie;
	return status;
}

static int take_option(simulation *sim, const cmd_given *given)
{
	hk_sched_policy_opts *policy = &sim->policy_opts;

	switch (given->option->id) {
	case SIM_POLICY:
		return take_policies(sim, given->value);
	case SIM_QUANTUM:
		return take_quanta(sim, given);
	case SIM_TIE:
		return take_tie(sim, given);
	case SIM_PRIORITY:
		return take_word(sim, &sim->opts.low_first, given);
	case SIM_PREEMPTIVE:
		policy->flags |= HK_SCHED_PREEMPTIVE;
		return 0;
	case SIM_IO_RESETS:
		policy->flags |= HK_SCHED_IO_RESETS;
		return 0;
	case SIM_IO_FRONT:
		policy->flags |= HK_SCHED_IO_FRONT;
		return 0;
	case SIM_AGING:
		return take_time(sim, &policy->aging, given);
	case SIM_BOOST:
		return take_time(sim, &policy->boost, given);
	case SIM_LATENCY:
		return take_time(sim, &policy->latency, given);
	case SIM_LEVELS:
		return take_number(sim, &policy->levels, given, 1, QUANTA_MAX);
	case SIM_ALLOTMENT:
		return take_number(sim, &policy->allotment, given, 1, UINT32_MAX);
	case SIM_SEED:
		return take_seed(sim, given);
	case SIM_CPUS:
		return take_number(sim, &sim->opts.cpus, given, 1, HK_SCHED_CPUS_MAX);
	case SIM_SWITCH_COST:
		return take_time(sim, &sim->opts.switch_cost, given);
	case SIM_UNTIL:
		return take_time(sim, &sim->opts.until, given);
	case SIM_GANTT:
		sim->gantt = given->value;
		return 0;
	case SIM_NO_CHART:
		sim->chart = false;
		return 0;
	default:
		return 0;
	}
}

static bool is_time(int id)
{
	return id == SIM_QUANTUM || id == SIM_AGING || id == SIM_BOOST ||
	       id == SIM_LATENCY || id == SIM_SWITCH_COST || id == SIM_UNTIL;
}

/* A unit on the command line makes the workload's numbers milliseconds too. */
static bool has_unit(const cmd_call *call)
{
	for (size_t i = 0; i < call->given_count; i++) {
		const char *value = call->given[i].value;

		if (is_time(call->given[i].option->id) &&
		    strspn(value, "0123456789.,") != strlen(value))
			return true;
	}
	return false;
}

static int read_workload(simulation *sim)
{
	uint32_t format = HK_SCHED_FORMAT_AUTO;

	for (size_t i = 0; i < sim->call->given_count; i++) {
		const cmd_given *given = &sim->call->given[i];
		int status = 0;

		if (given->option->id == SIM_FORMAT)
			status = take_word(sim, &format, given);
		if (status != 0)
			return status;
	}
	return sched_input_read(&sim->workload, sim->call, sim->call->operands[0],
	    (hk_sched_format) format, has_unit(sim->call));
}

/* The defaults as they are used, so that they can be shown. */
static void fill_defaults(simulation *sim)
{
	if (sim->policy_opts.quantum == 0)
		sim->policy_opts.quantum =
		    is_real(sim) ? HK_SCHED_QUANTUM_DEFAULT * INT64_C(1000000)
				 : HK_SCHED_QUANTUM_DEFAULT;
	if (sim->opts.cpus == 0)
		sim->opts.cpus = 1;
	sim->opts.slices = sim->gantt != NULL || sim->chart;
}

static int take_options(simulation *sim)
{
	int status = read_workload(sim);

	for (size_t i = 0; i < sim->call->given_count && status == 0; i++)
		status = take_option(sim, &sim->call->given[i]);
	if (status == 0 && sim->run_count == 0)
		status = add_policy(sim, "rr");
	if (status == 0 && sim->gantt != NULL && sim->run_count > 1)
		status = cmd_fail(&sim->call->output, CMD_EXIT_USAGE, 0,
		    "name one policy", "option '--gantt' draws one run");
	if (status == 0)
		fill_defaults(sim);
	return status;
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
	if (is_real(sim)) {
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
	int status = take_options(&sim);

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
	    .help = "how the workload is written, if that is not to be found out",
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
	    .help = "which numbers are urgent; high if not given",
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
	{ "hostkit sched gen --count 1000 --arrival 8 | hostkit sched sim - --policy all",
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
