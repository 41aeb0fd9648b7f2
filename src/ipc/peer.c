#include "ipc/ipc_internal.h"

#include <stdio.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/alloc.h"
#include "ipc/socket_address.h"

/*
 * Who is at the other end.  The kernel noted it when they connected: user, group and
 * process.  The number of the process may have been given to another since; the pidfd
 * that Linux keeps beside it since 6.5 cannot be.
 */

/* Newer than the C library's headers. */
#define OPTION_PEERPIDFD 77

static int credentials(struct ucred *out, int fd)
{
	socklen_t length = sizeof(*out);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &length) < 0 ? -errno : 0;
}

/* Is @group one of the peer's?  1, 0 or a negative errno. */
static int has_group(int fd, const struct ucred *peer, gid_t group)
{
	socklen_t length = 0;
	gid_t *groups;
	int found = 0;

	if (peer->gid == group)
		return 1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) == 0)
		return 0; /* it has no others */
	if (errno != ERANGE)
		return -errno;
	groups = hki_alloc(length);
	if (groups == NULL)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0)
		found = -errno;
	for (size_t i = 0; found == 0 && i < length / sizeof(*groups); i++)
		found = groups[i] == group;
	hki_free(groups);
	return found;
}

static int matches(const hk_ipc_allow *rule, int fd, const struct ucred *peer)
{
	switch (rule->kind) {
	case HK_IPC_ALLOW_EVERYONE:
		return 1;
	case HK_IPC_ALLOW_USER:
		return peer->uid == rule->id;
	default:
		return has_group(fd, peer, rule->id);
	}
}

int hki_ipc_peer_check(int fd, const hki_ipc_settings *settings)
{
	struct ucred peer;
	int r = credentials(&peer, fd);

	if (r < 0)
		return r;
	if (settings->opts.allow_count == 0)
		return peer.uid == geteuid() ? 0 : -EPERM;
	for (size_t i = 0; i < settings->opts.allow_count; i++) {
		r = matches(&settings->allow[i], fd, &peer);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return -EPERM;
}

static int check_unix(const hk_ipc *ipc)
{
	int r = hki_ipc_usable(ipc);

	if (r < 0)
		return r;
	if (ipc->state != HKI_IPC_OPEN)
		return -ENOTCONN;
	return ipc->is_unix ? 0 : -EOPNOTSUPP;
}

int hk_ipc_peer_read(const hk_ipc *ipc, hk_ipc_peer *out)
{
	struct ucred peer;
	int r = check_unix(ipc);

	if (r < 0)
		return r;
	if (out == NULL || out->size < sizeof(*out))
		return -EINVAL;
	r = credentials(&peer, ipc->fd);
	if (r < 0)
		return r;
	*out = (hk_ipc_peer){
		.size = out->size, .pid = peer.pid, .uid = peer.uid, .gid = peer.gid
	};
	return 0;
}

int hk_ipc_peer_pidfd(hk_ipc *ipc)
{
	int pidfd = -1;
	socklen_t length = sizeof(pidfd);
	int r = check_unix(ipc);

	if (r < 0)
		return r;
	if (ipc->pidfd >= 0)
		return ipc->pidfd;
	if (getsockopt(ipc->fd, SOL_SOCKET, OPTION_PEERPIDFD, &pidfd, &length) < 0)
		return errno == ENOPROTOOPT ? -EOPNOTSUPP : -errno;
	ipc->pidfd = pidfd;
	return pidfd;
}

size_t hk_ipc_peer_url(const hk_ipc *ipc, char *out, size_t capacity)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int written;

	if (ipc->dialer != NULL) {
		written = snprintf(out, capacity, "%s", hki_ipc_dialer_url(ipc->dialer));
		return written < 0 ? 0 : (size_t) written;
	}
	if (ipc->state == HKI_IPC_OPEN && ipc->is_socket &&
	    getpeername(ipc->fd, (struct sockaddr *) &address, &length) == 0)
		return hki_socket_url(&address, length, "tcp", out, capacity);
	if (capacity > 0)
		*out = '\0';
	return 0;
}
