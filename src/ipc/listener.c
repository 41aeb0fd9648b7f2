#include "ipc/ipc_internal.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/cleanup.h"

/*
 * Accepting.
 *
 * A listening socket whose connection cannot be accepted for want of descriptors stays
 * readable, so a loop that only tried again would spin.  We wait instead, longer each
 * time up to a tenth of a second, and let those wait who wait; if there is still no
 * descriptor then, one that was held in reserve is given up to accept them and turn them
 * away, a bounded number a time, each of them counted.
 */

/* Accepted at a time, so that a storm leaves room for everything else. */
#define ACCEPTS_MAX 64
/* Turned away at a time: with the longest pause less than 1 % of a processor. */
#define REJECTS_MAX  64
#define PAUSE_MIN_NS (10 * HKI_NS_PER_MS)
#define PAUSE_MAX_NS (100 * HKI_NS_PER_MS)

static void hold_reserve(hk_ipc_server *server)
{
	if (server->reserve_fd < 0)
		server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void pause_for(hk_ipc_server *server, uint64_t pause_ns);

static void set_watches(hk_ipc_server *server, bool on)
{
	bool failed = false;

	if (on == !server->paused)
		return;
	for (size_t i = 0; i < server->listener_count; i++)
		failed |=
		    hk_watch_set(server->listeners[i].watch, on ? HK_READABLE : 0) < 0;
	if (on && failed) { /* no memory in the kernel: once more, later */
		pause_for(server, PAUSE_MAX_NS);
		return;
	}
	server->paused = !on;
	server->pauses += !on;
}

static bool is_full(const hk_ipc_server *server)
{
	return server->connection_count >= server->settings->opts.connections_max;
}

/* ---- no descriptors ---- */

static void turn_away(hk_ipc_server *server, int listener)
{
	for (int i = 0; i < REJECTS_MAX; i++) {
		int fd;

		if (server->reserve_fd >= 0)
			hki_closep(&server->reserve_fd);
		server->reserve_fd = -1;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			break;
		server->rejected++;
		(void) close(fd);
	}
	hold_reserve(server);
}

static void on_retry(hk_timer *timer, void *user)
{
	hk_ipc_server *server = user;

	(void) timer;
	if (!is_full(server))
		set_watches(server, true);
}

static void pause_for(hk_ipc_server *server, uint64_t pause_ns)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	if (server->retry != NULL) {
		hk_timer_set(server->retry, pause_ns, 0);
	} else {
		opts.after_ns = pause_ns;
		opts.fn = on_retry;
		opts.user = server;
		if (hk_timer_start(&server->retry, server->domain->loop, &opts) < 0)
			return; /* no memory for a pause: the next turn tries again */
	}
	set_watches(server, false);
}

static void starve(hk_ipc_server *server, int listener)
{
	if (server->pause_ns == 0)
		server->pause_ns = PAUSE_MIN_NS;
	else
		turn_away(server, listener);
	pause_for(server, server->pause_ns);
	server->pause_ns *= 2;
	if (server->pause_ns > PAUSE_MAX_NS)
		server->pause_ns = PAUSE_MAX_NS;
}

/* ---- accepting ---- */

static void admit(hk_ipc_server *server, int fd)
{
	hk_ipc *ipc = NULL;
	int r = hki_ipc_new(&ipc, server->domain, server->settings);

	if (r < 0) {
		(void) close(fd);
		server->rejected++;
		return;
	}
	ipc->server = server;
	hki_list_append(&server->connections, &ipc->node);
	server->connection_count++;
	r = hki_ipc_open(ipc, fd);
	if (r < 0) {
		(void) close(fd);
		server->rejected++;
		hk_ipc_free(ipc);
		return;
	}
	server->accepted++;
	hki_ipc_tell_connected(ipc);
}

/* What accept4() can fail with because of the connection, not because of us. */
static bool is_of_connection(int error)
{
	switch (error) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETUNREACH:
	case ENONET:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

static void accept_one(hk_ipc_server *server, const hki_ipc_listener *listener, int fd)
{
	server->pause_ns = 0;
	if (listener->is_unix && hki_ipc_peer_check(fd, server->settings) < 0) {
		server->refused++;
		(void) close(fd);
		return;
	}
	admit(server, fd);
}

static void on_ready(hk_watch *watch, unsigned int events, void *user)
{
	hki_ipc_listener *listener = user;
	hk_ipc_server *server = listener->server;

	(void) watch;
	(void) events;
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		int fd;

		if (server->freed || server->draining || server->paused)
			return;
		if (is_full(server)) {
			set_watches(server, false);
			return;
		}
		fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			accept_one(server, listener, fd);
		} else if (errno == EAGAIN) {
			return;
		} else if (!is_of_connection(errno)) {
			starve(server, listener->fd);
			return;
		}
	}
}

void hki_ipc_listeners_room(hk_ipc_server *server)
{
	if (server->paused && !server->draining && !is_full(server))
		set_watches(server, true);
}

static bool is_unix(int fd)
{
	int domain = 0;
	socklen_t length = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
	       domain == AF_UNIX;
}

int hki_ipc_listeners_start(hk_ipc_server *server, const int *fds, size_t count)
{
	server->listeners = hki_zalloc_array(count, sizeof(*server->listeners));
	if (server->listeners == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		hki_ipc_listener *listener = &server->listeners[i];
		int r;

		listener->server = server;
		listener->fd = -1;
		listener->is_unix = is_unix(fds[i]);
		r = hk_watch_start(&listener->watch, server->domain->loop, fds[i],
		    HK_READABLE, on_ready, listener);
		if (r < 0)
			return r;
		server->listener_count++;
	}
	/* Only now that nothing can fail are they ours. */
	for (size_t i = 0; i < count; i++)
		server->listeners[i].fd = fds[i];
	hold_reserve(server);
	return 0;
}

void hki_ipc_listeners_stop(hk_ipc_server *server)
{
	bool ours = hki_loop_check(server->domain->loop) == 0; /* no forked child */

	hk_timer_free(server->retry);
	server->retry = NULL;
	for (size_t i = 0; i < server->listener_count; i++) {
		hk_watch_free(server->listeners[i].watch);
		if (ours)
			hki_closep(&server->listeners[i].fd);
	}
	server->listener_count = 0;
	if (ours)
		hki_closep(&server->reserve_fd);
	server->reserve_fd = -1;
}
