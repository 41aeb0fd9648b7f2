#include "service/health_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"

/*
 * A connection, made without waiting.  A name that is no address is looked up
 * on another thread.  A connection to ourselves is no success: on loopback, a
 * client that connects to a port of the ephemeral range where nobody listens
 * is sometimes given that very port and then talks to itself.
 */

void hki_health_disconnect(hki_health *health)
{
	hki_health_net *net = &health->net;

	hk_watch_free(net->watch);
	net->watch = NULL;
	hki_closep(&net->fd);
	net->fd = -1;
	if (net->lookup != NULL)
		hki_offload_cancel(hki_take(net->lookup));
	hki_free(net->request);
	net->request = NULL;
}

static bool is_talking_to_itself(int fd)
{
	struct sockaddr_storage here, there;
	socklen_t here_length = sizeof(here);
	socklen_t there_length = sizeof(there);

	if (getsockname(fd, (struct sockaddr *) &here, &here_length) < 0 ||
	    getpeername(fd, (struct sockaddr *) &there, &there_length) < 0)
		return false;
	return here_length == there_length && memcmp(&here, &there, here_length) == 0;
}

static int try_address(hki_health *health);

static void on_writable(hk_watch *watch, unsigned int events, void *user)
{
	hki_health *health = user;
	hki_health_net *net = &health->net;
	socklen_t length = sizeof(int);
	int error = 0;

	(void) watch;
	(void) events;
	if (getsockopt(net->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error == 0 && is_talking_to_itself(net->fd))
		error = ECONNREFUSED;
	if (error == 0) {
		net->connected(health);
		return;
	}
	hk_watch_free(hki_take(net->watch));
	hki_closep(&net->fd);
	net->fd = -1;
	net->attempt++;
	if (try_address(health) < 0)
		hki_health_failed(health, "connect", -error);
}

static int open_connection(
    hki_health *health, const struct sockaddr_storage *address, socklen_t length)
{
	hki_health_net *net = &health->net;

	net->fd =
	    socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (net->fd < 0)
		return -errno;
	/* A refusal may come at once; the watch then tells it as it tells a later one. */
	if (connect(net->fd, (const struct sockaddr *) address, length) < 0 &&
	    errno != EINPROGRESS) {
		int error = -errno;

		hki_closep(&net->fd);
		net->fd = -1;
		return error;
	}
	return hk_watch_start(
	    &net->watch, health->opts.loop, net->fd, HK_WRITABLE, on_writable, health);
}

/* ---- names ---- */

struct lookup {
	hki_endpoint endpoint;
	hki_health *health; /* NULL once the check was given up */
	struct sockaddr_storage address;
};

static int look_up(void *user)
{
	struct lookup *lookup = user;

	return hki_endpoint_lookup(&lookup->address, &lookup->endpoint);
}

static void looked_up(hki_offload_job *job, int result, void *user)
{
	struct lookup *lookup = user;
	hki_health *health = lookup->health;

	(void) job;
	/* Cancelling is how a check is given up, and health is gone then. */
	if (result == -ECANCELED)
		return;
	health->net.lookup = NULL;
	if (result > 0)
		result = open_connection(health, &lookup->address, (socklen_t) result);
	if (result < 0)
		hki_health_failed(health, health->net.endpoint.host, result);
}

static int begin_lookup(hki_health *health)
{
	hki_offload_opts opts = { 0 };
	struct lookup *lookup;
	int r;

	if (health->opts.offload == NULL)
		return -EHOSTUNREACH;
	lookup = hki_zalloc(sizeof(*lookup));
	if (lookup == NULL)
		return -ENOMEM;
	lookup->endpoint = health->net.endpoint;
	lookup->health = health;
	opts.resource = lookup->endpoint.host;
	opts.deadline_ns = health->opts.rules->timeout_ns;
	opts.work = look_up;
	opts.done = looked_up;
	opts.free = hki_free;
	opts.user = lookup;
	r = hki_offload_submit(&health->net.lookup, health->opts.offload, &opts);
	if (r < 0)
		hki_free(lookup);
	return r;
}

static int try_address(hki_health *health)
{
	struct sockaddr_storage address;
	int r = -ECONNREFUSED;

	for (;; health->net.attempt++) {
		int length = hki_endpoint_address(
		    &address, &health->net.endpoint, health->net.attempt);

		if (length == 0)
			return begin_lookup(health);
		if (length < 0)
			return r;
		r = open_connection(health, &address, (socklen_t) length);
		if (r == 0)
			return 0;
	}
}

int hki_health_connect(hki_health *health)
{
	hki_health_disconnect(health);
	health->net.attempt = 0;
	return try_address(health);
}

/* ---- the check ---- */

static void connected(hki_health *health)
{
	hki_health_result(health, true, "");
}

static int begin(hki_health *health)
{
	int r =
	    hki_endpoint_parse(&health->net.endpoint, health->opts.rules->target, false);

	if (r < 0)
		return r;
	health->net.connected = connected;
	return hki_health_connect(health);
}

const hki_health_kind hki_health_tcp = { begin, hki_health_disconnect, false };
