/*
 * Listening to taskstats with netlink alone: ask for the number of the family, then
 * register for every processor.  The kernel drops the registration when the socket
 * is closed.
 */
#include "system/taskstats.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "os/procfs.h"

/* A second of ten thousand ends waits here while nobody reads. */
#define QUEUE_BYTES (16 << 20)
#define REPLY_MAX   8192

typedef struct request {
	struct nlmsghdr header;
	struct genlmsghdr generic;
	struct nlattr attribute;
	char value[256];
} request;

static int receive(int fd, void *reply, size_t capacity)
{
	ssize_t length;

	do
		length = recv(fd, reply, capacity, 0);
	while (length < 0 && errno == EINTR);
	return length < 0 ? -errno : (int) length;
}

/* Send one attribute, get one answer.  Its length, or a negative errno. */
static int ask(int fd, uint16_t family, uint8_t command, uint16_t attribute,
    const char *text, void *reply, size_t capacity)
{
	request message = { .header.nlmsg_type = family };
	size_t text_length = strlen(text) + 1;
	const struct nlmsghdr *answer = reply;
	int r;

	if (text_length > sizeof(message.value))
		return -E2BIG;
	message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message.generic.cmd = command;
	message.generic.version = 1;
	message.attribute.nla_type = attribute;
	message.attribute.nla_len = (uint16_t) (NLA_HDRLEN + text_length);
	memcpy(message.value, text, text_length);
	message.header.nlmsg_len =
	    (uint32_t) (offsetof(request, value) + NLA_ALIGN(text_length));
	if (send(fd, &message, message.header.nlmsg_len, MSG_NOSIGNAL) < 0)
		return -errno;
	r = receive(fd, reply, capacity);
	if (r < (int) sizeof(*answer))
		return r < 0 ? r : -EPROTO;
	if (answer->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(answer);

		return r < (int) NLMSG_LENGTH(sizeof(*error)) ? -EPROTO : error->error;
	}
	return r;
}

static int find_family(uint16_t *out, int fd)
{
	_Alignas(struct nlmsghdr) char reply[REPLY_MAX];
	int length = ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME,
	    TASKSTATS_GENL_NAME, reply, sizeof(reply));
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;

	if (length <= 0)
		return length < 0 ? length : -ENOENT;
	while (at + NLA_HDRLEN <= (size_t) length) {
		const struct nlattr *attribute = (const void *) (reply + at);

		if (attribute->nla_len < NLA_HDRLEN ||
		    at + attribute->nla_len > (size_t) length)
			break;
		if (attribute->nla_type == CTRL_ATTR_FAMILY_ID &&
		    attribute->nla_len >= NLA_HDRLEN + sizeof(*out)) {
			char ack[REPLY_MAX];

			memcpy(out, reply + at + NLA_HDRLEN, sizeof(*out));
			/* The acknowledgement that was asked for comes by itself. */
			return receive(fd, ack, sizeof(ack)) < 0 ? -EPROTO : 0;
		}
		at += NLA_ALIGN(attribute->nla_len);
	}
	return -ENOENT;
}

static int register_processors(int fd, uint16_t family)
{
	_Alignas(struct nlmsghdr) char reply[REPLY_MAX];
	char processors[200];
	size_t length;
	int r = hki_read_file(AT_FDCWD, "/sys/devices/system/cpu/possible", processors,
	    sizeof(processors), &length);

	if (r < 0)
		return r;
	while (length > 0 && processors[length - 1] == '\n')
		processors[--length] = '\0';
	return ask(fd, family, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK,
	    processors, reply, sizeof(reply));
}

int hki_taskstats_listen(uint16_t *out_family, const char **why)
{
	hki_cleanup(hki_closep) int fd =
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = 1 };
	int bytes = QUEUE_BYTES;
	uint16_t family;
	int r;

	*why = "netlink is not to be had here";
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *) &own, sizeof(own)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	/* Beyond the system's limit for root; others get what that allows. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	r = find_family(&family, fd);
	if (r < 0) {
		*why = "the kernel keeps no taskstats";
		return r == -EPERM ? r : -EOPNOTSUPP;
	}
	r = register_processors(fd, family);
	if (r < 0) {
		*why = r == -EPERM ? "only root is told how processes end"
				   : "in a container nobody is told how processes end";
		return r;
	}
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	*out_family = family;
	return hki_take_fd(&fd);
}
