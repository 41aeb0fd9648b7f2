/*
 * Chapter: messages.
 *
 * A burst of a thousand messages in one write, which a reader that parses each read
 * loses; a subscriber that never reads, with the books kept to the last message;
 * calls that end once each whatever happens; and a Node program as a child.  All of
 * it over real sockets, in a folder of its own.
 */
#include "tour.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/ipc.h>
#include <hostkit/ipc_broker.h>
#include <hostkit/ipc_pubsub.h>
#include <hostkit/ipc_rpc.h>
#include <hostkit/json.h>
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define PATIENCE_MS 10000

struct scene {
	struct tour *tour;
	hk_loop *loop;
	char folder[64];
	char path[80];
	char url[96];
};

/* A turn that only a failure makes wait for long. */
static bool turn(struct scene *scene, uint64_t until_ns)
{
	return hki_clock_monotonic_ns() < until_ns &&
	       hk_loop_run_once(scene->loop, 100) >= 0;
}

static uint64_t patience(void)
{
	return hki_clock_monotonic_ns() + PATIENCE_MS * HKI_NS_PER_MS;
}

/* A program of the old kind, that knows nothing but sockets; -1 on failure. */
static int stranger(const struct scene *scene)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->path);
	if (fd >= 0 && connect(fd, (const void *) &address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		(void) close(fd);
	return -1;
}

/* ---- a burst ---- */

#define BURST 1000

struct burst {
	unsigned int arrived;
	unsigned int misplaced;
};

static void on_message(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	struct burst *burst = user;
	char wanted[32];

	(void) ipc;
	(void) snprintf(wanted, sizeof(wanted), "{\"n\":%u}", burst->arrived);
	if (message->length != strlen(wanted) ||
	    memcmp(message->data, wanted, message->length) != 0)
		burst->misplaced++;
	burst->arrived++;
}

static int burst_text(hki_buffer *out)
{
	int r = 0;

	for (int i = 0; i < BURST && r == 0; i++)
		r = hki_buffer_append_format(out, "{\"n\":%d}\n", i);
	return r;
}

/* What becomes of it where each read is taken for a message. */
static unsigned int parse_each_read(const hki_buffer *text)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer piece = HKI_BUFFER_INIT;
	hk_json_document *document = NULL;
	unsigned int parsed = 0;
	int pair[2];
	ssize_t got;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	if (hk_json_document_new(&document, NULL) == 0 &&
	    hki_buffer_reserve(&piece, 65536) == 0 &&
	    write(pair[0], text->data, text->length) == (ssize_t) text->length) {
		(void) shutdown(pair[0], SHUT_WR);
		while ((got = read(pair[1], piece.data, 65536)) > 0)
			parsed += hk_json_parse(document, piece.data, (size_t) got) == 0;
	}
	hk_json_document_free(document);
	(void) close(pair[0]);
	(void) close(pair[1]);
	return parsed;
}

static void show_burst(struct scene *scene)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	struct burst burst = { 0, 0 };
	uint64_t until_ns = patience();
	hk_ipc_server *server = NULL;
	int fd;
	int r;

	tour_step(scene->tour, "Send %d messages in a single write.", BURST);
	opts.on_message = on_message;
	opts.user = &burst;
	r = burst_text(&text);
	if (r == 0)
		r = hk_ipc_listen(&server, scene->loop, scene->url, &opts, NULL);
	if (r < 0) {
		tour_broken(scene->tour, "a server can listen", r);
		return;
	}
	fd = stranger(scene);
	if (fd < 0 || write(fd, text.data, text.length) != (ssize_t) text.length)
		tour_broken(scene->tour, "a client can write", -errno);
	while (burst.arrived < BURST && turn(scene, until_ns))
		;
	tour_saw(scene->tour, "%zu bytes went out at once", text.length);
	tour_wrong(scene->tour, "JSON.parse for each read understands %u of %d",
	    parse_each_read(&text), BURST);
	tour_check(scene->tour, burst.arrived == BURST && burst.misplaced == 0,
	    "every message arrives, whole and in order", "%u arrived, %u misplaced",
	    burst.arrived, burst.misplaced);
	if (fd >= 0)
		(void) close(fd);
	hk_ipc_server_free(server);
}

/* ---- a slow reader ---- */

#define NEWS       20000
#define NEWS_BYTES 1024

static long resident_kib(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

/* Subscribe as a stranger would, and never read but for the confirmation. */
static int deaf_subscriber(struct scene *scene)
{
	static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sub\","
				   "\"params\":{\"topic\":\"news.>\"}}\n";
	uint64_t until_ns = patience();
	int fd = stranger(scene);
	char answer[128];

	if (fd < 0 || write(fd, text, sizeof(text) - 1) != (ssize_t) sizeof(text) - 1)
		return fd;
	while (
	    recv(fd, answer, sizeof(answer), MSG_DONTWAIT) < 0 && turn(scene, until_ns))
		;
	return fd;
}

static int publish_all(struct scene *scene, hk_ipc_broker *broker)
{
	char data[NEWS_BYTES + 3];
	int r = 0;

	memset(data, 'x', sizeof(data));
	data[0] = data[sizeof(data) - 2] = '"';
	data[sizeof(data) - 1] = '\0';
	for (int i = 0; i < NEWS && r >= 0; i++) {
		r = hk_ipc_broker_publish(broker, "news.flood", data);
		if (r >= 0 && i % 100 == 0)
			r = hk_loop_run_once(scene->loop, 0);
	}
	return r;
}

static void show_slow_reader(struct scene *scene)
{
	hk_ipc_broker_stats stats = { .size = sizeof(stats) };
	hk_ipc_broker *broker = NULL;
	long before_kib;
	long grown_kib;
	size_t waiting;
	int fd;
	int r;

	tour_step(scene->tour, "Publish %d MiB to a subscriber that never reads.",
	    NEWS * NEWS_BYTES >> 20);
	r = hk_ipc_broker_listen(&broker, scene->loop, scene->url, NULL, NULL);
	if (r < 0) {
		tour_broken(scene->tour, "a broker can listen", r);
		return;
	}
	fd = deaf_subscriber(scene);
	before_kib = resident_kib();
	r = publish_all(scene, broker);
	grown_kib = resident_kib() - before_kib;
	if (r < 0 || hk_ipc_broker_stats_read(broker, &stats) < 0)
		tour_broken(scene->tour, "news can be published", r);
	waiting =
	    hk_ipc_queued_bytes(hk_ipc_server_next(hk_ipc_broker_server(broker), NULL));
	tour_saw(scene->tour, "%zu KiB wait for it, memory grew by %ld KiB",
	    waiting / 1024, grown_kib);
	tour_wrong(scene->tour, "write() without looking back keeps all %d MiB",
	    NEWS * NEWS_BYTES >> 20);
	tour_check(scene->tour, waiting <= (1U << 20) && grown_kib < 8 * 1024,
	    "what waits is bounded", "at most 1024 KiB");
	tour_check(scene->tour,
	    stats.published == NEWS && stats.dropped > 0 &&
		stats.delivered + stats.dropped == NEWS,
	    "every message is accounted for",
	    "%" PRIu64 " accepted + %" PRIu64 " dropped = %d", stats.delivered,
	    stats.dropped, NEWS);
	if (fd >= 0)
		(void) close(fd);
	hk_ipc_broker_free(broker);
}

/* ---- calls ---- */

#define CALLS 1000

struct calls {
	unsigned int ended;
	unsigned int twice;
	unsigned int reset;
	unsigned int seen[CALLS];
	hk_ipc_request *kept[CALLS];
	unsigned int kept_count;
	hk_ipc_rpc *accepted;
};

struct one_call {
	struct calls *all;
	unsigned int index;
};

static void on_kept(hk_ipc_request *request, const hk_json *params, void *user)
{
	struct calls *calls = user;

	(void) params;
	calls->accepted = hk_ipc_request_rpc(request);
	if (calls->kept_count < CALLS)
		calls->kept[calls->kept_count++] = request;
	else
		hk_ipc_request_free(request);
}

static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	struct one_call *one = user;
	struct calls *calls = one->all;

	(void) call;
	calls->twice += ++calls->seen[one->index] > 1;
	calls->reset += reply->status == -ECONNRESET;
	calls->ended++;
}

static int call_all(
    struct scene *scene, hk_ipc_rpc *rpc, struct calls *calls, struct one_call *each)
{
	int r = 0;

	for (unsigned int i = 0; i < CALLS && r == 0; i++) {
		each[i] = (struct one_call){ calls, i };
		r = hk_ipc_call_method(rpc, "wait", NULL, on_reply, &each[i]);
		if (r == -EAGAIN) { /* the queue is full: let it leave */
			r = hk_loop_run_once(scene->loop, 0) < 0 ? -EIO : 0;
			i--;
		}
	}
	return r;
}

static void let_go(struct calls *calls)
{
	for (unsigned int i = 0; i < calls->kept_count; i++)
		hk_ipc_request_free(calls->kept[i]);
}

static void show_calls(struct scene *scene)
{
	static struct one_call each[CALLS];
	static struct calls calls;
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_methods *methods = NULL;
	hk_ipc_rpc_server *server = NULL;
	hk_ipc_rpc *rpc = NULL;
	uint64_t until_ns = patience();
	int r;

	memset(&calls, 0, sizeof(calls));
	tour_step(scene->tour, "Make %d calls at once, answer half, and break the line.",
	    CALLS);
	if ((r = hk_ipc_methods_new(&methods)) == 0)
		r = hk_ipc_methods_add(methods, "wait", on_kept, &calls);
	opts.methods = methods;
	if (r == 0)
		r = hk_ipc_rpc_listen(&server, scene->loop, scene->url, &opts, NULL);
	if (r == 0)
		r = hk_ipc_rpc_dial(&rpc, scene->loop, scene->url, NULL, NULL);
	if (r == 0)
		r = call_all(scene, rpc, &calls, each);
	if (r < 0)
		tour_broken(scene->tour, "calls can be made", r);
	while (r == 0 && calls.kept_count < CALLS && turn(scene, until_ns))
		;
	for (unsigned int i = 0; i < CALLS / 2 && calls.kept_count > 0; i++)
		(void) hk_ipc_request_reply(calls.kept[--calls.kept_count], "true");
	while (r == 0 && calls.ended < CALLS / 2 && turn(scene, until_ns))
		;
	hk_ipc_rpc_free(calls.accepted);
	while (r == 0 && calls.ended < CALLS && turn(scene, until_ns))
		;
	tour_wrong(
	    scene->tour, "a promise whose answer never comes stays pending for ever");
	tour_check(scene->tour,
	    calls.ended == CALLS && calls.twice == 0 && calls.reset == CALLS / 2,
	    "each call ends exactly once", "%u ended, %u by the broken line", calls.ended,
	    calls.reset);
	let_go(&calls);
	hk_ipc_rpc_free(rpc);
	hk_ipc_rpc_server_free(server);
	hk_ipc_methods_free(methods);
}

void tour_chapter_messages(struct tour *tour)
{
	struct scene scene = { .tour = tour, .folder = "/tmp/hostkit-tour-XXXXXX" };
	char lock[96];
	int r = hk_loop_new(&scene.loop);

	if (r < 0 || mkdtemp(scene.folder) == NULL) {
		tour_broken(tour, "a loop and a folder can be made", r < 0 ? r : -errno);
		hk_loop_free(scene.loop);
		return;
	}
	(void) snprintf(scene.path, sizeof(scene.path), "%s/socket", scene.folder);
	(void) snprintf(scene.url, sizeof(scene.url), "unix:%s", scene.path);
	show_burst(&scene);
	show_slow_reader(&scene);
	show_calls(&scene);
	tour_node(tour, scene.loop);
	hk_loop_free(scene.loop);
	(void) snprintf(lock, sizeof(lock), "%s.lock", scene.path);
	(void) unlink(lock);
	tour_check(tour, rmdir(scene.folder) == 0, "nothing is left behind",
	    "the folder of the sockets was empty");
}
