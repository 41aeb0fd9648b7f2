#include "ipc/ipc_internal.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"

/*
 * Connections that somebody else has made: an inherited socket, a pipe, one end of a pair
 * whose other end goes to a child.
 */

int hki_ipc_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if ((flags & O_NONBLOCK) != 0)
		return 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int check_descriptor(int fd)
{
	int type = 0;
	socklen_t length = sizeof(type);

	if (fcntl(fd, F_GETFD) < 0)
		return -EBADF;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0)
		return type == SOCK_STREAM ? 0 : -EINVAL;
	/* No flag of a system call keeps a pipe from blocking, only this one of its own. */
	return hki_ipc_set_nonblocking(fd);
}

static void settings_unrefp(hki_ipc_settings **settings)
{
	hki_ipc_settings_unref(*settings);
}

static void freep(hk_ipc **ipc)
{
	hk_ipc_free(*ipc);
}

int hk_ipc_adopt(hk_ipc **out, hk_loop *loop, int fd, const hk_ipc_opts *opts)
{
	hki_cleanup(settings_unrefp) hki_ipc_settings *settings = NULL;
	hki_cleanup(freep) hk_ipc *ipc = NULL;
	hki_ipc_domain *domain;
	int r;

	if ((r = hki_ipc_domain_get(&domain, loop)) < 0 ||
	    (r = hki_ipc_settings_new(&settings, opts, NULL)) < 0 ||
	    (r = check_descriptor(fd)) < 0 ||
	    (r = hki_ipc_new(&ipc, domain, settings)) < 0 ||
	    (r = hki_ipc_open(ipc, fd)) < 0)
		return r;
	(void) fcntl(fd, F_SETFD, FD_CLOEXEC);
	hki_list_append(&domain->clients, &ipc->node);
	*out = hki_take(ipc);
	return 0;
}

int hk_ipc_pair(hk_ipc **out, int *out_fd, hk_loop *loop, const hk_ipc_opts *opts)
{
	int ends[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	r = hk_ipc_adopt(out, loop, ends[0], opts);
	if (r < 0) {
		(void) close(ends[0]);
		(void) close(ends[1]);
		return r;
	}
	*out_fd = ends[1];
	return 0;
}
