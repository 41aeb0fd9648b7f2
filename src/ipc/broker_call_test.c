#include "ipc/broker_world_test.h"

/* ---- services ---- */

typedef struct service {
	int number;
	int calls;
	int cancels;
	hk_ipc_request *kept;
	bool keep;
} service;

static service services[2];

static void on_cancel(hk_ipc_request *request, void *user)
{
	service *one = user;

	one->cancels++;
	one->kept = NULL;
	hk_ipc_request_free(request);
}

static void on_work(hk_ipc_request *request, const hk_json *params, void *user)
{
	service *one = user;
	char text[32];

	(void) params;
	one->calls++;
	if (one->keep) {
		one->kept = request;
		hk_ipc_request_on_cancel(request, on_cancel, one);
		return;
	}
	snprintf(text, sizeof(text), "%d", one->number);
	assert_int_equal(0, hk_ipc_request_reply(request, text));
}

typedef struct outcome {
	int calls;
	int status;
	int64_t code;
	char text[128];
} outcome;

static void on_outcome(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	outcome *got = user;

	(void) call;
	got->calls++;
	got->status = reply->status;
	got->code = reply->error_code;
	if (reply->error_text != NULL)
		snprintf(got->text, sizeof(got->text), "%s", reply->error_text);
}

/* Two services that offer "work", and who asks. */
typedef struct service_world {
	world all;
	hk_ipc_methods *methods[2];
} service_world;

static void open_services(service_world *working)
{
	world *all = &working->all;

	memset(working, 0, sizeof(*working));
	memset(services, 0, sizeof(services));
	rpc_world_open(&all->base);
	open_broker(all, 0);
	for (int i = 0; i < 2; i++) {
		outcome got = { .calls = 0 };

		services[i].number = i;
		assert_int_equal(0, hk_ipc_methods_new(&working->methods[i]));
		assert_int_equal(0, hk_ipc_methods_add(working->methods[i], "work",
					on_work, &services[i]));
		all->methods = working->methods[i];
		all->rpc[i] = dial(all, true);
		assert_int_equal(0, hk_ipc_offer(all->rpc[i], "work", on_outcome, &got));
		rpc_world_wait(&all->base, &got.calls);
		assert_int_equal(0, got.status);
	}
	all->methods = NULL;
	all->rpc[2] = dial(all, false);
}

static void close_services(service_world *working)
{
	close_world(&working->all);
	hk_ipc_methods_free(working->methods[0]);
	hk_ipc_methods_free(working->methods[1]);
}

static outcome ask(service_world *working, const char *method)
{
	outcome got = { .calls = 0 };

	assert_int_equal(
	    0, hk_ipc_call_method(working->all.rpc[2], method, "[]", on_outcome, &got));
	rpc_world_wait(&working->all.base, &got.calls);
	return got;
}

static void calls_are_shared_among_services(void **state)
{
	service_world working;
	outcome got;

	(void) state;
	open_services(&working);
	for (int i = 0; i < 10; i++)
		assert_int_equal(0, ask(&working, "work").status);
	assert_int_equal(5, services[0].calls);
	assert_int_equal(5, services[1].calls);
	got = ask(&working, "nobody.offers.this");
	assert_int_equal(-EREMOTEIO, got.status);
	assert_int_equal(HK_IPC_ERROR_METHOD, (int) got.code);
	got = ask(&working, "register");
	assert_int_equal(HK_IPC_ERROR_PARAMS, (int) got.code);
	assert_int_equal(-EEXIST, hk_ipc_offer(working.all.rpc[0], "work", NULL, NULL));
	close_services(&working);
}

static void the_idle_service_is_asked(void **state)
{
	outcome slow = { .calls = 0 };
	service_world working;
	int before;

	(void) state;
	open_services(&working);
	services[0].keep = true;
	services[1].keep = true;
	assert_int_equal(
	    0, hk_ipc_call_method(working.all.rpc[2], "work", "[]", on_outcome, &slow));
	RPC_WORLD_AWAIT(&working.all.base, 1, services[0].calls + services[1].calls);
	services[services[0].calls == 0 ? 0 : 1].keep = false;
	before = services[0].kept != NULL ? 0 : 1;
	for (int i = 0; i < 5; i++)
		assert_int_equal(0, ask(&working, "work").status);
	assert_int_equal(1, services[before].calls);
	assert_int_equal(5, services[1 - before].calls);
	assert_int_equal(0, hk_ipc_request_reply(services[before].kept, "1"));
	rpc_world_wait(&working.all.base, &slow.calls);
	close_services(&working);
}

static void a_service_that_leaves_fails_its_calls(void **state)
{
	outcome got = { .calls = 0 };
	service_world working;

	(void) state;
	open_services(&working);
	services[0].keep = services[1].keep = true;
	assert_int_equal(
	    0, hk_ipc_call_method(working.all.rpc[2], "work", "[]", on_outcome, &got));
	RPC_WORLD_AWAIT(&working.all.base, 1, services[0].calls + services[1].calls);
	for (int i = 0; i < 2; i++) {
		hk_ipc_rpc_free(working.all.rpc[i]);
		working.all.rpc[i] = NULL;
		hk_ipc_request_free(services[i].kept);
	}
	rpc_world_wait(&working.all.base, &got.calls);
	assert_int_equal(-EREMOTEIO, got.status);
	assert_int_equal(HK_IPC_ERROR_GONE, (int) got.code);
	got = ask(&working, "work");
	assert_int_equal(HK_IPC_ERROR_METHOD, (int) got.code);
	close_services(&working);
}

static void a_caller_that_gives_up_frees_the_service(void **state)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	outcome got = { .calls = 0 };
	service_world working;
	hk_ipc_call *call;

	(void) state;
	open_services(&working);
	services[0].keep = services[1].keep = true;
	opts.method = "work";
	opts.fn = on_outcome;
	opts.user = &got;
	assert_int_equal(0, hk_ipc_call_start(&call, working.all.rpc[2], &opts));
	RPC_WORLD_AWAIT(&working.all.base, 1, services[0].calls + services[1].calls);
	hk_ipc_call_cancel(call);
	RPC_WORLD_AWAIT(&working.all.base, 1, services[0].cancels + services[1].cancels);
	hk_ipc_call_free(call);
	/* The same when the caller is gone altogether. */
	assert_int_equal(0, hk_ipc_call_start(&call, working.all.rpc[2], &opts));
	RPC_WORLD_AWAIT(&working.all.base, 2, services[0].calls + services[1].calls);
	hk_ipc_rpc_free(working.all.rpc[2]);
	working.all.rpc[2] = NULL;
	RPC_WORLD_AWAIT(&working.all.base, 2, services[0].cancels + services[1].cancels);
	hk_ipc_call_free(call);
	close_services(&working);
}

static void what_the_caller_waits_goes_along(void **state)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	outcome got = { .calls = 0 };
	service_world working;
	service *asked;

	(void) state;
	open_services(&working);
	services[0].keep = services[1].keep = true;
	opts.method = "work";
	opts.fn = on_outcome;
	opts.user = &got;
	opts.timeout_ns = HKI_NS_PER_S;
	assert_int_equal(0, hk_ipc_call_start(NULL, working.all.rpc[2], &opts));
	RPC_WORLD_AWAIT(&working.all.base, 1, services[0].calls + services[1].calls);
	asked = services[0].kept != NULL ? &services[0] : &services[1];
	assert_true(hk_ipc_request_left_ns(asked->kept) <= 1001 * HKI_NS_PER_MS);
	rpc_world_wait(&working.all.base, &got.calls);
	assert_true(got.status == -ETIMEDOUT ||
		    (got.status == -EREMOTEIO && got.code == HK_IPC_ERROR_TIMEOUT));
	RPC_WORLD_AWAIT(&working.all.base, 1, services[0].cancels + services[1].cancels);
	close_services(&working);
}

static void services_come_back_with_their_connection(void **state)
{
	service_world working;
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };

	(void) state;
	open_services(&working);
	hk_ipc_broker_free(working.all.broker);
	rpc_world_turns(&working.all.base, 3);
	open_broker(&working.all, 0);
	do {
		rpc_world_turns(&working.all.base, 1);
		assert_int_equal(0, hk_ipc_broker_stats_read(working.all.broker, &stats));
	} while (stats.methods < 2);
	hk_ipc_rpc_free(working.all.rpc[2]);
	working.all.rpc[2] = dial(&working.all, false);
	assert_int_equal(0, ask(&working, "work").status);
	close_services(&working);
}

/* ---- a script as subscriber, publisher, service and spy ---- */

static void a_script_takes_part(void **state)
{
	char heard[4096];
	service_world working;
	world *all = &working.all;
	outcome got = { .calls = 0 };
	int spy;
	int fd;

	(void) state;
	open_services(&working);
	spy = rpc_world_stranger(&all->base);
	rpc_world_say(spy, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tap\"}\n");
	rpc_world_hear(&all->base, spy, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n", heard);

	fd = rpc_world_stranger(&all->base);
	rpc_world_say(fd,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"register\",\"params\":{"
	    "\"method\":\"shout\"}}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"sub\",\"params\":{"
	    "\"topic\":\"a.*\",\"sub\":7}}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"pub\",\"params\":{\"topic\":"
	    "\"a.b\",\"data\":[1]}}\n");
	rpc_world_hear(&all->base, fd, heard, sizeof(heard), 3);
	assert_string_equal(
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"sub\":7}}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"pub\",\"params\":{\"topic\":\"a.b\","
	    "\"data\":[1],\"sub\":7,\"seq\":1}}\n",
	    heard);

	assert_int_equal(
	    0, hk_ipc_call_method(all->rpc[2], "shout", "{\"x\":1}", on_outcome, &got));
	rpc_world_hear(&all->base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"method\":\"shout\",\"params\":{\"x\":1}"));
	assert_non_null(strstr(heard, "\"id\":1"));
	rpc_world_say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"X\"}\n");
	rpc_world_wait(&all->base, &got.calls);
	assert_int_equal(0, got.status);

	/* The spy saw a join, both registrations, news, the call and its result. */
	rpc_world_hear(&all->base, spy, heard, sizeof(heard), 6);
	print_message("# %s\n", heard);
	assert_non_null(strstr(heard, "\"kind\":\"join\""));
	assert_non_null(strstr(heard, "\"kind\":\"register\""));
	assert_non_null(strstr(heard, "\"kind\":\"sub\""));
	assert_non_null(strstr(heard, "\"kind\":\"pub\""));
	assert_non_null(strstr(heard, "\"kind\":\"call\""));
	assert_non_null(strstr(heard, "\"result\":\"X\""));
	close(spy);
	close(fd);
	close_services(&working);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_shared_among_services),
		cmocka_unit_test(the_idle_service_is_asked),
		cmocka_unit_test(a_service_that_leaves_fails_its_calls),
		cmocka_unit_test(a_caller_that_gives_up_frees_the_service),
		cmocka_unit_test(what_the_caller_waits_goes_along),
		cmocka_unit_test(services_come_back_with_their_connection),
		cmocka_unit_test(a_script_takes_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
