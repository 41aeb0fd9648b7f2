/*
 * Subjects of a broker: who gets what was published.
 *
 * What was published is written once; only the number of the subscription and its
 * own count of news are put behind it for each subscriber.  That count also goes up
 * for what a slow subscriber does not get, and so it sees what it missed.
 *
 * Subscriptions that name a queue are members of a group: of those that match, one
 * gets it, in turns, and rather one whose connection is not congested.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include <hostkit/ipc_pubsub.h>
#include "base/cleanup.h"
#include "ipc/broker_internal.h"

/* Those who name the same queue, whatever their patterns. */
struct group {
	size_t members;
	uint64_t turn;
	uint64_t publication; /* the latest one that found some of them */
	size_t found;         /* how many it found */
	size_t chosen;        /* which of them gets it */
	char name[];
};

struct subscription {
	hki_subject_entry entry;
	hki_list link; /* in its member's */
	hki_broker_member *member;
	struct group *group; /* NULL: for itself */
	uint64_t id;
	uint64_t seq; /* of the last news that was for it */
};

static struct subscription *subscription_of(hki_subject_entry *entry)
{
	return hki_list_entry(entry, struct subscription, entry);
}

/* ---- groups ---- */

static int group_join(struct subscription *one, const char *queue)
{
	hk_ipc_broker *broker = one->member->broker;
	struct group *group = hki_name_map_get(&broker->groups, queue);
	size_t length = strlen(queue) + 1;

	if (group == NULL) {
		group = hki_zalloc(sizeof(*group) + length);
		if (group == NULL)
			return -ENOMEM;
		memcpy(group->name, queue, length);
		if (hki_name_map_put(&broker->groups, queue, group) < 0) {
			hki_free(group);
			return -ENOMEM;
		}
	}
	group->members++;
	one->group = group;
	return 0;
}

static void group_leave(struct subscription *one)
{
	struct group *group = one->group;

	one->group = NULL;
	if (group == NULL || --group->members > 0)
		return;
	(void) hki_name_map_remove(&one->member->broker->groups, group->name);
	hki_free(group);
}

static bool is_congested(const struct subscription *one)
{
	return !hki_list_empty(&one->member->rpc->waiting);
}

/* Count the members of each group that were found, the free ones if there are any. */
static void groups_count(hk_ipc_broker *broker, bool congested)
{
	for (size_t i = 0; i < broker->matches.count; i++) {
		struct subscription *one = subscription_of(broker->matches.entries[i]);

		if (one->group == NULL)
			continue;
		if (one->group->publication != broker->publication) {
			one->group->publication = broker->publication;
			one->group->found = 0;
			one->group->turn++;
		}
		if (is_congested(one) == congested)
			one->group->found++;
	}
}

/* Is it this one's turn?  Asked once for each, in order. */
static bool is_chosen(struct subscription *one)
{
	struct group *group = one->group;

	if (group == NULL)
		return true;
	if (group->found == 0)
		return false;
	if (is_congested(one) && group->found != SIZE_MAX)
		return false;
	return group->chosen-- == 0;
}

/* For every group that was found: which of its members. */
static void groups_choose(hk_ipc_broker *broker)
{
	groups_count(broker, false);
	for (size_t i = 0; i < broker->matches.count; i++) {
		struct group *group = subscription_of(broker->matches.entries[i])->group;

		if (group == NULL)
			continue;
		if (group->found > 0) {
			group->chosen = group->turn % group->found;
		} else {
			/* All are congested: the first of them, as if it were alone. */
			group->found = SIZE_MAX;
			group->chosen = 0;
		}
	}
}

/* ---- publishing ---- */

/* {"jsonrpc":…,"params":{"topic":…,"data":… : what all subscribers get alike. */
static int write_common(
    hk_ipc_broker *broker, const char *topic, const hki_rpc_text *data)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"method\":\"pub\",\"params\":";
	hk_json_writer *writer = broker->writer;
	const char *text;
	size_t length;
	int r;

	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "topic");
	hk_json_write_string(writer, topic);
	hk_json_write_key(writer, "data");
	hki_rpc_write_text(writer, data);
	hk_json_write_object_end(writer);
	text = hk_json_writer_text(writer, &length);
	if (text == NULL)
		return hk_json_writer_error(writer);
	hki_buffer_truncate(&broker->text, 0);
	r = hki_buffer_append(&broker->text, head, sizeof(head) - 1);
	if (r == 0)
		r = hki_buffer_append(&broker->text, text, length - 1);
	return r;
}

static void deliver(hk_ipc_broker *broker, struct subscription *one, size_t common)
{
	hk_ipc_rpc *rpc = one->member->rpc;
	int r;

	one->seq++;
	hki_buffer_truncate(&broker->text, common);
	r = hki_buffer_append_format(&broker->text, ",\"sub\":%llu,\"seq\":%llu}}",
	    (unsigned long long) one->id, (unsigned long long) one->seq);
	if (r == 0)
		r = hki_rpc_send_text(
		    rpc, HKI_RPC_NEWS, NULL, broker->text.data, broker->text.length);
	if (r == 0)
		broker->stats.delivered++;
	else if (r < 0)
		rpc->counts.dropped++;
	else if (broker->opts.slow == HK_IPC_SLOW_DISCONNECT && !rpc->closing) {
		broker->stats.disconnected++;
		hk_ipc_rpc_close(rpc, 0);
	}
}

/* How many it was for, or a negative errno. */
static int publish(hk_ipc_broker *broker, const hki_broker_member *from,
    const char *topic, size_t length, const hki_rpc_text *data)
{
	hki_broker_event event = { .kind = "pub", .topic = topic, .data_key = "data" };
	size_t common;
	int count = 0;
	int r;

	r = hki_subject_table_match(&broker->matches, &broker->subjects, topic, length);
	if (r == 0 && broker->matches.count > 0)
		r = write_common(broker, topic, data);
	if (r < 0)
		return r;
	broker->stats.published++;
	broker->publication++;
	groups_choose(broker);
	common = broker->text.length;
	for (size_t i = 0; i < broker->matches.count; i++) {
		struct subscription *one = subscription_of(broker->matches.entries[i]);

		if (!is_chosen(one))
			continue;
		deliver(broker, one, common);
		count++;
	}
	event.from = from != NULL ? from->number : 0;
	event.data = data->value;
	event.count = (uint64_t) count;
	hki_broker_tell_taps(broker, &event);
	return count;
}

int hk_ipc_broker_publish(hk_ipc_broker *broker, const char *subject, const char *data)
{
	hki_rpc_text text = { .json = data };

	if (broker == NULL || subject == NULL)
		return -EINVAL;
	text.length = data != NULL ? strlen(data) : 0;
	return publish(broker, NULL, subject, strlen(subject), &text);
}

static int publish_params(
    hk_ipc_broker *broker, const hki_broker_member *from, const hk_json *params)
{
	hki_rpc_text data = { .value = hk_json_member(params, "data") };
	size_t length = 0;
	const char *topic = hk_json_get_string(hk_json_member(params, "topic"), &length);

	return topic == NULL ? -EINVAL : publish(broker, from, topic, length, &data);
}

/* "pub" as a notification: the way of nearly all of them, so it takes no request. */
bool hki_broker_notice(hki_rpc_guest *guest, const hki_rpc_message *message)
{
	hki_broker_member *member = hki_list_entry(guest, hki_broker_member, guest);

	if (strcmp(message->method, "pub") != 0)
		return false;
	(void) publish_params(member->broker, member, message->params);
	return true;
}

/* ---- the methods ---- */

static void refuse(hk_ipc_request *request, int error, const char *text)
{
	int64_t code = error == -ENOMEM ? HK_IPC_ERROR_INTERNAL : HK_IPC_ERROR_PARAMS;

	(void) hk_ipc_request_fail(
	    request, code, error == -ENOMEM ? "no memory" : text, NULL);
}

static void on_pub(hk_ipc_request *request, const hk_json *params, void *user)
{
	char result[48];
	int count = publish_params(user, hki_broker_member_of(request), params);

	if (count < 0) {
		refuse(request, count,
		    "params are {\"topic\": SUBJECT, \"data\": …}, and a subject is "
		    "tokens between dots");
		return;
	}
	(void) snprintf(result, sizeof(result), "{\"subscribers\":%d}", count);
	(void) hk_ipc_request_reply(request, result);
}

static void subscription_free(struct subscription *one)
{
	hki_broker_member *member = one->member;

	hki_subject_table_remove(&member->broker->subjects, &one->entry);
	if (hki_map_get(&member->subscriptions_by_id, one->id) == one)
		(void) hki_map_remove(&member->subscriptions_by_id, one->id);
	if (!hki_list_empty(&one->link)) {
		hki_list_remove(&one->link);
		member->broker->stats.subscriptions--;
	}
	group_leave(one);
	hki_free(one);
}

void hki_broker_unsubscribe_all(hki_broker_member *member)
{
	while (!hki_list_empty(&member->subscriptions))
		subscription_free(hki_list_entry(
		    member->subscriptions.next, struct subscription, link));
}

/* What somebody asks for. */
struct wish {
	const char *topic;
	const char *queue; /* or NULL */
	uint64_t id;
};

static const char *read_wish(
    struct wish *out, hki_broker_member *member, const hk_json *params)
{
	const hk_json *queue = hk_json_member(params, "queue");
	const hk_json *sub = hk_json_member(params, "sub");
	size_t length = 0;

	out->topic = hk_json_get_string(hk_json_member(params, "topic"), &length);
	out->queue = hk_json_get_string(queue, NULL);
	out->id = 0;
	if (sub != NULL && (hk_json_get_uint64(&out->id, sub) < 0 || out->id == 0))
		return "sub is a whole number above 0";
	if (out->topic == NULL || strlen(out->topic) != length ||
	    hk_ipc_pattern_check(out->topic) < 0)
		return "topic is no pattern: tokens between dots, a token may be *, the "
		       "last one >";
	if (queue != NULL && (out->queue == NULL || strchr(out->queue, '.') != NULL ||
				 hk_ipc_subject_check(out->queue) < 0))
		return "queue is one token";
	if (out->id != 0 && hki_map_get(&member->subscriptions_by_id, out->id) != NULL)
		return "sub is in use on this connection";
	while (out->id == 0) {
		uint64_t next = ++member->subscription_last;

		if (hki_map_get(&member->subscriptions_by_id, next) == NULL)
			out->id = next;
	}
	return NULL;
}

static int subscribe(hki_broker_member *member, const struct wish *wish)
{
	struct subscription *one = hki_zalloc(sizeof(*one));
	int r;

	if (one == NULL)
		return -ENOMEM;
	hki_list_init(&one->link);
	one->member = member;
	one->id = wish->id;
	r = hki_map_put(&member->subscriptions_by_id, one->id, one);
	if (r == 0 && wish->queue != NULL)
		r = group_join(one, wish->queue);
	if (r == 0)
		r = hki_subject_table_add(
		    &member->broker->subjects, &one->entry, wish->topic);
	if (r < 0) {
		subscription_free(one);
		return r;
	}
	hki_list_append(&member->subscriptions, &one->link);
	member->broker->stats.subscriptions++;
	return 0;
}

static bool has_too_many(const hki_broker_member *member)
{
	return member->subscriptions_by_id.count >=
	       member->broker->opts.subscriptions_max;
}

static void on_sub(hk_ipc_request *request, const hk_json *params, void *user)
{
	hki_broker_member *member = hki_broker_member_of(request);
	hki_broker_event event = { .kind = "sub" };
	const char *problem;
	char text[48];
	struct wish wish;

	(void) user;
	if (member == NULL) {
		hk_ipc_request_free(request);
		return;
	}
	problem = read_wish(&wish, member, params);
	(void) snprintf(
	    text, sizeof(text), "{\"sub\":%llu}", (unsigned long long) wish.id);
	if (problem == NULL && has_too_many(member))
		problem = "this connection has too many subscriptions";
	else if (problem == NULL && subscribe(member, &wish) < 0)
		problem = "no memory";
	if (problem != NULL) {
		(void) hk_ipc_request_fail(
		    request, HK_IPC_ERROR_PARAMS, problem, wish.id != 0 ? text : NULL);
		return;
	}
	event.from = member->number;
	event.topic = wish.topic;
	hki_broker_tell_taps(member->broker, &event);
	(void) hk_ipc_request_reply(request, text);
}

static void on_unsub(hk_ipc_request *request, const hk_json *params, void *user)
{
	hki_broker_member *member = hki_broker_member_of(request);
	struct subscription *one = NULL;
	uint64_t id;

	(void) user;
	if (member != NULL && hk_json_get_uint64(&id, hk_json_member(params, "sub")) == 0)
		one = hki_map_get(&member->subscriptions_by_id, id);
	if (one == NULL) {
		(void) hk_ipc_request_fail(request, HK_IPC_ERROR_PARAMS,
		    "there is no such sub on this connection", NULL);
		return;
	}
	subscription_free(one);
	(void) hk_ipc_request_reply(request, "true");
}

int hki_broker_add_subjects(hk_ipc_broker *broker)
{
	int r;

	if ((r = hk_ipc_methods_add(broker->methods, "pub", on_pub, broker)) < 0 ||
	    (r = hk_ipc_methods_add(broker->methods, "sub", on_sub, broker)) < 0)
		return r;
	return hk_ipc_methods_add(broker->methods, "unsub", on_unsub, broker);
}
