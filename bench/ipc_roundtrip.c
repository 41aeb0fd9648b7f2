/*
 * How long does a message of 100 bytes take to another process and back, when nothing
 * else goes on?  Both ends of ours wait in a loop.  The floor is a socketpair whose ends
 * block in read(2): nothing that sleeps can be much below it.
 *
 * Every side is measured twice, with both ends on one processor and with each on its own:
 * see placement.h.  Threads of a peer are where the end is that they belong to.  On two
 * processors two wake-ups of the other one are nearly all of everybody's time, the floor's
 * too: read the other goals beside what the floor leaves.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/hostkit.h>
#include "harness.h"
#include "ipc/peers.h"

enum { COUNT = 10000, LENGTH = 100 };

static double times[COUNT];

/* ---- ours ---- */

struct talk {
	char url[128];
	hk_ipc_server *server;
	size_t count;
	uint64_t began_ns;
	bool failed;
};

static void answer(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	struct talk *talk = user;

	if (hk_ipc_send(ipc, message->data, message->length) < 0)
		talk->failed = true;
}

static int answer_all(void *user)
{
	struct talk *talk = user;
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop;
	hk_ipc *ipc;

	opts.framing = HK_IPC_FRAMING_LENGTH;
	opts.on_message = answer;
	opts.user = talk;
	if (hk_loop_new(&loop) < 0 ||
	    hk_ipc_dial(&ipc, loop, talk->url, &opts, NULL) < 0 || hk_loop_run(loop) < 0)
		return 1;
	return talk->failed;
}

static void ask_again(hk_ipc *ipc, struct talk *talk)
{
	static const char text[LENGTH];

	talk->began_ns = bench_now_ns();
	if (hk_ipc_send(ipc, text, LENGTH) < 0)
		talk->failed = true;
}

static void begin(hk_ipc *ipc, void *user)
{
	ask_again(ipc, user);
}

static void take(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	struct talk *talk = user;

	(void) message;
	times[talk->count++] = (double) (bench_now_ns() - talk->began_ns) / 1000;
	if (talk->count < COUNT)
		ask_again(ipc, talk);
	else
		hk_ipc_server_free(talk->server);
}

static double run_ours(void *user)
{
	struct talk talk = { .count = 0 };
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop;
	pid_t child;

	(void) user;
	(void) snprintf(talk.url, sizeof(talk.url), "unix:%s", bench_ipc_path());
	opts.framing = HK_IPC_FRAMING_LENGTH;
	opts.on_connect = begin;
	opts.on_message = take;
	opts.user = &talk;
	if (hk_loop_new(&loop) < 0 ||
	    hk_ipc_listen(&talk.server, loop, talk.url, &opts, NULL) < 0)
		return NAN;
	child = bench_ipc_fork(answer_all, &talk);
	if (hk_loop_run(loop) < 0)
		talk.failed = true;
	hk_loop_free(loop);
	if (!bench_ipc_join(child) || talk.failed || talk.count != COUNT)
		return NAN;
	return bench_median(times, COUNT);
}

/* ---- the floor ---- */

static int ends[2];

static int answer_barely(void *user)
{
	char text[LENGTH];

	(void) user;
	(void) close(ends[0]);
	while (read(ends[1], text, LENGTH) == LENGTH)
		if (write(ends[1], text, LENGTH) != LENGTH)
			return 1;
	return 0;
}

static double run_bare(void *user)
{
	char text[LENGTH] = "";
	bool good = true;
	pid_t child;

	(void) user;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return NAN;
	child = bench_ipc_fork(answer_barely, NULL);
	(void) close(ends[1]);
	for (size_t i = 0; good && i < COUNT; i++) {
		uint64_t began_ns = bench_now_ns();

		good = write(ends[0], text, LENGTH) == LENGTH &&
		       read(ends[0], text, LENGTH) == LENGTH;
		times[i] = (double) (bench_now_ns() - began_ns) / 1000;
	}
	(void) close(ends[0]);
	return bench_ipc_join(child) && good ? bench_median(times, COUNT) : NAN;
}

/* ---- peers ---- */

static double run_zmq(void *user)
{
	(void) user;
	return bench_zmq_roundtrip(COUNT, LENGTH);
}

static double run_nng(void *user)
{
	(void) user;
	return bench_nng_roundtrip(COUNT, LENGTH);
}

static double run_node(void *user)
{
	(void) user;
	return bench_node("echo.js", "10000");
}

static void ask(const char *peer, double (*run)(void *user), bool there, double goal)
{
	static const bench_placement places[] = { BENCH_TOGETHER, BENCH_APART };
	char name[64];
	bench_question question = { .bench = "ipc-roundtrip",
		.name = name,
		.unit = "us",
		.rounds = 7,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = goal };
	const bench_side sides[] = {
		{ "hostkit", run_ours, NULL },
		{ peer, there ? run : NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		(void) snprintf(name, sizeof(name), "100 bytes over a Unix socket, %s",
		    bench_placement_name(places[i]));
		if (bench_ipc_place(places[i]))
			bench_ask(&question, sides, 2);
		else
			(void) fprintf(stderr, "%s: not on this machine\n", name);
	}
}

int main(int argc, char **argv)
{
	if (bench_wanted(argc, argv, "bare socketpair"))
		ask("bare socketpair", run_bare, true, 1.2);
	if (bench_wanted(argc, argv, "node"))
		ask("node", run_node, bench_has_node(), 0.5);
	if (bench_wanted(argc, argv, "zmq"))
		ask("zmq", run_zmq, bench_has_zmq(), 0.35);
	if (bench_wanted(argc, argv, "nng"))
		ask("nng", run_nng, bench_has_nng(), 0.2);
	bench_ipc_leave();
	return bench_status();
}
