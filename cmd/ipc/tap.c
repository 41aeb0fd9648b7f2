/*
 * `hostkit ipc tap`: everything that passes a broker, a line each.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "exit.h"
#include "output/colour.h"
#include "output/fail.h"
#include "session.h"
#include "values.h"
#include "verbs.h"

enum { TAP_COUNT = 1, TAP_TIMEOUT, TAP_WAIT };

typedef struct tapping {
	ipc_session session;
	hk_ipc_rpc *rpc;
	hk_ipc_methods *methods;
	const char *url;
	uint64_t count;
	uint64_t timeout_ns;
	uint64_t seen;
	uint64_t seq;
} tapping;

/* A piece of the line: "#3" for a connection, or a text as it is. */
static void append_number(hki_buffer *line, const char *before, const hk_json *number)
{
	uint64_t value;

	if (hk_json_get_uint64(&value, number) == 0 &&
	    hki_buffer_append_format(line, "%s#%" PRIu64, before, value) < 0)
		hki_buffer_truncate(line, 0);
}

static void append_text(hki_buffer *line, const hk_json *value)
{
	const char *text = hk_json_get_string(value, NULL);

	if (text != NULL && hki_buffer_append_format(line, " %s", text) < 0)
		hki_buffer_truncate(line, 0);
}

static void append_json(tapping *all, hki_buffer *line, const hk_json *value)
{
	const char *text;

	if (value == NULL)
		return;
	hk_json_writer_reset(all->session.writer);
	hk_json_write_value(all->session.writer, value);
	text = hk_json_writer_text(all->session.writer, NULL);
	if (text != NULL && hki_buffer_append_format(line, " %s", text) < 0)
		hki_buffer_truncate(line, 0);
}

/* "12:00:01.123 call   #3 -> #5 add [1,2]" */
static void print_line(tapping *all, const hk_json *event)
{
	const char *kind = hk_json_get_string(hk_json_member(event, "kind"), NULL);
	hki_buffer line = HKI_BUFFER_INIT;
	uint64_t now_ns = hki_clock_real_ns();
	unsigned int ms = (unsigned int) (now_ns / HKI_NS_PER_MS % 1000);
	unsigned int day_s = (unsigned int) (now_ns / HKI_NS_PER_S % 86400);

	if (hki_buffer_append_format(&line, "%02u:%02u:%02u.%03u %-10s", day_s / 3600,
		day_s / 60 % 60, day_s % 60, ms, kind != NULL ? kind : "?") < 0)
		return;
	append_number(&line, " ", hk_json_member(event, "from"));
	append_number(&line, " -> ", hk_json_member(event, "to"));
	append_text(&line, hk_json_member(event, "topic"));
	append_text(&line, hk_json_member(event, "method"));
	append_json(all, &line, hk_json_member(event, "code"));
	append_text(&line, hk_json_member(event, "message"));
	append_json(all, &line, hk_json_member(event, "data"));
	append_json(all, &line, hk_json_member(event, "params"));
	append_json(all, &line, hk_json_member(event, "result"));
	if (line.length > 0)
		ipc_print(&all->session, line.data, line.length);
	hki_buffer_deinit(&line);
}

static void print_event(tapping *all, const hk_json *event)
{
	hk_json_writer *writer = ipc_event_begin(&all->session, "hostkit.ipc.tap/1");
	hk_json_iterator each = hk_json_iterate(event);
	const hk_json *value;

	while ((value = hk_json_next(&each)) != NULL) {
		bool own =
		    strcmp(each.key, "seq") == 0 || strcmp(each.key, "time_s") == 0;

		hk_json_write_key(writer,
		    own ? (each.key[0] == 's' ? "tap_seq" : "passed_s") : each.key);
		hk_json_write_value(writer, value);
	}
	ipc_event_end(&all->session);
}

static void look_for_gap(tapping *all, const hk_json *event)
{
	uint64_t seq;

	if (hk_json_get_uint64(&seq, hk_json_member(event, "seq")) < 0)
		return;
	if (seq > all->seq + 1)
		cmd_note(&all->session.call->output, "%" PRIu64 " missing: too slow",
		    seq - all->seq - 1);
	all->seq = seq;
}

static void on_tap(hk_ipc_request *request, const hk_json *params, void *user)
{
	tapping *all = user;

	if (!all->session.stopped) {
		look_for_gap(all, params);
		if (all->session.call->output.json)
			print_event(all, params);
		else
			print_line(all, params);
		if (++all->seen == all->count)
			ipc_session_stop(&all->session, CMD_EXIT_OK);
	}
	hk_ipc_request_free(request);
}

static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	tapping *all = user;

	(void) call;
	ipc_session_answered(&all->session);
	if (reply->status == 0)
		ipc_tell_ready(&all->session, "hostkit.ipc.tap/1", "listening", NULL);
	else if (reply->status == -EREMOTEIO)
		ipc_session_stop(&all->session,
		    cmd_fail(&all->session.call->output, CMD_EXIT_ABSENT, 0,
			"'hostkit ipc serve' makes a broker", "'%s' is no broker: %s",
			all->url, reply->error_text));
	else
		ipc_end_with(&all->session, "tap", all->url, reply->status);
}

static int work(tapping *all)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	int status = 0;
	int r;

	r = hk_ipc_methods_new(&all->methods);
	if (r == 0)
		r = hk_ipc_methods_add(all->methods, "tap", on_tap, all);
	if (r < 0)
		return ipc_fail(&all->session, "tap", all->url, r);
	opts.methods = all->methods;
	status = ipc_dial(&all->rpc, &all->session, all->url, &opts);
	if (status != 0)
		return status;
	r = hk_ipc_call_method(all->rpc, "tap", NULL, on_reply, all);
	if (r < 0)
		return ipc_fail(&all->session, "tap", all->url, r);
	status = ipc_session_expect(&all->session, all->url);
	if (status == 0 && all->timeout_ns > 0)
		status = ipc_session_limit(&all->session, all->timeout_ns,
		    all->count > 0 ? CMD_EXIT_NO : CMD_EXIT_OK);
	return status != 0 ? status : ipc_session_run(&all->session);
}

static int run_tap(const cmd_call *call)
{
	tapping all = { .url = call->operands[0] };
	int64_t count = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		if (given->option->id == TAP_COUNT)
			status = cmd_value_integer(&count, call, given, 1, INT64_MAX);
		else if (given->option->id == TAP_WAIT)
			status = ipc_session_wait(&all.session, call, given);
		else
			status = cmd_value_duration(&all.timeout_ns, call, given);
	}
	all.count = (uint64_t) count;
	if (status == 0)
		status = ipc_session_open(&all.session, call);
	if (status != 0)
		return status;
	status = work(&all);
	hk_ipc_rpc_free(all.rpc);
	hk_ipc_methods_free(all.methods);
	ipc_session_close(&all.session);
	return status;
}

static const cmd_option options[] = {
	{ .id = TAP_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "end after so many" },
	{ .id = TAP_TIMEOUT,
	    .letter = 't',
	    .name = "timeout",
	    .argument = "TIME",
	    .help = "end after so long; with --count that is a failure" },
	IPC_WAIT_OPTION(TAP_WAIT),
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ipc tap unix:bus.sock", "shows what passes until Ctrl-C" },
	{ "hostkit ipc tap --json unix:bus.sock | grep '\"kind\":\"error\"'",
	    "shows the calls that fail" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "enough was seen, or Ctrl-C" },
	{ "1", "not enough was seen in time" },
	{ "2", "the command line is wrong" },
	{ "3", "nobody listens at URL" },
	{ "4", "there is no such socket, or no broker behind it" },
	{ "6", "not allowed" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_tap = {
	.name = "ipc tap",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "URL",
	.help = "show everything that passes a broker",
	.description = "Prints every call, answer, publication and registration that "
		       "passes the broker at "
		       "URL, a line each: the time (UTC), the kind, the numbers of the "
		       "connections, the "
		       "name and the content.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_tap,
};
