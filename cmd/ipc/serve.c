/*
 * `hostkit ipc serve`: a broker for calls and subjects, until it is told to stop.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <hostkit/ipc_broker.h>
#include "base/clock.h"
#include "exit.h"
#include "output/fail.h"
#include "session.h"
#include "values.h"
#include "verbs.h"

enum { SERVE_SLOW = 1, SERVE_QUEUE, SERVE_TOTAL, SERVE_MESSAGE, SERVE_CONNECTIONS };

/* For all connections together, unless it is said: much for any machine, and not all. */
#define QUEUE_TOTAL_DEFAULT ((size_t) 64 << 20)
/* For what is left to say when it is told to stop. */
#define LAST_WORDS_NS (2 * HKI_NS_PER_S)

typedef struct serving {
	ipc_session session;
	hk_ipc_broker *broker;
	hk_ipc_opts connection;
	hk_ipc_broker_opts opts;
	bool drained;
} serving;

static void on_drained(hk_ipc_server *server, int result, void *user)
{
	(void) server;
	(void) result;
	((serving *) user)->drained = true;
}

/* Let everybody have what was sent to them. */
static void drain(serving *all)
{
	int r = hk_ipc_server_drain(
	    hk_ipc_broker_server(all->broker), LAST_WORDS_NS, on_drained, all);

	while (r >= 0 && !all->drained)
		r = hk_loop_run_once(all->session.loop, -1);
}

static void write_count(hk_json_writer *writer, const char *key, uint64_t count)
{
	hk_json_write_key(writer, key);
	hk_json_write_uint64(writer, count);
}

static int report(serving *all, const hk_ipc_broker_stats *stats)
{
	const cmd_output *output = &all->session.call->output;
	hk_json_writer *writer;

	if (!output->json) {
		cmd_note(output,
		    "%" PRIu64 " published, %" PRIu64 " delivered, %" PRIu64
		    " dropped, %" PRIu64 " calls passed on",
		    stats->published, stats->delivered, stats->dropped, stats->calls);
		if (stats->total_overflows > 0)
			cmd_note(output,
			    "the queues of all connections were full together %" PRIu64
			    " times; --queue-total gives them more",
			    stats->total_overflows);
		return CMD_EXIT_OK;
	}
	writer = ipc_event_begin(&all->session, "hostkit.ipc.serve/1");
	hk_json_write_key(writer, "kind");
	hk_json_write_string(writer, "stopped");
	write_count(writer, "published", stats->published);
	write_count(writer, "delivered", stats->delivered);
	write_count(writer, "dropped", stats->dropped);
	write_count(writer, "disconnected", stats->disconnected);
	write_count(writer, "calls", stats->calls);
	write_count(writer, "calls_unknown", stats->calls_unknown);
	write_count(writer, "total_overflows", stats->total_overflows);
	ipc_event_end(&all->session);
	return cmd_close_stdout(output, CMD_EXIT_OK);
}

static int work(serving *all)
{
	const cmd_call *call = all->session.call;
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };
	int status;
	int r;

	all->opts.connection = &all->connection;
	r = hk_ipc_broker_listen(&all->broker, all->session.loop, call->operands[0],
	    &all->opts, all->session.errors);
	if (r < 0)
		return ipc_fail(&all->session, "listen at", call->operands[0], r);
	ipc_tell_ready(&all->session, "hostkit.ipc.serve/1", "serving",
	    hk_ipc_server_url(hk_ipc_broker_server(all->broker)));
	status = ipc_session_run(&all->session);
	drain(all);
	r = hk_ipc_broker_stats_read(all->broker, &stats);
	if (status == CMD_EXIT_OK && r == 0)
		status = report(all, &stats);
	return status;
}

static int read_options(serving *all, const cmd_call *call)
{
	uint64_t bytes = 0;
	int64_t count = 0;
	int slow = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		switch (given->option->id) {
		case SERVE_SLOW:
			status = cmd_value_word(&slow, call, given);
			all->opts.slow = (uint32_t) slow;
			break;
		case SERVE_QUEUE:
			status = cmd_value_size(&bytes, call, given);
			all->connection.queue_max_bytes = bytes;
			break;
		case SERVE_TOTAL:
			status = cmd_value_size(&bytes, call, given);
			all->connection.queue_total_max_bytes = bytes;
			break;
		case SERVE_MESSAGE:
			status = cmd_value_size(&bytes, call, given);
			all->connection.message_max_bytes = bytes;
			break;
		case SERVE_CONNECTIONS:
			status = cmd_value_integer(&count, call, given, 1, UINT32_MAX);
			all->connection.connections_max = (uint32_t) count;
			break;
		}
	}
	return status;
}

static int run_serve(const cmd_call *call)
{
	serving all = { .connection = HK_IPC_OPTS_INIT, .opts = HK_IPC_BROKER_OPTS_INIT };
	int status;

	all.connection.queue_total_max_bytes = QUEUE_TOTAL_DEFAULT;
	status = read_options(&all, call);
	if (status == 0)
		status = ipc_session_open(&all.session, call);
	if (status != 0)
		return status;
	status = work(&all);
	hk_ipc_broker_free(all.broker);
	ipc_session_close(&all.session);
	return status;
}

static const cmd_option options[] = {
	{ .id = SERVE_SLOW,
	    .name = "slow",
	    .argument = "WORD",
	    .help = "what a subscriber that does not keep up loses: the newest news (the "
		    "default), the oldest, or its connection",
	    .values = "newest oldest disconnect" },
	{ .id = SERVE_QUEUE,
	    .name = "queue-max",
	    .argument = "SIZE",
	    .help = "what may wait for one connection (1M)" },
	{ .id = SERVE_TOTAL,
	    .name = "queue-total",
	    .argument = "SIZE",
	    .help = "what may wait for all connections together; as it fills, those with "
		    "the most waiting lose first, by --slow (64M)" },
	{ .id = SERVE_MESSAGE,
	    .name = "message-max",
	    .argument = "SIZE",
	    .help = "the largest message (1M)" },
	{ .id = SERVE_CONNECTIONS,
	    .name = "connections",
	    .argument = "N",
	    .help = "at most so many at once; more wait to be accepted" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ipc serve unix:bus.sock", "is a broker for your own programs" },
	{ "hostkit ipc serve tcp:7000 --slow oldest",
	    "keeps the newest for who is slow; loopback alone" },
	{ "hostkit ipc serve unix:bus.sock & socat - UNIX-CONNECT:bus.sock",
	    "talks to it by hand" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "it was told to stop, and did" },
	{ "2", "the command line is wrong" },
	{ "6", "not allowed" },
	{ "9", "it failed otherwise, such as a URL in use" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_serve = {
	.name = "ipc serve",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "URL",
	.help = "be a broker for calls and subjects",
	.description =
	    "Listens at URL until SIGINT or SIGTERM. Programs that dial it publish and "
	    "subscribe, and call methods that others have registered; it is JSON-RPC "
	    "2.0, one "
	    "object a line.\n\n"
	    "A subscriber says "
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sub\",\"params\":"
	    "{\"topic\":\"cpu.>\"}}, a publisher {\"jsonrpc\":\"2.0\",\"method\":\"pub\","
	    "\"params\":{\"topic\":\"cpu.0\",\"data\":1}}, a service \"register\" with "
	    "{\"method\":NAME}.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_serve,
};
