/*
 * `hostkit ipc pub`: news for whoever listens.  Each is a call, not a notification, so
 * that the end of the command means that the broker has passed it on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/ipc_pubsub.h>
#include "base/clock.h"
#include "base/cleanup.h"
#include "exit.h"
#include "output/document.h"
#include "output/fail.h"
#include "session.h"
#include "values.h"
#include "verbs.h"

enum { PUB_TIMEOUT = 1, PUB_WAIT };

/* What may be on its way before more of the input is read: lines, and bytes that the
 * broker has not taken.  The queue has room for that and the largest line. */
#define UNDER_WAY_MAX    1024
#define QUEUED_BYTES_MAX ((size_t) 1 << 20)
#define QUEUE_BYTES      ((size_t) 4 << 20)

typedef struct publishing {
	ipc_session session;
	ipc_input input;
	hk_ipc_rpc *rpc;
	const char *url;
	const char *subject;
	uint64_t timeout_ns;
	uint64_t published;
	uint64_t delivered; /* a subscriber each */
	uint64_t refused;
	size_t under_way;
	bool read_all;
} publishing;

static bool is_full(const publishing *all)
{
	return all->under_way >= UNDER_WAY_MAX ||
	       hk_ipc_queued_bytes(hk_ipc_rpc_connection(all->rpc)) >= QUEUED_BYTES_MAX;
}

static void finish_if_done(publishing *all)
{
	if (all->read_all && all->under_way == 0)
		ipc_session_stop(
		    &all->session, all->refused > 0 ? CMD_EXIT_PARTLY : CMD_EXIT_OK);
}

static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	publishing *all = user;
	uint64_t subscribers = 0;

	(void) call;
	all->under_way--;
	if (reply->status == -EREMOTEIO) {
		all->refused++;
		ipc_session_stop(&all->session,
		    cmd_fail(&all->session.call->output,
			reply->error_code == HK_IPC_ERROR_METHOD ? CMD_EXIT_ABSENT
								 : CMD_EXIT_NO,
			0,
			reply->error_code == HK_IPC_ERROR_METHOD
			    ? "'hostkit ipc serve' makes a broker"
			    : NULL,
			"'%s' did not take it: %s", all->url, reply->error_text));
		return;
	}
	if (reply->status < 0) {
		ipc_end_with(&all->session, "publish at", all->url, reply->status);
		return;
	}
	if (hk_json_get_uint64(
		&subscribers, hk_json_member(reply->result, "subscribers")) == 0)
		all->delivered += subscribers;
	all->published++;
	if (all->under_way < UNDER_WAY_MAX / 2 && !is_full(all))
		ipc_input_resume(&all->input);
	finish_if_done(all);
}

/* {"topic": …, "data": …} with the text as it is.  Owned; NULL: no memory. */
static char *params_of(const publishing *all, const char *json, size_t length)
{
	hki_buffer text = HKI_BUFFER_INIT;
	hk_json_writer *writer;
	char *taken = NULL;

	if (hk_json_writer_new(&writer, 0) < 0)
		return NULL;
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "topic");
	hk_json_write_string(writer, all->subject);
	hk_json_write_key(writer, "data");
	hk_json_write_raw(writer, json, length);
	hk_json_write_object_end(writer);
	if (hk_json_writer_text(writer, NULL) != NULL &&
	    hki_buffer_append_text(&text, hk_json_writer_text(writer, NULL)) == 0)
		taken = hki_buffer_take(&text);
	hki_buffer_deinit(&text);
	hk_json_writer_free(writer);
	return taken;
}

static int publish(publishing *all, const char *json, size_t length)
{
	hki_cleanup(hki_freep) char *params = params_of(all, json, length);
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	int r;

	if (params == NULL)
		return -ENOMEM;
	opts.method = "pub";
	opts.params = params;
	opts.timeout_ns = all->timeout_ns;
	opts.fn = on_reply;
	opts.user = all;
	r = hk_ipc_call_start(NULL, all->rpc, &opts);
	if (r == 0)
		all->under_way++;
	return r;
}

static void on_line(ipc_input *input, const char *line, size_t length)
{
	publishing *all = input->user;
	int status = ipc_check_line(&all->session, input->line, line, length);
	int r;

	if (status != 0) {
		ipc_session_stop(&all->session, status);
		return;
	}
	r = publish(all, line, length);
	if (r < 0)
		ipc_end_with(&all->session, "publish at", all->url, r);
	else if (is_full(all))
		ipc_input_pause(input);
}

static void on_end(ipc_input *input)
{
	publishing *all = input->user;

	all->read_all = true;
	finish_if_done(all);
}

/* Read the input, or publish the operand.  0 or an exit code. */
static int begin(publishing *all)
{
	const cmd_call *call = all->session.call;
	const char *json = call->operand_count > 2 ? call->operands[2] : NULL;
	int r;

	if (json == NULL)
		return ipc_input_start(&all->input, &all->session);
	r = publish(all, json, strlen(json));
	if (r < 0)
		return ipc_fail(&all->session, "publish at", all->url, r);
	all->read_all = true;
	return 0;
}

static void on_connect(hk_ipc_rpc *rpc, void *user)
{
	publishing *all = user;
	int status = begin(all);

	(void) rpc;
	if (status != 0)
		ipc_session_stop(&all->session, status);
}

static int check_operand(publishing *all)
{
	const cmd_call *call = all->session.call;

	if (call->operand_count < 3)
		return 0;
	return ipc_check_json(
	    &all->session, call->operands[2], strlen(call->operands[2]));
}

static int tell_counts(publishing *all, int status)
{
	const cmd_output *output = &all->session.call->output;
	hk_json_writer *writer;

	if (!output->json || status != CMD_EXIT_OK)
		return status;
	writer = cmd_document_begin(output, "hostkit.ipc.pub/1");
	if (writer != NULL) {
		hk_json_write_key(writer, "published");
		hk_json_write_uint64(writer, all->published);
		hk_json_write_key(writer, "delivered");
		hk_json_write_uint64(writer, all->delivered);
	}
	return cmd_document_end(output, writer, status);
}

static int work(publishing *all)
{
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	int status = check_operand(all);

	connection.queue_max_bytes = QUEUE_BYTES;
	opts.connection = &connection;
	opts.on_connect = on_connect;
	opts.user = all;
	if (status == 0)
		status = ipc_dial(&all->rpc, &all->session, all->url, &opts);
	if (status == 0)
		status = tell_counts(all, ipc_session_run(&all->session));
	ipc_input_stop(&all->input);
	hki_buffer_deinit(&all->input.text);
	hk_ipc_rpc_free(all->rpc);
	return status;
}

static int run_pub(const cmd_call *call)
{
	publishing all = { .url = call->operands[0],
		.subject = call->operands[1],
		.timeout_ns = 10 * HKI_NS_PER_S,
		.input = { .on_line = on_line, .on_end = on_end } };
	int status = 0;

	all.input.user = &all;
	for (size_t i = 0; status == 0 && i < call->given_count; i++)
		status = call->given[i].option->id == PUB_WAIT
			     ? ipc_session_wait(&all.session, call, &call->given[i])
			     : cmd_value_duration(&all.timeout_ns, call, &call->given[i]);
	if (status == 0 && hk_ipc_subject_check(all.subject) < 0)
		status = cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "a subject is tokens between dots, such as cpu.0.load",
		    "'%s' is no subject", all.subject);
	if (status == 0)
		status = ipc_session_open(&all.session, call);
	if (status != 0)
		return status;
	status = work(&all);
	ipc_session_close(&all.session);
	return status;
}

static const cmd_option options[] = {
	{ .id = PUB_TIMEOUT,
	    .letter = 't',
	    .name = "timeout",
	    .argument = "TIME",
	    .help = "how long to wait for the broker (10s)" },
	IPC_WAIT_OPTION(PUB_WAIT),
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ipc pub unix:bus.sock jobs.done '{\"id\": 7}'",
	    "tells it to everybody" },
	{ "tail -f events.jsonl | hostkit ipc pub unix:bus.sock events",
	    "publishes each line" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "the broker has passed everything on, perhaps to nobody" },
	{ "1", "the broker refused" },
	{ "2", "the command line is wrong, or a line is not JSON" },
	{ "3", "nobody listens at URL" },
	{ "4", "there is no such socket, or no broker behind it" },
	{ "6", "not allowed" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_pub = {
	.name = "ipc pub",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "URL SUBJECT [JSON]",
	.help = "publish news through a broker",
	.description = "Publishes JSON under SUBJECT at the broker that listens at URL. "
		       "Without JSON every line of standard input is published, one JSON "
		       "value a line.\n\n"
		       "The command ends when the broker has passed everything on. With "
		       "--json it tells how much that was.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_min = 2,
	.operands_max = 3,
	.run = run_pub,
};
