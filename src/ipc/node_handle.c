/*
 * Descriptors that travel with a message (SCM_RIGHTS).
 *
 * Node aborts when it is given anything but a TCP, Unix stream or UDP socket, so the
 * kernel is asked what a descriptor is before it is sent; and what was received is
 * looked at too, because its sender may say anything.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/array.h"

static const char *const names[] = {
	[HK_IPC_HANDLE_SERVER] = "net.Server",
	[HK_IPC_HANDLE_SOCKET] = "net.Socket",
	[HK_IPC_HANDLE_NATIVE] = "net.Native",
	[HK_IPC_HANDLE_DGRAM] = "dgram.Socket",
	[HK_IPC_HANDLE_DGRAM_NATIVE] = "dgram.Native",
};

const char *hki_node_handle_name(hk_ipc_handle handle)
{
	return (unsigned int) handle < HKI_COUNT(names) ? names[handle] : NULL;
}

hk_ipc_handle hki_node_handle_of(const char *name)
{
	for (size_t i = HK_IPC_HANDLE_SERVER; name != NULL && i < HKI_COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return (hk_ipc_handle) i;
	return HK_IPC_HANDLE_NONE;
}

static int socket_option(int fd, int name, int *out)
{
	socklen_t size = sizeof(*out);

	return getsockopt(fd, SOL_SOCKET, name, out, &size) < 0 ? -errno : 0;
}

/* What the kernel says it is, or NONE for a socket Node does not know. */
static int look_at(hk_ipc_handle *out, int *family, int fd)
{
	int type;
	int listening;
	int r;

	if ((r = socket_option(fd, SO_DOMAIN, family)) < 0 ||
	    (r = socket_option(fd, SO_TYPE, &type)) < 0 ||
	    (r = socket_option(fd, SO_ACCEPTCONN, &listening)) < 0)
		return r;
	*out = HK_IPC_HANDLE_NONE;
	if (*family != AF_INET && *family != AF_INET6 && *family != AF_UNIX)
		return 0;
	if (type == SOCK_STREAM)
		*out = listening ? HK_IPC_HANDLE_SERVER : HK_IPC_HANDLE_SOCKET;
	else if (type == SOCK_DGRAM && *family != AF_UNIX)
		*out = HK_IPC_HANDLE_DGRAM;
	return 0;
}

static bool can_be(hk_ipc_handle looks, hk_ipc_handle wanted)
{
	switch (wanted) {
	case HK_IPC_HANDLE_NONE:
		return true;
	case HK_IPC_HANDLE_NATIVE:
		return looks == HK_IPC_HANDLE_SERVER || looks == HK_IPC_HANDLE_SOCKET;
	case HK_IPC_HANDLE_DGRAM_NATIVE:
		return looks == HK_IPC_HANDLE_DGRAM;
	default:
		return looks == wanted;
	}
}

int hki_node_handle_check(hk_ipc_handle *out, int *family, int fd, hk_ipc_handle wanted)
{
	hk_ipc_handle looks;
	int domain;
	int r = look_at(&looks, &domain, fd);

	if (r < 0)
		return r;
	if (looks == HK_IPC_HANDLE_NONE || !can_be(looks, wanted))
		return -EPROTOTYPE;
	*out = wanted == HK_IPC_HANDLE_NONE ? looks : wanted;
	*family = domain;
	return 0;
}

/* ---- the system calls ---- */

ssize_t hki_node_send_bytes(int fd, const char *bytes, size_t length, int handle)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec vector = { .iov_base = (char *) (uintptr_t) bytes,
		.iov_len = length };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	ssize_t sent;

	if (handle >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &handle, sizeof(handle));
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
	}
	do
		sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

/* A peer that plays by the rules sends one; room for a few tells that it does not. */
enum { RIGHTS_MAX = 8 };

static void take_rights(struct cmsghdr *header, int *handle, unsigned int *surplus)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		if (*handle < 0) {
			*handle = fd;
		} else {
			(void) close(fd);
			++*surplus;
		}
	}
}

ssize_t hki_node_receive_bytes(
    int fd, char *bytes, size_t length, int *handle, unsigned int *surplus)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
	} control;
	struct iovec vector = { .iov_base = bytes, .iov_len = length };
	struct msghdr message = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t got;

	*handle = -1;
	*surplus = 0;
	do
		got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
	     header = CMSG_NXTHDR(&message, header))
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
			take_rights(header, handle, surplus);
	return got;
}
