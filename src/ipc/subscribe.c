/*
 * The client's side of publish and subscribe: a guest on a conversation that keeps
 * what was subscribed and offered, so that it can be said again when the connection
 * comes back, before anything else.
 *
 * We choose the number of a subscription, so it is the same on every connection, and
 * news that comes early or late finds its subscription or nobody.  The broker counts
 * from 1 each time it is told of one: a jump within a connection is a gap of known
 * size, a new connection one of unknown size.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/ipc_pubsub.h>
#include "base/cleanup.h"
#include "base/opts.h"
#include "ipc/rpc_internal.h"
#include "ipc/subject.h"

struct subscriptions {
	hki_rpc_guest guest;
	hk_ipc_rpc *rpc;
	uint64_t last_id;
	hki_map by_id;
	hki_list all;
	hki_list offers;
};

struct hk_ipc_subscription {
	hki_list link;
	struct subscriptions *home; /* NULL: nothing comes any more */
	uint64_t id;
	uint64_t seq; /* of the last news */
	bool lost;    /* the connection was lost since the broker had it */
	bool refused;
	hk_ipc_call *asking; /* the broker has not answered yet */
	unsigned int inside; /* its callbacks that are running */
	bool freed;
	hk_ipc_news_fn on_news;
	hk_ipc_gap_fn on_gap;
	hk_ipc_subscription_fn on_status;
	void *user;
	hk_ipc_subscription_stats stats;
	char *queue; /* or NULL */
	char pattern[];
};

struct offer {
	hki_list link;
	hk_ipc_rpc *rpc;
	hk_ipc_reply_fn fn; /* NULL: it was told, or nobody wants to know */
	void *user;
	char method[];
};

/* ---- callbacks of a subscription, in which it may be freed ---- */

static void release(hk_ipc_subscription *subscription)
{
	hki_free(subscription->queue);
	hki_free(subscription);
}

static void enter(hk_ipc_subscription *subscription)
{
	subscription->inside++;
}

/* False if it is gone. */
static bool leave(hk_ipc_subscription *subscription)
{
	subscription->inside--;
	if (!subscription->freed)
		return true;
	if (subscription->inside == 0)
		release(subscription);
	return false;
}

static bool tell_gap(hk_ipc_subscription *subscription, uint64_t missed)
{
	subscription->stats.gaps++;
	if (missed != HK_IPC_MISSED_UNKNOWN)
		subscription->stats.missed += missed;
	if (subscription->on_gap == NULL)
		return true;
	enter(subscription);
	subscription->on_gap(subscription, missed, subscription->user);
	return leave(subscription);
}

static bool tell_status(hk_ipc_subscription *subscription, int status, const char *text)
{
	if (subscription->on_status == NULL)
		return true;
	enter(subscription);
	subscription->on_status(subscription, status, text, subscription->user);
	return leave(subscription);
}

/* ---- saying it to the broker ---- */

static void on_subscribed(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	hk_ipc_subscription *subscription = user;

	subscription->asking = NULL;
	hk_ipc_call_free(call);
	if (reply->status == -EREMOTEIO) {
		subscription->refused = true;
		(void) tell_status(subscription, -EREMOTEIO, reply->error_text);
		return;
	}
	if (reply->status != 0)
		return; /* it is said again, or its end is told */
	if (subscription->lost) {
		subscription->lost = false;
		if (!tell_gap(subscription, HK_IPC_MISSED_UNKNOWN))
			return;
	}
	(void) tell_status(subscription, 0, NULL);
}

typedef int call_start_fn(
    hk_ipc_call **out, hk_ipc_rpc *rpc, const hk_ipc_call_opts *opts);

/* Call with an object of one or two strings and perhaps a number. */
static int say(hk_ipc_call **out, hk_ipc_rpc *rpc, call_start_fn *start,
    hk_ipc_call_opts *opts, const char *const pairs[4], const uint64_t *sub)
{
	hk_json_writer *writer;
	int r = hk_json_writer_new(&writer, 0);

	if (r < 0)
		return r;
	hk_json_write_object_begin(writer);
	for (size_t i = 0; i < 4 && pairs[i] != NULL && pairs[i + 1] != NULL; i += 2) {
		hk_json_write_key(writer, pairs[i]);
		hk_json_write_string(writer, pairs[i + 1]);
	}
	if (sub != NULL) {
		hk_json_write_key(writer, "sub");
		hk_json_write_uint64(writer, *sub);
	}
	hk_json_write_object_end(writer);
	opts->params = hk_json_writer_text(writer, NULL);
	opts->timeout_ns = UINT64_MAX; /* it stands, or the connection falls */
	r = opts->params == NULL ? hk_json_writer_error(writer) : start(out, rpc, opts);
	hk_json_writer_free(writer);
	return r;
}

static int say_subscription(hk_ipc_subscription *subscription, call_start_fn *start)
{
	const char *const pairs[4] = { "topic", subscription->pattern, "queue",
		subscription->queue };
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;

	opts.method = "sub";
	opts.fn = on_subscribed;
	opts.user = subscription;
	return say(&subscription->asking, subscription->home->rpc, start, &opts, pairs,
	    &subscription->id);
}

static void on_offered(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	struct offer *offer = user;
	hk_ipc_reply_fn fn = offer->fn;

	if (reply->status != 0 && reply->status != -EREMOTEIO)
		return; /* it is said again */
	offer->fn = NULL;
	if (fn != NULL)
		fn(call, reply, offer->user);
}

static int say_offer(struct offer *offer, call_start_fn *start)
{
	const char *const pairs[4] = { "method", offer->method, NULL, NULL };
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;

	opts.method = "register";
	opts.fn = on_offered;
	opts.user = offer;
	return say(NULL, offer->rpc, start, &opts, pairs, NULL);
}

/* ---- the guest ---- */

static struct subscriptions *home_of(hki_rpc_guest *guest)
{
	return hki_list_entry(guest, struct subscriptions, guest);
}

/* Without memory for one of them the connection is worth nothing: try again later. */
static void on_connect(hki_rpc_guest *guest)
{
	struct subscriptions *home = home_of(guest);
	int r = 0;

	for (hki_list *link = home->all.next; link != &home->all && r == 0;
	     link = link->next) {
		hk_ipc_subscription *one =
		    hki_list_entry(link, hk_ipc_subscription, link);

		one->seq = 0;
		if (!one->refused)
			r = say_subscription(one, hki_call_start_first);
	}
	for (hki_list *link = home->offers.next; link != &home->offers && r == 0;
	     link = link->next)
		r = say_offer(
		    hki_list_entry(link, struct offer, link), hki_call_start_first);
	if (r < 0)
		hk_ipc_rpc_close(home->rpc, 0);
}

static void on_lost(hki_rpc_guest *guest)
{
	struct subscriptions *home = home_of(guest);

	for (hki_list *link = home->all.next; link != &home->all; link = link->next)
		hki_list_entry(link, hk_ipc_subscription, link)->lost = true;
}

static void deliver(hk_ipc_subscription *subscription, const hki_rpc_message *message)
{
	hk_ipc_news news = {
		.subject =
		    hk_json_get_string(hk_json_member(message->params, "topic"), NULL),
		.data = hk_json_member(message->params, "data"),
	};
	uint64_t missed;

	if (news.subject == NULL || news.data == NULL ||
	    hk_json_get_uint64(&news.seq, hk_json_member(message->params, "seq")) < 0 ||
	    news.seq <= subscription->seq)
		return;
	missed = news.seq - subscription->seq - 1;
	subscription->seq = news.seq;
	subscription->stats.received++;
	if (missed > 0 && !tell_gap(subscription, missed))
		return;
	enter(subscription);
	subscription->on_news(subscription, &news, subscription->user);
	(void) leave(subscription);
}

static bool on_notice(hki_rpc_guest *guest, const hki_rpc_message *message)
{
	hk_ipc_subscription *subscription;
	uint64_t id;

	if (strcmp(message->method, "pub") != 0 ||
	    hk_json_get_uint64(&id, hk_json_member(message->params, "sub")) < 0)
		return false;
	subscription = hki_map_get(&home_of(guest)->by_id, id);
	if (subscription != NULL)
		deliver(subscription, message);
	return true;
}

static void on_gone(hki_rpc_guest *guest)
{
	struct subscriptions *home = home_of(guest);
	bool tell = !home->rpc->freed;

	while (!hki_list_empty(&home->all)) {
		hk_ipc_subscription *one =
		    hki_list_entry(hki_list_pop(&home->all), hk_ipc_subscription, link);

		one->home = NULL;
		if (tell)
			(void) tell_status(one, -ECONNRESET, NULL);
	}
	while (!hki_list_empty(&home->offers))
		hki_free(hki_list_entry(hki_list_pop(&home->offers), struct offer, link));
	hki_map_deinit(&home->by_id);
	hki_free(home);
}

/* Make subscriptions the guest of @rpc at the first use; after 0 they are
 * home_of(rpc->guest).  -EINVAL if another guest is there. */
static int home_need(hk_ipc_rpc *rpc)
{
	struct subscriptions *home;

	if (rpc->guest != NULL)
		return rpc->guest->on_notice == on_notice ? 0 : -EINVAL;
	home = hki_zalloc(sizeof(*home));
	if (home == NULL)
		return -ENOMEM;
	home->guest = (hki_rpc_guest){ .on_connect = on_connect,
		.on_notice = on_notice,
		.on_lost = on_lost,
		.on_gone = on_gone };
	home->rpc = rpc;
	hki_list_init(&home->all);
	hki_list_init(&home->offers);
	rpc->guest = &home->guest;
	return 0;
}

/* ---- subscribing ---- */

static int read_opts(hk_ipc_subscribe_opts *out, const hk_ipc_subscribe_opts *given)
{
	int r = hki_opts_copy(out, sizeof(*out), given, given->size, sizeof(*out));

	if (r < 0)
		return r;
	if (out->pattern == NULL || out->on_news == NULL)
		return -EINVAL;
	if (out->queue != NULL &&
	    (strchr(out->queue, '.') != NULL || hk_ipc_subject_check(out->queue) < 0))
		return -EINVAL;
	return hk_ipc_pattern_check(out->pattern);
}

static int subscription_new(hk_ipc_subscription **out, const hk_ipc_subscribe_opts *opts)
{
	size_t length = strlen(opts->pattern) + 1;
	hk_ipc_subscription *one = hki_zalloc(sizeof(*one) + length);

	if (one == NULL)
		return -ENOMEM;
	memcpy(one->pattern, opts->pattern, length);
	if (opts->queue != NULL && (one->queue = hki_strdup(opts->queue)) == NULL) {
		hki_free(one);
		return -ENOMEM;
	}
	hki_list_init(&one->link);
	one->on_news = opts->on_news;
	one->on_gap = opts->on_gap;
	one->on_status = opts->on_status;
	one->user = opts->user;
	*out = one;
	return 0;
}

static int enlist(hk_ipc_subscription *one, struct subscriptions *home)
{
	int r;

	one->home = home;
	one->id = ++home->last_id;
	r = hki_map_put(&home->by_id, one->id, one);
	if (r == 0 && home->rpc->connected)
		r = say_subscription(one, hk_ipc_call_start);
	if (r < 0) {
		(void) hki_map_remove(&home->by_id, one->id);
		return r;
	}
	hki_list_append(&home->all, &one->link);
	return 0;
}

int hk_ipc_subscribe(
    hk_ipc_subscription **out, hk_ipc_rpc *rpc, const hk_ipc_subscribe_opts *given)
{
	hk_ipc_subscription *one = NULL;
	hk_ipc_subscribe_opts opts;
	int r;

	if (out == NULL || rpc == NULL || given == NULL)
		return -EINVAL;
	r = hki_rpc_usable(rpc);
	if (r == 0)
		r = read_opts(&opts, given);
	if (r == 0)
		r = home_need(rpc);
	if (r == 0)
		r = subscription_new(&one, &opts);
	if (r < 0)
		return r;
	r = enlist(one, home_of(rpc->guest));
	if (r < 0) {
		release(one);
		return r;
	}
	*out = one;
	return 0;
}

/* If it cannot be sent, what still comes finds nobody. */
static int say_goodbye(const hk_ipc_subscription *one)
{
	char params[48];

	if (!one->home->rpc->connected || one->refused)
		return 0;
	(void) snprintf(
	    params, sizeof(params), "{\"sub\":%llu}", (unsigned long long) one->id);
	return hk_ipc_notify(one->home->rpc, "unsub", params);
}

void hk_ipc_subscription_free(hk_ipc_subscription *one)
{
	if (one == NULL || one->freed)
		return;
	hk_ipc_call_free(one->asking);
	one->asking = NULL;
	if (one->home != NULL) {
		(void) say_goodbye(one);
		(void) hki_map_remove(&one->home->by_id, one->id);
		hki_list_remove(&one->link);
		one->home = NULL;
	}
	one->freed = true;
	if (one->inside == 0)
		release(one);
}

const char *hk_ipc_subscription_pattern(const hk_ipc_subscription *subscription)
{
	return subscription->pattern;
}

int hk_ipc_subscription_stats_read(
    const hk_ipc_subscription *subscription, hk_ipc_subscription_stats *out)
{
	hk_ipc_subscription_stats stats;
	size_t size;

	if (subscription == NULL || out == NULL || out->size < sizeof(out->size))
		return -EINVAL;
	stats = subscription->stats;
	stats.size = out->size;
	size = out->size < sizeof(stats) ? out->size : sizeof(stats);
	memcpy(out, &stats, size);
	return 0;
}

/* ---- offering ---- */

static bool is_offered(const struct subscriptions *home, const char *method)
{
	for (hki_list *link = home->offers.next; link != &home->offers; link = link->next)
		if (strcmp(hki_list_entry(link, struct offer, link)->method, method) == 0)
			return true;
	return false;
}

int hk_ipc_offer(hk_ipc_rpc *rpc, const char *method, hk_ipc_reply_fn fn, void *user)
{
	struct subscriptions *home;
	struct offer *offer;
	size_t length;
	int r;

	if (rpc == NULL || method == NULL || strlen(method) > HK_IPC_METHOD_MAX)
		return -EINVAL;
	r = hki_rpc_usable(rpc);
	if (r == 0)
		r = home_need(rpc);
	if (r < 0)
		return r;
	home = home_of(rpc->guest);
	if (is_offered(home, method))
		return -EEXIST;
	length = strlen(method) + 1;
	offer = hki_zalloc(sizeof(*offer) + length);
	if (offer == NULL)
		return -ENOMEM;
	offer->rpc = rpc;
	offer->fn = fn;
	offer->user = user;
	memcpy(offer->method, method, length);
	if (rpc->connected && (r = say_offer(offer, hk_ipc_call_start)) < 0) {
		hki_free(offer);
		return r;
	}
	hki_list_append(&home->offers, &offer->link);
	return 0;
}

/* ---- publishing ---- */

static int publish(hk_ipc_rpc *rpc, const char *subject, const hki_rpc_text *data)
{
	hk_json_writer *writer;
	int r = rpc == NULL ? -EINVAL : hk_ipc_subject_check(subject);

	if (r == 0)
		r = hki_rpc_usable(rpc);
	if (r < 0)
		return r;
	writer = rpc->shared->writer;
	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "jsonrpc");
	hk_json_write_string(writer, "2.0");
	hk_json_write_key(writer, "method");
	hk_json_write_string(writer, "pub");
	hk_json_write_key(writer, "params");
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "topic");
	hk_json_write_string(writer, subject);
	hk_json_write_key(writer, "data");
	hki_rpc_write_text(writer, data);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	return hki_rpc_send(rpc, HKI_RPC_NOTICE, NULL);
}

int hk_ipc_publish(hk_ipc_rpc *rpc, const char *subject, const char *data)
{
	hki_rpc_text text = { .json = data };

	text.length = data != NULL ? strlen(data) : 0;
	return publish(rpc, subject, &text);
}

int hk_ipc_publish_value(hk_ipc_rpc *rpc, const char *subject, const hk_json *data)
{
	hki_rpc_text text = { .value = data };

	return publish(rpc, subject, &text);
}
