/*
 * `hostkit ps`: the processes of this machine, once or as a stream, by what they
 * are, do and belong to.
 */
#include <errno.h>
#include <time.h>
#include "../exit.h"
#include "../listing.h"
#include "../output/fail.h"
#include "../verbs.h"
#include "base/clock.h"
#include "ps.h"

static int open_table(hk_system_processes **out, const ps_request *request)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;

	opts.fields = request->fields;
	opts.engine = request->engine;
	opts.exits = request->stream;
	/* Who looks once cannot hope for the next look. */
	if (!request->stream)
		opts.details_wait_ns = 2 * HKI_NS_PER_S;
	return hk_system_processes_open(out, &opts);
}

static void sleep_for(uint64_t ns)
{
	struct timespec rest = {
		.tv_sec = (time_t) (ns / HKI_NS_PER_S),
		.tv_nsec = (long) (ns % HKI_NS_PER_S),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR)
		;
}

/* Figures over an interval need two samples; nothing else does. */
static int look(const ps_request *request, hk_system_processes *table)
{
	int r = hk_system_processes_sample(table);

	if (r >= 0 && request->measured) {
		sleep_for(request->interval_ns);
		r = hk_system_processes_sample(table);
	}
	return r;
}

static void tell_hidden(const ps_request *request, const hk_system_processes *table)
{
	hk_system_processes_info info;

	hk_system_processes_describe(&info, table);
	if (info.hidden)
		cmd_note(&request->call->output,
		    "/proc hides the processes of others from you (hidepid)");
}

static int list(const ps_request *request, hk_system_processes *table)
{
	int r;

	if (request->stream)
		return ps_stream(request, table);
	r = look(request, table);
	if (r < 0)
		return cmd_fail(&request->call->output, cmd_exit_from_error(r), r,
		    r == -EIO ? "is /proc mounted?" : NULL, "cannot read the processes");
	tell_hidden(request, table);
	return ps_print(request, table);
}

static int run_ps(const cmd_call *call)
{
	hk_system_processes *table = NULL;
	ps_request request;
	int r = ps_request_read(&request, call);

	if (r != 0)
		return r;
	r = open_table(&table, &request);
	if (r < 0)
		r = cmd_fail(&call->output, cmd_exit_from_error(r), r,
		    request.engine != HK_SYSTEM_ENGINE_AUTO
			? "leave --engine out to take what there is"
			: "is /proc mounted?",
		    "cannot read the processes");
	else
		r = list(&request, table);
	hk_system_processes_close(table);
	ps_request_deinit(&request);
	return r;
}

static const cmd_option options[] = {
	{ .id = PS_INTERVAL,
	    .letter = 'i',
	    .name = "interval",
	    .argument = "TIME",
	    .help = "again and again, with figures over each interval (1s)" },
	{ .id = PS_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "end after so many intervals" },
	{ .id = PS_FILTER,
	    .name = "filter",
	    .argument = "EXPRESSION",
	    .help = "those of which it is true" },
	{ .id = PS_PID,
	    .letter = 'p',
	    .name = "pid",
	    .argument = "PIDS",
	    .help = "those with these ids, as operands do" },
	{ .id = PS_USER,
	    .letter = 'u',
	    .name = "user",
	    .argument = "USERS",
	    .help = "those of these users, by name or number",
	    .complete = CMD_COMPLETE_USER },
	{ .id = PS_EVERY,
	    .letter = 'e',
	    .name = "every",
	    .help = "all of them, as without it; the habit of ps -e" },
	{ .id = PS_LIMIT,
	    .letter = 'l',
	    .name = "limit",
	    .argument = "N",
	    .help = "the first so many, after ordering" },
	{ .id = PS_TREE,
	    .letter = 't',
	    .name = "tree",
	    .help = "below who started them; a filter keeps what is above" },
	{ .id = PS_GROUP,
	    .letter = 'g',
	    .name = "group",
	    .argument = "BY",
	    .help = "summed up by user, cgroup, service or name",
	    .values = "user cgroup service name" },
	{ .id = PS_SHOW,
	    .letter = 's',
	    .name = "show",
	    .argument = "SECTIONS",
	    .help = "closely: threads, files, connections, memory, maps, environment, "
		    "limits, credentials, namespaces, cgroups, children or all" },
	{ .id = PS_ENGINE,
	    .name = "engine",
	    .argument = "NAME",
	    .help = "how the kernel is read (auto)",
	    .values = "auto bpf adaptive openat" },
	{ .id = PS_FULL,
	    .letter = 'f',
	    .name = "full",
	    .help = "who, whose child, since when and where from; the habit of ps -ef",
	    .heading = "Table" },
	{ .id = PS_FORMAT,
	    .letter = 'o',
	    .name = "format",
	    .argument = "NAMES",
	    .help = "as --columns, also with the names of ps(1)",
	    .heading = "Table" },
	CMD_LISTING_OPTIONS,
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ps", "every process" },
	{ "hostkit ps --sort -rss --limit 10", "the ten with the most memory" },
	{ "hostkit ps --filter 'cpu > 5 && user == www && name ~ ^node'",
	    "those that take more than 5 % of a processor, measured over 200 ms" },
	{ "hostkit ps --tree 4711", "a process with everything it started" },
	{ "hostkit ps --group service --sort -rss",
	    "memory by systemd unit or container" },
	{ "hostkit ps -i 1s --sort -cpu --limit 5",
	    "the busiest five of each second, and who started and ended" },
	{ "hostkit ps -i 1s -n 60 --json > minute.ndjson", "a minute, for programs" },
	{ "hostkit ps 4711 --show files,connections", "what it holds open" },
	{ "hostkit ps -p 4711 -o pid,ppid,%cpu,args", "as ps(1) is asked" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "they were listed" },
	{ "1", "there are none of that user, or of which the filter is true" },
	{ "2", "the command line is wrong" },
	{ "4", "none of the processes named is there, or no such user" },
	{ "6", "not allowed" },
	{ "8", "some of the processes named are not there" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ps = {
	.name = "ps",
	.group = CMD_GROUP_SEE,
	.arguments = "[PID[@START[:INODE]]…]",
	.help = "list the processes of this machine, or watch them",
	.description =
	    "Lists every process, or those named, chosen by a filter or of a user. Sizes "
	    "and times in a filter are written as 512M and 90s; ~ takes a regular "
	    "expression, /REGEX/ looks at every text. The unit of a column may be left "
	    "out: cpu for cpu_percent, rss for rss_bytes. --columns all shows what "
	    "there is to choose from. A filter by text leaves out this hostkit itself, "
	    "whose command line holds the filter's words, unless it is asked for by "
	    "its id.\n\n"
	    "Figures over an interval (cpu_percent, read_bytes_per_s, "
	    "written_bytes_per_s) are measured between two samples: over 200 ms when "
	    "they are asked for, over each interval with -i. What was not measured "
	    "yet, or may not be seen, is never shown as 0: a - stands for absent, a ? "
	    "for denied.\n\n"
	    "With -i each interval is a sample: what processes did in it, who started "
	    "(+) and who ended (-). With the rights of root also processes are told "
	    "that lived between two samples. With --json a sample is a line.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_PROCESS,
	.operands_max = CMD_OPERANDS_ANY,
	.run = run_ps,
};
