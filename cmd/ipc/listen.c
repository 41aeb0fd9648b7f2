/*
 * `hostkit ipc listen`: the other end for a moment.  Messages that arrive are
 * printed, or given to a program whose lines go back.
 */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "exit.h"
#include "output/fail.h"
#include "values.h"
#include "verbs.h"

enum { LISTEN_EXEC = 1, LISTEN_FRAMING, LISTEN_COUNT, LISTEN_TIMEOUT, LISTEN_MODE };

void ipc_listening_print(ipc_listening *all, const char *from, int32_t pid,
    const char *bytes, size_t length, size_t full)
{
	hk_json_writer *writer;

	if (all->session.stopped)
		return;
	if (!all->session.call->output.json) {
		ipc_print(&all->session, bytes, length);
	} else {
		writer = ipc_event_begin(&all->session, "hostkit.ipc.listen/1");
		hk_json_write_key(writer, "kind");
		hk_json_write_string(writer, "message");
		if (from[0] != '\0') {
			hk_json_write_key(writer, "from");
			hk_json_write_string(writer, from);
		}
		if (pid > 0) {
			hk_json_write_key(writer, "pid");
			hk_json_write_int64(writer, pid);
		}
		if (full > length) {
			hk_json_write_key(writer, "lost_bytes");
			hk_json_write_uint64(writer, full - length);
		}
		ipc_write_data(&all->session, bytes, length);
		ipc_event_end(&all->session);
	}
	if (++all->heard == all->count)
		ipc_session_stop(&all->session, CMD_EXIT_OK);
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int listen_by_scheme(ipc_listening *all)
{
	const cmd_output *output = &all->session.call->output;
	bool one_way = begins_with(all->url, "udp:") || begins_with(all->url, "fifo:");

	if (one_way && all->command != NULL)
		return cmd_fail(output, CMD_EXIT_USAGE, 0, "use unix: or tcp:",
		    "--exec answers, and nobody can be answered at '%s'", all->url);
	if (begins_with(all->url, "udp:"))
		return ipc_listen_datagram(all);
	if (begins_with(all->url, "fifo:"))
		return ipc_listen_fifo(all);
	return ipc_listen_stream(all);
}

static int read_mode(ipc_listening *all, const cmd_call *call, const cmd_given *given)
{
	unsigned int mode = 0;
	int used = 0;

	if (sscanf(given->value, "%4o%n", &mode, &used) != 1 ||
	    given->value[used] != '\0' || mode == 0 || mode > 0777)
		return cmd_value_fail(call, given, "permissions", "write them as 660");
	all->connection.mode = mode;
	return 0;
}

static int read_options(ipc_listening *all, const cmd_call *call, uint64_t *timeout_ns)
{
	int64_t count = 0;
	int framing = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		switch (given->option->id) {
		case LISTEN_EXEC:
			all->command = given->value;
			break;
		case LISTEN_FRAMING:
			status = cmd_value_word(&framing, call, given);
			break;
		case LISTEN_COUNT:
			status = cmd_value_integer(&count, call, given, 1, INT64_MAX);
			break;
		case LISTEN_TIMEOUT:
			status = cmd_value_duration(timeout_ns, call, given);
			break;
		case LISTEN_MODE:
			status = read_mode(all, call, given);
			break;
		}
	}
	all->count = (uint64_t) count;
	/* The words stand in the order of HK_IPC_FRAMING_…, the last is NONE. */
	all->connection.framing = framing == 3 ? HK_IPC_FRAMING_NONE : (uint32_t) framing;
	return status;
}

static int run_listen(const cmd_call *call)
{
	ipc_listening all = { .url = call->operands[0], .connection = HK_IPC_OPTS_INIT };
	uint64_t timeout_ns = 0;
	int status = read_options(&all, call, &timeout_ns);

	if (status == 0)
		status = ipc_session_open(&all.session, call);
	if (status != 0)
		return status;
	if (timeout_ns > 0)
		status = ipc_session_limit(
		    &all.session, timeout_ns, all.count > 0 ? CMD_EXIT_NO : CMD_EXIT_OK);
	if (status == 0)
		status = listen_by_scheme(&all);
	ipc_session_close(&all.session);
	return status;
}

static const cmd_option options[] = {
	{ .id = LISTEN_EXEC,
	    .letter = 'e',
	    .name = "exec",
	    .argument = "COMMAND",
	    .help = "run it by sh -c for each connection: messages are the lines of its "
		    "input, and the lines it prints are the answers" },
	{ .id = LISTEN_FRAMING,
	    .letter = 'f',
	    .name = "framing",
	    .argument = "WORD",
	    .help = "how messages are told apart: auto (JSON lines, or length-prefixed), "
		    "lines of any text, length, or none",
	    .values = "auto lines length none" },
	{ .id = LISTEN_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "end after so many messages" },
	{ .id = LISTEN_TIMEOUT,
	    .letter = 't',
	    .name = "timeout",
	    .argument = "TIME",
	    .help = "end after so long; with --count that is a failure" },
	{ .id = LISTEN_MODE,
	    .name = "mode",
	    .argument = "MODE",
	    .help = "permissions of the socket file or pipe (600)" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ipc listen unix:in.sock", "prints what is sent there" },
	{ "hostkit ipc listen tcp:7000 --exec 'jq --unbuffered -c .name'",
	    "answers each message with its name" },
	{ "hostkit ipc listen udp:*:9999", "prints datagrams from everywhere" },
	{ "hostkit ipc listen fifo:/tmp/pipe", "prints what is written to a named pipe" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "enough messages came, or it was told to stop" },
	{ "1", "not enough came in time" },
	{ "2", "the command line is wrong" },
	{ "6", "not allowed" },
	{ "9", "it failed otherwise, such as a URL in use" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_listen = {
	.name = "ipc listen",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "URL",
	.help = "print messages that arrive, or have a program answer them",
	.description =
	    "Listens at URL and prints each message that arrives on a line of its own. "
	    "URL is "
	    "unix:PATH, unix:@NAME, tcp:HOST:PORT, udp:HOST:PORT, fifo:PATH, fd:N or "
	    "activation:NAME; without a host it is this machine alone, with * every "
	    "address.\n\n"
	    "With --json each message is one object that says where it came from.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_listen,
};
