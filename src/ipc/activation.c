#include "ipc/listen_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/quantity.h"

/*
 * Sockets that the service manager opened for us, by the protocol of sd_listen_fds(3):
 * LISTEN_FDS of them from descriptor 3 on, meant for us if LISTEN_PID is our process,
 * with names in LISTEN_FDNAMES.  The environment belongs to the program, so it is read and
 * left alone; what must not reach the program's children it unsets itself.
 */

#define FIRST_DESCRIPTOR 3
/* More than a service manager would open; guards against a number gone wild. */
#define DESCRIPTORS_MAX 1024

static int refuse(hk_error_list *errors, int code, const char *text)
{
	return hki_error_report_step(errors, code, "activation", "%s", text);
}

/* How many there are for us. */
static int count_given(hk_error_list *errors)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	uint64_t number;

	if (pid == NULL || fds == NULL)
		return refuse(errors, -ENOENT,
		    "no socket was passed on: LISTEN_PID or LISTEN_FDS is not set");
	if (hki_uint64_parse(&number, pid) < 0)
		return refuse(errors, HK_EPARSE, "LISTEN_PID is no number");
	if (number != (uint64_t) getpid())
		return refuse(errors, -ENOENT, "LISTEN_PID names another process");
	if (hki_uint64_parse(&number, fds) < 0 || number > DESCRIPTORS_MAX)
		return refuse(errors, HK_EPARSE, "LISTEN_FDS is no sensible number");
	return (int) number;
}

/* Is the name at @index of the list @name?  Sockets beyond the list are "unknown". */
static bool is_called(const char *names, int index, const char *name, size_t length)
{
	size_t end;

	while (names != NULL && index > 0) {
		names = strchr(names, ':');
		if (names != NULL)
			names++;
		index--;
	}
	if (names == NULL)
		names = "unknown";
	end = strcspn(names, ":");
	return end == length && memcmp(names, name, length) == 0;
}

int hki_activation_find(
    int **out, const char *name, size_t name_length, hk_error_list *errors)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int given = count_given(errors);
	hki_cleanup(hki_freep) int *found = NULL;
	int count = 0;

	if (given < 0)
		return given;
	found = hki_alloc_array((size_t) given + 1, sizeof(*found));
	if (found == NULL)
		return -ENOMEM;
	for (int i = 0; i < given; i++) {
		int fd = FIRST_DESCRIPTOR + i;

		if (name_length > 0 && !is_called(names, i, name, name_length))
			continue;
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return refuse(errors, -EBADF,
			    "LISTEN_FDS counts a descriptor that is not open");
		found[count++] = fd;
	}
	if (count == 0)
		return hki_error_report_step(errors, -ENOENT, "activation",
		    "none of the %d sockets passed on is called '%.*s'", given,
		    (int) name_length, name);
	*out = hki_take(found);
	return count;
}
