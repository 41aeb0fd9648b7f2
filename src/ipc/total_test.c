/*
 * Many peers that do not read: what waits for all of them together is bounded, those
 * with the most waiting pay, and whoever reads is served.
 */
#include "ipc/fixture.h"

enum {
	PEERS = 12,
	LENGTH = 1000,
	FRAMED = LENGTH + 4,
	MARK = 64 * 1024,
	TOTAL = 256 * 1024
};

static char text[LENGTH];

/* A server and PEERS that stand; none of them reads. */
struct crowd {
	struct fixture *f;
	hk_ipc *dialed[PEERS];
	hk_ipc *accepted[PEERS];
};

static void note_accepted(struct side *side, hk_ipc *ipc)
{
	(void) side;
	hk_ipc_pause(ipc);
}

static void gather(struct crowd *crowd, struct fixture *f, uint32_t overflow)
{
	crowd->f = f;
	memset(text, 'x', sizeof(text));
	f->server_opts.overflow = overflow;
	f->server_opts.framing = HK_IPC_FRAMING_LENGTH;
	f->server_opts.queue_max_bytes = MARK;
	f->server_opts.queue_total_max_bytes = TOTAL;
	f->client.on_connect = note_accepted;
	listen_at(f, f->url);
	for (unsigned int i = 0; i < PEERS; i++) {
		assert_int_equal(0, hk_ipc_dial(&crowd->dialed[i], f->loop, f->url,
					&f->client_opts, NULL));
		AWAIT(f, f->server.connects == i + 1 && f->client.connects == i + 1);
		crowd->accepted[i] = f->server.ipc;
	}
}

static void dismiss(struct crowd *crowd)
{
	for (unsigned int i = 0; i < PEERS; i++)
		hk_ipc_free(crowd->dialed[i]);
}

/* The total is what the queues say, and within its limit but for a message each. */
static void check_total(const struct crowd *crowd)
{
	hk_ipc_server_stats stats = server_stats(crowd->f);
	uint64_t sum = 0;

	for (hk_ipc *ipc = hk_ipc_server_next(crowd->f->listener, NULL); ipc != NULL;
	     ipc = hk_ipc_server_next(crowd->f->listener, ipc))
		sum += hk_ipc_queued_bytes(ipc);
	assert_int_equal(sum, stats.queued_bytes);
	assert_in_range(stats.queued_bytes, 0, TOTAL + PEERS * FRAMED);
}

static void check_account(const hk_ipc *ipc)
{
	hk_ipc_stats stats = stats_of(ipc);

	assert_int_equal(stats.messages_sent,
	    stats.messages_written + stats.messages_dropped + stats.messages_queued);
}

static void the_queues_of_all_stay_within_the_total(void **state)
{
	struct crowd crowd = { .f = NULL };
	unsigned int refused = 0;

	gather(&crowd, *state, HK_IPC_OVERFLOW_BLOCK);
	for (unsigned int i = 0; i < PEERS; i++) {
		int r;

		while ((r = hk_ipc_send(crowd.accepted[i], text, LENGTH)) == 0)
			check_total(&crowd);
		assert_int_equal(-EAGAIN, r);
		refused++;
		check_account(crowd.accepted[i]);
	}
	/* Twelve marks of 64 KiB would have been three times as much. */
	assert_int_equal(PEERS, refused);
	assert_true(server_stats(crowd.f).queued_bytes > TOTAL / 2);
	assert_in_range(server_stats(crowd.f).total_overflows, 1, PEERS);
	dismiss(&crowd);
	AWAIT_COUNT(crowd.f, 0, server_stats(crowd.f).connections);
	assert_int_equal(0, server_stats(crowd.f).queued_bytes);
}

static void whoever_reads_is_served_while_the_total_is_spent(void **state)
{
	struct crowd crowd = { .f = NULL };
	struct fixture *f = *state;

	gather(&crowd, f, HK_IPC_OVERFLOW_BLOCK);
	for (unsigned int i = 1; i < PEERS; i++)
		(void) fill(crowd.accepted[i], text, LENGTH, NULL);
	hk_ipc_resume(crowd.dialed[0]);
	for (unsigned int i = 0; i < 500; i++) {
		assert_int_equal(0, hk_ipc_send(crowd.accepted[0], text, LENGTH));
		AWAIT_COUNT(f, i + 1, stats_of(crowd.dialed[0]).messages_received);
		check_total(&crowd);
	}
	dismiss(&crowd);
}

static void room_is_told_once_others_have_read(void **state)
{
	struct crowd crowd = { .f = NULL };
	struct fixture *f = *state;
	unsigned int accepted = 0;

	gather(&crowd, f, HK_IPC_OVERFLOW_BLOCK);
	for (unsigned int i = 0; i < PEERS; i++)
		accepted += fill(crowd.accepted[i], text, LENGTH, NULL);
	assert_int_equal(0, f->server.drains);
	for (unsigned int i = 0; i < PEERS; i++)
		hk_ipc_resume(crowd.dialed[i]);
	AWAIT(f, f->server.drains == PEERS && f->client.messages == accepted);
	check_total(&crowd);
	dismiss(&crowd);
}

static void drops_for_the_total_are_counted(struct fixture *f, uint32_t overflow)
{
	struct crowd crowd = { .f = NULL };
	uint64_t dropped = 0;

	gather(&crowd, f, overflow);
	for (unsigned int i = 0; i < PEERS; i++) {
		/* More than the kernel holds and half the mark: only the total is in the way. */
		for (unsigned int sent = 0; sent < 2000; sent++) {
			assert_true(hk_ipc_send(crowd.accepted[i], text, LENGTH) >= 0);
			check_total(&crowd);
		}
		check_account(crowd.accepted[i]);
		dropped += stats_of(crowd.accepted[i]).messages_dropped;
	}
	assert_true(dropped > 0);
	assert_in_range(server_stats(f).total_overflows, 1, dropped);
	for (unsigned int i = 0; i < PEERS; i++)
		hk_ipc_resume(crowd.dialed[i]);
	AWAIT(f, f->client.messages == 2000 * PEERS - dropped);
	settle(f);
	assert_int_equal(2000 * PEERS - dropped, f->client.messages);
	dismiss(&crowd);
}

static void the_oldest_give_way_to_the_total(void **state)
{
	drops_for_the_total_are_counted(*state, HK_IPC_OVERFLOW_DROP_OLDEST);
}

static void the_newest_give_way_to_the_total(void **state)
{
	drops_for_the_total_are_counted(*state, HK_IPC_OVERFLOW_DROP_NEWEST);
}

static void those_with_the_most_waiting_are_cut_off(void **state)
{
	struct crowd crowd = { .f = NULL };
	struct fixture *f = *state;
	unsigned int cut = 0;

	gather(&crowd, f, HK_IPC_OVERFLOW_DISCONNECT);
	assert_int_equal(0, hk_ipc_send(crowd.accepted[0], text, LENGTH));
	for (unsigned int i = 1; i < PEERS; i++)
		for (unsigned int sent = 0; sent < 2000 && crowd.accepted[i] != NULL;
		     sent++)
			if (hk_ipc_send(crowd.accepted[i], text, LENGTH) == -ENOBUFS) {
				crowd.accepted[i] = NULL;
				cut++;
			}
	assert_int_equal(PEERS - 1, cut);
	AWAIT_COUNT(f, cut, server_stats(f).failed);
	check_total(&crowd);
	hk_ipc_resume(crowd.dialed[0]); /* who has little waiting is left alone */
	AWAIT_COUNT(f, 1, stats_of(crowd.dialed[0]).messages_received);
	dismiss(&crowd);
}

static void a_burst_that_peers_read_is_no_overflow(void **state)
{
	struct crowd crowd = { .f = NULL };
	struct fixture *f = *state;

	/* What has only been gathered in this turn is the kernel's before it counts. */
	gather(&crowd, f, HK_IPC_OVERFLOW_DISCONNECT);
	for (unsigned int i = 0; i < PEERS; i++)
		hk_ipc_resume(crowd.dialed[i]);
	for (unsigned int i = 0; i < PEERS; i++)
		for (unsigned int sent = 0; sent < 40; sent++)
			assert_int_equal(0, hk_ipc_send(crowd.accepted[i], text, LENGTH));
	AWAIT(f, f->client.messages == 40 * PEERS);
	assert_int_equal(0, server_stats(f).total_overflows);
	dismiss(&crowd);
}

static void older_callers_get_the_figures_they_know(void **state)
{
	struct fixture *f = *state;
	hk_ipc_server_stats stats = { .total_overflows = 77 };

	connect_both(f);
	stats.size = offsetof(hk_ipc_server_stats, queued_bytes);
	assert_int_equal(0, hk_ipc_server_stats_read(f->listener, &stats));
	assert_int_equal(1, stats.accepted);
	assert_int_equal(77, stats.total_overflows);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_queues_of_all_stay_within_the_total),
		CASE(whoever_reads_is_served_while_the_total_is_spent),
		CASE(room_is_told_once_others_have_read),
		CASE(the_oldest_give_way_to_the_total),
		CASE(the_newest_give_way_to_the_total),
		CASE(those_with_the_most_waiting_are_cut_off),
		CASE(a_burst_that_peers_read_is_no_overflow),
		CASE(older_callers_get_the_figures_they_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
