#include "ipc/node_fixture_test.h"

#include "ipc/node_channel.h"

/* What arrives and what is sent, and peers that send what is no message: the test plays
 * the other side itself. */

/* ---- messages ---- */

static void messages_arrive_in_order_however_they_are_cut(void **state)
{
	static const char text[] =
	    "{\"n\":1}\n\"two\"\n[3,null]\n4\n{\"text\":\"line\\nbreak \xc3\xa9\"}\n";
	fixture *f = *state;

	fixture_pair(f, HK_IPC_JSON);
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

	fixture_pair(f, HK_IPC_JSON);
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

	fixture_pair(f, HK_IPC_JSON);
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

	fixture_pair(f, HK_IPC_JSON);
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

	fixture_pair(f, HK_IPC_JSON);
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

	fixture_pair(f, HK_IPC_JSON);
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
	fixture_pair(f, HK_IPC_JSON);
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

	fixture_pair(f, HK_IPC_JSON);
	peer_say(f, "{\"n\":1}\n{\"n\":");
	close(f->peer);
	f->peer = -1;
	fixture_wait(f, f->ends == 1);
	assert_int_equal(0, f->end_reason);
	assert_int_equal(1, f->message_count);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
