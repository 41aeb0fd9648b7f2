#include "ipc/ipc_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

/*
 * Writing to pipes and terminals, where no flag keeps the kernel from raising SIGPIPE.
 * The program we live in has its own idea of that signal, so it is blocked in this
 * thread around the write and taken back if the write has raised it.
 */

ssize_t hki_ipc_write_quietly(int fd, const struct iovec *pieces, size_t count)
{
	const struct timespec now = { 0, 0 };
	sigset_t broken_pipe;
	sigset_t before;
	sigset_t pending;
	ssize_t written;
	int error;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	sigemptyset(&pending);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
	written = writev(fd, pieces, (int) count);
	error = errno;
	if (written < 0 && error == EPIPE && sigismember(&pending, SIGPIPE) == 0)
		while (sigtimedwait(&broken_pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return written;
}

int hki_ipc_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if ((flags & O_NONBLOCK) != 0)
		return 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}
