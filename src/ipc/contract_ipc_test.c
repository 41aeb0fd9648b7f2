/*
 * Dialing and draining against the contract of everything asynchronous: what a start that
 * succeeds calls back, and when it does not.
 */
#include "ipc/fixture.h"
#include "loop/contract_test.h"

/* The end of a dialed connection, with nobody there, as the one-shot callback. */

static void dial_closed(hk_ipc *ipc, int reason, void *user)
{
	(void) ipc;
	contract_called(user, reason);
}

static int dial_start(void **out, contract_probe *probe)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc *ipc = NULL;
	int r;

	opts.on_close = dial_closed;
	opts.user = probe;
	r = hk_ipc_dial(&ipc, probe->loop, "unix:/nonexistent/socket", &opts, NULL);
	if (r == 0)
		*out = ipc;
	return r;
}

static int dial_failing(void **out, contract_probe *probe)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc *ipc = *out;
	int r = hk_ipc_dial(&ipc, probe->loop, "nothing", &opts, NULL);

	*out = ipc;
	return r;
}

static void dial_free(contract_probe *probe)
{
	hk_ipc_free(probe->handle);
}

static const contract_operation dialing = { .name = "hk_ipc_dial",
	.start = dial_start,
	.start_failing = dial_failing,
	.free = dial_free };

static void dialing_keeps_the_contract(void **state)
{
	(void) state;
	contract_check(&dialing);
}

/* A lookup on a thread instead of an attempt that fails at once. */

static int lookup_start(void **out, contract_probe *probe)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc *ipc = NULL;
	int r;

	opts.on_close = dial_closed;
	opts.user = probe;
	r = hk_ipc_dial(&ipc, probe->loop, "tcp:no-such-host.invalid:1", &opts, NULL);
	if (r == 0)
		*out = ipc;
	return r;
}

static const contract_operation looking_up = {
	.name = "hk_ipc_dial with a name", .start = lookup_start, .free = dial_free
};

static void looking_up_keeps_the_contract(void **state)
{
	(void) state;
	contract_check(&looking_up);
}

/* Draining a server without connections. */

static void drained(hk_ipc_server *server, int result, void *user)
{
	(void) server;
	contract_called(user, result);
}

static int drain_start(void **out, contract_probe *probe)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc_server *server = NULL;
	int r = hk_ipc_listen(&server, probe->loop, "tcp:0", &opts, NULL);

	if (r == 0)
		r = hk_ipc_server_drain(server, 0, drained, probe);
	if (r == 0)
		*out = server;
	return r;
}

static void drain_free(contract_probe *probe)
{
	hk_ipc_server_free(probe->handle);
}

static const contract_operation draining = {
	.name = "hk_ipc_server_drain", .start = drain_start, .free = drain_free
};

static void draining_keeps_the_contract(void **state)
{
	(void) state;
	contract_check(&draining);
}

/* Messages of an adopted connection: a stream. */

static void heard(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	(void) ipc;
	(void) message;
	contract_called(user, 0);
}

static int *other_end(contract_probe *probe)
{
	return probe->state;
}

static void pair_setup(contract_probe *probe)
{
	probe->state = malloc(sizeof(int));
	assert_non_null(probe->state);
	*other_end(probe) = -1;
}

static int pair_start(void **out, contract_probe *probe)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc *ipc = NULL;
	int r;

	opts.on_message = heard;
	opts.user = probe;
	r = hk_ipc_pair(&ipc, other_end(probe), probe->loop, &opts);
	if (r == 0)
		*out = ipc;
	return r;
}

static void pair_trigger(contract_probe *probe)
{
	assert_int_equal(4, send(*other_end(probe), "[1]\n", 4, MSG_NOSIGNAL));
}

static void pair_teardown(contract_probe *probe)
{
	if (*other_end(probe) >= 0)
		(void) close(*other_end(probe));
	free(probe->state);
}

static const contract_operation pairing = { .name = "hk_ipc_pair",
	.setup = pair_setup,
	.teardown = pair_teardown,
	.start = pair_start,
	.trigger = pair_trigger,
	.free = dial_free,
	.stream = 1 };

static void messages_keep_the_contract(void **state)
{
	(void) state;
	contract_check(&pairing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialing_keeps_the_contract),
		cmocka_unit_test(looking_up_keeps_the_contract),
		cmocka_unit_test(draining_keeps_the_contract),
		cmocka_unit_test(messages_keep_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
