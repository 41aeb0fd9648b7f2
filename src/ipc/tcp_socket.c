#include "ipc/listen_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/error_list.h"
#include "ipc/socket_address.h"

/*
 * TCP sockets that listen: at this machine's own addresses, IPv4 and IPv6 both, unless
 * another address or * was written.  Both have one port, also when the system chooses it.
 * A machine without one of the two protocols is served by the other.
 */

/* The system chooses a port for the first address that may be taken at the second. */
#define PORT_TRIES 16

static int listen_at(const hki_socket_address *address, int backlog)
{
	int family = address->storage.ss_family;
	hki_cleanup(hki_closep) int fd =
	    socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	/* Ports of connections that have just ended are not in use for a server. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	if (family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *) &address->storage, address->length) < 0 ||
	    listen(fd, backlog) < 0)
		return -errno;
	return hki_take_fd(&fd);
}

static unsigned int port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *) &address, &length) < 0)
		return 0;
	return hki_socket_port(&address);
}

static bool is_missing(int error)
{
	return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

/* All addresses with one port.  The number of descriptors, or a negative errno. */
static int listen_at_all(int *out, hki_socket_address *addresses, int count, int backlog)
{
	int opened = 0;
	int missing = 0;

	for (int i = 0; i < count; i++) {
		int fd;

		if (opened > 0)
			hki_socket_set_port(&addresses[i], port_of(out[0]));
		fd = listen_at(&addresses[i], backlog);
		if (fd >= 0) {
			out[opened++] = fd;
		} else if (is_missing(fd)) {
			missing = fd;
		} else {
			while (opened > 0)
				(void) close(out[--opened]);
			return fd;
		}
	}
	return opened > 0 ? opened : missing;
}

int hki_tcp_listen(int out[HKI_TCP_SOCKETS_MAX], const hki_ipc_url *url, int backlog,
    hk_error_list *errors)
{
	hki_socket_address addresses[HKI_SOCKET_ADDRESSES_MAX];
	int count = hki_socket_addresses(addresses, url);
	int tries = url->port == 0 ? PORT_TRIES : 1;
	int r;

	if (count == 0)
		return hki_error_report_step(errors, -EINVAL, "listen",
		    "'%.*s' is a name: a server listens at an address, at localhost or "
		    "at *",
		    (int) url->name_length, url->name);
	if (count < 0)
		return hki_error_report_step(errors, count, "listen",
		    "there is no interface for '%.*s'", (int) url->name_length,
		    url->name);
	do {
		r = listen_at_all(out, addresses, count, backlog);
	} while (r == -EADDRINUSE && --tries > 0);
	if (r < 0)
		return hki_error_report_step(errors, r, "listen",
		    "port %u cannot be listened at", (unsigned int) url->port);
	return r;
}
