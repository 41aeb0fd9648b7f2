/*
 * How many messages a second go one way between two processes on this machine?
 *
 * "JSON lines" is end to end as programs use it: the sender writes a message of six
 * members with the JSON writer, the receiver parses it and reads a number.  Node does the
 * same with JSON.stringify and JSON.parse; zmq and nng carry as many bytes without any
 * JSON.  "counted" carries bytes alone on all sides.  Time runs at the receiver, from the
 * first message to the last.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/hostkit.h>
#include "harness.h"
#include "ipc/peers.h"

enum { OURS = 400000, ZMQ = 200000, NNG = 10000, LENGTH = 100 };

struct flow {
	char url[128];
	bool json;
	size_t count;
	/* the sender */
	hk_json_writer *writer;
	size_t number;
	/* the receiver */
	hk_json_document *document;
	size_t received;
	uint64_t sum;
	uint64_t began_ns;
	uint64_t ended_ns;
	bool failed;
	hk_ipc_server *server;
};

static void tell(struct flow *flow, const char *what, int code)
{
	fprintf(stderr, "%s: %s\n", what, hk_error_name(code));
	flow->failed = true;
}

/* ---- the sender ---- */

static const char *message(struct flow *flow, size_t *out_length)
{
	hk_json_writer *writer = flow->writer;

	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "id");
	hk_json_write_uint64(writer, flow->number);
	hk_json_write_key(writer, "topic");
	hk_json_write_string(writer, "sensor.reading");
	hk_json_write_key(writer, "place");
	hk_json_write_string(writer, "hall 7, north wall");
	hk_json_write_key(writer, "value");
	hk_json_write_double(writer, 21.5);
	hk_json_write_key(writer, "good");
	hk_json_write_bool(writer, true);
	hk_json_write_key(writer, "unit");
	hk_json_write_string(writer, "celsius");
	hk_json_write_object_end(writer);
	return hk_json_writer_text(writer, out_length);
}

static void pump(hk_ipc *ipc, void *user)
{
	static const char bytes[LENGTH];
	struct flow *flow = user;

	while (flow->number < flow->count) {
		size_t length = LENGTH;
		const char *text = flow->json ? message(flow, &length) : bytes;
		int r = hk_ipc_send(ipc, text, length);

		if (r == -EAGAIN)
			return;
		if (r < 0) {
			tell(flow, "send", r);
			return;
		}
		flow->number++;
	}
	hk_ipc_close(ipc, 10000000000ULL);
}

static int send_all(void *user)
{
	struct flow *flow = user;
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop;
	hk_ipc *ipc;
	int r;

	opts.framing = flow->json ? HK_IPC_FRAMING_LINES : HK_IPC_FRAMING_LENGTH;
	opts.on_connect = pump;
	opts.on_drain = pump;
	opts.user = flow;
	if ((r = hk_loop_new(&loop)) < 0 ||
	    (r = hk_json_writer_new(&flow->writer, 0)) < 0 ||
	    (r = hk_ipc_dial(&ipc, loop, flow->url, &opts, NULL)) < 0 ||
	    (r = hk_loop_run(loop)) < 0)
		tell(flow, "sender", r);
	return flow->failed;
}

/* ---- the receiver ---- */

static void take(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	struct flow *flow = user;
	uint64_t id = flow->received;

	(void) ipc;
	if (flow->json &&
	    (hk_json_parse(flow->document, message->data, message->length) < 0 ||
		hk_json_get_uint64(
		    &id, hk_json_member(hk_json_root(flow->document), "id")) < 0))
		flow->failed = true;
	flow->sum += id;
	if (flow->received++ == 0)
		flow->began_ns = bench_now_ns();
}

static void done(hk_ipc *ipc, int reason, void *user)
{
	struct flow *flow = user;

	(void) ipc;
	flow->ended_ns = bench_now_ns();
	if (reason < 0)
		tell(flow, "receiver", reason);
	hk_ipc_server_free(flow->server);
}

static double run_ours(void *user)
{
	struct flow flow = { .json = user != NULL, .count = OURS };
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop;
	pid_t child;

	(void) snprintf(flow.url, sizeof(flow.url), "unix:%s", bench_ipc_path());
	opts.on_message = take;
	opts.on_close = done;
	opts.user = &flow;
	if (hk_loop_new(&loop) < 0 || hk_json_document_new(&flow.document, NULL) < 0 ||
	    hk_ipc_listen(&flow.server, loop, flow.url, &opts, NULL) < 0)
		return NAN;
	child = bench_ipc_fork(send_all, &flow);
	if (hk_loop_run(loop) < 0)
		flow.failed = true;
	hk_json_document_free(flow.document);
	hk_loop_free(loop);
	if (!bench_ipc_join(child) || flow.failed || flow.received != OURS ||
	    flow.sum != (uint64_t) OURS * (OURS - 1) / 2)
		return NAN;
	return (double) (flow.ended_ns - flow.began_ns) / OURS;
}

/* ---- peers ---- */

static double run_zmq(void *user)
{
	(void) user;
	return bench_zmq_stream(ZMQ, LENGTH);
}

static double run_nng(void *user)
{
	(void) user;
	return bench_nng_stream(NNG, LENGTH);
}

static double run_node(void *user)
{
	(void) user;
	return bench_node("stream.js", "60000");
}

static void ask(const char *name, bool json, const char *peer, double (*run)(void *user),
    bool there, double goal)
{
	static char marker[] = "json";
	const bench_question question = { .bench = "ipc-throughput",
		.name = name,
		.unit = "ns",
		.rounds = 5,
		.ratio = BENCH_SPEED,
		.kind = BENCH_AT_LEAST,
		.goal = goal };
	const bench_side sides[] = {
		{ "hostkit", run_ours, json ? marker : NULL },
		{ peer, there ? run : NULL, NULL },
	};

	bench_ask(&question, sides, 2);
}

int main(int argc, char **argv)
{
	if (bench_wanted(argc, argv, "JSON lines over a Unix socket")) {
		const char *name = "JSON lines over a Unix socket";

		ask(name, true, "node", run_node, bench_has_node(), 10);
		ask(name, true, "zmq without JSON", run_zmq, bench_has_zmq(), 1);
	}
	if (bench_wanted(argc, argv, "counted, 100 bytes over a Unix socket")) {
		const char *name = "counted, 100 bytes over a Unix socket";

		ask(name, false, "zmq", run_zmq, bench_has_zmq(), 5);
		ask(name, false, "nng", run_nng, bench_has_nng(), 100);
	}
	bench_ipc_leave();
	return bench_status();
}
