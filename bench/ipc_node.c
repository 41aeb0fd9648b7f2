/*
 * How long does a message take from a parent in C to its Node child and back?
 *
 * The peer is Node itself as the parent of the same child (ipc_node.js), so that the
 * child's share is in both figures.  Either side sends a message it holds as a value:
 * making it text and making text a value again is part of the way.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/hostkit.h>
#include "harness.h"

enum { WARM = 3000, COUNT = 3000 };

typedef struct trip {
	hk_ipc_serialization serialization;
	const char *words; /* of the serialization */
	char file[64];     /* the message, for the peer */
	hk_json_document *document;
	unsigned int left;
	uint64_t began_ns;
	uint64_t ended_ns;
	bool wrong;
} trip;

/* ---- ours ---- */

static bool is_answer(const trip *t, hk_ipc_channel_message *message)
{
	const hk_ipc_value *value = hk_ipc_channel_message_value(message);
	int64_t sent = 0;
	int64_t got = -1;
	int r;

	if (hk_json_get_int64(&sent, hk_json_member(hk_json_root(t->document), "id")) < 0)
		return false;
	if (value != NULL)
		r = hk_ipc_value_get_int64(&got, hk_ipc_value_member(value, "id"));
	else
		r = hk_json_get_int64(
		    &got, hk_json_member(hk_ipc_channel_message_json(message), "id"));
	return r == 0 && sent == got;
}

static void send_once(trip *t, hk_ipc_channel *channel)
{
	if (hk_ipc_channel_send_json(channel, hk_json_root(t->document), NULL) < 0)
		t->wrong = true;
}

static void answered(hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user)
{
	trip *t = user;

	t->wrong |= !is_answer(t, message);
	t->left--;
	if (t->left == COUNT)
		t->began_ns = bench_now_ns();
	if (t->left > 0 && !t->wrong) {
		send_once(t, channel);
		return;
	}
	t->ended_ns = bench_now_ns();
	if (hk_ipc_channel_disconnect(channel) < 0)
		t->wrong = true;
}

static double run_ours(void *user)
{
	hk_ipc_fork_opts opts = HK_IPC_FORK_OPTS_INIT;
	hk_ipc_channel_opts channel_opts = HK_IPC_CHANNEL_OPTS_INIT;
	hk_ipc_channel *channel;
	hk_loop *loop;
	trip *t = user;
	double us = NAN;

	if (hk_loop_new(&loop) < 0)
		return NAN;
	t->left = WARM + COUNT;
	t->wrong = false;
	channel_opts.on_message = answered;
	channel_opts.user = t;
	opts.module = BENCH_FOLDER "/ipc_node_child.js";
	opts.serialization = t->serialization;
	opts.channel = &channel_opts;
	if (hk_ipc_fork(&channel, loop, &opts, NULL) == 0) {
		send_once(t, channel);
		if (hk_loop_run(loop) == 0 && t->left == 0 && !t->wrong)
			us = (double) (t->ended_ns - t->began_ns) / 1000 / COUNT;
		hk_ipc_channel_free(channel);
	}
	hk_loop_free(loop);
	return us;
}

/* ---- the peer ---- */

static double run_node(void *user)
{
	const trip *t = user;
	char warm[16];
	char count[16];
	const char *argv[] = { "node", BENCH_FOLDER "/ipc_node.js", t->words, t->file,
		warm, count, NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;
	double us = NAN;

	snprintf(warm, sizeof(warm), "%d", WARM);
	snprintf(count, sizeof(count), "%d", COUNT);
	process.argv = argv;
	process.stdio[1].kind = HK_STDIO_PIPE;
	run.process = &process;
	if (hk_process_run(&result, &run, NULL) < 0)
		return NAN;
	if (result->exit.end == HK_END_CODE && result->exit.code == 0)
		us = atof(result->stdout_data);
	hk_process_result_free(result);
	return us;
}

static bool has_node(void)
{
	const char *argv[] = { "node", "--version", NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;

	process.argv = argv;
	process.stdio[1].kind = HK_STDIO_NULL;
	run.process = &process;
	if (hk_process_run(&result, &run, NULL) < 0)
		return false;
	hk_process_result_free(result);
	return true;
}

/* ---- the messages ---- */

static void write_row(hk_json_writer *writer, int64_t number)
{
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "name");
	hk_json_write_string(writer, "job-worker");
	hk_json_write_key(writer, "count");
	hk_json_write_int64(writer, number * 1234);
	hk_json_write_key(writer, "load");
	hk_json_write_double(writer, (double) number + 0.25);
	hk_json_write_key(writer, "ok");
	hk_json_write_bool(writer, number % 2 == 0);
	hk_json_write_object_end(writer);
}

/* A message like those of programs, of about @bytes. */
static void write_message(hk_json_writer *writer, size_t bytes)
{
	const size_t row = 58;

	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "id");
	hk_json_write_int64(writer, 4711);
	hk_json_write_key(writer, "method");
	hk_json_write_string(writer, "report");
	hk_json_write_key(writer, "params");
	hk_json_write_array_begin(writer);
	for (size_t at = 0; at < bytes / row; at++)
		write_row(writer, (int64_t) at);
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
}

/* In memory for us, in a file for the peer. */
static bool make_message(trip *t, size_t bytes)
{
	hk_json_writer *writer;
	size_t length;
	const char *text;
	int file;
	bool good;

	strcpy(t->file, "/tmp/bench-ipc-node-XXXXXX");
	file = mkstemp(t->file);
	if (file < 0 || hk_json_writer_new(&writer, 0) < 0)
		return false;
	write_message(writer, bytes);
	text = hk_json_writer_text(writer, &length);
	good = text != NULL && write(file, text, length) == (ssize_t) length &&
	       hk_json_document_new(&t->document, NULL) == 0 &&
	       hk_json_parse(t->document, text, length) == 0;
	hk_json_writer_free(writer);
	close(file);
	return good;
}

static void ask(hk_ipc_serialization serialization, const char *words, size_t bytes)
{
	trip t = { .serialization = serialization, .words = words };
	char name[64];
	const bench_question question = { .bench = "ipc-node",
		.name = name,
		.unit = "us",
		.rounds = 5,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = 0.5 };
	const bench_side sides[] = {
		{ "hostkit", run_ours, &t },
		{ "node", has_node() ? run_node : NULL, &t },
	};

	snprintf(name, sizeof(name), "round trip, %s, %zu bytes", words, bytes);
	if (make_message(&t, bytes))
		bench_ask(&question, sides, 2);
	else
		fprintf(stderr, "%s: no message\n", name);
	hk_json_document_free(t.document);
	unlink(t.file);
}

int main(int argc, char **argv)
{
	const size_t sizes[] = { 100, 10240 };

	for (size_t i = 0; i < 2; i++) {
		char name[32];

		snprintf(name, sizeof(name), "json, %zu bytes", sizes[i]);
		if (bench_wanted(argc, argv, name))
			ask(HK_IPC_JSON, "json", sizes[i]);
		snprintf(name, sizeof(name), "advanced, %zu bytes", sizes[i]);
		if (bench_wanted(argc, argv, name))
			ask(HK_IPC_ADVANCED, "advanced", sizes[i]);
	}
	return bench_status();
}
