/*
 * Two dumps over one netlink socket, which stays open from sample to sample.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "system/networks.h"

/* The kernel fills at most 32 KiB a datagram of a dump. */
#define ROOM_BYTES (64U * 1024)
/* What changes while it is listed is listed again, but not for ever. */
#define TRIES 4

void hki_netlink_close(hki_netlink *netlink)
{
	if (netlink->fd_and_one > 0)
		(void) close(netlink->fd_and_one - 1);
	netlink->fd_and_one = 0;
	hki_free(netlink->room);
	netlink->room = NULL;
}

static int open_socket(hki_netlink *netlink)
{
	/* The kernel answers within the call that asks; this is for emulations of it. */
	const struct timeval patience = { .tv_sec = 1 };
	int fd;

	if (netlink->room == NULL)
		netlink->room = hki_alloc(ROOM_BYTES);
	if (netlink->room == NULL)
		return -ENOMEM;
	if (netlink->fd_and_one > 0)
		return 0;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	(void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	netlink->fd_and_one = fd + 1;
	return 0;
}

static int ask(hki_netlink *netlink, uint16_t type)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = type,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		    .nlmsg_seq = ++netlink->sequence },
		.body = { .ifi_family = AF_UNSPEC },
	};
	ssize_t sent =
	    send(netlink->fd_and_one - 1, &request, sizeof(request), MSG_NOSIGNAL);

	return sent < 0 ? -errno : 0;
}

/* One datagram.  Its length, or a negative errno. */
static ssize_t receive(hki_netlink *netlink)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_bytes = sizeof(from);
		ssize_t length = recvfrom(netlink->fd_and_one - 1, netlink->room,
		    ROOM_BYTES, MSG_TRUNC, (struct sockaddr *) &from, &from_bytes);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (length > ROOM_BYTES)
			return HK_ELIMIT;
		if (from.nl_pid == 0) /* the kernel, not another program */
			return length;
	}
}

/* Messages of an earlier dump that was given up are not ours. */
static bool is_current(const hki_netlink *netlink, ssize_t length)
{
	struct nlmsghdr header;

	if ((size_t) length < sizeof(header))
		return false;
	memcpy(&header, netlink->room, sizeof(header));
	return header.nlmsg_seq == netlink->sequence;
}

static int dump(hki_netlink *netlink, hki_links *out, uint16_t type)
{
	int r = ask(netlink, type);

	while (r == 0) {
		ssize_t length = receive(netlink);

		if (length < 0)
			return (int) length;
		if (is_current(netlink, length))
			r = hki_links_parse(out, netlink->room, (size_t) length);
	}
	return r < 0 ? r : 0;
}

int hki_netlink_read(hki_netlink *netlink, hki_links *out)
{
	int r = open_socket(netlink);

	if (r < 0)
		return r;
	for (int i = 0; i < TRIES; i++) {
		out->count = 0;
		out->address_count = 0;
		r = dump(netlink, out, RTM_GETLINK);
		if (r == 0)
			r = dump(netlink, out, RTM_GETADDR);
		if (r != -EINTR)
			break;
	}
	/* A socket in the middle of an answer is no good for the next question. */
	if (r < 0)
		hki_netlink_close(netlink);
	return r;
}
