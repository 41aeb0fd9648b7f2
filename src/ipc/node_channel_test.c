#include "ipc/node_fixture_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "base/array.h"
#include "base/torture.h"
#include "ipc/node_channel.h"
#include "loop/contract_test.h"

/* A channel whose other side the test plays itself. */

static void pair_json(fixture *f)
{
	fixture_pair(f, HK_IPC_JSON);
}

/* ---- messages ---- */

static void messages_arrive_in_order_however_they_are_cut(void **state)
{
	static const char text[] =
	    "{\"n\":1}\n\"two\"\n[3,null]\n4\n{\"text\":\"line\\nbreak \xc3\xa9\"}\n";
	fixture *f = *state;

	pair_json(f);
	for (size_t i = 0; i < strlen(text); i++) {
		peer_write(f, text + i, 1);
		fixture_turns(f);
	}
	fixture_wait(f, f->message_count == 5);
	assert_string_equal(text, f->messages.data);
	peer_say(f, text);
	fixture_wait(f, f->message_count == 10);
	assert_int_equal(0, f->bads);
}

static void advanced_messages_arrive_however_they_are_cut(void **state)
{
	static const char text[] =
	    "\0\0\0\x10\xff\x0f\x6f\x22\x01\x61\x49\x02\x22\x01\x73"
	    "\x22\x01\x78\x7b\x02\0\0\0\x03\xff\x0f\x30";
	fixture *f = *state;

	fixture_pair(f, HK_IPC_ADVANCED);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		peer_write(f, text + i, 1);
		fixture_turns(f);
	}
	peer_write(f, text, sizeof(text) - 1);
	fixture_wait(f, f->message_count == 4);
	assert_string_equal("{\"a\":1,\"s\":\"x\"}\nnull\n{\"a\":1,\"s\":\"x\"}\nnull\n",
	    f->messages.data);
}

static void what_is_sent_is_one_line_and_one_write(void **state)
{
	fixture *f = *state;

	pair_json(f);
	fixture_send(f, "{\"a\": [1,\n2]}");
	fixture_send(f, "\"x\"");
	assert_true(peer_is_silent(f));
	assert_int_equal(0, fixture_send_noted(f, "3", 'c', 0, -1));
	fixture_wait(f, f->sents == 1);
	assert_int_equal(0, f->sent_status);
	assert_string_equal("{\"a\":[1,2]}", peer_line(f, NULL));
	assert_string_equal("\"x\"", peer_line(f, NULL));
	assert_string_equal("3", peer_line(f, NULL));
	assert_true(peer_is_silent(f));
}

static void what_is_no_message_is_not_sent(void **state)
{
	fixture *f = *state;

	pair_json(f);
	assert_int_equal(HK_EPARSE, fixture_send_noted(f, "{", 'x', 0, -1));
	assert_int_equal(HK_EPARSE, fixture_send_noted(f, "", 'x', 0, -1));
	assert_int_equal(HK_EPARSE, fixture_send_noted(f, "1\n2", 'x', 0, -1));
	/* Node would take it for its own. */
	assert_int_equal(
	    -EINVAL, fixture_send_noted(f, "{\"cmd\":\"NODE_HANDLE\"}", 'x', 0, -1));
	assert_int_equal(0, fixture_send_noted(f, "{\"cmd\":\"NODE_\"}", 'a', 0, -1));
	assert_int_equal(0, fixture_send_noted(f, "{\"cmd\":\"NODE_CLUSTER\"}", 'b',
				HK_IPC_SEND_INTERNAL, -1));
	/* Tags are for the other serialization. */
	assert_int_equal(
	    -EINVAL, fixture_send_noted(f, "1", 'x', HK_IPC_SEND_TAGGED, -1));
	assert_int_equal(-EINVAL, fixture_send_noted(f, "1", 'x', 1u << 9, -1));
	fixture_wait(f, f->sents == 2);
	assert_string_equal("ab", f->sent_order);
}

static void a_document_is_sent_as_well_as_text(void **state)
{
	fixture *f = *state;
	hk_json_document *document;

	pair_json(f);
	assert_int_equal(0, hk_json_document_new(&document, NULL));
	assert_int_equal(0, hk_json_parse(document, "{ \"a\" : 1.50 }", 14));
	assert_int_equal(
	    0, hk_ipc_channel_send_json(f->channel, hk_json_root(document), NULL));
	assert_int_equal(-EINVAL, hk_ipc_channel_send_json(f->channel, NULL, NULL));
	hk_json_document_free(document); /* it was copied */
	fixture_turns(f);
	assert_string_equal("{\"a\":1.50}", peer_line(f, NULL));
}

/* ---- bad peers ---- */

static void garbage_is_told_and_left_behind(void **state)
{
	fixture *f = *state;
	hk_ipc_channel_stats stats = { .size = sizeof(stats) };

	pair_json(f);
	peer_say(f, "not json\n{\"n\":1}\n\n{\"n\":\n\xff\xfe\n{\"n\":2}\n");
	fixture_wait(f, f->message_count == 2);
	assert_int_equal(4, f->bads);
	assert_int_equal(HK_EPARSE, f->bad_code);
	assert_string_equal("{\"n\":1}\n{\"n\":2}\n", f->messages.data);
	assert_int_equal(0, hk_ipc_channel_get_stats(f->channel, &stats));
	assert_int_equal(4, stats.messages_bad);
	assert_int_equal(2, stats.messages_received);
}

static void half_pairs_of_javascript_become_replacements(void **state)
{
	fixture *f = *state;

	pair_json(f);
	peer_say(f, "\"a\\ud800b\"\n\"\\udc00\\ud83d\\ude00\"\n\"\\\\ud800\"\n"
		    "\"\\uD800\\uD800\"\n");
	fixture_wait(f, f->message_count == 4);
	assert_string_equal("\"a\xef\xbf\xbd"
			    "b\"\n\"\xef\xbf\xbd\xf0\x9f\x98\x80\"\n\"\\\\ud800\"\n"
			    "\"\xef\xbf\xbd\xef\xbf\xbd\"\n",
	    f->messages.data);
	assert_int_equal(0, f->bads);
}

static void a_message_that_is_too_long_is_told_once_and_not_kept(void **state)
{
	static char block[10000];
	fixture *f = *state;

	f->opts.message_max_bytes = 1000;
	memset(block, 'x', sizeof(block));
	pair_json(f);
	peer_say(f, "1\n");
	for (int i = 0; i < 10; i++) {
		peer_write(f, block, sizeof(block));
		fixture_turns(f);
	}
	assert_int_equal(1, f->bads);
	assert_int_equal(HK_ELIMIT, f->bad_code);
	assert_true(f->channel->frames.partial.capacity < 5000);
	peer_say(f, "\n2\n");
	fixture_wait(f, f->message_count == 2);
	assert_int_equal(1, f->bads);
}

static void a_giant_length_is_passed_over(void **state)
{
	static const char small[] = "\0\0\0\3\xff\x0f\x30";
	static char block[5000];
	fixture *f = *state;

	f->opts.message_max_bytes = 1000;
	fixture_pair(f, HK_IPC_ADVANCED);
	peer_write(f, "\0\0\x13\x88", 4); /* 5000 */
	peer_write(f, block, sizeof(block));
	peer_write(f, small, sizeof(small) - 1);
	fixture_wait(f, f->message_count == 1);
	assert_int_equal(1, f->bads);
	peer_write(f, "\xff\xff\xff\xff", 4); /* which never comes whole */
	peer_write(f, block, sizeof(block));
	fixture_wait(f, f->bads == 2);
	assert_true(f->channel->frames.partial.capacity < 5000);
	peer_write(f, block, sizeof(block));
	fixture_turns(f);
	assert_int_equal(2, f->bads);
	assert_int_equal(1, f->message_count);
}

static void half_a_message_and_the_end_is_no_message(void **state)
{
	fixture *f = *state;

	pair_json(f);
	peer_say(f, "{\"n\":1}\n{\"n\":");
	close(f->peer);
	f->peer = -1;
	fixture_wait(f, f->ends == 1);
	assert_int_equal(0, f->end_reason);
	assert_int_equal(1, f->message_count);
}

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
	pair_json(f);
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
	pair_json(f);
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

	pair_json(f);
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

	pair_json(f);
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
	pair_json(f);
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
	pair_json(f);
	assert_int_equal(0, hk_ipc_channel_disconnect(f->channel));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_int_equal(1, f->ends);
	assert_int_equal(-ETIMEDOUT, f->end_reason);
}

/* ---- pause ---- */

static void while_paused_nothing_is_read_and_nothing_spins(void **state)
{
	fixture *f = *state;

	pair_json(f);
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
	pair_json(f);
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

	pair_json(f);
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
	pair_json(f);
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

	pair_json(f);
	fixture_send(f, "1");
	hk_ipc_channel_free(f->channel);
	f->channel = NULL;
	fixture_turns(f);
	assert_true(peer_sees_end(f));
}

static void the_loop_may_go_first(void **state)
{
	fixture *f = *state;

	pair_json(f);
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
		TEST(messages_arrive_in_order_however_they_are_cut),
		TEST(advanced_messages_arrive_however_they_are_cut),
		TEST(what_is_sent_is_one_line_and_one_write),
		TEST(what_is_no_message_is_not_sent),
		TEST(a_document_is_sent_as_well_as_text),
		TEST(garbage_is_told_and_left_behind),
		TEST(half_pairs_of_javascript_become_replacements),
		TEST(a_message_that_is_too_long_is_told_once_and_not_kept),
		TEST(a_giant_length_is_passed_over),
		TEST(half_a_message_and_the_end_is_no_message),
		TEST(a_peer_that_does_not_read_fills_the_queue_and_no_more),
		TEST(what_is_queued_at_the_end_is_told_to_its_senders),
		TEST(flush_writes_without_the_loop),
		TEST(a_disconnect_sends_what_is_queued_and_reads_what_comes),
		TEST(a_peer_that_only_half_closes_still_gets_what_is_queued),
		TEST(a_peer_that_never_answers_a_disconnect_is_left),
		TEST(while_paused_nothing_is_read_and_nothing_spins),
		TEST(a_pause_holds_in_the_middle_of_a_read),
		TEST(in_the_background_only_the_queue_keeps_the_loop),
		TEST(a_channel_may_be_freed_in_its_callback),
		TEST(a_channel_with_something_to_write_may_be_freed),
		TEST(the_loop_may_go_first),
		TEST(what_is_no_stream_socket_is_no_channel),
		cmocka_unit_test(channels_keep_the_contract),
		cmocka_unit_test(every_failing_allocation_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
