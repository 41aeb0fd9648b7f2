/*
 * Dialing: what is not there, what comes back, and what a connection lost in the middle
 * does to messages.
 */
#include "ipc/fixture.h"

static void nobody_there_is_told_later(void **state)
{
	struct fixture *f = *state;
	static const char *const urls[] = { "unix:/nonexistent/s", "tcp:127.0.0.1:1",
		"unix:@hostkit-nobody" };
	static const int reasons[] = { -ENOENT, -ECONNREFUSED, -ECONNREFUSED };

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(
		    0, hk_ipc_dial(&f->dialed, f->loop, urls[i], &f->client_opts, NULL));
		assert_int_equal(i, f->client.closes);
		AWAIT(f, f->client.closes == i + 1);
		assert_int_equal(reasons[i], f->client.reason);
		assert_int_equal(-EPIPE, hk_ipc_send(f->dialed, "[1]", 3));
		hk_ipc_free(f->dialed);
		f->dialed = NULL;
	}
	assert_int_equal(0, f->client.connects);
}

static void what_cannot_be_dialed_is_refused_at_once(void **state)
{
	static const struct {
		const char *url;
		int result;
	} rows[] = { { "udp:1", -EPROTONOSUPPORT }, { "fifo:/tmp/x", -EPROTONOSUPPORT },
		{ "activation:", -EINVAL }, { "tcp:*:1", -EINVAL }, { "tcp:0", -EINVAL },
		{ "nothing", HK_EPARSE }, { "fd:4711", -EBADF } };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rows[i].result,
		    hk_ipc_dial(&f->dialed, f->loop, rows[i].url, &f->client_opts, NULL));
	assert_null(f->dialed);
	assert_int_equal(-EPROTONOSUPPORT,
	    hk_ipc_listen(&f->listener, f->loop, "udp:0", &f->server_opts, NULL));
	assert_int_equal(-EINVAL,
	    hk_ipc_listen(&f->listener, f->loop, "tcp:name:0", &f->server_opts, NULL));
}

static void names_are_looked_up(void **state)
{
	struct fixture *f = *state;
	char url[64];
	const char *port;

	listen_at(f, "tcp:0");
	port = strrchr(hk_ipc_server_url(f->listener), ':');
	/* A name for getaddrinfo(), which everybody's hosts file knows. */
	(void) snprintf(url, sizeof(url), "tcp:localhost.%s", port);
	assert_int_equal(0, hk_ipc_dial(&f->dialed, f->loop, url, &f->client_opts, NULL));
	AWAIT(f, f->client.connects + f->client.closes == 1);
	if (f->client.closes == 1)
		assert_int_equal(HK_ENONAME, f->client.reason);
	hk_ipc_free(f->dialed);
	f->client.closes = 0;
	assert_int_equal(
	    0, hk_ipc_dial(&f->dialed, f->loop, "tcp:no..host:1", &f->client_opts, NULL));
	AWAIT(f, f->client.closes == 1);
	/* No name service can know it, so none is asked. */
	assert_int_equal(HK_ENONAME, f->client.reason);
}

static void a_lookup_may_be_left_behind(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(0, hk_ipc_dial(&f->dialed, f->loop, "tcp:no-such-host.invalid:1",
				&f->client_opts, NULL));
	hk_ipc_free(f->dialed);
	f->dialed = NULL;
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(0, f->client.closes);
	assert_int_equal(0, hk_ipc_dial(&f->dialed, f->loop, "tcp:no-such-host.invalid:1",
				&f->client_opts, NULL));
	/* And the loop may go meanwhile: fixture_teardown(). */
}

/* A socket that listens and whose queue of connections is full. */
static int full_listener(struct fixture *f, int *filler)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, f->path);
	assert_int_equal(0, bind(fd, (struct sockaddr *) &address, sizeof(address)));
	assert_int_equal(0, listen(fd, 0));
	*filler = connect_plainly(f);
	return fd;
}

static void a_full_server_is_waited_for(void **state)
{
	struct fixture *f = *state;
	int filler;
	int fd = full_listener(f, &filler);
	int accepted;

	assert_int_equal(
	    0, hk_ipc_dial(&f->dialed, f->loop, f->url, &f->client_opts, NULL));
	for (int i = 0; i < 20; i++)
		turn(f);
	assert_int_equal(0, f->client.connects + f->client.closes);
	accepted = accept(fd, NULL, NULL);
	AWAIT(f, f->client.connects == 1);
	(void) close(accepted);
	(void) close(filler);
	(void) close(fd);
}

static void an_attempt_ends_at_its_deadline(void **state)
{
	struct fixture *f = *state;
	int filler;
	int fd = full_listener(f, &filler);

	f->client_opts.connect_timeout_ns = 20 * HKI_NS_PER_MS;
	assert_int_equal(
	    0, hk_ipc_dial(&f->dialed, f->loop, f->url, &f->client_opts, NULL));
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(-ETIMEDOUT, f->client.reason);
	(void) close(filler);
	(void) close(fd);
}

static void dial_again(struct fixture *f)
{
	f->client_opts.reconnect = 1;
	f->client_opts.reconnect_min_ns = HKI_NS_PER_MS;
	f->client_opts.reconnect_max_ns = 4 * HKI_NS_PER_MS;
	assert_int_equal(
	    0, hk_ipc_dial(&f->dialed, f->loop, f->url, &f->client_opts, NULL));
}

static void a_server_that_comes_back_is_found(void **state)
{
	struct fixture *f = *state;

	dial_again(f);
	send_text(f->dialed, "[1]");
	AWAIT(f, f->client.retries >= 3);
	assert_int_equal(-ENOENT, f->client.reason);
	for (unsigned int i = 1; i <= 3; i++) {
		listen_at(f, f->url);
		AWAIT(f, f->server.connects == i && f->server.messages == i);
		send_text(f->server.ipc, "[0]");
		AWAIT(f, f->client.messages == i);
		hk_ipc_server_free(f->listener);
		f->listener = NULL;
		AWAIT(f, !hk_ipc_connected(f->dialed));
		send_text(f->dialed, "[2]"); /* waits for the next one */
	}
	assert_int_equal(3, f->client.connects);
	assert_int_equal(0, f->client.closes);
	hk_ipc_close(f->dialed, 0);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(-ETIMEDOUT, f->client.reason); /* the last [2] was lost */
	assert_int_equal(1, stats_of(f->dialed).messages_dropped);
	assert_int_equal(0, hk_loop_run(f->loop)); /* nothing is waited for any more */
}

static void closing_between_attempts_is_immediate_without_output(void **state)
{
	struct fixture *f = *state;

	dial_again(f);
	AWAIT(f, f->client.retries >= 1);
	hk_ipc_close(f->dialed, 3600 * HKI_NS_PER_S); /* longer than AWAIT waits */
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(0, f->client.reason);
}

/*
 * A message cut off in its middle goes over the next connection from its beginning: the
 * reader of the first got no whole one, the reader of the second gets one.
 */
static void a_message_cut_in_the_middle_is_sent_again_whole(void **state)
{
	enum { LENGTH = 900000 };
	struct fixture *f = *state;
	static char text[LENGTH];
	char byte;
	int first;

	memset(text, '1', LENGTH);
	f->server_opts.on_message = NULL;
	listen_at(f, f->url);
	dial_again(f);
	AWAIT(f, f->server.connects == 1);
	hk_ipc_pause(f->server.ipc);
	first = hk_ipc_fd(f->server.ipc);
	assert_int_equal(0, hk_ipc_send(f->dialed, text, LENGTH));
	settle(f);
	assert_true(stats_of(f->dialed).bytes_queued > 0);
	assert_true(stats_of(f->dialed).bytes_queued < LENGTH);
	assert_int_equal(1, recv(first, &byte, 1, MSG_DONTWAIT));
	hk_ipc_server_free(f->listener);
	f->listener = NULL;
	f->server_opts.on_message = side_message;
	listen_at(f, f->url);
	AWAIT(f, f->server.messages == 1);
	assert_int_equal(LENGTH, f->server.last_length);
	assert_int_equal(1, stats_of(f->dialed).messages_written);
	send_text(f->dialed, "[2]");
	AWAIT(f, f->server.messages == 2);
	assert_string_equal("[2]", f->server.last);
}

static void counted_framing_greets_each_connection(void **state)
{
	struct fixture *f = *state;

	f->client_opts.framing = HK_IPC_FRAMING_LENGTH;
	listen_at(f, f->url);
	dial_again(f);
	for (unsigned int i = 1; i <= 3; i++) {
		AWAIT(f, f->server.connects == i && f->client.connects == i);
		send_text(f->dialed, "[1]");
		AWAIT(f, f->server.messages == i);
		assert_int_equal(HK_IPC_FRAMING_LENGTH, hk_ipc_framing_in(f->server.ipc));
		hk_ipc_close(f->server.ipc, 0);
	}
}

/* Many clients whose server has gone do not come back at one instant. */
static void attempts_are_spread(void **state)
{
	enum { CLIENTS = 50 };
	struct fixture *f = *state;
	hk_ipc *clients[CLIENTS] = { NULL };
	uint64_t begin;
	uint64_t early = 0;

	listen_at(f, f->url);
	f->client_opts.reconnect = 1;
	f->client_opts.reconnect_min_ns = 2 * HKI_NS_PER_S;
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(
		    0, hk_ipc_dial(&clients[i], f->loop, f->url, &f->client_opts, NULL));
	AWAIT(f, f->server.connects == CLIENTS && f->client.connects == CLIENTS);
	while (hk_ipc_server_count(f->listener) > 0)
		hk_ipc_free(hk_ipc_server_next(f->listener, NULL));
	begin = hki_clock_monotonic_ns();
	AWAIT(f, hki_clock_monotonic_ns() - begin > 500 * HKI_NS_PER_MS);
	early = f->client.connects - CLIENTS;
	/* A quarter of the span has passed: about a quarter has come, never nearly all. */
	assert_true(early < CLIENTS * 3 / 4);
	AWAIT(f, f->client.connects >= CLIENTS * 2);
	for (int i = 0; i < CLIENTS; i++)
		hk_ipc_free(clients[i]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nobody_there_is_told_later),
		CASE(what_cannot_be_dialed_is_refused_at_once),
		CASE(names_are_looked_up),
		CASE(a_lookup_may_be_left_behind),
		CASE(a_full_server_is_waited_for),
		CASE(an_attempt_ends_at_its_deadline),
		CASE(a_server_that_comes_back_is_found),
		CASE(closing_between_attempts_is_immediate_without_output),
		CASE(a_message_cut_in_the_middle_is_sent_again_whole),
		CASE(counted_framing_greets_each_connection),
		CASE(attempts_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
