#include "ipc/node_fixture_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include "base/array.h"

/* Sockets with messages, both ways, against a peer that the test plays. */

/* ---- handles: what goes out ---- */

static const char ack[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}\n";
static const char nack[] = "{\"cmd\":\"NODE_HANDLE_NACK\"}\n";

static void everything_waits_behind_a_handle(void **state)
{
	fixture *f = *state;
	unsigned int port;
	int server = listening_socket(&port);
	int came;

	fixture_pair(f, HK_IPC_JSON);
	assert_int_equal(0, fixture_send_noted(f, "1", 'a', 0, -1));
	assert_int_equal(
	    0, fixture_send_noted(f, "\"srv\"", 'b', HK_IPC_SEND_HANDLE, server));
	assert_int_equal(0, fixture_send_noted(f, "2", 'c', 0, -1));
	assert_int_equal(
	    0, fixture_send_noted(f, "\"again\"", 'd', HK_IPC_SEND_HANDLE, server));
	assert_int_equal(0, fixture_send_noted(f, "3", 'e', 0, -1));
	close(server); /* a duplicate travels */
	fixture_turns(f);
	assert_string_equal("1", peer_line(f, &came));
	assert_int_equal(-1, came);
	assert_string_equal(
	    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":\"srv\"}",
	    peer_line(f, &came));
	assert_true(came >= 0);
	close(came);
	fixture_turns(f);
	assert_true(peer_is_silent(f));
	assert_string_equal("a", f->sent_order);
	assert_int_equal(-EAGAIN, hk_ipc_channel_flush(f->channel, -1));

	peer_say(f, ack);
	fixture_wait(f, f->sents == 3);
	assert_string_equal("2", peer_line(f, NULL));
	(void) peer_line(f, &came);
	assert_true(came >= 0);
	close(came);
	assert_true(peer_is_silent(f));
	peer_say(f, ack);
	fixture_wait(f, f->sents == 5);
	assert_string_equal("abcde", f->sent_order);
	assert_string_equal("3", peer_line(f, NULL));
	assert_int_equal(0, f->bads);
}

static void a_handle_that_did_not_arrive_is_sent_four_times(void **state)
{
	fixture *f = *state;
	hk_ipc_channel_stats stats = { .size = sizeof(stats) };
	int other;
	int end = connected_socket(&other);
	int came;

	fixture_pair(f, HK_IPC_JSON);
	assert_int_equal(0, fixture_send_noted(f, "1", 'a', HK_IPC_SEND_HANDLE, end));
	assert_int_equal(0, fixture_send_noted(f, "2", 'b', 0, -1));
	for (int i = 0; i < 4; i++) {
		fixture_turns(f);
		assert_string_equal(
		    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}",
		    peer_line(f, &came));
		assert_true(came >= 0);
		close(came);
		assert_int_equal(0, f->sents);
		peer_say(f, nack);
	}
	fixture_wait(f, f->sents >= 1);
	assert_int_equal(-EREMOTEIO, f->sent_status);
	fixture_wait(f, f->sents == 2);
	assert_string_equal("2", peer_line(f, NULL)); /* the rest goes on */
	assert_int_equal(0, hk_ipc_channel_get_stats(f->channel, &stats));
	assert_int_equal(3, stats.handles_resent);
	assert_int_equal(0, stats.handles_sent);
	close(end);
	close(other);
}

static void note_synced(hk_ipc_channel *channel, int status, void *user)
{
	fixture *f = user;

	(void) channel;
	f->sents++;
	f->sent_status = status;
}

static void a_sync_holds_back_what_is_sent_after_it(void **state)
{
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	fixture_send(f, "1");
	assert_int_equal(0, hk_ipc_channel_sync(f->channel, note_synced, f));
	fixture_send(f, "2");
	fixture_turns(f);
	assert_string_equal("1", peer_line(f, NULL));
	assert_string_equal("{\"cmd\":\"NODE_HANDLE\"}", peer_line(f, NULL));
	assert_true(peer_is_silent(f));
	peer_say(f, "\"answer\"\n");
	fixture_wait(f, f->message_count == 1);
	assert_int_equal(0, f->sents);
	peer_say(f, nack);
	fixture_wait(f, f->sents == 1);
	assert_int_equal(0, f->sent_status);
	fixture_turns(f);
	assert_string_equal("2", peer_line(f, NULL));

	assert_int_equal(0, hk_ipc_channel_sync(f->channel, note_synced, f));
	fixture_turns(f);
	close(f->peer);
	f->peer = -1;
	fixture_wait(f, f->ends == 1);
	assert_int_equal(2, f->sents);
	assert_int_equal(HK_ECLOSED, f->sent_status);
}

static void only_sockets_that_node_knows_can_travel(void **state)
{
	fixture *f = *state;
	hk_ipc_send_opts opts = HK_IPC_SEND_OPTS_INIT;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int datagrams[2];
	int packets[2];
	int other;
	int stream = connected_socket(&other);

	fixture_pair(f, HK_IPC_JSON);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagrams));
	assert_int_equal(
	    0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packets));
	assert_int_equal(
	    -ENOTSOCK, fixture_send_noted(f, "1", 'x', HK_IPC_SEND_HANDLE, file));
	assert_int_equal(-EPROTOTYPE,
	    fixture_send_noted(f, "1", 'x', HK_IPC_SEND_HANDLE, datagrams[0]));
	assert_int_equal(
	    -EPROTOTYPE, fixture_send_noted(f, "1", 'x', HK_IPC_SEND_HANDLE, packets[0]));
	assert_int_equal(-EBADF, fixture_send_noted(f, "1", 'x', HK_IPC_SEND_HANDLE, -1));
	opts.flags = HK_IPC_SEND_HANDLE;
	opts.handle_fd = stream;
	opts.handle = HK_IPC_HANDLE_SERVER; /* it does not listen */
	assert_int_equal(-EPROTOTYPE, hk_ipc_channel_send(f->channel, "1", 1, &opts));
	opts.handle = HK_IPC_HANDLE_NATIVE;
	assert_int_equal(0, hk_ipc_channel_send(f->channel, "1", 1, &opts));
	fixture_turns(f);
	assert_string_equal("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":1}",
	    peer_line(f, NULL));
	close(file);
	close(stream);
	close(other);
	close(datagrams[0]);
	close(datagrams[1]);
	close(packets[0]);
	close(packets[1]);
}

static void a_receipt_for_nothing_is_harmless(void **state)
{
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	peer_say(f, ack);
	peer_say(f, nack);
	peer_say(f, "1\n");
	fixture_wait(f, f->message_count == 1);
	assert_int_equal(2, f->bads);
	assert_int_equal(-EPROTO, f->bad_code);
}

/* ---- handles: what comes in ---- */

static void a_handle_comes_with_its_message_and_is_confirmed(void **state)
{
	static const char text[] =
	    "0\n{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":{\"a\":1}}\n2\n";
	fixture *f = *state;
	int other;
	int end = connected_socket(&other);
	char byte = 0;

	fixture_pair(f, HK_IPC_JSON);
	peer_write_fd(f, text, &end, 1);
	close(end);
	fixture_wait(f, f->message_count == 3);
	assert_string_equal("0\n{\"a\":1}\n2\n", f->messages.data);
	fixture_turns(f);
	assert_string_equal("{\"cmd\":\"NODE_HANDLE_ACK\"}", peer_line(f, NULL));
	assert_true(f->fd >= 0);
	assert_int_equal(FD_CLOEXEC, fcntl(f->fd, F_GETFD));
	assert_int_equal(1, write(f->fd, "x", 1));
	assert_int_equal(1, read(other, &byte, 1));
	assert_int_equal('x', byte);
	close(other);
}

static void a_message_without_its_handle_asks_for_it_again(void **state)
{
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	peer_say(f, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n2\n");
	fixture_wait(f, f->message_count == 1);
	assert_string_equal("2\n", f->messages.data);
	fixture_turns(f);
	assert_string_equal("{\"cmd\":\"NODE_HANDLE_NACK\"}", peer_line(f, NULL));
}

static void a_handle_of_another_kind_is_closed_and_its_message_told(void **state)
{
	fixture *f = *state;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t before;

	fixture_pair(f, HK_IPC_JSON);
	before = count_descriptors();
	peer_write_fd(
	    f, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n", &file, 1);
	fixture_wait(f, f->message_count == 1);
	assert_int_equal(-EPROTOTYPE, f->fd);
	peer_write_fd(
	    f, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"nonsense\",\"msg\":1}\n", &file, 1);
	fixture_wait(f, f->message_count == 2);
	assert_int_equal(-EPROTOTYPE, f->fd);
	peer_write_fd(f, "{\"cmd\":\"NODE_HANDLE\"}\n", &file, 1);
	fixture_wait(f, f->bads == 1);
	assert_int_equal(before, count_descriptors());
	close(file);
}

static void a_thousand_unannounced_handles_leave_none_open(void **state)
{
	fixture *f = *state;
	hk_ipc_channel_stats stats = { .size = sizeof(stats) };
	int other;
	int end = connected_socket(&other);
	int many[20];
	size_t before;

	for (size_t i = 0; i < HKI_COUNT(many); i++)
		many[i] = end;
	fixture_pair(f, HK_IPC_JSON);
	before = count_descriptors();
	for (int i = 0; i < 1000; i++) {
		peer_write_fd(f, "1\n", many, i % HKI_COUNT(many) + 1);
		fixture_wait(f, f->message_count == (unsigned int) i + 1);
	}
	/* At most the one that might be announced yet. */
	assert_true(count_descriptors() <= before + 1);
	assert_int_equal(-EPROTO, f->bad_code);
	assert_int_equal(0, hk_ipc_channel_get_stats(f->channel, &stats));
	assert_true(stats.handles_dropped >= 999);
	close(end);
	close(other);
}

static void a_question_about_sockets_we_hold_is_answered(void **state)
{
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	peer_say(f,
	    "{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":\"4:0.0.0.0:80\"}\n"
	    "{\"cmd\":\"NODE_SOCKET_NOTIFY_CLOSE\",\"key\":\"k\"}\n"
	    "{\"cmd\":\"NODE_SOCKET_GET_COUNT\"}\n{\"cmd\":\"NODE_CLUSTER\"}\n1\n");
	fixture_wait(f, f->message_count == 1);
	fixture_turns(f);
	assert_string_equal(
	    "{\"cmd\":\"NODE_SOCKET_COUNT\",\"key\":\"4:0.0.0.0:80\",\"count\":0}",
	    peer_line(f, NULL));
	assert_string_equal(
	    "{\"cmd\":\"NODE_SOCKET_ALL_CLOSED\",\"key\":\"k\",\"count\":0}",
	    peer_line(f, NULL));
	assert_int_equal(2, f->internal_count); /* what is nothing to us */
}

static void questions_whose_answers_are_never_read_end_the_channel(void **state)
{
	fixture *f = *state;
	char text[2000];
	size_t length = 0;

	f->opts.queue_max_bytes = 100000;
	fixture_pair(f, HK_IPC_JSON);
	while (length + 60 < sizeof(text))
		length += (size_t) snprintf(text + length, sizeof(text) - length,
		    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n");
	for (int i = 0; i < 10000 && f->ends == 0; i++) {
		peer_write(f, text, length);
		fixture_turns(f);
	}
	assert_int_equal(1, f->ends);
	assert_int_equal(HK_ELIMIT, f->end_reason);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_waits_behind_a_handle),
		TEST(a_handle_that_did_not_arrive_is_sent_four_times),
		TEST(a_sync_holds_back_what_is_sent_after_it),
		TEST(only_sockets_that_node_knows_can_travel),
		TEST(a_receipt_for_nothing_is_harmless),
		TEST(a_handle_comes_with_its_message_and_is_confirmed),
		TEST(a_message_without_its_handle_asks_for_it_again),
		TEST(a_handle_of_another_kind_is_closed_and_its_message_told),
		TEST(a_thousand_unannounced_handles_leave_none_open),
		TEST(a_question_about_sockets_we_hold_is_answered),
		TEST(questions_whose_answers_are_never_read_end_the_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
