/*
 * The child's side: the channel that the environment announces.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"

static const char fd_name[] = "NODE_CHANNEL_FD";
static const char mode_name[] = "NODE_CHANNEL_SERIALIZATION_MODE";

/* A descriptor in decimal, and nothing else. */
static int parse_fd(const char *text)
{
	int fd = 0;

	if (*text == '\0' || strlen(text) > 9)
		return -EPROTO;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EPROTO;
		fd = fd * 10 + (*text - '0');
	}
	return fd;
}

/* Without the variable it is JSON: Node before 13 knew nothing else. */
static int parse_mode(hk_ipc_serialization *out, const char *text)
{
	if (text == NULL || strcmp(text, "json") == 0)
		*out = HK_IPC_JSON;
	else if (strcmp(text, "advanced") == 0)
		*out = HK_IPC_ADVANCED;
	else
		return -EPROTO;
	return 0;
}

int hk_ipc_fork_parent(
    hk_ipc_channel **out, hk_loop *loop, const hk_ipc_channel_opts *opts)
{
	const char *announced = getenv(fd_name);
	hk_ipc_serialization serialization;
	int fd;
	int r;

	if (announced == NULL || *announced == '\0')
		return -ENOENT;
	fd = parse_fd(announced);
	if (fd < 0 || (r = parse_mode(&serialization, getenv(mode_name))) < 0)
		return -EPROTO;
	r = hk_ipc_channel_new(out, loop, fd, serialization, opts);
	if (r == -EBADF || r == -ENOTSOCK || r == -EPROTOTYPE)
		return -EPROTO;
	if (r < 0)
		return r;
	(void) unsetenv(fd_name);
	(void) unsetenv(mode_name);
	return 0;
}
