/*
 * Making the sockets of a datagram endpoint: one a family, so that "this machine"
 * and "everybody" mean both, and an answer leaves by the family it is for.
 *
 * Every socket counts what the kernel had to drop (SO_RXQ_OVFL): loss that is told
 * is half as bad.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "ipc/datagram_internal.h"

static int set_number(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_up(const hk_ipc_datagram_opts *opts, int fd, int family)
{
	int r = set_number(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);

	if (r == 0 && family == AF_INET6)
		r = set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (r == 0 && (opts->flags & HK_IPC_DATAGRAM_BROADCAST) != 0)
		r = set_number(fd, SOL_SOCKET, SO_BROADCAST, 1);
	if (r == 0 && (opts->flags & HK_IPC_DATAGRAM_SHARED) != 0)
		r = set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && opts->receive_buffer > 0)
		r = set_number(fd, SOL_SOCKET, SO_RCVBUF,
		    opts->receive_buffer > INT32_MAX ? INT32_MAX
						     : (int) opts->receive_buffer);
	return r;
}

/* ---- multicast ---- */

static int interface_index(const hk_ipc_datagram *datagram, unsigned int *out)
{
	*out = 0;
	if (datagram->interface == NULL)
		return 0;
	*out = if_nametoindex(datagram->interface);
	return *out == 0 ? -ENODEV : 0;
}

static int set_out_v4(const hk_ipc_datagram *datagram, int fd, unsigned int interface)
{
	struct ip_mreqn through = { .imr_ifindex = (int) interface };
	int hops = datagram->opts.hops == 0 ? 1 : (int) datagram->opts.hops;
	int echo = (datagram->opts.flags & HK_IPC_DATAGRAM_NO_ECHO) == 0;
	int r = set_number(fd, IPPROTO_IP, IP_MULTICAST_TTL, hops);

	if (r == 0)
		r = set_number(fd, IPPROTO_IP, IP_MULTICAST_LOOP, echo);
	if (r == 0 && interface != 0 &&
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &through, sizeof(through)) < 0)
		r = -errno;
	return r;
}

static int set_out_v6(const hk_ipc_datagram *datagram, int fd, unsigned int interface)
{
	int hops = datagram->opts.hops == 0 ? 1 : (int) datagram->opts.hops;
	int echo = (datagram->opts.flags & HK_IPC_DATAGRAM_NO_ECHO) == 0;
	int r = set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);

	if (r == 0)
		r = set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, echo);
	if (r == 0 && interface != 0)
		r = set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int) interface);
	return r;
}

static int set_out(const hk_ipc_datagram *datagram, int fd, int family)
{
	unsigned int interface;
	int r = interface_index(datagram, &interface);

	if (r < 0)
		return r;
	return family == AF_INET ? set_out_v4(datagram, fd, interface)
				 : set_out_v6(datagram, fd, interface);
}

static int join_v4(int fd, const struct sockaddr_in *group, unsigned int interface)
{
	struct ip_mreqn wanted = { .imr_multiaddr = group->sin_addr,
		.imr_ifindex = (int) interface };

	return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &wanted, sizeof(wanted)) < 0
		   ? -errno
		   : 0;
}

static int join_v6(int fd, const struct sockaddr_in6 *group, unsigned int interface)
{
	struct ipv6_mreq wanted = { .ipv6mr_multiaddr = group->sin6_addr,
		.ipv6mr_interface = interface != 0 ? interface : group->sin6_scope_id };

	return setsockopt(
		   fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &wanted, sizeof(wanted)) < 0
		   ? -errno
		   : 0;
}

static int join(
    const hk_ipc_datagram *datagram, int fd, const struct sockaddr_storage *group)
{
	unsigned int interface;
	int r = interface_index(datagram, &interface);

	if (r < 0)
		return r;
	return group->ss_family == AF_INET ? join_v4(fd, (const void *) group, interface)
					   : join_v6(fd, (const void *) group, interface);
}

/* ---- sockets ---- */

/* Several may listen to a group; that is what it is for. */
static int bind_to(
    const hk_ipc_datagram *datagram, int fd, const hki_socket_address *address)
{
	bool multicast = hki_datagram_is_multicast(&address->storage);
	int r = 0;

	if (multicast)
		r = set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && bind(fd, (const void *) &address->storage, address->length) < 0)
		r = -errno;
	if (r == 0 && multicast)
		r = join(datagram, fd, &address->storage);
	return r;
}

static int connect_to(int fd, const hki_socket_address *address)
{
	return connect(fd, (const void *) &address->storage, address->length) < 0 ? -errno
										  : 0;
}

static int make_socket(hki_datagram_socket *out, int family)
{
	hki_cleanup(hki_closep) int fd =
	    socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = set_up(&out->owner->opts, fd, family);
	if (r == 0)
		r = set_out(out->owner, fd, family);
	if (r < 0)
		return r;
	out->family = family;
	out->fd = hki_take_fd(&fd);
	return 0;
}

static void close_socket(hki_datagram_socket *socket)
{
	if (socket->fd >= 0)
		(void) close(socket->fd);
	socket->fd = -1;
}

/* The address it has, with the port the system chose. */
static int read_name(hki_socket_address *out, int fd)
{
	out->length = sizeof(out->storage);
	return getsockname(fd, (void *) &out->storage, &out->length) < 0 ? -errno : 0;
}

static int listen_all(hk_ipc_datagram *datagram, hki_socket_address *addresses, int count)
{
	hki_socket_address name;
	int r = 0;

	for (int i = 0; i < count; i++) {
		hki_datagram_socket *socket = &datagram->sockets[i];

		r = make_socket(socket, addresses[i].storage.ss_family);
		if (r == 0)
			r = bind_to(datagram, socket->fd, &addresses[i]);
		if (r == 0 && i == 0)
			r = read_name(&name, socket->fd);
		if (r < 0 && i > 0) {
			/* Without IPv6 there is IPv4. */
			close_socket(socket);
			return 0;
		}
		if (r < 0)
			return r;
		if (i == 0 && count > 1)
			hki_socket_set_port(
			    &addresses[1], hki_socket_port(&name.storage));
	}
	return r;
}

static int dial_first(
    hk_ipc_datagram *datagram, const hki_socket_address *addresses, int count)
{
	hki_datagram_socket *socket = &datagram->sockets[0];
	int r;

	(void) count; /* this machine is reached by the first, which is IPv4 */
	r = make_socket(socket, addresses[0].storage.ss_family);
	if (r == 0)
		r = connect_to(socket->fd, &addresses[0]);
	if (r == 0)
		hki_datagram_address_out(&datagram->target, &addresses[0].storage);
	return r;
}

static int write_url(hk_ipc_datagram *datagram)
{
	hki_socket_address name;
	int r = read_name(&name, datagram->sockets[0].fd);

	if (r == 0)
		(void) hki_socket_url(&name.storage, name.length, "udp", datagram->url,
		    sizeof(datagram->url));
	return r;
}

int hki_datagram_open(hk_ipc_datagram *datagram, const hki_ipc_url *url, bool listens)
{
	hki_socket_address addresses[HKI_SOCKET_ADDRESSES_MAX];
	int count = hki_socket_addresses(addresses, url);
	int r;

	if (count <= 0)
		return count < 0 ? count : -EINVAL;
	r = listens ? listen_all(datagram, addresses, count)
		    : dial_first(datagram, addresses, count);
	return r < 0 ? r : write_url(datagram);
}

int hki_datagram_open_free(hk_ipc_datagram *datagram)
{
	int r = make_socket(&datagram->sockets[0], AF_INET);

	if (make_socket(&datagram->sockets[1], AF_INET6) < 0)
		close_socket(&datagram->sockets[1]);
	else if (r < 0)
		return 0;
	return r;
}
