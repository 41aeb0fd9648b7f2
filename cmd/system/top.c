/*
 * `hostkit top`: the command line of it.  On a terminal this process becomes the
 * screen (libexec/top), which needs ncurses; elsewhere, or with --json or --batch,
 * the same figures are printed here.
 */
#include "top.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/clock.h"
#include "exit.h"
#include "libexec.h"
#include "output/fail.h"
#include "values.h"
#include "verbs.h"

enum {
	TOP_INTERVAL = 1,
	TOP_COUNT,
	TOP_LIMIT,
	TOP_SORT,
	TOP_FILTER,
	TOP_USER,
	TOP_TREE,
	TOP_KERNEL,
	TOP_BATCH,
	TOP_ENGINE,
	TOP_ASCII,
	TOP_READ_ONLY
};

#define INTERVAL_LEAST_NS (50 * HKI_NS_PER_MS)
#define LIMIT_DEFAULT     20

static int read_sort(top_plan *plan, const cmd_call *call, const cmd_given *given)
{
	const char *name = given->value + (given->value[0] == '-');
	int field = hk_system_filter_field(&hk_system_process_type, name);

	if (field < 0)
		return cmd_value_fail(call, given, "a column of a process",
		    "write cpu, rss, pid, name …; hostkit ps --columns all shows them");
	plan->sort = (unsigned int) field;
	/* The busiest first is what everybody means; a - turns it round. */
	plan->ascending = given->value[0] == '-';
	return 0;
}

static int read_option(top_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int word = 0, r = 0;

	switch (given->option->id) {
	case TOP_INTERVAL:
		r = cmd_value_duration(&plan->interval_ns, call, given);
		if (r == 0 && plan->interval_ns < INTERVAL_LEAST_NS)
			r = cmd_value_fail(
			    call, given, "an interval", "write 50ms or more");
		break;
	case TOP_COUNT:
		r = cmd_value_integer(&plan->count, call, given, 1, INT32_MAX);
		break;
	case TOP_LIMIT:
		r = cmd_value_integer(&plan->limit, call, given, 0, INT32_MAX);
		break;
	case TOP_SORT:
		r = read_sort(plan, call, given);
		break;
	case TOP_FILTER:
		plan->filter_text = given->value;
		break;
	case TOP_USER:
		plan->user = given->value;
		break;
	case TOP_ENGINE:
		r = cmd_value_word(&word, call, given);
		plan->engine = (hk_system_engine) word;
		break;
	case TOP_TREE:
		plan->tree = true;
		break;
	case TOP_KERNEL:
		plan->kernel = true;
		break;
	case TOP_BATCH:
		plan->batch = true;
		break;
	case TOP_ASCII:
		plan->ascii = true;
		break;
	case TOP_READ_ONLY:
		plan->read_only = true;
		break;
	}
	return r;
}

static int compile_filter(top_plan *plan, const cmd_call *call)
{
	hk_error_list *errors = NULL;
	int r;

	if (plan->filter_text[0] == '\0')
		return 0;
	r = hk_error_list_new(&errors);
	if (r == 0)
		r = hk_system_filter_new(
		    &plan->filter, &hk_system_process_type, plan->filter_text, errors);
	if (r < 0)
		r = cmd_fail_list(&call->output, CMD_EXIT_USAGE, r, errors);
	hk_error_list_free(errors);
	return r;
}

static int make_plan(top_plan *out, const cmd_call *call)
{
	const char *no_color = getenv("NO_COLOR");
	top_plan plan = {
		.interval_ns = HKI_NS_PER_S,
		.limit = LIMIT_DEFAULT,
		.sort = HK_SYSTEM_PROCESS_CPU_PERCENT,
		.filter_text = "",
		.user = "",
		.mono = no_color != NULL && no_color[0] != '\0',
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < call->given_count; i++)
		r = read_option(&plan, call, &call->given[i]);
	if (r == 0)
		r = compile_filter(&plan, call);
	plan.mono = plan.mono || call->output.colour == CMD_COLOUR_NEVER;
	plan.batch = plan.batch || call->output.json || plan.count > 0 ||
		     !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO);
	*out = plan;
	return r;
}

static int become_screen(const cmd_call *call, const top_plan *plan)
{
	char interval[24], engine[8], flags[8], sort[64], name[] = "top";
	char *argv[] = { name, interval, engine, flags, sort, (char *) plan->filter_text,
		(char *) plan->user, NULL };

	(void) snprintf(interval, sizeof(interval), "%" PRIu64, plan->interval_ns);
	(void) snprintf(engine, sizeof(engine), "%d", (int) plan->engine);
	(void) snprintf(flags, sizeof(flags), "%s%s%s%s%s", plan->tree ? "t" : "",
	    plan->kernel ? "K" : "", plan->mono ? "m" : "", plan->ascii ? "a" : "",
	    plan->read_only ? "r" : "");
	(void) snprintf(sort, sizeof(sort), "%s%s", plan->ascending ? "-" : "",
	    hk_system_process_type.fields[plan->sort].name);
	return cmd_libexec_run(call, "top", argv);
}

static int run_top(const cmd_call *call)
{
	top_plan plan;
	int r = make_plan(&plan, call);

	if (r == 0)
		r = plan.batch ? top_batch(call, &plan) : become_screen(call, &plan);
	hk_system_filter_free(plan.filter);
	return r;
}

static const cmd_option options[] = {
	{ .id = TOP_INTERVAL,
	    .letter = 'i',
	    .name = "interval",
	    .argument = "TIME",
	    .help = "look so often (1s)" },
	{ .id = TOP_SORT,
	    .letter = 's',
	    .name = "sort",
	    .argument = "[-]COLUMN",
	    .help = "what is most of this first (cpu); with a - what is least" },
	{ .id = TOP_FILTER,
	    .letter = 'f',
	    .name = "filter",
	    .argument = "EXPR",
	    .help = "show only these, as in 'cpu > 5 && user == www'" },
	{ .id = TOP_USER,
	    .letter = 'u',
	    .name = "user",
	    .argument = "NAME",
	    .help = "show only the processes of this user",
	    .complete = CMD_COMPLETE_USER },
	{ .id = TOP_TREE,
	    .letter = 't',
	    .name = "tree",
	    .help = "children below their parents" },
	{ .id = TOP_KERNEL, .name = "kernel", .help = "threads of the kernel too" },
	{ .id = TOP_ENGINE,
	    .name = "engine",
	    .argument = "NAME",
	    .help = "how the kernel is read (auto)",
	    .values = "auto bpf adaptive openat" },
	{ .id = TOP_READ_ONLY,
	    .name = "read-only",
	    .help = "no signals and no priorities, whatever is pressed",
	    .heading = "Screen" },
	{ .id = TOP_ASCII,
	    .name = "ascii",
	    .help = "no characters beyond ASCII",
	    .heading = "Screen" },
	{ .id = TOP_BATCH,
	    .letter = 'b',
	    .name = "batch",
	    .help = "print samples instead of a screen; so does anything that is no "
		    "terminal",
	    .heading = "Batch" },
	{ .id = TOP_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "print so many samples, then end",
	    .heading = "Batch" },
	{ .id = TOP_LIMIT,
	    .letter = 'l',
	    .name = "limit",
	    .argument = "N",
	    .help = "so many processes in each (20), 0 for all",
	    .heading = "Batch" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit top", "the machine on a screen; F1 tells what the keys do" },
	{ "hostkit top --filter 'user == www || name ~ nginx'",
	    "those processes and no others" },
	{ "hostkit top -n 1", "prints the twenty busiest of one second" },
	{ "hostkit top -n 60 --json > minute.ndjson", "a minute, for programs" },
	{ "hostkit top -i 250ms --tree", "looks four times a second, as a tree" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "done, or ended by a key or by SIGTERM, SIGINT or SIGHUP" },
	{ "2", "the command line is wrong" },
	{ "9", "it failed, as on a terminal that can show nothing" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_top = {
	.name = "top",
	.group = CMD_GROUP_SEE,
	.arguments = NULL,
	.help = "the machine and its processes on a screen, and their last minutes",
	.description =
	    "Processors, memory, pressure, traffic and processes, with graphs. The "
	    "letters "
	    "are those of htop, the numbers those of btop; F1 shows all. The last "
	    "fifteen "
	    "minutes are kept, in 18 MB at most: Z stands still, the arrows step back "
	    "and "
	    "forth, with the processes that had ended by then.\n\n"
	    "Signals go through pidfds: a process that took over an id is never hit. The "
	    "last line tells what looking costs.\n\n"
	    "Where the output is no terminal, samples are printed instead, with --json "
	    "one "
	    "document a line.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_max = 0,
	.run = run_top,
};
