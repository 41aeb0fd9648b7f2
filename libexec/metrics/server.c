/*
 * The scrape endpoint.
 *
 * libmicrohttpd speaks HTTP; the waiting is done by an hk_loop that watches its
 * epoll descriptor, so the process has one thread and wakes up only for a scrape.
 * Every scrape samples the machine anew: two scrapers never see one another's
 * state, and what is answered is at most as old as the answer.
 *
 * A stranger may connect and say nothing, so connections are few, small, and end
 * when they take too long or when their place is needed (visitors.c).
 * libmicrohttpd has no call that ends one: shutting its socket down makes
 * libmicrohttpd find it at its end.
 */
#include "server.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <microhttpd.h>
#include "accept.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "visitors.h"

/* Those that have been told to go need a place until they are gone. */
enum { CONNECTIONS_MAX = 4 * VISITORS_KEPT, CONNECTION_MEMORY_BYTES = 32 * 1024 };

struct metrics_server {
	hk_loop *loop;
	struct MHD_Daemon *daemon;
	hk_watch *watch;
	hk_watch *ends;  /* of processes; or NULL */
	hk_timer *timer; /* what libmicrohttpd wants to be asked again for */
	hk_system_exporter *exporter;
	hk_metrics_writer *writer;
	visitors visitors;
};

/* ---- who is connected ---- */

static visitor *visitor_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static void send_away(visitor *one)
{
	(void) shutdown(one->fd, SHUT_RDWR);
}

/* Without memory for it a connection is only bounded by CONNECTIONS_MAX. */
static void *welcome(metrics_server *server, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *socket =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *address =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	visitor *one = NULL, *leaving;

	if (socket == NULL || visitor_add(&one, &server->visitors, socket->connect_fd,
				  address != NULL ? address->client_addr : NULL,
				  hki_clock_monotonic_ns()) < 0)
		return NULL;
	leaving = visitors_crowded_out(&server->visitors);
	if (leaving != NULL)
		send_away(leaving);
	return one;
}

static void connected(void *user, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	metrics_server *server = user;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*context = welcome(server, connection);
	else
		visitor_remove(&server->visitors, *context);
}

static void answered(void *user, struct MHD_Connection *connection, void **request,
    enum MHD_RequestTerminationCode code)
{
	(void) user;
	(void) request;
	(void) code;
	visitor_set(visitor_of(connection), VISITOR_RESTING, hki_clock_monotonic_ns());
}

/* ---- answers ---- */

/* @content is copied. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
    const char *type, const char *content, size_t length)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    length, (void *) (uintptr_t) content, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	(void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void) MHD_add_response_header(
		    response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(
    struct MHD_Connection *connection, unsigned int status, const char *text)
{
	return answer(
	    connection, status, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result answer_metrics(
    metrics_server *server, struct MHD_Connection *connection)
{
	hk_metrics_format format = accept_format(MHD_lookup_connection_value(
	    connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	const char *text;
	size_t length;
	int r;

	hk_metrics_writer_reset(server->writer, format);
	r = hk_system_exporter_write(server->exporter, server->writer);
	if (r == 0)
		r = hk_metrics_finish(server->writer, &text, &length);
	if (r < 0)
		return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "the machine could not be sampled\n");
	return answer(
	    connection, MHD_HTTP_OK, hk_metrics_content_type(format), text, length);
}

static const char front_page[] = "<!doctype html>\n<title>hostkit metrics</title>\n"
				 "<h1>hostkit metrics</h1>\n"
				 "<p><a href=\"/metrics\">/metrics</a></p>\n";

static enum MHD_Result handle(void *user, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *upload,
    size_t *upload_size, void **request)
{
	static int seen;

	(void) version;
	(void) upload;
	/* The first call comes with the head alone; what is uploaded is thrown away. */
	if (*request == NULL) {
		*request = &seen;
		visitor_set(
		    visitor_of(connection), VISITOR_ANSWERED, hki_clock_monotonic_ns());
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "only GET and HEAD are answered\n");
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(user, connection);
	if (strcmp(url, "/") == 0)
		return answer(connection, MHD_HTTP_OK, "text/html; charset=utf-8",
		    front_page, sizeof(front_page) - 1);
	return answer_text(
	    connection, MHD_HTTP_NOT_FOUND, "not found; the metrics are at /metrics\n");
}

/* ---- the loop ---- */

static void expire(metrics_server *server)
{
	uint64_t now_ns = hki_clock_monotonic_ns();
	visitor *one;

	while ((one = visitors_expired(&server->visitors, now_ns)) != NULL)
		send_away(one);
}

/* Let libmicrohttpd work, and come back when it says or when somebody's time is up. */
static void turn(metrics_server *server)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;
	uint64_t wait_ns;

	expire(server);
	(void) MHD_run(server->daemon);
	wait_ns = visitors_wait_ns(&server->visitors, hki_clock_monotonic_ns());
	if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES &&
	    wait_ms < wait_ns / HKI_NS_PER_MS)
		wait_ns = (uint64_t) wait_ms * HKI_NS_PER_MS;
	if (wait_ns != UINT64_MAX)
		hk_timer_set(server->timer, wait_ns, 0);
	else
		hk_timer_stop(server->timer);
}

static void is_readable(hk_watch *watch, unsigned int events, void *user)
{
	(void) watch;
	(void) events;
	turn(user);
}

static void is_due(hk_timer *timer, void *user)
{
	(void) timer;
	turn(user);
}

/* The kernel keeps only so many; a scraper may come seldom.  A failure means that some
 * are lost, which the next scrape tells. */
static void have_ended(hk_watch *watch, unsigned int events, void *user)
{
	metrics_server *server = user;

	(void) watch;
	(void) events;
	(void) hk_system_exporter_drain(server->exporter);
}

static int attach_ends(metrics_server *server)
{
	int fd = hk_system_exporter_exit_fd(server->exporter);

	return fd < 0 ? 0
		      : hk_watch_start(&server->ends, server->loop, fd, HK_READABLE,
			    have_ended, server);
}

static int attach(metrics_server *server)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	hk_timer_opts timer = HK_TIMER_OPTS_INIT;
	int r;

	if (info == NULL)
		return -EOPNOTSUPP;
	timer.fn = is_due;
	timer.user = server;
	r = hk_timer_start(&server->timer, server->loop, &timer);
	if (r == 0)
		r = hk_watch_start(&server->watch, server->loop, info->epoll_fd,
		    HK_READABLE, is_readable, server);
	if (r == 0)
		r = attach_ends(server);
	return r;
}

int server_new(
    metrics_server **out, hk_loop *loop, int listener, hk_system_exporter *exporter)
{
	metrics_server *server = hki_zalloc(sizeof(*server));
	int r = -ENOMEM;

	if (server == NULL)
		return -ENOMEM;
	server->loop = loop;
	server->exporter = exporter;
	r = hk_metrics_writer_new(&server->writer, HK_METRICS_PROMETHEUS);
	if (r == 0) {
		server->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle,
		    server, MHD_OPTION_LISTEN_SOCKET, (MHD_socket) listener,
		    MHD_OPTION_CONNECTION_LIMIT, (unsigned int) CONNECTIONS_MAX,
		    MHD_OPTION_NOTIFY_CONNECTION, connected, server,
		    MHD_OPTION_NOTIFY_COMPLETED, answered, server,
		    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_MEMORY_BYTES,
		    MHD_OPTION_END);
		r = server->daemon == NULL ? -EIO : attach(server);
	}
	if (r < 0) {
		server_free(server);
		return r;
	}
	*out = server;
	return 0;
}

void server_free(metrics_server *server)
{
	if (server == NULL)
		return;
	hk_watch_free(server->ends);
	hk_watch_free(server->watch);
	hk_timer_free(server->timer);
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	hk_metrics_writer_free(server->writer);
	hki_free(server);
}
