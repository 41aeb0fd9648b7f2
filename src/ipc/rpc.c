/*
 * A conversation: the connection below it, and what becomes of calls, requests and
 * guests when that connection stands, is lost or ends.
 *
 * The connection's callbacks find the conversation by its data pointer.  Whatever
 * they call back may free the conversation: `freed` is looked at afterwards, and the
 * memory goes at the end of the turn.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/opts.h"
#include "base/random.h"
#include "ipc/rpc_server.h"

#define REQUESTS_MAX_DEFAULT 16384U
#define MESSAGE_MAX_DEFAULT  ((size_t) 1 << 20)
#define QUEUE_MAX_DEFAULT    ((size_t) 1 << 20)
/* A peer that takes nothing at all for so long while answers wait is not coming back. */
#define STALL_DEFAULT_NS (30 * HKI_NS_PER_S)
/* For what is left to say to a peer that says nothing any more. */
#define LAST_WORDS_NS (10 * HKI_NS_PER_S)

/* ---- shared by the conversations of a server ---- */

int hki_rpc_shared_new(hki_rpc_shared **out)
{
	hki_rpc_shared *shared = hki_zalloc(sizeof(*shared));
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	int r;

	if (shared == NULL)
		return -ENOMEM;
	shared->references = 1;
	opts.depth_max = HK_IPC_DEPTH_MAX;
	opts.length_max = HK_JSON_LENGTH_MAX; /* the connection has its own limit */
	r = hk_json_document_new(&shared->document, &opts);
	if (r == 0)
		r = hk_json_writer_new(&shared->writer, 0);
	if (r < 0) {
		hki_rpc_shared_unref(shared);
		return r;
	}
	*out = shared;
	return 0;
}

hki_rpc_shared *hki_rpc_shared_ref(hki_rpc_shared *shared)
{
	shared->references++;
	return shared;
}

void hki_rpc_shared_unref(hki_rpc_shared *shared)
{
	if (shared == NULL || --shared->references > 0)
		return;
	hk_json_document_free(shared->document);
	hk_json_writer_free(shared->writer);
	hki_free(shared);
}

/* ---- the connection's callbacks ---- */

static void on_connect(hk_ipc *ipc, void *user)
{
	hk_ipc_rpc *rpc = hk_ipc_get_data(ipc);

	(void) user;
	rpc->connected = true;
	rpc->ended = false;
	if (rpc->guest != NULL && rpc->guest->on_connect != NULL)
		rpc->guest->on_connect(rpc->guest);
	hki_rpc_flush_waiting(rpc);
	if (rpc->on_connect != NULL)
		rpc->on_connect(rpc, rpc->user);
	if (!rpc->freed)
		hki_rpc_drained(rpc);
}

static void on_message(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	(void) user;
	hki_rpc_receive(hk_ipc_get_data(ipc), message->data, message->length);
}

static void on_drain(hk_ipc *ipc, void *user)
{
	(void) user;
	hki_rpc_drained(hk_ipc_get_data(ipc));
}

static bool has_hung_up(const hk_ipc *ipc)
{
	struct pollfd state = { .fd = hk_ipc_fd(ipc), .events = 0 };

	return poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

/* The peer may have closed, or only have said its last word and listen. */
static bool still_listens(const hk_ipc_rpc *rpc)
{
	hk_ipc_peer peer = { .size = sizeof(peer) };

	return rpc->guest != NULL && rpc->guest->on_wanted != NULL &&
	       rpc->guest->on_wanted(rpc->guest) &&
	       hk_ipc_peer_read(rpc->ipc, &peer) == 0 && !has_hung_up(rpc->ipc);
}

void hki_rpc_close_if_done(hk_ipc_rpc *rpc)
{
	if (!rpc->ended || rpc->closing || rpc->ipc == NULL || rpc->requests_count > 0 ||
	    !hki_list_empty(&rpc->waiting) || still_listens(rpc))
		return;
	rpc->closing = true;
	hk_ipc_close(rpc->ipc, LAST_WORDS_NS);
}

/*
 * No more will come: our calls have no answer.  Theirs still get one, unless the peer has
 * closed altogether, which only a Unix socket tells.
 */
static void on_end(hk_ipc *ipc, void *user)
{
	hk_ipc_rpc *rpc = hk_ipc_get_data(ipc);

	(void) user;
	rpc->ended = true;
	hki_calls_reset(rpc, -ECONNRESET);
	if (rpc->freed)
		return;
	if (has_hung_up(ipc))
		hk_ipc_rpc_close(rpc, 0);
	else
		hki_rpc_close_if_done(rpc);
}

/* What was under way on the connection ends with it. */
static void lose(hk_ipc_rpc *rpc, int status)
{
	rpc->connected = false;
	rpc->paused = false;
	hki_rpc_waiting_lost(rpc);
	if (rpc->guest != NULL && rpc->guest->on_lost != NULL)
		rpc->guest->on_lost(rpc->guest);
	hki_requests_orphan(rpc, true);
	if (!rpc->freed)
		hki_calls_reset(rpc, status);
}

static void on_retry(hk_ipc *ipc, int reason, uint64_t delay_ns, void *user)
{
	hk_ipc_rpc *rpc = hk_ipc_get_data(ipc);

	(void) user;
	(void) delay_ns;
	if (rpc->connected) {
		hki_rpc_waiting_take_back(rpc);
		lose(rpc, -ECONNRESET);
	}
	if (!rpc->freed && rpc->on_retry != NULL)
		rpc->on_retry(rpc, reason, rpc->user);
}

static void guest_leaves(hk_ipc_rpc *rpc)
{
	hki_rpc_guest *guest = rpc->guest;

	rpc->guest = NULL;
	if (guest != NULL && guest->on_gone != NULL)
		guest->on_gone(guest);
}

/* The connection is over.  An accepted conversation goes with it. */
static void on_close(hk_ipc *ipc, int reason, void *user)
{
	hk_ipc_rpc *rpc = hk_ipc_get_data(ipc);
	bool stood = rpc->connected || rpc->closing;

	(void) user;
	if (rpc->server != NULL)
		rpc->ipc = NULL; /* gone when this returns */
	rpc->over = true;
	lose(rpc, stood || reason == 0 ? -ECONNRESET : reason);
	if (rpc->freed)
		return;
	guest_leaves(rpc);
	if (!rpc->freed && rpc->on_close != NULL)
		rpc->on_close(rpc, reason, rpc->user);
	if (!rpc->freed && rpc->server != NULL)
		hk_ipc_rpc_free(rpc);
}

/* ---- making and freeing ---- */

int hki_rpc_usable(const hk_ipc_rpc *rpc)
{
	int r;

	if (rpc->loop == NULL)
		return HK_ECLOSED;
	r = hki_loop_check(rpc->loop);
	if (r < 0)
		return r;
	return rpc->freed || rpc->over || rpc->ipc == NULL ? -EPIPE : 0;
}

static bool has_callbacks(const hk_ipc_opts *opts)
{
	return opts->on_message != NULL || opts->on_connect != NULL ||
	       opts->on_end != NULL || opts->on_drain != NULL || opts->on_retry != NULL ||
	       opts->on_close != NULL || opts->user != NULL;
}

static int read_connection(hk_ipc_opts *out, const hk_ipc_opts *given)
{
	int r;

	*out = (hk_ipc_opts) HK_IPC_OPTS_INIT;
	if (given != NULL) {
		r = hki_opts_copy(
		    out, sizeof(*out), given, given->size, sizeof(given->size));
		if (r < 0)
			return r;
		out->size = sizeof(*out);
	}
	if (has_callbacks(out) || out->overflow != HK_IPC_OVERFLOW_BLOCK ||
	    out->framing == HK_IPC_FRAMING_NONE)
		return -EINVAL;
	out->on_message = on_message;
	out->on_connect = on_connect;
	out->on_drain = on_drain;
	out->on_retry = on_retry;
	out->on_close = on_close;
	if (out->stall_timeout_ns == 0)
		out->stall_timeout_ns = STALL_DEFAULT_NS;
	if (out->message_max_bytes == 0)
		out->message_max_bytes = MESSAGE_MAX_DEFAULT;
	if (out->queue_max_bytes == 0)
		out->queue_max_bytes = QUEUE_MAX_DEFAULT;
	return 0;
}

int hki_rpc_opts_read(
    hk_ipc_rpc_opts *out, hk_ipc_opts *connection, const hk_ipc_rpc_opts *given)
{
	int r = 0;

	*out = (hk_ipc_rpc_opts) HK_IPC_RPC_OPTS_INIT;
	if (given != NULL)
		r = hki_opts_copy(
		    out, sizeof(*out), given, given->size, sizeof(given->size));
	if (r < 0)
		return r;
	if (out->reserved != 0)
		return -EINVAL;
	if (out->requests_max == 0)
		out->requests_max = REQUESTS_MAX_DEFAULT;
	r = read_connection(connection, out->connection);
	out->connection = NULL;
	return r;
}

/* The loop goes first: everything is inert from now on. */
static void on_loop_free(hki_loop_member *member)
{
	hk_ipc_rpc *rpc = hki_list_entry(member, hk_ipc_rpc, member);

	rpc->loop = NULL;
	rpc->connected = false;
}

/* The connection goes, silently: the handle is inert from now on. */
static void on_cleanup(hki_ipc_upper *upper)
{
	hk_ipc_rpc *rpc = hki_list_entry(upper, hk_ipc_rpc, upper);

	hki_calls_silence(rpc);
	hki_requests_orphan(rpc, false);
	hki_rpc_waiting_free_all(rpc);
	rpc->connected = false;
	rpc->over = true;
	rpc->ipc = NULL;
}

int hki_rpc_new(hk_ipc_rpc **out, hk_loop *loop, const hk_ipc_rpc_opts *opts,
    const hk_ipc_opts *connection, hki_rpc_shared *shared)
{
	hk_ipc_rpc *rpc = hki_zalloc(sizeof(*rpc));

	if (rpc == NULL)
		return -ENOMEM;
	rpc->loop = loop;
	rpc->shared = hki_rpc_shared_ref(shared);
	rpc->methods = opts->methods;
	rpc->on_connect = opts->on_connect;
	rpc->on_retry = opts->on_retry;
	rpc->on_close = opts->on_close;
	rpc->on_drain = opts->on_drain;
	rpc->user = opts->user;
	rpc->requests_max = opts->requests_max;
	rpc->message_max = connection->message_max_bytes;
	rpc->queue_max = connection->queue_max_bytes;
	hki_random_hash_key(rpc->id_key);
	hki_list_init(&rpc->link);
	hki_list_init(&rpc->pending);
	hki_list_init(&rpc->ending);
	hki_list_init(&rpc->requests);
	hki_list_init(&rpc->first);
	hki_list_init(&rpc->waiting);
	rpc->member.on_loop_free = on_loop_free;
	hki_loop_join(loop, &rpc->member);
	*out = rpc;
	return 0;
}

void hki_rpc_attach(hk_ipc_rpc *rpc, hk_ipc *ipc)
{
	rpc->ipc = ipc;
	hk_ipc_set_data(ipc, rpc);
}

static void release(hki_loop_deferred *deferred)
{
	hk_ipc_rpc *rpc = hki_list_entry(deferred, hk_ipc_rpc, deferred);

	hki_map_deinit(&rpc->calls);
	hki_map_deinit(&rpc->requests_by_id);
	hki_rpc_shared_unref(rpc->shared);
	hki_free(rpc);
}

void hk_ipc_rpc_free(hk_ipc_rpc *rpc)
{
	if (rpc == NULL || rpc->freed)
		return;
	rpc->freed = true;
	rpc->connected = false;
	hki_list_remove(&rpc->link);
	hki_loop_leave(&rpc->member);
	hki_ipc_upper_leave(&rpc->upper);
	hki_calls_silence(rpc);
	hki_requests_orphan(rpc, false);
	guest_leaves(rpc);
	hki_rpc_waiting_free_all(rpc);
	hk_timer_free(rpc->retire);
	rpc->retire = NULL;
	hk_ipc_free(rpc->ipc);
	rpc->ipc = NULL;
	rpc->deferred.fn = release;
	hki_loop_defer(rpc->loop, &rpc->deferred);
}

void hk_ipc_rpc_close(hk_ipc_rpc *rpc, uint64_t limit_ns)
{
	if (rpc == NULL || hki_rpc_usable(rpc) < 0)
		return;
	rpc->closing = true;
	hk_ipc_close(rpc->ipc, limit_ns);
}

/* ---- dialing ---- */

static void rpc_freep(hk_ipc_rpc **rpc)
{
	hk_ipc_rpc_free(*rpc);
}

/* A conversation that has no connection yet. */
static int prepare(hk_ipc_rpc **out, hk_ipc_opts *connection, hk_loop *loop,
    const hk_ipc_rpc_opts *given)
{
	hki_rpc_shared *shared;
	hk_ipc_rpc_opts opts;
	int r;

	if (loop == NULL)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r == 0)
		r = hki_rpc_opts_read(&opts, connection, given);
	if (r == 0)
		r = hki_rpc_shared_new(&shared);
	if (r < 0)
		return r;
	r = hki_rpc_new(out, loop, &opts, connection, shared);
	hki_rpc_shared_unref(shared);
	if (r < 0)
		return r;
	(*out)->upper.on_cleanup = on_cleanup;
	return hki_ipc_upper_join(&(*out)->upper, loop);
}

int hk_ipc_rpc_dial(hk_ipc_rpc **out, hk_loop *loop, const char *url,
    const hk_ipc_rpc_opts *opts, hk_error_list *errors)
{
	hki_cleanup(rpc_freep) hk_ipc_rpc *rpc = NULL;
	hk_ipc_opts connection;
	hk_ipc *ipc;
	int r = prepare(&rpc, &connection, loop, opts);

	if (r == 0)
		r = hk_ipc_dial(&ipc, loop, url, &connection, errors);
	if (r < 0)
		return r;
	hki_rpc_attach(rpc, ipc);
	*out = hki_take(rpc);
	return 0;
}

int hk_ipc_rpc_adopt(hk_ipc_rpc **out, hk_loop *loop, int fd, const hk_ipc_rpc_opts *opts)
{
	hki_cleanup(rpc_freep) hk_ipc_rpc *rpc = NULL;
	hk_ipc_opts connection;
	hk_ipc *ipc;
	int r = prepare(&rpc, &connection, loop, opts);

	if (r < 0)
		return r;
	connection.on_end = on_end;
	r = hk_ipc_adopt(&ipc, loop, fd, &connection);
	if (r < 0)
		return r;
	hki_rpc_attach(rpc, ipc);
	*out = hki_take(rpc);
	return 0;
}

/* ---- accepting ---- */

static void on_accept(hk_ipc *ipc, void *user)
{
	hk_ipc_rpc_server *server = user;
	hk_ipc_rpc *rpc;

	if (hki_rpc_new(&rpc, server->loop, &server->opts, &server->connection,
		server->shared) < 0) {
		hk_ipc_free(ipc);
		return;
	}
	rpc->server = server;
	hki_list_append(&server->rpcs, &rpc->link);
	hki_rpc_attach(rpc, ipc);
	if (server->on_accept != NULL)
		server->on_accept(server, rpc);
	if (!rpc->freed)
		on_connect(ipc, NULL);
}

void hki_rpc_server_callbacks(hk_ipc_rpc_server *server)
{
	server->connection.on_connect = on_accept;
	server->connection.on_end = on_end;
	server->connection.on_retry = NULL;
	server->connection.user = server;
}

/* ---- asking ---- */

hk_ipc *hk_ipc_rpc_connection(const hk_ipc_rpc *rpc)
{
	return rpc->over ? NULL : rpc->ipc;
}

void hk_ipc_rpc_set_data(hk_ipc_rpc *rpc, void *data)
{
	rpc->data = data;
}

void *hk_ipc_rpc_get_data(const hk_ipc_rpc *rpc)
{
	return rpc->data;
}

static uint64_t count_of(const hki_list *list)
{
	uint64_t count = 0;

	for (const hki_list *link = list->next; link != list; link = link->next)
		count++;
	return count;
}

int hk_ipc_rpc_stats_read(const hk_ipc_rpc *rpc, hk_ipc_rpc_stats *out)
{
	hk_ipc_rpc_stats stats = { .size = sizeof(stats) };
	size_t size;

	if (rpc == NULL || out == NULL || out->size < sizeof(out->size))
		return -EINVAL;
	stats.calls = rpc->counts.calls;
	stats.calls_answered = rpc->counts.answered;
	stats.calls_failed = rpc->counts.failed;
	stats.calls_timed_out = rpc->counts.timed_out;
	stats.calls_cancelled = rpc->counts.cancelled;
	stats.calls_reset = rpc->counts.reset;
	stats.calls_freed = rpc->counts.freed;
	stats.calls_pending = count_of(&rpc->pending) + count_of(&rpc->ending);
	stats.answers_late = rpc->counts.late;
	stats.requests = rpc->counts.requests;
	stats.requests_pending = rpc->requests_count;
	stats.refused = rpc->counts.refused;
	stats.invalid = rpc->counts.invalid;
	stats.dropped = rpc->counts.dropped;
	size = out->size < sizeof(stats) ? out->size : sizeof(stats);
	stats.size = out->size;
	memcpy(out, &stats, size);
	return 0;
}
