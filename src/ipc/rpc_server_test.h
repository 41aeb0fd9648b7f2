#ifndef HKI_IPC_RPC_SERVER_TEST_H
#define HKI_IPC_RPC_SERVER_TEST_H

#include "ipc/rpc_world_test.h"

/* A server of calls, whoever dialed it, and what became of a call. */

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

static inline void on_add(hk_ipc_request *request, const hk_json *params, void *user)
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

static inline void on_echo(hk_ipc_request *request, const hk_json *params, void *user)
{
	(void) user;
	hk_ipc_request_reply_value(request, params);
}

static inline void on_kept_cancel(hk_ipc_request *request, void *user)
{
	world *all = user;

	(void) request;
	all->cancels++;
}

/* Answered later, or never. */
static inline void on_keep(hk_ipc_request *request, const hk_json *params, void *user)
{
	world *all = user;

	(void) params;
	hk_ipc_request_on_cancel(request, on_kept_cancel, all);
	assert_true(all->kept_count < KEPT_MAX);
	all->kept[all->kept_count++] = request;
}

static inline void on_forget(hk_ipc_request *request, const hk_json *params, void *user)
{
	(void) params;
	(void) user;
	hk_ipc_request_free(request);
}

static inline void on_note(hk_ipc_request *request, const hk_json *params, void *user)
{
	world *all = user;

	(void) params;
	assert_true(hk_ipc_request_is_notification(request));
	all->noted++;
	assert_int_equal(0, hk_ipc_request_reply(request, "\"nobody hears this\""));
}

static inline void on_kick(hk_ipc_request *request, const hk_json *params, void *user)
{
	(void) params;
	(void) user;
	hk_ipc_rpc_free(hk_ipc_request_rpc(request));
	assert_int_equal(-ECONNRESET, hk_ipc_request_reply(request, "1"));
}

static inline void on_large(hk_ipc_request *request, const hk_json *params, void *user)
{
	static char text[1 << 21];

	(void) params;
	(void) user;
	memset(text, '7', sizeof(text) - 1);
	assert_int_equal(-EMSGSIZE, hk_ipc_request_reply(request, text));
}

static inline void on_accept(hk_ipc_rpc *rpc, void *user)
{
	world *all = user;

	all->accepted = rpc;
	all->connects++;
}

static inline void on_close(hk_ipc_rpc *rpc, int reason, void *user)
{
	world *all = user;

	if (rpc == all->accepted)
		all->accepted = NULL;
	all->closes++;
	all->close_reason = reason;
}

static inline void offer(world *all, const char *name, hk_ipc_method_fn fn)
{
	assert_int_equal(0, hk_ipc_methods_add(all->methods, name, fn, all));
}

static inline void listen_with(world *all, uint32_t requests_max)
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

static inline void open_server(world *all, uint32_t requests_max)
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

static inline void open_world(world *all)
{
	open_server(all, 0);
	assert_int_equal(
	    0, hk_ipc_rpc_dial(&all->client, all->base.loop, all->base.url, NULL, NULL));
}

static inline void close_world(world *all)
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

static inline void keep_json(char *out, size_t capacity, const hk_json *value)
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

static inline void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
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

static inline outcome ask(world *all, const char *method, const char *params)
{
	outcome got = { .calls = 0 };

	assert_int_equal(
	    0, hk_ipc_call_method(all->client, method, params, on_reply, &got));
	assert_int_equal(0, got.calls);
	rpc_world_wait(&all->base, &got.calls);
	return got;
}

static inline hk_ipc_call *start(
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

#endif /* HKI_IPC_RPC_SERVER_TEST_H */
