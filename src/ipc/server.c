#include "ipc/ipc_internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "ipc/listen_sockets.h"
#include "ipc/socket_address.h"

/*
 * A server: the sockets it listens at, the connections that came, and its end.  It owns
 * its connections; they are linked here as long as they are not freed.
 */

/* A URL of ours: "unix:" and a path, or less. */
#define URL_MAX 4200

/* What opening gave: descriptors, of which none is the server's yet. */
struct opened {
	int *fds; /* points to own, or is from the heap */
	int own[HKI_TCP_SOCKETS_MAX];
	size_t count;
	hki_ipc_place *place;
	bool adopted; /* the caller's, so not ours to close when we fail */
};

static void opened_deinit(struct opened *opened)
{
	for (size_t i = 0; i < opened->count && !opened->adopted; i++)
		(void) close(opened->fds[i]);
	hki_ipc_place_remove(opened->place);
	hki_ipc_place_free(opened->place, true);
	if (opened->fds != opened->own)
		hki_free(opened->fds);
}

/* ---- opening, by scheme ---- */

static int check_listening(int fd, hk_error_list *errors)
{
	int listening = 0;
	int type = 0;
	socklen_t length = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) < 0)
		return hki_error_report_step(
		    errors, -errno, "listen", "descriptor %d is no socket", fd);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0)
		return -errno;
	if (type != SOCK_STREAM || !listening)
		return hki_error_report_step(errors, -EINVAL, "listen",
		    "descriptor %d is no stream socket that listens", fd);
	return 0;
}

static int prepare_adopted(struct opened *opened, hk_error_list *errors)
{
	opened->adopted = true;
	for (size_t i = 0; i < opened->count; i++) {
		int r = check_listening(opened->fds[i], errors);

		if (r < 0)
			return r;
		if (fcntl(opened->fds[i], F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
		r = hki_ipc_set_nonblocking(opened->fds[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_activated(
    struct opened *opened, const hki_ipc_url *url, hk_error_list *errors)
{
	int *fds = NULL;
	int count = hki_activation_find(&fds, url->name, url->name_length, errors);

	if (count < 0)
		return count;
	opened->fds = fds;
	opened->count = (size_t) count;
	return prepare_adopted(opened, errors);
}

static int open_counted(struct opened *opened, int result)
{
	if (result < 0)
		return result;
	opened->count = (size_t) result;
	return 0;
}

static int open_sockets(struct opened *opened, const hki_ipc_url *url,
    const hk_ipc_opts *opts, hk_error_list *errors)
{
	int backlog = opts->backlog > INT32_MAX ? INT32_MAX : (int) opts->backlog;
	int r;

	switch (url->scheme) {
	case HKI_IPC_UNIX:
		r = hki_unix_listen(&opened->place, &opened->own[0], url->name,
		    opts->mode, backlog, errors);
		return open_counted(opened, r < 0 ? r : 1);
	case HKI_IPC_ABSTRACT:
		r = hki_abstract_listen(url, backlog, errors);
		opened->own[0] = r;
		return open_counted(opened, r < 0 ? r : 1);
	case HKI_IPC_TCP:
		return open_counted(
		    opened, hki_tcp_listen(opened->own, url, backlog, errors));
	case HKI_IPC_FD:
		opened->own[0] = url->fd;
		opened->count = 1;
		return prepare_adopted(opened, errors);
	case HKI_IPC_ACTIVATION:
		return open_activated(opened, url, errors);
	default:
		return hki_error_report_step(errors, -EPROTONOSUPPORT, "listen",
		    "%s: has no connections; unix, tcp, fd and activation have",
		    hki_ipc_scheme_name(url->scheme));
	}
}

/* ---- birth ---- */

static int check_rules(
    const hki_ipc_url *url, const hk_ipc_opts *opts, hk_error_list *errors)
{
	if (url->scheme == HKI_IPC_TCP && opts->allow_count > 0)
		return hki_error_report_step(errors, -EINVAL, "options",
		    "allow has rules, and nobody vouches for a tcp: peer");
	return 0;
}

/* The URL to dial, from what was written and what the system made of it. */
static char *url_of(const hki_ipc_url *url, const char *text, int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char named[URL_MAX];

	if (url->scheme == HKI_IPC_UNIX || url->scheme == HKI_IPC_ABSTRACT)
		return hki_strdup(text);
	if (getsockname(fd, (struct sockaddr *) &address, &length) < 0)
		return hki_strdup(text);
	if (url->scheme == HKI_IPC_TCP &&
	    (url->host == HKI_IPC_HOST_LOOPBACK || url->host == HKI_IPC_HOST_ANY))
		return hki_format("tcp:localhost:%u", hki_socket_port(&address));
	(void) hki_socket_url(&address, length, "tcp", named, sizeof(named));
	return hki_strdup(named[0] != '\0' ? named : text);
}

static void release(hk_ipc_server *server)
{
	hki_ipc_settings_unref(server->settings);
	hki_free(server->listeners);
	hki_free(server->url);
	hki_free(server);
}

static void on_later(hki_loop_deferred *deferred)
{
	hk_ipc_server *server = hki_list_entry(deferred, hk_ipc_server, later);

	if (server->freed) {
		release(server);
		return;
	}
	if (!server->draining || server->connection_count > 0 || server->drained)
		return;
	server->drained = true;
	hki_loop_release(server->domain->loop);
	if (server->on_drained != NULL)
		server->on_drained(
		    server, server->cut ? -ETIMEDOUT : 0, server->drained_user);
}

static int new_server(
    hk_ipc_server **out, hki_ipc_domain *domain, hki_ipc_settings *settings, char *url)
{
	hk_ipc_server *server = url == NULL ? NULL : hki_zalloc(sizeof(*server));

	if (server == NULL) {
		hki_free(url);
		return -ENOMEM;
	}
	server->domain = domain;
	server->settings = hki_ipc_settings_ref(settings);
	server->url = url;
	server->reserve_fd = -1;
	server->later.fn = on_later;
	hki_list_init(&server->later.node);
	hki_list_init(&server->connections);
	hki_list_append(&domain->servers, &server->node);
	*out = server;
	return 0;
}

static void settings_unrefp(hki_ipc_settings **settings)
{
	hki_ipc_settings_unref(*settings);
}

int hk_ipc_listen(hk_ipc_server **out, hk_loop *loop, const char *text,
    const hk_ipc_opts *opts, hk_error_list *errors)
{
	hki_cleanup(settings_unrefp) hki_ipc_settings *settings = NULL;
	hki_cleanup(opened_deinit) struct opened opened = { .count = 0 };
	hki_ipc_domain *domain;
	hk_ipc_server *server = NULL;
	hki_ipc_url url;
	int r;

	opened.fds = opened.own;
	if ((r = hki_ipc_domain_get(&domain, loop)) < 0 ||
	    (r = hki_ipc_url_parse(&url, text, errors)) < 0 ||
	    (r = hki_ipc_settings_new(&settings, opts, errors)) < 0 ||
	    (r = check_rules(&url, &settings->opts, errors)) < 0 ||
	    (r = open_sockets(&opened, &url, &settings->opts, errors)) < 0 ||
	    (r = new_server(
		 &server, domain, settings, url_of(&url, text, opened.fds[0]))) < 0)
		return r;
	r = hki_ipc_listeners_start(server, opened.fds, opened.count);
	if (r < 0) {
		hk_ipc_server_free(server);
		return r;
	}
	server->place = hki_take(opened.place);
	opened.count = 0;
	*out = server;
	return 0;
}

/* ---- end ---- */

static void leave_place(hk_ipc_server *server)
{
	bool ours = hki_loop_check(server->domain->loop) == 0; /* no forked child */

	if (ours)
		hki_ipc_place_remove(server->place);
	hki_ipc_place_free(server->place, ours);
	server->place = NULL;
}

void hki_ipc_server_abandon(hk_ipc_server *server)
{
	hki_list *node;

	if (server->domain == NULL)
		return;
	if (server->draining && !server->drained)
		hki_loop_release(server->domain->loop);
	server->drained = true;
	leave_place(server);
	hki_ipc_listeners_stop(server);
	while ((node = hki_list_pop(&server->connections)) != NULL)
		hk_ipc_free(hki_list_entry(node, hk_ipc, node));
	hki_list_remove(&server->node);
	hki_list_remove(&server->later.node);
	server->domain = NULL;
}

void hk_ipc_server_free(hk_ipc_server *server)
{
	hk_loop *loop;

	if (server == NULL || server->freed)
		return;
	server->freed = true;
	loop = server->domain == NULL ? NULL : server->domain->loop;
	hki_ipc_server_abandon(server);
	hki_loop_defer(loop, &server->later);
}

void hki_ipc_server_leave(hk_ipc_server *server, hk_ipc *ipc)
{
	hki_list_remove(&ipc->node);
	ipc->server = NULL;
	server->queued_bytes -= ipc->charged;
	ipc->charged = 0;
	server->connection_count--;
	if (server->freed || server->domain == NULL)
		return;
	if (server->draining && server->connection_count == 0)
		hki_loop_defer_later(server->domain->loop, &server->later);
	else
		hki_ipc_listeners_room(server);
}

int hk_ipc_server_drain(
    hk_ipc_server *server, uint64_t limit_ns, hk_ipc_server_fn fn, void *user)
{
	void (*retire)(hk_ipc * ipc, uint64_t limit_ns) =
	    server->retire != NULL ? server->retire : hk_ipc_close;
	hki_list *node;
	int r =
	    server->domain == NULL ? HK_ECLOSED : hki_loop_check(server->domain->loop);

	if (r < 0)
		return r;
	if (server->draining)
		return -EALREADY;
	server->draining = true;
	server->on_drained = fn;
	server->drained_user = user;
	hki_loop_hold(server->domain->loop);
	leave_place(server);
	hki_ipc_listeners_stop(server);
	for (node = hki_ipc_behind(&server->connections, NULL); node != NULL;
	     node = hki_ipc_behind(&server->connections, node))
		retire(hki_list_entry(node, hk_ipc, node), limit_ns);
	if (server->connection_count == 0)
		hki_loop_defer_later(server->domain->loop, &server->later);
	return 0;
}

/* ---- queries ---- */

const char *hk_ipc_server_url(const hk_ipc_server *server)
{
	return server->url;
}

size_t hk_ipc_server_count(const hk_ipc_server *server)
{
	return server->connection_count;
}

hk_ipc *hk_ipc_server_next(const hk_ipc_server *server, const hk_ipc *previous)
{
	hki_list *node = hki_ipc_behind(
	    &server->connections, previous == NULL ? NULL : &previous->node);

	return node == NULL ? NULL : hki_list_entry(node, hk_ipc, node);
}

int hk_ipc_server_stats_read(const hk_ipc_server *server, hk_ipc_server_stats *out)
{
	hk_ipc_server_stats stats = { .connections = server->connection_count,
		.accepted = server->accepted,
		.refused = server->refused,
		.rejected = server->rejected,
		.pauses = server->pauses,
		.failed = server->failed,
		.queued_bytes = server->queued_bytes,
		.total_overflows = server->total_overflows };

	if (out == NULL || out->size < offsetof(hk_ipc_server_stats, queued_bytes))
		return -EINVAL;
	stats.size = out->size;
	memcpy(out, &stats, out->size < sizeof(stats) ? out->size : sizeof(stats));
	return 0;
}
