/*
 * A broker with many subscribers that do not read: what waits for all of them together
 * is bounded, and what they lose is counted.
 */
#include "ipc/broker_world_test.h"

enum {
	STRANGERS = 8,
	NEWS = 1000,
	NEWS_LENGTH = 2048,
	MARK = 64 * 1024,
	TOTAL = 256 * 1024
};

static hk_ipc_broker_stats broker_stats(const hk_ipc_broker *broker)
{
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };

	assert_int_equal(0, hk_ipc_broker_stats_read(broker, &stats));
	return stats;
}

/* Subscribers that do not read, and news for them. */
static void flood(world *all, uint32_t slow, int strangers[STRANGERS])
{
	static char news[NEWS_LENGTH];
	hk_ipc_broker_opts opts = HK_IPC_BROKER_OPTS_INIT;
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	char heard[256];

	memset(news, '1', sizeof(news) - 1);
	rpc_world_open(&all->base);
	connection.queue_max_bytes = MARK;
	connection.queue_total_max_bytes = TOTAL;
	opts.connection = &connection;
	opts.slow = slow;
	assert_int_equal(0, hk_ipc_broker_listen(&all->broker, all->base.loop,
				all->base.url, &opts, NULL));
	for (int i = 0; i < STRANGERS; i++) {
		strangers[i] = rpc_world_stranger(&all->base);
		rpc_world_say(strangers[i],
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sub\","
		    "\"params\":{\"topic\":\"flood\"}}\n");
		rpc_world_hear(&all->base, strangers[i], heard, sizeof(heard), 1);
	}
	for (int i = 0; i < NEWS; i++) {
		assert_true(hk_ipc_broker_publish(all->broker, "flood", news) >= 0);
		assert_in_range(broker_stats(all->broker).queued_bytes, 0,
		    TOTAL + STRANGERS * 2 * NEWS_LENGTH);
		if (i % 50 == 0)
			rpc_world_turns(&all->base, 1);
	}
}

static void ebb(world *all, int strangers[STRANGERS])
{
	for (int i = 0; i < STRANGERS; i++)
		(void) close(strangers[i]);
	hk_ipc_broker_free(all->broker);
	rpc_world_close(&all->base);
}

static void a_broker_drops_and_counts(uint32_t slow)
{
	hk_ipc_broker_stats stats;
	int strangers[STRANGERS];
	world all;

	flood(&all, slow, strangers);
	stats = broker_stats(all.broker);
	assert_true(stats.dropped > 0);
	assert_true(stats.total_overflows > 0);
	assert_int_equal(NEWS * STRANGERS, stats.delivered + stats.dropped);
	ebb(&all, strangers);
}

static void a_broker_keeps_to_the_total_and_drops_the_newest(void **state)
{
	(void) state;
	a_broker_drops_and_counts(HK_IPC_SLOW_DROP_NEWEST);
}

static void or_the_oldest(void **state)
{
	(void) state;
	a_broker_drops_and_counts(HK_IPC_SLOW_DROP_OLDEST);
}

static void or_ends_connections(void **state)
{
	hk_ipc_broker_stats stats;
	int strangers[STRANGERS];
	world all;

	(void) state;
	flood(&all, HK_IPC_SLOW_DISCONNECT, strangers);
	stats = broker_stats(all.broker);
	assert_true(stats.disconnected > 0);
	assert_true(stats.total_overflows > 0);
	ebb(&all, strangers);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broker_keeps_to_the_total_and_drops_the_newest),
		cmocka_unit_test(or_the_oldest),
		cmocka_unit_test(or_ends_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
