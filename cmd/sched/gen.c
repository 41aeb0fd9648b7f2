/*
 * `hostkit sched gen`: a workload by distributions and a seed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/allocator.h>
#include "../exit.h"
#include "../output/fail.h"
#include "../values.h"
#include "../verbs.h"
#include "base/quantity.h"
#include "sched.h"

enum {
	GEN_COUNT = 1,
	GEN_SEED,
	GEN_BURST,
	GEN_BURST_DISTRIBUTION,
	GEN_ARRIVAL,
	GEN_ARRIVAL_DISTRIBUTION,
	GEN_PRIORITIES,
	GEN_TICKETS,
	GEN_IO,
	GEN_IO_TIME,
	GEN_PERIOD,
	GEN_FORMAT
};

enum { FORMAT_JSON, FORMAT_LINES, FORMAT_CSV };

typedef struct generation {
	const cmd_call *call;
	hk_sched_generate_opts opts;
	int format;
} generation;

static int take_distribution(
    generation *gen, hk_sched_distribution *out, const cmd_given *given)
{
	int word;
	int status = cmd_value_word(&word, gen->call, given);

	if (status == 0)
		*out = (hk_sched_distribution) word;
	return status;
}

static int take_number(
    generation *gen, uint32_t *out, const cmd_given *given, int64_t least, int64_t most)
{
	int64_t number;
	int status = cmd_value_integer(&number, gen->call, given, least, most);

	if (status == 0)
		*out = (uint32_t) number;
	return status;
}

static int take_count(generation *gen, const cmd_given *given)
{
	int64_t number;
	int status = cmd_value_integer(&number, gen->call, given, 1, UINT32_MAX);

	if (status == 0)
		gen->opts.count = (size_t) number;
	return status;
}

static int take_ticks(
    generation *gen, int64_t *out, const cmd_given *given, int64_t least)
{
	return cmd_value_integer(out, gen->call, given, least, HK_SCHED_TIME_MAX / 1024);
}

static int take_seed(generation *gen, const cmd_given *given)
{
	if (hki_uint64_parse(&gen->opts.seed, given->value) < 0)
		return cmd_value_fail(
		    gen->call, given, "a seed", "write a number from 0");
	return 0;
}

static int take_option(generation *gen, const cmd_given *given)
{
	hk_sched_generate_opts *opts = &gen->opts;

	switch (given->option->id) {
	case GEN_COUNT:
		return take_count(gen, given);
	case GEN_SEED:
		return take_seed(gen, given);
	case GEN_BURST:
		return take_ticks(gen, &opts->burst_mean, given, 1);
	case GEN_ARRIVAL:
		return take_ticks(gen, &opts->interarrival_mean, given, 0);
	case GEN_IO_TIME:
		return take_ticks(gen, &opts->io_mean, given, 1);
	case GEN_PERIOD:
		return take_ticks(gen, &opts->period_factor, given, 1);
	case GEN_BURST_DISTRIBUTION:
		return take_distribution(gen, &opts->burst, given);
	case GEN_ARRIVAL_DISTRIBUTION:
		return take_distribution(gen, &opts->interarrival, given);
	case GEN_PRIORITIES:
		return take_number(gen, &opts->priorities, given, 1, INT32_MAX);
	case GEN_TICKETS:
		return take_number(gen, &opts->tickets_max, given, 1, INT32_MAX);
	case GEN_IO:
		return take_number(gen, &opts->io_percent, given, 0, 100);
	case GEN_FORMAT:
		return cmd_value_word(&gen->format, gen->call, given);
	default:
		return 0;
	}
}

/* ---- writing ---- */

static int tell_memory(const cmd_call *call, int error)
{
	return cmd_fail(
	    &call->output, CMD_EXIT_FAILED, error, NULL, "cannot write the workload");
}

static int print_csv(const cmd_call *call, const hk_sched_workload *workload)
{
	char *text;
	int r = hk_sched_workload_csv(&text, workload);

	if (r < 0)
		return tell_memory(call, r);
	fputs(text, stdout);
	hk_free(text);
	return CMD_EXIT_OK;
}

/* The document: a task a line, so that it can be read and compared by lines. */
static int print_json(const cmd_call *call, const hk_sched_workload *workload, bool lines)
{
	size_t count = hk_sched_workload_count(workload);
	hk_json_writer *writer;
	int r = hk_json_writer_new(&writer, 0);

	if (r < 0)
		return tell_memory(call, r);
	if (!lines)
		printf("{\"schema\": \"hostkit.sched.workload/1\", \"tasks\": [\n");
	for (size_t i = 0; i < count && r == 0; i++) {
		hk_json_writer_reset(writer);
		hk_sched_task_write(writer, workload, i);
		r = hk_json_writer_error(writer);
		if (r == 0)
			printf("%s%s\n", hk_json_writer_text(writer, NULL),
			    lines || i + 1 == count ? "" : ",");
	}
	if (!lines)
		printf("]}\n");
	hk_json_writer_free(writer);
	return r < 0 ? tell_memory(call, r) : CMD_EXIT_OK;
}

static int run_gen(const cmd_call *call)
{
	generation gen = { .call = call, .opts = HK_SCHED_GENERATE_OPTS_INIT };
	hk_sched_workload *workload;
	int status = 0;
	int r;

	gen.opts.burst = HK_SCHED_EXPONENTIAL;
	gen.opts.interarrival = HK_SCHED_EXPONENTIAL;
	for (size_t i = 0; i < call->given_count && status == 0; i++)
		status = take_option(&gen, &call->given[i]);
	if (status != 0)
		return status;
	r = hk_sched_workload_generate(&workload, &gen.opts);
	if (r < 0)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, r,
		    "fewer or shorter tasks will do", "cannot make up such a workload");
	status = gen.format == FORMAT_CSV
		     ? print_csv(call, workload)
		     : print_json(call, workload, gen.format == FORMAT_LINES);
	hk_sched_workload_free(workload);
	return cmd_close_stdout(&call->output, status);
}

#define DISTRIBUTIONS "uniform exponential normal pareto bimodal constant"

static const cmd_option options[] = {
	{ .id = GEN_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "how many tasks; 10 if not given" },
	{ .id = GEN_SEED,
	    .name = "seed",
	    .argument = "N",
	    .help = "the same seed gives the same workload, anywhere; 0 if not given" },
	{ .id = GEN_BURST,
	    .name = "burst",
	    .argument = "TICKS",
	    .help = "the mean burst; 10 if not given" },
	{ .id = GEN_BURST_DISTRIBUTION,
	    .name = "burst-distribution",
	    .argument = "WORD",
	    .help = "how bursts spread: exponential (if not given), uniform, normal, "
		    "pareto, bimodal or constant",
	    .values = DISTRIBUTIONS },
	{ .id = GEN_ARRIVAL,
	    .name = "arrival",
	    .argument = "TICKS",
	    .help = "the mean time from one arrival to the next; all arrive at 0 if not "
		    "given" },
	{ .id = GEN_ARRIVAL_DISTRIBUTION,
	    .name = "arrival-distribution",
	    .argument = "WORD",
	    .help = "how those times spread: exponential (if not given), uniform, "
		    "normal, pareto, bimodal or constant",
	    .values = DISTRIBUTIONS },
	{ .id = GEN_PRIORITIES,
	    .name = "priorities",
	    .argument = "N",
	    .help = "priorities from 0 to N - 1" },
	{ .id = GEN_TICKETS,
	    .name = "tickets",
	    .argument = "N",
	    .help = "tickets from 1 to N" },
	{ .id = GEN_IO,
	    .name = "io",
	    .argument = "PERCENT",
	    .help = "so many of a hundred tasks do I/O in the midst" },
	{ .id = GEN_IO_TIME,
	    .name = "io-time",
	    .argument = "TICKS",
	    .help = "the mean length of that; as the burst if not given" },
	{ .id = GEN_PERIOD,
	    .name = "period",
	    .argument = "N",
	    .help = "tasks are periodic, each with a period of N of its bursts" },
	{ .id = GEN_FORMAT,
	    .name = "format",
	    .argument = "WORD",
	    .help = "how to write it: json (if not given), lines or csv",
	    .values = "json lines csv" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit sched gen --count 5 --seed 1", "prints five tasks" },
	{ "hostkit sched gen --count 100000 --arrival 10 --burst-distribution pareto",
	    "makes a heavy-tailed load near saturation" },
	{ "hostkit sched gen --priorities 4 --format csv > tasks.csv",
	    "makes a table to edit" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "it was printed" },
	{ "2", "the command line is wrong" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_sched_gen = {
	.name = "sched gen",
	.group = CMD_GROUP_WORK,
	.help = "make up a workload",
	.description =
	    "Prints a workload for 'hostkit sched sim': bursts and times between "
	    "arrivals "
	    "are drawn from distributions. Means are in ticks. pareto has a heavy tail "
	    "(shape 1.5); bimodal makes nine of ten tasks a tenth as long as the mean, "
	    "and "
	    "the tenth 9.1 times.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_max = 0,
	.run = run_gen,
};
