#include "ipc/rpc_server_test.h"

#include "base/array.h"

/* ---- the end of a connection ---- */

typedef struct crowd {
	world all;
	outcome got[10000];
	int ended;
	int twice;
} crowd;

static crowd many;

static void on_crowd_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	outcome *got = user;

	on_reply(call, reply, user);
	many.twice += got->calls > 1;
	many.ended++;
}

static void ten_thousand_calls_end_once_each_with_their_connection(void **state)
{
	hk_ipc_rpc_stats stats = { .size = sizeof(stats) };
	size_t reset = 0;

	(void) state;
	memset(&many, 0, sizeof(many));
	open_world(&many.all);
	for (size_t i = 0; i < HKI_COUNT(many.got);) {
		int r = hk_ipc_call_method(
		    many.all.client, "keep", NULL, on_crowd_reply, &many.got[i]);

		if (r == -EAGAIN)
			rpc_world_turns(&many.all.base, 1);
		else
			assert_int_equal(0, r);
		i += r == 0;
	}
	RPC_WORLD_AWAIT(&many.all.base, HKI_COUNT(many.got), many.all.kept_count);
	/* Some are answered, and the answers race with the end. */
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(
		    0, hk_ipc_request_reply(many.all.kept[--many.all.kept_count], "1"));
	hk_ipc_flush(hk_ipc_rpc_connection(many.all.accepted));
	hk_ipc_rpc_free(many.all.accepted);
	RPC_WORLD_AWAIT(&many.all.base, HKI_COUNT(many.got), many.ended);
	rpc_world_turns(&many.all.base, 5);
	for (size_t i = 0; i < HKI_COUNT(many.got); i++) {
		assert_int_equal(1, many.got[i].calls);
		assert_true(many.got[i].status == 0 || many.got[i].status == -ECONNRESET);
		reset += many.got[i].status != 0;
	}
	assert_int_equal(0, many.twice);
	assert_true(reset >= 9000);
	assert_int_equal(0, hk_ipc_rpc_stats_read(many.all.client, &stats));
	assert_int_equal(reset, stats.calls_reset);
	assert_int_equal(10000 - reset, stats.calls_answered);
	assert_int_equal(0, stats.calls_pending);
	/* Whoever kept a request learns that nobody is there. */
	assert_int_equal(
	    -ECONNRESET, hk_ipc_request_reply(many.all.kept[--many.all.kept_count], "1"));
	close_world(&many.all);
}

static void nobody_at_the_url_ends_the_call_with_the_reason(void **state)
{
	outcome got = { .calls = 0 };
	world all;

	(void) state;
	memset(&all, 0, sizeof(all));
	rpc_world_open(&all.base);
	assert_int_equal(
	    0, hk_ipc_rpc_dial(&all.client, all.base.loop, all.base.url, NULL, NULL));
	assert_int_equal(0, hk_ipc_call_method(all.client, "add", "[]", on_reply, &got));
	rpc_world_wait(&all.base, &got.calls);
	assert_int_equal(-ENOENT, got.status);
	assert_int_equal(
	    -EPIPE, hk_ipc_call_method(all.client, "add", "[]", on_reply, &got));
	hk_ipc_rpc_free(all.client);
	rpc_world_close(&all.base);
}

static void on_retry(hk_ipc_rpc *rpc, int reason, void *user)
{
	int *retries = user;

	(void) rpc;
	assert_true(reason < 0 || reason == 0);
	(*retries)++;
}

static void calls_wait_for_a_connection_that_comes_back(void **state)
{
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	outcome early = { .calls = 0 };
	outcome lost = { .calls = 0 };
	outcome late = { .calls = 0 };
	int retries = 0;
	world all;

	(void) state;
	open_server(&all, 0);
	hk_ipc_rpc_server_free(all.server);
	all.server = NULL;
	connection.reconnect = 1;
	connection.reconnect_max_ns = 20 * HKI_NS_PER_MS;
	opts.connection = &connection;
	opts.on_retry = on_retry;
	opts.user = &retries;
	assert_int_equal(
	    0, hk_ipc_rpc_dial(&all.client, all.base.loop, all.base.url, &opts, NULL));
	/* Made while nobody is there: it waits. */
	assert_int_equal(
	    0, hk_ipc_call_method(all.client, "add", "[1]", on_reply, &early));
	rpc_world_wait(&all.base, &retries);
	assert_int_equal(0, early.calls);
	listen_with(&all, 0);
	rpc_world_wait(&all.base, &early.calls);
	assert_string_equal("1", early.result);
	/* Under way when the server goes: it ends. */
	assert_int_equal(
	    0, hk_ipc_call_method(all.client, "keep", NULL, on_reply, &lost));
	RPC_WORLD_AWAIT(&all.base, 1, all.kept_count);
	hk_ipc_rpc_server_free(all.server);
	rpc_world_wait(&all.base, &lost.calls);
	assert_int_equal(-ECONNRESET, lost.status);
	assert_int_equal(
	    0, hk_ipc_call_method(all.client, "add", "[2]", on_reply, &late));
	listen_with(&all, 0);
	rpc_world_wait(&all.base, &late.calls);
	assert_string_equal("2", late.result);
	close_world(&all);
}

static void closing_lets_answers_leave(void **state)
{
	outcome got = { .calls = 0 };
	world all;

	(void) state;
	open_world(&all);
	assert_int_equal(0, hk_ipc_call_method(all.client, "keep", NULL, on_reply, &got));
	RPC_WORLD_AWAIT(&all.base, 1, all.kept_count);
	assert_int_equal(0, hk_ipc_request_reply(all.kept[0], "\"last\""));
	all.kept_count = 0;
	hk_ipc_rpc_close(all.accepted, 60 * HKI_NS_PER_S);
	rpc_world_wait(&all.base, &got.calls);
	assert_int_equal(0, got.status);
	assert_string_equal("\"last\"", got.result);
	rpc_world_wait(&all.base, &all.closes);
	assert_int_equal(0, all.close_reason);
	close_world(&all);
}

static void a_handler_may_free_the_conversation(void **state)
{
	outcome got;
	world all;

	(void) state;
	open_world(&all);
	got = ask(&all, "kick", NULL);
	assert_int_equal(-ECONNRESET, got.status);
	close_world(&all);
}

static void free_the_client(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	world *all = user;

	(void) reply;
	hk_ipc_call_free(call);
	hk_ipc_rpc_free(all->client);
	all->client = NULL;
}

static void a_reply_may_free_the_conversation(void **state)
{
	outcome never = { .calls = 0 };
	world all;

	(void) state;
	open_world(&all);
	assert_int_equal(
	    0, hk_ipc_call_method(all.client, "add", "[]", free_the_client, &all));
	assert_int_equal(
	    0, hk_ipc_call_method(all.client, "add", "[]", on_reply, &never));
	RPC_WORLD_AWAIT(&all.base, 1, all.client == NULL);
	rpc_world_turns(&all.base, 5);
	assert_int_equal(0, never.calls);
	close_world(&all);
}

/* ---- the end of a server ---- */

static void on_drained(hk_ipc_server *server, int result, void *user)
{
	int *told = user;

	(void) server;
	*told = result == 0 ? 1 : result;
}

static void drain(world *all, uint64_t limit_ns, int *told)
{
	assert_int_equal(0, hk_ipc_server_drain(hk_ipc_rpc_server_get(all->server),
				limit_ns, on_drained, told));
}

static void a_drain_waits_for_what_was_asked_and_begins_nothing(void **state)
{
	outcome before = { .calls = 0 };
	outcome cancelled = { .calls = 0 };
	outcome after = { .calls = 0 };
	hk_ipc_call *call;
	int told = 0;
	world all;

	(void) state;
	open_world(&all);
	assert_int_equal(
	    0, hk_ipc_call_method(all.client, "keep", NULL, on_reply, &before));
	call = start(&all, "keep", UINT64_MAX, &cancelled);
	RPC_WORLD_AWAIT(&all.base, 2, all.kept_count);
	drain(&all, RPC_WORLD_PATIENCE_NS, &told);
	assert_int_equal(
	    0, hk_ipc_call_method(all.client, "keep", NULL, on_reply, &after));
	hk_ipc_call_cancel(call); /* read behind the call that came too late */
	RPC_WORLD_AWAIT(&all.base, 1, all.cancels);
	assert_int_equal(2, all.kept_count);
	hk_ipc_request_free(all.kept[--all.kept_count]);
	rpc_world_turns(&all.base, 5);
	assert_int_equal(0, told);
	assert_int_equal(0, before.calls);
	assert_int_equal(0, hk_ipc_request_reply(all.kept[--all.kept_count], "\"done\""));
	rpc_world_wait(&all.base, &told);
	assert_int_equal(1, told);
	rpc_world_wait(&all.base, &after.calls);
	assert_int_equal(1, before.calls);
	assert_int_equal(0, before.status);
	assert_string_equal("\"done\"", before.result);
	assert_int_equal(-ECONNRESET, after.status);
	assert_int_equal(0, all.close_reason);
	hk_ipc_call_free(call);
	close_world(&all);
}

static void a_drain_cuts_off_at_its_deadline_what_nobody_answers(void **state)
{
	outcome got = { .calls = 0 };
	int told = 0;
	world all;

	(void) state;
	open_world(&all);
	assert_int_equal(0, hk_ipc_call_method(all.client, "keep", NULL, on_reply, &got));
	RPC_WORLD_AWAIT(&all.base, 1, all.kept_count);
	drain(&all, 20 * HKI_NS_PER_MS, &told);
	rpc_world_wait(&all.base, &told);
	assert_int_equal(-ETIMEDOUT, told);
	assert_int_equal(1, all.cancels);
	rpc_world_wait(&all.base, &got.calls);
	assert_int_equal(-ECONNRESET, got.status);
	assert_int_equal(
	    -ECONNRESET, hk_ipc_request_reply(all.kept[--all.kept_count], "1"));
	close_world(&all);
}

static void a_server_may_be_freed_while_it_drains(void **state)
{
	outcome got = { .calls = 0 };
	int told = 0;
	world all;

	(void) state;
	open_world(&all);
	assert_int_equal(0, hk_ipc_call_method(all.client, "keep", NULL, on_reply, &got));
	RPC_WORLD_AWAIT(&all.base, 1, all.kept_count);
	drain(&all, UINT64_MAX, &told);
	hk_ipc_rpc_server_free(all.server);
	all.server = NULL;
	rpc_world_wait(&all.base, &got.calls);
	assert_int_equal(-ECONNRESET, got.status);
	assert_int_equal(0, told);
	close_world(&all);
}

/* ---- answers beyond the high-water mark ---- */

enum { BULKY = 10, BULK = 500000 };
static char bulk[BULK];
static char heard[BULKY * (BULK + 100)];

static void answer_bulky(world *all)
{
	memset(bulk, '7', sizeof(bulk) - 1);
	while (all->kept_count > 0)
		assert_int_equal(
		    0, hk_ipc_request_reply(all->kept[--all->kept_count], bulk));
}

static int ask_for_bulk(world *all)
{
	int fd = rpc_world_stranger(&all->base);

	for (int i = 0; i < BULKY; i++)
		rpc_world_say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"keep\"}\n");
	return fd;
}

static void answers_that_wait_for_room_leave_before_a_drain_ends(void **state)
{
	int told = 0;
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = ask_for_bulk(&all);
	RPC_WORLD_AWAIT(&all.base, BULKY, all.kept_count);
	answer_bulky(&all);
	drain(&all, RPC_WORLD_PATIENCE_NS, &told);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), BULKY);
	rpc_world_wait(&all.base, &told);
	assert_int_equal(1, told);
	close(fd);
	close_world(&all);
}

static void answers_that_wait_for_room_reach_who_has_said_the_last_word(void **state)
{
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = ask_for_bulk(&all);
	assert_int_equal(0, shutdown(fd, SHUT_WR));
	RPC_WORLD_AWAIT(&all.base, BULKY, all.kept_count);
	rpc_world_turns(&all.base, 5);
	answer_bulky(&all);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), BULKY);
	rpc_world_wait(&all.base, &all.closes);
	assert_int_equal(0, all.close_reason);
	close(fd);
	close_world(&all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_calls_end_once_each_with_their_connection),
		cmocka_unit_test(nobody_at_the_url_ends_the_call_with_the_reason),
		cmocka_unit_test(calls_wait_for_a_connection_that_comes_back),
		cmocka_unit_test(closing_lets_answers_leave),
		cmocka_unit_test(a_handler_may_free_the_conversation),
		cmocka_unit_test(a_reply_may_free_the_conversation),
		cmocka_unit_test(a_drain_waits_for_what_was_asked_and_begins_nothing),
		cmocka_unit_test(a_drain_cuts_off_at_its_deadline_what_nobody_answers),
		cmocka_unit_test(a_server_may_be_freed_while_it_drains),
		cmocka_unit_test(answers_that_wait_for_room_leave_before_a_drain_ends),
		cmocka_unit_test(
		    answers_that_wait_for_room_reach_who_has_said_the_last_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
