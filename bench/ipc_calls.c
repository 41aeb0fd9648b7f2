/*
 * What do calls and subjects cost?
 *
 * Calls of JSON-RPC to another process, one at a time and 256 at once, and news from
 * a publisher through a broker process to subscribers; the peer is the same written
 * in Node on net and JSON, as a program without a library has it.  And 10,000 calls
 * that are under way when their connection breaks: each must end exactly once.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hostkit/hostkit.h>
#include "harness.h"
#include "ipc/peers.h"

enum { CALLS = 20000, NEWS = 20000, BROKEN = 10000, SUBSCRIBERS_MAX = 8 };

static char url[128];
static hk_loop *loop;

static void new_url(void)
{
	(void) snprintf(url, sizeof(url), "unix:%s", bench_ipc_path());
}

/* Dial until the child listens. */
static void wait_turn(hk_ipc_rpc_opts *opts, hk_ipc_opts *connection)
{
	*connection = (hk_ipc_opts) HK_IPC_OPTS_INIT;
	connection->reconnect = 1;
	connection->reconnect_max_ns = 10000000;
	*opts = (hk_ipc_rpc_opts) HK_IPC_RPC_OPTS_INIT;
	opts->connection = connection;
}

/* ---- calls ---- */

static void echo(hk_ipc_request *request, const hk_json *params, void *user)
{
	(void) user;
	(void) hk_ipc_request_reply_value(request, params);
}

static void one_is_gone(hk_ipc_rpc *rpc, int reason, void *user)
{
	(void) rpc;
	(void) reason;
	hk_loop_stop(user, 0);
}

static int serve_calls(void *user)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_rpc_server *server;
	hk_ipc_methods *methods;
	hk_loop *own;

	(void) user;
	if (hk_loop_new(&own) < 0 || hk_ipc_methods_new(&methods) < 0 ||
	    hk_ipc_methods_add(methods, "echo", echo, NULL) < 0)
		return 1;
	opts.methods = methods;
	opts.on_close = one_is_gone;
	opts.user = own;
	if (hk_ipc_rpc_listen(&server, own, url, &opts, NULL) < 0 || hk_loop_run(own) < 0)
		return 1;
	hk_ipc_rpc_server_free(server);
	return 0;
}

typedef struct asking {
	hk_ipc_rpc *rpc;
	size_t under_way;
	size_t started;
	size_t done;
	uint64_t began_ns;
	bool failed;
} asking;

static void call_one(asking *all);

static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	asking *all = user;

	(void) call;
	all->failed |= reply->status != 0;
	all->done++;
	if (all->started < CALLS)
		call_one(all);
}

static void call_one(asking *all)
{
	static const char params[] =
	    "[\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"]";

	all->started++;
	if (hk_ipc_call_method(all->rpc, "echo", params, on_reply, all) < 0)
		all->failed = true;
}

static void begin_calls(hk_ipc_rpc *rpc, void *user)
{
	asking *all = user;

	(void) rpc;
	all->began_ns = bench_now_ns();
	for (size_t i = 0; i < all->under_way; i++)
		call_one(all);
}

static double run_calls(void *user)
{
	asking all = { .under_way = *(const size_t *) user };
	hk_ipc_rpc_opts opts;
	hk_ipc_opts connection;
	uint64_t spent_ns;
	pid_t child;
	int r;

	new_url();
	child = bench_ipc_fork(serve_calls, NULL);
	wait_turn(&opts, &connection);
	opts.on_connect = begin_calls;
	opts.user = &all;
	r = hk_loop_new(&loop);
	if (r == 0)
		r = hk_ipc_rpc_dial(&all.rpc, loop, url, &opts, NULL);
	while (r >= 0 && all.done < CALLS && !all.failed)
		r = hk_loop_run_once(loop, -1);
	spent_ns = bench_now_ns() - all.began_ns;
	hk_ipc_rpc_free(all.rpc);
	hk_loop_free(loop);
	return bench_ipc_join(child) && r >= 0 && !all.failed ? (double) spent_ns / CALLS
							      : NAN;
}

static double run_calls_in_node(void *user)
{
	char argument[64];

	(void) snprintf(
	    argument, sizeof(argument), "%d,%zu", (int) CALLS, *(const size_t *) user);
	return bench_node("calls.js", argument);
}

/* ---- news ---- */

typedef struct brokering {
	hk_loop *own;
	hk_ipc_broker *broker;
	bool met; /* somebody was there */
} brokering;

static void look_around(hk_timer *timer, void *user)
{
	brokering *all = user;
	size_t there = hk_ipc_server_count(hk_ipc_broker_server(all->broker));

	(void) timer;
	all->met |= there > 0;
	if (all->met && there == 0)
		hk_loop_stop(all->own, 0);
}

static int serve_news(void *user)
{
	hk_timer_opts tick = HK_TIMER_OPTS_INIT;
	hk_ipc_broker_opts opts = HK_IPC_BROKER_OPTS_INIT;
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	brokering all = { .met = false };
	hk_timer *timer;

	(void) user;
	/* Room for all of it: what is asked is speed, not what a slow reader loses. */
	connection.queue_max_bytes = (size_t) 64 << 20;
	opts.connection = &connection;
	tick.after_ns = tick.interval_ns = 20000000;
	tick.fn = look_around;
	tick.user = &all;
	if (hk_loop_new(&all.own) < 0 ||
	    hk_ipc_broker_listen(&all.broker, all.own, url, &opts, NULL) < 0 ||
	    hk_timer_start(&timer, all.own, &tick) < 0 || hk_loop_run(all.own) < 0)
		return 1;
	hk_ipc_broker_free(all.broker);
	return 0;
}

typedef struct hearing {
	size_t subscribers;
	size_t ready;
	size_t heard;
	size_t sent;
	bool failed;
} hearing;

static void on_news(
    hk_ipc_subscription *subscription, const hk_ipc_news *news, void *user)
{
	(void) subscription;
	(void) news;
	((hearing *) user)->heard++;
}

static void on_gap(hk_ipc_subscription *subscription, uint64_t missed, void *user)
{
	(void) subscription;
	(void) missed;
	((hearing *) user)->failed = true;
}

static void on_status(
    hk_ipc_subscription *subscription, int status, const char *text, void *user)
{
	hearing *all = user;

	(void) subscription;
	(void) text;
	all->failed |= status < 0;
	all->ready++;
}

static void publish_some(hearing *all, hk_ipc_rpc *rpc)
{
	char data[128];

	for (int i = 0; i < 256 && all->sent < NEWS; i++) {
		int r;

		(void) snprintf(
		    data, sizeof(data), "{\"n\":%zu,\"text\":\"%040d\"}", all->sent, 0);
		r = hk_ipc_publish(rpc, "bench.news", data);
		if (r == -EAGAIN)
			return;
		all->failed |= r < 0;
		all->sent++;
	}
}

static int subscribe_all(hearing *all, hk_ipc_rpc **rpcs, hk_ipc_subscription **ears)
{
	hk_ipc_subscribe_opts wish = HK_IPC_SUBSCRIBE_OPTS_INIT;
	hk_ipc_rpc_opts opts;
	hk_ipc_opts connection;
	int r = 0;

	wait_turn(&opts, &connection);
	wish.pattern = "bench.*";
	wish.on_news = on_news;
	wish.on_gap = on_gap;
	wish.on_status = on_status;
	wish.user = all;
	for (size_t i = 0; i <= all->subscribers && r == 0; i++) {
		r = hk_ipc_rpc_dial(&rpcs[i], loop, url, &opts, NULL);
		if (r == 0 && i < all->subscribers)
			r = hk_ipc_subscribe(&ears[i], rpcs[i], &wish);
	}
	while (r >= 0 && all->ready < all->subscribers && !all->failed)
		r = hk_loop_run_once(loop, -1);
	return r < 0 ? r : 0;
}

static double run_news(void *user)
{
	hearing all = { .subscribers = *(const size_t *) user };
	hk_ipc_subscription *ears[SUBSCRIBERS_MAX] = { NULL };
	hk_ipc_rpc *rpcs[SUBSCRIBERS_MAX + 1] = { NULL };
	size_t wanted = NEWS * all.subscribers;
	uint64_t began_ns;
	uint64_t spent_ns;
	pid_t child;
	int r;

	new_url();
	child = bench_ipc_fork(serve_news, NULL);
	r = hk_loop_new(&loop);
	if (r == 0)
		r = subscribe_all(&all, rpcs, ears);
	began_ns = bench_now_ns();
	while (r >= 0 && all.heard < wanted && !all.failed) {
		publish_some(&all, rpcs[all.subscribers]);
		r = hk_loop_run_once(loop, all.sent < NEWS ? 0 : -1);
	}
	spent_ns = bench_now_ns() - began_ns;
	for (size_t i = 0; i <= all.subscribers; i++) {
		if (i < all.subscribers)
			hk_ipc_subscription_free(ears[i]);
		hk_ipc_rpc_free(rpcs[i]);
	}
	hk_loop_free(loop);
	return bench_ipc_join(child) && r >= 0 && !all.failed
		   ? (double) spent_ns / (double) wanted
		   : NAN;
}

static double run_news_in_node(void *user)
{
	char argument[64];

	(void) snprintf(
	    argument, sizeof(argument), "%d,%zu", (int) NEWS, *(const size_t *) user);
	return bench_node("subjects.js", argument);
}

/* ---- a connection that breaks ---- */

static unsigned char ends[BROKEN];
static size_t ended;

static void on_broken(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	unsigned char *times = user;

	(void) call;
	(void) reply;
	(*times)++;
	ended++;
}

typedef struct keeping {
	hk_ipc_request *kept[BROKEN];
	size_t count;
	hk_ipc_rpc *caller;
} keeping;

static void keep(hk_ipc_request *request, const hk_json *params, void *user)
{
	keeping *all = user;

	(void) params;
	all->caller = hk_ipc_request_rpc(request);
	if (all->count < BROKEN)
		all->kept[all->count++] = request;
	else
		hk_ipc_request_free(request);
}

/* Make them all, wait until they are under way, break the line.  0 or a negative errno. */
static int break_line(keeping *all, hk_ipc_rpc *rpc)
{
	int r = 0;

	for (size_t i = 0; i < BROKEN && r >= 0;) {
		r = hk_ipc_call_method(rpc, "keep", NULL, on_broken, &ends[i]);
		if (r == 0)
			i++;
		else if (r == -EAGAIN)
			r = hk_loop_run_once(loop, -1);
	}
	while (r >= 0 && all->count < BROKEN)
		r = hk_loop_run_once(loop, -1);
	if (r < 0)
		return r;
	hk_ipc_rpc_free(all->caller);
	while (r >= 0 && ended < BROKEN)
		r = hk_loop_run_once(loop, -1);
	for (int i = 0; i < 10 && r >= 0; i++)
		r = hk_loop_run_once(loop, 0);
	return r < 0 ? r : 0;
}

static double run_broken(void)
{
	static keeping all;
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_methods *methods = NULL;
	hk_ipc_rpc_server *server = NULL;
	hk_ipc_rpc *rpc = NULL;
	size_t once = 0;
	int r;

	new_url();
	if ((r = hk_loop_new(&loop)) == 0 && (r = hk_ipc_methods_new(&methods)) == 0)
		r = hk_ipc_methods_add(methods, "keep", keep, &all);
	opts.methods = methods;
	if (r == 0)
		r = hk_ipc_rpc_listen(&server, loop, url, &opts, NULL);
	if (r == 0)
		r = hk_ipc_rpc_dial(&rpc, loop, url, NULL, NULL);
	if (r == 0)
		r = break_line(&all, rpc);
	for (size_t i = 0; i < BROKEN; i++)
		once += ends[i] == 1;
	for (size_t i = 0; i < all.count; i++)
		hk_ipc_request_free(all.kept[i]);
	hk_ipc_rpc_free(rpc);
	hk_ipc_rpc_server_free(server);
	hk_ipc_methods_free(methods);
	hk_loop_free(loop);
	return r == 0 ? (double) once : NAN;
}

/* ---- the questions ---- */

static void ask(const char *name, double (*ours)(void *), double (*theirs)(void *),
    size_t how_many, double goal)
{
	const bench_question question = { .bench = "ipc_calls",
		.name = name,
		.unit = "ns",
		.rounds = 5,
		.ratio = BENCH_SPEED,
		.kind = BENCH_AT_LEAST,
		.goal = goal };
	const bench_side sides[] = { { "hostkit", ours, &how_many },
		{ "node", bench_has_node() ? theirs : NULL, &how_many } };

	bench_ask(&question, sides, 2);
}

int main(int argc, char **argv)
{
	int missed = 0;

	if (bench_wanted(argc, argv, "disconnect"))
		missed = !bench_report_limit("ipc_calls",
		    "ended once of 10000 calls under way at a disconnect", "calls",
		    run_broken(), BENCH_AT_LEAST, BROKEN);
	if (bench_wanted(argc, argv, "one call"))
		ask("one call at a time", run_calls, run_calls_in_node, 1, 2);
	if (bench_wanted(argc, argv, "256 calls"))
		ask("256 calls at once", run_calls, run_calls_in_node, 256, 10);
	if (bench_wanted(argc, argv, "1 subscriber"))
		ask("news to 1 subscriber", run_news, run_news_in_node, 1, 5);
	if (bench_wanted(argc, argv, "8 subscribers"))
		ask("news to 8 subscribers", run_news, run_news_in_node, 8, 5);
	bench_ipc_leave();
	return missed != 0 || bench_status() != 0;
}
