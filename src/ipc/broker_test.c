#include "ipc/broker_world_test.h"

#include "base/torture.h"

static void news_reaches_whoever_asked_for_it(void **state)
{
	ear load = { .ready = 0 };
	ear all_of_cpu = { .ready = 0 };
	ear other = { .ready = 0 };
	world all;

	(void) state;
	open_world(&all, 0);
	listen_in(&all, &load, all.rpc[0], "cpu.*.load", NULL);
	listen_in(&all, &all_of_cpu, all.rpc[1], "cpu.>", NULL);
	listen_in(&all, &other, all.rpc[1], "disk.>", NULL);
	assert_string_equal("cpu.*.load", hk_ipc_subscription_pattern(load.subscription));
	assert_int_equal(
	    0, hk_ipc_publish(all.rpc[2], "cpu.0.load", "{\"value\":\n 0.5}"));
	assert_int_equal(0, hk_ipc_publish(all.rpc[2], "cpu.0.temperature", NULL));
	settle(&all);
	assert_int_equal(1, load.news);
	assert_string_equal("{\"value\":0.5}", load.last);
	assert_string_equal("cpu.0.load", load.subject);
	assert_int_equal(2, all_of_cpu.news);
	assert_string_equal("null", all_of_cpu.last);
	assert_int_equal(0, other.news);
	assert_int_equal(-EINVAL, hk_ipc_publish(all.rpc[2], "cpu.*", "1"));
	assert_int_equal(
	    2, publish(&all, all.rpc[3], "{\"topic\":\"cpu.1.load\",\"data\":1}")
		   .subscribers);
	assert_int_equal(
	    -EREMOTEIO, publish(&all, all.rpc[3], "{\"topic\":\"a..b\"}").status);
	/* From inside the program of the broker too. */
	assert_int_equal(1, hk_ipc_broker_publish(all.broker, "disk.sda", "[1]"));
	settle(&all);
	assert_string_equal("[1]", other.last);
	hk_ipc_subscription_free(load.subscription);
	hk_ipc_subscription_free(all_of_cpu.subscription);
	hk_ipc_subscription_free(other.subscription);
	close_world(&all);
}

static void one_connection_may_hear_the_same_twice(void **state)
{
	ear first = { .ready = 0 };
	ear second = { .ready = 0 };
	world all;

	(void) state;
	open_world(&all, 0);
	listen_in(&all, &first, all.rpc[0], "a.b", NULL);
	listen_in(&all, &second, all.rpc[0], "a.*", NULL);
	assert_int_equal(2, publish(&all, all.rpc[0], "{\"topic\":\"a.b\"}").subscribers);
	settle(&all);
	assert_int_equal(1, first.news);
	assert_int_equal(1, second.news);
	hk_ipc_subscription_free(first.subscription);
	assert_int_equal(1, publish(&all, all.rpc[0], "{\"topic\":\"a.b\"}").subscribers);
	settle(&all);
	assert_int_equal(1, first.news);
	assert_int_equal(2, second.news);
	hk_ipc_subscription_free(second.subscription);
	close_world(&all);
}

static void order_is_kept(void **state)
{
	hk_ipc_subscription_stats stats = { .size = sizeof(stats) };
	ear one = { .ready = 0 };
	char text[32];
	world all;

	(void) state;
	open_world(&all, 0);
	listen_in(&all, &one, all.rpc[0], "n", NULL);
	for (int i = 1; i <= 5000; i++) {
		int r;

		snprintf(text, sizeof(text), "%d", i);
		while ((r = hk_ipc_publish(all.rpc[1], "n", text)) == -EAGAIN)
			rpc_world_turns(&all.base, 1);
		assert_int_equal(0, r);
		if (i % 100 == 0)
			rpc_world_turns(&all.base, 2);
	}
	settle(&all);
	assert_int_equal(5000, one.news);
	assert_string_equal("5000", one.last);
	assert_int_equal(5000, (int) one.seq);
	assert_int_equal(0, hk_ipc_subscription_stats_read(one.subscription, &stats));
	assert_int_equal(5000, stats.received);
	assert_int_equal(0, stats.missed);
	hk_ipc_subscription_free(one.subscription);
	close_world(&all);
}

static void a_queue_shares_the_work(void **state)
{
	ear workers[3] = { { .ready = 0 } };
	ear witness = { .ready = 0 };
	world all;

	(void) state;
	open_world(&all, 0);
	for (int i = 0; i < 3; i++)
		listen_in(&all, &workers[i], all.rpc[i], i == 2 ? "jobs.>" : "jobs.*",
		    "workers");
	listen_in(&all, &witness, all.rpc[3], ">", NULL);
	for (int i = 0; i < 300; i++)
		assert_int_equal(
		    2, publish(&all, all.rpc[3], "{\"topic\":\"jobs.new\"}").subscribers);
	settle(&all);
	for (int i = 0; i < 3; i++)
		assert_int_equal(100, workers[i].news);
	assert_true(witness.news >= 300);
	/* Whoever leaves gets no more; the others share all of it. */
	hk_ipc_subscription_free(workers[0].subscription);
	for (int i = 0; i < 10; i++)
		(void) publish(&all, all.rpc[3], "{\"topic\":\"jobs.new\"}");
	settle(&all);
	assert_int_equal(100, workers[0].news);
	assert_int_equal(105, workers[1].news);
	assert_int_equal(105, workers[2].news);
	hk_ipc_subscription_free(workers[1].subscription);
	hk_ipc_subscription_free(workers[2].subscription);
	hk_ipc_subscription_free(witness.subscription);
	close_world(&all);
}

static void a_refusal_says_why(void **state)
{
	hk_ipc_subscribe_opts opts = HK_IPC_SUBSCRIBE_OPTS_INIT;
	hk_ipc_subscription *none = NULL;
	ear ears[3] = { { .ready = 0 } };
	hk_ipc_broker_opts limits = HK_IPC_BROKER_OPTS_INIT;
	world all;

	(void) state;
	memset(&all, 0, sizeof(all));
	rpc_world_open(&all.base);
	limits.subscriptions_max = 2;
	assert_int_equal(0, hk_ipc_broker_listen(
				&all.broker, all.base.loop, all.base.url, &limits, NULL));
	all.rpc[0] = dial(&all, false);
	opts.pattern = "a.>.b";
	opts.on_news = on_news;
	assert_int_equal(-EINVAL, hk_ipc_subscribe(&none, all.rpc[0], &opts));
	opts.pattern = "a";
	opts.queue = "two.tokens";
	assert_int_equal(-EINVAL, hk_ipc_subscribe(&none, all.rpc[0], &opts));
	assert_null(none);
	for (int i = 0; i < 3; i++)
		listen_in(&all, &ears[i], all.rpc[0], "x.*", NULL);
	assert_int_equal(0, ears[1].status);
	assert_int_equal(-EREMOTEIO, ears[2].status);
	assert_string_equal(
	    "this connection has too many subscriptions", ears[2].refusal);
	for (int i = 0; i < 3; i++)
		hk_ipc_subscription_free(ears[i].subscription);
	close_world(&all);
}

static void who_is_no_broker_refuses_too(void **state)
{
	hk_ipc_rpc_server *server;
	ear one = { .ready = 0 };
	world all;

	(void) state;
	memset(&all, 0, sizeof(all));
	rpc_world_open(&all.base);
	assert_int_equal(
	    0, hk_ipc_rpc_listen(&server, all.base.loop, all.base.url, NULL, NULL));
	all.rpc[0] = dial(&all, false);
	listen_in(&all, &one, all.rpc[0], "a", NULL);
	assert_int_equal(-EREMOTEIO, one.status);
	assert_string_equal("there is no such method", one.refusal);
	hk_ipc_subscription_free(one.subscription);
	hk_ipc_rpc_free(all.rpc[0]);
	all.rpc[0] = NULL;
	hk_ipc_rpc_server_free(server);
	close_world(&all);
}

/* ---- a connection that comes back ---- */

static void subscriptions_come_back_before_what_was_published(void **state)
{
	ear one = { .ready = 0 };
	world all;

	(void) state;
	memset(&all, 0, sizeof(all));
	rpc_world_open(&all.base);
	assert_int_equal(0, hk_ipc_methods_new(&all.methods));
	open_broker(&all, 0);
	all.rpc[0] = dial(&all, true);
	listen_in(&all, &one, all.rpc[0], "self.>", NULL);
	hk_ipc_broker_free(all.broker);
	all.broker = NULL;
	rpc_world_turns(&all.base, 5);
	/* Published to nobody, by somebody who listens: it waits, and is heard. */
	assert_int_equal(0, hk_ipc_publish(all.rpc[0], "self.a", "1"));
	assert_int_equal(0, hk_ipc_publish(all.rpc[0], "self.b", "2"));
	assert_int_equal(0, one.news);
	one.ready = 0;
	open_broker(&all, 0);
	rpc_world_wait(&all.base, &one.ready);
	settle(&all);
	assert_int_equal(1, one.unknown);
	assert_int_equal(2, one.news);
	assert_string_equal("2", one.last);
	hk_ipc_subscription_free(one.subscription);
	close_world(&all);
}

static void on_never(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	(void) call;
	assert_int_equal(-ECONNRESET, reply->status);
	(*(int *) user)++;
}

/* Published, and called, while the connection stood, but not yet given to the kernel. */
static void what_a_lost_connection_did_not_get_follows_the_subscriptions(void **state)
{
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };
	ear one = { .ready = 0 };
	int ended = 0;
	world all;

	(void) state;
	memset(&all, 0, sizeof(all));
	rpc_world_open(&all.base);
	assert_int_equal(0, hk_ipc_methods_new(&all.methods));
	open_broker(&all, 0);
	all.rpc[0] = dial(&all, true);
	listen_in(&all, &one, all.rpc[0], "self.>", NULL);
	hk_ipc_broker_free(all.broker);
	/* In the same turn: nobody knows yet that the other end is gone. */
	assert_int_equal(0, hk_ipc_publish(all.rpc[0], "self.a", "1"));
	assert_int_equal(0,
	    hk_ipc_call_method(all.rpc[0], "nobody.does.this", NULL, on_never, &ended));
	assert_int_equal(0, hk_ipc_publish(all.rpc[0], "self.b", "2"));
	one.ready = 0;
	open_broker(&all, 0);
	rpc_world_wait(&all.base, &one.ready);
	settle(&all);
	assert_int_equal(1, ended);
	assert_int_equal(2, one.news);
	assert_string_equal("2", one.last);
	/* The call that had ended was not carried out after all. */
	assert_int_equal(0, hk_ipc_broker_stats_read(all.broker, &stats));
	assert_int_equal(0, stats.calls_unknown);
	hk_ipc_subscription_free(one.subscription);
	close_world(&all);
}

static void a_conversation_that_ends_is_told_to_its_subscriptions(void **state)
{
	ear one = { .ready = 0 };
	world all;

	(void) state;
	open_world(&all, 0);
	listen_in(&all, &one, all.rpc[0], "a", NULL);
	one.ready = 0;
	hk_ipc_broker_free(all.broker);
	all.broker = NULL;
	rpc_world_wait(&all.base, &one.ready);
	assert_int_equal(-ECONNRESET, one.status);
	hk_ipc_subscription_free(one.subscription);
	close_world(&all);
}

static void subscriptions_may_be_freed_anywhere(void **state)
{
	ear inside = { .free_inside = true };
	ear after = { .ready = 0 };
	world all;

	(void) state;
	open_world(&all, 0);
	listen_in(&all, &inside, all.rpc[0], "a", NULL);
	listen_in(&all, &after, all.rpc[0], "a", NULL);
	(void) publish(&all, all.rpc[1], "{\"topic\":\"a\"}");
	(void) publish(&all, all.rpc[1], "{\"topic\":\"a\"}");
	settle(&all);
	assert_int_equal(1, inside.news);
	assert_int_equal(2, after.news);
	hk_ipc_rpc_free(all.rpc[0]);
	all.rpc[0] = NULL;
	hk_ipc_subscription_free(after.subscription);
	close_world(&all);
}

static bool nobody_is_there(const void *what)
{
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };

	assert_int_equal(0, hk_ipc_broker_stats_read(what, &stats));
	return stats.connections == 0 && stats.subscriptions == 0 && stats.methods == 0;
}

static void a_subscriber_that_has_said_its_last_word_still_hears(void **state)
{
	char heard[1024];
	world all;
	int fd;

	(void) state;
	open_world(&all, 0);
	fd = rpc_world_stranger(&all.base);
	rpc_world_say(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"sub\",\"params\":{"
			  "\"topic\":\"a\"}}\n");
	shutdown(fd, SHUT_WR);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	rpc_world_turns(&all.base, 5);
	assert_int_equal(1, hk_ipc_broker_publish(all.broker, "a", "1"));
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"data\":1"));
	/* And once it is gone, nothing of it is left. */
	close(fd);
	for (int i = 0; i < 4; i++) {
		hk_ipc_rpc_free(all.rpc[i]);
		all.rpc[i] = NULL;
	}
	(void) hk_ipc_broker_publish(all.broker, "a", "2");
	rpc_world_until(&all.base, nobody_is_there, all.broker);
	close_world(&all);
}

/* ---- allocation ---- */

static void on_plain(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	(void) call;
	*(int *) user = reply->status == 0 ? 1 : reply->status;
}

static void on_plain_news(
    hk_ipc_subscription *subscription, const hk_ipc_news *news, void *user)
{
	(void) subscription;
	(void) news;
	(*(int *) user)++;
}

static int subscribe_and_hear(void *user)
{
	world *all = user;
	hk_ipc_subscribe_opts opts = HK_IPC_SUBSCRIBE_OPTS_INIT;
	hk_ipc_subscription *subscription = NULL;
	hk_ipc_broker *broker = NULL;
	hk_ipc_rpc *rpc = NULL;
	hk_loop *loop = NULL;
	int offered = 0;
	int heard = 0;
	int r;

	opts.pattern = "a.*";
	opts.queue = "q";
	opts.on_news = on_plain_news;
	opts.user = &heard;
	if ((r = hk_loop_new(&loop)) == 0 &&
	    (r = hk_ipc_broker_listen(&broker, loop, all->base.url, NULL, NULL)) == 0 &&
	    (r = hk_ipc_rpc_dial(&rpc, loop, all->base.url, NULL, NULL)) == 0 &&
	    (r = hk_ipc_subscribe(&subscription, rpc, &opts)) == 0 &&
	    (r = hk_ipc_offer(rpc, "m", on_plain, &offered)) == 0)
		r = hk_ipc_publish(rpc, "a.b", "1");
	for (int i = 0; i < 20 && r == 0 && heard + offered < 2; i++)
		r = hk_loop_run_once(loop, 5) < 0 ? -EIO : 0;
	if (r == 0 && (heard == 0 || offered != 1))
		r = -ETIME;
	hk_ipc_subscription_free(subscription);
	hk_ipc_rpc_free(rpc);
	hk_ipc_broker_free(broker);
	hk_loop_free(loop);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	world all;

	(void) state;
	memset(&all, 0, sizeof(all));
	rpc_world_open(&all.base);
	assert_true(hki_torture(subscribe_and_hear, &all) > 30);
	rpc_world_close(&all.base);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(news_reaches_whoever_asked_for_it),
		cmocka_unit_test(one_connection_may_hear_the_same_twice),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(a_queue_shares_the_work),
		cmocka_unit_test(a_refusal_says_why),
		cmocka_unit_test(who_is_no_broker_refuses_too),
		cmocka_unit_test(subscriptions_come_back_before_what_was_published),
		cmocka_unit_test(
		    what_a_lost_connection_did_not_get_follows_the_subscriptions),
		cmocka_unit_test(a_conversation_that_ends_is_told_to_its_subscriptions),
		cmocka_unit_test(subscriptions_may_be_freed_anywhere),
		cmocka_unit_test(a_subscriber_that_has_said_its_last_word_still_hears),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
