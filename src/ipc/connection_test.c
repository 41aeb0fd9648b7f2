/*
 * Two ends of a connection: what is sent arrives whole, once and in order; what is not
 * framed, too long, too slow or too much ends the connection and nothing else.
 */
#include "ipc/fixture.h"

#define S HKI_NS_PER_S

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

static void answer(struct side *side, hk_ipc *ipc, const hk_ipc_message *message)
{
	(void) side;
	assert_int_equal(0, hk_ipc_send(ipc, message->data, message->length));
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

static void write_all(int fd, const char *text, size_t length)
{
	assert_int_equal((ssize_t) length, send(fd, text, length, MSG_NOSIGNAL));
}

static void write_pipe(int fd, const char *text)
{
	assert_int_equal((ssize_t) strlen(text), write(fd, text, strlen(text)));
}

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

	f->server_opts.idle_timeout_ns = 150 * HKI_NS_PER_MS;
	f->client_opts.heartbeat_ns = 20 * HKI_NS_PER_MS;
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

/* ---- ends ---- */

static void who_has_ended_is_still_answered(void **state)
{
	struct fixture *f = *state;
	char answered[8] = "";
	int fd;

	f->server.on_message = answer;
	listen_at(f, f->url);
	fd = connect_plainly(f);
	write_all(fd, "[1]\n", 4);
	assert_int_equal(0, shutdown(fd, SHUT_WR));
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(0, f->server.reason);
	assert_int_equal(4, read(fd, answered, sizeof(answered)));
	assert_string_equal("[1]\n", answered);
	assert_int_equal(0, read(fd, answered, sizeof(answered)));
	(void) close(fd);
}

static void an_end_is_told_and_answered_when_asked_for(void **state)
{
	struct fixture *f = *state;

	f->server_opts.on_end = side_end;
	connect_both(f);
	send_text(f->dialed, "[1]");
	hk_ipc_end(f->dialed);
	assert_int_equal(-EPIPE, hk_ipc_send(f->dialed, "[2]", 3));
	AWAIT(f, f->server.ends == 1);
	assert_int_equal(1, f->server.messages);
	settle(f);
	assert_int_equal(0, f->server.closes);
	send_text(f->server.ipc, "[3]");
	hk_ipc_close(f->server.ipc, S);
	AWAIT(f, f->client.closes == 1);
	assert_string_equal("[3]", f->client.last);
	assert_int_equal(0, f->client.reason);
	assert_int_equal(1, f->server.closes);
}

static void closing_lets_everything_leave(const char *url, void **state)
{
	struct fixture *f = *state;
	enum { COUNT = 3000 };
	static char text[1000];

	memset(text, '7', sizeof(text));
	f->client_opts.queue_max_bytes = 16 * 1024 * 1024;
	listen_at(f, url);
	connect_both(f);
	/* The server has unread bytes from us, and we from it. */
	send_text(f->server.ipc, "[0]");
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(0, hk_ipc_send(f->dialed, text, sizeof(text)));
	hk_ipc_close(f->dialed, 10 * S);
	AWAIT(f, f->server.closes == 1 && f->client.closes == 1);
	assert_int_equal(COUNT, f->server.messages);
	assert_int_equal(0, f->server.reason);
	assert_int_equal(0, f->client.reason);
	assert_int_equal(0, stats_of(f->dialed).messages_dropped);
}

static void closing_lets_everything_leave_over_unix(void **state)
{
	struct fixture *f = *state;

	closing_lets_everything_leave(f->url, state);
}

static void closing_lets_everything_leave_over_tcp(void **state)
{
	closing_lets_everything_leave("tcp:0", state);
}

static void closing_gives_up_at_its_deadline(void **state)
{
	struct fixture *f = *state;
	static char text[100000];

	memset(text, '7', sizeof(text));
	connect_both(f);
	hk_ipc_pause(f->server.ipc);
	while (hk_ipc_send(f->dialed, text, sizeof(text)) == 0)
		hk_ipc_flush(f->dialed);
	hk_ipc_close(f->dialed, 20 * HKI_NS_PER_MS);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(-ETIMEDOUT, f->client.reason);
	assert_true(stats_of(f->dialed).messages_dropped > 0);
}

static void close_in_message(
    struct side *side, hk_ipc *ipc, const hk_ipc_message *message)
{
	(void) message;
	assert_int_equal(0, side->closes);
	hk_ipc_close(ipc, 0);
	assert_int_equal(0, side->closes); /* later, never inside */
}

static void free_in_message(struct side *side, hk_ipc *ipc, const hk_ipc_message *message)
{
	(void) side;
	hk_ipc_free(ipc);
	assert_memory_equal("[1]", message->data, 3); /* still lent */
}

static void a_callback_may_close(void **state)
{
	struct fixture *f = *state;

	f->server.on_message = close_in_message;
	connect_both(f);
	send_text(f->dialed, "[1]");
	send_text(f->dialed, "[1]");
	AWAIT(f, f->server.closes == 1 && f->client.closes == 1);
	assert_int_equal(1, f->server.messages);
	assert_int_equal(0, hk_ipc_server_count(f->listener));
}

static void a_callback_may_free(void **state)
{
	struct fixture *f = *state;

	f->server.on_message = free_in_message;
	connect_both(f);
	send_text(f->dialed, "[1]");
	send_text(f->dialed, "[1]");
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(1, f->server.messages);
	assert_int_equal(0, f->server.closes);
	assert_int_equal(0, hk_ipc_server_count(f->listener));
}

static void pause_in_message(
    struct side *side, hk_ipc *ipc, const hk_ipc_message *message)
{
	(void) message;
	if (side->messages % 3 == 0)
		hk_ipc_pause(ipc);
}

static void pausing_keeps_what_has_come_in_order(void **state)
{
	struct fixture *f = *state;
	hki_buffer expected = HKI_BUFFER_INIT;
	char text[16];

	f->server.collect = true;
	f->server.on_message = pause_in_message;
	connect_both(f);
	for (int i = 0; i < 30; i++) {
		(void) snprintf(text, sizeof(text), "[%d]", i);
		send_text(f->dialed, text);
		assert_int_equal(0, hki_buffer_append_format(&expected, "|%s", text));
	}
	for (unsigned int i = 3; i <= 30; i += 3) {
		AWAIT(f, f->server.messages == i);
		settle(f);
		assert_int_equal(i, f->server.messages);
		hk_ipc_resume(f->server.ipc);
	}
	assert_string_equal(expected.data, f->server.stream.data);
	hki_buffer_deinit(&expected);
}

static void what_the_peer_said_before_it_went_is_heard(void **state)
{
	struct fixture *f = *state;
	int fd;

	listen_at(f, f->url);
	fd = connect_plainly(f);
	AWAIT(f, f->server.connects == 1);
	write_all(fd, "[1]\n[2]\n", 8);
	(void) close(fd);
	/* Our write fails before we have read. */
	send_text(f->server.ipc, "[3]");
	hk_ipc_flush(f->server.ipc);
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(2, f->server.messages);
	assert_int_equal(-EPIPE, f->server.reason);
}

static void a_child_gets_the_other_end_of_a_pair(void **state)
{
	struct fixture *f = *state;
	int other = -1;

	assert_int_equal(0, hk_ipc_pair(&f->dialed, &other, f->loop, &f->client_opts));
	write_all(other, "[1]\n", 4);
	AWAIT(f, f->client.messages == 1);
	assert_int_equal(1, f->client.connects);
	(void) close(other);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(0, f->client.reason);
}

static void pipes_carry_messages_and_raise_no_signal(void **state)
{
	struct fixture *f = *state;
	hk_ipc *reader = NULL;
	int ends[2];

	assert_int_equal(0, pipe(ends));
	assert_int_equal(0, hk_ipc_adopt(&f->dialed, f->loop, ends[1], &f->client_opts));
	assert_int_equal(0, hk_ipc_adopt(&reader, f->loop, ends[0], &f->server_opts));
	send_text(f->dialed, "[1]");
	AWAIT(f, f->server.messages == 1);
	assert_int_equal(-EBADF, hk_ipc_send(reader, "[0]", 3));
	hk_ipc_free(reader);
	send_text(f->dialed, "[2]");
	hk_ipc_flush(f->dialed);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(-EPIPE, f->client.reason);
}

static void a_pipe_tells_of_its_reader_going_and_of_its_writer_ending(void **state)
{
	struct fixture *f = *state;
	hk_ipc *reader = NULL;
	int ends[2];

	assert_int_equal(0, pipe(ends));
	assert_int_equal(0, hk_ipc_adopt(&f->dialed, f->loop, ends[1], &f->client_opts));
	(void) close(ends[0]);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(-EPIPE, f->client.reason);
	assert_int_equal(0, pipe(ends));
	assert_int_equal(0, hk_ipc_adopt(&reader, f->loop, ends[0], &f->server_opts));
	write_pipe(ends[1], "[1]\n");
	(void) close(ends[1]);
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(0, f->server.reason);
	assert_int_equal(1, f->server.messages);
	hk_ipc_free(reader);
}

static void every_other_end_is_an_error(void **state)
{
	struct fixture *f = *state;
	hk_ipc *none = NULL;
	hk_ipc_opts opts = f->client_opts;
	int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	assert_int_equal(-EBADF, hk_ipc_adopt(&none, f->loop, 4711, &opts));
	assert_true(hk_ipc_adopt(&none, f->loop, file, &opts) < 0);
	assert_int_equal(-EINVAL, hk_ipc_adopt(&none, NULL, file, &opts));
	assert_int_equal(-EINVAL, hk_ipc_dial(&none, f->loop, "fd:0", NULL, NULL));
	opts.framing = 99;
	assert_int_equal(-EINVAL, hk_ipc_dial(&none, f->loop, f->url, &opts, NULL));
	opts.framing = HK_IPC_FRAMING_NONE;
	opts.overflow = HK_IPC_OVERFLOW_DROP_OLDEST;
	assert_int_equal(-EINVAL, hk_ipc_dial(&none, f->loop, f->url, &opts, NULL));
	assert_null(none);
	(void) close(file);
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
		CASE(garbage_ends_the_connection_and_nothing_else),
		CASE(a_line_without_end_stops_at_the_limit),
		CASE(a_length_beyond_the_limit_is_refused_before_it_comes),
		CASE(half_a_message_and_silence_times_out),
		CASE(a_peer_that_dies_within_a_message_is_told_from_one_that_ends),
		CASE(silence_and_heartbeats_are_told_apart),
		CASE(lines_have_a_heartbeat_too),
		CASE(who_has_ended_is_still_answered),
		CASE(an_end_is_told_and_answered_when_asked_for),
		CASE(closing_lets_everything_leave_over_unix),
		CASE(closing_lets_everything_leave_over_tcp),
		CASE(closing_gives_up_at_its_deadline),
		CASE(a_callback_may_close),
		CASE(a_callback_may_free),
		CASE(pausing_keeps_what_has_come_in_order),
		CASE(what_the_peer_said_before_it_went_is_heard),
		CASE(a_child_gets_the_other_end_of_a_pair),
		CASE(pipes_carry_messages_and_raise_no_signal),
		CASE(a_pipe_tells_of_its_reader_going_and_of_its_writer_ending),
		CASE(every_other_end_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
