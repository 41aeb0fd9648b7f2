/*
 * Writing to pipes and terminals, where no flag keeps the kernel from raising SIGPIPE.
 * The program we live in has its own idea of that signal, so it is blocked in this
 * thread around the write and taken back if the write has raised it.  One that was
 * pending before is somebody else's and stays.
 */
#include "os/quiet_write.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

static void take_back(const sigset_t *broken_pipe)
{
	const struct timespec now = { 0, 0 };

	while (sigtimedwait(broken_pipe, NULL, &now) < 0 && errno == EINTR)
		;
}

ssize_t hki_write_quietly(int fd, const struct iovec *pieces, size_t count)
{
	sigset_t broken_pipe;
	sigset_t before;
	sigset_t pending;
	ssize_t written;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	sigemptyset(&pending);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
	do
		written = writev(fd, pieces, (int) count);
	while (written < 0 && errno == EINTR);
	written = written < 0 ? -errno : written;
	if (written == -EPIPE && sigismember(&pending, SIGPIPE) == 0)
		take_back(&broken_pipe);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return written;
}
