#include "ipc/ipc_internal.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "os/quiet_write.h"

/*
 * The system calls that move bytes, and descriptors with them.
 *
 * Descriptors travel with the first byte of their message, which has a system call of
 * its own.  The kernel ends a read behind bytes that carry some, so they belong to the
 * last message a read touches.  Unless asked for, they are not received at all.
 */

#define CONTROL_BYTES CMSG_SPACE(HKI_IPC_DESCRIPTORS_MAX * sizeof(int))

void hki_ipc_received_free(hki_ipc_received *received)
{
	if (received == NULL)
		return;
	for (size_t i = 0; i < received->count; i++)
		if (received->descriptors[i] >= 0)
			(void) close(received->descriptors[i]);
	hki_free(received->descriptors);
	hki_free(received);
}

static void close_each(const int *descriptors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void) close(descriptors[i]);
}

/* As many as may be kept are appended; the others are closed. */
static void keep(
    hk_ipc *ipc, hki_ipc_received *came, const int *descriptors, size_t count)
{
	size_t most = ipc->settings->opts.descriptors_max;
	size_t room = came->count < most ? most - came->count : 0;
	size_t taken = count < room ? count : room;
	int *grown =
	    hki_realloc_array(came->descriptors, came->count + taken + 1, sizeof(*grown));

	if (grown == NULL) {
		taken = 0;
	} else {
		memcpy(grown + came->count, descriptors, taken * sizeof(*grown));
		came->descriptors = grown;
		came->count += taken;
	}
	if (taken < count)
		came->lost = true;
	close_each(descriptors + taken, count - taken);
}

static hki_ipc_received *came_of(hk_ipc *ipc)
{
	if (ipc->came == NULL)
		ipc->came = hki_zalloc(sizeof(*ipc->came));
	return ipc->came;
}

static void take_descriptors(hk_ipc *ipc, struct msghdr *header)
{
	bool truncated = (header->msg_flags & MSG_CTRUNC) != 0;

	for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
	     control = CMSG_NXTHDR(header, control)) {
		int descriptors[HKI_IPC_DESCRIPTORS_MAX];
		size_t count;

		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
			continue;
		count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(descriptors, CMSG_DATA(control), count * sizeof(int));
		if (came_of(ipc) != NULL) {
			keep(ipc, ipc->came, descriptors, count);
		} else {
			close_each(descriptors, count);
			ipc->counts.descriptors_lost++;
		}
	}
	if (truncated && came_of(ipc) != NULL)
		ipc->came->lost = true;
	if (ipc->came != NULL && ipc->came->lost)
		ipc->counts.descriptors_lost++;
}

static ssize_t receive_with_descriptors(hk_ipc *ipc, void *to, size_t length)
{
	union {
		struct cmsghdr alignment;
		char bytes[CONTROL_BYTES];
	} control;
	struct iovec piece = { .iov_base = to, .iov_len = length };
	struct msghdr header = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(ipc->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got >= 0 &&
	    (header.msg_controllen > 0 || (header.msg_flags & MSG_CTRUNC) != 0))
		take_descriptors(ipc, &header);
	return got;
}

ssize_t hki_ipc_receive(hk_ipc *ipc, void *to, size_t length)
{
	ssize_t got;

	ipc->counts.reads++;
	if (!ipc->is_socket)
		got = read(ipc->fd, to, length);
	else if (ipc->settings->opts.descriptors_max > 0 && ipc->is_unix)
		got = receive_with_descriptors(ipc, to, length);
	else
		got = recv(ipc->fd, to, length, MSG_DONTWAIT);
	return got < 0 ? -errno : got;
}

static ssize_t transmit_with_descriptors(
    const hk_ipc *ipc, struct msghdr *header, const hki_output_extra *extra)
{
	union {
		struct cmsghdr alignment;
		char bytes[CONTROL_BYTES];
	} control;
	size_t bytes = extra->descriptor_count * sizeof(int);
	struct cmsghdr *first;

	memset(&control, 0, sizeof(control));
	header->msg_control = &control;
	header->msg_controllen = CMSG_SPACE(bytes);
	first = CMSG_FIRSTHDR(header);
	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_RIGHTS;
	first->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(first), extra->descriptors, bytes);
	return sendmsg(ipc->fd, header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t hki_ipc_transmit(
    hk_ipc *ipc, struct iovec *pieces, size_t count, const hki_output_extra *extra)
{
	struct msghdr header = { .msg_iov = pieces, .msg_iovlen = count };
	ssize_t sent;

	ipc->counts.writes++;
	if (!ipc->is_socket)
		return hki_write_quietly(ipc->fd, pieces, count);
	if (extra != NULL)
		sent = transmit_with_descriptors(ipc, &header, extra);
	else if (count == 1)
		sent = send(ipc->fd, pieces[0].iov_base, pieces[0].iov_len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	else
		sent = sendmsg(ipc->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent < 0 ? -errno : sent;
}
