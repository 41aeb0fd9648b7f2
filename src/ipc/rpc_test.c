#include "ipc/rpc_server_test.h"

#include <pthread.h>
#include "base/torture.h"
#include "loop/contract_test.h"

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
	RPC_WORLD_AWAIT(&all.base, 3, all.kept_count);
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
	RPC_WORLD_AWAIT(&all.base, 1, all.kept_count);
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
	RPC_WORLD_AWAIT(&all.base, 1, all.kept_count);
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

static void everything_of_a_loop_can_be_closed_at_once(void **state)
{
	outcome got = { .calls = 0 };
	world all;

	(void) state;
	open_world(&all);
	(void) ask(&all, "add", "[]");
	assert_int_equal(0, hk_ipc_call_method(all.client, "keep", NULL, on_reply, &got));
	RPC_WORLD_AWAIT(&all.base, 1, all.kept_count);
	hk_ipc_cleanup(all.base.loop);
	assert_null(hk_ipc_rpc_connection(all.client));
	assert_null(hk_ipc_rpc_server_get(all.server));
	assert_int_equal(
	    -EPIPE, hk_ipc_call_method(all.client, "add", "[]", on_reply, &got));
	assert_int_equal(-ECONNRESET, hk_ipc_request_reply(all.kept[0], "1"));
	all.kept_count = 0;
	rpc_world_turns(&all.base, 3);
	assert_int_equal(0, got.calls);
	assert_int_equal(-1, access(all.base.path, F_OK));
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
		cmocka_unit_test(a_program_without_a_loop_may_call),
		cmocka_unit_test(everything_of_a_loop_can_be_closed_at_once),
		cmocka_unit_test(mistakes_of_the_caller_are_told),
		cmocka_unit_test(calls_keep_the_contract),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
