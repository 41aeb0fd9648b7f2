/*
 * A peer that does not read: what waits for it is bounded, each policy does what it says,
 * and every message is accounted for.
 */
#include "ipc/fixture.h"

enum { LENGTH = 1000, MARK = 64 * 1024 };

static char text[LENGTH + 1];

static void numbered(unsigned int number)
{
	memset(text, 'x', LENGTH);
	(void) snprintf(text, sizeof(text), "[%09u", number);
	text[10] = 'x';
}

/* sent = written + dropped + queued, always. */
static void check_account(const hk_ipc *ipc, uint64_t accepted)
{
	hk_ipc_stats stats = stats_of(ipc);

	assert_int_equal(accepted, stats.messages_sent);
	assert_int_equal(stats.messages_sent,
	    stats.messages_written + stats.messages_dropped + stats.messages_queued);
	assert_true(stats.bytes_queued <= MARK);
}

static void start(struct fixture *f, uint32_t overflow)
{
	f->client_opts.overflow = overflow;
	f->client_opts.queue_max_bytes = MARK;
	f->client_opts.framing = HK_IPC_FRAMING_LENGTH;
	connect_both(f);
	hk_ipc_pause(f->server.ipc);
}

static void note_order(struct side *side, hk_ipc *ipc, const hk_ipc_message *message)
{
	unsigned int number = (unsigned int) strtoul(message->data + 1, NULL, 10);

	(void) ipc;
	/* What arrives is in order; `ends` has the latest number plus one. */
	assert_true(number >= side->ends);
	side->ends = number + 1;
}

static void blocking_refuses_and_tells_when_there_is_room(void **state)
{
	struct fixture *f = *state;
	unsigned int accepted = 0;
	int r;

	f->server.on_message = note_order;
	start(f, HK_IPC_OVERFLOW_BLOCK);
	do {
		numbered(accepted);
		r = hk_ipc_send(f->dialed, text, LENGTH);
		accepted += r == 0;
		assert_in_range(hk_ipc_queued_bytes(f->dialed), 0, MARK);
	} while (r == 0);
	assert_int_equal(-EAGAIN, r);
	check_account(f->dialed, accepted);
	assert_int_equal(1, stats_of(f->dialed).messages_refused);
	settle(f);
	assert_int_equal(0, f->client.drains);
	hk_ipc_resume(f->server.ipc);
	AWAIT(f, f->client.drains == 1);
	AWAIT(f, f->server.messages == accepted);
	assert_int_equal(accepted, f->server.ends);
	check_account(f->dialed, accepted);
	settle(f);
	assert_int_equal(1, f->client.drains);
}

static void the_mark_counts_messages_too(void **state)
{
	struct fixture *f = *state;
	unsigned int accepted = 0;

	f->client_opts.queue_max_messages = 10;
	start(f, HK_IPC_OVERFLOW_BLOCK);
	while (hk_ipc_send(f->dialed, "[1]", 3) == 0) {
		accepted++;
		assert_true(stats_of(f->dialed).messages_queued <= 10);
	}
	assert_int_equal(10, stats_of(f->dialed).messages_queued);
	check_account(f->dialed, accepted);
}

static void the_newest_is_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	unsigned int dropped = 0;
	unsigned int kept = 0;

	f->server.on_message = note_order;
	start(f, HK_IPC_OVERFLOW_DROP_NEWEST);
	for (unsigned int i = 0; i < 5000; i++) {
		int r;

		numbered(i);
		r = hk_ipc_send(f->dialed, text, LENGTH);
		assert_true(r == 0 || r == 1);
		dropped += r == 1;
		kept += r == 0;
	}
	assert_true(dropped > 1000);
	check_account(f->dialed, 5000);
	assert_int_equal(dropped, stats_of(f->dialed).messages_dropped);
	hk_ipc_resume(f->server.ipc);
	AWAIT(f, f->server.messages == kept);
	settle(f);
	assert_int_equal(kept, f->server.messages);
	assert_true(f->server.ends < 5000); /* the last ones are missing */
}

static void the_oldest_is_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	uint64_t dropped;

	f->server.on_message = note_order;
	start(f, HK_IPC_OVERFLOW_DROP_OLDEST);
	for (unsigned int i = 0; i < 5000; i++) {
		numbered(i);
		assert_int_equal(0, hk_ipc_send(f->dialed, text, LENGTH));
	}
	check_account(f->dialed, 5000);
	dropped = stats_of(f->dialed).messages_dropped;
	assert_true(dropped > 1000);
	hk_ipc_resume(f->server.ipc);
	AWAIT(f, f->server.messages == 5000 - dropped);
	settle(f);
	assert_int_equal(5000 - dropped, f->server.messages);
	assert_int_equal(5000, f->server.ends); /* the last one is there */
}

static void disconnecting_says_so(void **state)
{
	struct fixture *f = *state;
	unsigned int accepted = 0;
	int r;

	start(f, HK_IPC_OVERFLOW_DISCONNECT);
	accepted = fill(f->dialed, text, LENGTH, &r);
	assert_int_equal(-ENOBUFS, r);
	assert_int_equal(0, f->client.closes); /* later */
	assert_int_equal(-EPIPE, hk_ipc_send(f->dialed, text, LENGTH));
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(-ENOBUFS, f->client.reason);
	check_account(f->dialed, accepted);
}

static void a_stalled_peer_is_given_up(void **state)
{
	struct fixture *f = *state;

	f->client_opts.stall_timeout_ns = 20 * HKI_NS_PER_MS;
	start(f, HK_IPC_OVERFLOW_BLOCK);
	(void) fill(f->dialed, text, LENGTH, NULL);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(-ETIMEDOUT, f->client.reason);
}

static void a_large_message_passes_an_empty_queue(void **state)
{
	struct fixture *f = *state;
	static char large[2 * MARK];

	memset(large, '1', sizeof(large));
	start(f, HK_IPC_OVERFLOW_BLOCK);
	hk_ipc_resume(f->server.ipc);
	assert_int_equal(0, hk_ipc_send(f->dialed, large, sizeof(large)));
	AWAIT(f, f->server.messages == 1);
	assert_int_equal(sizeof(large), f->server.last_length);
}

static void a_payload_goes_to_many(void **state)
{
	struct fixture *f = *state;
	static char large[100000];
	hk_ipc_payload *payload = NULL;
	hk_ipc *others[20] = { NULL };

	memset(large, '1', sizeof(large));
	connect_both(f);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(
		    0, hk_ipc_dial(&others[i], f->loop, f->url, &f->client_opts, NULL));
	AWAIT(f, f->client.connects == 21 && f->server.connects == 21);
	assert_int_equal(0, hk_ipc_payload_new(&payload, large, sizeof(large)));
	for (hk_ipc *ipc = hk_ipc_server_next(f->listener, NULL); ipc != NULL;
	     ipc = hk_ipc_server_next(f->listener, ipc)) {
		send_text(ipc, "[0]");
		assert_int_equal(0, hk_ipc_send_payload(ipc, payload));
		send_text(ipc, "[2]");
	}
	hk_ipc_payload_free(payload);
	AWAIT(f, f->client.messages == 63);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(3, stats_of(others[i]).messages_received);
		hk_ipc_free(others[i]);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(blocking_refuses_and_tells_when_there_is_room),
		CASE(the_mark_counts_messages_too),
		CASE(the_newest_is_dropped_and_counted),
		CASE(the_oldest_is_dropped_and_counted),
		CASE(disconnecting_says_so),
		CASE(a_stalled_peer_is_given_up),
		CASE(a_large_message_passes_an_empty_queue),
		CASE(a_payload_goes_to_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
