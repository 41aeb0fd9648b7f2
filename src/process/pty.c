/*
 * A pseudo-terminal.  The terminal's end is opened through its master
 * (TIOCGPTPEER, Linux 4.13), which is right in any mount namespace; by name only
 * where the kernel does not know that.
 */
#include "process/spawn_plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/cleanup.h"

static int open_terminal(int master)
{
	char name[128];
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno != EINVAL && errno != ENOTTY)
		return -errno;
	if (ptsname_r(master, name, sizeof(name)) != 0)
		return -errno;
	fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int hki_pty_open(int *out_master, int *out_terminal)
{
	hki_cleanup(hki_closep) int master =
	    posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int terminal;

	if (master < 0)
		return -errno;
	master = hki_fd_above_stdio(master);
	if (master < 0)
		return master;
	if (grantpt(master) < 0 || unlockpt(master) < 0)
		return -errno;
	terminal = open_terminal(master);
	if (terminal >= 0)
		terminal = hki_fd_above_stdio(terminal);
	if (terminal < 0)
		return terminal;
	*out_terminal = terminal;
	*out_master = hki_take_fd(&master);
	return 0;
}
