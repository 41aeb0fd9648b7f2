/*
 * `hostkit ipc send`: messages from the command line or from standard input, one a
 * line.  What there is no room for waits, and the input with it.
 */
#include "send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "exit.h"
#include "output/document.h"
#include "output/fail.h"
#include "values.h"
#include "verbs.h"

enum { SEND_FRAMING = 1, SEND_ANSWERS, SEND_TIMEOUT, SEND_WAIT };

/* ---- from the input to the way ---- */

/*
 * A message is a line, and a line feed would make two of it: JSON is written anew
 * without, other text is refused.  Returns 0 or an exit code.
 */
static int make_one_line(ipc_sending *all, const char **bytes, size_t *length)
{
	hk_json_writer *writer = all->session.writer;

	if (memchr(*bytes, '\n', *length) == NULL)
		return 0;
	if (all->framing == HK_IPC_FRAMING_LINES)
		return cmd_fail(&all->session.call->output, CMD_EXIT_USAGE, 0,
		    "send it with --framing length",
		    "a message with a line feed is more than one line");
	if (all->any_text)
		return 0;
	hk_json_writer_reset(writer);
	hk_json_write_value(writer, hk_json_root(all->session.document));
	*bytes = hk_json_writer_text(writer, length);
	if (*bytes != NULL)
		return 0;
	return cmd_fail(&all->session.call->output, CMD_EXIT_FAILED,
	    hk_json_writer_error(writer), NULL, "cannot write a message on one line");
}

static void send_one(ipc_sending *all, const char *bytes, size_t length)
{
	bool is_line = all->session.call->operand_count == 1;
	int status = 0;
	int r;

	if (!all->any_text && is_line)
		status = ipc_check_line(&all->session, all->input.line, bytes, length);
	else if (!all->any_text)
		status = ipc_check_json(&all->session, bytes, length);
	if (status == 0)
		status = make_one_line(all, &bytes, &length);
	if (status != 0) {
		ipc_session_stop(&all->session, status);
		return;
	}
	r = all->send(all, bytes, length);
	if (r == -EAGAIN) {
		r = hki_buffer_append(&all->held, bytes, length);
		ipc_input_pause(&all->input);
		ipc_sending_limit(all);
	} else if (r >= 0) {
		all->sent++;
	}
	if (r < 0)
		ipc_end_with(&all->session, "send to", all->url, r);
}

static void on_stalled(hk_timer *timer, void *user)
{
	ipc_sending *all = user;

	(void) timer;
	ipc_end_with(&all->session, "send to", all->url, -ETIMEDOUT);
}

void ipc_sending_limit(ipc_sending *all)
{
	uint64_t limit_ms = all->timeout_ns / HKI_NS_PER_MS;
	int r;

	if (!all->limited)
		return;
	hk_timer_free(all->stall);
	all->stall = NULL;
	r = hk_timer_after(
	    &all->stall, all->session.loop, limit_ms > 0 ? limit_ms : 1, on_stalled, all);
	if (r < 0)
		ipc_end_with(&all->session, "send to", all->url, r);
}

static void on_line(ipc_input *input, const char *line, size_t length)
{
	send_one(input->user, line, length);
}

static void on_end(ipc_input *input)
{
	ipc_sending *all = input->user;

	if (!all->session.stopped && all->held.length == 0)
		all->finish(all);
}

void ipc_sending_go_on(ipc_sending *all)
{
	if (all->held.length > 0) {
		if (all->send(all, all->held.data, all->held.length) == -EAGAIN)
			return;
		all->sent++;
		hki_buffer_truncate(&all->held, 0);
		hk_timer_free(all->stall);
		all->stall = NULL;
	}
	if (all->input.ended)
		all->finish(all);
	else
		ipc_input_resume(&all->input);
}

/* Operands are few and small beside the high-water mark. */
static int send_operands(ipc_sending *all)
{
	const cmd_call *call = all->session.call;

	for (int i = 1; i < call->operand_count && !all->session.stopped; i++) {
		send_one(all, call->operands[i], strlen(call->operands[i]));
		if (all->held.length > 0)
			return cmd_fail(&call->output, CMD_EXIT_FAILED, -EAGAIN,
			    "give them as lines of standard input",
			    "too many messages at once for '%s'", all->url);
	}
	if (!all->session.stopped)
		all->finish(all);
	return 0;
}

int ipc_sending_begin(ipc_sending *all)
{
	if (all->session.call->operand_count > 1)
		return send_operands(all);
	return ipc_input_start(&all->input, &all->session);
}

/* ---- the verb ---- */

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_connection(const char *url)
{
	return !begins_with(url, "udp:") && !begins_with(url, "fifo:");
}

static int send_by_scheme(ipc_sending *all)
{
	const cmd_output *output = &all->session.call->output;
	bool fifo = begins_with(all->url, "fifo:");

	if (fifo && all->answers > 0)
		return cmd_fail(output, CMD_EXIT_USAGE, 0, NULL,
		    "nobody answers through a named pipe");
	if (begins_with(all->url, "udp:"))
		return ipc_send_datagram(all);
	return fifo ? ipc_send_fifo(all) : ipc_send_stream(all);
}

static int tell_count(ipc_sending *all, int status)
{
	const cmd_output *output = &all->session.call->output;
	hk_json_writer *writer;

	/* With answers they are the output. */
	if (!output->json || status != CMD_EXIT_OK || all->answers > 0)
		return status;
	writer = cmd_document_begin(output, "hostkit.ipc.send/1");
	if (writer != NULL) {
		hk_json_write_key(writer, "sent");
		hk_json_write_uint64(writer, all->sent);
	}
	return cmd_document_end(output, writer, status);
}

static int read_options(ipc_sending *all, const cmd_call *call)
{
	int64_t answers = 0;
	int framing = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		switch (given->option->id) {
		case SEND_FRAMING:
			status = cmd_value_word(&framing, call, given);
			all->any_text = framing != 0;
			break;
		case SEND_ANSWERS:
			status = cmd_value_integer(&answers, call, given, 1, INT64_MAX);
			break;
		case SEND_WAIT:
			status = ipc_session_wait(&all->session, call, given);
			break;
		case SEND_TIMEOUT:
			status = cmd_value_duration(&all->timeout_ns, call, given);
			break;
		}
	}
	all->answers = (uint64_t) answers;
	all->framing = framing == 3 ? HK_IPC_FRAMING_NONE : (uint32_t) framing;
	return status;
}

static int run_send(const cmd_call *call)
{
	ipc_sending all = { .url = call->operands[0],
		.timeout_ns = 10 * HKI_NS_PER_S,
		.input = { .on_line = on_line, .on_end = on_end } };
	int status = read_options(&all, call);

	all.input.user = &all;
	if (status == 0 && all.session.wait_ns > 0 && !is_connection(all.url))
		status = cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "--wait is for unix:, tcp: and what else is connected to",
		    "nobody listens at '%s' who could be waited for", all.url);
	if (status == 0)
		status = ipc_session_open(&all.session, call);
	if (status != 0)
		return status;
	status = tell_count(&all, send_by_scheme(&all));
	ipc_input_stop(&all.input);
	hk_timer_free(all.stall);
	hki_buffer_deinit(&all.input.text);
	hki_buffer_deinit(&all.held);
	ipc_session_close(&all.session);
	return status;
}

static const cmd_option options[] = {
	{ .id = SEND_ANSWERS,
	    .letter = 'a',
	    .name = "answers",
	    .argument = "N",
	    .help = "wait for so many messages from there and print them" },
	{ .id = SEND_FRAMING,
	    .letter = 'f',
	    .name = "framing",
	    .argument = "WORD",
	    .help = "how messages are told apart: auto (JSON lines), lines of any text, "
		    "length, or none",
	    .values = "auto lines length none" },
	{ .id = SEND_TIMEOUT,
	    .letter = 't',
	    .name = "timeout",
	    .argument = "TIME",
	    .help =
		"how long to wait for the connection, and for what is left to leave or "
		"come (10s)" },
	IPC_WAIT_OPTION(SEND_WAIT),
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ipc send unix:in.sock '{\"a\": 1}'", "sends one message" },
	{ "hostkit ipc send -a 1 tcp:7000 '\"hello\"'", "prints what comes back" },
	{ "hostkit ipc send udp:127.0.0.1:9999 < events.jsonl",
	    "sends a datagram a line" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "everything left, and the answers asked for came" },
	{ "1", "not enough answers came in time" },
	{ "2", "the command line is wrong, or a line is not JSON" },
	{ "3", "nobody listens at URL" },
	{ "4", "there is no such socket or pipe" },
	{ "6", "not allowed" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_send = {
	.name = "ipc send",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "URL [JSON…]",
	.help = "send messages",
	.description =
	    "Sends each JSON, or without any each line of standard input, as a message "
	    "to URL: "
	    "unix:PATH, unix:@NAME, tcp:HOST:PORT, udp:HOST:PORT, fifo:PATH or fd:N.\n\n"
	    "A datagram that left may still be lost; nobody tells.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_min = 1,
	.operands_max = CMD_OPERANDS_ANY,
	.run = run_send,
};
