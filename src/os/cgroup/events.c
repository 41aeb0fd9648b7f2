/*
 * Is anybody in it, and is everybody held still?  cgroup.events answers both and
 * tells changes by POLLPRI, but the kernel sends at most one such notice in
 * 10 ms.  So after an action the file is read at once, and only then waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "os/cgroup/cgroup_internal.h"
#include "os/procfs.h"

/* Freezing takes as long as the slowest system call that cannot be interrupted;
 * past this, signals are sent to what has not stopped yet. */
#define FROZEN_TRIES 20

/* The value behind "@key " at the start of a line, or HK_EPARSE. */
static int event_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line != NULL;) {
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return line[length + 1] == '1' ? 1 : 0;
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return HK_EPARSE;
}

/* Reading from the start also arms the next notice. */
static int read_event(const hki_cgroup *cgroup, const char *key)
{
	char text[256];
	ssize_t length;

	do
		length = pread(cgroup->events_fd, text, sizeof(text) - 1, 0);
	while (length < 0 && errno == EINTR);
	/* The directory was removed: nobody is in it any more. */
	if (length < 0)
		return errno == ENODEV ? 0 : -errno;
	text[length] = '\0';
	return event_value(text, key);
}

int hki_cgroup_populated(const hki_cgroup *cgroup)
{
	return read_event(cgroup, "populated");
}

int hki_cgroup_events_fd(const hki_cgroup *cgroup)
{
	return cgroup->events_fd;
}

int hki_cgroup_freeze(hki_cgroup *cgroup, bool frozen)
{
	int r = hki_write_file(cgroup->fd, "cgroup.freeze", frozen ? "1" : "0");

	if (r == 0)
		cgroup->frozen = frozen;
	return r == -ENOENT ? -ENOTSUP : r;
}

void hki_cgroup_wait_frozen(const hki_cgroup *cgroup)
{
	for (int i = 0; i < FROZEN_TRIES; i++) {
		struct pollfd changed = { .fd = cgroup->events_fd, .events = POLLPRI };

		if (read_event(cgroup, "frozen") != 0)
			return;
		(void) poll(&changed, 1, 1);
	}
}
