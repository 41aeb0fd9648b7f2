/*
 * `hostkit metrics`: the machine in the words of Prometheus, printed once, kept in a
 * file for a textfile collector, or served to scrapers.  The serving is done by a
 * program of its own (libexec/metrics), since HTTP needs a library of its own; this
 * process becomes it, so whoever supervises us supervises it.
 */
#include "metrics.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>
#include "exit.h"
#include "libexec.h"
#include "output/document.h"
#include "output/fail.h"
#include "system/sections.h"
#include "values.h"
#include "verbs.h"

enum {
	METRICS_LISTEN = 1,
	METRICS_OUTPUT,
	METRICS_COMPAT,
	METRICS_FORMAT,
	METRICS_INTERVAL,
	METRICS_COUNT,
	METRICS_PROCESSES,
	METRICS_GROUPS
};

/* ---- the plan ---- */

/* "state" alone groups nothing. */
static int read_processes(
    metrics_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int word = 0;
	int r = cmd_value_word(&word, call, given);

	plan->exporter.processes = true;
	plan->exporter.process_grouping = (uint32_t) word;
	return r;
}

static int read_groups(metrics_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int64_t groups = 0;
	int r = cmd_value_integer(&groups, call, given, 1, HK_SYSTEM_EXPORTER_GROUPS_MAX);

	plan->exporter.process_groups_max = (uint32_t) groups;
	return r;
}

static int read_option(metrics_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int word = 0;
	int r = 0;

	switch (given->option->id) {
	case METRICS_LISTEN:
		plan->listen = given->value;
		break;
	case METRICS_OUTPUT:
		plan->output = strcmp(given->value, "-") == 0 ? NULL : given->value;
		break;
	case METRICS_COMPAT:
		r = cmd_value_word(&word, call, given);
		plan->exporter.names = HK_SYSTEM_EXPORTER_NODE_EXPORTER;
		break;
	case METRICS_FORMAT:
		r = cmd_value_word(&word, call, given);
		plan->format = word == 0 ? HK_METRICS_PROMETHEUS : HK_METRICS_OPENMETRICS;
		break;
	case METRICS_INTERVAL:
		r = cmd_value_duration(&plan->interval_ns, call, given);
		break;
	case METRICS_COUNT:
		r = cmd_value_integer(&plan->count, call, given, 1, INT32_MAX);
		break;
	case METRICS_PROCESSES:
		r = read_processes(plan, call, given);
		break;
	case METRICS_GROUPS:
		r = read_groups(plan, call, given);
		break;
	}
	return r;
}

static int check_plan(const metrics_plan *plan, const cmd_call *call)
{
	if (plan->listen != NULL &&
	    (plan->output != NULL || plan->interval_ns > 0 || call->output.json))
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "whoever scrapes asks when it likes",
		    "--listen does not go together with --output, --interval or --json");
	if (plan->interval_ns > 0 && plan->output == NULL)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "name the file that is to be replaced each time",
		    "--interval needs --output");
	if (plan->count > 0 && plan->interval_ns == 0)
		return cmd_fail(
		    &call->output, CMD_EXIT_USAGE, 0, NULL, "--count needs --interval");
	if (plan->exporter.process_groups_max > 0 &&
	    plan->exporter.process_grouping == HK_SYSTEM_GROUPING_NONE)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "add --processes user, cgroup, service or name",
		    "--groups limits groups of processes, and none are asked for");
	return 0;
}

static int make_plan(metrics_plan *out, const cmd_call *call)
{
	metrics_plan plan = {
		.format = HK_METRICS_PROMETHEUS,
		.exporter = HK_SYSTEM_EXPORTER_OPTS_INIT,
	};
	int r = cmd_sections_read(&plan.exporter.sections, call);

	plan.exporter.version = HOSTKIT_VERSION;
	for (size_t i = 0; r == 0 && i < call->given_count; i++)
		r = read_option(&plan, call, &call->given[i]);
	if (r == 0)
		r = check_plan(&plan, call);
	/* Whoever looks once has nothing to be told of in between. */
	plan.exporter.process_exits =
	    plan.exporter.processes && (plan.listen != NULL || plan.interval_ns > 0);
	*out = plan;
	return r;
}

/* ---- doing it ---- */

static int print_text(
    const cmd_call *call, const metrics_plan *plan, const char *text, size_t length)
{
	hk_json_writer *document;

	if (!call->output.json) {
		fwrite(text, 1, length, stdout);
		return CMD_EXIT_OK;
	}
	document = cmd_document_begin(&call->output, "hostkit.metrics/1");
	if (document != NULL) {
		hk_json_write_key(document, "content_type");
		hk_json_write_string(document, hk_metrics_content_type(plan->format));
		hk_json_write_key(document, "text");
		hk_json_write_string(document, text);
	}
	return cmd_document_end(&call->output, document, CMD_EXIT_OK);
}

static int write_once(const cmd_call *call, const metrics_plan *plan,
    hk_system_exporter *exporter, hk_metrics_writer *writer)
{
	const char *text;
	size_t length;
	int r;

	hk_metrics_writer_reset(writer, plan->format);
	r = hk_system_exporter_write(exporter, writer);
	if (r == 0)
		r = hk_metrics_finish(writer, &text, &length);
	if (r < 0)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL,
		    "cannot write the metrics%s%s",
		    *hk_metrics_problem(writer) == '\0' ? "" : ", at ",
		    hk_metrics_problem(writer));
	if (plan->output == NULL)
		return print_text(call, plan, text, length);
	r = metrics_replace_file(plan->output, text, length);
	if (r < 0)
		return cmd_fail(&call->output, cmd_exit_from_error(r), r, NULL,
		    "cannot replace '%s'", plan->output);
	return CMD_EXIT_OK;
}

/* ---- again and again ---- */

typedef struct repeated {
	const cmd_call *call;
	const metrics_plan *plan;
	hk_system_exporter *exporter;
	hk_metrics_writer *writer;
	hk_loop *loop;
	int64_t done;
	int status; /* of the latest */
} repeated;

/* A file that cannot be replaced now may be the next time: it is told, and tried again. */
static void is_due(hk_timer *timer, void *user)
{
	repeated *repetition = user;
	const metrics_plan *plan = repetition->plan;

	(void) timer;
	repetition->status =
	    write_once(repetition->call, plan, repetition->exporter, repetition->writer);
	repetition->done++;
	if (plan->count > 0 && repetition->done >= plan->count)
		hk_loop_stop(repetition->loop, 0);
}

static void stop(hk_signal *signal, int number, void *user)
{
	(void) signal;
	(void) number;
	hk_loop_stop(user, 0);
}

static int write_repeatedly(const cmd_call *call, const metrics_plan *plan,
    hk_system_exporter *exporter, hk_metrics_writer *writer)
{
	repeated repetition = { call, plan, exporter, writer, NULL, 0, CMD_EXIT_OK };
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	hk_signal *terminate = NULL, *interrupt = NULL;
	hk_timer *timer = NULL;
	int r = hk_loop_new(&repetition.loop);

	opts.interval_ns = plan->interval_ns;
	opts.fn = is_due;
	opts.user = &repetition;
	if (r == 0)
		r = hk_signal_start(
		    &terminate, repetition.loop, SIGTERM, stop, repetition.loop);
	if (r == 0)
		r = hk_signal_start(
		    &interrupt, repetition.loop, SIGINT, stop, repetition.loop);
	if (r == 0)
		r = hk_timer_start(&timer, repetition.loop, &opts);
	if (r == 0)
		r = hk_loop_run(repetition.loop);
	hk_timer_free(timer);
	hk_signal_free(interrupt);
	hk_signal_free(terminate);
	hk_loop_free(repetition.loop);
	if (r < 0)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL, "cannot wait");
	return repetition.status;
}

static int write_metrics(const cmd_call *call, const metrics_plan *plan)
{
	hk_system_exporter *exporter = NULL;
	hk_metrics_writer *writer = NULL;
	int r = hk_system_exporter_new(&exporter, &plan->exporter);

	if (r == 0)
		r = hk_metrics_writer_new(&writer, plan->format);
	if (r < 0)
		r = cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL,
		    "cannot look at the machine");
	else if (plan->interval_ns > 0)
		r = write_repeatedly(call, plan, exporter, writer);
	else
		r = write_once(call, plan, exporter, writer);
	hk_metrics_writer_free(writer);
	hk_system_exporter_free(exporter);
	return r;
}

static int serve(const cmd_call *call, const metrics_plan *plan)
{
	char listener[16], names[16], sections[16], processes[16], groups[16];
	char url[METRICS_URL_MAX];
	char version[] = HOSTKIT_VERSION;
	char name[] = "metrics";
	char *argv[] = { name, listener, names, sections, version, processes, groups,
		NULL };
	int fd = metrics_listen(plan->listen, url);

	if (fd == HK_EPARSE)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "write ADDRESS:PORT such as 127.0.0.1:9100 or [::1]:9100, or a port "
		    "alone; *:9100 is every address",
		    "'%s' is no place to listen", plan->listen);
	if (fd < 0)
		return cmd_fail(&call->output, cmd_exit_from_error(fd), fd, NULL,
		    "cannot listen at '%s'", plan->listen);
	(void) snprintf(listener, sizeof(listener), "%d", fd);
	(void) snprintf(names, sizeof(names), "%u", plan->exporter.names);
	(void) snprintf(sections, sizeof(sections), "%u", plan->exporter.sections);
	(void) snprintf(processes, sizeof(processes), "%u",
	    plan->exporter.processes ? plan->exporter.process_grouping + 1 : 0);
	(void) snprintf(groups, sizeof(groups), "%u", plan->exporter.process_groups_max);
	cmd_note(&call->output, "serving %s", url);
	return cmd_libexec_run(call, "metrics", argv);
}

static int run_metrics(const cmd_call *call)
{
	metrics_plan plan;
	int r = make_plan(&plan, call);

	if (r != 0)
		return r;
	return plan.listen != NULL ? serve(call, &plan) : write_metrics(call, &plan);
}

static const cmd_option options[] = {
	{ .id = METRICS_LISTEN,
	    .letter = 'l',
	    .name = "listen",
	    .argument = "[ADDRESS:]PORT",
	    .help = "serve them over HTTP at /metrics, to this machine alone unless an "
		    "address is named" },
	{ .id = METRICS_OUTPUT,
	    .letter = 'o',
	    .name = "output",
	    .argument = "FILE",
	    .help = "replace this file, so that no reader sees half of it",
	    .complete = CMD_COMPLETE_FILE },
	{ .id = METRICS_INTERVAL,
	    .letter = 'i',
	    .name = "interval",
	    .argument = "TIME",
	    .help = "with --output: again and again, so far apart" },
	{ .id = METRICS_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "with --interval: so often, then end" },
	{ .id = METRICS_COMPAT,
	    .name = "compat",
	    .argument = "WORD",
	    .help = "use the names of node_exporter, for dashboards that exist",
	    .values = "node_exporter" },
	{ .id = METRICS_FORMAT,
	    .name = "format",
	    .argument = "WORD",
	    .help = "prometheus (text 0.0.4, the default) or openmetrics; with --listen "
		    "the scraper chooses",
	    .values = "prometheus openmetrics" },
	{ .id = METRICS_PROCESSES,
	    .letter = 'p',
	    .name = "processes",
	    .argument = "WORD",
	    .help = "processes too: counted by state, and with user, cgroup, service or "
		    "name in groups with their processor time, memory and I/O",
	    .values = "state user cgroup service name" },
	{ .id = METRICS_GROUPS,
	    .name = "groups",
	    .argument = "N",
	    .help = "with --processes: at most so many groups (100); the others are told "
		    "together as (rest)" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit metrics", "prints everything there is to measure, once" },
	{ "hostkit metrics --listen 9100", "serves http://127.0.0.1:9100/metrics" },
	{ "hostkit metrics --compat node_exporter --listen 127.0.0.1:9100",
	    "stands in for node_exporter" },
	{ "hostkit metrics -i 15s -o /var/lib/node_exporter/hostkit.prom",
	    "keeps a file current for a textfile collector" },
	{ "hostkit metrics --processes service --listen 9100",
	    "tells what each service uses as well" },
	{ "hostkit metrics pressure limits | promtool check metrics",
	    "shows two sections to a linter, which has nothing to say" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "done, or ended by SIGTERM or SIGINT" },
	{ "2", "the command line is wrong" },
	{ "4", "the folder of the file does not exist" },
	{ "6", "the file may not be written, or the port not be opened" },
	{ "9", "it failed otherwise, as when the port is taken" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_metrics = {
	.name = "metrics",
	.group = CMD_GROUP_SEE,
	.arguments = "[SECTION…]",
	.help = "what the machine does, for Prometheus and OpenMetrics",
	.description =
	    "Prints counters and gauges of the machine: processors, load, memory, "
	    "pressure, "
	    "limits, file systems, disks, networks, sockets, sensors. Names, units and "
	    "sentences are those of hostkit info --json. Counters are never rates: "
	    "whoever "
	    "collects makes those.\n\nWhat this machine lacks is left out. What could "
	    "not be "
	    "read is left out too, and hostkit_scrape_section_success of its section is "
	    "0.\n\nWhat a group of processes has used never goes back: it stays with "
	    "the "
	    "group when a process ends. With --listen and --interval, and as root, "
	    "processes "
	    "that came and went between two looks are counted too. A group without "
	    "processes gives up its place when another needs it; what it used then "
	    "counts to (rest). Memory is resident memory: what processes share is in "
	    "the figure of each, since finding the shares would stop them.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.values = CMD_SECTIONS_WORDS,
	.operands_max = CMD_OPERANDS_ANY,
	.run = run_metrics,
};
