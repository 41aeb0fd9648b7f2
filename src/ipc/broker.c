/*
 * A broker is a server of conversations with a few methods of its own, and a guest
 * on each conversation that remembers what that connection asked for.  When the
 * connection goes, so does all of it.
 */
#include "ipc/broker_internal.h"

#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/opts.h"

#define SUBSCRIPTIONS_DEFAULT 1024U
#define METHODS_DEFAULT       256U

/* ---- members ---- */

static hki_broker_member *member_of(hki_rpc_guest *guest)
{
	return hki_list_entry(guest, hki_broker_member, guest);
}

hki_broker_member *hki_broker_member_of(const hk_ipc_request *request)
{
	hk_ipc_rpc *rpc = hk_ipc_request_rpc(request);

	return rpc != NULL && rpc->guest != NULL ? member_of(rpc->guest) : NULL;
}

static void on_gone(hki_rpc_guest *guest)
{
	hki_broker_member *member = member_of(guest);
	hki_broker_event event = { .kind = "leave", .from = member->number };

	member->tapping = false;
	hki_list_remove(&member->tap);
	hki_broker_unsubscribe_all(member);
	hki_broker_unregister_all(member);
	member->broker->stats.dropped += member->rpc->counts.dropped;
	member->broker->stats.delivered -= member->rpc->counts.withdrawn;
	member->broker->stats.connections--;
	hki_broker_tell_taps(member->broker, &event);
	hki_map_deinit(&member->subscriptions_by_id);
	hki_free(member);
}

/* Somebody who only subscribes may close their half: `socat` does at the end of its input. */
static bool on_wanted(hki_rpc_guest *guest)
{
	hki_broker_member *member = member_of(guest);

	return member->tapping || !hki_list_empty(&member->subscriptions);
}

static void on_accept(hk_ipc_rpc_server *server, hk_ipc_rpc *rpc)
{
	hk_ipc_broker *broker = server->owner;
	hki_broker_member *member = hki_zalloc(sizeof(*member));
	hki_broker_event event = { .kind = "join" };

	if (member == NULL) {
		hk_ipc_rpc_free(rpc);
		return;
	}
	member->guest.on_notice = hki_broker_notice;
	member->guest.on_gone = on_gone;
	member->guest.on_wanted = on_wanted;
	member->broker = broker;
	member->rpc = rpc;
	member->number = ++broker->members_last;
	hki_list_init(&member->subscriptions);
	hki_list_init(&member->providers);
	hki_list_init(&member->tap);
	rpc->guest = &member->guest;
	rpc->keep_news = broker->opts.slow == HK_IPC_SLOW_DROP_OLDEST;
	broker->stats.connections++;
	event.from = member->number;
	hki_broker_tell_taps(broker, &event);
}

/* ---- figures ---- */

/* What the conversations that stand have counted themselves. */
static void add_standing(hk_ipc_broker_stats *stats, const hk_ipc_broker *broker)
{
	if (broker->server == NULL)
		return;
	for (hki_list *link = broker->server->rpcs.next; link != &broker->server->rpcs;
	     link = link->next) {
		const hk_ipc_rpc *rpc = hki_list_entry(link, hk_ipc_rpc, link);

		stats->dropped += rpc->counts.dropped;
		stats->delivered -= rpc->counts.withdrawn;
	}
}

static void add_total(hk_ipc_broker_stats *stats, const hk_ipc_broker *broker)
{
	hk_ipc_server_stats server = { .size = sizeof(server) };

	if (hk_ipc_broker_server(broker) == NULL ||
	    hk_ipc_server_stats_read(hk_ipc_broker_server(broker), &server) < 0)
		return;
	stats->queued_bytes = server.queued_bytes;
	stats->total_overflows = server.total_overflows;
}

int hk_ipc_broker_stats_read(const hk_ipc_broker *broker, hk_ipc_broker_stats *out)
{
	hk_ipc_broker_stats stats;
	size_t size;

	if (broker == NULL || out == NULL || out->size < sizeof(out->size))
		return -EINVAL;
	stats = broker->stats;
	add_standing(&stats, broker);
	add_total(&stats, broker);
	stats.size = out->size;
	size = out->size < sizeof(stats) ? out->size : sizeof(stats);
	memcpy(out, &stats, size);
	return 0;
}

static void write_count(hk_json_writer *writer, const char *key, uint64_t count)
{
	hk_json_write_key(writer, key);
	hk_json_write_uint64(writer, count);
}

static void on_stats(hk_ipc_request *request, const hk_json *params, void *user)
{
	hk_ipc_broker *broker = user;
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };
	hk_json_writer *writer = broker->writer;

	(void) params;
	if (hk_ipc_broker_stats_read(broker, &stats) < 0) {
		hk_ipc_request_free(request);
		return;
	}
	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	write_count(writer, "connections", stats.connections);
	write_count(writer, "subscriptions", stats.subscriptions);
	write_count(writer, "methods", stats.methods);
	write_count(writer, "published", stats.published);
	write_count(writer, "delivered", stats.delivered);
	write_count(writer, "dropped", stats.dropped);
	write_count(writer, "disconnected", stats.disconnected);
	write_count(writer, "calls", stats.calls);
	write_count(writer, "calls_unknown", stats.calls_unknown);
	write_count(writer, "queued_bytes", stats.queued_bytes);
	write_count(writer, "total_overflows", stats.total_overflows);
	hk_json_write_object_end(writer);
	(void) hk_ipc_request_reply(request, hk_json_writer_text(writer, NULL));
}

/* ---- its life ---- */

void hk_ipc_broker_free(hk_ipc_broker *broker)
{
	if (broker == NULL)
		return;
	hk_ipc_rpc_server_free(broker->server);
	hk_ipc_methods_free(broker->methods);
	hki_subject_table_deinit(&broker->subjects);
	hki_subject_matches_deinit(&broker->matches);
	hki_name_map_deinit(&broker->groups);
	hki_name_map_deinit(&broker->services);
	hk_json_writer_free(broker->writer);
	hki_buffer_deinit(&broker->text);
	hki_free(broker);
}

static void broker_freep(hk_ipc_broker **broker)
{
	hk_ipc_broker_free(*broker);
}

static int read_opts(hk_ipc_broker_opts *out, const hk_ipc_broker_opts *given)
{
	int r = 0;

	*out = (hk_ipc_broker_opts) HK_IPC_BROKER_OPTS_INIT;
	if (given != NULL)
		r = hki_opts_copy(
		    out, sizeof(*out), given, given->size, sizeof(given->size));
	if (r < 0)
		return r;
	if (out->slow > HK_IPC_SLOW_DISCONNECT)
		return -EINVAL;
	if (out->subscriptions_max == 0)
		out->subscriptions_max = SUBSCRIPTIONS_DEFAULT;
	if (out->methods_max == 0)
		out->methods_max = METHODS_DEFAULT;
	return 0;
}

static int offer_all(hk_ipc_broker *broker)
{
	int r;

	if ((r = hk_ipc_methods_new(&broker->methods)) < 0 ||
	    (r = hki_broker_add_subjects(broker)) < 0 ||
	    (r = hki_broker_add_calls(broker)) < 0 ||
	    (r = hki_broker_add_tap(broker)) < 0 ||
	    (r = hk_ipc_methods_add(broker->methods, "broker.stats", on_stats, broker)) <
		0)
		return r;
	return hk_json_writer_new(&broker->writer, 0);
}

static int listen_at(
    hk_ipc_broker *broker, hk_loop *loop, const char *url, hk_error_list *errors)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	int r;

	opts.methods = broker->methods;
	opts.connection = broker->opts.connection;
	opts.requests_max = broker->opts.requests_max;
	r = hk_ipc_rpc_listen(&broker->server, loop, url, &opts, errors);
	if (r < 0)
		return r;
	broker->server->owner = broker;
	broker->server->on_accept = on_accept;
	broker->opts.connection = NULL;
	return 0;
}

int hk_ipc_broker_listen(hk_ipc_broker **out, hk_loop *loop, const char *url,
    const hk_ipc_broker_opts *opts, hk_error_list *errors)
{
	hki_cleanup(broker_freep) hk_ipc_broker *broker = NULL;
	int r;

	if (loop == NULL)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r < 0)
		return r;
	broker = hki_zalloc(sizeof(*broker));
	if (broker == NULL)
		return -ENOMEM;
	hki_list_init(&broker->taps);
	r = read_opts(&broker->opts, opts);
	if (r == 0)
		r = offer_all(broker);
	if (r == 0)
		r = listen_at(broker, loop, url, errors);
	if (r < 0)
		return r;
	*out = hki_take(broker);
	return 0;
}

hk_ipc_server *hk_ipc_broker_server(const hk_ipc_broker *broker)
{
	return hk_ipc_rpc_server_get(broker->server);
}

hk_ipc_methods *hk_ipc_broker_methods(const hk_ipc_broker *broker)
{
	return broker->methods;
}
