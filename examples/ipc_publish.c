/*
 * Publish and subscribe through a broker.  Publisher and subscriber know the broker
 * and a name, and nothing of each other.
 */
#include <stdio.h>
#include <hostkit/error.h>
#include <hostkit/ipc_broker.h>
#include <hostkit/ipc_pubsub.h>

typedef struct world {
	hk_loop *loop;
	hk_ipc_rpc *publisher;
	int heard;
} world;

static void on_news(
    hk_ipc_subscription *subscription, const hk_ipc_news *news, void *user)
{
	world *all = user;
	double load;

	(void) subscription;
	if (hk_json_get_double(&load, hk_json_member(news->data, "load")) == 0)
		printf("%s: %g\n", news->subject, load);
	if (++all->heard == 2)
		hk_loop_stop(all->loop, 0);
}

/* The broker has the subscription: what is published from now on is heard. */
static void on_status(
    hk_ipc_subscription *subscription, int status, const char *text, void *user)
{
	world *all = user;

	(void) text;
	printf("listening to %s\n", hk_ipc_subscription_pattern(subscription));
	if (status < 0 ||
	    hk_ipc_publish(all->publisher, "cpu.0.load", "{\"load\": 0.5}") < 0 ||
	    hk_ipc_publish(all->publisher, "cpu.0.heat", "{\"load\": 60}") < 0 ||
	    hk_ipc_publish(all->publisher, "cpu.1.load", "{\"load\": 0.25}") < 0)
		hk_loop_stop(all->loop, 1);
}

static int work(world *all, const char *url)
{
	hk_ipc_subscribe_opts opts = HK_IPC_SUBSCRIBE_OPTS_INIT;
	hk_ipc_subscription *subscription = NULL;
	hk_ipc_broker *broker = NULL;
	hk_ipc_rpc *subscriber = NULL;
	int r;

	opts.pattern = "cpu.*.load";
	opts.on_news = on_news;
	opts.on_status = on_status;
	opts.user = all;
	if ((r = hk_ipc_broker_listen(&broker, all->loop, url, NULL, NULL)) == 0 &&
	    (r = hk_ipc_rpc_dial(&all->publisher, all->loop, url, NULL, NULL)) == 0 &&
	    (r = hk_ipc_rpc_dial(&subscriber, all->loop, url, NULL, NULL)) == 0 &&
	    (r = hk_ipc_subscribe(&subscription, subscriber, &opts)) == 0)
		r = hk_loop_run(all->loop);
	hk_ipc_subscription_free(subscription);
	hk_ipc_rpc_free(subscriber);
	hk_ipc_rpc_free(all->publisher);
	hk_ipc_broker_free(broker);
	return r;
}

int main(void)
{
	world all = { .heard = 0 };
	int r = hk_loop_new(&all.loop);

	if (r == 0)
		r = work(&all, "unix:@hostkit-example-publish");
	if (r < 0)
		fprintf(stderr, "cannot publish: %s\n", hk_error_text(r));
	hk_loop_free(all.loop);
	return r < 0;
}
