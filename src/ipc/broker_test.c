#include "ipc/rpc_world_test.h"

#include <hostkit/ipc_broker.h>
#include <hostkit/ipc_pubsub.h>
#include "base/array.h"
#include "base/torture.h"
#include "loop/contract_test.h"

typedef struct world {
	rpc_world base;
	hk_ipc_broker *broker;
	hk_ipc_methods *methods; /* of services */
	hk_ipc_rpc *rpc[4];
} world;

/* What a subscription heard. */
typedef struct ear {
	hk_ipc_subscription *subscription;
	int ready; /* times the broker confirmed it */
	int status;
	int news;
	uint64_t seq;
	uint64_t missed;
	int unknown; /* gaps of unknown size */
	bool free_inside;
	char last[128];
	char subject[64];
	char refusal[128];
} ear;

static void on_news(
    hk_ipc_subscription *subscription, const hk_ipc_news *news, void *user)
{
	ear *one = user;
	hk_json_writer *writer;

	one->news++;
	assert_true(news->seq > one->seq);
	one->seq = news->seq;
	snprintf(one->subject, sizeof(one->subject), "%s", news->subject);
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	hk_json_write_value(writer, news->data);
	snprintf(one->last, sizeof(one->last), "%s", hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
	if (one->free_inside) {
		hk_ipc_subscription_free(subscription);
		one->subscription = NULL;
	}
}

static void on_gap(hk_ipc_subscription *subscription, uint64_t missed, void *user)
{
	ear *one = user;

	(void) subscription;
	if (missed == HK_IPC_MISSED_UNKNOWN) {
		one->unknown++;
		one->seq = 0;
	} else {
		one->missed += missed;
	}
}

static void on_status(
    hk_ipc_subscription *subscription, int status, const char *text, void *user)
{
	ear *one = user;

	(void) subscription;
	one->status = status;
	if (text != NULL)
		snprintf(one->refusal, sizeof(one->refusal), "%s", text);
	one->ready++;
}

static void open_broker(world *all, uint32_t slow)
{
	hk_ipc_broker_opts opts = HK_IPC_BROKER_OPTS_INIT;
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;

	connection.queue_max_bytes = 64 << 10;
	opts.connection = &connection;
	opts.slow = slow;
	assert_int_equal(0, hk_ipc_broker_listen(&all->broker, all->base.loop,
				all->base.url, &opts, NULL));
}

static hk_ipc_rpc *dial(world *all, bool reconnect)
{
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_rpc *rpc;

	connection.reconnect = reconnect;
	connection.reconnect_max_ns = 20 * HKI_NS_PER_MS;
	opts.connection = &connection;
	opts.methods = all->methods;
	assert_int_equal(
	    0, hk_ipc_rpc_dial(&rpc, all->base.loop, all->base.url, &opts, NULL));
	return rpc;
}

static void open_world(world *all, uint32_t slow)
{
	memset(all, 0, sizeof(*all));
	rpc_world_open(&all->base);
	assert_int_equal(0, hk_ipc_methods_new(&all->methods));
	open_broker(all, slow);
	for (size_t i = 0; i < HKI_COUNT(all->rpc); i++)
		all->rpc[i] = dial(all, false);
}

static void close_world(world *all)
{
	for (size_t i = 0; i < HKI_COUNT(all->rpc); i++)
		hk_ipc_rpc_free(all->rpc[i]);
	hk_ipc_broker_free(all->broker);
	rpc_world_turns(&all->base, 2);
	hk_ipc_methods_free(all->methods);
	rpc_world_close(&all->base);
}

static void listen_in(
    world *all, ear *one, hk_ipc_rpc *rpc, const char *pattern, const char *queue)
{
	hk_ipc_subscribe_opts opts = HK_IPC_SUBSCRIBE_OPTS_INIT;
	int ready = one->ready;

	opts.pattern = pattern;
	opts.queue = queue;
	opts.on_news = on_news;
	opts.on_gap = on_gap;
	opts.on_status = on_status;
	opts.user = one;
	assert_int_equal(0, hk_ipc_subscribe(&one->subscription, rpc, &opts));
	assert_int_equal(ready, one->ready);
	rpc_world_wait(&all->base, &one->ready);
}

/* Publish and wait until the broker has passed it on: how many it was for. */
typedef struct published {
	int done;
	int64_t subscribers;
	int status;
} published;

static void on_published(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	published *what = user;

	(void) call;
	what->done = 1;
	what->status = reply->status;
	if (reply->status == 0)
		assert_int_equal(0, hk_json_get_int64(&what->subscribers,
					hk_json_member(reply->result, "subscribers")));
}

static published publish(world *all, hk_ipc_rpc *rpc, const char *params)
{
	published what = { .done = 0 };

	assert_int_equal(0, hk_ipc_call_method(rpc, "pub", params, on_published, &what));
	rpc_world_wait(&all->base, &what.done);
	return what;
}

/* Everything that was sent before has been delivered. */
static void settle(world *all)
{
	for (size_t i = 0; i < HKI_COUNT(all->rpc); i++)
		if (all->rpc[i] != NULL && hk_ipc_rpc_connection(all->rpc[i]) != NULL)
			(void) publish(all, all->rpc[i], "{\"topic\":\"settle\"}");
}

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
	assert_int_equal(2000, last); /* the newest came through */
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

/* ---- services ---- */

typedef struct service {
	int number;
	int calls;
	int cancels;
	hk_ipc_request *kept;
	bool keep;
} service;

static service services[2];

static void on_cancel(hk_ipc_request *request, void *user)
{
	service *one = user;

	one->cancels++;
	one->kept = NULL;
	hk_ipc_request_free(request);
}

static void on_work(hk_ipc_request *request, const hk_json *params, void *user)
{
	service *one = user;
	char text[32];

	(void) params;
	one->calls++;
	if (one->keep) {
		one->kept = request;
		hk_ipc_request_on_cancel(request, on_cancel, one);
		return;
	}
	snprintf(text, sizeof(text), "%d", one->number);
	assert_int_equal(0, hk_ipc_request_reply(request, text));
}

typedef struct outcome {
	int calls;
	int status;
	int64_t code;
	char text[128];
} outcome;

static void on_outcome(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	outcome *got = user;

	(void) call;
	got->calls++;
	got->status = reply->status;
	got->code = reply->error_code;
	if (reply->error_text != NULL)
		snprintf(got->text, sizeof(got->text), "%s", reply->error_text);
}

/* Two services that offer "work", and who asks. */
typedef struct service_world {
	world all;
	hk_ipc_methods *methods[2];
} service_world;

static void open_services(service_world *working)
{
	world *all = &working->all;

	memset(working, 0, sizeof(*working));
	memset(services, 0, sizeof(services));
	rpc_world_open(&all->base);
	open_broker(all, 0);
	for (int i = 0; i < 2; i++) {
		outcome got = { .calls = 0 };

		services[i].number = i;
		assert_int_equal(0, hk_ipc_methods_new(&working->methods[i]));
		assert_int_equal(0, hk_ipc_methods_add(working->methods[i], "work",
					on_work, &services[i]));
		all->methods = working->methods[i];
		all->rpc[i] = dial(all, true);
		assert_int_equal(0, hk_ipc_offer(all->rpc[i], "work", on_outcome, &got));
		rpc_world_wait(&all->base, &got.calls);
		assert_int_equal(0, got.status);
	}
	all->methods = NULL;
	all->rpc[2] = dial(all, false);
}

static void close_services(service_world *working)
{
	close_world(&working->all);
	hk_ipc_methods_free(working->methods[0]);
	hk_ipc_methods_free(working->methods[1]);
}

static outcome ask(service_world *working, const char *method)
{
	outcome got = { .calls = 0 };

	assert_int_equal(
	    0, hk_ipc_call_method(working->all.rpc[2], method, "[]", on_outcome, &got));
	rpc_world_wait(&working->all.base, &got.calls);
	return got;
}

static void calls_are_shared_among_services(void **state)
{
	service_world working;
	outcome got;

	(void) state;
	open_services(&working);
	for (int i = 0; i < 10; i++)
		assert_int_equal(0, ask(&working, "work").status);
	assert_int_equal(5, services[0].calls);
	assert_int_equal(5, services[1].calls);
	got = ask(&working, "nobody.offers.this");
	assert_int_equal(-EREMOTEIO, got.status);
	assert_int_equal(HK_IPC_ERROR_METHOD, (int) got.code);
	got = ask(&working, "register");
	assert_int_equal(HK_IPC_ERROR_PARAMS, (int) got.code);
	assert_int_equal(-EEXIST, hk_ipc_offer(working.all.rpc[0], "work", NULL, NULL));
	close_services(&working);
}

static void the_idle_service_is_asked(void **state)
{
	outcome slow = { .calls = 0 };
	service_world working;
	int before;

	(void) state;
	open_services(&working);
	services[0].keep = true;
	services[1].keep = true;
	assert_int_equal(
	    0, hk_ipc_call_method(working.all.rpc[2], "work", "[]", on_outcome, &slow));
	while (services[0].calls + services[1].calls == 0)
		rpc_world_turns(&working.all.base, 1);
	services[services[0].calls == 0 ? 0 : 1].keep = false;
	before = services[0].kept != NULL ? 0 : 1;
	for (int i = 0; i < 5; i++)
		assert_int_equal(0, ask(&working, "work").status);
	assert_int_equal(1, services[before].calls);
	assert_int_equal(5, services[1 - before].calls);
	assert_int_equal(0, hk_ipc_request_reply(services[before].kept, "1"));
	rpc_world_wait(&working.all.base, &slow.calls);
	close_services(&working);
}

static void a_service_that_leaves_fails_its_calls(void **state)
{
	outcome got = { .calls = 0 };
	service_world working;

	(void) state;
	open_services(&working);
	services[0].keep = services[1].keep = true;
	assert_int_equal(
	    0, hk_ipc_call_method(working.all.rpc[2], "work", "[]", on_outcome, &got));
	while (services[0].calls + services[1].calls == 0)
		rpc_world_turns(&working.all.base, 1);
	for (int i = 0; i < 2; i++) {
		hk_ipc_rpc_free(working.all.rpc[i]);
		working.all.rpc[i] = NULL;
		hk_ipc_request_free(services[i].kept);
	}
	rpc_world_wait(&working.all.base, &got.calls);
	assert_int_equal(-EREMOTEIO, got.status);
	assert_int_equal(HK_IPC_ERROR_GONE, (int) got.code);
	got = ask(&working, "work");
	assert_int_equal(HK_IPC_ERROR_METHOD, (int) got.code);
	close_services(&working);
}

static void a_caller_that_gives_up_frees_the_service(void **state)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	outcome got = { .calls = 0 };
	service_world working;
	hk_ipc_call *call;

	(void) state;
	open_services(&working);
	services[0].keep = services[1].keep = true;
	opts.method = "work";
	opts.fn = on_outcome;
	opts.user = &got;
	assert_int_equal(0, hk_ipc_call_start(&call, working.all.rpc[2], &opts));
	while (services[0].calls + services[1].calls == 0)
		rpc_world_turns(&working.all.base, 1);
	hk_ipc_call_cancel(call);
	while (services[0].cancels + services[1].cancels == 0)
		rpc_world_turns(&working.all.base, 1);
	hk_ipc_call_free(call);
	/* The same when the caller is gone altogether. */
	assert_int_equal(0, hk_ipc_call_start(&call, working.all.rpc[2], &opts));
	while (services[0].calls + services[1].calls == 1)
		rpc_world_turns(&working.all.base, 1);
	hk_ipc_rpc_free(working.all.rpc[2]);
	working.all.rpc[2] = NULL;
	while (services[0].cancels + services[1].cancels == 1)
		rpc_world_turns(&working.all.base, 1);
	hk_ipc_call_free(call);
	close_services(&working);
}

static void what_the_caller_waits_goes_along(void **state)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	outcome got = { .calls = 0 };
	service_world working;
	service *asked;

	(void) state;
	open_services(&working);
	services[0].keep = services[1].keep = true;
	opts.method = "work";
	opts.fn = on_outcome;
	opts.user = &got;
	opts.timeout_ns = 80 * HKI_NS_PER_MS;
	assert_int_equal(0, hk_ipc_call_start(NULL, working.all.rpc[2], &opts));
	while (services[0].calls + services[1].calls == 0)
		rpc_world_turns(&working.all.base, 1);
	asked = services[0].kept != NULL ? &services[0] : &services[1];
	assert_true(hk_ipc_request_left_ns(asked->kept) <= 81 * HKI_NS_PER_MS);
	rpc_world_wait(&working.all.base, &got.calls);
	assert_true(got.status == -ETIMEDOUT ||
		    (got.status == -EREMOTEIO && got.code == HK_IPC_ERROR_TIMEOUT));
	while (services[0].cancels + services[1].cancels == 0)
		rpc_world_turns(&working.all.base, 1);
	close_services(&working);
}

static void services_come_back_with_their_connection(void **state)
{
	service_world working;
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };

	(void) state;
	open_services(&working);
	hk_ipc_broker_free(working.all.broker);
	rpc_world_turns(&working.all.base, 3);
	open_broker(&working.all, 0);
	do {
		rpc_world_turns(&working.all.base, 1);
		assert_int_equal(0, hk_ipc_broker_stats_read(working.all.broker, &stats));
	} while (stats.methods < 2);
	hk_ipc_rpc_free(working.all.rpc[2]);
	working.all.rpc[2] = dial(&working.all, false);
	assert_int_equal(0, ask(&working, "work").status);
	close_services(&working);
}

/* ---- a script as subscriber, publisher, service and spy ---- */

static void a_script_takes_part(void **state)
{
	char heard[4096];
	service_world working;
	world *all = &working.all;
	outcome got = { .calls = 0 };
	int spy;
	int fd;

	(void) state;
	open_services(&working);
	spy = rpc_world_stranger(&all->base);
	rpc_world_say(spy, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tap\"}\n");
	rpc_world_hear(&all->base, spy, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n", heard);

	fd = rpc_world_stranger(&all->base);
	rpc_world_say(fd,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"register\",\"params\":{"
	    "\"method\":\"shout\"}}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"sub\",\"params\":{"
	    "\"topic\":\"a.*\",\"sub\":7}}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"pub\",\"params\":{\"topic\":"
	    "\"a.b\",\"data\":[1]}}\n");
	rpc_world_hear(&all->base, fd, heard, sizeof(heard), 3);
	assert_string_equal(
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"sub\":7}}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"pub\",\"params\":{\"topic\":\"a.b\","
	    "\"data\":[1],\"sub\":7,\"seq\":1}}\n",
	    heard);

	assert_int_equal(
	    0, hk_ipc_call_method(all->rpc[2], "shout", "{\"x\":1}", on_outcome, &got));
	rpc_world_hear(&all->base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"method\":\"shout\",\"params\":{\"x\":1}"));
	assert_non_null(strstr(heard, "\"id\":1"));
	rpc_world_say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"X\"}\n");
	rpc_world_wait(&all->base, &got.calls);
	assert_int_equal(0, got.status);

	/* The spy saw a join, both registrations, news, the call and its result. */
	rpc_world_hear(&all->base, spy, heard, sizeof(heard), 6);
	print_message("# %s\n", heard);
	assert_non_null(strstr(heard, "\"kind\":\"join\""));
	assert_non_null(strstr(heard, "\"kind\":\"register\""));
	assert_non_null(strstr(heard, "\"kind\":\"sub\""));
	assert_non_null(strstr(heard, "\"kind\":\"pub\""));
	assert_non_null(strstr(heard, "\"kind\":\"call\""));
	assert_non_null(strstr(heard, "\"result\":\"X\""));
	close(spy);
	close(fd);
	close_services(&working);
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
		cmocka_unit_test(a_slow_subscriber_loses_the_newest_and_sees_the_gap),
		cmocka_unit_test(or_the_oldest),
		cmocka_unit_test(or_its_connection),
		cmocka_unit_test(subscriptions_come_back_before_what_was_published),
		cmocka_unit_test(a_conversation_that_ends_is_told_to_its_subscriptions),
		cmocka_unit_test(subscriptions_may_be_freed_anywhere),
		cmocka_unit_test(calls_are_shared_among_services),
		cmocka_unit_test(the_idle_service_is_asked),
		cmocka_unit_test(a_service_that_leaves_fails_its_calls),
		cmocka_unit_test(a_caller_that_gives_up_frees_the_service),
		cmocka_unit_test(what_the_caller_waits_goes_along),
		cmocka_unit_test(services_come_back_with_their_connection),
		cmocka_unit_test(a_script_takes_part),
		cmocka_unit_test(a_subscriber_that_has_said_its_last_word_still_hears),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
