/*
 * How connections end: in order with everything delivered, at a deadline, inside a
 * callback, or because the peer has gone.
 */
#include "ipc/fixture.h"

#define S HKI_NS_PER_S

static void write_pipe(int fd, const char *text)
{
	assert_int_equal((ssize_t) strlen(text), write(fd, text, strlen(text)));
}

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
	(void) fill(f->dialed, text, sizeof(text), NULL);
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

/* The end is seen before what a pause had held back: nothing of it is lost. */
static void the_end_waits_for_what_was_held_back(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->server.on_message = pause_in_message;
	listen_at(f, f->url);
	fd = connect_plainly(f);
	write_all(fd, "[1]\n[2]\n[3]\n[4]\n[5]\n[6]\n[7]\n[8]\n", 32);
	(void) close(fd);
	for (unsigned int i = 3; i <= 6; i += 3) {
		AWAIT(f, f->server.messages == i);
		settle(f);
		assert_int_equal(i, f->server.messages);
		hk_ipc_resume(f->server.ipc);
	}
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(8, f->server.messages);
	assert_int_equal(0, f->server.reason);
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
		CASE(who_has_ended_is_still_answered),
		CASE(an_end_is_told_and_answered_when_asked_for),
		CASE(closing_lets_everything_leave_over_unix),
		CASE(closing_lets_everything_leave_over_tcp),
		CASE(closing_gives_up_at_its_deadline),
		CASE(a_callback_may_close),
		CASE(a_callback_may_free),
		CASE(pausing_keeps_what_has_come_in_order),
		CASE(the_end_waits_for_what_was_held_back),
		CASE(what_the_peer_said_before_it_went_is_heard),
		CASE(a_child_gets_the_other_end_of_a_pair),
		CASE(pipes_carry_messages_and_raise_no_signal),
		CASE(a_pipe_tells_of_its_reader_going_and_of_its_writer_ending),
		CASE(every_other_end_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
