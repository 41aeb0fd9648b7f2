/*
 * `hostkit ipc call`: one call, its answer on stdout.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "exit.h"
#include "output/document.h"
#include "output/fail.h"
#include "session.h"
#include "values.h"
#include "verbs.h"

enum { CALL_TIMEOUT = 1, CALL_NOTIFY, CALL_WAIT };

typedef struct asking {
	ipc_session session;
	const char *url;
	const char *method;
	const char *params;
	uint64_t timeout_ns;
	uint64_t begin_ns;
	bool notify;
} asking;

static void print_result(asking *asked, const hk_json *result)
{
	hk_json_writer *writer;
	const char *text;
	size_t length;

	if (hk_json_writer_new(&writer, asked->session.terminal ? 2 : 0) < 0)
		return;
	hk_json_write_value(writer, result);
	text = hk_json_writer_text(writer, &length);
	if (text != NULL) {
		fwrite(text, 1, length, stdout);
		putchar('\n');
	}
	hk_json_writer_free(writer);
}

static int print_document(asking *asked, const hk_ipc_reply *reply, int status)
{
	const cmd_output *output = &asked->session.call->output;
	hk_json_writer *writer = cmd_document_begin(output, "hostkit.ipc.call/1");
	double ms = (double) (hki_clock_monotonic_ns() - asked->begin_ns) / 1e6;

	if (writer == NULL)
		return cmd_document_end(output, writer, status);
	hk_json_write_key(writer, "method");
	hk_json_write_string(writer, asked->method);
	hk_json_write_key(writer, "ok");
	hk_json_write_bool(writer, reply->status == 0);
	hk_json_write_key(writer, "time_ms");
	hk_json_write_decimal(writer, ms, 3);
	if (reply->status == 0) {
		hk_json_write_key(writer, "result");
		hk_json_write_value(writer, reply->result);
		return cmd_document_end(output, writer, status);
	}
	hk_json_write_key(writer, "code");
	hk_json_write_int64(writer, reply->error_code);
	hk_json_write_key(writer, "message");
	hk_json_write_string(writer, reply->error_text);
	if (reply->error_data != NULL) {
		hk_json_write_key(writer, "data");
		hk_json_write_value(writer, reply->error_data);
	}
	return cmd_document_end(output, writer, status);
}

/* The other side said no: 4 when it does not know the method, else 1. */
static int refused(asking *asked, const hk_ipc_reply *reply)
{
	const cmd_output *output = &asked->session.call->output;
	int status =
	    reply->error_code == HK_IPC_ERROR_METHOD ? CMD_EXIT_ABSENT : CMD_EXIT_NO;

	if (output->json)
		return print_document(asked, reply, status);
	return cmd_fail(output, status, 0, NULL, "'%s' failed: %s (%lld)", asked->method,
	    reply->error_text, (long long) reply->error_code);
}

static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	asking *asked = user;
	int status = CMD_EXIT_OK;

	(void) call;
	if (reply->status == -EREMOTEIO)
		status = refused(asked, reply);
	else if (reply->status < 0)
		status = ipc_fail(
		    &asked->session, "get an answer from", asked->url, reply->status);
	else if (asked->session.call->output.json)
		status = print_document(asked, reply, status);
	else
		print_result(asked, reply->result);
	ipc_session_stop(&asked->session, status);
}

static void on_close(hk_ipc_rpc *rpc, int reason, void *user)
{
	asking *asked = user;

	(void) rpc;
	if (reason == 0)
		ipc_session_stop(&asked->session, CMD_EXIT_OK);
	else
		ipc_end_with(&asked->session, "dial", asked->url, reason);
}

static int begin(asking *asked, hk_ipc_rpc *rpc)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	int r;

	if (asked->notify) {
		r = hk_ipc_notify(rpc, asked->method, asked->params);
		hk_ipc_rpc_close(rpc, asked->timeout_ns + asked->session.wait_ns);
		return r;
	}
	opts.method = asked->method;
	opts.params = asked->params;
	opts.timeout_ns = asked->timeout_ns + asked->session.wait_ns;
	opts.fn = on_reply;
	opts.user = asked;
	asked->begin_ns = hki_clock_monotonic_ns();
	return hk_ipc_call_start(NULL, rpc, &opts);
}

static int ask(asking *asked)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_rpc *rpc;
	int status;
	int r;

	opts.on_close = on_close;
	opts.user = asked;
	status = ipc_dial(&rpc, &asked->session, asked->url, &opts);
	if (status != 0)
		return status;
	r = begin(asked, rpc);
	status = r < 0 ? ipc_fail(&asked->session, "call", asked->url, r)
		       : ipc_session_run(&asked->session);
	hk_ipc_rpc_free(rpc);
	return status;
}

static int read_params(asking *asked)
{
	const cmd_call *call = asked->session.call;
	int status;

	if (call->operand_count < 3)
		return 0;
	asked->params = call->operands[2];
	status = ipc_check_json(&asked->session, asked->params, strlen(asked->params));
	if (status != 0)
		return status;
	if (hk_json_kind_of(hk_json_root(asked->session.document)) < HK_JSON_ARRAY)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "put it into brackets: '[1]'",
		    "params are an array or an object, not '%.60s'", asked->params);
	return 0;
}

static int run_call(const cmd_call *call)
{
	asking asked = { .url = call->operands[0],
		.method = call->operands[1],
		.timeout_ns = 10 * HKI_NS_PER_S };
	int status = 0;

	for (size_t i = 0; status == 0 && i < call->given_count; i++) {
		if (call->given[i].option->id == CALL_NOTIFY)
			asked.notify = true;
		else if (call->given[i].option->id == CALL_WAIT)
			status = ipc_session_wait(&asked.session, call, &call->given[i]);
		else
			status =
			    cmd_value_duration(&asked.timeout_ns, call, &call->given[i]);
	}
	if (status == 0)
		status = ipc_session_open(&asked.session, call);
	if (status != 0)
		return status;
	status = read_params(&asked);
	if (status == 0)
		status = ask(&asked);
	ipc_session_close(&asked.session);
	return status;
}

static const cmd_option options[] = {
	{ .id = CALL_TIMEOUT,
	    .letter = 't',
	    .name = "timeout",
	    .argument = "TIME",
	    .help =
		"how long to wait for the answer; the other side learns of it (10s)" },
	{ .id = CALL_NOTIFY,
	    .name = "notify",
	    .help = "say it without wanting an answer" },
	IPC_WAIT_OPTION(CALL_WAIT),
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ipc call unix:/run/app.sock add '[1, 2]'", "prints 3" },
	{ "hostkit ipc call unix:bus.sock broker.stats", "asks a broker how it is" },
	{ "hostkit ipc call --timeout 500ms tcp:7000 ping",
	    "gives up after half a second" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "it was answered; the result is on stdout" },
	{ "1", "the other side answered with an error" },
	{ "2", "the command line is wrong" },
	{ "3", "nobody listens at URL" },
	{ "4", "there is no such socket, or no such method" },
	{ "6", "not allowed" },
	{ "9", "it failed otherwise, such as by the timeout" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_call = {
	.name = "ipc call",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "URL METHOD [PARAMS]",
	.help = "call a method of another program (JSON-RPC 2.0)",
	.description =
	    "Dials URL, calls METHOD with PARAMS, a JSON array or object, and "
	    "prints the result as JSON.\n\n"
	    "URL is unix:PATH, unix:@NAME, tcp:HOST:PORT, tcp:PORT or fd:N. At a "
	    "broker the call goes to whoever registered the method.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_min = 2,
	.operands_max = 3,
	.run = run_call,
};
