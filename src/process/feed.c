/*
 * Writing memory to a program's stdin.  The pipe does not block, so a program
 * that never reads costs nothing but the memory; one that has closed its end
 * gives EPIPE, which is no error of ours: it has read as much as it wanted.
 *
 * write(2) to a pipe that nobody reads also raises SIGPIPE in the writing thread.
 * The program we live in has its own idea of that signal, so it is blocked around
 * the write and, if the write has raised it, taken back.
 */
#include "process/run_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"

/* As much as a pipe can be made to hold: more would only be tried in vain. */
#define WRITE_BYTES (1U << 20)

static ssize_t write_quietly(int fd, const void *data, size_t length)
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
	written = write(fd, data, length);
	error = errno;
	if (written < 0 && error == EPIPE && sigismember(&pending, SIGPIPE) == 0)
		while (sigtimedwait(&broken_pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return written;
}

/* True when there is nothing more to do. */
static bool write_some(hki_feed *feed)
{
	while (feed->left > 0) {
		size_t wanted = feed->left < WRITE_BYTES ? feed->left : WRITE_BYTES;
		ssize_t written = write_quietly(feed->fd, feed->data, wanted);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno != EAGAIN;
		feed->data += written;
		feed->left -= (size_t) written;
	}
	return true;
}

static void on_writable(hk_watch *watch, unsigned int events, void *user)
{
	hki_feed *feed = user;

	(void) watch;
	(void) events;
	if (write_some(feed))
		hki_feed_close(feed);
}

void hki_feed_init(hki_feed *feed)
{
	*feed = (hki_feed){ .fd = -1 };
}

int hki_feed_start(
    hki_feed *feed, hk_loop *loop, int fd, const void *data, size_t length, bool copy)
{
	int r;

	feed->fd = fd;
	feed->data = data;
	feed->left = length;
	if (write_some(feed)) {
		hki_feed_close(feed);
		return 0;
	}
	if (copy) {
		feed->copy = hki_memdup(feed->data, feed->left);
		feed->data = feed->copy;
		if (feed->copy == NULL)
			return -ENOMEM;
	}
	r = hk_watch_start(&feed->watch, loop, fd, HK_WRITABLE, on_writable, feed);
	if (r == 0)
		hk_watch_set_background(feed->watch, true);
	return r;
}

void hki_feed_close(hki_feed *feed)
{
	hk_watch_free(hki_take(feed->watch));
	hki_closep(&feed->fd);
	feed->fd = -1;
	hki_free(hki_take(feed->copy));
}
