/*
 * sd_notify(3): a datagram socket, and what its messages say.
 *
 * The name is abstract and drawn by the kernel (autobind), so that it needs no
 * directory, no permissions and no cleaning up.  Anybody of the machine could
 * write to it; the kernel adds who did, and whoever watches decides.
 */
#include "service/health_notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "service/health.h"

int hki_notify_open(char out_name[HKI_NOTIFY_NAME_MAX])
{
	hki_cleanup(hki_closep) int fd =
	    socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(address.sun_family); /* autobind, unix(7) */
	int on = 1;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *) &address, length) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	length = sizeof(address);
	if (getsockname(fd, (struct sockaddr *) &address, &length) < 0)
		return -errno;
	/* "@" stands for the NUL that begins an abstract name. */
	(void) snprintf(out_name, HKI_NOTIFY_NAME_MAX, "@%.*s",
	    (int) (length - offsetof(struct sockaddr_un, sun_path) - 1),
	    address.sun_path + 1);
	return hki_take_fd(&fd);
}

static bool is(const char *line, size_t length, const char *wanted)
{
	return strlen(wanted) == length && memcmp(line, wanted, length) == 0;
}

static void parse_line(hki_notification *out, const char *line, size_t length)
{
	static const char status[] = "STATUS=";

	if (is(line, length, "READY=1")) {
		out->ready = true;
	} else if (is(line, length, "STOPPING=1")) {
		out->stopping = true;
	} else if (is(line, length, "WATCHDOG=1")) {
		out->watchdog = true;
	} else if (is(line, length, "WATCHDOG=trigger")) {
		out->trigger = true;
	} else if (length >= sizeof(status) - 1 &&
		   memcmp(line, status, sizeof(status) - 1) == 0) {
		out->status = line + sizeof(status) - 1;
		out->status_length = length - (sizeof(status) - 1);
	}
}

void hki_notification_parse(hki_notification *out, const char *text, size_t length)
{
	memset(out, 0, sizeof(*out));
	while (length > 0) {
		const char *end = memchr(text, '\n', length);
		size_t line = end == NULL ? length : (size_t) (end - text);

		parse_line(out, text, line);
		text += end == NULL ? line : line + 1;
		length -= end == NULL ? line : line + 1;
	}
}
