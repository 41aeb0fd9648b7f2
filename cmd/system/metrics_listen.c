/*
 * Where scrapers connect.  The socket is opened here, before the program that
 * serves it is started, so that a port that is taken or not allowed is one clear
 * sentence.  Metrics tell much about a machine: nobody else's machine can reach
 * them unless the command line says so.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "metrics.h"

enum { HOST_MAX = 256, PORT_MAX = 6, BACKLOG = 512 };

typedef struct listen_place {
	char host[HOST_MAX]; /* "" is every address */
	char port[PORT_MAX];
} listen_place;

static int read_port(listen_place *out, const char *text)
{
	size_t length = strspn(text, "0123456789");
	long number = 0;

	if (length == 0 || length >= PORT_MAX || text[length] != '\0')
		return HK_EPARSE;
	for (size_t i = 0; i < length; i++)
		number = number * 10 + (text[i] - '0');
	if (number > UINT16_MAX)
		return HK_EPARSE;
	memcpy(out->port, text, length + 1);
	return 0;
}

static int read_host(listen_place *out, const char *text, size_t length)
{
	if (length >= HOST_MAX)
		return HK_EPARSE;
	if (length == 0) {
		strcpy(out->host, "127.0.0.1");
		return 0;
	}
	if (length == 1 && *text == '*') {
		out->host[0] = '\0';
		return 0;
	}
	memcpy(out->host, text, length);
	out->host[length] = '\0';
	return 0;
}

static int read_place(listen_place *out, const char *text)
{
	const char *colon = strrchr(text, ':');
	int r;

	if (colon == NULL) {
		r = read_host(out, "", 0);
		return r < 0 ? r : read_port(out, text);
	}
	if (text[0] == '[') {
		if (colon[-1] != ']' || colon - text < 3)
			return HK_EPARSE;
		r = read_host(out, text + 1, (size_t) (colon - text) - 2);
	} else if (memchr(text, ':', (size_t) (colon - text)) != NULL) {
		return HK_EPARSE; /* IPv6 needs brackets */
	} else {
		r = read_host(out, text, (size_t) (colon - text));
	}
	return r < 0 ? r : read_port(out, colon + 1);
}

static int open_socket(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int on = 1, off = 0, error;

	if (fd < 0)
		return -errno;
	(void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ai_family == AF_INET6)
		(void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	error = -errno;
	(void) close(fd);
	return error;
}

/* The address the socket has got, with the port that was chosen for port 0. */
static void write_url(char out[METRICS_URL_MAX], int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	char host[HOST_MAX], port[PORT_MAX];
	bool bare;

	out[0] = '\0';
	if (getsockname(fd, (struct sockaddr *) &address, &size) < 0 ||
	    getnameinfo((struct sockaddr *) &address, size, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	bare = address.ss_family != AF_INET6;
	(void) snprintf(out, METRICS_URL_MAX, "http://%s%.64s%s:%s/metrics",
	    bare ? "" : "[", host, bare ? "" : "]", port);
}

/* The first of the addresses that can be had; what the last failed with otherwise. */
static int open_first(const struct addrinfo *addresses)
{
	int fd = -EADDRNOTAVAIL;

	for (; addresses != NULL && fd < 0; addresses = addresses->ai_next)
		fd = open_socket(addresses);
	return fd;
}

int metrics_listen(const char *address, char out_url[METRICS_URL_MAX])
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *addresses;
	listen_place place;
	int r = read_place(&place, address);
	int fd;

	if (r < 0)
		return r;
	r = getaddrinfo(
	    place.host[0] == '\0' ? NULL : place.host, place.port, &hints, &addresses);
	if (r != 0)
		return r == EAI_SYSTEM ? -errno : -EADDRNOTAVAIL;
	fd = open_first(addresses);
	freeaddrinfo(addresses);
	if (fd >= 0)
		write_url(out_url, fd);
	return fd;
}
