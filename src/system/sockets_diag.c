/*
 * Every socket of our network namespace, asked of the kernel in binary
 * (sock_diag(7)): one dump a protocol, without the walk over an empty hash table
 * that printing /proc/net/tcp costs.
 */
#include "system/process_details.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/array.h"
#include "base/cleanup.h"

/* What the kernel fills at a time. */
#define ANSWER_BYTES 32768

typedef struct question {
	int family;
	int protocol;
	int type;
} question;

static const question questions[] = {
	{ AF_INET, IPPROTO_TCP, SOCK_STREAM },
	{ AF_INET6, IPPROTO_TCP, SOCK_STREAM },
	{ AF_INET, IPPROTO_UDP, SOCK_DGRAM },
	{ AF_INET6, IPPROTO_UDP, SOCK_DGRAM },
	{ AF_UNIX, 0, 0 },
};

static int send_request(int fd, void *request, size_t bytes)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do
		n = sendto(
		    fd, request, bytes, 0, (struct sockaddr *) &kernel, sizeof(kernel));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int ask_inet(int fd, const question *about)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = (unsigned char) about->family,
		    .sdiag_protocol = (unsigned char) about->protocol,
		    .idiag_states = UINT32_MAX },
	};

	return send_request(fd, &request, sizeof(request));
}

static int ask_unix(int fd)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = AF_UNIX,
		    .udiag_states = UINT32_MAX,
		    .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN },
	};

	return send_request(fd, &request, sizeof(request));
}

static bool inet_socket(
    hki_socket *out, const question *about, const struct nlmsghdr *message)
{
	const struct inet_diag_msg *body = NLMSG_DATA(message);

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*body)))
		return false;
	*out = (hki_socket){
		.inode = body->idiag_inode,
		.family = about->family,
		.protocol = about->protocol,
		.type = about->type,
		.state = body->idiag_state,
		.local_port = ntohs(body->id.idiag_sport),
		.remote_port = ntohs(body->id.idiag_dport),
		.receive_queue = body->idiag_rqueue,
		.send_queue = body->idiag_wqueue,
		.queues_known = true,
	};
	memcpy(out->local, body->id.idiag_src, sizeof(out->local));
	memcpy(out->remote, body->id.idiag_dst, sizeof(out->remote));
	return true;
}

static void unix_attribute(hki_socket *out, const struct rtattr *attribute)
{
	size_t length = RTA_PAYLOAD(attribute);
	const void *data = RTA_DATA(attribute);
	struct unix_diag_rqlen queues;
	uint32_t peer;

	switch (attribute->rta_type) {
	case UNIX_DIAG_NAME:
		out->path = data;
		out->path_length = length;
		break;
	case UNIX_DIAG_PEER:
		if (length < sizeof(peer))
			break;
		memcpy(&peer, data, sizeof(peer));
		out->peer_inode = peer;
		break;
	case UNIX_DIAG_RQLEN:
		if (length < sizeof(queues))
			break;
		memcpy(&queues, data, sizeof(queues));
		out->receive_queue = queues.udiag_rqueue;
		out->send_queue = queues.udiag_wqueue;
		out->queues_known = true;
		break;
	default:
		break;
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool unix_socket(hki_socket *out, const struct nlmsghdr *message)
{
	const struct unix_diag_msg *body = NLMSG_DATA(message);
	const char *at = (const char *) (body + 1);
	size_t left;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*body)))
		return false;
	*out = (hki_socket){
		.inode = body->udiag_ino,
		.family = AF_UNIX,
		.type = body->udiag_type,
		.state = body->udiag_state,
	};
	left = message->nlmsg_len - NLMSG_LENGTH(sizeof(*body));
	while (left >= sizeof(struct rtattr)) {
		const struct rtattr *attribute = (const void *) at;
		size_t length = attribute->rta_len;

		if (length < sizeof(*attribute) || length > left)
			break;
		unix_attribute(out, attribute);
		length = least(RTA_ALIGN(length), left);
		at += length;
		left -= length;
	}
	return true;
}

/* One message.  1 to go on, 0 at the end, or an error. */
static int take_message(const struct nlmsghdr *message, const question *about,
    hki_socket_fn visit, void *user)
{
	const struct nlmsgerr *failure = NLMSG_DATA(message);
	hki_socket socket;
	bool known;
	int r;

	if (message->nlmsg_type == NLMSG_DONE)
		return 0;
	if (message->nlmsg_type == NLMSG_ERROR)
		return message->nlmsg_len >= NLMSG_LENGTH(sizeof(*failure))
			   ? failure->error
			   : -EBADMSG;
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return 1;
	known = about->family == AF_UNIX ? unix_socket(&socket, message)
					 : inet_socket(&socket, about, message);
	r = known ? visit(&socket, user) : 0;
	return r < 0 ? r : 1;
}

/* The messages of one packet.  As take_message(). */
static int take_packet(const char *packet, size_t left, const question *about,
    hki_socket_fn visit, void *user)
{
	int r = 1;

	while (r > 0 && left >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const void *) packet;
		size_t length = message->nlmsg_len;

		if (length < sizeof(*message) || length > left)
			break;
		r = take_message(message, about, visit, user);
		length = least(NLMSG_ALIGN(length), left);
		packet += length;
		left -= length;
	}
	return r;
}

static int dump(int fd, const question *about, hki_socket_fn visit, void *user)
{
	_Alignas(struct nlmsghdr) char packet[ANSWER_BYTES];
	int r = about->family == AF_UNIX ? ask_unix(fd) : ask_inet(fd, about);

	if (r < 0)
		return r;
	do {
		ssize_t n = recv(fd, packet, sizeof(packet), 0);

		if (n < 0 && errno == EINTR)
			r = 1;
		else if (n < 0)
			r = -errno;
		else
			r = take_packet(packet, (size_t) n, about, visit, user);
	} while (r > 0);
	return r;
}

int hki_sockets_diag(hki_socket_fn visit, void *user)
{
	hki_cleanup(hki_closep) int fd =
	    socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int r = 0;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < HKI_COUNT(questions); i++) {
		r = dump(fd, &questions[i], visit, user);
		/* Without IPv6, or without its module, there are no such sockets. */
		if (r == -ENOENT || r == -EAFNOSUPPORT)
			r = 0;
	}
	return r;
}
