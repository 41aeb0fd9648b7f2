#ifndef HKI_IPC_BROKER_WORLD_TEST_H
#define HKI_IPC_BROKER_WORLD_TEST_H

#include "ipc/rpc_world_test.h"

#include <hostkit/ipc_broker.h>
#include <hostkit/ipc_pubsub.h>
#include "base/array.h"

/* A broker, four conversations with it, and what subscriptions heard. */

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

static inline void on_news(
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

static inline void on_gap(hk_ipc_subscription *subscription, uint64_t missed, void *user)
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

static inline void on_status(
    hk_ipc_subscription *subscription, int status, const char *text, void *user)
{
	ear *one = user;

	(void) subscription;
	one->status = status;
	if (text != NULL)
		snprintf(one->refusal, sizeof(one->refusal), "%s", text);
	one->ready++;
}

static inline void open_broker(world *all, uint32_t slow)
{
	hk_ipc_broker_opts opts = HK_IPC_BROKER_OPTS_INIT;
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;

	connection.queue_max_bytes = 64 << 10;
	opts.connection = &connection;
	opts.slow = slow;
	assert_int_equal(0, hk_ipc_broker_listen(&all->broker, all->base.loop,
				all->base.url, &opts, NULL));
}

static inline hk_ipc_rpc *dial(world *all, bool reconnect)
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

static inline void open_world(world *all, uint32_t slow)
{
	memset(all, 0, sizeof(*all));
	rpc_world_open(&all->base);
	assert_int_equal(0, hk_ipc_methods_new(&all->methods));
	open_broker(all, slow);
	for (size_t i = 0; i < HKI_COUNT(all->rpc); i++)
		all->rpc[i] = dial(all, false);
}

static inline void close_world(world *all)
{
	for (size_t i = 0; i < HKI_COUNT(all->rpc); i++)
		hk_ipc_rpc_free(all->rpc[i]);
	hk_ipc_broker_free(all->broker);
	rpc_world_turns(&all->base, 2);
	hk_ipc_methods_free(all->methods);
	rpc_world_close(&all->base);
}

static inline void listen_in(
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

static inline void on_published(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	published *what = user;

	(void) call;
	what->done = 1;
	what->status = reply->status;
	if (reply->status == 0)
		assert_int_equal(0, hk_json_get_int64(&what->subscribers,
					hk_json_member(reply->result, "subscribers")));
}

static inline published publish(world *all, hk_ipc_rpc *rpc, const char *params)
{
	published what = { .done = 0 };

	assert_int_equal(0, hk_ipc_call_method(rpc, "pub", params, on_published, &what));
	rpc_world_wait(&all->base, &what.done);
	return what;
}

/* Everything that was sent before has been delivered. */
static inline void settle(world *all)
{
	for (size_t i = 0; i < HKI_COUNT(all->rpc); i++)
		if (all->rpc[i] != NULL && hk_ipc_rpc_connection(all->rpc[i]) != NULL)
			(void) publish(all, all->rpc[i], "{\"topic\":\"settle\"}");
}

#endif /* HKI_IPC_BROKER_WORLD_TEST_H */
