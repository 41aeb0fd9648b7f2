#include "ipc/rpc_world_test.h"

#include <pthread.h>
#include "base/array.h"
#include "base/random.h"
#include "base/torture.h"
#include "loop/contract_test.h"

/* ---- a server that counts and keeps ---- */

#define KEPT_MAX 20000

typedef struct world {
	rpc_world base;
	hk_ipc_methods *methods;
	hk_ipc_rpc_server *server;
	hk_ipc_rpc *client;
	hk_ipc_rpc *accepted; /* the latest */
	int connects;
	int closes;
	int close_reason;
	int cancels;
	int noted;
	size_t kept_count;
	hk_ipc_request *kept[KEPT_MAX];
} world;

static void on_add(hk_ipc_request *request, const hk_json *params, void *user)
{
	hk_json_iterator each = hk_json_iterate(params);
	const hk_json *value;
	int64_t sum = 0;
	int64_t one;
	char text[32];

	(void) user;
	while ((value = hk_json_next(&each)) != NULL) {
		if (hk_json_get_int64(&one, value) < 0) {
			hk_ipc_request_fail(request, HK_IPC_ERROR_PARAMS,
			    "only whole numbers are added", "{\"why\":1}");
			return;
		}
		sum += one;
	}
	snprintf(text, sizeof(text), "%lld", (long long) sum);
	assert_int_equal(0, hk_ipc_request_reply(request, text));
}

static void on_echo(hk_ipc_request *request, const hk_json *params, void *user)
{
	(void) user;
	hk_ipc_request_reply_value(request, params);
}

static void on_kept_cancel(hk_ipc_request *request, void *user)
{
	world *all = user;

	(void) request;
	all->cancels++;
}

/* Answered later, or never. */
static void on_keep(hk_ipc_request *request, const hk_json *params, void *user)
{
	world *all = user;

	(void) params;
	hk_ipc_request_on_cancel(request, on_kept_cancel, all);
	assert_true(all->kept_count < KEPT_MAX);
	all->kept[all->kept_count++] = request;
}

static void on_forget(hk_ipc_request *request, const hk_json *params, void *user)
{
	(void) params;
	(void) user;
	hk_ipc_request_free(request);
}

static void on_note(hk_ipc_request *request, const hk_json *params, void *user)
{
	world *all = user;

	(void) params;
	assert_true(hk_ipc_request_is_notification(request));
	all->noted++;
	assert_int_equal(0, hk_ipc_request_reply(request, "\"nobody hears this\""));
}

static void on_kick(hk_ipc_request *request, const hk_json *params, void *user)
{
	(void) params;
	(void) user;
	hk_ipc_rpc_free(hk_ipc_request_rpc(request));
	assert_int_equal(-ECONNRESET, hk_ipc_request_reply(request, "1"));
}

static void on_large(hk_ipc_request *request, const hk_json *params, void *user)
{
	static char text[1 << 21];

	(void) params;
	(void) user;
	memset(text, '7', sizeof(text) - 1);
	assert_int_equal(-EMSGSIZE, hk_ipc_request_reply(request, text));
}

static void on_accept(hk_ipc_rpc *rpc, void *user)
{
	world *all = user;

	all->accepted = rpc;
	all->connects++;
}

static void on_close(hk_ipc_rpc *rpc, int reason, void *user)
{
	world *all = user;

	if (rpc == all->accepted)
		all->accepted = NULL;
	all->closes++;
	all->close_reason = reason;
}

static void offer(world *all, const char *name, hk_ipc_method_fn fn)
{
	assert_int_equal(0, hk_ipc_methods_add(all->methods, name, fn, all));
}

static void listen_with(world *all, uint32_t requests_max)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;

	opts.methods = all->methods;
	opts.on_connect = on_accept;
	opts.on_close = on_close;
	opts.user = all;
	opts.requests_max = requests_max;
	assert_int_equal(0,
	    hk_ipc_rpc_listen(&all->server, all->base.loop, all->base.url, &opts, NULL));
}

static void open_server(world *all, uint32_t requests_max)
{
	memset(all, 0, sizeof(*all));
	rpc_world_open(&all->base);
	assert_int_equal(0, hk_ipc_methods_new(&all->methods));
	offer(all, "add", on_add);
	offer(all, "echo", on_echo);
	offer(all, "keep", on_keep);
	offer(all, "forget", on_forget);
	offer(all, "note", on_note);
	offer(all, "kick", on_kick);
	offer(all, "large", on_large);
	listen_with(all, requests_max);
}

static void open_world(world *all)
{
	open_server(all, 0);
	assert_int_equal(
	    0, hk_ipc_rpc_dial(&all->client, all->base.loop, all->base.url, NULL, NULL));
}

static void close_world(world *all)
{
	hk_ipc_rpc_free(all->client);
	hk_ipc_rpc_server_free(all->server);
	for (size_t i = 0; i < all->kept_count; i++)
		hk_ipc_request_free(all->kept[i]);
	rpc_world_turns(&all->base, 2);
	hk_ipc_methods_free(all->methods);
	rpc_world_close(&all->base);
}

/* ---- what became of a call ---- */

typedef struct outcome {
	int calls;
	int status;
	int64_t code;
	char text[128];   /* of the error */
	char result[512]; /* or the error's data */
	uint64_t at_ns;
} outcome;

static void keep_json(char *out, size_t capacity, const hk_json *value)
{
	hk_json_writer *writer;

	out[0] = '\0';
	if (value == NULL)
		return;
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	hk_json_write_value(writer, value);
	snprintf(out, capacity, "%s", hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
}

static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	outcome *got = user;

	(void) call;
	got->calls++;
	got->status = reply->status;
	got->code = reply->error_code;
	got->at_ns = hki_clock_monotonic_ns();
	if (reply->error_text != NULL)
		snprintf(got->text, sizeof(got->text), "%s", reply->error_text);
	keep_json(got->result, sizeof(got->result),
	    reply->status == 0 ? reply->result : reply->error_data);
}

static outcome ask(world *all, const char *method, const char *params)
{
	outcome got = { .calls = 0 };

	assert_int_equal(
	    0, hk_ipc_call_method(all->client, method, params, on_reply, &got));
	assert_int_equal(0, got.calls);
	rpc_world_wait(&all->base, &got.calls);
	return got;
}

static hk_ipc_call *start(
    world *all, const char *method, uint64_t timeout_ns, outcome *got)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	hk_ipc_call *call;

	opts.method = method;
	opts.timeout_ns = timeout_ns;
	opts.fn = on_reply;
	opts.user = got;
	assert_int_equal(0, hk_ipc_call_start(&call, all->client, &opts));
	return call;
}

static void a_call_is_answered(void **state)
{
	world all;
	outcome got;

	(void) state;
	open_world(&all);
	got = ask(&all, "add", "[1, 2,\n 39]");
	assert_int_equal(0, got.status);
	assert_string_equal("42", got.result);
	got = ask(&all, "echo", "{\"gr\xc3\xbcn\":[\"\\n\",1e3,null]}");
	assert_string_equal("{\"gr\xc3\xbcn\":[\"\\n\",1e3,null]}", got.result);
	got = ask(&all, "echo", NULL);
	assert_string_equal("null", got.result);
	close_world(&all);
}

static void errors_come_back_with_code_text_and_data(void **state)
{
	world all;
	outcome got;

	(void) state;
	open_world(&all);
	got = ask(&all, "add", "[\"x\"]");
	assert_int_equal(-EREMOTEIO, got.status);
	assert_int_equal(HK_IPC_ERROR_PARAMS, (int) got.code);
	assert_string_equal("only whole numbers are added", got.text);
	assert_string_equal("{\"why\":1}", got.result);
	got = ask(&all, "no.such", NULL);
	assert_int_equal(HK_IPC_ERROR_METHOD, (int) got.code);
	got = ask(&all, "forget", NULL);
	assert_int_equal(HK_IPC_ERROR_INTERNAL, (int) got.code);
	got = ask(&all, "large", NULL);
	assert_int_equal(HK_IPC_ERROR_INTERNAL, (int) got.code);
	close_world(&all);
}

static void answers_come_in_any_order(void **state)
{
	outcome got[3] = { { .calls = 0 } };
	hk_ipc_call *calls[3];
	world all;

	(void) state;
	open_world(&all);
	for (int i = 0; i < 3; i++)
		calls[i] = start(&all, "keep", 0, &got[i]);
	while (all.kept_count < 3)
		rpc_world_turns(&all.base, 1);
	assert_int_equal(0, hk_ipc_request_reply(all.kept[2], "2"));
	rpc_world_wait(&all.base, &got[2].calls);
	assert_int_equal(0, hk_ipc_request_reply(all.kept[0], "0"));
	rpc_world_wait(&all.base, &got[0].calls);
	assert_int_equal(0, got[1].calls);
	assert_int_equal(0, hk_ipc_request_fail(all.kept[1], 7, "one", NULL));
	rpc_world_wait(&all.base, &got[1].calls);
	assert_string_equal("2", got[2].result);
	assert_string_equal("0", got[0].result);
	assert_int_equal(7, (int) got[1].code);
	all.kept_count = 0;
	for (int i = 0; i < 3; i++)
		hk_ipc_call_free(calls[i]);
	close_world(&all);
}

static void both_ends_may_call(void **state)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	outcome got = { .calls = 0 };
	world all;

	(void) state;
	open_server(&all, 0);
	opts.methods = all.methods;
	assert_int_equal(
	    0, hk_ipc_rpc_dial(&all.client, all.base.loop, all.base.url, &opts, NULL));
	rpc_world_wait(&all.base, &all.connects);
	assert_int_equal(
	    0, hk_ipc_call_method(all.accepted, "add", "[3,4]", on_reply, &got));
	rpc_world_wait(&all.base, &got.calls);
	assert_string_equal("7", got.result);
	close_world(&all);
}

static void notices_are_heard_and_not_answered(void **state)
{
	hk_ipc_rpc_stats stats = { .size = sizeof(stats) };
	world all;

	(void) state;
	open_world(&all);
	assert_int_equal(0, hk_ipc_notify(all.client, "note", "[1]"));
	assert_int_equal(0, hk_ipc_notify(all.client, "nobody", NULL));
	rpc_world_wait(&all.base, &all.noted);
	(void) ask(&all, "add", "[]");
	assert_int_equal(0, hk_ipc_rpc_stats_read(all.client, &stats));
	assert_int_equal(0, stats.answers_late);
	assert_int_equal(1, stats.calls_answered);
	close_world(&all);
}

static void deadlines_are_kept_and_told(void **state)
{
	outcome got = { .calls = 0 };
	uint64_t begin_ns;
	uint64_t left_ns;
	hk_ipc_call *call;
	world all;

	(void) state;
	open_world(&all);
	(void) ask(&all, "add", "[]"); /* the connection stands */
	begin_ns = hki_clock_monotonic_ns();
	call = start(&all, "keep", 50 * HKI_NS_PER_MS, &got);
	while (all.kept_count == 0)
		rpc_world_turns(&all.base, 1);
	left_ns = hk_ipc_request_left_ns(all.kept[0]);
	assert_true(left_ns <= 50 * HKI_NS_PER_MS);
	rpc_world_wait(&all.base, &got.calls);
	assert_int_equal(-ETIMEDOUT, got.status);
	print_message("# the deadline of 50 ms came after %.2f ms\n",
	    (double) (got.at_ns - begin_ns) / 1e6);
	assert_true(got.at_ns - begin_ns >= 50 * HKI_NS_PER_MS);
	/* The other side stops working on it, and may still answer. */
	rpc_world_wait(&all.base, &all.cancels);
	assert_int_equal(0, hk_ipc_request_left_ns(all.kept[0]));
	assert_int_equal(-ECANCELED, hk_ipc_request_reply(all.kept[0], "1"));
	all.kept_count = 0;
	rpc_world_turns(&all.base, 10);
	assert_int_equal(1, got.calls);
	hk_ipc_call_free(call);
	close_world(&all);
}

static void cancelling_reaches_the_other_side(void **state)
{
	outcome got = { .calls = 0 };
	hk_ipc_call *call;
	world all;

	(void) state;
	open_world(&all);
	call = start(&all, "keep", UINT64_MAX, &got);
	while (all.kept_count == 0)
		rpc_world_turns(&all.base, 1);
	assert_true(hk_ipc_request_left_ns(all.kept[0]) == UINT64_MAX);
	hk_ipc_call_cancel(call);
	hk_ipc_call_cancel(call);
	assert_int_equal(0, got.calls);
	rpc_world_wait(&all.base, &got.calls);
	assert_int_equal(-ECANCELED, got.status);
	rpc_world_wait(&all.base, &all.cancels);
	hk_ipc_call_cancel(call);
	rpc_world_turns(&all.base, 5);
	assert_int_equal(1, got.calls);
	assert_int_equal(1, all.cancels);
	hk_ipc_call_free(call);
	close_world(&all);
}

static void a_call_that_is_freed_is_silent(void **state)
{
	hk_ipc_rpc_stats stats = { .size = sizeof(stats) };
	outcome got = { .calls = 0 };
	world all;

	(void) state;
	open_world(&all);
	hk_ipc_call_free(start(&all, "keep", 0, &got)); /* never left */
	(void) ask(&all, "add", "[]");
	assert_int_equal(0, all.kept_count);
	hk_ipc_call_free(NULL);
	assert_int_equal(0, hk_ipc_rpc_stats_read(all.client, &stats));
	assert_int_equal(1, stats.calls_freed);
	assert_int_equal(stats.calls, stats.calls_freed + stats.calls_answered);
	assert_int_equal(0, got.calls);
	close_world(&all);
}

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

static bool all_have_ended(const void *what)
{
	(void) what;
	return many.ended == (int) HKI_COUNT(many.got);
}

static bool all_have_arrived(const void *what)
{
	(void) what;
	return many.all.kept_count == HKI_COUNT(many.got);
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
	rpc_world_until(&many.all.base, all_have_arrived, NULL);
	/* Some are answered, and the answers race with the end. */
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(
		    0, hk_ipc_request_reply(many.all.kept[--many.all.kept_count], "1"));
	hk_ipc_flush(hk_ipc_rpc_connection(many.all.accepted));
	hk_ipc_rpc_free(many.all.accepted);
	rpc_world_until(&many.all.base, all_have_ended, NULL);
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
	while (all.kept_count == 0)
		rpc_world_turns(&all.base, 1);
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
	while (all.kept_count == 0)
		rpc_world_turns(&all.base, 1);
	assert_int_equal(0, hk_ipc_request_reply(all.kept[0], "\"last\""));
	all.kept_count = 0;
	hk_ipc_rpc_close(all.accepted, 5 * HKI_NS_PER_S);
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
	while (all.client != NULL)
		rpc_world_turns(&all.base, 1);
	rpc_world_turns(&all.base, 5);
	assert_int_equal(0, never.calls);
	close_world(&all);
}

/* ---- strangers ---- */

static void a_script_takes_part(void **state)
{
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	rpc_world_say(fd,
	    "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"add\",\"params\":"
	    "[1,2]}\n");
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":3}\n", heard);
	/* Its half is closed; it still gets its answer, then the end. */
	rpc_world_say(
	    fd, "{\"jsonrpc\":\"2.0\",\"id\":1.5e0,\"method\":\"add\",\"params\":[]}\n");
	shutdown(fd, SHUT_WR);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":1.5e0,\"result\":0}\n", heard);
	rpc_world_wait(&all.base, &all.closes);
	assert_int_equal(0, all.close_reason);
	close(fd);
	close_world(&all);
}

static void garbage_is_answered_and_left_behind(void **state)
{
	static const char *const said[] = {
		"{\"jsonrpc\":\"2.0\",\"id\":1,\n",
		"{\"a\":1,\"a\":2}\n",
		"{}\n",
		"[]\n",
		"[1]\n",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.secret\"}\n",
	};
	static const char *const heard_codes[] = { "-32700", "-32600", "-32600", "-32600",
		"-32600", "-32601" };
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	for (size_t i = 0; i < HKI_COUNT(said); i++) {
		rpc_world_say(fd, said[i]);
		rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
		print_message("# %s", heard);
		assert_non_null(strstr(heard, heard_codes[i]));
	}
	/* Answers nobody asked for are not answered. */
	rpc_world_say(fd,
	    "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":1}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,"
	    "\"message\":\"x\"}}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":1}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"add\"}\n");
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":0}\n", heard);
	close(fd);
	close_world(&all);
}

static void a_batch_is_answered_in_one(void **state)
{
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	rpc_world_say(fd,
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"keep\"},"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"note\"},7,"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"add\",\"params\":[5]}]\n");
	while (all.kept_count == 0)
		rpc_world_turns(&all.base, 1);
	rpc_world_turns(&all.base, 3);
	assert_int_equal(1, all.noted);
	assert_int_equal(-1, recv(fd, heard, sizeof(heard), MSG_DONTWAIT));
	all.kept_count = 0;
	assert_int_equal(0, hk_ipc_request_reply(all.kept[0], "\"late\""));
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal(
	    "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
	    "\"a message is an object\"}},{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":5},"
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"late\"}]\n",
	    heard);
	/* A batch of notices has no answer. */
	rpc_world_say(fd, "[{\"jsonrpc\":\"2.0\",\"method\":\"note\"}]\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"add\"}\n");
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":0}\n", heard);
	close(fd);
	close_world(&all);
}

static void a_batch_has_a_most(void **state)
{
	static char said[64 * 1002];
	static char heard[128 * 1002];
	size_t length = 0;
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	for (int i = 0; i < 1001; i++)
		length += (size_t) snprintf(said + length, sizeof(said) - length,
		    "%s{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"add\"}",
		    i == 0 ? "[" : ",", i);
	snprintf(said + length, sizeof(said) - length, "]\n");
	rpc_world_say(fd, said);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "too many messages"));
	/* One less is all right. */
	*strstr(said, "{\"jsonrpc\":\"2.0\",\"id\":1000") = ']';
	strcpy(strstr(said, ",]"), "]\n");
	rpc_world_say(fd, said);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"id\":999,"));
	close(fd);
	close_world(&all);
}

static void too_many_at_once_are_refused(void **state)
{
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 2);
	fd = rpc_world_stranger(&all.base);
	rpc_world_say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"keep\"}\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"keep\"}\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"keep\"}\n");
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"id\":3,\"error\":{\"code\":-32001"));
	assert_int_equal(2, all.kept_count);
	close(fd);
	close_world(&all);
}

static void long_ids_are_not_kept(void **state)
{
	char said[2000];
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	snprintf(said, sizeof(said),
	    "{\"jsonrpc\":\"2.0\",\"id\":\"%0300d\",\"method\":\"add\"}\n", 0);
	rpc_world_say(fd, said);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"id\":null"));
	assert_non_null(strstr(heard, "the id is too long"));
	close(fd);
	close_world(&all);
}

/* Somebody asks without end and reads nothing. */
static void who_does_not_read_is_not_read_either(void **state)
{
	static char said[1 << 16];
	hk_ipc_rpc_stats stats = { .size = sizeof(stats) };
	size_t length = 0;
	size_t at = 0;
	uint64_t before;
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	while (length + 64 < sizeof(said))
		length += (size_t) snprintf(said + length, sizeof(said) - length,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\"}\n");
	/* Until it takes no more for a while. */
	for (int quiet = 0; quiet < 50; quiet++) {
		ssize_t sent =
		    send(fd, said + at, length - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			at = (at + (size_t) sent) % length;
			quiet = 0;
		}
		rpc_world_turns(&all.base, 1);
	}
	assert_int_equal(0, hk_ipc_rpc_stats_read(all.accepted, &stats));
	before = stats.requests;
	rpc_world_turns(&all.base, 20);
	assert_int_equal(0, hk_ipc_rpc_stats_read(all.accepted, &stats));
	assert_int_equal(before, stats.requests);
	assert_int_equal(0, all.closes);
	close(fd);
	close_world(&all);
}

/* ---- without a loop ---- */

typedef struct asker {
	const char *url;
	hk_ipc_answer answer;
	int result;
	int done;
} asker;

static void *ask_blocking(void *user)
{
	asker *one = user;

	one->result =
	    hk_ipc_call_blocking(&one->answer, one->url, "add", "[20,22]", 0, NULL);
	__atomic_store_n(&one->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_done(const void *what)
{
	return __atomic_load_n(&((const asker *) what)->done, __ATOMIC_ACQUIRE) != 0;
}

static void a_program_without_a_loop_may_call(void **state)
{
	pthread_t thread;
	asker one = { .done = 0 };
	world all;

	(void) state;
	open_server(&all, 0);
	one.url = all.base.url;
	assert_int_equal(0, pthread_create(&thread, NULL, ask_blocking, &one));
	rpc_world_until(&all.base, is_done, &one);
	pthread_join(thread, NULL);
	assert_int_equal(0, one.result);
	assert_int_equal(0, one.answer.status);
	assert_string_equal("42", one.answer.json);
	hk_ipc_answer_release(&one.answer);
	close_world(&all);
}

static void mistakes_of_the_caller_are_told(void **state)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	hk_ipc_rpc_opts rpc = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_rpc *none = NULL;
	static char large[(1 << 20) + 10];
	world all;

	(void) state;
	open_world(&all);
	assert_int_equal(-EINVAL, hk_ipc_methods_add(all.methods, "rpc.x", on_add, NULL));
	assert_int_equal(-EEXIST, hk_ipc_methods_add(all.methods, "add", on_add, NULL));
	assert_int_equal(-ENOENT, hk_ipc_methods_remove(all.methods, "sub"));
	assert_int_equal(0, hk_ipc_methods_remove(all.methods, "add"));
	assert_int_equal(-EINVAL, hk_ipc_call_start(NULL, all.client, &opts));
	memset(large, '1', sizeof(large) - 1);
	opts.method = "add";
	opts.params = large;
	opts.fn = on_reply;
	assert_int_equal(-EMSGSIZE, hk_ipc_call_start(NULL, all.client, &opts));
	connection.overflow = HK_IPC_OVERFLOW_DROP_OLDEST;
	rpc.connection = &connection;
	assert_int_equal(
	    -EINVAL, hk_ipc_rpc_dial(&none, all.base.loop, all.base.url, &rpc, NULL));
	connection.overflow = 0;
	connection.user = &all;
	assert_int_equal(
	    -EINVAL, hk_ipc_rpc_dial(&none, all.base.loop, all.base.url, &rpc, NULL));
	connection.user = NULL;
	assert_int_equal(
	    HK_EPARSE, hk_ipc_rpc_dial(&none, all.base.loop, "nonsense", &rpc, NULL));
	assert_null(none);
	close_world(&all);
}

/* ---- the contract ---- */

static void contract_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	(void) call;
	contract_called(user, reply->status);
}

typedef struct contract_world {
	int sockets[2];
	hk_ipc_rpc *near;
	hk_ipc_rpc *far;
	hk_ipc_methods *methods;
} contract_world;

static void contract_setup(contract_probe *probe)
{
	contract_world *all = calloc(1, sizeof(*all));
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;

	probe->state = all;
	assert_int_equal(0, hk_ipc_methods_new(&all->methods));
	assert_int_equal(0, hk_ipc_methods_add(all->methods, "add", on_add, NULL));
	assert_int_equal(
	    0, socketpair(
		   AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, all->sockets));
	opts.methods = all->methods;
	assert_int_equal(
	    0, hk_ipc_rpc_adopt(&all->near, probe->loop, all->sockets[0], &opts));
	assert_int_equal(
	    0, hk_ipc_rpc_adopt(&all->far, probe->loop, all->sockets[1], &opts));
}

static void contract_teardown(contract_probe *probe)
{
	contract_world *all = probe->state;

	hk_ipc_rpc_free(all->near);
	hk_ipc_rpc_free(all->far);
	hk_ipc_methods_free(all->methods);
	free(all);
}

static int contract_begin(void **out, contract_probe *probe, const char *method)
{
	contract_world *all = probe->state;
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;

	opts.method = method;
	opts.fn = contract_reply;
	opts.user = probe;
	return hk_ipc_call_start((hk_ipc_call **) out, all->near, &opts);
}

static int contract_begin_call(void **out, contract_probe *probe)
{
	return contract_begin(out, probe, "add");
}

static int contract_begin_nothing(void **out, contract_probe *probe)
{
	return contract_begin(out, probe, NULL);
}

static void contract_cancel_call(contract_probe *probe)
{
	hk_ipc_call_cancel(probe->handle);
}

static void contract_free_call(contract_probe *probe)
{
	hk_ipc_call_free(probe->handle);
}

static void calls_keep_the_contract(void **state)
{
	static const contract_operation call = { .name = "hk_ipc_call_start",
		.setup = contract_setup,
		.teardown = contract_teardown,
		.start = contract_begin_call,
		.start_failing = contract_begin_nothing,
		.cancel = contract_cancel_call,
		.free = contract_free_call };

	(void) state;
	contract_check(&call);
}

/* ---- allocation ---- */

static void on_plain_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	outcome *got = user;

	(void) call;
	got->calls++;
	got->status = reply->status;
}

static int call_and_hear(void *user)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_methods *methods = NULL;
	hk_ipc_rpc *near = NULL;
	hk_ipc_rpc *far = NULL;
	hk_loop *loop = NULL;
	outcome got = { .calls = 0 };
	int sockets[2];
	int r;

	(void) user;
	assert_int_equal(0,
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets));
	if ((r = hk_loop_new(&loop)) == 0 && (r = hk_ipc_methods_new(&methods)) == 0)
		r = hk_ipc_methods_add(methods, "echo", on_echo, NULL);
	opts.methods = methods;
	if (r == 0 && (r = hk_ipc_rpc_adopt(&near, loop, sockets[0], NULL)) == 0)
		sockets[0] = -1;
	if (r == 0 && (r = hk_ipc_rpc_adopt(&far, loop, sockets[1], &opts)) == 0)
		sockets[1] = -1;
	if (r == 0)
		r = hk_ipc_call_method(near, "echo", "[1]", on_plain_reply, &got);
	for (int i = 0; i < 50 && r == 0 && got.calls == 0; i++)
		r = hk_loop_run_once(loop, 10) < 0 ? -EIO : 0;
	if (r == 0 && got.calls == 0)
		r = -ETIME;
	if (r == 0)
		r = got.status;
	hk_ipc_rpc_free(near);
	hk_ipc_rpc_free(far);
	hk_ipc_methods_free(methods);
	hk_loop_free(loop);
	for (int i = 0; i < 2; i++)
		if (sockets[i] >= 0)
			close(sockets[i]);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	(void) state;
	assert_true(hki_torture(call_and_hear, NULL) > 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_answered),
		cmocka_unit_test(errors_come_back_with_code_text_and_data),
		cmocka_unit_test(answers_come_in_any_order),
		cmocka_unit_test(both_ends_may_call),
		cmocka_unit_test(notices_are_heard_and_not_answered),
		cmocka_unit_test(deadlines_are_kept_and_told),
		cmocka_unit_test(cancelling_reaches_the_other_side),
		cmocka_unit_test(a_call_that_is_freed_is_silent),
		cmocka_unit_test(ten_thousand_calls_end_once_each_with_their_connection),
		cmocka_unit_test(nobody_at_the_url_ends_the_call_with_the_reason),
		cmocka_unit_test(calls_wait_for_a_connection_that_comes_back),
		cmocka_unit_test(closing_lets_answers_leave),
		cmocka_unit_test(a_handler_may_free_the_conversation),
		cmocka_unit_test(a_reply_may_free_the_conversation),
		cmocka_unit_test(a_script_takes_part),
		cmocka_unit_test(garbage_is_answered_and_left_behind),
		cmocka_unit_test(a_batch_is_answered_in_one),
		cmocka_unit_test(a_batch_has_a_most),
		cmocka_unit_test(too_many_at_once_are_refused),
		cmocka_unit_test(long_ids_are_not_kept),
		cmocka_unit_test(who_does_not_read_is_not_read_either),
		cmocka_unit_test(a_program_without_a_loop_may_call),
		cmocka_unit_test(mistakes_of_the_caller_are_told),
		cmocka_unit_test(calls_keep_the_contract),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
