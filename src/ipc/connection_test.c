/*
 * Two ends of a connection: what is sent arrives whole, once and in order; what is not
 * framed, too long, too slow or too much ends the connection and nothing else.
 */
#include "ipc/fixture.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

static void a_burst_arrives_whole_and_in_order(void **state)
{
	struct fixture *f = *state;
	char text[64];
	hki_buffer expected = HKI_BUFFER_INIT;

	f->server.collect = true;
	connect_both(f);
	for (int i = 0; i < 1000; i++) {
		(void) snprintf(text, sizeof(text), "{\"number\":%d}", i);
		send_text(f->dialed, text);
		assert_int_equal(0, hki_buffer_append_format(&expected, "|%s", text));
	}
	AWAIT(f, f->server.messages == 1000);
	assert_string_equal(expected.data, f->server.stream.data);
	/* In one system call, as it was sent in one turn. */
	assert_int_equal(1, stats_of(f->dialed).writes);
	assert_int_equal(1, stats_of(f->server.ipc).reads);
	hki_buffer_deinit(&expected);
}

static void an_answer_takes_one_call_each_way(void **state)
{
	struct fixture *f = *state;

	f->server.on_message = answer;
	connect_both(f);
	for (unsigned int i = 1; i <= 10; i++) {
		send_text(f->dialed, "[1]");
		AWAIT(f, f->client.messages == i);
	}
	assert_string_equal("[1]", f->client.last);
	assert_int_equal(10, stats_of(f->dialed).writes);
	assert_int_equal(10, stats_of(f->dialed).reads);
	assert_int_equal(10, stats_of(f->server.ipc).writes);
	assert_int_equal(10, stats_of(f->server.ipc).reads);
}

/* Over each scheme, in each framing, empty and binary messages where they can be. */
static void check_echo(struct fixture *f, const char *url, uint32_t framing)
{
	static const char binary[] = "a\nb\0c";
	bool any =
	    framing == HK_IPC_FRAMING_LENGTH || framing == HK_IPC_FRAMING_LENGTH_BARE;

	f->server.on_message = answer;
	f->client_opts.framing = framing;
	f->server_opts.framing =
	    framing == HK_IPC_FRAMING_LENGTH_BARE ? framing : HK_IPC_FRAMING_AUTO;
	listen_at(f, url);
	connect_both(f);
	send_text(f->dialed, "{\"x\":1}");
	AWAIT(f, f->client.messages == 1);
	assert_string_equal("{\"x\":1}", f->client.last);
	assert_int_equal(any ? 0 : -EINVAL, hk_ipc_send(f->dialed, "", 0));
	assert_int_equal(
	    any ? 0 : -EINVAL, hk_ipc_send(f->dialed, binary, sizeof(binary)));
	if (any) {
		AWAIT(f, f->client.messages == 3);
		assert_int_equal(sizeof(binary), f->client.last_length);
		assert_memory_equal(binary, f->client.last, sizeof(binary));
	}
	assert_int_equal(hk_ipc_framing_out(f->dialed), hk_ipc_framing_in(f->dialed));
	assert_int_equal(framing == HK_IPC_FRAMING_AUTO ? HK_IPC_FRAMING_LINES : framing,
	    hk_ipc_framing_out(f->server.ipc));
	hk_ipc_free(f->dialed);
	hk_ipc_server_free(f->listener);
	f->dialed = NULL;
	f->listener = NULL;
	memset(&f->server, 0, sizeof(f->server));
	memset(&f->client, 0, sizeof(f->client));
}

static void every_scheme_and_framing_carries_messages(void **state)
{
	struct fixture *f = *state;
	char abstract[64];
	const char *urls[] = { f->url, abstract, "tcp:0", "tcp:127.0.0.1:0",
		"tcp:[::1]:0", "tcp:localhost:0" };

	(void) snprintf(
	    abstract, sizeof(abstract), "unix:@hostkit-test-%d", (int) getpid());
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		for (uint32_t framing = HK_IPC_FRAMING_AUTO;
		     framing <= HK_IPC_FRAMING_LENGTH_BARE; framing++)
			check_echo(f, urls[i], framing);
}

static void without_framing_bytes_are_handed_over_as_they_come(void **state)
{
	struct fixture *f = *state;

	f->server_opts.framing = HK_IPC_FRAMING_NONE;
	f->client_opts.framing = HK_IPC_FRAMING_NONE;
	f->server.collect = true;
	connect_both(f);
	send_text(f->dialed, "half a li");
	send_text(f->dialed, "ne\nand more");
	AWAIT(f, f->server.messages > 0);
	assert_string_equal("|half a line\nand more", f->server.stream.data);
}

static void a_message_may_be_as_long_as_the_limit(void **state)
{
	struct fixture *f = *state;
	size_t length = 1024 * 1024;
	char *text = calloc(1, length + 1);

	assert_non_null(text);
	memset(text, 'x', length);
	connect_both(f);
	assert_int_equal(-EMSGSIZE, hk_ipc_send(f->dialed, text, length + 1));
	assert_int_equal(0, hk_ipc_send(f->dialed, text + 0, length));
	text[0] = '"'; /* it was copied, or has left */
	send_text(f->dialed, "[2]");
	f->server_opts.framing = HK_IPC_FRAMING_AUTO;
	/* The first byte is no JSON value: x. */
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(HK_EPARSE, f->server.reason);
	free(text);
}

static void long_messages_arrive_behind_short_ones(void **state)
{
	struct fixture *f = *state;
	size_t length = 1024 * 1024;
	char *text = calloc(1, length);

	assert_non_null(text);
	memset(text, '1', length);
	connect_both(f);
	send_text(f->dialed, "[1]");
	assert_int_equal(0, hk_ipc_send(f->dialed, text, length));
	AWAIT(f, f->server.messages == 2);
	assert_int_equal(length, f->server.last_length);
	/* … and straight from our memory when nothing is before it. */
	assert_int_equal(0, hk_ipc_send(f->dialed, text, length));
	text[0] = '2';
	send_text(f->dialed, "[3]");
	AWAIT(f, f->server.messages == 4);
	assert_string_equal("[3]", f->server.last);
	free(text);
}

static void messages_may_be_sent_before_the_connection_stands(void **state)
{
	struct fixture *f = *state;

	listen_at(f, "tcp:0");
	dial(f);
	send_text(f->dialed, "[1]");
	send_text(f->dialed, "[2]");
	AWAIT(f, f->server.messages == 2);
	assert_string_equal("[2]", f->server.last);
}

/* ---- what peers do ---- */

static void garbage_ends_the_connection_and_nothing_else(void **state)
{
	static const char *const garbage[] = { "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01",
		"HK2\n", "HTTP", "\xff\xfe", "}" };
	struct fixture *f = *state;

	listen_at(f, f->url);
	for (unsigned int i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		int fd = connect_plainly(f);

		write_all(fd, garbage[i], strlen(garbage[i]));
		AWAIT(f, f->server.closes == i + 1);
		assert_int_equal(HK_EPARSE, f->server.reason);
		(void) close(fd);
	}
	connect_both(f);
	send_text(f->dialed, "[1]");
	AWAIT(f, f->server.messages == 1);
	assert_int_equal(6, server_stats(f).failed);
}

static void a_line_without_end_stops_at_the_limit(void **state)
{
	struct fixture *f = *state;
	char *chunk = malloc(65536);
	size_t sent = 0;
	int fd;

	assert_non_null(chunk);
	memset(chunk, '1', 65536);
	f->server_opts.message_max_bytes = 256 * 1024;
	listen_at(f, f->url);
	fd = connect_plainly(f);
	while (f->server.closes == 0) {
		ssize_t written = send(fd, chunk, 65536, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (written > 0)
			sent += (size_t) written;
		assert_true(hk_loop_run_once(f->loop, 0) >= 0);
		assert_true(sent < 4 * 1024 * 1024);
	}
	assert_int_equal(-EMSGSIZE, f->server.reason);
	(void) close(fd);
	free(chunk);
}

static void a_length_beyond_the_limit_is_refused_before_it_comes(void **state)
{
	struct fixture *f = *state;
	int fd;

	listen_at(f, f->url);
	fd = connect_plainly(f);
	write_all(fd, "HK1\n\x7f\xff\xff\xff", 8);
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(-EMSGSIZE, f->server.reason);
	(void) close(fd);
}

static void half_a_message_and_silence_times_out(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->server_opts.message_timeout_ns = 20 * HKI_NS_PER_MS;
	listen_at(f, f->url);
	fd = connect_plainly(f);
	write_all(fd, "[1]\n{\"a\":", 9);
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(1, f->server.messages);
	assert_int_equal(-ETIMEDOUT, f->server.reason);
	(void) close(fd);
}

static void a_peer_that_dies_within_a_message_is_told_from_one_that_ends(void **state)
{
	struct fixture *f = *state;
	int fd;

	listen_at(f, f->url);
	fd = connect_plainly(f);
	write_all(fd, "[1]\n12", 6);
	(void) close(fd);
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(1, f->server.messages);
	assert_int_equal(HK_EPARSE, f->server.reason);
	fd = connect_plainly(f);
	write_all(fd, "[1]\n", 4);
	(void) close(fd);
	AWAIT(f, f->server.closes == 2);
	assert_int_equal(0, f->server.reason);
}

static void silence_and_heartbeats_are_told_apart(void **state)
{
	struct fixture *f = *state;

	f->server_opts.idle_timeout_ns = 2 * HKI_NS_PER_S;
	f->client_opts.heartbeat_ns = 200 * HKI_NS_PER_MS;
	f->client_opts.framing = HK_IPC_FRAMING_LENGTH;
	connect_both(f);
	AWAIT(f, stats_of(f->server.ipc).heartbeats_received >= 12);
	assert_int_equal(0, f->server.closes);
	assert_int_equal(0, f->server.messages);
	assert_int_equal(0, stats_of(f->dialed).messages_sent);
	hk_ipc_free(f->dialed);
	f->client_opts.heartbeat_ns = 0;
	f->server.connects = 0;
	AWAIT(f, f->server.closes == 1);
	dial(f);
	AWAIT(f, f->server.closes == 2);
	assert_int_equal(-ETIMEDOUT, f->server.reason);
}

static void lines_have_a_heartbeat_too(void **state)
{
	struct fixture *f = *state;

	f->client_opts.heartbeat_ns = 5 * HKI_NS_PER_MS;
	connect_both(f);
	AWAIT(f, stats_of(f->server.ipc).heartbeats_received >= 3);
	send_text(f->dialed, "[1]");
	AWAIT(f, f->server.messages == 1);
}

static void small_messages_over_tcp_wait_for_nothing(void **state)
{
	struct fixture *f = *state;
	int on = 0;
	socklen_t length = sizeof(on);

	listen_at(f, "tcp:0");
	connect_both(f);
	assert_int_equal(
	    0, getsockopt(hk_ipc_fd(f->dialed), IPPROTO_TCP, TCP_NODELAY, &on, &length));
	assert_true(on != 0);
	on = 0;
	assert_int_equal(0,
	    getsockopt(hk_ipc_fd(f->server.ipc), IPPROTO_TCP, TCP_NODELAY, &on, &length));
	assert_true(on != 0);
}

/* Options of a program built with an older header, which ends before the limits, and of
 * one built with a newer. */
static void callers_of_other_ages_are_served(void **state)
{
	struct fixture *f = *state;
	struct {
		hk_ipc_opts opts;
		uint64_t unknown;
	} newer = { .opts = f->client_opts, .unknown = 0 };

	listen_at(f, f->url);
	f->client_opts.size = offsetof(hk_ipc_opts, message_max_bytes);
	f->client_opts.framing = 99; /* beyond what it says it has */
	connect_both(f);
	send_text(f->dialed, "[1]");
	AWAIT(f, f->server.messages == 1);
	hk_ipc_free(f->dialed);
	f->dialed = NULL;
	newer.opts.size = sizeof(newer);
	assert_int_equal(0, hk_ipc_dial(&f->dialed, f->loop, f->url, &newer.opts, NULL));
	hk_ipc_free(f->dialed);
	f->dialed = NULL;
	newer.unknown = 1;
	assert_int_equal(
	    -E2BIG, hk_ipc_dial(&f->dialed, f->loop, f->url, &newer.opts, NULL));
	newer.opts.size = 4;
	assert_int_equal(
	    -EINVAL, hk_ipc_dial(&f->dialed, f->loop, f->url, &newer.opts, NULL));
}

/* What is sent outside of any turn leaves although an outer loop only waits for our fd. */
static void an_outer_loop_is_told_of_output(void **state)
{
	struct fixture *f = *state;
	struct pollfd told = { .events = POLLIN };

	connect_both(f);
	settle(f);
	told.fd = hk_loop_fd(f->loop);
	assert_int_equal(0, poll(&told, 1, 0));
	send_text(f->dialed, "[1]");
	for (int turns = 0; f->server.messages == 0; turns++) {
		assert_int_equal(1, poll(&told, 1, 1000));
		assert_true(hk_loop_run_once(f->loop, 0) >= 0);
		assert_true(turns < 10);
	}
	settle(f);
	assert_int_equal(0, poll(&told, 1, 0));
}

/* A thousand timers, a message each: one system call. */
static void send_from_timer(hk_timer *timer, void *user)
{
	struct fixture *f = user;

	send_text(f->dialed, "[1]");
	hk_timer_free(timer);
}

static void what_timers_send_in_a_turn_leaves_together(void **state)
{
	struct fixture *f = *state;
	hk_timer *timer;

	connect_both(f);
	for (int i = 0; i < 100; i++)
		assert_int_equal(
		    0, hk_timer_after(&timer, f->loop, 0, send_from_timer, f));
	AWAIT(f, f->server.messages == 100);
	assert_int_equal(1, stats_of(f->dialed).writes);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_burst_arrives_whole_and_in_order),
		CASE(an_answer_takes_one_call_each_way),
		CASE(every_scheme_and_framing_carries_messages),
		CASE(without_framing_bytes_are_handed_over_as_they_come),
		CASE(a_message_may_be_as_long_as_the_limit),
		CASE(long_messages_arrive_behind_short_ones),
		CASE(messages_may_be_sent_before_the_connection_stands),
		CASE(small_messages_over_tcp_wait_for_nothing),
		CASE(callers_of_other_ages_are_served),
		CASE(an_outer_loop_is_told_of_output),
		CASE(what_timers_send_in_a_turn_leaves_together),
		CASE(garbage_ends_the_connection_and_nothing_else),
		CASE(a_line_without_end_stops_at_the_limit),
		CASE(a_length_beyond_the_limit_is_refused_before_it_comes),
		CASE(half_a_message_and_silence_times_out),
		CASE(a_peer_that_dies_within_a_message_is_told_from_one_that_ends),
		CASE(silence_and_heartbeats_are_told_apart),
		CASE(lines_have_a_heartbeat_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
