/*
 * `hostkit ipc sub`: what is published, a line each, until enough has come or Ctrl-C.
 * A connection that is lost is made again, and what may be missing is told.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/ipc_pubsub.h>
#include "base/clock.h"
#include "exit.h"
#include "output/fail.h"
#include "session.h"
#include "values.h"
#include "verbs.h"

enum { SUB_QUEUE = 1, SUB_COUNT, SUB_TIMEOUT, SUB_DATA, SUB_WAIT };

#define PATTERNS_MAX 64

typedef struct subscribing {
	ipc_session session;
	hk_ipc_rpc *rpc;
	const char *url;
	const char *queue;
	uint64_t count; /* 0: without end */
	uint64_t timeout_ns;
	uint64_t heard;
	bool data_only;
	bool stood;
	int ready;
	hk_ipc_subscription *subscriptions[PATTERNS_MAX];
} subscribing;

static void write_news(
    hk_json_writer *writer, hk_ipc_subscription *subscription, const hk_ipc_news *news)
{
	hk_json_write_key(writer, "topic");
	hk_json_write_string(writer, news->subject);
	hk_json_write_key(writer, "data");
	hk_json_write_value(writer, news->data);
	hk_json_write_key(writer, "pattern");
	hk_json_write_string(writer, hk_ipc_subscription_pattern(subscription));
	hk_json_write_key(writer, "news_seq");
	hk_json_write_uint64(writer, news->seq);
}

static void print_event(
    subscribing *all, hk_ipc_subscription *subscription, const hk_ipc_news *news)
{
	hk_json_writer *writer = ipc_event_begin(&all->session, "hostkit.ipc.sub/1");

	hk_json_write_key(writer, "kind");
	hk_json_write_string(writer, "news");
	write_news(writer, subscription, news);
	ipc_event_end(&all->session);
}

static void print_line(subscribing *all, const hk_ipc_news *news)
{
	hk_json_writer *writer = all->session.writer;
	const char *text;
	size_t length;

	hk_json_writer_reset(writer);
	if (!all->data_only) {
		hk_json_write_object_begin(writer);
		hk_json_write_key(writer, "topic");
		hk_json_write_string(writer, news->subject);
		hk_json_write_key(writer, "data");
	}
	hk_json_write_value(writer, news->data);
	if (!all->data_only)
		hk_json_write_object_end(writer);
	text = hk_json_writer_text(writer, &length);
	if (text != NULL)
		ipc_print(&all->session, text, length);
}

static void on_news(
    hk_ipc_subscription *subscription, const hk_ipc_news *news, void *user)
{
	subscribing *all = user;

	if (all->session.stopped)
		return;
	if (all->session.call->output.json)
		print_event(all, subscription, news);
	else
		print_line(all, news);
	if (++all->heard == all->count)
		ipc_session_stop(&all->session, CMD_EXIT_OK);
}

static void on_gap(hk_ipc_subscription *subscription, uint64_t missed, void *user)
{
	subscribing *all = user;
	hk_json_writer *writer;

	if (!all->session.call->output.json && missed == HK_IPC_MISSED_UNKNOWN) {
		cmd_note(&all->session.call->output,
		    "the connection was lost; what was published meanwhile is missing");
		return;
	}
	if (!all->session.call->output.json) {
		cmd_note(
		    &all->session.call->output, "%" PRIu64 " missing: too slow", missed);
		return;
	}
	writer = ipc_event_begin(&all->session, "hostkit.ipc.sub/1");
	hk_json_write_key(writer, "kind");
	hk_json_write_string(writer, "gap");
	hk_json_write_key(writer, "pattern");
	hk_json_write_string(writer, hk_ipc_subscription_pattern(subscription));
	if (missed != HK_IPC_MISSED_UNKNOWN) {
		hk_json_write_key(writer, "missed");
		hk_json_write_uint64(writer, missed);
	}
	ipc_event_end(&all->session);
}

static void on_status(
    hk_ipc_subscription *subscription, int status, const char *text, void *user)
{
	subscribing *all = user;

	ipc_session_answered(&all->session);
	if (status == -EREMOTEIO)
		ipc_session_stop(
		    &all->session, cmd_fail(&all->session.call->output, CMD_EXIT_NO, 0,
				       NULL, "'%s' refused '%s': %s", all->url,
				       hk_ipc_subscription_pattern(subscription), text));
	/* Said once everything that is published from now on is heard. */
	if (status == 0 && ++all->ready == all->session.call->operand_count - 1)
		ipc_tell_ready(&all->session, "hostkit.ipc.sub/1", "listening", NULL);
}

static void on_connect(hk_ipc_rpc *rpc, void *user)
{
	subscribing *all = user;

	(void) rpc;
	all->stood = true;
}

/* The first attempt decides; later ones are made until it stands again. */
static void on_retry(hk_ipc_rpc *rpc, int reason, void *user)
{
	subscribing *all = user;

	if (!all->stood &&
	    !ipc_session_goes_on(&all->session, hk_ipc_rpc_connection(rpc), reason))
		ipc_end_with(&all->session, "dial", all->url, reason);
}

static int subscribe_all(subscribing *all)
{
	const cmd_call *call = all->session.call;
	hk_ipc_subscribe_opts opts = HK_IPC_SUBSCRIBE_OPTS_INIT;
	int r = 0;

	opts.queue = all->queue;
	opts.on_news = on_news;
	opts.on_gap = on_gap;
	opts.on_status = on_status;
	opts.user = all;
	for (int i = 1; i < call->operand_count && r == 0; i++) {
		opts.pattern = call->operands[i];
		r = hk_ipc_subscribe(&all->subscriptions[i - 1], all->rpc, &opts);
	}
	return r < 0 ? ipc_fail(&all->session, "subscribe at", all->url, r) : 0;
}

static int work(subscribing *all)
{
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	int status;

	connection.reconnect = 1;
	opts.connection = &connection;
	opts.on_connect = on_connect;
	opts.on_retry = on_retry;
	opts.user = all;
	status = ipc_dial(&all->rpc, &all->session, all->url, &opts);
	if (status == 0)
		status = subscribe_all(all);
	if (status == 0)
		status = ipc_session_expect(&all->session, all->url);
	if (status == 0 && all->timeout_ns > 0)
		status = ipc_session_limit(&all->session, all->timeout_ns,
		    all->count > 0 ? CMD_EXIT_NO : CMD_EXIT_OK);
	if (status == 0)
		status = ipc_session_run(&all->session);
	for (int i = 0; i < PATTERNS_MAX; i++)
		hk_ipc_subscription_free(all->subscriptions[i]);
	hk_ipc_rpc_free(all->rpc);
	return status;
}

static int read_options(subscribing *all, const cmd_call *call)
{
	int64_t count = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		switch (given->option->id) {
		case SUB_QUEUE:
			all->queue = given->value;
			break;
		case SUB_COUNT:
			status = cmd_value_integer(&count, call, given, 1, INT64_MAX);
			break;
		case SUB_TIMEOUT:
			status = cmd_value_duration(&all->timeout_ns, call, given);
			break;
		case SUB_DATA:
			all->data_only = true;
			break;
		case SUB_WAIT:
			status = ipc_session_wait(&all->session, call, given);
			break;
		}
	}
	all->count = (uint64_t) count;
	if (status == 0 && all->queue != NULL &&
	    (strchr(all->queue, '.') != NULL || hk_ipc_subject_check(all->queue) < 0))
		status = cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "a queue is one word, such as workers", "'%s' is no queue",
		    all->queue);
	for (int i = 1; status == 0 && i < call->operand_count; i++)
		if (hk_ipc_pattern_check(call->operands[i]) < 0)
			status = cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
			    "* is one token, > at the end all that follow: cpu.*.load, "
			    "cpu.>",
			    "'%s' is no pattern", call->operands[i]);
	return status;
}

static int run_sub(const cmd_call *call)
{
	static subscribing all;
	int status;

	memset(&all, 0, sizeof(all));
	all.url = call->operands[0];
	status = read_options(&all, call);
	if (status == 0)
		status = ipc_session_open(&all.session, call);
	if (status != 0)
		return status;
	status = work(&all);
	ipc_session_close(&all.session);
	return status;
}

static const cmd_option options[] = {
	{ .id = SUB_QUEUE,
	    .letter = 'q',
	    .name = "queue",
	    .argument = "NAME",
	    .help = "share the news with all who name the same queue: each goes to one" },
	{ .id = SUB_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "end after so many" },
	{ .id = SUB_TIMEOUT,
	    .letter = 't',
	    .name = "timeout",
	    .argument = "TIME",
	    .help = "end after so long; with --count that is a failure" },
	{ .id = SUB_DATA,
	    .letter = 'd',
	    .name = "data",
	    .help = "print what was published alone, without its subject" },
	IPC_WAIT_OPTION(SUB_WAIT),
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ipc sub unix:bus.sock 'cpu.*.load'", "prints every processor's load" },
	{ "hostkit ipc sub -d -q workers unix:bus.sock jobs.new | xargs -n 1 ./work",
	    "is one worker of several" },
	{ "hostkit ipc sub -n 1 -t 5s unix:bus.sock ready", "waits for it, at most 5 s" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "everything asked for has come, or Ctrl-C" },
	{ "1", "not enough came in time, or the broker refused" },
	{ "2", "the command line is wrong" },
	{ "3", "nobody listens at URL" },
	{ "4", "there is no such socket" },
	{ "6", "not allowed" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_sub = {
	.name = "ipc sub",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "URL PATTERN…",
	.help = "print what is published through a broker",
	.description =
	    "Subscribes at the broker that listens at URL and prints what is published "
	    "under "
	    "subjects that match a PATTERN: {\"topic\": …, \"data\": …}, a line each. In "
	    "a "
	    "pattern * is one token, and > at the end all that follow.\n\n"
	    "What the broker had to drop because this reader was slow is told on stderr. "
	    "A "
	    "lost connection is made again, and what may be missing is told too.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_min = 2,
	.operands_max = PATTERNS_MAX + 1,
	.run = run_sub,
};
