#include "ipc/broker_world_test.h"

/* ---- slow subscribers ---- */

typedef struct slow_world {
	world all;
	int stranger;
	int published;
} slow_world;

static char large_text[2048];

/* A subscriber that does not read, while thousands of 2 KiB are published. */
static void flood(slow_world *flooded, uint32_t slow)
{
	char heard[256];
	world *all = &flooded->all;

	open_world(all, slow);
	memset(large_text, '1', sizeof(large_text) - 1);
	flooded->stranger = rpc_world_stranger(&all->base);
	rpc_world_say(flooded->stranger,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sub\","
	    "\"params\":{\"topic\":\"flood\"}}\n");
	rpc_world_hear(&all->base, flooded->stranger, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "{\"sub\":1}"));
	for (flooded->published = 0; flooded->published < 2000; flooded->published++) {
		assert_int_equal(
		    1, hk_ipc_broker_publish(all->broker, "flood", large_text) >= 0);
		if (flooded->published % 50 == 0)
			rpc_world_turns(&all->base, 1);
	}
}

/* The numbers of what a stranger hears until there is no more. */
static void hear_numbers(
    slow_world *flooded, uint64_t *out_count, uint64_t *out_first_gap, uint64_t *out_last)
{
	static char bytes[1 << 20];
	size_t length = 0;
	uint64_t previous = 0;

	*out_count = 0;
	*out_first_gap = 0;
	for (int quiet = 0; quiet < 30; quiet++) {
		ssize_t got = recv(flooded->stranger, bytes + length,
		    sizeof(bytes) - 1 - length, MSG_DONTWAIT);
		char *line = bytes;
		char *end;

		rpc_world_turns(&flooded->all.base, 1);
		if (got <= 0)
			continue;
		quiet = 0;
		length += (size_t) got;
		bytes[length] = '\0';
		while ((end = strchr(line, '\n')) != NULL) {
			char *number = strstr(line, "\"seq\":");
			uint64_t seq;

			assert_non_null(number);
			seq = strtoull(number + 6, NULL, 10);
			assert_true(seq > previous);
			if (seq != previous + 1 && *out_first_gap == 0)
				*out_first_gap = previous + 1;
			previous = seq;
			(*out_count)++;
			line = end + 1;
		}
		length -= (size_t) (line - bytes);
		memmove(bytes, line, length);
	}
	*out_last = previous;
}

static void a_slow_subscriber_loses_the_newest_and_sees_the_gap(void **state)
{
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };
	static slow_world flooded;
	uint64_t count;
	uint64_t gap;
	uint64_t last;

	(void) state;
	memset(&flooded, 0, sizeof(flooded));
	flood(&flooded, HK_IPC_SLOW_DROP_NEWEST);
	hear_numbers(&flooded, &count, &gap, &last);
	assert_int_equal(0, hk_ipc_broker_stats_read(flooded.all.broker, &stats));
	print_message("# %llu of 2000 heard, %llu dropped\n", (unsigned long long) count,
	    (unsigned long long) stats.dropped);
	assert_true(stats.dropped > 0);
	assert_int_equal(2000, count + stats.dropped);
	assert_int_equal(stats.delivered, count);
	/* What comes next carries the next number, so the gap shows. */
	assert_int_equal(
	    1, hk_ipc_broker_publish(flooded.all.broker, "flood", "\"next\""));
	hear_numbers(&flooded, &count, &gap, &last);
	assert_int_equal(2001, last);
	close(flooded.stranger);
	close_world(&flooded.all);
}

static void or_the_oldest(void **state)
{
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };
	static slow_world flooded;
	uint64_t count;
	uint64_t gap;
	uint64_t last;

	(void) state;
	memset(&flooded, 0, sizeof(flooded));
	flood(&flooded, HK_IPC_SLOW_DROP_OLDEST);
	hear_numbers(&flooded, &count, &gap, &last);
	assert_int_equal(0, hk_ipc_broker_stats_read(flooded.all.broker, &stats));
	assert_true(stats.dropped > 0);
	assert_int_equal(2000, count + stats.dropped);
	assert_int_equal(stats.delivered, count); /* what was given up is no delivery */
	assert_int_equal(2000, last);             /* the newest came through */
	assert_true(gap > 0);
	close(flooded.stranger);
	close_world(&flooded.all);
}

static bool somebody_was_cut_off(const void *what)
{
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };

	assert_int_equal(0, hk_ipc_broker_stats_read(what, &stats));
	return stats.disconnected == 1 && stats.subscriptions == 0;
}

static void or_its_connection(void **state)
{
	static slow_world flooded;

	(void) state;
	memset(&flooded, 0, sizeof(flooded));
	flood(&flooded, HK_IPC_SLOW_DISCONNECT);
	rpc_world_until(&flooded.all.base, somebody_was_cut_off, flooded.all.broker);
	settle(&flooded.all); /* the others are well */
	close(flooded.stranger);
	close_world(&flooded.all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_subscriber_loses_the_newest_and_sees_the_gap),
		cmocka_unit_test(or_the_oldest),
		cmocka_unit_test(or_its_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
