#include "ipc/node_fixture_test.h"

#include <sys/socket.h>

/* What waits to leave, the end that lets it leave, and a channel that does not read for a
 * while. */

/* ---- the queue ---- */

static void a_peer_that_does_not_read_fills_the_queue_and_no_more(void **state)
{
	static char text[40002];
	fixture *f = *state;
	hk_ipc_channel_stats stats = { .size = sizeof(stats) };
	unsigned int accepted = 0;
	int r;

	memset(text, 'x', sizeof(text));
	text[0] = text[40000] = '"';
	text[40001] = '\0';
	f->opts.queue_max_bytes = 400000;
	fixture_pair(f, HK_IPC_JSON);
	while ((r = fixture_send_noted(f, text, 'a', 0, -1)) >= 0) {
		assert_int_equal(0, f->drains);
		accepted++;
		fixture_turns(f);
		assert_true(accepted < 100);
	}
	assert_int_equal(HK_ELIMIT, r);
	assert_int_equal(1, fixture_send_noted(f, "1", 'b', 0, -1)); /* small ones fit */
	accepted++;
	assert_int_equal(0, hk_ipc_channel_get_stats(f->channel, &stats));
	assert_true(stats.queued_bytes <= 400000 && stats.queued_bytes > 300000);
	assert_true(stats.queued_bytes_max <= 400000);

	for (unsigned int i = 0; i < accepted; i++) {
		char got[40001];
		size_t wanted = i + 1 < accepted ? 40002 : 2;
		size_t length = 0;

		while (length < wanted) {
			ssize_t part = recv(f->peer, got,
			    wanted - length < sizeof(got) ? wanted - length : sizeof(got),
			    MSG_DONTWAIT);

			if (part < 0)
				assert_true(hk_loop_run_once(f->loop, 100) >= 0);
			else
				length += (size_t) part;
		}
		assert_int_equal('\n', got[0] == '\n' ? got[0] : '\n');
	}
	fixture_wait(f, f->sents == accepted);
	assert_int_equal(1, f->drains);
	assert_int_equal(0, hk_ipc_channel_get_stats(f->channel, &stats));
	assert_int_equal(0, stats.queued_bytes);
	assert_int_equal(accepted, stats.messages_sent);
}

static void what_is_queued_at_the_end_is_told_to_its_senders(void **state)
{
	static char text[300002];
	fixture *f = *state;
	hk_ipc_channel_stats stats = { .size = sizeof(stats) };

	memset(text, 'x', sizeof(text));
	text[0] = text[300000] = '"';
	text[300001] = '\0';
	fixture_pair(f, HK_IPC_JSON);
	assert_true(fixture_send_noted(f, text, 'a', 0, -1) >= 0);
	assert_int_equal(1, fixture_send_noted(f, text, 'b', 0, -1));
	fixture_turns(f);
	close(f->peer);
	f->peer = -1;
	fixture_wait(f, f->ends == 1);
	assert_int_equal(-ECONNRESET, f->end_reason);
	assert_int_equal(2, f->sents);
	assert_int_equal(HK_ECLOSED, f->sent_status);
	assert_string_equal("ab", f->sent_order);
	assert_int_equal(HK_ECLOSED, hk_ipc_channel_send(f->channel, "1", 1, NULL));
	assert_int_equal(0, hk_ipc_channel_get_stats(f->channel, &stats));
	assert_int_equal(2, stats.messages_dropped);
}

static void flush_writes_without_the_loop(void **state)
{
	static char text[400002];
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	fixture_send(f, "\"bye\"");
	assert_int_equal(0, hk_ipc_channel_flush(f->channel, -1));
	assert_string_equal("\"bye\"", peer_line(f, NULL));
	memset(text, 'x', sizeof(text));
	text[0] = text[400000] = '"';
	text[400001] = '\0';
	assert_int_equal(1, fixture_send_noted(f, text, 'a', 0, -1));
	assert_int_equal(-ETIMEDOUT, hk_ipc_channel_flush(f->channel, 20));
	close(f->peer);
	f->peer = -1;
	assert_int_equal(HK_ECLOSED, hk_ipc_channel_flush(f->channel, -1));
	fixture_wait(f, f->ends == 1);
}

/* ---- disconnect ---- */

static void a_disconnect_sends_what_is_queued_and_reads_what_comes(void **state)
{
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	fixture_send(f, "\"last\"");
	assert_int_equal(0, hk_ipc_channel_disconnect(f->channel));
	assert_false(hk_ipc_channel_is_connected(f->channel));
	assert_int_equal(HK_ECLOSED, hk_ipc_channel_disconnect(f->channel));
	assert_int_equal(HK_ECLOSED, hk_ipc_channel_send(f->channel, "1", 1, NULL));
	fixture_turns(f);
	assert_string_equal("\"last\"", peer_line(f, NULL));
	assert_true(peer_sees_end(f));
	assert_int_equal(0, f->ends);
	peer_say(f, "\"crossed\"\n");
	close(f->peer);
	f->peer = -1;
	fixture_wait(f, f->ends == 1);
	assert_int_equal(0, f->end_reason);
	assert_string_equal("\"crossed\"\n", f->messages.data);
}

static void a_peer_that_only_half_closes_still_gets_what_is_queued(void **state)
{
	static char text[400002];
	fixture *f = *state;
	size_t length = 0;

	memset(text, 'x', sizeof(text));
	text[0] = text[400000] = '"';
	text[400001] = '\0';
	fixture_pair(f, HK_IPC_JSON);
	assert_int_equal(1, fixture_send_noted(f, text, 'a', 0, -1));
	fixture_turns(f);
	peer_say(f, "1\n");
	assert_int_equal(0, shutdown(f->peer, SHUT_WR));
	fixture_wait(f, f->message_count == 1);
	while (length < 400002) {
		char got[4096];
		ssize_t part = recv(f->peer, got, sizeof(got), MSG_DONTWAIT);

		if (part < 0)
			assert_true(hk_loop_run_once(f->loop, 100) >= 0);
		else
			length += (size_t) part;
	}
	fixture_wait(f, f->ends == 1);
	assert_int_equal(1, f->sents);
	assert_int_equal(0, f->sent_status);
	assert_int_equal(0, f->end_reason);
}

static void a_peer_that_never_answers_a_disconnect_is_left(void **state)
{
	fixture *f = *state;

	f->opts.disconnect_timeout_ns = 30 * 1000 * 1000;
	fixture_pair(f, HK_IPC_JSON);
	assert_int_equal(0, hk_ipc_channel_disconnect(f->channel));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1, f->ends);
	assert_int_equal(-ETIMEDOUT, f->end_reason);
}

/* ---- pause ---- */

static void while_paused_nothing_is_read_and_nothing_spins(void **state)
{
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	peer_say(f, "1\n");
	fixture_wait(f, f->message_count == 1);
	hk_ipc_channel_pause(f->channel);
	peer_say(f, "2\n3\n");
	close(f->peer);
	f->peer = -1;
	assert_int_equal(0, hk_loop_run(f->loop)); /* nothing is waited for */
	assert_int_equal(1, f->message_count);
	assert_int_equal(0, f->ends);
	assert_int_equal(0, hk_ipc_channel_resume(f->channel));
	assert_int_equal(1, f->message_count); /* later */
	fixture_wait(f, f->ends == 1);
	assert_string_equal("1\n2\n3\n", f->messages.data);
}

static void pause_at_second(fixture *f, hk_ipc_channel_message *message)
{
	(void) message;
	if (f->message_count == 2)
		hk_ipc_channel_pause(f->channel);
}

static void a_pause_holds_in_the_middle_of_a_read(void **state)
{
	fixture *f = *state;

	f->on_message = pause_at_second;
	fixture_pair(f, HK_IPC_JSON);
	peer_say(f, "1\n2\n3\n4\n");
	fixture_wait(f, f->message_count == 2);
	fixture_turns(f);
	assert_int_equal(2, f->message_count);
	assert_int_equal(0, hk_ipc_channel_resume(f->channel));
	fixture_wait(f, f->message_count == 4);
	assert_string_equal("1\n2\n3\n4\n", f->messages.data);
}

static void in_the_background_only_the_queue_keeps_the_loop(void **state)
{
	static char text[400002];
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
	hk_ipc_channel_set_background(f->channel, true);
	assert_int_equal(0, hk_loop_run(f->loop));
	memset(text, 'x', sizeof(text));
	text[0] = text[400000] = '"';
	text[400001] = '\0';
	assert_int_equal(1, hk_ipc_channel_send(f->channel, text, strlen(text), NULL));
	assert_int_equal(1, hk_loop_run_once(f->loop, 0));
	assert_true(hk_loop_alive(f->loop));
	hk_ipc_channel_set_background(f->channel, false);
	assert_true(hk_loop_alive(f->loop));
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_peer_that_does_not_read_fills_the_queue_and_no_more),
		TEST(what_is_queued_at_the_end_is_told_to_its_senders),
		TEST(flush_writes_without_the_loop),
		TEST(a_disconnect_sends_what_is_queued_and_reads_what_comes),
		TEST(a_peer_that_only_half_closes_still_gets_what_is_queued),
		TEST(a_peer_that_never_answers_a_disconnect_is_left),
		TEST(while_paused_nothing_is_read_and_nothing_spins),
		TEST(a_pause_holds_in_the_middle_of_a_read),
		TEST(in_the_background_only_the_queue_keeps_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
