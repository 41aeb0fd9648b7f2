#include "ipc/node_fixture_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include "base/torture.h"
#include "ipc/node_channel.h"
#include "loop/contract_test.h"

/* Channels that are freed in every moment, the contract of what happens later, and
 * memory that runs out. */

/* ---- life ---- */

static void free_at_message(fixture *f, hk_ipc_channel_message *message)
{
	(void) message;
	hk_ipc_channel_free(f->channel);
	f->channel = NULL;
}

static void a_channel_may_be_freed_in_its_callback(void **state)
{
	fixture *f = *state;

	f->on_message = free_at_message;
	fixture_pair(f, HK_IPC_JSON);
	fixture_send(f, "1");
	peer_say(f, "1\n2\n3\n");
	fixture_wait(f, f->message_count == 1);
	fixture_turns(f);
	assert_int_equal(1, f->message_count);
	assert_int_equal(0, f->ends);
}

static void a_channel_with_something_to_write_may_be_freed(void **state)
{
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	fixture_send(f, "1");
	hk_ipc_channel_free(f->channel);
	f->channel = NULL;
	fixture_turns(f);
	assert_true(peer_sees_end(f));
}

static void the_loop_may_go_first(void **state)
{
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	fixture_send(f, "1");
	hk_loop_free(f->loop);
	assert_int_equal(HK_ECLOSED, hk_ipc_channel_send(f->channel, "1", 1, NULL));
	assert_int_equal(HK_ECLOSED, hk_ipc_channel_disconnect(f->channel));
	hk_ipc_channel_free(f->channel);
	f->channel = NULL;
	assert_int_equal(0, hk_loop_new(&f->loop));
	assert_int_equal(0, f->ends);
}

static void what_is_no_stream_socket_is_no_channel(void **state)
{
	fixture *f = *state;
	hk_ipc_channel *untouched = (hk_ipc_channel *) f;
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned int port;
	int server = listening_socket(&port);

	assert_int_equal(-ENOTSOCK,
	    hk_ipc_channel_new(&untouched, f->loop, file, HK_IPC_JSON, &f->opts));
	assert_int_equal(-EPROTOTYPE,
	    hk_ipc_channel_new(&untouched, f->loop, server, HK_IPC_JSON, &f->opts));
	assert_int_equal(
	    -EBADF, hk_ipc_channel_new(&untouched, f->loop, -1, HK_IPC_JSON, &f->opts));
	assert_int_equal(-EINVAL, hk_ipc_channel_new(&untouched, f->loop, server,
				      (hk_ipc_serialization) 7, &f->opts));
	assert_ptr_equal(f, untouched);
	close(file);
	close(server);
}

/* The end of a channel is its one-shot callback. */

typedef struct ends {
	int pair[2];
} ends;

static void contract_set_up(contract_probe *probe)
{
	ends *e = malloc(sizeof(*e));

	assert_non_null(e);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, e->pair));
	probe->state = e;
}

static void contract_tear_down(contract_probe *probe)
{
	ends *e = probe->state;

	if (!probe->started)
		close(e->pair[0]);
	if (e->pair[1] >= 0)
		close(e->pair[1]);
	free(e);
}

static void contract_ended(hk_ipc_channel *channel, int reason, void *user)
{
	(void) channel;
	contract_called(user, reason);
}

static int contract_begin(void **out, contract_probe *probe)
{
	hk_ipc_channel_opts opts = HK_IPC_CHANNEL_OPTS_INIT;
	ends *e = probe->state;

	opts.on_end = contract_ended;
	opts.user = probe;
	return hk_ipc_channel_new(
	    (hk_ipc_channel **) out, probe->loop, e->pair[0], HK_IPC_JSON, &opts);
}

static int contract_begin_failing(void **out, contract_probe *probe)
{
	return hk_ipc_channel_new(
	    (hk_ipc_channel **) out, probe->loop, -1, HK_IPC_JSON, NULL);
}

static void contract_end(contract_probe *probe)
{
	ends *e = probe->state;

	close(e->pair[1]);
	e->pair[1] = -1;
}

static void contract_release(contract_probe *probe)
{
	hk_ipc_channel_free(probe->handle);
}

static void channels_keep_the_contract(void **state)
{
	static const contract_operation operation = { .name = "hk_ipc_channel_new",
		.setup = contract_set_up,
		.teardown = contract_tear_down,
		.start = contract_begin,
		.start_failing = contract_begin_failing,
		.trigger = contract_end,
		.free = contract_release };

	(void) state;
	contract_check(&operation);
}

/* Both sides in one loop. */
typedef struct couple {
	hk_loop *loop;
	hk_ipc_channel *channels[2];
	int pair[2];
	int server; /* travels */
} couple;

static int couple_open(couple *c, hk_ipc_serialization serialization)
{
	int r = hk_loop_new(&c->loop);

	if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, c->pair) < 0)
		r = -errno;
	for (int i = 0; i < 2 && r == 0; i++) {
		r = hk_ipc_channel_new(
		    &c->channels[i], c->loop, c->pair[i], serialization, NULL);
		if (r == 0)
			c->pair[i] = -1;
	}
	return r;
}

static void couple_close(couple *c)
{
	for (int i = 0; i < 2; i++) {
		hk_ipc_channel_free(c->channels[i]);
		if (c->pair[i] >= 0)
			close(c->pair[i]);
	}
	hk_loop_free(c->loop);
	close(c->server);
}

/* A message, one with a handle, a barrier, and one behind them. */
static int couple_send(couple *c)
{
	hk_ipc_send_opts opts = HK_IPC_SEND_OPTS_INIT;
	int r;

	opts.flags = HK_IPC_SEND_HANDLE;
	opts.handle_fd = c->server;
	if ((r = hk_ipc_channel_send(c->channels[0], "{\"a\":[1,\"x\"]}", 13, NULL)) <
		0 ||
	    (r = hk_ipc_channel_send(c->channels[0], "2", 1, &opts)) < 0 ||
	    (r = hk_ipc_channel_sync(c->channels[0], NULL, NULL)) < 0)
		return r;
	return hk_ipc_channel_send(c->channels[0], "3", 1, NULL);
}

/* A talk with everything in it; each allocation fails once. */
static int talk(void *user)
{
	hk_ipc_channel_stats stats = { .size = sizeof(stats) };
	couple c = { .pair = { -1, -1 } };
	unsigned int port;
	int r;

	c.server = listening_socket(&port);
	r = couple_open(&c, *(hk_ipc_serialization *) user);
	if (r == 0)
		r = couple_send(&c);
	for (int i = 0; i < 12 && r == 0; i++)
		r = hk_loop_run_once(c.loop, 0) < 0 ? -EIO : 0;
	if (r == 0)
		r = hk_ipc_channel_get_stats(c.channels[1], &stats);
	if (r == 0 && stats.messages_received != 3)
		r = -ENOMEM; /* told, by its end or as bad */
	couple_close(&c);
	return r;
}

static void every_failing_allocation_is_told(void **state)
{
	hk_ipc_serialization serialization = HK_IPC_JSON;

	(void) state;
	assert_true(hki_torture(talk, &serialization) > 0);
	serialization = HK_IPC_ADVANCED;
	assert_true(hki_torture(talk, &serialization) > 0);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_channel_may_be_freed_in_its_callback),
		TEST(a_channel_with_something_to_write_may_be_freed),
		TEST(the_loop_may_go_first),
		TEST(what_is_no_stream_socket_is_no_channel),
		cmocka_unit_test(channels_keep_the_contract),
		cmocka_unit_test(every_failing_allocation_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
