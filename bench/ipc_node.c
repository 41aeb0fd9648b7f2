/*
 * How long does a message take from a parent in C to its Node child and back?
 *
 * The peer is Node itself as the parent of the same child (ipc_node.js), so that the
 * child's share is in both figures.  Either side sends a message it holds as a value:
 * making it text and making text a value again is part of the way.
 *
 * The floors are parents that do nothing: they write bytes made beforehand and count the
 * bytes that come back.  One sleeps in poll(2) meanwhile, the other stays awake.  What
 * they need is the child's time and the kernel's, so no parent can do better, and the
 * distance to a floor is all that is ours.  Ends are placed as placement.h says.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <hostkit/hostkit.h>
#include "harness.h"
#include "node.h"
#include "placement.h"

/* Node's compiler works beside the talk: warm is who has talked enough and long enough. */
enum { WARM = 3000, WARM_MS = 500, COUNT = 3000 };

typedef struct trip {
	hk_ipc_serialization serialization;
	const char *words; /* of the serialization */
	char file[64];     /* the message, for the peer */
	hk_json_document *document;
	bench_placement place;
	unsigned int count; /* of the messages that came back */
	unsigned int left;  /* of those that are measured; 0: it is not warm yet */
	uint64_t first_ns;
	uint64_t began_ns;
	uint64_t ended_ns;
	bool wrong;
} trip;

/* On the processor that is the child's, if it has one. */
static hk_process_opts child_opts(const trip *t)
{
	static uint32_t number;
	const char *word = bench_processor(t->place, BENCH_FAR);
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	number = (uint32_t) atoi(word);
	opts.cpus = &number;
	opts.cpu_count = word[0] != '\0';
	return opts;
}

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

/* One more has come back: when measuring begins, and whether it is over. */
static bool note_trip(trip *t)
{
	const uint64_t now_ns = bench_now_ns();

	if (t->count++ == 0)
		t->first_ns = now_ns;
	if (t->left > 0) {
		t->ended_ns = now_ns;
		return --t->left == 0;
	}
	if (t->count >= WARM && now_ns - t->first_ns >= WARM_MS * UINT64_C(1000000)) {
		t->left = COUNT;
		t->began_ns = now_ns;
	}
	return false;
}

static double trip_us(const trip *t)
{
	return (double) (t->ended_ns - t->began_ns) / 1000 / COUNT;
}

static void answered(hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user)
{
	trip *t = user;

	t->wrong |= !is_answer(t, message);
	if (!note_trip(t) && !t->wrong) {
		send_once(t, channel);
		return;
	}
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
	const hk_process_opts process = child_opts(t);
	double us = NAN;

	if (hk_loop_new(&loop) < 0)
		return NAN;
	t->count = 0;
	t->left = 0;
	t->wrong = false;
	channel_opts.on_message = answered;
	channel_opts.user = t;
	opts.module = BENCH_FOLDER "/ipc_node_child.js";
	opts.serialization = t->serialization;
	opts.channel = &channel_opts;
	opts.process = &process;
	/* The channel asks how many processors there are when it is made. */
	if (t->place != BENCH_TOGETHER)
		(void) bench_place(BENCH_ANYWHERE, BENCH_NEAR);
	if (hk_ipc_fork(&channel, loop, &opts, NULL) == 0) {
		(void) bench_place(t->place, BENCH_NEAR);
		send_once(t, channel);
		if (hk_loop_run(loop) == 0 && t->left == 0 && !t->wrong)
			us = trip_us(t);
		hk_ipc_channel_free(channel);
	}
	hk_loop_free(loop);
	return us;
}

/* ---- the floors ---- */

/* A child that has the other end of *out_fd, which does not block. */
static pid_t start_child(const trip *t, int *out_fd)
{
	int ends[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		(void) dup2(ends[1], 3);
		(void) setenv("NODE_CHANNEL_FD", "3", 1);
		(void) setenv("NODE_CHANNEL_SERIALIZATION_MODE", t->words, 1);
		if (bench_place(t->place, BENCH_FAR))
			(void) execlp("node", "node", BENCH_FOLDER "/ipc_node_child.js",
			    (char *) NULL);
		_exit(1);
	}
	(void) close(ends[1]);
	*out_fd = ends[0];
	return child;
}

/* The message as it goes over the channel: a channel writes it, and we read it. */
static size_t make_frame(const trip *t, char *out, size_t capacity)
{
	hk_ipc_channel *channel;
	hk_loop *loop;
	ssize_t length = -1;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || hk_loop_new(&loop) < 0)
		return 0;
	if (hk_ipc_channel_new(&channel, loop, ends[0], t->serialization, NULL) == 0) {
		if (hk_ipc_channel_send_json(channel, hk_json_root(t->document), NULL) >=
			0 &&
		    hk_ipc_channel_flush(channel, -1) == 0)
			length = read(ends[1], out, capacity);
		hk_ipc_channel_free(channel);
	}
	hk_loop_free(loop);
	(void) close(ends[1]);
	return length < 0 ? 0 : (size_t) length;
}

static bool is_whole(const trip *t, const char *frame, size_t length)
{
	const unsigned char *at = (const unsigned char *) frame;

	if (t->serialization == HK_IPC_JSON)
		return length > 0 && frame[length - 1] == '\n';
	return length >= 4 && length - 4 == ((size_t) at[0] << 24 | (size_t) at[1] << 16 |
						(size_t) at[2] << 8 | at[3]);
}

static bool exchange(
    const trip *t, int fd, const char *frame, size_t frame_length, bool awake)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	static char back[65536];
	size_t length = 0;

	if (send(fd, frame, frame_length, MSG_NOSIGNAL) != (ssize_t) frame_length)
		return false;
	while (!is_whole(t, back, length)) {
		ssize_t part = read(fd, back + length, sizeof(back) - length);

		if (part == 0 || (part < 0 && errno != EAGAIN))
			return false;
		if (part > 0)
			length += (size_t) part;
		else if (!awake && poll(&wait, 1, -1) < 0)
			return false;
	}
	return true;
}

static double run_floor(trip *t, bool awake)
{
	static char frame[65536];
	const size_t length = make_frame(t, frame, sizeof(frame));
	bool good = length > 0;
	bool over = false;
	int fd = -1;
	pid_t child = start_child(t, &fd);

	(void) bench_place(t->place, BENCH_NEAR);
	t->count = 0;
	t->left = 0;
	while (good && !over) {
		good = child > 0 && exchange(t, fd, frame, length, awake);
		over = good && note_trip(t);
	}
	(void) close(fd);
	good = waitpid(child, NULL, 0) == child && good;
	return good ? trip_us(t) : NAN;
}

static double run_asleep(void *user)
{
	return run_floor(user, false);
}

static double run_awake(void *user)
{
	return run_floor(user, true);
}

/* ---- the peer ---- */

static double run_node(void *user)
{
	const trip *t = user;
	char warm[16];
	char warm_ms[16];
	char count[16];
	const char *argv[] = { "node", BENCH_FOLDER "/ipc_node.js", t->words, t->file,
		warm, warm_ms, count, NULL };

	snprintf(warm, sizeof(warm), "%d", WARM);
	snprintf(warm_ms, sizeof(warm_ms), "%d", WARM_MS);
	snprintf(count, sizeof(count), "%d", COUNT);
	if (!bench_place(t->place, BENCH_NEAR) ||
	    setenv("BENCH_PROCESSOR", bench_processor(t->place, BENCH_FAR), 1) < 0)
		return NAN;
	return bench_run_script(argv);
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

static void ask_placed(trip *t, size_t bytes)
{
	/* Who shares a processor with the child has to leave it. */
	const bool together = t->place == BENCH_TOGETHER;
	char name[96];
	const bench_question question = { .bench = "ipc-node",
		.name = name,
		.unit = "us",
		.rounds = 5,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = 0.5 };
	const bench_side sides[] = {
		{ "hostkit", run_ours, t },
		{ "node", bench_has_node() ? run_node : NULL, t },
		{ "floor, asleep", bench_has_node() ? run_asleep : NULL, t },
		{ "floor, awake", bench_has_node() ? run_awake : NULL, t },
	};

	snprintf(name, sizeof(name), "round trip, %s, %zu bytes, %s", t->words, bytes,
	    bench_placement_name(t->place));
	bench_ask(&question, sides, together ? 3 : 4);
}

static void ask(hk_ipc_serialization serialization, const char *words, size_t bytes)
{
	static const bench_placement places[] = { BENCH_TOGETHER, BENCH_APART };
	trip t = { .serialization = serialization, .words = words };
	bool made = make_message(&t, bytes);

	for (size_t i = 0; made && i < 2; i++) {
		t.place = places[i];
		if (bench_can_place(t.place))
			ask_placed(&t, bytes);
	}
	if (!made)
		fprintf(stderr, "%s, %zu bytes: no message\n", words, bytes);
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
