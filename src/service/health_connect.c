/*
 * A TCP connection without waiting.
 *
 * Addresses are tried one after the other, as people configure checks for one
 * address nearly always.  Looking a name up may take seconds and cannot be
 * interrupted, so it happens on a thread, which is written off when the try is
 * freed before it comes back.
 */
#include "service/health_connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "loop/offload.h"

/* A name with more addresses than this is a farm; some of them will do. */
#define ADDRESSES_MAX 8

struct addresses {
	struct sockaddr_storage items[ADDRESSES_MAX];
	size_t count;
};

/* What the look-up's thread works on: it may outlive the connection. */
struct lookup {
	hki_endpoint endpoint;
	struct addresses found;
	hki_connect *connect; /* for the loop's thread alone */
};

struct hki_connect {
	hk_loop *loop;
	hki_connect_fn done;
	void *user;
	struct addresses addresses;
	size_t next;
	int error; /* of the last address */
	int fd;
	hk_watch *watch;
	hk_timer *begin; /* so that @done never runs before the start has returned */
	hki_offload *offload;
};

int hki_endpoint_parse(
    hki_endpoint *out, const char *text, size_t length, uint16_t default_port)
{
	const char *end = text + length;
	const char *host = text;
	const char *host_end;
	const char *colon;
	char digits[8];
	uint64_t port = default_port;

	if (length > 0 && text[0] == '[') {
		host++;
		host_end = memchr(text, ']', length);
		if (host_end == NULL)
			return HK_EPARSE;
		colon = host_end + 1;
	} else {
		colon = memchr(text, ':', length);
		host_end = colon == NULL ? end : colon;
		if (colon == NULL)
			colon = end;
	}
	if (host_end == host || (size_t) (host_end - host) >= sizeof(out->host))
		return HK_EPARSE;
	if (colon != end) {
		size_t width = (size_t) (end - colon) - 1;

		if (*colon != ':' || width == 0 || width >= sizeof(digits))
			return HK_EPARSE;
		memcpy(digits, colon + 1, width);
		digits[width] = '\0';
		if (hki_uint64_parse(&port, digits) < 0)
			return HK_EPARSE;
	}
	if (port == 0 || port > UINT16_MAX)
		return HK_EPARSE;
	memcpy(out->host, host, (size_t) (host_end - host));
	out->host[host_end - host] = '\0';
	out->port = (uint16_t) port;
	return 0;
}

/* ---- addresses ---- */

static void add_v4(struct addresses *addresses, struct in_addr address, uint16_t port)
{
	struct sockaddr_in *to =
	    (struct sockaddr_in *) &addresses->items[addresses->count++];

	to->sin_family = AF_INET;
	to->sin_addr = address;
	to->sin_port = htons(port);
}

static void add_v6(struct addresses *addresses, struct in6_addr address, uint16_t port)
{
	struct sockaddr_in6 *to =
	    (struct sockaddr_in6 *) &addresses->items[addresses->count++];

	to->sin6_family = AF_INET6;
	to->sin6_addr = address;
	to->sin6_port = htons(port);
}

/* Without asking anybody: numbers, and the one name that means this machine. */
static void add_known(struct addresses *addresses, const hki_endpoint *endpoint)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcmp(endpoint->host, "localhost") == 0) {
		v4.s_addr = htonl(INADDR_LOOPBACK);
		add_v4(addresses, v4, endpoint->port);
		add_v6(addresses, in6addr_loopback, endpoint->port);
	} else if (inet_pton(AF_INET, endpoint->host, &v4) == 1) {
		add_v4(addresses, v4, endpoint->port);
	} else if (inet_pton(AF_INET6, endpoint->host, &v6) == 1) {
		add_v6(addresses, v6, endpoint->port);
	}
}

static int look_up(void *user)
{
	struct lookup *lookup = user;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list = NULL;

	if (getaddrinfo(lookup->endpoint.host, NULL, &hints, &list) != 0)
		return -EHOSTUNREACH;
	for (struct addrinfo *one = list;
	     one != NULL && lookup->found.count < ADDRESSES_MAX; one = one->ai_next) {
		if (one->ai_family == AF_INET)
			add_v4(&lookup->found,
			    ((struct sockaddr_in *) (void *) one->ai_addr)->sin_addr,
			    lookup->endpoint.port);
		else if (one->ai_family == AF_INET6)
			add_v6(&lookup->found,
			    ((struct sockaddr_in6 *) (void *) one->ai_addr)->sin6_addr,
			    lookup->endpoint.port);
	}
	freeaddrinfo(list);
	return lookup->found.count > 0 ? 0 : -EHOSTUNREACH;
}

/* ---- trying ---- */

static void try_next(hki_connect *self);

static void close_try(hki_connect *self)
{
	hk_watch_free(self->watch);
	self->watch = NULL;
	hki_closep(&self->fd);
	self->fd = -1;
}

static void hand_over(hki_connect *self)
{
	int fd = hki_take_fd(&self->fd);

	hk_watch_free(self->watch);
	self->watch = NULL;
	self->done(fd, self->user);
}

/*
 * A connection to a port of this machine that nobody listens on may get that very
 * port as its own, and then TCP's simultaneous open answers: we talk to ourselves.
 */
static bool is_ourselves(int fd)
{
	struct sockaddr_storage here = { 0 };
	struct sockaddr_storage there = { 0 };
	socklen_t here_length = sizeof(here);
	socklen_t there_length = sizeof(there);

	return getsockname(fd, (struct sockaddr *) &here, &here_length) == 0 &&
	       getpeername(fd, (struct sockaddr *) &there, &there_length) == 0 &&
	       here_length == there_length && memcmp(&here, &there, here_length) == 0;
}

static void on_writable(hk_watch *watch, unsigned int events, void *user)
{
	hki_connect *self = user;
	int error = 0;
	socklen_t length = sizeof(error);

	(void) watch;
	(void) events;
	if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error == 0 && is_ourselves(self->fd))
		error = ECONNREFUSED;
	if (error == 0) {
		hand_over(self);
		return;
	}
	self->error = -error;
	close_try(self);
	try_next(self);
}

static int try_address(hki_connect *self, const struct sockaddr_storage *address)
{
	socklen_t length = address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
							 : sizeof(struct sockaddr_in6);

	self->fd =
	    socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (self->fd < 0)
		return -errno;
	if (connect(self->fd, (const struct sockaddr *) address, length) < 0 &&
	    errno != EINPROGRESS)
		return -errno;
	/* A connection that is there already makes the descriptor writable as well. */
	return hk_watch_start(
	    &self->watch, self->loop, self->fd, HK_WRITABLE, on_writable, self);
}

static void try_next(hki_connect *self)
{
	while (self->next < self->addresses.count) {
		int r = try_address(self, &self->addresses.items[self->next++]);

		if (r >= 0)
			return;
		self->error = r;
		close_try(self);
	}
	self->done(self->error, self->user);
}

/* ---- beginning ---- */

static void on_begin(hk_timer *timer, void *user)
{
	(void) timer;
	try_next(user);
}

static void on_found(hki_offload_job *job, int result, void *user)
{
	struct lookup *lookup = user;
	hki_connect *self = lookup->connect;

	(void) job;
	if (result < 0) {
		self->done(result, self->user);
		return;
	}
	self->addresses = lookup->found;
	try_next(self);
}

static int begin_lookup(hki_connect *self, const hki_endpoint *endpoint)
{
	hki_offload_opts opts = { .resource = endpoint->host,
		.work = look_up,
		.done = on_found,
		.free = hki_free };
	struct lookup *lookup = hki_zalloc(sizeof(*lookup));
	int r;

	if (lookup == NULL)
		return -ENOMEM;
	lookup->endpoint = *endpoint;
	lookup->connect = self;
	opts.user = lookup;
	r = hki_offload_new(&self->offload, self->loop, 1);
	if (r >= 0)
		r = hki_offload_submit(NULL, self->offload, &opts);
	if (r < 0)
		hki_free(lookup);
	return r;
}

static void connect_freep(hki_connect **self)
{
	hki_connect_free(*self);
}

int hki_connect_start(hki_connect **out, hk_loop *loop, const hki_endpoint *endpoint,
    hki_connect_fn done, void *user)
{
	hki_cleanup(connect_freep) hki_connect *self = hki_zalloc(sizeof(*self));
	int r;

	if (self == NULL)
		return -ENOMEM;
	self->loop = loop;
	self->done = done;
	self->user = user;
	self->fd = -1;
	add_known(&self->addresses, endpoint);
	if (self->addresses.count > 0)
		r = hk_timer_after(&self->begin, loop, 0, on_begin, self);
	else
		r = begin_lookup(self, endpoint);
	if (r < 0)
		return r;
	*out = hki_take(self);
	return 0;
}

void hki_connect_free(hki_connect *self)
{
	if (self == NULL)
		return;
	close_try(self);
	hk_timer_free(self->begin);
	hki_offload_free(self->offload);
	hki_free(self);
}
